//! Which infos of Trino's are as the proof has it.

use super::*;
use serde_json::{Value, json};

fn name(table: &str) -> TableName {
    TableName::new("lake", "hr", table)
}

/// A statement that names the table `people` and the view `names` over `people`, with a policy that reads `lookup`.
fn relations() -> Relations {
    let mut relations = Relations::default();
    relations.add(name("people"), Is::Table, true);
    relations.add(name("names"), Is::View("SELECT 1".into()), true);
    relations.add(name("behind"), Is::Table, false);
    relations.add_of_policy(name("lookup"));
    relations
}

/// What Trino tells of one relation: its name, its text, and the views through which it was reached, the innermost first.
fn told(table: &str, text: Option<&str>, through: &[(&str, &str)]) -> Value {
    let chain = through
        .iter()
        .map(|(kind, view)| json!({"@type": kind, "catalogName": "lake", "schemaName": "hr", "viewName": view}));
    let mut told = json!({
        "catalog": "lake", "schema": "hr", "table": table, "authorization": "anna", "filters": [], "columns": [],
        "directlyReferenced": through.is_empty(), "referenceChain": chain.collect::<Vec<_>>(),
    });
    if let Some(text) = text {
        told["viewText"] = json!(text);
    }
    told
}

fn info(state: &str, tables: &[Value]) -> QueryInfo {
    let info = json!({"queryId": "q_1", "session": {}, "state": state, "inputs": [], "referencedTables": tables});
    serde_json::from_value(info).unwrap()
}

fn compared(tables: &[Value]) -> Compared {
    compare(&relations(), &info("PLANNING", tables))
}

fn people() -> Value {
    told("people", None, &[])
}

fn names() -> Value {
    told("names", Some("SELECT 1"), &[])
}

#[test]
fn what_was_proved_is_the_same() {
    let behind = told("behind", None, &[("view", "names")]);
    assert_eq!(compared(&[people(), names()]), Compared::Same);
    assert_eq!(compared(&[behind.clone(), people(), people(), names(), behind]), Compared::Same);
    let stored = told("behind", None, &[("materializedView", "names")]);
    assert_eq!(compared(&[people(), names(), stored]), Compared::Same);
}

#[test]
fn a_table_that_is_a_view_by_now_is_not() {
    let secret = told("secret", None, &[("view", "people")]);
    assert_eq!(compared(&[told("people", Some("SELECT 2"), &[]), names()]), Compared::Changed(name("people")));
    assert_eq!(compared(&[secret, people(), names()]), Compared::Changed(name("people")), "its text is not told");
    let deep = told("behind", Some("SELECT 2"), &[("view", "names")]);
    assert_eq!(compared(&[people(), names(), deep]), Compared::Changed(name("behind")));
}

#[test]
fn a_view_of_another_text_or_that_is_a_table_by_now_is_not() {
    for text in [Some("SELECT 2"), None] {
        let behind = told("secret", None, &[("view", "names")]);
        let names = told("names", text, &[]);
        assert_eq!(compared(&[behind, people(), names]), Compared::Changed(name("names")), "{text:?}");
    }
}

#[test]
fn a_relation_of_which_the_proof_does_not_speak_is_not() {
    assert_eq!(compared(&[people(), names(), told("secret", None, &[])]), Compared::Other(name("secret")));
    let through = told("people", None, &[("view", "secret_view")]);
    assert_eq!(compared(&[people(), names(), through]), Compared::Other(name("secret_view")));
    let behind = told("secret", None, &[("view", "names")]);
    assert_eq!(compared(&[people(), names(), behind]), Compared::Other(name("secret")));
}

#[test]
fn a_policys_expression_reads_by_its_own_authority() {
    let lookup = told("lookup", Some("SELECT 3"), &[]);
    let more = told("more", Some("SELECT 4"), &[("view", "lookup")]);
    let behind = told("secret", None, &[("view", "more"), ("view", "lookup")]);
    assert_eq!(compared(&[people(), names(), lookup.clone(), more, behind]), Compared::Same);
    let taken = told("secret", None, &[("view", "lookup"), ("view", "names")]);
    assert_eq!(compared(&[people(), names(), taken]), Compared::Other(name("lookup")), "a view of the user's reads it");
    let mut also = relations();
    also.add(name("lookup"), Is::Table, true);
    let told = info("PLANNING", &[people(), names(), lookup]);
    assert_eq!(compare(&also, &told), Compared::Changed(name("lookup")), "the statement names it too");
}

#[test]
fn so_does_trinos_own_access_control() {
    let mut filter = told("secret", None, &[("view", "names")]);
    filter["referenceChain"] = json!([
        {"@type": "view", "catalogName": "lake", "schemaName": "hr", "viewName": "names"},
        {"@type": "rowFilter", "expression": "x", "targetCatalogName": "lake", "targetSchemaName": "hr", "targetTableName": "behind"},
    ]);
    assert_eq!(compared(&[people(), names(), filter.clone()]), Compared::Same);
    filter["referenceChain"] = json!([{"@type": "columnMask", "expression": "x"}]);
    assert_eq!(compared(&[people(), names(), filter]), Compared::Same);
}

#[test]
fn what_the_statement_names_has_to_be_among_it() {
    assert_eq!(compared(&[people()]), Compared::NotYet);
    assert_eq!(compared(&[]), Compared::NotYet);
    assert_eq!(compare(&relations(), &info("FAILED", &[])), Compared::Same);
    assert_eq!(compare(&relations().told_at(Told::Late), &info("PLANNING", &[people()])), Compared::Same);
    let changed = info("FAILED", &[told("people", Some("SELECT 2"), &[])]);
    assert_eq!(compare(&relations(), &changed), Compared::Changed(name("people")));
}

#[test]
fn an_info_of_another_shape_can_not_be_read() {
    for info in [
        json!({"queryId": "q_1", "state": "PLANNING"}),
        json!({"queryId": "q_1", "state": "PLANNING", "referencedTables": [{"catalog": "a", "schema": "b", "table": "c"}]}),
        json!({"queryId": "q_1", "state": "PLANNING", "referencedTables": [
            {"catalog": "a", "schema": "b", "table": "c", "referenceChain": [{"@type": "function"}]},
        ]}),
    ] {
        assert!(serde_json::from_value::<QueryInfo>(info.clone()).is_err(), "{info}");
    }
}

#[test]
fn a_view_of_another_owner_is_not() {
    let mut relations = relations();
    relations.add(name("inner"), Is::View("SELECT 3".into()), false);
    relations.add_owner(name("names"), "svc".into());
    let compared = |owner: &str, inner: &str| {
        let by = |user: &str, mut told: Value| {
            told["authorization"] = json!(user);
            told
        };
        let tables = [
            people(),
            names(),
            by(owner, told("behind", None, &[("view", "names")])),
            // What stands in a view within the view was proved to be open to the owner.
            by(inner, told("people", None, &[("view", "inner"), ("view", "names")])),
            by(owner, told("inner", Some("SELECT 3"), &[("view", "names")])),
        ];
        compare(&relations, &info("PLANNING", &tables))
    };
    assert_eq!(compared("svc", "svc"), Compared::Same);
    assert_eq!(compared("svc", "other"), Compared::Same);
    assert_eq!(compared("anna", "svc"), Compared::Changed(name("names")));
}
