//! What it costs to enforce a mask and a filter on each table of the TPC-H and TPC-DS statements: a new decision, and one
//! that was made before, beside the time in which sqlparser just parses the same text.
//!
//! `make bench-tpc` gathers the texts and runs this. It ends with a table and the medians. Nothing does I/O while it is
//! measured. With `SLUICE_BENCH_ROUNDS=N` in the environment it only makes N decisions about each text, by one thread, and
//! ends: what a tool that counts instructions needs.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench reports to whom runs it, and must stop where there is nothing to measure"
)]

#[path = "../../src/rewrite/second_opinion/dialect.rs"]
mod dialect;

use dialect::Trino;
use sluice::analysis::session::Session;
use sluice::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use sluice::enforce::{
    Aids, Decisions, Enforced, Objects, Options, Outcome, Proofs, Request, Stage, Trees, Views, enforce,
};
use sluice::names::TableName;
use sluice::policy::{Snapshot, SourceFile, Subject, compile};
use sluice::proxy::Readers;
use sluice::sql::GrammarVersion;
use sqlparser::parser::Parser;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Nesting that sqlparser is let into: more than any of the texts has.
const DEEPEST: usize = 300;
/// How long each of the three is measured for a text, in turns.
const MEASURE: Duration = Duration::from_millis(120);

/// For what is kept, in bytes.
const ROOM: u64 = 64 * 1024 * 1024;

const OPTIONS: Options = Options { second_opinion: true, grammar: GrammarVersion::NEWEST, views: Views::Invoker };

/// Medians of a text.
struct Measured {
    name: String,
    bytes: usize,
    theirs: Duration,
    miss: Duration,
    hit: Duration,
    /// A new decision about tables that the user reads for the first time.
    first: Duration,
    /// A new decision whose tables are asked for in between, as in the proxy; the asking itself not counted.
    asking: Duration,
    stages: BTreeMap<Stage, Duration>,
    /// Of a new decision, what is in no stage: beginning, and dropping all that was made.
    rest: Duration,
}

fn main() {
    let folder = std::env::var_os("SLUICE_BENCH_TEXTS").map(PathBuf::from);
    let folder = folder.expect("run `make bench-tpc`, which gathers the texts");
    let tables = layouts();
    let snapshot = policies();
    let readers = Readers::start();
    let (objects, proofs) = (Objects::new(ROOM), Proofs::new(ROOM));
    let rounds = std::env::var("SLUICE_BENCH_ROUNDS").ok();
    let rounds: Option<usize> = rounds.map(|rounds| rounds.parse().expect("a number of rounds"));
    let mut measured = Vec::new();
    for (set, schema, count) in [("tpch", "sf1", 22), ("tpcds", "sf1", 99)] {
        let texts = texts(&folder.join(set));
        assert_eq!(texts.len(), count, "{set} has another number of texts");
        let session = Session { catalog: Some(set.to_owned()), schema: Some(schema.to_owned()), ..Session::default() };
        for (name, sql) in texts {
            match rounds {
                Some(rounds) => decide_only(rounds, &sql, &session, &snapshot, &tables, &objects, &proofs),
                None => measured.push(measure(&format!("{set} {name}"), &sql, &session, &snapshot, &tables, &readers)),
            }
        }
    }
    if rounds.is_none() {
        report(&measured);
    }
}

/// Decides so often, without the reading that goes on beside it.
fn decide_only(
    rounds: usize,
    sql: &str,
    session: &Session,
    snapshot: &Snapshot,
    tables: &Tables,
    objects: &Objects,
    proofs: &Proofs,
) {
    let subject = Subject { user: "anna".to_owned(), ..Subject::default() };
    let options = Options { second_opinion: false, ..OPTIONS };
    let aids = Aids { objects: Some(objects), proofs: Some(proofs), ..Aids::default() };
    let request = Request { sql, session, subject: &subject, snapshot, tables, options: &options, aids };
    for _ in 0..rounds {
        black_box(enforce(black_box(&request), &mut |_| ()));
    }
}

fn texts(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).expect("run `make bench-tpc`, which gathers the texts");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).expect("a text"))).collect()
}

/// The tables of `tables.txt`.
fn layouts() -> Tables {
    let mut tables = Tables::default();
    for (name, columns) in lines() {
        let columns =
            columns.iter().map(|(name, data_type)| Column { name: (*name).into(), data_type: (*data_type).into() });
        let table = Table { columns: columns.collect(), kind: TableKind::Table };
        tables.insert(Need::Table(name), Known::Table(std::sync::Arc::new(table)));
    }
    tables
}

fn lines() -> impl Iterator<Item = (TableName, Vec<(&'static str, &'static str)>)> {
    let lines = include_str!("tables.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (name, columns) = line.split_once(": ").expect("a table's name");
        let parts: Vec<&str> = name.split('.').collect();
        let [catalog, schema, table] = parts[..] else { panic!("{name} has not three parts") };
        let columns = columns.split("; ").map(|column| column.split_once(' ').expect("a column's type")).collect();
        (TableName::new(catalog, schema, table), columns)
    })
}

/// For each table a grant, a mask of its first text and a filter by its first column.
fn policies() -> Snapshot {
    let owns = "[{catalog: tpch, schema: sf1}, {catalog: tpcds, schema: sf1}]";
    let mut text = format!("apiVersion: sluice/v1\nkind: Domain\nmetadata: {{name: tpc}}\nspec: {{owns: {owns}}}\n");
    for (TableName { catalog, schema, table }, columns) in lines() {
        let (first, _) = columns.first().expect("a column");
        let masked = columns.iter().find(|(_, data_type)| data_type.contains("char")).map(|(name, _)| name);
        let mask = masked.map_or_else(String::new, |column| {
            format!("  masks: [{{column: {column}, expression: \"substr({{column}}, 1, 2)\"}}]\n")
        });
        let name = format!("{catalog}-{table}");
        let _ = write!(
            text,
            "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: {name}, domain: tpc}}\nspec:\n  tables: \
             [{{catalog: {catalog}, schema: {schema}, table: {table}}}]\n  grants: [{{to: {{everyone: true}}, \
             privileges: [select]}}]\n{mask}  filters: [{{expression: {first} <> 7}}]\n",
        );
    }
    compile(vec![SourceFile { path: "tpc.yaml".to_owned(), text }]).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// Times the three in turns. The time to drop what was made counts for each.
fn measure(
    name: &str,
    sql: &str,
    session: &Session,
    snapshot: &Snapshot,
    tables: &Tables,
    readers: &Readers,
) -> Measured {
    let subject = Subject { user: "anna".to_owned(), ..Subject::default() };
    let request =
        Request { sql, session, subject: &subject, snapshot, tables, options: &OPTIONS, aids: Aids::default() };
    let nothing = Tables::default();
    let asking = Request { tables: &nothing, ..request };
    // As the proxy does: sqlparser reads the text beside the other stages.
    let (objects, proofs) = (Objects::new(ROOM), Proofs::new(ROOM));
    let by = |aids: Aids<'_>, observe: &mut dyn FnMut(Stage)| {
        let beside = readers.for_statement();
        enforce(black_box(&Request { aids: Aids { beside: Some(&beside), ..aids }, ..request }), observe)
    };
    // Of tables that the user has read before.
    let known = Aids { objects: Some(&objects), proofs: Some(&proofs), ..Aids::default() };
    let enforced = |observe: &mut dyn FnMut(Stage)| by(known, observe);
    let decided = || match enforced(&mut |_| ()) {
        Enforced::Decided(decision) => decision,
        Enforced::Needs(needs) => panic!("{name} needs {needs:?}"),
    };
    let decisions = Decisions::new(ROOM);
    match &decided().outcome {
        Outcome::Forward(guarded) => assert!(guarded.restricted(), "{name} reads no table"),
        Outcome::Refuse(refusal) => panic!("{name}: {refusal:?}"),
    }
    decisions.keep(&request, &decided());

    let [mut theirs, mut miss, mut hit, mut first, mut asked, mut rest] = [(); 6].map(|()| Vec::new());
    let mut stages: BTreeMap<Stage, Vec<Duration>> = BTreeMap::new();
    let parses = || {
        let parser = Parser::new(&Trino).with_recursion_limit(DEEPEST).try_with_sql(black_box(sql));
        parser.and_then(|mut parser| parser.parse_statements()).is_ok()
    };
    let begun = Instant::now();
    while begun.elapsed() < 5 * MEASURE {
        theirs.push(time(parses));
        let mut took = Vec::with_capacity(8);
        let whole = time(|| {
            let mut last = Instant::now();
            enforced(&mut |stage| {
                let now = Instant::now();
                took.push((stage, now - last));
                last = now;
            })
        });
        miss.push(whole);
        rest.push(whole.saturating_sub(took.iter().map(|(_, time)| *time).sum()));
        for (stage, time) in took {
            stages.entry(stage).or_default().push(time);
        }
        // As the proxy does: what it was made from is found first, then the decision.
        hit.push(time(|| {
            let needs = decisions.recall(black_box(&asking), &mut |_| ());
            assert!(matches!(needs, Some(Enforced::Needs(_))), "{name}");
            let again = decisions.recall(black_box(&request), &mut |_| ());
            assert!(matches!(again, Some(Enforced::Decided(_))), "{name}");
        }));
        // After the same as before a new decision, so that as little of it is near.
        parses();
        first.push(time(|| by(Aids::default(), &mut |_| ())));
        parses();
        asked.push(time(|| {
            let (beside, trees) = (readers.for_statement(), Trees::default());
            let aids = Aids { beside: Some(&beside), trees: Some(&trees), ..known };
            let needs = enforce(black_box(&Request { aids, ..asking }), &mut |_| ());
            assert!(matches!(needs, Enforced::Needs(_)), "{name}");
            enforce(black_box(&Request { aids, ..request }), &mut |_| ())
        }));
    }
    let [theirs, miss, hit, first, asking, rest] = [theirs, miss, hit, first, asked, rest].map(middle);
    let stages = stages.into_iter().map(|(stage, times)| (stage, middle(times))).collect();
    Measured { name: name.to_owned(), bytes: sql.len(), theirs, miss, hit, first, asking, stages, rest }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    drop(black_box(work()));
    begun.elapsed()
}

fn report(measured: &[Measured]) {
    println!("| text | bytes | sqlparser parses | a new decision | of it | decided before | of it |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    for Measured { name, bytes, theirs, miss, hit, .. } in measured {
        let [theirs, miss, hit] = [theirs, miss, hit].map(|time| micros(*time));
        println!(
            "| {name} | {bytes} | {theirs:.0} µs | {miss:.0} µs | {:.2} | {hit:.1} µs | {:.3} |",
            miss / theirs,
            hit / theirs
        );
    }
    let median = |of: &dyn Fn(&Measured) -> f64| {
        let mut values: Vec<f64> = measured.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    println!("\nof what sqlparser takes, in the median:");
    for stage in [Stage::Parse, Stage::Analyze, Stage::Decide, Stage::Rewrite, Stage::Verify, Stage::SecondOpinion] {
        let of = median(&|one| micros(one.stages.get(&stage).copied().unwrap_or_default()) / micros(one.theirs));
        println!("  {stage:?}: {of:.2}");
    }
    println!("  the rest: {:.2}", median(&|one| micros(one.rest) / micros(one.theirs)));
    let of = median(&|one| micros(one.first) / micros(one.theirs));
    println!("  a decision about tables that the user reads for the first time: {of:.2}");
    let of = median(&|one| micros(one.asking) / micros(one.theirs));
    println!("  a decision whose tables are asked for in between: {of:.2}");
    println!(
        "\n{} texts, medians: sqlparser {:.0} µs, a new decision {:.0} µs, {:.2} of it; decided before {:.1} µs, {:.3} of it",
        measured.len(),
        median(&|one| micros(one.theirs)),
        median(&|one| micros(one.miss)),
        median(&|one| micros(one.miss) / micros(one.theirs)),
        median(&|one| micros(one.hit)),
        median(&|one| micros(one.hit) / micros(one.theirs)),
    );
}
