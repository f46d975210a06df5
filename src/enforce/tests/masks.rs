//! Masks by name in whole statements: put in by rewriting, and proved by the verifier, for columns of each type.

use super::compile;
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind, Tables};
use crate::enforce::{Aids, Decisions, Enforced, Options, Outcome, Request, enforce};
use crate::names::TableName;
use crate::policy::Snapshot;
use std::fmt::Write as _;
use std::sync::Arc;

const BASE: &str = "apiVersion: sluice/v1
kind: Domain
metadata: {name: all}
spec: {central: true}
---
apiVersion: sluice/v1
kind: Masks
metadata: {name: masks, domain: all}
spec:
  keys: {catalog: memory, schema: masks, table: keys}
  masks: {pseudonym: hash(customers)}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: p, domain: all}
spec:
  tables: [{catalog: lake, schema: s, table: t}]
  grants: [{to: {everyone: true}, privileges: [select]}]
";

fn policies(masks: &str) -> Snapshot {
    compile(&format!("{BASE}  masks:\n{masks}"))
}

fn tables(columns: &[(String, String)]) -> Tables {
    let mut tables = Tables::default();
    let mut add = |name: TableName, columns: Vec<Column>| {
        tables.insert(Need::Table(name), Known::Table(Arc::new(Table { columns, kind: TableKind::Table })));
    };
    let column = |name: &str, data_type: &str| Column { name: name.into(), data_type: data_type.into() };
    add(TableName::new("lake", "s", "t"), columns.iter().map(|(name, of)| column(name, of)).collect());
    add(TableName::new("memory", "masks", "keys"), vec![column("name", "varchar"), column("key", "varbinary")]);
    tables
}

/// What is sent, or what is told.
fn outcome(snapshot: &Snapshot, tables: &Tables, sql: &str) -> Result<String, String> {
    let subject = snapshot.subject("anna", &[]);
    let session = Session::default();
    let options = Options { second_opinion: true, ..Options::TESTS };
    let request = Request {
        sql,
        session: &session,
        subject: &subject,
        snapshot,
        tables,
        options: &options,
        aids: Aids::default(),
    };
    match enforce(&request, &mut |_| ()) {
        Enforced::Decided(decision) => match &decision.outcome {
            Outcome::Forward(guarded) => Ok(guarded.text().to_owned()),
            Outcome::Refuse(refusal) => Err(refusal.message.clone()),
        },
        Enforced::Needs(needs) => panic!("{needs:?}"),
    }
}

#[test]
fn each_mask_of_each_type_is_put_in_and_proved() {
    let snapshot = include_str!("../../../tests/masks/expressions.snap");
    let lines = snapshot.splitn(3, "---\n").nth(2).unwrap().lines().filter(|line| !line.is_empty());
    let mut rules = String::new();
    let mut columns = Vec::new();
    let mut refused = Vec::new();
    for (number, line) in lines.enumerate() {
        let (data_type, rest) = line.split_once(" | ").unwrap();
        let holds = !rest.contains(" ! ");
        let head = rest.split(" | ").next().unwrap().split(" ! ").next().unwrap();
        let (path, mask) = match head.strip_prefix(['.', '[', '{']) {
            Some(_) => head.rsplit_once(' ').unwrap(),
            None => ("", head),
        };
        let mask = if mask.starts_with("hash") { "pseudonym" } else { mask };
        let path = if path.is_empty() { String::new() } else { format!(", path: '{path}'") };
        let rule = |column: &str| format!("    - {{column: {column}{path}, mask: {mask}}}\n");
        if holds {
            let column = format!("c{number}");
            rules.push_str(&rule(&column));
            columns.push((column, data_type.to_owned()));
        } else {
            refused.push((rule("c"), data_type.to_owned()));
        }
    }
    assert!(columns.len() > 130 && refused.len() > 190, "{} {}", columns.len(), refused.len());
    let sent = outcome(&policies(&rules), &tables(&columns), "SELECT * FROM lake.s.t").unwrap();
    for (column, data_type) in &columns {
        assert!(sent.contains(&format!("AS {data_type}) AS \"{column}\"")), "{column} {data_type}");
    }
    // One of each mask and type would take long to compile.
    for (rule, data_type) in refused.iter().step_by(7) {
        let why = outcome(&policies(rule), &tables(&[("c".to_owned(), data_type.clone())]), "SELECT c FROM lake.s.t");
        let why = why.expect_err(data_type);
        assert!(why.contains("policy all/p can't be applied to column c"), "{why}");
    }
}

#[test]
fn what_is_sent_and_told_is_as_the_snapshot_says() {
    let row = "row(street varchar, city varchar(20), phones array(row(kind varchar, number varchar)))";
    let columns: Vec<(String, String)> = [("id", "bigint"), ("mail", "varchar"), ("address", row)]
        .map(|(name, of)| (name.to_owned(), of.to_owned()))
        .into();
    let mut told = String::new();
    for (masks, sql) in [
        ("    - {column: mail, mask: email}\n", "SELECT mail FROM lake.s.t"),
        ("    - {column: mail, mask: pseudonym}\n", "SELECT mail FROM lake.s.t"),
        (
            "    - {column: address, path: street, mask: redact}\n    - {column: address, path: 'phones[].number', mask: last(2)}\n",
            "SELECT address FROM lake.s.t",
        ),
        ("    - {column: address, path: zip, mask: null}\n", "SELECT id FROM lake.s.t"),
        ("    - {column: id, mask: email}\n", "SELECT mail FROM lake.s.t"),
        ("    - {column: id, mask: pseudonym}\n", "SELECT key FROM memory.masks.keys"),
        ("    - {column: id, mask: pseudonym}\n", "EXPLAIN SELECT id FROM lake.s.t"),
    ] {
        let _ = match outcome(&policies(masks), &tables(&columns), sql) {
            Ok(text) => writeln!(told, "{sql}\n  > {text}"),
            Err(message) => writeln!(told, "{sql}\n  ! {message}"),
        };
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_column_of_another_type_gets_a_new_decision() {
    let snapshot = policies("    - {column: c, mask: redact}\n");
    let subject = snapshot.subject("anna", &[]);
    let (session, options) = (Session::default(), Options::TESTS);
    let decisions = Decisions::new(1 << 20);
    let decide = |data_type: &str| {
        let tables = tables(&[("c".to_owned(), data_type.to_owned())]);
        let (session, options) = (&session, &options);
        let request = Request {
            sql: "SELECT c FROM lake.s.t",
            session,
            subject: &subject,
            snapshot: &snapshot,
            tables: &tables,
            options,
            aids: Aids::default(),
        };
        let recalled = matches!(decisions.recall(&request, &mut |_| ()), Some(Enforced::Decided(_)));
        let Enforced::Decided(decision) = enforce(&request, &mut |_| ()) else { panic!("needs") };
        decisions.keep(&request, &decision);
        recalled
    };
    assert_eq!([decide("bigint"), decide("bigint"), decide("varchar")], [false, true, false]);
}

#[test]
fn a_mask_that_can_fail_gets_the_guarded_form_where_a_star_passes_it_on() {
    let columns = [("id".to_owned(), "bigint".to_owned()), ("c".to_owned(), "varchar".to_owned())];
    let sent = |mask: &str, sql: &str| {
        let snapshot =
            policies(&format!("    - {{column: c, expression: \"{mask}\"}}\n  filters: [{{expression: id > 5}}]\n"));
        outcome(&snapshot, &tables(&columns), sql).unwrap()
    };
    let through = "WITH e AS (SELECT * FROM lake.s.t) SELECT id FROM e WHERE c = '1'";
    assert!(sent("CAST(CAST({column} AS bigint) / 10 AS varchar)", through).contains("IF("));
    assert!(
        !sent("CAST(CAST({column} AS bigint) / 10 AS varchar)", "SELECT id FROM lake.s.t WHERE id = 1").contains("IF(")
    );
    // A bad position fails for each row; a position that depends on the row fails for some.
    assert!(!sent("split_part({column}, '@', 2)", through).contains("IF("));
    assert!(sent("split_part({column}, '@', id)", through).contains("IF("));
    assert!(
        sent("split_part({column}, '@', 2)", &through.replace("c = '1'", "split_part(c, '@', 2) = '1'"))
            .contains("IF(")
    );
}
