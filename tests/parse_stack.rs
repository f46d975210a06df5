//! How much stack it takes to read, walk, print and drop the deepest statements: less than a worker of the proxy has.
//!
//! A thread that has too little ends the program. `make bench-parse` runs this in a release build.

#![expect(clippy::expect_used, reason = "a test that can't begin has to fail")]

use sluice::sql::{self, GrammarVersion};

/// A worker of the proxy has 8 MiB; a release build has to do with a fifth of it. The frames of a debug build are larger.
const STACK: usize = if cfg!(debug_assertions) { 16 * 1024 * 1024 } else { 1536 * 1024 };

/// Levels that no limit allows.
const MORE_THAN_ANY: usize = 1_000;

/// What nests: its beginning, what is repeated before the core, the core, what is repeated behind it, its end.
const NESTING: &[[&str; 5]] = &[
    ["SELECT ", "(", "a", ")", ""],
    ["SELECT * FROM ", "(SELECT * FROM ", "t", ") u", ""],
    ["SELECT ", "(SELECT ", "a", ")", ""],
    ["", "(", "SELECT 1", ")", ""],
    ["SELECT 1 WHERE ", "EXISTS (SELECT 1 WHERE ", "a", ")", ""],
    ["", "WITH a AS (", "SELECT 1", ") SELECT 1", ""],
    ["SELECT ", "f(a, ", "b", ")", ""],
    ["SELECT ", "f(x -> ", "x", ")", ""],
    ["SELECT ", "CASE WHEN a THEN ", "b", " END", ""],
    ["SELECT ", "CAST(", "b", " AS bigint)", ""],
    ["SELECT ", "a IN (", "b", ")", ""],
    ["SELECT ", "NOT ", "a", "", ""],
    ["SELECT ", "- ", "a", "", ""],
    ["SELECT ", "a[", "1", "]", ""],
    ["SELECT a", ".b", "", "", ""],
    ["SELECT ", "sum(a) OVER (ORDER BY ", "x", ")", ""],
    ["SELECT ", "json_object(KEY 'a' VALUE ", "1", ")", ""],
    ["SELECT ", "json_value(", "a", ", 'lax $')", ""],
    ["SELECT CAST(a AS ", "row(a ", "int", ")", ")"],
    ["SELECT 1 FROM ", "(", "t", " JOIN u ON a = b)", ""],
    ["SELECT 1 FROM ", "t JOIN ", "t", " ON a = b", ""],
    ["SELECT * FROM ", "TABLE(f(a => TABLE(SELECT * FROM ", "t", ")))", ""],
    ["SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (", "(", "a", ")*", ") DEFINE a AS b)"],
    ["CREATE FUNCTION f() RETURNS int BEGIN ", "IF a THEN ", "SET b = 1;", " END IF;", " RETURN 1; END"],
    ["", "EXPLAIN ", "SELECT 1", "", ""],
];

fn read(text: &str) -> Result<sql::Statement, sql::SqlError> {
    sql::parse_statement(text, GrammarVersion::NEWEST)
}

#[test]
fn the_deepest_statements_need_no_more_stack_than_a_worker_has() {
    for [begin, before, core, after, end] in NESTING {
        let text = |levels| format!("{begin}{}{core}{}{end}", before.repeat(levels), after.repeat(levels));
        let levels: Vec<usize> = (1..=MORE_THAN_ANY).collect();
        let most = levels.partition_point(|levels| is_read(&text(*levels)));
        assert!(most < MORE_THAN_ANY, "{before} nests without a limit");
        let deepest = text(most);
        let reading = move || {
            let tree = read(&deepest).unwrap_or_else(|error| panic!("{error:?} in {deepest}"));
            let names = sql::summary(&tree).relations.len();
            let again = sql::print_statement(&deepest, GrammarVersion::NEWEST);
            again.is_ok() && names < 1_000
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(reading).expect("a thread");
        assert!(thread.join().expect("it ends"), "{before}");
    }
}

/// Whether a text is read, with stack for any.
fn is_read(text: &str) -> bool {
    let text = text.to_owned();
    let reading = move || read(&text).is_ok();
    std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(reading).expect("a thread").join().expect("it ends")
}
