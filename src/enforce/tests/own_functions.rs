//! Functions that a statement brings along.

use super::mesh::{self, SNAPSHOT, answer, outcome, session};
use crate::catalog::table::{Need, Tables};
use crate::enforce::{Aids, Options, Request};
use crate::names::TableName;
use crate::rewrite::{Guarded, PositionMap, Proposal, Unproved, verify};

const TWICE: &str = "WITH FUNCTION twice(x bigint) RETURNS bigint RETURN x * 2 ";

#[test]
fn what_becomes_of_each_is_as_the_snapshot_says() {
    let loop_of = "WITH FUNCTION f(x bigint) RETURNS bigint BEGIN DECLARE a bigint DEFAULT 1; \
                   WHILE a < x DO SET a = a * 2; END WHILE; RETURN a; END ";
    let statements = [
        format!("{TWICE}SELECT twice(nationkey) FROM tpch.tiny.nation"),
        format!("{TWICE}SELECT twice(id) FROM reviews WHERE twice(score) > 4"),
        format!("{TWICE}, FUNCTION four(x bigint) RETURNS bigint RETURN twice(twice(x)) SELECT four(id), email FROM employees"),
        format!("{loop_of}SELECT f(id) FROM employees"),
        "WITH FUNCTION split_part(s varchar, d varchar, n bigint) RETURNS varchar RETURN s SELECT email FROM employees".to_owned(),
        format!("CREATE TABLE lake.scratch.new AS {TWICE}SELECT twice(id) AS x, email FROM employees"),
        format!("INSERT INTO lake.scratch.own {TWICE}SELECT twice(id), 'x' FROM reviews"),
        format!("EXECUTE IMMEDIATE '{TWICE}SELECT twice(id) FROM reviews'"),
        format!("EXPLAIN (TYPE VALIDATE) {TWICE}SELECT twice(id) FROM reviews"),
        // What is not decided, or not allowed.
        format!("EXPLAIN {TWICE}SELECT twice(id) FROM reviews"),
        format!("{TWICE}SELECT twice(id) FROM directory"),
        format!("{TWICE}SELECT twice(payment_id) FROM lake.finance.payments"),
        format!("CREATE VIEW lake.scratch.v AS {TWICE}SELECT twice(1) AS x"),
        "WITH FUNCTION f() RETURNS bigint RETURN (SELECT count(*) FROM lake.finance.payments) SELECT f()".to_owned(),
        "WITH FUNCTION f(x bigint) RETURNS bigint RETURN lake.hr.g(x) SELECT f(1)".to_owned(),
        "WITH FUNCTION f(x varchar) RETURNS varchar RETURN \"$like\"(x) SELECT f('a')".to_owned(),
        "WITH FUNCTION concat(a varchar, b varchar) RETURNS varchar RETURN a SELECT email FROM employees".to_owned(),
        "WITH FUNCTION CONCAT(a varchar, b varchar) RETURNS varchar RETURN a SELECT email FROM employees".to_owned(),
        "WITH FUNCTION \"strpos\"(a varchar, b varchar) RETURNS bigint RETURN 1 SELECT email FROM employees".to_owned(),
        "WITH FUNCTION lake.hr.f() RETURNS bigint RETURN 1 SELECT lake.hr.f()".to_owned(),
        "WITH FUNCTION f(x bigint) RETURNS bigint LANGUAGE PYTHON WITH (handler = 'f') AS $$\ndef f(x): return x\n$$ SELECT f(1)".to_owned(),
    ];
    let told = statements.map(|sql| match outcome("analyst", &session("lake.hr"), &sql) {
        Ok(text) => format!("{sql}\n    {text}"),
        Err(refusal) => format!("{sql}\n  ! {} {:?} {}", refusal.code.parts().0, refusal.location, refusal.message),
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn statements_that_are_refused_are_not_proved_either() {
    for sql in [
        "CREATE VIEW lake.scratch.v AS WITH FUNCTION f() RETURNS int RETURN 1 SELECT f() AS x",
        "WITH FUNCTION f() RETURNS bigint RETURN 1 SELECT id FROM lake.hr.employees",
        "WITH FUNCTION f() RETURNS bigint RETURN 1 TABLE lake.hr.directory",
    ] {
        assert!(mesh::forged("analyst", &session("lake.hr"), sql).is_err(), "{sql}");
    }
}

/// What the verifier says where nothing is known but the table `employees`, and perhaps a view.
fn proved(view: bool, text: &str) -> Result<Guarded, Unproved> {
    let mut tables = Tables::default();
    for name in ["employees", "directory"].into_iter().take(if view { 2 } else { 1 }) {
        let need = Need::Table(TableName::new("lake", "hr", name));
        tables.insert(need.clone(), answer(&need));
    }
    let (subject, session, options) = (SNAPSHOT.subject("analyst", &[]), session("lake.hr"), Options::TESTS);
    let request = Request {
        sql: text,
        session: &session,
        subject: &subject,
        snapshot: &SNAPSHOT,
        tables: &tables,
        options: &options,
        aids: Aids::default(),
    };
    let positions = PositionMap::apply(text, Vec::new());
    verify(Proposal { text: text.to_owned(), prepared: None, positions }, &request)
}

#[test]
fn a_guard_has_to_call_by_full_names_beside_them() {
    let function = "WITH FUNCTION split_part(s varchar, d varchar, n bigint) RETURNS varchar RETURN s ";
    let guard = "SELECT t.email FROM (SELECT IF(b.ok, b.email) AS email FROM (SELECT \
                 CAST(('***@' || system.builtin.split_part(a.email, '@', 2)) AS varchar) AS email, (a.region = 'EU') AS ok \
                 FROM lake.hr.employees a) b WHERE b.ok LIMIT 9223372036854775807) t";
    let text = format!("{function}{guard}");
    assert!(proved(false, &text).is_ok(), "{:?}", proved(false, &text));
    for (view, text) in [
        (true, text.clone()),
        (false, text.replace("system.builtin.", "")),
        (false, text.replace("IF(b.ok, b.email)", "b.email")),
        (false, text.replace("split_part(s", "concat(s")),
        (false, text.replace("RETURN s", "RETURN (SELECT max(ssn) FROM lake.hr.employees)")),
        (false, text.replace("RETURN s", "RETURN lake.hr.f(s)")),
        (false, text.replace(" LIMIT 9223372036854775807", "")),
        (false, format!("WITH SESSION a = 1 {text}")),
    ] {
        assert!(proved(view, &text).is_err(), "{view} {text}");
    }
}
