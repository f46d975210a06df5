//! Policies about a view itself, whose text stands in its place.

use super::super::Unproved;
use super::fixture::*;
use crate::analysis::session::Session;
use crate::catalog::table::{Column, Known, Need, Table, TableKind};
use crate::names::TableName;
use crate::rewrite::Guarded;
use std::sync::Arc;

/// The guard of `lake.sales.guarded`, a view over orders: a mask and a filter of its own.
const GUARDED: &str = concat!(
    r#"(SELECT "sluice_4"."order_id" AS "order_id", CAST(('view') AS varchar) AS "card_number" FROM "#,
    r#"(SELECT order_id, card_number FROM {orders} "orders") "sluice_4" ("order_id", "card_number") "#,
    r#"WHERE ("sluice_4"."order_id" < 9))"#,
);

/// The same in the guarded form.
const TWO_LEVEL: &str = concat!(
    r#"(SELECT IF("sluice_5"."sluice_6", "sluice_5"."order_id") AS "order_id", "#,
    r#"IF("sluice_5"."sluice_6", "sluice_5"."card_number") AS "card_number" FROM "#,
    r#"(SELECT "sluice_4"."order_id" AS "order_id", CAST(('view') AS varchar) AS "card_number", "#,
    r#"(("sluice_4"."order_id" < 9)) AS "sluice_6" FROM "#,
    r#"(SELECT order_id, card_number FROM {orders} "orders") "sluice_4" ("order_id", "card_number")) "sluice_5" "#,
    r#"WHERE "sluice_5"."sluice_6" LIMIT 9223372036854775807)"#,
);

/// The view without its own guard.
const BARE: &str = r#"(SELECT order_id, card_number FROM {orders} "orders")"#;

/// Verifies what a statement became, the views known; a prepared statement is what the user sent and what it became.
fn verify(sql: &str, text: &str, prepared: Option<(&str, &str)>) -> Result<Guarded, Unproved> {
    let mut tables = tables();
    for (name, columns, text) in [
        (
            "guarded",
            &["order_id bigint", "card_number varchar"][..],
            "SELECT order_id, card_number FROM lake.sales.orders",
        ),
        ("over_guarded", &["order_id bigint"], "SELECT order_id FROM lake.sales.guarded"),
    ] {
        let column = |column: &&str| {
            let (name, data_type) = column.split_once(' ').unwrap();
            Column { name: name.into(), data_type: data_type.into() }
        };
        let kind = TableKind::View { text: text.into() };
        let table = Table { columns: columns.iter().map(column).collect(), kind };
        tables.insert(Need::Table(TableName::new("lake", "sales", name)), Known::Table(Arc::new(table)));
    }
    let mut session = Session::default();
    if let Some((sent, _)) = prepared {
        session.prepared.insert("q".into(), sent.into());
    }
    verify_over(&tables, &session, sql, text, prepared.map(|(_, text)| text))
}

fn filled(text: &str) -> String {
    text.replace("{guarded}", GUARDED)
        .replace("{two_level}", TWO_LEVEL)
        .replace("{bare}", BARE)
        .replace("{orders}", ORDERS)
}

#[test]
fn a_view_stands_in_as_many_guards_as_the_user_reads_it() {
    for (sql, text) in [
        ("TABLE lake.sales.guarded", "SELECT * FROM {guarded} \"guarded\""),
        ("TABLE lake.sales.guarded", "SELECT * FROM {two_level} \"guarded\""),
        ("SELECT 1 / order_id FROM lake.sales.guarded", "SELECT 1 / order_id FROM {two_level} \"guarded\""),
        (
            "SELECT * FROM lake.sales.guarded a JOIN lake.sales.guarded b ON true",
            "SELECT * FROM {guarded} a JOIN {two_level} b ON true",
        ),
        (
            "WITH guarded AS (TABLE lake.sales.guarded) SELECT * FROM guarded",
            "WITH guarded AS (SELECT * FROM {guarded} \"guarded\") SELECT * FROM guarded",
        ),
        (
            "TABLE lake.sales.over_guarded",
            "SELECT * FROM (SELECT \"sluice_7\".\"order_id\" AS \"order_id\" FROM (SELECT order_id FROM {guarded} \"guarded\") \"sluice_7\" (\"order_id\")) \"over_guarded\"",
        ),
        ("TABLE lake.sales.orders", "SELECT * FROM {orders} \"orders\""),
    ] {
        let text = filled(text);
        let proved = verify(sql, &text, None);
        assert!(proved.is_ok_and(|guarded| guarded.restricted()), "{sql}: {text}");
    }
    let guarded = filled("SELECT * FROM {guarded} \"guarded\"");
    verify("EXECUTE q", "EXECUTE q", Some(("SELECT * FROM lake.sales.guarded", &guarded))).unwrap();
    let bare = filled("SELECT * FROM {bare} \"guarded\"");
    verify("EXECUTE q", "EXECUTE q", Some(("SELECT * FROM lake.sales.guarded", &bare))).unwrap_err();
}

#[test]
fn a_view_without_its_guard_is_not_proved() {
    for (what, sql, text) in [
        ("no guard", "TABLE lake.sales.guarded", "SELECT * FROM {bare} \"guarded\"".to_owned()),
        ("no mask", "TABLE lake.sales.guarded", GUARDED.replace("CAST(('view') AS varchar)", "\"sluice_4\".\"card_number\"")),
        ("no filter", "TABLE lake.sales.guarded", GUARDED.replace(" WHERE (\"sluice_4\".\"order_id\" < 9)", "")),
        ("another filter", "TABLE lake.sales.guarded", GUARDED.replace("< 9", "< 10")),
        ("other columns", "TABLE lake.sales.guarded", GUARDED.replace("(\"order_id\", \"card_number\")", "(\"card_number\", \"order_id\")")),
        (
            "one of two",
            "SELECT * FROM lake.sales.guarded a JOIN lake.sales.guarded b ON true",
            "SELECT * FROM {guarded} a JOIN {bare} b ON true".to_owned(),
        ),
        (
            "through another view",
            "TABLE lake.sales.over_guarded",
            "SELECT * FROM (SELECT \"sluice_7\".\"order_id\" AS \"order_id\" FROM (SELECT order_id FROM {bare} \"guarded\") \"sluice_7\" (\"order_id\")) \"over_guarded\"".to_owned(),
        ),
        (
            "a guard of the user's own",
            "SELECT * FROM (SELECT sluice_1.x FROM (SELECT 1 AS x) sluice_1) a, lake.sales.guarded",
            "SELECT * FROM (SELECT sluice_1.x FROM (SELECT 1 AS x) sluice_1) a, {guarded} \"guarded\"".to_owned(),
        ),
        (
            "an expression that can fail beside a plain filter",
            "SELECT 1 / order_id FROM lake.sales.guarded",
            "SELECT 1 / order_id FROM {guarded} \"guarded\"".to_owned(),
        ),
    ] {
        let text = if text.starts_with("(SELECT") { format!("SELECT * FROM {text} \"guarded\"") } else { text };
        let proved = verify(sql, &filled(&text), None);
        assert!(proved.is_err(), "{what}: {text}");
    }
}
