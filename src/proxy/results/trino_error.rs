//! What of an error or a warning of Trino's a user may read.
//!
//! In: the error as Trino wrote it, and what is known of the statement. Out: the error for the user. Places in it are
//! places in the user's own text. Where a mask, a filter or a narrowing applies to the statement, the text passes only
//! for errors that are found before a row is read, and for limits: all others may quote what a policy hides, such as
//! `Cannot cast '…' to INT`. Nor does a text pass that quotes the statement as Trino has it, with masks and filters put
//! in. Stack traces never pass.

use super::scanner::Malformed;
use crate::proxy::query_id::QueryId;
use crate::rewrite::{PositionMap, quotes_rewriting};
use serde::{Deserialize, Serialize};

/// What is known of the statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorContext<'a> {
    /// The query.
    pub(crate) query: &'a QueryId,
    /// Whether anything is hidden in what it reads.
    pub(crate) restricted: bool,
    /// Whether Trino has another text than the user.
    pub(crate) rewritten: bool,
    /// The way back to the user's places, where it is still known.
    pub(crate) positions: Option<&'a PositionMap>,
}

/// Errors that are found while the statement is read and planned, and limits. Their texts speak of the statement, of
/// names and types, and of limits, never of values in rows or how many there are: `EXCEEDED_LOCAL_MEMORY_LIMIT`, which lists
/// what each operator has taken, is not here. `NOT_SUPPORTED`, `INVALID_FUNCTION_ARGUMENT` and the like
/// are raised for values too, so they are not here.
const SPEAK_OF_NO_ROWS: [&str; 65] = [
    "ABANDONED_QUERY",
    "ADMINISTRATIVELY_KILLED",
    "ADMINISTRATIVELY_PREEMPTED",
    "AMBIGUOUS_FUNCTION_CALL",
    "AMBIGUOUS_NAME",
    "CATALOG_NOT_FOUND",
    "CLUSTER_OUT_OF_MEMORY",
    "COLUMN_ALREADY_EXISTS",
    "COLUMN_NOT_FOUND",
    "COLUMN_TYPE_UNKNOWN",
    "DUPLICATE_COLUMN_NAME",
    "DUPLICATE_NAMED_QUERY",
    "DUPLICATE_PROPERTY",
    "EXCEEDED_CPU_LIMIT",
    "EXCEEDED_GLOBAL_MEMORY_LIMIT",
    "EXCEEDED_SCAN_LIMIT",
    "EXCEEDED_SPILL_LIMIT",
    "EXCEEDED_TIME_LIMIT",
    "EXPRESSION_NOT_AGGREGATE",
    "EXPRESSION_NOT_CONSTANT",
    "EXPRESSION_NOT_IN_DISTINCT",
    "EXPRESSION_NOT_SCALAR",
    "FUNCTION_NOT_AGGREGATE",
    "FUNCTION_NOT_FOUND",
    "FUNCTION_NOT_WINDOW",
    "INVALID_COLUMN_REFERENCE",
    "INVALID_LIMIT_CLAUSE",
    "INVALID_ORDER_BY",
    "INVALID_PARAMETER_USAGE",
    "INVALID_PRIVILEGE",
    "INVALID_RECURSIVE_REFERENCE",
    "INVALID_SESSION_PROPERTY",
    "MISMATCHED_COLUMN_ALIASES",
    "MISSING_CATALOG_NAME",
    "MISSING_COLUMN_ALIASES",
    "MISSING_COLUMN_NAME",
    "MISSING_GROUP_BY",
    "MISSING_ORDER_BY",
    "MISSING_OVER",
    "MISSING_SCHEMA_NAME",
    "MISSING_TABLE",
    "NESTED_AGGREGATION",
    "NESTED_RECURSIVE",
    "NESTED_WINDOW",
    "NO_NODES_AVAILABLE",
    "NULL_TREATMENT_NOT_ALLOWED",
    "OPERATOR_NOT_FOUND",
    "PERMISSION_DENIED",
    "PROCEDURE_NOT_FOUND",
    "QUERY_HAS_TOO_MANY_STAGES",
    "QUERY_QUEUE_FULL",
    "QUERY_REJECTED",
    "QUERY_TEXT_TOO_LARGE",
    "ROLE_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "SERVER_SHUTTING_DOWN",
    "SERVER_STARTING_UP",
    "SUBQUERY_MULTIPLE_ROWS",
    "SYNTAX_ERROR",
    "TABLE_NOT_FOUND",
    "TOO_MANY_ARGUMENTS",
    "TOO_MANY_GROUPING_SETS",
    "TYPE_NOT_FOUND",
    "UNSUPPORTED_SUBQUERY",
    "USER_CANCELED",
];

/// Warnings whose texts speak of the statement alone.
const WARNINGS_OF_NO_ROWS: [&str; 3] = ["DEPRECATED_FUNCTION", "REDUNDANT_ORDER_BY", "TOO_MANY_STAGES"];

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryError {
    #[serde(default)]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sql_state: Option<String>,
    error_code: i64,
    error_name: String,
    error_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_location: Option<Location>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_info: Option<FailureInfo>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    line_number: u32,
    column_number: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureInfo {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Box<FailureInfo>>,
    /// Clients want both lists to be there. What Trino has in them is left out.
    #[serde(skip_deserializing)]
    suppressed: [(); 0],
    #[serde(skip_deserializing)]
    stack: [(); 0],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_info: Option<ErrorInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_location: Option<Location>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ErrorInfo {
    code: i64,
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Warning {
    warning_code: WarningCode,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct WarningCode {
    code: i64,
    name: String,
}

/// The error for the user, and its name.
///
/// # Errors
/// [`Malformed`] if it is none of Trino's.
pub(crate) fn error(raw: &[u8], context: &ErrorContext<'_>) -> Result<(Vec<u8>, String), Malformed> {
    let mut error: QueryError = serde_json::from_slice(raw).map_err(|_| Malformed("an error of another shape"))?;
    let quotes_ours = error.message.as_deref().is_some_and(quotes_rewriting);
    if context.restricted && (quotes_ours || !SPEAK_OF_NO_ROWS.contains(&error.error_name.as_str())) {
        let name = if is_error_name(&error.error_name) { &error.error_name } else { "an error of Trino's" };
        error.message = Some(format!(
            "The query failed ({name}): the text is withheld since it may quote rows or values that policy hides; \
             query id {}",
            context.query
        ));
    } else {
        error.message = error.message.map(|message| mapped_text(&message, context));
    }
    error.error_location = error.error_location.and_then(|location| mapped(location, context));
    let failure = error.failure_info.take().map(|info| reduced(info, context));
    error.failure_info = failure;
    let name = error.error_name.clone();
    serde_json::to_vec(&error).map(|text| (text, name)).map_err(|_| Malformed("an error of another shape"))
}

/// The warnings for the user.
///
/// # Errors
/// [`Malformed`] if they are none of Trino's.
pub(crate) fn warnings(raw: &[u8], context: &ErrorContext<'_>) -> Result<Vec<u8>, Malformed> {
    const SHAPE: Malformed = Malformed("warnings of another shape");
    let mut warnings: Option<Vec<Warning>> = serde_json::from_slice(raw).map_err(|_| SHAPE)?;
    for warning in warnings.iter_mut().flatten() {
        let of_no_rows = WARNINGS_OF_NO_ROWS.contains(&warning.warning_code.name.as_str());
        let passes = !context.restricted || (of_no_rows && !quotes_rewriting(&warning.message));
        warning.message = if passes {
            mapped_text(&warning.message, context)
        } else {
            "The text of this warning is withheld since it may quote rows or values that policy hides".to_owned()
        };
    }
    serde_json::to_vec(&warnings).map_err(|_| SHAPE)
}

/// Type, and for a statement that hides nothing the texts too.
fn reduced(info: FailureInfo, context: &ErrorContext<'_>) -> FailureInfo {
    if context.restricted {
        return FailureInfo {
            kind: info.kind,
            message: None,
            cause: None,
            suppressed: [],
            stack: [],
            error_info: None,
            error_location: None,
        };
    }
    FailureInfo {
        kind: info.kind,
        message: info.message.map(|message| mapped_text(&message, context)),
        cause: info.cause.map(|cause| Box::new(reduced(*cause, context))),
        suppressed: [],
        stack: [],
        error_info: info.error_info,
        error_location: info.error_location.and_then(|location| mapped(location, context)),
    }
}

fn mapped(location: Location, context: &ErrorContext<'_>) -> Option<Location> {
    if !context.rewritten {
        return Some(location);
    }
    let (line_number, column_number) =
        context.positions?.original_position(location.line_number, location.column_number);
    Some(Location { line_number, column_number })
}

/// Each `line 1:8: ` of a text, mapped, or left out where the way back is not known.
fn mapped_text(text: &str, context: &ErrorContext<'_>) -> String {
    if !context.rewritten {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("line ") {
        result.push_str(before);
        rest = match place(after) {
            Some((location, after)) => {
                if let Some(location) = mapped(location, context) {
                    result.push_str(&format!("line {}:{}: ", location.line_number, location.column_number));
                }
                after
            }
            None => {
                result.push_str("line ");
                after
            }
        };
    }
    result.push_str(rest);
    result
}

/// Reads `1:8: `, and gives what follows it.
fn place(text: &str) -> Option<(Location, &str)> {
    let (line, rest) = text.split_once(':')?;
    let (column, rest) = rest.split_once(": ")?;
    let location = Location { line_number: number(line)?, column_number: number(column)? };
    Some((location, rest))
}

fn number(text: &str) -> Option<u32> {
    (text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_error_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::Edit;
    use crate::sql::Span;
    use serde_json::{Value, json};

    fn raw(name: &str, message: &str) -> Vec<u8> {
        json!({
            "message": message, "errorCode": 9, "errorName": name, "errorType": "USER_ERROR",
            "errorLocation": {"lineNumber": 1, "columnNumber": 30},
            "failureInfo": {
                "type": "io.trino.spi.TrinoException", "message": message, "stack": ["io.trino.X.y(X.java:1)"],
                "suppressed": [{"type": "a", "message": "secret", "suppressed": [], "stack": []}],
                "cause": {"type": "java.lang.X", "message": "deeper", "suppressed": [], "stack": ["a"]},
                "errorInfo": {"code": 9, "name": name, "type": "USER_ERROR"},
            },
        })
        .to_string()
        .into_bytes()
    }

    fn shown(name: &str, message: &str, restricted: bool, positions: Option<&PositionMap>) -> Value {
        let query = QueryId::parse("q_1").unwrap();
        let context = ErrorContext { query: &query, restricted, rewritten: true, positions };
        serde_json::from_slice(&error(&raw(name, message), &context).unwrap().0).unwrap()
    }

    fn map() -> PositionMap {
        PositionMap::apply("SELECT a FROM t", vec![Edit { span: Span { start: 7, end: 7 }, text: "x".repeat(20) }])
    }

    #[test]
    fn an_error_that_can_quote_a_row_is_withheld_where_rows_are_hidden() {
        for name in [
            "INVALID_CAST_ARGUMENT",
            "INVALID_FUNCTION_ARGUMENT",
            "NOT_SUPPORTED",
            "GENERIC_INTERNAL_ERROR",
            "EXCEEDED_LOCAL_MEMORY_LIMIT",
        ] {
            let error = shown(name, "Cannot cast '123-45-6789' to INT", true, Some(&map()));
            let text = error.to_string();
            assert!(!text.contains("123-45") && !text.contains("deeper") && !text.contains("secret"), "{text}");
            assert!(text.contains(name) && text.contains("query id q_1"), "{text}");
            assert_eq!(
                error["failureInfo"],
                json!({"type": "io.trino.spi.TrinoException", "suppressed": [], "stack": []})
            );
        }
    }

    #[test]
    fn an_error_of_the_text_passes_with_its_place_in_the_users_own_text() {
        let error = shown("COLUMN_NOT_FOUND", "line 1:30: Column 'a' cannot be resolved", true, Some(&map()));
        assert_eq!(error["message"], "line 1:10: Column 'a' cannot be resolved");
        assert_eq!(error["errorLocation"], json!({"lineNumber": 1, "columnNumber": 10}));
    }

    #[test]
    fn a_text_that_quotes_what_a_policy_put_in_is_withheld_whatever_its_name() {
        let quoted = "WHERE clause cannot contain aggregations: [max((SELECT IF(\"sluice_2\".\"sluice_3\", 'secret')";
        for message in [quoted, &quoted.to_uppercase()] {
            let text = shown("EXPRESSION_NOT_SCALAR", message, true, Some(&map())).to_string();
            assert!(!text.to_lowercase().contains("secret") && text.contains("EXPRESSION_NOT_SCALAR"), "{text}");
        }
        let raw = json!([{"warningCode": {"code": 1, "name": "TOO_MANY_STAGES"}, "message": quoted}]).to_string();
        let query = QueryId::parse("q_1").unwrap();
        let context = ErrorContext { query: &query, restricted: true, rewritten: true, positions: None };
        let shown = String::from_utf8(warnings(raw.as_bytes(), &context).unwrap()).unwrap();
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_place_is_left_out_where_the_way_back_is_not_known() {
        let error = shown("COLUMN_NOT_FOUND", "line 1:30: Column 'a' cannot be resolved", true, None);
        assert_eq!(error["message"], "Column 'a' cannot be resolved");
        assert_eq!(error.get("errorLocation"), None);
    }

    #[test]
    fn a_statement_that_hides_nothing_keeps_its_texts_but_no_stacks() {
        let error = shown("INVALID_CAST_ARGUMENT", "Cannot cast 'x' to INT on line up", false, Some(&map()));
        assert_eq!(error["message"], "Cannot cast 'x' to INT on line up");
        assert_eq!(error["failureInfo"]["cause"]["message"], "deeper");
        assert!(!error.to_string().contains("X.java") && !error.to_string().contains("secret"));
    }

    #[test]
    fn a_warning_that_can_quote_a_row_is_withheld() {
        let raw = br#"[{"warningCode":{"code":1,"name":"PARSER_WARNING"},"message":"secret"},
                       {"warningCode":{"code":2,"name":"TOO_MANY_STAGES"},"message":"many"}]"#;
        let query = QueryId::parse("q_1").unwrap();
        let context = ErrorContext { query: &query, restricted: true, rewritten: false, positions: None };
        let shown = String::from_utf8(warnings(raw, &context).unwrap()).unwrap();
        assert!(!shown.contains("secret") && shown.contains("many"));
    }

    #[test]
    fn what_is_no_error_is_malformed() {
        let query = QueryId::parse("q_1").unwrap();
        let context = ErrorContext { query: &query, restricted: false, rewritten: false, positions: None };
        for raw in ["", "1", "{}", "[]", r#"{"message":"x"}"#] {
            assert!(error(raw.as_bytes(), &context).is_err(), "{raw}");
        }
    }
}
