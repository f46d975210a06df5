//! What a client sees and what Trino sees, when all goes well or policy says no.

use super::sluice::Sluice;
use super::trino::{FakeTrino, QUERY, Reply, leading_to, page, path};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;

async fn two_pages() -> FakeTrino {
    FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        "DELETE" => Reply::Status(204, ""),
        _ if seen.path == path(1) => Reply::PageWith(
            vec![("x-trino-set-session", "a=1"), ("x-trino-set-session", "b=2"), ("server", "Trino/476")],
            page(json!({
                "columns": [{"name": "n", "type": "integer"}], "data": [[1], [2], ["http://trino.internal:8080"]],
                "nextUri": format!("http://trino.internal:8080{}", path(2)),
            })),
        ),
        _ => Reply::Page(page(json!({"data": [[4]]}))),
    })
    .await
}

#[tokio::test]
async fn a_statement_goes_to_trino_and_its_pages_come_back() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    let first = sluice.post("anna", "SELECT 1", &[("x-trino-catalog", "lake"), ("x-forwarded-host", "evil")]).await;
    assert_eq!(first.status, StatusCode::OK);
    let second = sluice.get("anna", &first.next(&sluice)).await;
    assert_eq!(second.page()["data"], json!([[1], [2], ["http://trino.internal:8080"]]));
    assert_eq!(second.headers.get_all("x-trino-set-session").iter().count(), 2);
    assert!(!second.headers.contains_key("server"));
    let last = sluice.get("anna", &second.next(&sluice)).await;
    assert_eq!(last.page().get("nextUri"), None);

    let seen = trino.seen();
    assert_eq!(seen[0].body, "SELECT 1");
    assert_eq!(seen[0].headers["x-trino-user"], "anna");
    assert_eq!(seen[0].headers["x-trino-catalog"], "lake");
    let mut names: Vec<&str> = seen[0].headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-encoding", "content-length", "content-type", "host", "x-trino-catalog", "x-trino-user"]);
    assert_eq!(seen.iter().map(|seen| seen.path.clone()).collect::<Vec<_>>()[1..], [path(1), path(2)]);
    let completion = &sluice.completions(1).await[0];
    let decision = &sluice.records("decision")[0];
    assert_eq!(completion["decision"], decision["id"]);
    assert_eq!((&completion["state"], &completion["rows"]), (&json!("finished"), &json!(4)));
    assert_eq!(completion["query_id"], QUERY);
    assert_eq!(decision["outcome"], "allow");
}

#[tokio::test]
async fn a_statement_that_was_decided_before_is_forwarded_and_written_down_again() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    for (user, sql) in
        [("anna", "HIDE me"), ("anna", "HIDE me"), ("bert", "HIDE me"), ("anna", "DENY"), ("anna", "DENY")]
    {
        sluice.post(user, sql, &[]).await;
    }
    let forwarded: Vec<_> = trino.seen().iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(forwarded.len(), 3);
    assert!(forwarded.iter().all(|text| text.len() == "HIDE me".len() + 20), "{forwarded:?}");
    let records = sluice.records("decision");
    assert_eq!(
        records.iter().map(|record| record["outcome"].as_str().unwrap()).collect::<Vec<_>>(),
        ["rewrite", "rewrite", "rewrite", "deny", "deny"]
    );
    assert_eq!(records.iter().map(|record| record["id"].to_string()).collect::<BTreeSet<_>>().len(), 5);
    assert!(records.iter().all(|record| record["stages_us"].get("recall").is_some()));
    let metrics = String::from_utf8(sluice.metrics.text().unwrap()).unwrap();
    assert!(metrics.contains("sluice_decisions_recalled_total 2"), "{metrics}");
}

#[tokio::test]
async fn nothing_is_read_before_trino_has_told_its_version() {
    let trino = FakeTrino::start(|_| Reply::Status(503, "")).await;
    let sluice = Sluice::reading(&trino, "", None).await;
    let got = sluice.post("anna", "SELECT 1", &[]).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.error("errorName"), "SERVER_STARTING_UP");
    assert!(got.error("message").starts_with("Trino has not told its version yet"), "{got:?}");
    assert!(trino.seen().iter().all(|seen| seen.method != "POST"));
    assert_eq!(sluice.records("decision")[0]["outcome"], "deny");
}

#[tokio::test]
async fn a_denial_never_reaches_trino_and_names_its_decision() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post("anna", "DENY", &[]).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.error("errorName"), "PERMISSION_DENIED");
    let id = sluice.records("decision")[0]["id"].as_str().unwrap().to_owned();
    assert!(got.error("message").ends_with(&id));
    assert!(trino.seen().is_empty());
}

#[tokio::test]
async fn passwords_of_catalogs_are_not_written_down() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    for end in ["", " s3cret"] {
        let sql = format!("CREATE CATALOG c USING p WITH (\"password\" = 's3cret'){end}");
        sluice.post("anna", sql, &[]).await;
    }
    let records = sluice.records("decision");
    assert_eq!(records[0]["sql"], "CREATE CATALOG c USING p WITH (\"password\" = '***')");
    assert_eq!(records[1]["sql"], "CREATE CATALOG (a text that can't be read)");
    assert!(records.iter().all(|record| !record.to_string().contains("s3cret")), "{records:?}");
}

#[tokio::test]
async fn acting_for_another_user_needs_a_policy() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    let refused = sluice.post("bob", "SELECT 1", &[("x-trino-user", "anna"), ("x-trino-original-user", "anna")]).await;
    assert!(refused.error("message").contains("User bob cannot impersonate user anna"));
    assert!(trino.seen().is_empty());
    let first = sluice.post("superset", "SELECT 1", &[("x-trino-user", "anna")]).await;
    assert_eq!(trino.seen()[0].headers["x-trino-user"], "anna");
    let next = first.next(&sluice);
    let acting = [("x-trino-user", "anna")];
    assert_eq!(sluice.ask(Method::GET, &next, "superset", Bytes::new(), &acting).await.status, StatusCode::OK);
    assert_eq!(sluice.get("superset", &next).await.status, StatusCode::NOT_FOUND);
    assert_eq!(sluice.get("anna", &next).await.status, StatusCode::NOT_FOUND);
    let decisions = sluice.records("decision");
    assert_eq!((&decisions[0]["principal"], &decisions[0]["user"]), (&json!("bob"), &json!("anna")));
    assert_eq!(decisions[0]["outcome"], "deny");
}

#[tokio::test]
async fn a_page_is_given_to_its_owner_alone() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let (bare, mark) = next.split_once("?sluice=").unwrap();
    let other_query = next.replace("00001", "00002");
    let forged = format!("{bare}?sluice=B{}", mark.get(1..).unwrap());
    for (user, path) in
        [("bob", next.as_str()), ("anna", bare), ("anna", &other_query), ("anna", &forged), ("anna", "/v1/statement/x")]
    {
        for method in [Method::GET, Method::HEAD, Method::DELETE] {
            assert_eq!(sluice.ask(method, path, user, Bytes::new(), &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    assert_eq!(trino.seen().len(), 1);
    assert_eq!(sluice.get("anna", &next).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_ends_its_query() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let got = sluice.ask(Method::DELETE, &next, "anna", Bytes::new(), &[]).await;
    assert_eq!(got.status, StatusCode::NO_CONTENT);
    assert_eq!(trino.until("DELETE").await.path, path(1));
    assert_eq!(sluice.completions(1).await[0]["state"], "canceled");
}

#[tokio::test]
async fn a_client_ends_its_query_by_its_id_and_nobody_elses() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let kill = format!("/v1/query/{QUERY}");
    for (user, path) in [("bob", kill.as_str()), ("anna", "/v1/query/20260101_000000_09999_abcde")] {
        let got = sluice.ask(Method::DELETE, path, user, Bytes::new(), &[]).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{user} {path}");
    }
    assert_eq!(trino.seen().len(), 1);
    let got = sluice.ask(Method::DELETE, &kill, "anna", Bytes::new(), &[]).await;
    assert_eq!(got.status, StatusCode::NO_CONTENT);
    assert_eq!(trino.until("DELETE").await.path, kill);
    assert_eq!(sluice.completions(1).await[0]["state"], "canceled");
}

#[tokio::test]
async fn an_error_that_may_quote_hidden_rows_is_withheld_and_another_shows_its_place() {
    let trino = FakeTrino::start(|seen| {
        let (name, message) = match seen.body.as_str() {
            body if body.contains("quote") => ("INVALID_CAST_ARGUMENT", "Cannot cast '123-45' to INT"),
            _ => ("COLUMN_NOT_FOUND", "line 1:30: Column 'x' cannot be resolved"),
        };
        Reply::Page(page(json!({"error": {
            "message": message, "errorCode": 9, "errorName": name, "errorType": "USER_ERROR",
            "errorLocation": {"lineNumber": 1, "columnNumber": 30},
            "failureInfo": {"type": "x.Y", "message": message, "suppressed": [], "stack": ["a.b(C.java:1)"]},
        }})))
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    let hidden = sluice.post("anna", "HIDE   a quote", &[]).await;
    assert!(!String::from_utf8_lossy(&hidden.body).contains("123-45"));
    assert!(hidden.error("message").contains("INVALID_CAST_ARGUMENT"));
    let shown = sluice.post("anna", "HIDE   a column", &[]).await;
    assert_eq!(shown.error("message"), "line 1:10: Column 'x' cannot be resolved");
    let plain = sluice.post("anna", "SELECT quote", &[]).await;
    assert_eq!(plain.error("message"), "Cannot cast '123-45' to INT");
    assert!(!String::from_utf8_lossy(&plain.body).contains("C.java"));
    let completions = sluice.completions(3).await;
    assert_eq!(
        (&completions[0]["state"], &completions[0]["error"]),
        (&json!("failed"), &json!("INVALID_CAST_ARGUMENT"))
    );
}

#[tokio::test]
async fn who_is_not_known_is_asked_to_log_in_and_nothing_else_asks_for_it() {
    let trino = two_pages().await;
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post(" ", "SELECT 1", &[]).await;
    assert_eq!(
        (got.status, &got.headers["www-authenticate"]),
        (StatusCode::UNAUTHORIZED, &"Basic realm=\"Trino\"".parse().unwrap())
    );
    for (headers, status) in [
        (&[("x-trino-new", "1")][..], StatusCode::BAD_REQUEST),
        (&[("x-presto-user", "anna")], StatusCode::BAD_REQUEST),
        (&[("content-encoding", "gzip")], StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        assert_eq!(sluice.post("anna", "SELECT 1", headers).await.status, status);
    }
    let role = sluice.post("anna", "SELECT 1", &[("x-trino-role", "system=ROLE%7Badmin%7D")]).await;
    assert_eq!(role.error("errorName"), "NOT_SUPPORTED");
    let got = sluice.post("anna", b"SELECT '\xff'".to_vec(), &[]).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert_eq!(got.body, "A statement is UTF-8, and the byte at offset 8 is not");
    assert_eq!(sluice.get("anna", "/ui/").await.status, StatusCode::FORBIDDEN);
    assert!(trino.seen().is_empty());
}
