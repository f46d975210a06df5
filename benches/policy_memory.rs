//! How much memory policies take: compiled, and while they are compiled. `docs/performance.md` has figures.
//!
//! A program of its own, since the allocator counts for all.
#![expect(clippy::panic, clippy::print_stdout, reason = "where there is nothing to measure, a bench must stop")]

#[path = "shop/many.rs"]
mod many;

use peak_alloc::PeakAlloc;
use sluice::policy::Compiler;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: f64 = 1024.0 * 1024.0;

fn main() {
    println!(
        "| policies | their text | snapshot | bytes a policy | at most while compiling, with the text | what was read, kept |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for count in [10, 1_000, 10_000, 100_000] {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let files = many::files(count);
        let text: usize = files.iter().map(|file| file.text.len()).sum();
        let mut compiler = Compiler::new(|| {});
        let snapshot = compiler.compile(files).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let both = MEMORY.current_usage();
        let peak = MEMORY.peak_usage().saturating_sub(before);
        drop(compiler);
        let used = MEMORY.current_usage().saturating_sub(before);
        let read = both - MEMORY.current_usage();
        println!(
            "| {} | {:.1} MiB | {:.1} MiB | {} | {:.1} MiB | {:.1} MiB |",
            snapshot.policies(),
            text as f64 / MIB,
            used as f64 / MIB,
            used / snapshot.policies(),
            peak as f64 / MIB,
            read as f64 / MIB
        );
    }
}
