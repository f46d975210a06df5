//! How long a decision takes: each stage, and the whole of it, on twelve texts shaped like reports over a shop whose
//! tables are all masked or filtered. `docs/performance.md` has figures.
//!
//! The texts, tables and policies stand in `benches/shop`. Nothing here does I/O while it is measured.
#![expect(clippy::panic, clippy::expect_used, reason = "where there is nothing to measure, a bench must stop")]

#[path = "shop/many.rs"]
mod many;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sluice::analysis::metadata::metadata_access;
use sluice::analysis::session::Session;
use sluice::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use sluice::enforce::{Aids, Decisions, Enforced, Options, Outcome, Request, Stage, Views, enforce};
use sluice::names::TableName;
use sluice::policy::{Columns, Compiler, Privilege, Snapshot, Subject, Visible, VisibleTables, compile};
use sluice::proxy::Readers;
use sluice::rewrite::Beside;
use sluice::sql::{self, GrammarVersion};
use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TEXTS: [(&str, &str); 12] = [
    ("one table", include_str!("shop/01_one_table.sql")),
    ("sums by status", include_str!("shop/02_sums_by_status.sql")),
    ("open orders", include_str!("shop/03_open_orders.sql")),
    ("cheapest supplier", include_str!("shop/04_cheapest_supplier.sql")),
    ("late orders", include_str!("shop/05_late_orders.sql")),
    ("trade between countries", include_str!("shop/06_trade_between_countries.sql")),
    ("market share", include_str!("shop/07_market_share.sql")),
    ("orders per customer", include_str!("shop/08_orders_per_customer.sql")),
    ("best supplier", include_str!("shop/09_best_supplier.sql")),
    ("discounted revenue", include_str!("shop/10_discounted_revenue.sql")),
    ("waiting suppliers", include_str!("shop/11_waiting_suppliers.sql")),
    ("idle customers", include_str!("shop/12_idle_customers.sql")),
];

/// What a decision about the shop is made from.
struct Shop {
    session: Session,
    subject: Subject,
    snapshot: Snapshot,
    tables: Tables,
    options: Options,
}

impl Shop {
    fn new(options: Options) -> Shop {
        Shop {
            session: Session {
                catalog: Some("lake".to_owned()),
                schema: Some("shop".to_owned()),
                ..Session::default()
            },
            subject: Subject {
                user: "anna".to_owned(),
                groups: BTreeSet::from(["analysts".to_owned()]),
                ..Subject::default()
            },
            snapshot: snapshot(0),
            tables: tables(),
            options,
        }
    }

    fn request<'a>(&'a self, sql: &'a str) -> Request<'a> {
        Request {
            sql,
            session: &self.session,
            subject: &self.subject,
            snapshot: &self.snapshot,
            tables: &self.tables,
            options: &self.options,
            aids: Aids::default(),
        }
    }

    /// The rewritten text; a decision that is anything but a rewriting is no measure.
    fn rewritten(&self, sql: &str, beside: Option<&dyn Beside>, observe: &mut dyn FnMut(Stage)) -> String {
        match enforce(&Request { aids: Aids { beside, ..Aids::default() }, ..self.request(sql) }, observe) {
            Enforced::Needs(needs) => panic!("{needs:?} is not known for {sql}"),
            Enforced::Decided(decision) => match &decision.outcome {
                Outcome::Forward(guarded) => {
                    assert!(guarded.restricted(), "{sql}");
                    guarded.text().to_owned()
                }
                Outcome::Refuse(refusal) => panic!("{refusal:?} for {sql}"),
            },
        }
    }
}

/// The tables of `shop/tables.txt`: a line each, `table: column type; …`.
fn tables() -> Tables {
    let mut tables = Tables::default();
    for line in include_str!("shop/tables.txt").lines().filter(|line| !line.starts_with('#')) {
        let (name, columns) = line.split_once(": ").expect("a table's name");
        let column = |text: &str| {
            let (name, data_type) = text.split_once(' ').expect("a column's type");
            Column { name: name.into(), data_type: data_type.into() }
        };
        let table = Table { columns: columns.split("; ").map(column).collect(), kind: TableKind::Table };
        tables.insert(Need::Table(TableName::new("lake", "shop", name)), Known::Table(Arc::new(table)));
    }
    tables
}

/// The shop's policies, and `more` of other tables.
fn snapshot(more: usize) -> Snapshot {
    compile(many::files(more)).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, text) in TEXTS {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |bencher, text| {
            bencher.iter(|| sql::parse_statement(black_box(text), GrammarVersion::NEWEST).expect("it is read"));
        });
    }
    group.finish();
}

/// Each stage on all texts: what passes between the end of the stage before it and its own end. The second opinion is found after the
/// others, so that it is all of its time.
fn stages(criterion: &mut Criterion) {
    let shop = Shop::new(Options { second_opinion: true, grammar: GrammarVersion::NEWEST, views: Views::Invoker });
    let mut group = criterion.benchmark_group("stage, all texts");
    group.throughput(Throughput::Elements(TEXTS.len() as u64));
    for stage in [Stage::Parse, Stage::Analyze, Stage::Decide, Stage::Rewrite, Stage::Verify, Stage::SecondOpinion] {
        group.bench_function(BenchmarkId::from_parameter(format!("{stage:?}")), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for _ in 0..iterations {
                    for (_, text) in TEXTS {
                        let mut last = Instant::now();
                        black_box(shop.rewritten(text, None, &mut |ended| {
                            let now = Instant::now();
                            if ended == stage {
                                spent += now - last;
                            }
                            last = now;
                        }));
                    }
                }
                spent
            });
        });
    }
    group.finish();
}

/// As the proxy does: sqlparser reads the text beside the other stages.
fn whole(criterion: &mut Criterion) {
    let readers = Readers::start();
    for (name, second_opinion) in [("enforce", true), ("enforce without second opinion", false)] {
        let shop = Shop::new(Options { second_opinion, grammar: GrammarVersion::NEWEST, views: Views::Invoker });
        let mut group = criterion.benchmark_group(name);
        for (name, text) in TEXTS {
            group.bench_with_input(BenchmarkId::from_parameter(name), text, |bencher, text| {
                bencher.iter(|| shop.rewritten(black_box(text), Some(&readers.for_statement()), &mut |_| ()));
            });
        }
        group.finish();
    }
}

/// A decision that was made before: finding what it was made from, and then finding it, as the proxy does.
fn recall(criterion: &mut Criterion) {
    let shop = Shop::new(Options { second_opinion: true, grammar: GrammarVersion::NEWEST, views: Views::Invoker });
    let nothing = Tables::default();
    let decisions = Decisions::new(64 * 1024 * 1024);
    let mut group = criterion.benchmark_group("enforce, decided before");
    for (name, text) in TEXTS {
        let request = shop.request(text);
        let Enforced::Decided(decision) = enforce(&request, &mut |_| ()) else { panic!("{name} is not decided") };
        decisions.keep(&request, &decision);
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |bencher, text| {
            bencher.iter(|| {
                let asking = Request { tables: &nothing, ..shop.request(black_box(text)) };
                let Some(Enforced::Needs(needs)) = decisions.recall(&asking, &mut |_| ()) else {
                    panic!("{name} does not say what it needs")
                };
                black_box(needs);
                let Some(Enforced::Decided(again)) = decisions.recall(&shop.request(text), &mut |_| ()) else {
                    panic!("{name} is not decided again")
                };
                assert!(Arc::ptr_eq(&decision, &again), "{name}");
            });
        });
    }
    group.finish();
}

/// What one user may do with one table, with few policies and with many.
fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide one table");
    for count in [10, 1_000, 10_000, 100_000] {
        let snapshot = snapshot(count);
        let subject =
            Subject { user: "anna".to_owned(), groups: BTreeSet::from(["analysts".to_owned()]), ..Subject::default() };
        let table = TableName::new("lake", "shop", "customers");
        group.bench_function(BenchmarkId::new("policies", count), |bencher| {
            bencher.iter(|| snapshot.table_access(black_box(&subject), black_box(&table)));
        });
    }
    group.finish();
}

/// Policies as text to a snapshot.
fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for count in [1_000, 10_000, 100_000] {
        let files = many::files(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("policies", count), |bencher| {
            bencher.iter_batched(|| files.clone(), compile, BatchSize::PerIteration);
        });
        let (mut compiler, mut changed) = (Compiler::new(|| {}), 0_u64);
        let mut change = || {
            changed += 1;
            let mut files = files.clone();
            files.last_mut().expect("a file").text.push_str(&format!("# {changed}\n"));
            files
        };
        compiler.compile(change()).expect("they are right");
        group.bench_function(BenchmarkId::new("policies of which one file is changed", count), |bencher| {
            bencher.iter_batched(&mut change, |files| compiler.compile(files), BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// The filter of a metadata table, from few rules and from many.
fn metadata(criterion: &mut Criterion) {
    let subject = Subject { user: "anna".to_owned(), ..Subject::default() };
    let table = TableName::new("lake", "information_schema", "columns");
    let mut group = criterion.benchmark_group("metadata filter");
    for count in [10, 1_000, 10_000] {
        let rule = |n: usize| Visible {
            catalog: "lake".into(),
            schema: format!("schema_{}", n / 20).into(),
            table: format!("table_{n}").into(),
            columns: Columns::All,
            hidden: Vec::new(),
            privileges: BTreeSet::from([Privilege::Select]),
        };
        let visible = VisibleTables { rules: (0..count).map(rule).collect() };
        group.bench_function(BenchmarkId::new("rules", count), |bencher| {
            bencher.iter(|| metadata_access(black_box(&table), &subject, black_box(&visible)));
        });
    }
    group.finish();
}

criterion_group!(benches, parse, stages, whole, recall, decide, compiling, metadata);
criterion_main!(benches);
