//! Columns that stand alone, which are read by a shorter way.

use crate::sql::ast::{Expr, ExprKind, QueryBody, SelectItem, StatementKind};
use crate::sql::v476::{parse_expression, parse_statement};

/// A column that stands alone in a list or beside an operator is read by a shorter way than one in an expression.
#[test]
fn a_column_that_stands_alone_is_the_one_of_the_rules() {
    let columns = [
        "a.b",
        "\"a\".\"b\"",
        "\"A\"\"x\".b",
        "a /* x */ . b",
        "date.x",
        "row.first",
        "count.filter",
        "a.b.c",
        "a",
        "\"a\"",
        "\"A\"\"x\"",
        "interval",
        "date",
        "x",
        "double",
        "array",
        "row",
        "if",
        "position",
        "final",
        "at",
        "over",
        "IF(a, b)",
        "\"if\"(a, b)",
        "if (\"A\"\"x\", /* x */ \"b\")",
        "IF(all, date)",
        "IF(a.b, c)",
        "IF(a, b, c)",
    ];
    let behind = [
        ", 1",
        " AS x",
        ", a.b",
        " = 1",
        " <> ALL (SELECT 1)",
        " >= a",
        " * 2",
        " / 2",
        " % 2",
        " || c",
        " AND d",
        " IS NULL",
        " IN (1)",
        " NOT LIKE b",
        " + 1",
        " FROM t",
    ];
    for (column, behind) in columns.into_iter().flat_map(|column| behind.map(|behind| (column, behind))) {
        let text = format!("SELECT {column}{behind}");
        let statement = parse_statement(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let StatementKind::Query(query) = &statement.kind else { panic!("{text}") };
        let QueryBody::Select(select) = &query.body else { panic!("{text}") };
        let Some(SelectItem::Expr { expr, .. }) = select.items.first() else { panic!("{text}") };
        assert_eq!(*first_operand(expr), parse_expression(&format!("       {column}")).unwrap(), "{text}");
    }
    for wrong in
        ["\"\".b", "a.\"\"", "a.select", "1a.b", "`a`.b", "IF(a, \"\")", "IF(select, a)", "IF(a, 1a)", "IF(`a`, b)"]
    {
        parse_statement(&format!("SELECT {wrong}, 1")).unwrap_err();
    }
    let nested = |depth: usize, inner: &str| format!("SELECT {}{inner}{}", "f(".repeat(depth), ")".repeat(depth));
    for depth in 100..260 {
        for [alone, by_rules] in [
            ["a.b", "a.b + c"],
            ["a", "a + c"],
            ["a.b = 1", "a.b + c = 1"],
            ["1 = a.b", "1 = a.b + c"],
            ["IF(a, b)", "IF(a, b, c)"],
        ] {
            let alone = parse_statement(&nested(depth, alone)).is_ok();
            assert_eq!(alone, parse_statement(&nested(depth, by_rules)).is_ok(), "{depth}: {by_rules}");
        }
    }
}

/// What stands first in an expression, operators aside.
fn first_operand(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Comparison { left: first, .. }
        | ExprKind::QuantifiedComparison { left: first, .. }
        | ExprKind::Arithmetic { first, .. }
        | ExprKind::IsNull { value: first, .. }
        | ExprKind::InList { value: first, .. }
        | ExprKind::Like { value: first, .. } => first_operand(first),
        ExprKind::Logical { terms: several, .. } | ExprKind::Concat(several) => first_operand(&several[0]),
        _ => expr,
    }
}

#[test]
fn a_name_that_begins_something_else_is_no_column() {
    for (text, is) in [
        ("INTERVAL - '1' DAY", "Interval"),
        ("DATE '2024-01-01'", "TypedLiteral"),
        ("a AT TIME ZONE 'UTC'", "AtTimeZone"),
        ("x -> x", "Lambda"),
        ("a[1]", "Subscript"),
        ("a.b(1)", "Call"),
        ("ARRAY[1]", "Array"),
        ("a OVER w", "Measure"),
        ("ROW (1, 2)", "Row"),
    ] {
        for behind in ["", ", 1", " = 1", " AS x"] {
            let statement = parse_statement(&format!("SELECT f({text}){behind}"));
            let statement = statement.unwrap_or_else(|error| panic!("{text}{behind}: {error}"));
            assert!(format!("{:?}", statement.kind).contains(&format!("kind: {is}")), "{text}{behind}: {statement:?}");
        }
    }
}
