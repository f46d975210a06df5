//! What several policies about one table, and names like those that rewriting gives, become.

use super::compile;
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Enforced, Options, Outcome, Request, enforce};
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
    add("v", TableKind::View { text: "SELECT sluice_3.id FROM lake.s.t sluice_3".into() });
    let (subject, session) = (snapshot.subject("anna", &[]), Session::default());
    let options = &Options::TESTS;
    let request = Request { sql, session: &session, subject: &subject, snapshot: &snapshot, tables: &tables, options };
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
fn names_of_a_policy_and_of_a_view_are_not_given_again() {
    let text = forwarded("SELECT id FROM lake.s.v");
    for taken in ["sluice_1", "sluice_3"] {
        assert!(!text.contains(&format!("\"{taken}\"")), "{taken}: {text}");
    }
    assert!(text.contains("\"sluice_2\""), "{text}");
}
