//! What several policies about one table, and names like those that rewriting gives, become.

use super::compile;
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Aids, Enforced, Options, Outcome, Request, enforce};
use crate::names::TableName;
use std::sync::Arc;

const POLICIES: &str = "apiVersion: sluice/v1
kind: Domain
metadata: {name: all}
spec: {central: true}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: a, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: '*'}]
  grants: [{to: {everyone: true}, privileges: [select]}]
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: b, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: t}]
  filters:
    - {expression: id IN (SELECT sluice_1.id FROM lake.s.u sluice_1)}
    - {expression: id < 9}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: c, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: w}]
  filters:
    - {expression: id IN (SELECT x.id FROM (SELECT id FROM lake.s.u) x)}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: d, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: x}]
  masks: [{column: id, expression: '9 / {column}'}]
  filters: [{expression: id > 0}]
";

fn forwarded(sql: &str) -> String {
    let snapshot = compile(POLICIES);
    let mut tables = Tables::default();
    let mut add = |table: &str, kind: TableKind| {
        let columns = vec![Column { name: "id".into(), data_type: "bigint".into() }];
        let known = Known::Table(Arc::new(Table { columns, kind }));
        tables.insert(Need::Table(TableName::new("lake", "s", table)), known);
    };
    add("t", TableKind::Table);
    add("u", TableKind::Table);
    add("w", TableKind::Table);
    add("x", TableKind::Table);
    add("y", TableKind::View { text: "SELECT 9 / id AS id FROM lake.s.t".into() });
    add("v", TableKind::View { text: "SELECT sluice_3.id FROM lake.s.t sluice_3".into() });
    let (subject, session) = (snapshot.subject("anna", &[]), Session::default());
    let options = &Options::TESTS;
    let request = Request {
        sql,
        session: &session,
        subject: &subject,
        snapshot: &snapshot,
        tables: &tables,
        options,
        aids: Aids::default(),
    };
    match enforce(&request, &mut |_| ()) {
        Enforced::Decided(decision) => match &decision.outcome {
            Outcome::Forward(guarded) => guarded.text().to_owned(),
            Outcome::Refuse(refusal) => panic!("{}", refusal.message),
        },
        Enforced::Needs(needs) => panic!("{needs:?}"),
    }
}

#[test]
fn all_filters_of_a_table_hold_together() {
    insta::assert_snapshot!(forwarded("SELECT id FROM lake.s.t"));
}

#[test]
fn a_mask_that_can_fail_gives_the_guarded_form_beside_tables_without_one_too() {
    for sql in ["SELECT id FROM lake.s.x", "SELECT x.id FROM lake.s.u, lake.s.x", "SELECT x.id FROM lake.s.x, lake.s.u"]
    {
        assert!(forwarded(sql).contains(" LIMIT 9223372036854775807"), "{sql}");
    }
}

#[test]
fn a_view_that_can_fail_gives_the_guarded_form() {
    let text = forwarded("SELECT id FROM lake.s.y");
    assert!(text.contains(" LIMIT 9223372036854775807"), "{text}");
}

#[test]
fn names_of_a_policy_and_of_a_view_are_not_given_again() {
    let text = forwarded("SELECT id FROM lake.s.v");
    for taken in ["sluice_1", "sluice_3"] {
        assert!(!text.contains(&format!("\"{taken}\"")), "{taken}: {text}");
    }
    assert!(text.contains("\"sluice_2\""), "{text}");
}

#[test]
fn a_column_of_a_query_within_a_policy_keeps_its_name() {
    insta::assert_snapshot!(forwarded("SELECT id FROM lake.s.w"));
}
