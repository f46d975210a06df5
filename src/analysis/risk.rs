//! Which expressions can fail at run time, depending on the row.
//!
//! Trino's optimizer may evaluate an expression of the user's over rows that a policy's filter hides. What can't fail
//! tells nothing then, since the hidden row is dropped later; what can fail would tell that there is such a row, or
//! quote its values. An expression that is not known to be harmless can fail.

use super::digits::Digits;
use super::scope::TypeClass;
use crate::sql::ast::{
    Arguments, Call, CurrentKind, DataTypeKind, Expr, ExprKind, NumberKind, QualifiedName, SpecialForm,
};
use compact_str::CompactString;

/// Types whose values can be compared with any other that Trino lets them be compared with.
const PLAIN_TYPES: [&str; 14] = [
    "bigint",
    "boolean",
    "char",
    "double",
    "float",
    "int",
    "integer",
    "ipaddress",
    "real",
    "smallint",
    "tinyint",
    "uuid",
    "varbinary",
    "varchar",
];

/// The class of a value that is written out, where it matters for what is compared with it. A timestamp that is not known to
/// have no zone has one.
pub(super) fn class(expr: &Expr) -> Option<TypeClass> {
    let decimal = |letters: usize| Some(TypeClass::Decimal(Digits::of_letters(letters)));
    match &expr.kind {
        ExprKind::Number(NumberKind::Decimal) => decimal((expr.span.end - expr.span.start) as usize),
        ExprKind::Current(current) if current.kind == CurrentKind::Timestamp => Some(TypeClass::Zoned),
        ExprKind::Call(call) if builtin(&call.name).is_some_and(|name| name == "now") => Some(TypeClass::Zoned),
        ExprKind::TypedLiteral { type_name, value } => match type_name.folded().as_str() {
            "decimal" | "dec" | "numeric" => decimal(value.value.len() + 1),
            "timestamp" => {
                let time = value.value.trim().split_once(' ').map_or("", |(_, time)| time);
                let zoned = !time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
                zoned.then_some(TypeClass::Zoned)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression can fail by itself; its operands are asked one by one.
pub(super) fn can_fail(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Boolean(_)
        | ExprKind::String(_)
        | ExprKind::Binary
        | ExprKind::Number(_)
        | ExprKind::TypedLiteral { .. }
        | ExprKind::Interval(_)
        | ExprKind::Parameter
        | ExprKind::Current(_)
        | ExprKind::Identifier(_)
        | ExprKind::Parenthesized(_)
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
        | ExprKind::Extract { .. }
        | ExprKind::Concat(_)
        | ExprKind::Grouping(_) => false,
        // A chain of identifiers is a column; what it is a field of is asked of the scope.
        ExprKind::Dereference { base, .. } => {
            !matches!(base.kind, ExprKind::Identifier(_) | ExprKind::Dereference { .. })
        }
        ExprKind::Like { pattern, escape, .. } => !constant_like(pattern, escape.as_deref()),
        ExprKind::Unary { operand, .. } => !matches!(operand.kind, ExprKind::Number(_)),
        ExprKind::Cast { safe, data_type, .. } => match &data_type.kind {
            DataTypeKind::Generic { name, parameters } if parameters.is_empty() && name.folded() == "varchar" => false,
            // What comes out of it is compared too.
            DataTypeKind::Generic { name, parameters: _ } => !safe || !PLAIN_TYPES.contains(&name.folded().as_str()),
            DataTypeKind::DateTime { .. } | DataTypeKind::Row(_) | DataTypeKind::Interval(_) => true,
        },
        ExprKind::Call(call) => !harmless_call(call),
        ExprKind::SpecialForm { form, .. } => !matches!(form, SpecialForm::Substring | SpecialForm::Position),
        ExprKind::Subscript { .. }
        | ExprKind::Arithmetic { .. }
        | ExprKind::Row(_)
        | ExprKind::Array(_)
        | ExprKind::AtTimeZone { .. }
        | ExprKind::Subquery(_)
        | ExprKind::Measure { .. }
        | ExprKind::Lambda { .. }
        | ExprKind::JsonPath { .. }
        | ExprKind::JsonObject { .. }
        | ExprKind::JsonArray { .. }
        | ExprKind::Newer(_) => true,
    }
}

/// Whether it is a call of which only the first argument depends on the row, and which can't fail by that one. So it fails
/// for each row or for none, and a policy's mask of it tells nothing of any.
pub(super) fn fails_for_all_or_none(expr: &Expr) -> bool {
    let ExprKind::Call(call) = &expr.kind else { return false };
    let Call { name, arguments: Arguments::List(arguments), .. } = call.as_ref() else { return false };
    let constant = |expr: &Expr| matches!(expr.kind, ExprKind::String(_) | ExprKind::Number(NumberKind::Integer));
    let known = builtin(name).is_some_and(|name| matches!(name.as_str(), "split_part" | "substr" | "substring"));
    known && arguments.iter().skip(1).all(constant)
}

fn constant_like(pattern: &Expr, escape: Option<&Expr>) -> bool {
    let escape = match escape {
        None => None,
        Some(Expr { kind: ExprKind::String(text), .. }) => {
            let mut letters = text.value.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Some(letter),
                _ => return false,
            }
        }
        Some(_) => return false,
    };
    match (&pattern.kind, escape) {
        (ExprKind::Parameter, None) => true,
        (ExprKind::String(_), None) => true,
        (ExprKind::String(text), Some(escape)) => {
            let mut letters = text.value.chars();
            while let Some(letter) = letters.next() {
                if letter == escape && !letters.next().is_some_and(|next| next == escape || "%_".contains(next)) {
                    return false;
                }
            }
            true
        }
        _ => false,
    }
}

fn builtin(name: &QualifiedName) -> Option<CompactString> {
    match name.parts.as_slice() {
        [only] => Some(only.folded()),
        [catalog, schema, only] if catalog.is("system") && schema.is("builtin") => Some(only.folded()),
        _ => None,
    }
}

fn harmless_call(call: &Call) -> bool {
    let Some(name) = builtin(&call.name) else { return false };
    if call.processing.is_some() {
        return false;
    }
    let arguments = match &call.arguments {
        Arguments::Star(None) => return name == "count",
        Arguments::Star(Some(_)) | Arguments::Named(_) => return false,
        Arguments::List(arguments) => arguments,
    };
    matches!(
        (name.as_str(), arguments.len()),
        ("row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "now", 0)
            | ("coalesce", _)
            | ("if", 2 | 3)
            | ("nullif", 2)
            | (
                "count"
                    | "min"
                    | "max"
                    | "any_value"
                    | "arbitrary"
                    | "bool_and"
                    | "bool_or"
                    | "every"
                    | "count_if"
                    | "approx_distinct"
                    | "lower"
                    | "upper"
                    | "length"
                    | "first_value"
                    | "last_value"
                    | "lag"
                    | "lead"
                    | "year"
                    | "quarter"
                    | "month"
                    | "day"
                    | "hour"
                    | "minute"
                    | "second",
                1
            )
    )
}
