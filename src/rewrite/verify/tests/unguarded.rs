//! Texts with a table outside of a guard, or an expression that must not stand beside one.

use super::fixture::*;

/// What is wrong, and the text.
const UNGUARDED: &[(&str, &str)] = &[
    ("a restricted table by its full name", "SELECT id FROM lake.hr.employees"),
    ("a restricted table by the session", "SELECT id FROM employees"),
    ("a table that is not granted", "SELECT * FROM lake.finance.payments"),
    ("a table that nothing is known of", "SELECT * FROM lake.scratch_1.nobody_asked"),
    ("what a materialized view stores", "SELECT * FROM lake.sales.\"customers$materialized_view_storage\""),
    ("a name of four parts", "SELECT * FROM a.lake.sales.customers"),
    ("a catalog that is not granted", "SELECT * FROM tpch.tiny.nation"),
    ("TABLE t", "TABLE employees"),
    ("TABLE t in a union", "SELECT 1 UNION ALL TABLE lake.finance.payments"),
    ("a table argument", "SELECT * FROM TABLE(exclude_columns(TABLE(lake.hr.employees), DESCRIPTOR(id)))"),
    ("a table in a sub-query of an expression", "SELECT (SELECT max(iban) FROM lake.finance.payments)"),
    ("a table in EXISTS", "SELECT 1 WHERE EXISTS (TABLE lake.finance.payments)"),
    ("a table in IN", "SELECT 1 WHERE 1 IN (SELECT payment_id FROM lake.finance.payments)"),
    ("a table in a quantified comparison", "SELECT 1 WHERE 1 > ALL (SELECT payment_id FROM lake.finance.payments)"),
    ("a table in ORDER BY", "SELECT 1 ORDER BY (SELECT max(iban) FROM lake.finance.payments)"),
    ("a table in GROUP BY", "SELECT 1 GROUP BY (SELECT max(iban) FROM lake.finance.payments)"),
    (
        "a table in grouping sets",
        "SELECT 1 GROUP BY GROUPING SETS (((SELECT max(iban) FROM lake.finance.payments)), ())",
    ),
    ("a table in HAVING", "SELECT 1 HAVING EXISTS (SELECT 1 FROM lake.finance.payments)"),
    (
        "a table in FILTER",
        "SELECT sum(1) FILTER (WHERE EXISTS (SELECT 1 FROM lake.finance.payments)) FROM lake.sales.customers",
    ),
    ("a table in OVER", "SELECT sum(1) OVER (ORDER BY (SELECT max(iban) FROM lake.finance.payments))"),
    (
        "a table in WINDOW",
        "SELECT sum(1) OVER w FROM lake.sales.customers WINDOW w AS (PARTITION BY (SELECT max(iban) FROM lake.finance.payments))",
    ),
    (
        "a table in ON",
        "SELECT 1 FROM (VALUES 1) a (x) JOIN (VALUES 1) b (x) ON EXISTS (SELECT 1 FROM lake.finance.payments)",
    ),
    ("a table in UNNEST", "SELECT 1 FROM UNNEST((SELECT array_agg(iban) FROM lake.finance.payments)) t (x)"),
    ("a table in LATERAL", "SELECT 1 FROM lake.sales.customers, LATERAL (SELECT * FROM lake.finance.payments)"),
    (
        "a table in JSON_TABLE",
        "SELECT * FROM JSON_TABLE((SELECT max(iban) FROM lake.finance.payments), 'strict $' COLUMNS (a varchar PATH 'strict $'))",
    ),
    ("a table in a lambda", "SELECT transform(ARRAY[1], x -> (SELECT max(iban) FROM lake.finance.payments))"),
    (
        "a table in a row pattern",
        "SELECT * FROM lake.sales.customers MATCH_RECOGNIZE (ORDER BY customer_id MEASURES (SELECT max(iban) FROM lake.finance.payments) AS x PATTERN (A) DEFINE A AS true)",
    ),
    (
        "a table in a sample's percentage",
        "SELECT * FROM lake.sales.customers TABLESAMPLE BERNOULLI ((SELECT max(payment_id) FROM lake.finance.payments))",
    ),
    (
        "a table in a version",
        "SELECT * FROM lake.sales.customers FOR VERSION AS OF (SELECT max(payment_id) FROM lake.finance.payments)",
    ),
    ("a table in VALUES", "VALUES 1, (SELECT max(payment_id) FROM lake.finance.payments)"),
    (
        "a table in parentheses",
        "SELECT * FROM (lake.sales.customers c CROSS JOIN (lake.finance.payments AS p CROSS JOIN (VALUES 1) v (y)))",
    ),
    (
        "a named query that is out of scope",
        "SELECT * FROM (WITH payments AS (SELECT 1 AS x) SELECT * FROM payments), finance.payments",
    ),
    (
        "a named query of a later name",
        "WITH a AS (SELECT * FROM employees), employees AS (SELECT 1 AS x) SELECT * FROM a",
    ),
    ("a named query of its own name", "WITH employees AS (SELECT * FROM employees) SELECT * FROM employees"),
    (
        "a recursive query that hides its own name",
        "WITH RECURSIVE employees (x) AS (SELECT * FROM (WITH a AS (SELECT id FROM employees), employees AS (SELECT 1 AS x) SELECT * FROM a)) SELECT * FROM employees",
    ),
    (
        "a recursive query that reads its name further in",
        "WITH RECURSIVE employees (x) AS (SELECT 1 UNION ALL SELECT (SELECT max(id) FROM employees)) SELECT * FROM employees",
    ),
    ("a named query with two parts", "WITH employees AS (SELECT 1 AS x) SELECT * FROM hr.employees"),
    ("time travel of a named query", "WITH employees AS (SELECT 1 AS x) SELECT * FROM employees FOR VERSION AS OF 1"),
    ("a view over a restricted table", "SELECT * FROM lake.hr.directory"),
    ("a view over a masked table", "SELECT * FROM lake.sales.big_orders"),
    ("a view whose text has short names", "SELECT * FROM lake.sales.short_names"),
    ("a view that defines a function", "SELECT * FROM lake.sales.defining"),
    ("a view that sets a session property", "SELECT * FROM lake.sales.setting"),
    ("a view over itself", "SELECT * FROM lake.sales.itself"),
    ("metadata tables of a restricted table", "SELECT * FROM lake.hr.\"employees$files\""),
    ("metadata tables of a table that is not granted", "SELECT * FROM lake.finance.\"payments$history\""),
    ("metadata tables of a view", "SELECT * FROM lake.sales.\"companies$files\""),
    ("a catalog's tables", "SELECT * FROM lake.information_schema.tables"),
    ("a catalog's tables by the session", "SELECT * FROM information_schema.tables"),
    ("the driver's tables", "SELECT * FROM system.jdbc.tables"),
    ("comments", "SELECT * FROM system.metadata.table_comments"),
    ("statements", "SELECT * FROM system.runtime.queries"),
    ("nodes", "SELECT * FROM system.runtime.nodes"),
    ("a guard's filter in the user's query only", "SELECT id FROM lake.hr.employees WHERE region = 'EU'"),
    ("a table function that passes text through", "SELECT * FROM TABLE(lake.system.query(query => 'SELECT 1'))"),
    ("a table function that is not known", "SELECT * FROM TABLE(raw_query('SELECT 1'))"),
    ("a function of a catalog", "SELECT lake.scratch.f(1)"),
    ("a function of a schema", "SELECT scratch.f(1)"),
    ("a function that is internal", "SELECT \"$internal$bind\"(1)"),
    ("a function of the user's", "WITH FUNCTION f(x bigint) RETURNS bigint RETURN x SELECT f(1)"),
];

#[test]
fn no_table_outside_of_a_guard_is_proved() {
    let proved: Vec<_> = UNGUARDED.iter().filter(|(_, text)| verify_text(text).is_ok()).collect();
    assert!(proved.is_empty(), "{proved:#?}");
}

#[test]
fn a_version_that_reads_a_column_is_not_proved() {
    for version in ["\"e\".\"id\"", "(SELECT 1)", "id", "reduce(ARRAY[1], 0, (s, x) -> s, s -> s)"] {
        let text =
            ORDERS.replace("\"orders\" \"sluice_1\"", &format!("\"orders\" FOR VERSION AS OF {version} \"sluice_1\""));
        assert!(verify_text(&format!("SELECT * FROM {text} \"orders\"")).is_err(), "{version}");
    }
}

/// Expressions that can fail, at each place.
const CAN_FAIL: &[&str] = &[
    "SELECT id FROM {} e WHERE 1 / (id - 4) < 5",
    "SELECT id FROM {} e WHERE CAST(email AS bigint) > 11",
    "SELECT id % 2 FROM {} e",
    "SELECT -id FROM {} e",
    "SELECT sum(id) FROM {} e",
    "SELECT max(id) FILTER (WHERE from_hex(email) IS NOT NULL) FROM {} e",
    "SELECT id FROM {} e GROUP BY id HAVING fail('x') IS NULL",
    "SELECT id FROM {} e ORDER BY split(email, ',')[9]",
    "SELECT id FROM {} e WHERE id = (SELECT customer_id FROM lake.sales.customers)",
    "WITH x AS (SELECT 1 / id AS y FROM {} e) SELECT 1 FROM x",
    "SELECT id FROM {} e WHERE current_timestamp AT TIME ZONE 'UTC' > now()",
    "SELECT id FROM {} e WHERE email LIKE email",
    "SELECT id FROM {} e WHERE email LIKE 'a' ESCAPE email",
    "SELECT id FROM {} e WHERE JSON_VALUE(email, 'strict $.a' ERROR ON ERROR) = 'x'",
    "SELECT id FROM {} e WHERE JSON_EXISTS(email, 'strict $.a' ERROR ON ERROR)",
    "SELECT JSON_OBJECT('a' : email FORMAT JSON) FROM {} e",
    "SELECT JSON_ARRAY(email FORMAT JSON) FROM {} e",
    "SELECT id FROM {} e WHERE id = 0.00000000000000000000000000000000000001",
    "SELECT id FROM {} e WHERE id = DECIMAL '0.00000000000000000000000000000000000001'",
    "SELECT id FROM {} e WHERE id > try_cast('0' AS decimal(38, 38))",
    "SELECT id FROM {} e WHERE id > try_cast(email AS date)",
    "SELECT count(*) OVER (ORDER BY id RANGE 1 PRECEDING) FROM {} e",
    "SELECT count(*) OVER (ORDER BY id RANGE BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM {} e",
    "EXECUTE IMMEDIATE 'SELECT id FROM lake.sales.customers' USING 1 / 0",
];

#[test]
fn an_expression_that_can_fail_needs_the_guarded_form() {
    for text in CAN_FAIL {
        let plain = EMPLOYEES.replace("\"sluice_1\".\"name\" AS \"name\", ", "");
        let (plain, guarded) = (text.replace("{}", &plain), text.replace("{}", EMPLOYEES_GUARDED));
        verify_text(&guarded).unwrap_or_else(|unproved| panic!("{guarded}: {unproved}"));
        assert_eq!(verify_text(&plain).is_err(), text.contains("{}"), "{plain}");
    }
    let inner = format!("SELECT id FROM {EMPLOYEES} e WHERE id = ?");
    let text = format!("EXECUTE IMMEDIATE '{}' USING 1 / 0", inner.replace('\'', "''"));
    assert!(verify_text(&text).is_err());
    assert!(verify_text(&text.replace("1 / 0", "-1")).is_ok());
}

#[test]
fn an_expression_that_can_fail_is_fine_where_no_row_is_hidden() {
    verify_text(&format!("SELECT 1 / order_id FROM {ORDERS} o")).unwrap();
    verify_text(&format!(
        "SELECT lower(email), CAST(id AS varchar), try_cast(email AS bigint) FROM {EMPLOYEES} e WHERE id IN (1, 2)"
    ))
    .unwrap();
    verify_text(&format!("SELECT count(*) OVER (ORDER BY id ROWS 1 PRECEDING) FROM {EMPLOYEES} e WHERE id > 1.5"))
        .unwrap();
}

#[test]
fn a_cast_of_json_to_text_can_fail_too() {
    let guard = concat!(
        r#"(SELECT "sluice_1"."id" AS "id", "sluice_1"."note" AS "note" FROM "lake"."hr"."notes" "sluice_1" "#,
        r#"WHERE ("sluice_1"."id" < 9))"#,
    );
    verify_text(&format!("SELECT note FROM {guard} n WHERE try_cast(note AS varchar) = 'a'")).unwrap();
    assert!(verify_text(&format!("SELECT id FROM {guard} n WHERE CAST(note AS varchar) = 'a'")).is_err());
}
