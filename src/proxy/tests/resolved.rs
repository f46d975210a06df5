//! What becomes of a query whose names stand for something else at Trino than when it was decided.

use super::sluice::Sluice;
use super::trino::{FakeTrino, QUERY, Reply, Seen, leading_to, page, path};
use crate::catalog::fake::tables_of;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn queued(token: u32) -> String {
    format!("/v1/statement/queued/{QUERY}/yslug/{token}")
}

fn waiting(token: u32) -> Value {
    page(json!({"stats": {"state": "QUEUED"}, "nextUri": format!("http://trino.internal:8080{}", queued(token))}))
}

/// A query's info that tells of `lake.hr.people`, as a view if there is a text.
fn info(text: Option<&str>) -> Value {
    let mut people =
        json!({"catalog": "lake", "schema": "hr", "table": "people", "authorization": "anna", "referenceChain": []});
    if let Some(text) = text {
        people["viewText"] = json!(text);
    }
    json!({"queryId": QUERY, "state": "PLANNING", "referencedTables": [people]})
}

fn is_info(seen: &Seen) -> bool {
    seen.method == "GET" && seen.path == format!("/v1/query/{QUERY}?pruned=true")
}

/// What Sluice itself asks.
fn is_own(seen: &Seen) -> bool {
    seen.headers["x-trino-user"] == "sluice"
}

/// The answer to a question about tables.
fn tables(asked: &Seen) -> Reply {
    let rows = tables_of(&asked.body).into_iter();
    let rows = rows.flat_map(|name| [json!([name, 0, "BASE TABLE", ""]), json!([name, 1, "id", "bigint"])]);
    Reply::Page(page(json!({"data": rows.collect::<Vec<_>>()})))
}

/// A Trino as it is: a statement waits, then runs, then gives a row. `info` is what its info says.
async fn trino(info: impl Fn() -> Reply + Send + Sync + 'static) -> FakeTrino {
    FakeTrino::start(move |seen| match seen.method.as_str() {
        "POST" if is_own(seen) => tables(seen),
        "POST" => Reply::Page(waiting(1)),
        "DELETE" => Reply::Status(204, ""),
        _ if is_info(seen) => info(),
        _ if seen.path == queued(1) => Reply::Page(waiting(2)),
        _ if seen.path == queued(2) => Reply::Page(leading_to(1)),
        _ => Reply::Page(page(json!({"columns": [], "data": [["canary"]]}))),
    })
    .await
}

fn paths(trino: &FakeTrino) -> Vec<String> {
    trino.seen().iter().map(|seen| seen.path.clone()).collect()
}

#[tokio::test]
async fn a_statement_over_a_table_is_answered_once_trino_has_told_of_it() {
    let trino = trino(|| Reply::Page(info(None))).await;
    let sluice = Sluice::before(&trino).await;
    let first = sluice.post("anna", "READ it", &[]).await;
    let last = sluice.get("anna", &first.next(&sluice)).await;
    assert_eq!(last.page()["data"], json!([["canary"]]));
    let asked = format!("/v1/query/{QUERY}?pruned=true");
    assert_eq!(paths(&trino), ["/v1/statement", &queued(1), &queued(2), &asked, &path(1)], "once, and in this order");
    assert!(trino.seen().iter().all(|seen| seen.headers["x-trino-user"] == "anna"));
    assert_eq!(sluice.completions(1).await[0]["state"], "finished");
}

#[tokio::test]
async fn a_query_without_a_table_is_led_past_its_wait_and_not_asked_about() {
    let trino = trino(|| Reply::Status(500, "")).await;
    let sluice = Sluice::before(&trino).await;
    let first = sluice.post("anna", "SELECT 1", &[]).await;
    assert!(first.next(&sluice).starts_with(&path(1)), "what comes next may have rows");
    assert_eq!(paths(&trino), ["/v1/statement", &queued(1), &queued(2)]);
    assert_eq!(sluice.get("anna", &first.next(&sluice)).await.page()["data"], json!([["canary"]]));
    assert_eq!(sluice.completions(1).await[0]["state"], "finished");
}

#[tokio::test]
async fn what_does_more_than_read_goes_on_when_its_client_does() {
    let trino = trino(|| Reply::Status(500, "")).await;
    let sluice = Sluice::before(&trino).await;
    let first = sluice.post("anna", "DROP it", &[]).await;
    assert!(first.next(&sluice).starts_with(&queued(1)), "its pages are as Trino gives them");
    assert_eq!(paths(&trino), ["/v1/statement"]);
}

#[tokio::test]
async fn a_query_that_can_not_be_led_on_is_where_it_was() {
    let failed = || {
        let error = json!({"message": "line 1:8: Division by zero", "errorCode": 8, "errorName": "DIVISION_BY_ZERO",
            "errorType": "USER_ERROR"});
        Reply::Page(page(json!({"error": error})))
    };
    for reply in [failed as fn() -> Reply, || Reply::Status(503, "later"), || Reply::Break, || Reply::CutOff] {
        let trino = FakeTrino::start(move |seen| match seen.method.as_str() {
            "POST" => Reply::Page(waiting(1)),
            "DELETE" => Reply::Status(204, ""),
            _ if seen.path == queued(1) => Reply::Page(waiting(2)),
            _ => reply(),
        })
        .await;
        let sluice = Sluice::before(&trino).await;
        let next = sluice.post("anna", "SELECT 1/0", &[]).await.next(&sluice);
        assert!(next.starts_with(&queued(2)), "{next}");
        let asked = trino.seen().len();
        sluice.get("anna", &next).await;
        assert!(paths(&trino)[asked..].contains(&queued(2)), "the client asks for itself");
    }
}

#[tokio::test]
async fn a_table_that_is_a_view_by_now_shows_nothing() {
    let trino = trino(|| Reply::Page(info(Some("SELECT * FROM lake.hr.secret")))).await;
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post("anna", "READ it", &[]).await;
    assert_eq!((got.status, got.error("errorName")), (StatusCode::OK, "PERMISSION_DENIED".to_owned()));
    insta::assert_snapshot!(got.error("message").split(". Decision").next().unwrap(), @"Access Denied: lake.hr.people is not what it was when the statement was decided, so nothing of its answer is shown; run it again, and tell the operators if it is refused again");
    assert_eq!((got.page()["id"].as_str(), got.page().get("nextUri")), (Some(QUERY), None));
    assert!(!String::from_utf8_lossy(&got.body).contains("secret"));
    assert_eq!(trino.until("DELETE").await.path, format!("/v1/query/{QUERY}"));
    let completion = &sluice.completions(1).await[0];
    assert_eq!((&completion["state"], &completion["error"]), (&json!("canceled"), &json!("PERMISSION_DENIED")));
    insta::assert_snapshot!(completion["reason"].as_str().unwrap(), @"lake.hr.people is not what it was proved to be");
    assert!(!paths(&trino).contains(&path(1)), "no page with rows is asked for");
    let metrics = String::from_utf8(sluice.metrics.text().unwrap()).unwrap();
    assert!(metrics.contains("sluice_answers_withheld_total{found=\"changed\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_change_that_read_a_view_instead_says_that_it_may_have_happened() {
    let trino = trino(|| Reply::Page(info(Some("SELECT * FROM lake.hr.secret")))).await;
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post("anna", "WRITE it", &[]).await;
    insta::assert_snapshot!(got.error("message").split(". Decision").next().unwrap(), @"Access Denied: lake.hr.people is not what it was when the statement was decided, so it was ended; it may have had its effect by then, so tell the operators");
    let metrics = String::from_utf8(sluice.metrics.text().unwrap()).unwrap();
    assert!(metrics.contains("sluice_answers_withheld_total{found=\"changed_late\"} 1"), "{metrics}");
}

#[tokio::test]
async fn what_a_change_reads_is_asked_for_anew_each_time() {
    let trino = trino(|| Reply::Page(info(None))).await;
    let sluice = Sluice::before(&trino).await;
    let asked = || trino.seen().iter().filter(|seen| is_own(seen)).count();
    sluice.post("anna", "WRITE it", &[]).await;
    let first = asked();
    sluice.post("anna", "WRITE it", &[]).await;
    assert_eq!(asked(), first + 1);
    sluice.post("anna", "READ it", &[]).await;
    assert_eq!(asked(), first + 1);
}

#[tokio::test]
async fn a_relation_that_nobody_named_is_not_named_to_the_user() {
    let trino = trino(|| {
        let mut other = info(None);
        other["referencedTables"][0]["table"] = json!("secret");
        Reply::Page(other)
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post("anna", "READ it", &[]).await;
    insta::assert_snapshot!(got.error("message").split(". Decision").next().unwrap(), @"Access Denied: a name in the statement does not stand for what it did when the statement was decided, so nothing of its answer is shown; run it again, and tell the operators if it is refused again");
    assert!(sluice.completions(1).await[0]["reason"].as_str().unwrap().contains("lake.hr.secret"));
}

#[tokio::test]
async fn what_can_not_be_found_out_shows_nothing() {
    for reply in [
        (|| Reply::Status(403, "no")) as fn() -> Reply,
        || Reply::Status(410, "gone"),
        || Reply::Break,
        || Reply::Bytes(b"<html>".to_vec()),
        || Reply::Page(json!({"queryId": QUERY, "state": "PLANNING"})),
        || Reply::Page(json!({"queryId": QUERY, "state": "RUNNING", "referencedTables": []})),
        || Reply::Page(json!({"queryId": "another", "state": "FAILED", "referencedTables": []})),
    ] {
        let trino = trino(reply).await;
        let sluice = Sluice::before(&trino).await;
        let got = sluice.post("anna", "READ it", &[]).await;
        assert_eq!(got.error("errorName"), "GENERIC_INTERNAL_ERROR");
        assert!(got.error("message").contains("could not find out from Trino"), "{got:?}");
        trino.until("DELETE").await;
        assert!(!paths(&trino).contains(&path(1)));
        let metrics = String::from_utf8(sluice.metrics.text().unwrap()).unwrap();
        assert!(metrics.contains("sluice_answers_withheld_total{found=\"unknown\"} 1"), "{metrics}");
    }
}

#[tokio::test]
async fn an_info_that_comes_at_the_second_try_will_do() {
    let tries = Arc::new(AtomicUsize::new(0));
    let trino = trino(move || match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Break,
        1 => Reply::Page(json!({"queryId": QUERY, "state": "PLANNING", "referencedTables": []})),
        _ => Reply::Page(info(None)),
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    assert!(sluice.post("anna", "READ it", &[]).await.next(&sluice).starts_with(&path(1)));
}

#[tokio::test]
async fn rows_on_the_first_page_and_an_error_are_held_back_too() {
    for first in [
        json!({"columns": [], "data": [["canary"]]}),
        json!({"error": {"message": "Cannot cast 'canary'",
        "errorCode": 9, "errorName": "INVALID_CAST_ARGUMENT", "errorType": "USER_ERROR"}}),
    ] {
        let trino = FakeTrino::start(move |seen| match seen.method.as_str() {
            "POST" => Reply::Page(page(first.clone())),
            "DELETE" => Reply::Status(204, ""),
            _ => Reply::Page(info(Some("SELECT 1"))),
        })
        .await;
        let sluice = Sluice::before(&trino).await;
        let got = sluice.post("anna", "READ it", &[]).await;
        assert!(!String::from_utf8_lossy(&got.body).contains("canary"), "{got:?}");
        assert_eq!(got.error("errorName"), "PERMISSION_DENIED");
    }
}

#[tokio::test]
async fn an_error_of_a_statement_that_was_never_analyzed_is_shown() {
    let trino = FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(waiting(1)),
        _ if is_info(seen) => Reply::Page(json!({"queryId": QUERY, "state": "FAILED", "referencedTables": []})),
        _ => Reply::Page(page(
            json!({"error": {"message": "line 1:1: Table 'lake.hr.people' does not exist", "errorCode": 46,
            "errorName": "TABLE_NOT_FOUND", "errorType": "USER_ERROR"}}),
        )),
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    // Some clients see no error on the answer to the statement itself.
    let next = sluice.post("anna", "READ it", &[]).await.next(&sluice);
    assert!(next.starts_with(&queued(1)), "{next}");
    assert_eq!(sluice.get("anna", &next).await.error("errorName"), "TABLE_NOT_FOUND");
}

/// A Trino where a statement waits for so many pages for its turn.
async fn busy(pages: usize, told: bool) -> FakeTrino {
    let left = Arc::new(AtomicUsize::new(pages));
    FakeTrino::start(move |seen| match seen.method.as_str() {
        "POST" if is_own(seen) => tables(seen),
        "POST" => Reply::Page(waiting(1)),
        "DELETE" => Reply::Status(204, ""),
        _ if is_info(seen) => Reply::Page(if told {
            info(None)
        } else {
            json!({"queryId": QUERY, "state": "QUEUED", "referencedTables": []})
        }),
        _ if seen.path.contains("/queued/") => {
            std::thread::sleep(Duration::from_millis(300));
            let waits = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            Reply::Page(if waits { waiting(2) } else { leading_to(1) })
        }
        _ => Reply::Page(page(json!({"data": [["canary"]]}))),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_query_that_waits_for_its_turn_is_not_held_for_long() {
    let trino = busy(1000, true).await;
    let sluice = Sluice::before(&trino).await;
    for sql in ["READ it", "SELECT 1"] {
        let before = trino.seen().len();
        let got = sluice.post("anna", sql, &[]).await;
        assert!(got.next(&sluice).starts_with(&queued(2)));
        assert!(trino.seen()[before..].iter().filter(|seen| seen.path.contains("/queued/")).count() <= 6);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_the_replica_that_started_a_query_goes_on_before_it_is_known_what_trino_resolved() {
    let trino = busy(40, false).await;
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), [7; 32]).unwrap();
    let listen = format!("listen: {{address: '127.0.0.1:0', page_key_file: '{}'}}\n", key.path().display());
    let (one, other) = (Sluice::with(&trino, &listen).await, Sluice::with(&trino, &listen).await);
    let held = one.post("anna", "WRITE it", &[]).await;
    let next = held.next(&one);
    assert!(next.starts_with(&queued(2)), "{next}");
    assert!(one.get("anna", &next).await.next(&one).starts_with(&queued(2)));
    let got = other.get("anna", &next).await;
    insta::assert_snapshot!(got.error("message").split(". Decision").next().unwrap(), @"The statement was started by another Sluice before it was known what the names in it stand for, so nothing of its answer is shown; run it again");
    assert_eq!(trino.until("DELETE").await.path, format!("/v1/query/{QUERY}"));
}

#[tokio::test]
async fn any_replica_gives_the_pages_once_it_is_known() {
    let trino = trino(|| Reply::Page(info(None))).await;
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), [7; 32]).unwrap();
    let listen = format!("listen: {{address: '127.0.0.1:0', page_key_file: '{}'}}\n", key.path().display());
    let (one, other) = (Sluice::with(&trino, &listen).await, Sluice::with(&trino, &listen).await);
    let next = one.post("anna", "READ it", &[]).await.next(&one);
    assert_eq!(other.get("anna", &next).await.page()["data"], json!([["canary"]]));
    assert_eq!(trino.seen().iter().filter(|seen| is_info(seen)).count(), 1);
}
