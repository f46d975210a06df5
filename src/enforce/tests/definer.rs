//! Views that are read with their owners' rights.

use super::compile;
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Resolved, Table, TableKind, Tables};
use crate::enforce::{Aids, Enforced, Options, Outcome, Request, Views, enforce};
use crate::names::TableName;
use crate::policy::Snapshot;
use crate::rewrite::{PositionMap, Proposal, verify};
use std::fmt::Write as _;
use std::sync::Arc;

/// `svc` reads all of `pay` and `open`, and `half` with a mask; `anna` reads `open` and what is made of them.
const POLICIES: &str = "apiVersion: sluice/v1
kind: Domain
metadata: {name: all}
spec: {central: true}
---
apiVersion: sluice/v1
kind: Principals
metadata: {name: people}
spec:
  users: {svc: {groups: [services]}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: bases, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: pay}, {catalog: lake, schema: s, table: half}]
  grants: [{to: {groups: [services]}, privileges: [select]}]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: half, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: half}]
  masks: [{column: name, to: {users: [svc]}, expression: 'NULL'}]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: guests, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: pay}]
  denies: [{to: {groups: [guests]}, privileges: [select]}]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: views, domain: all}
spec:
  tables: [{catalog: lake, schema: v, table: '*'}, {catalog: lake, schema: s, table: open}]
  grants: [{to: {everyone: true}, privileges: [select, create, drop]}]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: own, domain: all}
spec:
  tables: [{catalog: lake, schema: v, table: ruled}]
  masks: [{column: name, to: {users: [anna]}, expression: 'NULL'}]
  filters: [{to: {users: [anna]}, expression: id < 9}]
";

/// Name, owner (nobody where it is made with `SECURITY INVOKER`), text.
const VIEWS: &[(&str, Option<&str>, &str)] = &[
    ("staff", Some("svc"), "SELECT id, name FROM lake.s.pay WHERE id > 3"),
    ("ruled", Some("svc"), "SELECT id, name FROM lake.s.pay"),
    ("invoker", None, "SELECT id, name FROM lake.s.pay"),
    ("over_invoker", Some("svc"), "SELECT id, name FROM lake.v.invoker"),
    ("invoker_over", None, "SELECT id, name FROM lake.v.staff WHERE id > 4"),
    ("two_owners", Some("other"), "SELECT id, name FROM lake.v.staff"),
    ("of_nobody", Some("gone"), "SELECT id, name FROM lake.s.pay"),
    ("masked", Some("svc"), "SELECT id, name FROM lake.s.half"),
    ("plain", Some("svc"), "SELECT id, name FROM lake.s.open"),
    ("replaced", Some("svc"), "SELECT id, name FROM lake.s.pay WHERE id > 5"),
    ("short", Some("svc"), "SELECT id, name FROM pay"),
    ("stored", Some("svc"), "SELECT id, name FROM lake.s.pay"),
    // Its owner sees less of it than anna.
    ("lesser", Some("svc"), "SELECT id, name FROM half"),
];

fn tables() -> Tables {
    let mut tables = Tables::default();
    let column = |name: &str, data_type: &str| Column { name: name.into(), data_type: data_type.into() };
    let mut add = |schema: &str, table: &str, kind: TableKind| {
        let columns = vec![column("id", "bigint"), column("name", "varchar")];
        let name = TableName::new("lake", schema, table);
        tables.insert(Need::Table(name), Known::Table(Arc::new(Table { columns, kind })));
    };
    for table in ["pay", "half", "open"] {
        add("s", table, TableKind::Table);
    }
    for (name, _, text) in VIEWS {
        let text = (*text).into();
        add("v", name, if *name == "stored" { TableKind::MaterializedView { text } } else { TableKind::View { text } });
    }
    for (name, owner, text) in VIEWS {
        let text = if *name == "replaced" { "SELECT 1" } else { text };
        let reads = [TableName::new("lake", "s", if *name == "lesser" { "half" } else { "pay" })].into();
        let resolved = Resolved { text: text.into(), reads, owner: owner.map(Into::into) };
        tables.insert(Need::View(TableName::new("lake", "v", name)), Known::View(Arc::new(resolved)));
    }
    tables
}

struct Asking {
    snapshot: Snapshot,
    tables: Tables,
    options: Options,
}

impl Asking {
    fn new(views: Views) -> Asking {
        Asking { snapshot: compile(POLICIES), tables: tables(), options: Options { views, ..Options::TESTS } }
    }

    /// What becomes of a statement of anna's.
    fn ask<T>(&self, sql: &str, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let (subject, session) = (self.snapshot.subject("anna", &[]), Session::default());
        let (snapshot, tables, options) = (&self.snapshot, &self.tables, &self.options);
        answer(&Request { sql, session: &session, subject: &subject, snapshot, tables, options, aids: Aids::default() })
    }

    fn told(&self, sql: &str) -> String {
        self.ask(sql, |request| match enforce(request, &mut |_| ()) {
            Enforced::Decided(decision) => match &decision.outcome {
                _ if decision.alarm.is_some() => panic!("{sql}: {:?}", decision.alarm),
                Outcome::Forward(guarded) => guarded.text().to_owned(),
                Outcome::Refuse(refusal) => format!("! {}", refusal.message),
            },
            Enforced::Needs(needs) => format!("? {needs:?}"),
        })
    }
}

const OWNERS: Views = Views::Definer { more_groups: false };

#[test]
fn what_becomes_of_each_view_is_as_the_snapshot_says() {
    let mut out = String::new();
    for (way, views) in [("invoker", Views::Invoker), ("definer", OWNERS)] {
        let asking = Asking::new(views);
        for (name, ..) in VIEWS {
            let _ = writeln!(out, "{way} {name}:\n    {}", asking.told(&format!("SELECT name FROM lake.v.{name}")));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn nothing_but_the_rows_of_a_view_is_told() {
    let asking = Asking::new(OWNERS);
    let statements = [
        "SELECT 1 / id FROM lake.v.staff",
        "SELECT 1 / id FROM lake.v.plain",
        "EXPLAIN SELECT id FROM lake.v.staff",
        "EXPLAIN SELECT id FROM lake.v.plain",
        "EXPLAIN (TYPE VALIDATE) SELECT id FROM lake.v.staff",
        "SHOW STATS FOR lake.v.staff",
        "SHOW CREATE VIEW lake.v.staff",
        "CREATE VIEW lake.v.new AS SELECT id FROM lake.v.staff",
        "CREATE VIEW lake.v.new SECURITY INVOKER AS SELECT id FROM lake.v.staff",
        "CREATE MATERIALIZED VIEW lake.v.new AS SELECT id FROM lake.v.staff",
        "SELECT name FROM lake.v.staff FOR VERSION AS OF 1",
    ];
    let told = statements.map(|sql| format!("{sql}\n    {}", asking.told(sql)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn an_owner_may_be_in_groups_that_a_log_in_tells() {
    let sql = "SELECT name FROM lake.v.staff";
    assert!(Asking::new(OWNERS).told(sql).starts_with("SELECT"));
    let told = Asking::new(Views::Definer { more_groups: true }).told(sql);
    assert!(told.contains("with its owner's rights"), "{told}");
}

#[test]
fn with_whose_rights_is_asked_first() {
    let mut asking = Asking::new(OWNERS);
    asking.tables.insert(Need::View(TableName::new("lake", "v", "staff")), Known::Missing);
    assert!(asking.told("SELECT name FROM lake.v.staff").starts_with('!'));
    let known = tables();
    asking.tables = Tables::default();
    for (need, known) in known.iter().filter(|(need, _)| !matches!(need, Need::View(_))) {
        asking.tables.insert(need.clone(), known.clone());
    }
    let told = asking.told("SELECT name FROM lake.v.staff");
    assert!(told.starts_with("? [View("), "{told}");
}

#[test]
fn the_verifier_wants_a_guard_and_notes_the_owner() {
    let proved = |views: Views, text: &str| {
        Asking::new(views).ask("SELECT 1 / id AS x FROM lake.v.staff", |request| {
            let positions = PositionMap::apply(text, Vec::new());
            verify(Proposal { text: text.to_owned(), prepared: None, positions }, request)
        })
    };
    let guard = r#"SELECT IF(b.ok, b.id) AS id FROM (SELECT a.id AS id, (TRUE) AS ok FROM lake.v.staff a) b WHERE b.ok LIMIT 9223372036854775807"#;
    let limited = format!("SELECT 1 / id AS x FROM ({guard}) t");
    let guarded = proved(OWNERS, &limited).unwrap();
    assert_eq!(guarded.relations().owner(&TableName::new("lake", "v", "staff")), Some("svc"));
    for (views, text) in [
        (Views::Invoker, limited.as_str()),
        (OWNERS, "SELECT 1 / id AS x FROM lake.v.staff"),
        (OWNERS, "SELECT id AS x FROM lake.v.staff"),
        (OWNERS, "SELECT 1 / id AS x FROM (SELECT a.id AS id FROM lake.v.staff a WHERE TRUE) t"),
        (OWNERS, "SELECT 1 / id AS x FROM lake.s.pay"),
        (OWNERS, &limited.replace("(TRUE)", "(FALSE)")),
        (OWNERS, &limited.replace("staff", "masked")),
        (OWNERS, &limited.replace("staff", "of_nobody")),
        (OWNERS, &limited.replace("staff", "stored")),
        (OWNERS, &limited.replace("staff", "invoker")),
    ] {
        assert!(proved(views, text).is_err(), "{views:?} {text}");
    }
}

#[test]
fn a_view_of_all_that_its_maker_may_read_is_made_whatever_its_owner_may() {
    let mut asking = Asking::new(OWNERS);
    asking.snapshot = compile(&POLICIES.replace("to: {groups: [services]}", "to: {everyone: true}"));
    for sql in [
        "SELECT name FROM lake.v.lesser",
        "CREATE VIEW lake.v.new SECURITY INVOKER AS SELECT id FROM lake.v.lesser",
        "CREATE VIEW lake.v.new AS SELECT id FROM lake.v.lesser",
    ] {
        assert_eq!(asking.told(sql), sql);
    }
}
