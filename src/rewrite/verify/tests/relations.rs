//! Which relations a proof rests on.

use super::fixture::*;
use crate::names::TableName;
use crate::rewrite::{Is, Relations, Told};

fn shown(relations: &Relations) -> String {
    let mut lines: Vec<String> = relations
        .names()
        .map(|name| {
            let named = if relations.named().any(|named| named == name) { "" } else { "through a view: " };
            match relations.proved(name) {
                Some(Is::View(text)) => format!("{named}{name} = {text}"),
                _ => format!("{named}{name}"),
            }
        })
        .collect();
    lines.push(format!("{:?}", relations.told()));
    lines.join("\n")
}

fn of(text: &str) -> String {
    let text = text
        .replace("{employees}", EMPLOYEES)
        .replace("{guarded}", EMPLOYEES_GUARDED)
        .replace("{reviews}", REVIEWS)
        .replace("{contacts}", CONTACTS)
        .replace("{tables}", SHOWN_TABLES);
    shown(verify_text(&text).unwrap_or_else(|unproved| panic!("{text}: {unproved}")).relations())
}

#[test]
fn each_relation_is_noted_by_what_it_is() {
    insta::assert_snapshot!(of("SELECT * FROM lake.sales.customers, {employees} \"e\" WHERE region IN (SELECT region FROM lake.sales.gone)"), @r"
lake.hr.employees
lake.sales.customers
lake.sales.gone
InTime
");
    insta::assert_snapshot!(of("SELECT max(id + 1) FROM {guarded} \"e\""), @r"
lake.hr.employees
InTime
");
    insta::assert_snapshot!(of("SELECT * FROM lake.sales.companies"), @r"
lake.sales.companies = SELECT company FROM lake.sales.customers
through a view: lake.sales.customers
InTime
");
    insta::assert_snapshot!(of("SELECT * FROM lake.sales.companies, lake.sales.customers"), @r"
lake.sales.companies = SELECT company FROM lake.sales.customers
lake.sales.customers
InTime
");
    insta::assert_snapshot!(of("SELECT * FROM {tables} \"t\", lake.sales.\"customers$files\""), @r"
lake.information_schema.tables
lake.sales.customers$files
InTime
");
}

#[test]
fn a_named_query_is_no_relation() {
    insta::assert_snapshot!(of("WITH payments AS (SELECT 1 AS x), c AS (TABLE lake.sales.customers) SELECT * FROM payments, c"), @r"
lake.sales.customers
InTime
");
    insta::assert_snapshot!(of("SELECT 1"), @"InTime");
}

#[test]
fn what_a_policy_reads_is_the_policys() {
    let guarded = verify_text(&format!("SELECT * FROM {CONTACTS} \"c\"")).unwrap();
    let (keys, contacts) = (TableName::new("lake", "keys", "keys"), TableName::new("lake", "hr", "contacts"));
    assert!(guarded.relations().only_of_policies(&keys));
    assert!(!guarded.relations().only_of_policies(&contacts));
    let both = verify_text(&format!("SELECT * FROM {REVIEWS} \"r\", {EMPLOYEES} \"e\"")).unwrap();
    assert!(!both.relations().only_of_policies(&TableName::new("lake", "hr", "employees")));
}

#[test]
fn it_is_said_when_trino_tells_of_them() {
    for (text, told) in [
        ("SELECT * FROM lake.sales.customers", Told::InTime),
        ("EXPLAIN ANALYZE SELECT * FROM lake.sales.customers", Told::InTime),
        ("EXECUTE IMMEDIATE 'SELECT * FROM lake.sales.customers'", Told::InTime),
        ("EXPLAIN SELECT * FROM lake.sales.customers", Told::Never),
        ("SHOW STATS FOR lake.sales.customers", Told::Never),
        ("SHOW STATS FOR (SELECT * FROM lake.sales.customers)", Told::Never),
    ] {
        let guarded = verify_text(text).unwrap();
        assert_eq!(guarded.relations().told(), told, "{text}");
        assert_eq!(guarded.relations().is_empty(), told == Told::Never, "{text}");
    }
    let described =
        verify_rewritten("DESCRIBE OUTPUT q", "DESCRIBE OUTPUT q", Some("SELECT * FROM lake.sales.customers"));
    assert_eq!(described.unwrap().relations().told(), Told::Never);
}
