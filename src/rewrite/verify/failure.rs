//! Which expressions can fail, and so tell of rows that they run over.
//!
//! Trino may run a user's expression before the filter of a plain guard, over rows that the policy hides; if it fails,
//! its error tells that there are such rows, and often what they hold. So a statement with an expression that can fail
//! has no proof while it also has a filtered guard in the plain form.

use crate::sql::ast::{Call, DataType, DataTypeKind, Expr, ExprKind, Identifier, NumberKind};

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

/// Whether an expression itself, its operands aside, can fail. What is not known to be harmless can.
pub(super) fn possible(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Boolean(_)
        | ExprKind::String(_)
        | ExprKind::Binary
        | ExprKind::Interval(_)
        | ExprKind::Parameter
        | ExprKind::Current(_)
        | ExprKind::Identifier(_)
        | ExprKind::Dereference { .. }
        | ExprKind::Parenthesized(_)
        | ExprKind::Row(_)
        | ExprKind::Array(_)
        | ExprKind::Not(_)
        | ExprKind::Logical { .. }
        | ExprKind::Comparison { .. }
        | ExprKind::QuantifiedComparison { .. }
        | ExprKind::Between { .. }
        | ExprKind::InList { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::IsTruth { .. }
        | ExprKind::IsDistinctFrom { .. }
        | ExprKind::Exists(_)
        | ExprKind::Case { .. }
        | ExprKind::Concat(_)
        | ExprKind::Extract { .. }
        | ExprKind::Grouping(_)
        | ExprKind::Lambda { .. }
        | ExprKind::SpecialForm { .. } => false,
        // A number beside a decimal of many digits is made such a decimal, which may not hold it.
        ExprKind::Number(kind) => *kind == NumberKind::Decimal && has_many_digits(expr.span.end - expr.span.start),
        ExprKind::TypedLiteral { type_name, value } => {
            is_decimal(type_name) && has_many_digits(u32::try_from(value.value.len()).unwrap_or(u32::MAX))
        }
        // A pattern that is written out fails for each row or for none.
        ExprKind::Like { negated: _, value: _, pattern, escape } => {
            !is_constant(pattern) || escape.as_deref().is_some_and(|escape| !is_constant(escape))
        }
        ExprKind::Unary { negative, operand } => *negative && !matches!(operand.kind, ExprKind::Number(_)),
        ExprKind::Cast { safe, value: _, data_type } => !(is_text(data_type) || *safe && is_unscaled(data_type)),
        ExprKind::Call(call) => !cannot_fail(call),
        // A scalar query fails if it has two rows.
        ExprKind::Subquery(_)
        | ExprKind::Subscript { .. }
        | ExprKind::Arithmetic { .. }
        | ExprKind::AtTimeZone { .. }
        | ExprKind::Measure { .. }
        | ExprKind::JsonPath { .. }
        | ExprKind::JsonObject { .. }
        | ExprKind::JsonArray { .. }
        | ExprKind::Newer(_) => true,
    }
}

/// More than the 19 digits of the longest `bigint`, with a point among them.
fn has_many_digits(letters: u32) -> bool {
    letters > 20
}

fn is_decimal(name: &Identifier) -> bool {
    matches!(name.folded().as_str(), "decimal" | "dec" | "numeric")
}

/// Whether a type is none of decimals, and none of dates and times, beside which values of other types may not fit.
fn is_unscaled(data_type: &DataType) -> bool {
    let DataTypeKind::Generic { name, parameters: _ } = &data_type.kind else { return false };
    let name = name.folded();
    matches!(name.as_str(), "varchar" | "char" | "varbinary" | "boolean" | "uuid" | "ipaddress")
        || matches!(name.as_str(), "bigint" | "integer" | "int" | "smallint" | "tinyint" | "double" | "float" | "real")
}

fn is_constant(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::String(_) | ExprKind::Parameter)
}

/// A function of a catalog's may have the name of a harmless one.
fn cannot_fail(call: &Call) -> bool {
    let name = match call.name.parts.as_slice() {
        [name] => name,
        [catalog, schema, name] if catalog.folded() == "system" && schema.folded() == "builtin" => name,
        _ => return false,
    };
    CANNOT_FAIL.contains(&name.folded().as_str())
}

/// Whether an expression is a cast to text, which fails on a JSON object or array, and quotes it.
pub(super) fn possible_on_json(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Cast { safe: false, value: _, data_type } if is_text(data_type))
}

/// `varchar` without a length, which holds the text of each value but JSON's objects and arrays.
fn is_text(data_type: &DataType) -> bool {
    matches!(&data_type.kind, DataTypeKind::Generic { name, parameters } if name.folded() == "varchar" && parameters.is_empty())
}
