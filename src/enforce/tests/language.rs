//! Decisions by denials, guardrails, tags and rows, on the mesh in memory.

use super::mesh::{answer, session};
use crate::catalog::table::Tables;
use crate::enforce::{Aids, Decision, Enforced, Options, Outcome, Request, enforce};
use crate::policy::{Snapshot, Subject};
use std::fmt::Write as _;
use std::sync::Arc;

const POLICIES: &str = include_str!("language.yaml");

fn decide(snapshot: &Snapshot, user: &str, sql: &str) -> Arc<Decision> {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let subject = Subject { moment: Some(snapshot.moment(now)), ..snapshot.subject(user, &[]) };
    let (session, options) = (session("lake.hr"), Options::TESTS);
    let mut tables = Tables::default();
    for _ in 0..20 {
        let request = Request {
            sql,
            session: &session,
            subject: &subject,
            snapshot,
            tables: &tables,
            options: &options,
            aids: Aids::default(),
        };
        match enforce(&request, &mut |_| ()) {
            Enforced::Decided(decision) => return decision,
            Enforced::Needs(needs) => needs.into_iter().for_each(|need| {
                let known = answer(&need);
                tables.insert(need, known);
            }),
        }
    }
    panic!("{sql}: it asks and asks");
}

#[test]
fn each_statement_becomes_what_the_snapshot_says() {
    let snapshot = super::compile(POLICIES);
    let mut out = String::new();
    for (user, sql) in [
        ("anna", "SELECT * FROM employees"),
        ("anna", "SELECT ssn FROM employees"),
        ("bob", "SELECT * FROM employees"),
        ("olga", "SELECT * FROM employees"),
        ("eve", "SELECT * FROM employees"),
        ("anna", "SELECT * FROM reviews"),
        ("anna", "SELECT * FROM directory"),
        ("anna", "SHOW TABLES"),
        ("eve", "SHOW TABLES"),
        ("anna", "SHOW COLUMNS FROM employees"),
        ("anna", "SHOW CREATE TABLE employees"),
        ("anna", "SELECT column_name FROM lake.information_schema.columns"),
        ("bob", "SELECT column_name FROM system.jdbc.columns"),
        ("anna", "SELECT table_name, view_definition FROM lake.information_schema.views"),
        ("eve", "SELECT table_name FROM system.jdbc.tables"),
        ("eve", "SHOW COLUMNS FROM lake.hr.\"employees$partitions\""),
        ("eve", "SHOW COLUMNS FROM lake.sales.\"orders$partitions\""),
    ] {
        let decision = decide(&snapshot, user, sql);
        assert_eq!(decision.alarm, None, "{user}: {sql}");
        let _ = writeln!(out, "[{user}] {sql}");
        let _ = match &decision.outcome {
            Outcome::Forward(guarded) if guarded.text() == sql => writeln!(out, "  = as it is"),
            Outcome::Forward(guarded) => writeln!(out, "  > {}", guarded.text()),
            Outcome::Refuse(refusal) => writeln!(out, "  ! {}", refusal.message),
        };
        let names = decision.policies.iter().cloned().collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "  by {names}\n");
    }
    insta::assert_snapshot!(out);
}

/// What a policy leaves out of its objects is as if no policy had granted it, for data and for metadata.
#[test]
fn what_a_policy_leaves_out_is_not_there() {
    let text = "apiVersion: sluice/v1
kind: Domain
metadata: {name: all}
spec: {central: true}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: most, domain: all}
spec:
  tables: [{catalog: '*', schema: '*', table: '*'}]
  exceptTables:
    - {catalog: lake, schema: hr, table: 'e*'}
    - {catalog: lake, schema: 'sal*', table: '*'}
    - {catalog: system, schema: '*', table: '*'}
  functions: [{catalog: '*', schema: '*', function: '*'}]
  exceptFunctions: [{catalog: lake, schema: functions, function: secret}]
  grants: [{to: {everyone: true}, except: {groups: [interns]}, privileges: [select, show, execute]}]
";
    let snapshot = super::compile(text);
    let mut out = String::new();
    for sql in [
        "SELECT * FROM reviews",
        "SELECT * FROM employees",
        "SELECT * FROM \"employees$partitions\"",
        "SELECT id FROM lake.sales.orders",
        "SELECT lake.functions.open(1)",
        "SELECT lake.functions.secret(1)",
        "SHOW CATALOGS",
        "SHOW SCHEMAS",
        "SHOW TABLES",
        "SHOW TABLES FROM lake.sales",
        "SHOW COLUMNS FROM employees",
        "SHOW CREATE SCHEMA hr",
        "SHOW CREATE SCHEMA functions",
        "SELECT table_name FROM lake.information_schema.tables",
        "SELECT column_name FROM system.jdbc.columns",
    ] {
        let decision = decide(&snapshot, "anna", sql);
        assert_eq!(decision.alarm, None, "{sql}");
        let _ = match &decision.outcome {
            Outcome::Forward(guarded) if guarded.text() == sql => writeln!(out, "{sql}\n  = as it is\n"),
            Outcome::Forward(guarded) => writeln!(out, "{sql}\n  > {}\n", guarded.text()),
            Outcome::Refuse(refusal) => writeln!(out, "{sql}\n  ! {}\n", refusal.message),
        };
    }
    insta::assert_snapshot!(out);
}

/// The verifier took a mask of any column for one that hides something, and refused with an alarm.
#[test]
fn a_mask_of_a_column_that_the_table_does_not_have_hides_nothing_from_a_plan() {
    for (column, hides) in [("nowhere", false), ("'nowhere*'", false), ("email", true), ("'*'", true)] {
        let text = format!(
            "apiVersion: sluice/v1
kind: Domain
metadata: {{name: all}}
spec: {{central: true}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {{name: all, domain: all}}
spec:
  tables: [{{catalog: lake, schema: '*', table: '*'}}]
  grants: [{{to: {{everyone: true}}, privileges: [select]}}]
  masks: [{{column: {column}, expression: 'NULL'}}]
"
        );
        let snapshot = super::compile(&text);
        for sql in ["EXPLAIN SELECT id FROM employees", "EXPLAIN ANALYZE SELECT id FROM employees"] {
            let decision = decide(&snapshot, "anna", sql);
            assert_eq!(decision.alarm, None, "{column}: {sql}");
            assert_eq!(matches!(decision.outcome, Outcome::Refuse(_)), hides, "{column}: {sql}");
        }
    }
}

/// What is hidden of metadata can be proved to be hidden, whatever form a denial has.
#[test]
fn metadata_without_what_is_denied_can_be_proved() {
    for denial in [
        "{tables: [{catalog: lake, schema: hr, table: employees}], denies: [{privileges: [select]}]}",
        "{tables: [{catalog: lake, schema: hr, table: 'emp*'}], denies: [{privileges: [all]}]}",
        "{tables: [{catalog: '*', schema: 'h*', table: '*s'}], denies: [{privileges: [all]}]}",
        "{tables: [{catalog: lake, schema: hr, table: '*'}], denies: [{privileges: [select], columns: {only: [ssn]}}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], denies: [{privileges: [select], columns: {only: ['*n', id]}}]}",
        "{tables: [{catalog: '*', schema: '*', table: 'e*s'}], denies: [{privileges: [select], columns: {except: [id, name]}}]}",
        "{tables: [{catalog: lake, schema: '*', table: '*'}], denies: [{privileges: [select], columns: {except: [id, 'n*']}}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], denies: [{privileges: [select], columns: {onlyTagged: [pii]}}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], denies: [{privileges: [select], columns: {exceptTagged: [pii]}}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], exceptTables: [{catalog: lake, schema: hr, table: employees}], \
          grants: [{to: {everyone: true}, privileges: [select, show]}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], exceptTables: [{catalog: lake, schema: 'h*', table: '*'}, \
          {catalog: '*', schema: '*', table: 'o*s'}], grants: [{to: {everyone: true}, privileges: [select, show], columns: {except: [id]}}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], exceptTables: [{catalog: lake, schema: '*', table: '*'}], \
          grants: [{to: {everyone: true}, privileges: [all]}]}",
        "{tables: [{catalog: '*', schema: '*', table: '*'}], exceptTables: [{catalog: lake, schema: hr, table: reviews}], \
          denies: [{privileges: [select], columns: {only: [ssn]}}]}",
    ] {
        let text = format!(
            "{POLICIES}---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: x, domain: platform}}\nspec: {denial}\n"
        );
        let snapshot = super::compile(&text);
        for user in ["anna", "bob", "eve", "ada"] {
            for sql in [
                "SELECT * FROM lake.information_schema.tables",
                "SELECT * FROM lake.information_schema.columns",
                "SELECT * FROM lake.information_schema.views",
                "SELECT * FROM system.jdbc.columns",
                "SELECT * FROM system.metadata.materialized_views",
                "SHOW TABLES FROM lake.hr",
                "SHOW SCHEMAS",
                "SHOW CATALOGS",
            ] {
                let decision = decide(&snapshot, user, sql);
                assert_eq!(decision.alarm, None, "{user}: {sql}: {denial}");
            }
        }
    }
}
