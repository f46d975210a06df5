//! What becomes of running queries when policies are replaced, and of statements when policies are out of date.

use super::sluice::Sluice;
use super::trino::{FakeTrino, QUERY, Reply, leading_to};
use bytes::Bytes;
use http::Method;
use serde_json::json;
use std::time::Duration;

/// A query whose pages lead to further ones.
async fn running() -> FakeTrino {
    FakeTrino::start(|seen| match seen.method.as_str() {
        "DELETE" => Reply::Status(204, ""),
        _ => Reply::Page(leading_to(1)),
    })
    .await
}

#[tokio::test]
async fn a_query_that_is_not_allowed_any_more_is_ended() {
    let trino = running().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "LOSE it", &[]).await.next(&sluice);
    assert!(sluice.get("anna", &next).await.page().get("error").is_none());
    sluice.more_policies().await;
    let delete = trino.until("DELETE").await;
    assert_eq!(
        (delete.path.as_str(), &delete.headers["x-trino-user"]),
        (format!("/v1/query/{QUERY}").as_str(), &"anna".parse().unwrap())
    );
    let got = sluice.get("anna", &next).await;
    assert_eq!(got.error("errorName"), "PERMISSION_DENIED");
    insta::assert_snapshot!(got.error("message").split(". Decision").next().unwrap(), @"Access Denied: the policies were changed while the query ran, and it is not allowed any more: Access Denied: Cannot select from table lake.hr.salaries");
    assert_eq!(got.page().get("nextUri"), None);
    assert_eq!(sluice.get("anna", &next).await.error("errorName"), "PERMISSION_DENIED");
    let completion = &sluice.completions(1).await[0];
    assert_eq!((&completion["state"], &completion["error"]), (&json!("canceled"), &json!("PERMISSION_DENIED")));
    let metrics = String::from_utf8(sluice.metrics.text().unwrap()).unwrap();
    assert!(metrics.contains("sluice_queries_revoked_total 1"), "{metrics}");
    assert_eq!(sluice.ask(Method::DELETE, &next, "anna", Bytes::new(), &[]).await.status, 204);
}

#[tokio::test]
async fn a_query_that_would_be_sent_in_another_form_is_ended() {
    let trino = running().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SHOW it all", &[]).await.next(&sluice);
    sluice.more_policies().await;
    let got = sluice.get("anna", &next).await;
    assert!(got.error("message").contains("it is now allowed in another form only; run it again"), "{got:?}");
    trino.until("DELETE").await;
}

#[tokio::test]
async fn a_query_that_is_decided_as_before_runs_on() {
    for sql in ["SELECT 1", "HIDE it"] {
        let trino = running().await;
        let sluice = Sluice::before(&trino).await;
        let next = sluice.post("anna", sql, &[]).await.next(&sluice);
        sluice.more_policies().await;
        assert!(sluice.get("anna", &next).await.page().get("error").is_none(), "{sql}");
        assert!(trino.seen().iter().all(|seen| seen.method != "DELETE"), "{sql}");
    }
}

#[tokio::test]
async fn a_page_on_its_way_is_cut_off() {
    let trino = FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        "DELETE" => Reply::Status(204, ""),
        _ => Reply::Endless,
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "LOSE it", &[]).await.next(&sluice);
    let reading = sluice.read_until_it_breaks("anna", &next);
    let (read, ()) = tokio::join!(reading, sluice.more_policies());
    assert!(read > 0);
}

#[tokio::test]
async fn a_query_that_was_started_elsewhere_before_the_change_is_ended() {
    let trino = running().await;
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), [7; 32]).unwrap();
    let listen = format!("listen: {{address: '127.0.0.1:0', page_key_file: '{}'}}\n", key.path().display());
    let (one, other) = (Sluice::with(&trino, &listen).await, Sluice::with(&trino, &listen).await);
    let known = one.post("anna", "SELECT 1", &[]).await.next(&one);
    assert!(other.get("anna", &known).await.page().get("error").is_none());
    let unknown = one.post("anna", "SELECT 1", &[]).await.next(&one);
    tokio::time::sleep(Duration::from_millis(5)).await;
    other.more_policies().await;
    for next in [known, unknown] {
        let got = other.get("anna", &next).await;
        assert!(got.error("message").contains("since it was not started here"), "{got:?}");
    }
}

#[tokio::test]
async fn where_it_is_not_wanted_nothing_is_ended() {
    let trino = running().await;
    let sluice = Sluice::with(&trino, "policies: {folder: policies, cancel_running: false}\n").await;
    let next = sluice.post("anna", "LOSE it", &[]).await.next(&sluice);
    sluice.more_policies().await;
    assert!(sluice.get("anna", &next).await.page().get("error").is_none());
}

#[tokio::test]
async fn statements_are_refused_when_policies_are_out_of_date() {
    let trino = running().await;
    let sluice = Sluice::with(&trino, "policies: {folder: policies, max_staleness: 100ms}\n").await;
    std::fs::remove_dir_all(sluice.folder.path().join("policies")).unwrap();
    while sluice.store.stale().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let got = sluice.post("anna", "SELECT 1", &[]).await;
    assert_eq!((got.status.as_u16(), got.error("errorName").as_str()), (200, "SERVER_STARTING_UP"));
    assert!(got.error("message").starts_with("Sluice could not make sure for too long"), "{got:?}");
    assert!(trino.seen().is_empty());
    assert_eq!(sluice.records("decision")[0]["outcome"], "deny");
}
