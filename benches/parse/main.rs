//! How long Sluice's parser takes beside sqlparser, from a text to its tree, and how its time grows with the text.
//!
//! `make bench-parse` gathers the TPC texts and runs this. It ends with a table and a verdict: the exit code is 1 where
//! Sluice takes more than [`BAR`] of sqlparser's time for any text that both read, or where its time for a byte of a large
//! text is more than [`STEEPEST`] of that for a byte of a small one. Nothing here does I/O while it is measured.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reports to whom runs it, and must stop where there is nothing to measure"
)]

#[path = "../../src/rewrite/second_opinion/dialect.rs"]
mod dialect;
mod growing;

use criterion::{BenchmarkId, Criterion, Throughput};
use dialect::Trino;
use sluice::sql;
use sqlparser::parser::Parser;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The most of sqlparser's time that Sluice may take for a text.
const BAR: f64 = 0.5;

/// How many times the time for a byte may grow from a family's smallest text to its largest. One would be exact; a large
/// tree fits no cache, so that its memory alone takes more time.
const STEEPEST: f64 = 3.0;

/// Nesting that sqlparser is let into: more than any of the texts has.
const DEEPEST: usize = 300;

const GROUP: &str = "parse";

struct Text {
    name: String,
    sql: String,
}

/// What was measured of a text: medians in nanoseconds.
struct Measured {
    name: String,
    bytes: usize,
    ours: f64,
    theirs: Option<f64>,
}

impl Measured {
    fn ratio(&self) -> Option<f64> {
        self.theirs.map(|theirs| self.ours / theirs)
    }
}

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("SLUICE_BENCH_TEXTS").map(PathBuf::from) else {
        eprintln!("the TPC-H and TPC-DS texts are not at hand: run `make bench-parse`, which gathers them");
        return ExitCode::FAILURE;
    };
    let mut texts = gathered(&folder, "tpch", 22);
    texts.extend(gathered(&folder, "tpcds", 99));
    texts.extend(own());

    let results = tempfile::tempdir().expect("a folder for what criterion writes");
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(30)
        .configure_from_args()
        .output_directory(results.path());
    let measured: Vec<Measured> = texts.iter().map(|text| measure(&mut criterion, results.path(), text)).collect();

    let fast = show(&measured);
    let linear = growing::FAMILIES.iter().filter(|family| !growth(family)).count() == 0;
    println!("\nat most {BAR} of sqlparser's time on each text: {}", if fast { "yes" } else { "NO" });
    println!("linear: {}", if linear { "yes" } else { "NO" });
    if fast && linear { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The texts of a folder, which must be `count`.
fn gathered(folder: &Path, set: &str, count: usize) -> Vec<Text> {
    let entries = std::fs::read_dir(folder.join(set)).expect("run `make bench-parse`, which gathers the texts");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert_eq!(paths.len(), count, "{set} has another number of texts");
    paths
        .iter()
        .map(|path| Text {
            name: format!("{set} {}", path.file_stem().expect("a name").to_string_lossy()),
            sql: std::fs::read_to_string(path).expect("a text"),
        })
        .collect()
}

/// The texts of this repository.
fn own() -> Vec<Text> {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/shop");
    let files = std::fs::read_dir(&shop).expect("benches/shop");
    let mut paths: Vec<PathBuf> = files.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    paths.sort();
    let mut texts: Vec<Text> = paths
        .iter()
        .map(|path| Text {
            name: format!("shop {}", path.file_stem().expect("a name").to_string_lossy()),
            sql: std::fs::read_to_string(path).expect("a text"),
        })
        .collect();
    let compiled = include_str!("compiled_model.sql").to_owned();
    texts.push(Text { name: "a model as dbt compiles it".to_owned(), sql: compiled });
    texts.push(Text { name: "1,000 columns".to_owned(), sql: growing::columns(1_000) });
    texts
}

fn ours(text: &str) -> sql::Statement {
    sql::parse_statement(text, sql::GrammarVersion::NEWEST).unwrap_or_else(|error| panic!("{error:?} in {text}"))
}

fn theirs(text: &str) -> Option<Vec<sqlparser::ast::Statement>> {
    Parser::new(&Trino).with_recursion_limit(DEEPEST).try_with_sql(text).ok()?.parse_statements().ok()
}

/// Times both parsers on a text, one after the other. The time to drop the tree counts for both: who reads a text does
/// that too.
fn measure(criterion: &mut Criterion, results: &Path, text: &Text) -> Measured {
    let mut group = criterion.benchmark_group(GROUP);
    group.throughput(Throughput::Bytes(text.sql.len() as u64));
    let median = |parser: &str| {
        let estimates = results.join(GROUP).join(parser).join(&text.name).join("new/estimates.json");
        let json =
            std::fs::read_to_string(&estimates).unwrap_or_else(|error| panic!("{}: {error}", estimates.display()));
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        json.pointer("/median/point_estimate").and_then(serde_json::Value::as_f64).expect("a median")
    };
    group.bench_with_input(BenchmarkId::new("sluice", &text.name), &text.sql, |bencher, sql| {
        bencher.iter(|| ours(black_box(sql)));
    });
    let both = theirs(&text.sql).is_some();
    if both {
        group.bench_with_input(BenchmarkId::new("sqlparser", &text.name), &text.sql, |bencher, sql| {
            bencher.iter(|| theirs(black_box(sql)));
        });
    }
    group.finish();
    Measured {
        name: text.name.clone(),
        bytes: text.sql.len(),
        ours: median("sluice"),
        theirs: both.then(|| median("sqlparser")),
    }
}

/// Prints the table; whether each text is read fast enough.
fn show(measured: &[Measured]) -> bool {
    let mut table =
        String::from("\n| text | bytes | Sluice | sqlparser | Sluice/sqlparser |\n| --- | --- | --- | --- | --- |\n");
    for text in measured {
        let theirs = text.theirs.map_or("can't read it".to_owned(), |time| format!("{:.1} µs", time / 1e3));
        let ratio = text
            .ratio()
            .map_or(String::new(), |ratio| format!("{ratio:.2}{}", if ratio > BAR { " TOO SLOW" } else { "" }));
        let _ = writeln!(table, "| {} | {} | {:.1} µs | {theirs} | {ratio} |", text.name, text.bytes, text.ours / 1e3);
    }
    println!("{table}");
    let mut ratios: Vec<f64> = measured.iter().filter_map(Measured::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let best = ratios.first().expect("texts that both read");
    let worst = ratios.last().expect("texts that both read");
    let middle = ratios.get(ratios.len() / 2).expect("texts that both read");
    println!(
        "{} of {} texts are read by both; ratio {best:.2} to {worst:.2}, median {middle:.2}",
        ratios.len(),
        measured.len()
    );
    *worst <= BAR
}

/// Prints the times of a family of growing texts; whether they are linear.
fn growth(family: &growing::Family) -> bool {
    println!("\n| {} | bytes | time | ns a byte |\n| --- | --- | --- | --- |", family.name);
    let mut per_byte = Vec::new();
    for size in family.sizes {
        let text = (family.text)(*size);
        let time = median_time(&text).as_nanos() as f64;
        println!("| {size} | {} | {:.1} µs | {:.1} |", text.len(), time / 1e3, time / text.len() as f64);
        per_byte.push(time / text.len() as f64);
    }
    println!("\nmemory: at most {} bytes for a byte of text, as tests/parse_memory.rs measures", family.memory);
    let steepness = per_byte.last().expect("sizes") / per_byte.first().expect("sizes");
    println!(
        "time a byte, largest to smallest: {steepness:.2}{}",
        if steepness > STEEPEST { " NOT LINEAR" } else { "" }
    );
    steepness <= STEEPEST
}

/// The median of as many readings as fit into half a second, 15 at least.
fn median_time(text: &str) -> Duration {
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < 15 || begin.elapsed() < Duration::from_millis(500) {
        let start = Instant::now();
        drop(black_box(ours(black_box(text))));
        times.push(start.elapsed());
    }
    times.sort();
    *times.get(times.len() / 2).expect("times")
}
