//! What a correct rewriting looks like, in each place that a table can stand.

use super::fixture::*;

/// Texts with `{employees}` and its like for the guards, and whether a guard is in them.
const ACCEPTED: &[(&str, &str)] = &[
    ("a guard in the plain form", "SELECT id FROM {employees} \"e\""),
    ("a guard in the guarded form", "SELECT id FROM {guarded} \"e\""),
    ("a guard whose columns stand by themselves", "SELECT id FROM {bare} \"e\""),
    ("a guard with a sub-query in its filter", "SELECT * FROM {reviews} \"reviews\""),
    ("a guard with a mask only", "SELECT count(*) FROM {orders} \"orders\""),
    ("a guard with masks inside columns", "SELECT name, home.city, phones FROM {contacts} \"contacts\""),
    ("a guard with column aliases", "SELECT a FROM {orders} \"o\" (a, b)"),
    ("a guard in place of TABLE t", "{employees} UNION ALL {employees}"),
    ("a guard in a named query", "WITH x AS (SELECT * FROM {employees} \"e\") SELECT * FROM x"),
    (
        "a guard in a named query of the table's name",
        "WITH employees AS (SELECT * FROM {employees} \"employees\") SELECT * FROM employees",
    ),
    (
        "a guard in a join",
        "SELECT * FROM {employees} \"e\" JOIN {reviews} \"r\" ON e.id = r.id LEFT JOIN lake.sales.customers c ON true",
    ),
    ("a guard in a sub-query in an expression", "SELECT (SELECT max(id) FROM {guarded} \"e\"), EXISTS {orders}"),
    (
        "a guard below a lambda",
        "SELECT transform(ARRAY[1], sluice_1 -> sluice_1 + (SELECT max(id) FROM {guarded} \"e\"))",
    ),
    (
        "a guard in a lateral query",
        "SELECT * FROM lake.sales.customers \"sluice_1\" CROSS JOIN LATERAL (SELECT * FROM {employees} \"e\" WHERE e.region = \"sluice_1\".region)",
    ),
    ("a guard with a sample", "SELECT * FROM {employees} \"e\" TABLESAMPLE BERNOULLI (10)"),
    (
        "a guard with a row pattern",
        "SELECT * FROM {employees} \"e\" MATCH_RECOGNIZE (ORDER BY id MEASURES A.id AS x PATTERN (A) DEFINE A AS true)",
    ),
    (
        "a guard as a table argument",
        "SELECT * FROM TABLE(exclude_columns(input => TABLE{employees} AS \"employees\", columns => DESCRIPTOR(id)))",
    ),
    ("a user's own query around a guard", "SELECT x.id FROM (SELECT e.id FROM {employees} e) x WHERE x.id > 1"),
    (
        "an unrestricted table by each of its names",
        "SELECT * FROM lake.sales.customers, sales.customers c, \"LAKE\".\"Sales\".\"CUSTOMERS\" d",
    ),
    (
        "a named query in place of a table",
        "WITH payments AS (SELECT 1 AS x) SELECT * FROM payments, TABLE(exclude_columns(TABLE(payments), DESCRIPTOR(x))) UNION ALL TABLE payments",
    ),
    (
        "a recursive query",
        "WITH RECURSIVE r (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i < 3) SELECT * FROM r",
    ),
    ("a view over unrestricted tables", "SELECT * FROM lake.sales.companies"),
    ("metadata tables of an unrestricted table", "SELECT * FROM lake.sales.\"customers$files\""),
    ("an unrestricted table that is gone", "SELECT * FROM lake.sales.gone"),
    ("tables of a catalog", "SELECT * FROM {tables} \"tables\""),
    ("columns of a catalog", "SELECT * FROM {columns} \"columns\""),
    ("the user's own statements", "SELECT * FROM {queries} \"queries\""),
    ("no table at all", "SELECT 1 FROM (VALUES 1, 2) t (x) CROSS JOIN UNNEST(ARRAY[1]) u (y)"),
    ("Trino's own functions, with and without their schema", "SELECT system.builtin.upper('a'), lower('A')"),
    (
        "a view's text in place of its name",
        "SELECT * FROM (SELECT \"sluice_4\".\"id\" AS \"id\" FROM (SELECT id FROM {employees} \"employees\") \"sluice_4\" (\"id\")) \"directory\"",
    ),
];

pub(super) fn filled(text: &str) -> String {
    text.replace("{employees}", EMPLOYEES)
        .replace("{guarded}", EMPLOYEES_GUARDED)
        .replace("{reviews}", REVIEWS)
        .replace("{orders}", ORDERS)
        .replace("{contacts}", CONTACTS)
        .replace("{tables}", SHOWN_TABLES)
        .replace("{columns}", SHOWN_COLUMNS)
        .replace("{queries}", OWN_QUERIES)
        .replace("{bare}", EMPLOYEES_BARE)
}

#[test]
fn the_select_around_another_names_its_columns_alone() {
    let alone = EMPLOYEES_GUARDED.replace("\"sluice_2\".", "");
    let guarded = verify_text(&format!("SELECT id FROM {alone} \"e\"")).unwrap();
    assert!(guarded.restricted());
}

#[test]
fn each_correct_text_is_proved() {
    let mut failed = Vec::new();
    for (what, text) in ACCEPTED {
        match verify_text(&filled(text)) {
            Ok(guarded) if guarded.restricted() == text.contains('{') => (),
            Ok(guarded) => failed.push(format!("{what}: restricted is {}", guarded.restricted())),
            Err(unproved) => failed.push(format!("{what}: {unproved}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn time_travel_of_a_guarded_table_is_proved() {
    for version in
        ["FOR VERSION AS OF 7", "FOR TIMESTAMP AS OF current_timestamp - INTERVAL '1' DAY", "FOR VERSION AS OF ?"]
    {
        let text = ORDERS.replace("\"orders\" \"sluice_1\"", &format!("\"orders\" {version} \"sluice_1\""));
        verify_text(&format!("SELECT * FROM {text} \"orders\"")).unwrap();
    }
}

#[test]
fn a_mask_or_filter_may_have_more_parentheses_and_its_items_any_order() {
    for filter in
        [r#"(("sluice_1"."region") = ('EU'))"#, r#"((("sluice_1"."region" = 'EU')))"#, r#""sluice_1"."region" = 'EU'"#]
    {
        let text = EMPLOYEES.replace("(\"sluice_1\".\"region\" = 'EU')", filter);
        verify_text(&format!("SELECT * FROM {text} e")).unwrap();
    }
    let items = "\"sluice_1\".\"id\" AS \"id\", \"sluice_1\".\"name\" AS \"name\"";
    let other = "\"sluice_1\".\"name\" AS \"name\", \"sluice_1\".\"id\" AS \"id\"";
    verify_text(&format!("SELECT * FROM {} e", EMPLOYEES.replace(items, other))).unwrap();
}
