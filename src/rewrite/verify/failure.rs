//! Which expressions can fail, and so tell of rows that they run over.
//!
//! Trino may run a user's expression before the filter of a plain guard, over rows that the policy hides; if it fails,
//! its error tells that there are such rows, and often what they hold. So a statement with an expression that can fail
//! has no proof while it also has a filtered guard in the plain form.

use crate::sql::ast::{ArithmeticOperator, Call, DataType, DataTypeKind, Expr, ExprKind};

/// Functions that give a value or NULL for each argument that Trino lets them be called with.
const CANNOT_FAIL: &[&str] = &[
    "any_value",
    "approx_distinct",
    "arbitrary",
    "array_agg",
    "bool_and",
    "bool_or",
    "cardinality",
    "coalesce",
    "count",
    "count_if",
    "cume_dist",
    "current_timezone",
    "day",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "dense_rank",
    "dow",
    "doy",
    "every",
    "first_value",
    "greatest",
    "grouping",
    "hour",
    "if",
    "is_finite",
    "is_infinite",
    "is_nan",
    "lag",
    "last_day_of_month",
    "last_value",
    "lead",
    "least",
    "length",
    "lower",
    "ltrim",
    "max",
    "max_by",
    "millisecond",
    "min",
    "min_by",
    "minute",
    "month",
    "now",
    "nullif",
    "percent_rank",
    "quarter",
    "rank",
    "reverse",
    "row_number",
    "rtrim",
    "second",
    "starts_with",
    "strpos",
    "timezone_hour",
    "timezone_minute",
    "trim",
    "try",
    "typeof",
    "upper",
    "week",
    "week_of_year",
    "year",
    "year_of_week",
    "yow",
];

/// Whether an expression itself, its operands aside, can fail.
pub(super) fn possible(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Arithmetic { first: _, rest } => rest.iter().any(|(operator, _)| match operator {
            ArithmeticOperator::Add
            | ArithmeticOperator::Subtract
            | ArithmeticOperator::Multiply
            | ArithmeticOperator::Divide
            | ArithmeticOperator::Modulus => true,
        }),
        ExprKind::Unary { negative, operand } => *negative && !matches!(operand.kind, ExprKind::Number(_)),
        // A scalar query fails if it has two rows.
        ExprKind::Subscript { .. } | ExprKind::Subquery(_) => true,
        ExprKind::Cast { safe, value: _, data_type } => !safe && !is_text(data_type),
        ExprKind::Call(call) => !cannot_fail(call),
        _ => false,
    }
}

fn cannot_fail(call: &Call) -> bool {
    call.name.parts.last().is_some_and(|name| CANNOT_FAIL.contains(&name.folded().as_str()))
}

/// Whether an expression is a cast to text, which fails on a JSON object or array, and quotes it.
pub(super) fn possible_on_json(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Cast { safe: false, value: _, data_type } if is_text(data_type))
}

/// `varchar` without a length, which holds the text of each value but JSON's objects and arrays.
fn is_text(data_type: &DataType) -> bool {
    matches!(&data_type.kind, DataTypeKind::Generic { name, parameters } if name.folded() == "varchar" && parameters.is_empty())
}
