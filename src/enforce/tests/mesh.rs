//! A small mesh with secrets, and what its users may see of it.

use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Resolved, SessionProperty, Table, TableKind, Tables};
use crate::enforce::{Aids, Decision, Enforced, Objects, Options, Outcome, Proofs, Refusal, Request, Trees, enforce};
use crate::names::TableName;
use crate::policy::Snapshot;
use crate::rewrite::{Guarded, PositionMap, Proposal, Unproved, verify};
use std::sync::{Arc, LazyLock};

/// Catalog, schema, table, columns with types.
const TABLES: &[(&str, &str, &str, &str)] = &[
    (
        "lake",
        "hr",
        "employees",
        "id bigint, name varchar, email varchar, ssn varchar, salary bigint, region varchar, manager_id bigint, \
         address row(street varchar; city varchar), phones array(varchar), notes map(varchar; varchar)",
    ),
    ("lake", "hr", "reviews", "id bigint, employee_id bigint, score bigint, note varchar"),
    ("lake", "sales", "customers", "customer_id bigint, company varchar, region varchar"),
    ("lake", "sales", "orders", "order_id bigint, customer_id bigint, amount decimal(4;2), card_number varchar"),
    ("lake", "finance", "payments", "payment_id bigint, iban varchar"),
    ("lake", "scratch", "own", "id bigint, v varchar"),
    ("lake", "scratch", "employees", "id bigint, badge varchar"),
    ("lake", "scratch", "st_0123456789abcdef0123456789abcdef", "id bigint"),
    ("lake", "scratch", "st_0123456789abcdef", "id bigint"),
    (
        "lake",
        "scratch",
        "figures",
        "id bigint, wide decimal(38;38), long decimal(38;0), day date, at timestamp(3) with time zone",
    ),
    ("lake", "vault", "box", "id bigint"),
    ("tpch", "tiny", "nation", "nationkey bigint, name varchar(25), regionkey bigint, comment varchar(152)"),
    ("tpch", "tiny", "region", "regionkey bigint, name varchar(25), comment varchar(152)"),
];

/// Catalog, schema, view, columns, text.
const VIEWS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "lake",
        "hr",
        "directory",
        "id bigint, name varchar, email varchar",
        "SELECT id, name, email FROM lake.hr.employees",
    ),
    (
        "lake",
        "sales",
        "big_orders",
        "order_id bigint, amount decimal(4;2), card_number varchar",
        "SELECT order_id, amount, card_number FROM lake.sales.orders WHERE amount > 10",
    ),
    ("lake", "sales", "companies", "company varchar", "SELECT company FROM lake.sales.customers"),
    ("lake", "sales", "secrets", "iban varchar", "SELECT iban FROM lake.finance.payments"),
    ("lake", "sales", "numbers", "ssn varchar", "SELECT ssn FROM lake.hr.employees"),
    ("lake", "sales", "short", "company varchar", "SELECT company FROM customers"),
    (
        "lake",
        "sales",
        "shorter",
        "order_id bigint, company varchar",
        "WITH own AS (TABLE orders) SELECT order_id, customers.company FROM own JOIN sales.customers ON true WHERE EXISTS (TABLE customers)",
    ),
    ("lake", "sales", "replaced", "company varchar", "SELECT company FROM customers"),
    ("lake", "sales", "of_two", "id bigint", "SELECT id FROM employees WHERE id IN (SELECT id FROM hr.employees)"),
    ("lake", "sales", "short_secret", "iban varchar", "SELECT iban FROM payments"),
    ("lake", "sales", "unknown_short", "company varchar", "SELECT company FROM customers"),
    ("lake", "sales", "itself", "x varchar", "SELECT x FROM lake.sales.itself"),
    ("lake", "sales", "calling", "x bigint", "SELECT lake.hr.f(1)"),
    ("lake", "sales", "by_file", "x bigint", "SELECT * FROM TABLE(lake.system.query('SELECT 1'))"),
    ("lake", "sales", "defining", "x integer", "WITH FUNCTION f() RETURNS integer RETURN 1 SELECT f() AS x"),
    ("lake", "sales", "setting", "x integer", "WITH SESSION a = 1 SELECT 1 AS x"),
    (
        "lake",
        "sales",
        "guarded",
        "order_id bigint, card_number varchar",
        "SELECT order_id, card_number FROM lake.sales.orders",
    ),
    ("lake", "sales", "over_guarded", "order_id bigint", "SELECT order_id FROM lake.sales.guarded"),
    ("lake", "scratch", "kept", "id bigint", "SELECT id FROM lake.scratch.own"),
    ("lake", "scratch", "kept_orders", "order_id bigint", "SELECT order_id FROM lake.sales.orders"),
    ("lake", "scratch", "kept_short", "id bigint", "SELECT id FROM own"),
    ("lake", "sales", "over_view", "order_id bigint", "SELECT order_id FROM lake.sales.big_orders"),
];

/// Views and what Trino reads for the names in their texts.
const RESOLVED: &[(&str, &str)] = &[
    ("lake.sales.short", "lake.sales.customers"),
    ("lake.sales.shorter", "lake.sales.orders lake.sales.customers"),
    ("lake.sales.replaced", "lake.sales.customers"),
    ("lake.sales.of_two", "lake.hr.employees lake.scratch.employees"),
    ("lake.sales.short_secret", "lake.finance.payments"),
];

/// The mesh's policies as text.
pub(super) const POLICIES: &str = include_str!("policies.yaml");

pub(super) static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| super::compile(POLICIES));

fn columns(of: &str) -> Vec<Column> {
    let column = |text: &str| {
        let (name, data_type) = text.trim().split_once(' ').unwrap();
        Column { name: name.into(), data_type: data_type.replace(';', ",").into() }
    };
    of.split(',').map(column).collect()
}

/// What Trino says.
pub(super) fn answer(need: &Need) -> Known {
    let name = match need {
        Need::Table(name) => name,
        Need::View(view) => return resolved(view),
        Need::Schema { .. } | Need::Catalog(_) => return Known::Exists,
        Need::SessionProperties => {
            let property = |name: &str| SessionProperty {
                name: name.into(),
                default: "1".into(),
                data_type: "bigint".into(),
                description: "it is".into(),
            };
            return Known::SessionProperties(["query_max", "lake.a", "unknown.b"].map(property).into());
        }
        Need::Query(id) => {
            let user = id.strip_prefix("of_").filter(|user| *user != "nobody");
            return user.map_or(Known::Missing, |user| Known::QueryOf(user.into()));
        }
    };
    let table = TABLES.iter().find(|(catalog, schema, table, _)| *name == TableName::new(catalog, schema, table));
    if let Some((_, _, _, of)) = table {
        return Known::Table(Arc::new(Table { columns: columns(of), kind: TableKind::Table }));
    }
    if let Some(text) = doubling(name) {
        let kind = TableKind::View { text: text.into() };
        return Known::Table(Arc::new(Table { columns: columns("order_id bigint"), kind }));
    }
    let view = VIEWS.iter().find(|(catalog, schema, view, ..)| *name == TableName::new(catalog, schema, view));
    match view {
        Some((_, _, _, of, text)) => {
            let text = (*text).into();
            let materialized = name.table.starts_with("kept");
            let kind = if materialized { TableKind::MaterializedView { text } } else { TableKind::View { text } };
            Known::Table(Arc::new(Table { columns: columns(of), kind }))
        }
        None => Known::Missing,
    }
}

/// What Trino resolved in the texts of views with short names.
fn resolved(view: &TableName) -> Known {
    let reads = RESOLVED.iter().find(|(name, _)| *view == TableName::parse(name).unwrap());
    let Some((_, reads)) = reads else { return Known::Missing };
    let Known::Table(table) = answer(&Need::Table(view.clone())) else { panic!() };
    let TableKind::View { text } = &table.kind else { panic!() };
    let text = if view.table == "replaced" { "SELECT 1".into() } else { text.clone() };
    let reads = reads.split(' ').map(|name| TableName::parse(name).unwrap()).collect();
    Known::View(Arc::new(Resolved { text, reads, owner: None }))
}

/// Views `lake.sales.doubling_N` that read the one before twice.
fn doubling(name: &TableName) -> Option<String> {
    let level: u32 = name.table.strip_prefix("doubling_")?.parse().ok()?;
    let below = match level {
        0 => "lake.sales.orders".to_owned(),
        _ => format!("lake.sales.doubling_{}", level - 1),
    };
    Some(format!("SELECT a.order_id FROM {below} a JOIN {below} b ON a.order_id = b.order_id"))
}

/// A session in `catalog.schema`, or in neither for `-`.
pub(super) fn session(at: &str) -> Session {
    let mut parts = at.split('.').filter(|part| *part != "-").map(str::to_owned);
    Session { catalog: parts.next(), schema: parts.next(), ..Session::default() }
}

/// What comes of a statement, all questions answered; and the tables that were asked for.
pub(super) fn decide(user: &str, session: &Session, sql: &str) -> (Decision, Vec<Need>) {
    decide_by(Options::TESTS, user, session, sql)
}

/// As [`decide`], with these options. What makes a decision sooner changes nothing of it.
pub(super) fn decide_by(options: Options, user: &str, session: &Session, sql: &str) -> (Decision, Vec<Need>) {
    static OBJECTS: LazyLock<Objects> = LazyLock::new(|| Objects::new(1 << 24));
    static PROOFS: LazyLock<Proofs> = LazyLock::new(|| Proofs::new(1 << 24));
    let (anew, asked) = decide_with(Aids::default(), &options, user, session, sql);
    for _ in 0..2 {
        let trees = Trees::default();
        let aids = Aids { objects: Some(&OBJECTS), proofs: Some(&PROOFS), trees: Some(&trees), ..Aids::default() };
        let (sooner, asked_sooner) = decide_with(aids, &options, user, session, sql);
        assert_eq!((format!("{sooner:?}"), &asked_sooner), (format!("{anew:?}"), &asked), "{user}: {sql}");
    }
    (anew, asked)
}

fn decide_with(aids: Aids<'_>, options: &Options, user: &str, session: &Session, sql: &str) -> (Decision, Vec<Need>) {
    let subject = SNAPSHOT.subject(user, &[]);
    let mut tables = Tables::default();
    let mut asked = Vec::new();
    for _ in 0..20 {
        let request = Request { sql, session, subject: &subject, snapshot: &SNAPSHOT, tables: &tables, options, aids };
        match enforce(&request, &mut |_| ()) {
            Enforced::Decided(decision) => return (Arc::try_unwrap(decision).unwrap(), asked),
            Enforced::Needs(needs) => {
                for need in needs {
                    let known = answer(&need);
                    asked.push(need.clone());
                    tables.insert(need, known);
                }
            }
        }
    }
    panic!("{sql}: it asks and asks: {asked:?}");
}

/// The text that is forwarded, or the refusal.
pub(super) fn outcome(user: &str, session: &Session, sql: &str) -> Result<String, Refusal> {
    let (decision, _) = decide(user, session, sql);
    if let Some(alarm) = decision.alarm {
        panic!("{sql}: {alarm:?}");
    }
    match decision.outcome {
        Outcome::Forward(guarded) => Ok(match guarded.prepared() {
            Some((_, text)) => text.to_owned(),
            None => guarded.text().to_owned(),
        }),
        Outcome::Refuse(refusal) => Err(refusal),
    }
}

/// What the verifier says of a statement that is sent as it is, whatever it may touch being known.
pub(super) fn forged(user: &str, session: &Session, sql: &str) -> Result<Guarded, Unproved> {
    let subject = SNAPSHOT.subject(user, &[]);
    let mut tables = Tables::default();
    let named = TABLES.iter().map(|(catalog, schema, table, _)| (catalog, schema, table));
    let viewed = VIEWS.iter().map(|(catalog, schema, view, ..)| (catalog, schema, view));
    for (catalog, schema, table) in named.chain(viewed) {
        let need = Need::Table(TableName::new(catalog, schema, table));
        let known = answer(&need);
        tables.insert(need, known);
    }
    for id in ["of_analyst", "of_guest", "of_nobody"] {
        let need = Need::Query(id.into());
        let known = answer(&need);
        tables.insert(need, known);
    }
    let request = Request {
        sql,
        session,
        subject: &subject,
        snapshot: &SNAPSHOT,
        tables: &tables,
        options: &Options::TESTS,
        aids: Aids::default(),
    };
    let positions = PositionMap::apply(sql, Vec::new());
    verify(Proposal { text: sql.to_owned(), prepared: None, positions }, &request)
}
