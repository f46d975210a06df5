//! How much memory it takes to read a text: a small multiple of the text.
//!
//! `make bench-parse` shows the table. This is the only test of its program, since the allocator counts for all.

#![expect(clippy::print_stdout, reason = "it shows what it measured")]

#[path = "../benches/parse/growing.rs"]
mod growing;

use peak_alloc::PeakAlloc;
use sluice::sql::{self, GrammarVersion};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a statement takes whatever its length: the root of its tree and the first elements of its lists.
const ANY: usize = 4 * 1024;

#[test]
fn memory_is_a_small_multiple_of_the_text() {
    println!("| text | size | bytes | memory, bytes a byte | at most |\n| --- | --- | --- | --- | --- |");
    let mut above = Vec::new();
    for family in growing::FAMILIES {
        for size in family.sizes {
            let text = (family.text)(*size);
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let tree = sql::parse_statement(&text, GrammarVersion::NEWEST);
            let used = MEMORY.peak_usage() - before;
            assert!(tree.is_ok(), "{}: {tree:?}", family.name);
            let times = used as f64 / text.len() as f64;
            println!("| {} | {size} | {} | {times:.1} | {} |", family.name, text.len(), family.memory);
            if used > family.memory * text.len() + ANY {
                above.push(format!("{} of {size}: {used} bytes for {}", family.name, text.len()));
            }
        }
    }
    assert!(above.is_empty(), "{}", above.join("\n"));
}
