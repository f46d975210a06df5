//! A page of results that holds an error of Sluice's own, in the shape of Trino's.
//!
//! Every client shows such an error well, and none sends the statement again for it
//! (<https://trino.io/docs/476/develop/client-protocol.html>).

use crate::enforce::{ErrorCode, Refusal};
use crate::proxy::origin::Origin;
use crate::proxy::query_id::QueryId;
use serde_json::{Value, json};
use uuid::Uuid;

/// The page with an error.
pub(crate) fn page(origin: &Origin, query: &QueryId, error: Value) -> Vec<u8> {
    whole(origin, query, "FAILED", "error", error)
}

/// A page that leads to another, as Trino gives it for a statement that waits for its turn.
pub(crate) fn leading(origin: &Origin, query: &QueryId, next: &str) -> Vec<u8> {
    whole(origin, query, "QUEUED", "nextUri", next.into())
}

fn whole(origin: &Origin, query: &QueryId, state: &str, name: &str, value: Value) -> Vec<u8> {
    let page = json!({
        "id": query.as_str(),
        "infoUri": format!("{}{INFO_PATH}{query}", origin.as_str()),
        "stats": statistics(state),
        name: value,
        "warnings": [],
    });
    page.to_string().into_bytes()
}

/// Where clients believe that more about a query can be read, in front of its id. Some refuse a page without it.
pub(crate) const INFO_PATH: &str = "/ui/query.html?";

/// The error. Its message ends with the decision's id, by which an auditor finds the record.
pub(crate) fn error(refusal: &Refusal, decision: Option<Uuid>) -> Value {
    let (name, code, kind) = refusal.code.parts();
    let message = message(refusal, decision);
    let mut error = json!({
        "message": message,
        "errorCode": code,
        "errorName": name,
        "errorType": kind,
        "failureInfo": {
            "type": failure_type(refusal.code),
            "message": message,
            "suppressed": [],
            "stack": [],
            "errorInfo": {"code": code, "name": name, "type": kind},
        },
    });
    if let (Some((line, column)), Some(object)) = (refusal.location, error.as_object_mut()) {
        let location = json!({"lineNumber": line, "columnNumber": column});
        object.insert("errorLocation".to_owned(), location.clone());
        if let Some(info) = object.get_mut("failureInfo").and_then(Value::as_object_mut) {
            info.insert("errorLocation".to_owned(), location);
        }
    }
    error
}

fn message(refusal: &Refusal, decision: Option<Uuid>) -> String {
    // Trino writes the place in front of all but denials.
    let place = match refusal.location {
        Some((line, column)) if refusal.code != ErrorCode::PermissionDenied => format!("line {line}:{column}: "),
        _ => String::new(),
    };
    let text = &refusal.message;
    match decision {
        Some(id) => format!("{place}{}. Decision: {id}", text.trim_end_matches('.')),
        None => format!("{place}{text}"),
    }
}

/// The Java class that Trino itself would report.
fn failure_type(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PermissionDenied => "io.trino.spi.security.AccessDeniedException",
        ErrorCode::SyntaxError => "io.trino.sql.parser.ParsingException",
        _ => "io.trino.spi.TrinoException",
    }
}

/// All that JDBC needs to be there.
fn statistics(state: &str) -> Value {
    json!({
        "state": state,
        "queued": state == "QUEUED",
        "scheduled": false,
        "nodes": 0,
        "totalSplits": 0,
        "queuedSplits": 0,
        "runningSplits": 0,
        "completedSplits": 0,
        "planningTimeMillis": 0,
        "analysisTimeMillis": 0,
        "cpuTimeMillis": 0,
        "wallTimeMillis": 0,
        "queuedTimeMillis": 0,
        "elapsedTimeMillis": 0,
        "finishingTimeMillis": 0,
        "physicalInputTimeMillis": 0,
        "processedRows": 0,
        "processedBytes": 0,
        "physicalInputBytes": 0,
        "physicalWrittenBytes": 0,
        "internalNetworkInputBytes": 0,
        "peakMemoryBytes": 0,
        "spilledBytes": 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::origin::Origins;

    #[test]
    fn a_denial_has_trinos_shape() {
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "sluice:8443".parse().unwrap());
        let origin = Origins::new(None, true).of(&headers).unwrap();
        let refusal = Refusal {
            code: ErrorCode::PermissionDenied,
            message: "Access Denied: Cannot select from table lake.hr.salaries".to_owned(),
            location: Some((1, 15)),
        };
        let query = QueryId::parse("20260101_000000_00000_sluic").unwrap();
        let page = page(&origin, &query, error(&refusal, Some(Uuid::from_u128(5))));
        let page: Value = serde_json::from_slice(&page).unwrap();
        let message = "Access Denied: Cannot select from table lake.hr.salaries. \
                       Decision: 00000000-0000-0000-0000-000000000005";
        let place = json!({"lineNumber": 1, "columnNumber": 15});
        assert_eq!(
            page["error"],
            json!({
                "message": message, "errorCode": 4, "errorName": "PERMISSION_DENIED", "errorType": "USER_ERROR",
                "errorLocation": place,
                "failureInfo": {
                    "type": "io.trino.spi.security.AccessDeniedException", "message": message, "suppressed": [],
                    "stack": [], "errorLocation": place,
                    "errorInfo": {"code": 4, "name": "PERMISSION_DENIED", "type": "USER_ERROR"},
                },
            })
        );
        assert_eq!(page["id"], "20260101_000000_00000_sluic");
        assert_eq!(page["infoUri"], "https://sluice:8443/ui/query.html?20260101_000000_00000_sluic");
        assert_eq!(page["stats"]["state"], "FAILED");
        assert_eq!(page.get("nextUri"), None);
    }
}
