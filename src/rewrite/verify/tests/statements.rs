//! Statements around queries: which are proved, and by what.

use super::accepted::filled;
use super::fixture::*;
use crate::analysis::session::Session;

#[test]
fn statements_that_change_nothing_hidden_are_proved() {
    for text in [
        "EXPLAIN SELECT * FROM lake.sales.customers",
        "EXPLAIN ANALYZE SELECT * FROM lake.sales.customers",
        "EXPLAIN (TYPE VALIDATE) SELECT * FROM {employees} e",
        "SHOW STATS FOR lake.sales.customers",
        "SHOW STATS FOR (SELECT * FROM lake.sales.customers)",
        "SHOW CREATE TABLE lake.sales.customers",
        "SHOW FUNCTIONS",
        "SHOW FUNCTIONS FROM lake.hr LIKE 'a%'",
        "SET SESSION query_max_run_time = '1h'",
        "RESET SESSION query_max_run_time",
        "SET TIME ZONE LOCAL",
        "SET TIME ZONE INTERVAL '2' HOUR",
        "USE lake.hr",
        "USE lake.information_schema",
        "START TRANSACTION READ ONLY",
        "COMMIT",
        "ROLLBACK",
        "PREPARE q FROM SELECT * FROM lake.finance.payments",
        "PREPARE q FROM INSERT INTO lake.hr.employees VALUES 1",
        "EXECUTE IMMEDIATE 'SELECT * FROM lake.sales.customers WHERE region = ?' USING 'EU'",
    ] {
        if let Err(unproved) = verify_text(&filled(text)) {
            panic!("{text}: {unproved}");
        }
    }
}

#[test]
fn a_prepared_statement_that_is_dropped_goes_along_with_a_text_that_is_proved() {
    let text = "DEALLOCATE PREPARE q";
    assert!(verify_rewritten(text, text, Some("SELECT 1")).is_ok());
    assert!(verify_rewritten(text, text, Some("SELECT * FROM lake.finance.payments")).is_err());
    assert!(verify_rewritten(text, text, None).is_err());
}

#[test]
fn a_session_property_of_a_catalog_that_is_not_known_of_is_not_told() {
    let told = |rows: &str| verify_rewritten("SHOW SESSION", &format!("SELECT * FROM (VALUES {rows}) t (a, b)"), None);
    assert!(told("('query_max', '1'), ('lake.a', '1')").is_ok());
    assert!(told("('query_max', '1'), ('unknown.a', '1')").is_err());
}

#[test]
fn statements_that_tell_or_change_what_is_hidden_are_not_proved() {
    for text in [
        "SHOW SESSION LIKE 'q%'",
        "EXPLAIN SELECT * FROM {employees} e",
        "EXPLAIN (TYPE VALIDATE, TYPE IO) SELECT * FROM {employees} e",
        "EXPLAIN (TYPE LOGICAL) SELECT * FROM {orders} e",
        "EXPLAIN ANALYZE SELECT * FROM {guarded} e",
        "EXPLAIN SELECT * FROM {tables} e",
        "EXPLAIN SELECT * FROM lake.finance.payments",
        "EXPLAIN (TYPE VALIDATE) SELECT * FROM lake.finance.payments",
        "SHOW STATS FOR lake.hr.employees",
        "SHOW STATS FOR lake.finance.payments",
        "SHOW STATS FOR (SELECT * FROM {employees} e)",
        "SHOW STATS FOR (SELECT * FROM lake.finance.payments)",
        "SHOW CREATE TABLE lake.hr.employees",
        "SHOW CREATE TABLE lake.hr.reviews",
        "SHOW CREATE SCHEMA lake.hr",
        "SHOW FUNCTIONS FROM lake.finance",
        "SHOW TABLES",
        "SHOW TABLES FROM lake.hr",
        "SHOW SCHEMAS",
        "SHOW CATALOGS",
        "SHOW COLUMNS FROM lake.hr.employees",
        "SET SESSION legacy_views = true",
        "SET SESSION lake.query_max_run_time = '1h'",
        "SET SESSION query_max_run_time = (SELECT max(iban) FROM lake.finance.payments)",
        "SET TIME ZONE (SELECT max(iban) FROM lake.finance.payments)",
        "RESET SESSION legacy_views",
        "USE lake.finance",
        "USE tpch.tiny",
        "USE finance",
        "INSERT INTO lake.hr.employees SELECT 1",
        "CREATE TABLE lake.hr.x AS SELECT 1 AS x",
        "CALL system.runtime.kill_query('x')",
        "EXECUTE q",
        "EXECUTE IMMEDIATE 'SELECT * FROM lake.hr.employees'",
        "EXECUTE IMMEDIATE 'SELECT * FROM lake.sales.customers WHERE region = ?' USING region",
        "EXECUTE IMMEDIATE 'SELECT ?' USING (SELECT max(iban) FROM lake.finance.payments)",
        "EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''SELECT * FROM lake.hr.employees'''",
        "EXECUTE IMMEDIATE 'INSERT INTO lake.hr.employees VALUES 1'",
        "EXECUTE IMMEDIATE 'SET SESSION legacy_views = true'",
    ] {
        assert!(verify_text(&filled(text)).is_err(), "{text}");
    }
}

#[test]
fn execute_is_proved_by_the_text_that_goes_along() {
    let prepared = filled("SELECT * FROM {employees} e WHERE id = ?");
    assert!(verify_rewritten("EXECUTE q USING 1", "EXECUTE q USING 1", Some(&prepared)).unwrap().restricted());
    assert!(verify_rewritten("DESCRIBE OUTPUT q", "DESCRIBE OUTPUT q", Some(&prepared)).unwrap().restricted());
    for (sql, prepared) in [
        ("EXECUTE q", "SELECT * FROM lake.hr.employees"),
        ("DESCRIBE OUTPUT q", "SELECT * FROM lake.finance.payments"),
        ("DESCRIBE INPUT q", "SELECT * FROM lake.finance.payments"),
        ("EXECUTE \"Q\"", "SELECT 1"),
        ("EXECUTE other", "SELECT 1"),
        ("EXECUTE q", "SELECT"),
        ("EXECUTE q USING region", "SELECT * FROM lake.sales.customers WHERE region = ?"),
    ] {
        assert!(verify_rewritten(sql, sql, Some(prepared)).is_err(), "{sql} of {prepared}");
    }
}

#[test]
fn a_statement_must_stay_what_it_was() {
    assert!(verify_rewritten("SHOW TABLES", &filled("SELECT * FROM {tables} t"), None).is_ok());
    assert!(verify_rewritten("EXPLAIN SELECT 1", "SELECT 1", None).is_err());
    assert!(verify_rewritten("SELECT 1", "COMMIT", None).is_err());
    assert!(verify_rewritten("SELECT 1", "EXECUTE IMMEDIATE 'SELECT 1'", None).is_err());
}

#[test]
fn a_text_that_was_changed_counts_as_restricted() {
    assert!(!verify_text("SELECT 1").unwrap().restricted());
    assert!(verify_rewritten("SELECT 1", "SELECT 1 FROM (VALUES 1) \"t\" (\"x\")", None).unwrap().restricted());
}

#[test]
fn names_are_resolved_by_the_session_and_by_nothing_else() {
    let none = Session::default();
    assert!(verify_in(&none, "SELECT 1 FROM customers", "SELECT 1 FROM customers", None).is_err());
    assert!(verify_in(&none, "SELECT 1 FROM lake.sales.customers", "SELECT 1 FROM lake.sales.customers", None).is_ok());
    let sales = Session { catalog: Some("LAKE".into()), schema: Some("Sales".into()), ..Session::default() };
    assert!(verify_in(&sales, "SELECT 1 FROM Customers", "SELECT 1 FROM Customers", None).is_ok());
    let blank = Session { catalog: Some(" lake".into()), schema: Some("sales".into()), ..Session::default() };
    assert!(verify_in(&blank, "SELECT 1 FROM customers", "SELECT 1 FROM customers", None).is_err());
}

#[test]
fn a_session_property_that_is_not_granted_refuses_each_statement() {
    let with = |property: &str| Session {
        properties: [(property.to_owned(), "true".to_owned())].into(),
        ..Session::default()
    };
    assert!(verify_in(&with("query_max_run_time"), "SELECT 1", "SELECT 1", None).is_ok());
    assert!(verify_in(&with("legacy_views"), "SELECT 1", "SELECT 1", None).is_err());
}

#[test]
fn a_statement_within_a_statement_is_of_its_class_too() {
    let mut session = Session { catalog: Some("lake".into()), schema: Some("hr".into()), ..Session::default() };
    session.prepared.insert("q".into(), "SHOW SESSION".into());
    let hidden = "SELECT * FROM (VALUES ('vault.x', '1')) t (a, b)";
    let shown = "SELECT * FROM (VALUES ('query_max_run_time', '1')) t (a, b)";
    let immediate = |text: &str| format!("EXECUTE IMMEDIATE '{}'", text.replace('\'', "''"));
    for (sql, becomes) in [
        ("EXPLAIN SHOW SESSION", format!("EXPLAIN {shown}")),
        ("EXPLAIN ANALYZE SHOW SESSION", format!("EXPLAIN ANALYZE {shown}")),
        ("EXECUTE IMMEDIATE 'SHOW SESSION'", immediate(shown)),
        ("EXECUTE IMMEDIATE 'EXPLAIN SHOW SESSION'", immediate(&format!("EXPLAIN {shown}"))),
    ] {
        let verified = |text: &str| verify_in(&session, sql, text, None);
        assert!(verified(&becomes).is_ok(), "{sql} {becomes} {:?}", verified(&becomes));
        let other = becomes.replace("query_max_run_time", "vault.x");
        assert!(verified(&other).is_err(), "{sql} {other}");
        assert!(verified(&sql.replace("SHOW SESSION", "SHOW CATALOGS")).is_err(), "{sql}");
    }
    for (sql, text, prepared) in [
        ("EXECUTE q", "EXECUTE q", hidden),
        ("DESCRIBE OUTPUT q", "DESCRIBE OUTPUT q", hidden),
        ("EXECUTE q", "EXECUTE q", "EXECUTE q"),
        ("EXECUTE q", "EXECUTE p", shown),
        ("EXECUTE p", "EXECUTE p", shown),
        ("EXPLAIN SELECT 1", "EXPLAIN SHOW CATALOGS", ""),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN ANALYZE ROLLBACK", ""),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE IMMEDIATE 'COMMIT'", ""),
    ] {
        let prepared = Some(prepared).filter(|text| !text.is_empty());
        assert!(verify_in(&session, sql, text, prepared).is_err(), "{sql} {text} {prepared:?}");
    }
    assert!(verify_in(&session, "EXECUTE q", "EXECUTE q", Some(shown)).is_ok());
}
