//! What becomes of running queries when policies are replaced, and of statements when policies are out of date.

use super::sluice::Sluice;
use super::trino::{FakeTrino, QUERY, Reply, leading_to};
use crate::policy::{SourceFile, compile};
use crate::proxy::decide::Basis;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
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
async fn a_query_is_ended_when_a_time_is_passed_that_its_decision_rested_on() {
    let trino = running().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "LATE it", &[]).await.next(&sluice);
    assert!(sluice.get("anna", &next).await.page().get("error").is_none());
    sluice.set_clock(true);
    trino.until("DELETE").await;
    let got = sluice.get("anna", &next).await;
    insta::assert_snapshot!(got.error("message").split(". Decision").next().unwrap(), @"Access Denied: a time that the policies name was passed while the query ran, and it is not allowed any more: Access Denied: Cannot select from table lake.hr.salaries");
    assert_eq!(sluice.completions(1).await[0]["error"], "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_page_after_that_time_is_not_given_before_anybody_looks_at_the_clock() {
    let trino = running().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "LATE it", &[]).await.next(&sluice);
    sluice.set_clock(true);
    assert_eq!(sluice.get("anna", &next).await.error("errorName"), "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_clock_that_is_set_back_is_obeyed_like_one_that_goes_on() {
    let trino = running().await;
    let sluice = Sluice::before(&trino).await;
    sluice.set_clock(true);
    let next = sluice.post("anna", "EARLY it", &[]).await.next(&sluice);
    assert_eq!(sluice.post("anna", "LATE it", &[]).await.error("errorName"), "PERMISSION_DENIED");
    sluice.set_clock(false);
    trino.until("DELETE").await;
    assert_eq!(sluice.get("anna", &next).await.error("errorName"), "PERMISSION_DENIED");
    assert!(sluice.post("anna", "LATE it", &[]).await.page().get("error").is_none(), "it holds again");
}

#[test]
fn a_decision_rests_on_the_minute_only_where_a_condition_reads_it() {
    let snapshot = |when: &str| {
        let text = format!(
            "apiVersion: sluice/v1\nkind: Domain\nmetadata: {{name: platform}}\nspec: {{central: true}}\n---\n\
             apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: a, domain: platform}}\nspec:\n  \
             impersonate: [{{to: {{users: [superset]}}, users: [anna], when: \"{when}\"}}]\n"
        );
        compile(vec![SourceFile { path: "a.yaml".to_owned(), text }]).unwrap()
    };
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    for (when, after_a_minute) in [("request.time.getHours() < 18", false), ("user.name == 'superset'", true)] {
        let snapshot = snapshot(when);
        let basis = Basis::of(&snapshot, at(600));
        assert!(basis.holds(&snapshot, at(659)), "{when}");
        assert_eq!(basis.holds(&snapshot, at(660)), after_a_minute, "{when}");
        assert_eq!(basis.holds(&snapshot, at(599)), after_a_minute, "{when}");
    }
}

#[tokio::test]
async fn a_query_that_does_not_rest_on_that_time_runs_on() {
    let trino = running().await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    sluice.set_clock(true);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(sluice.get("anna", &next).await.page().get("error").is_none());
    assert!(trino.seen().iter().all(|seen| seen.method != "DELETE"));
}

#[tokio::test]
async fn a_query_that_was_started_elsewhere_before_that_time_is_ended() {
    let trino = running().await;
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), [7; 32]).unwrap();
    let listen = format!("listen: {{address: '127.0.0.1:0', page_key_file: '{}'}}\n", key.path().display());
    let (one, other) = (Sluice::with(&trino, &listen).await, Sluice::with(&trino, &listen).await);
    let next = one.post("anna", "SELECT 1", &[]).await.next(&one);
    other.set_clock(true);
    let got = other.get("anna", &next).await;
    assert!(got.error("message").contains("a time that the policies name was passed"), "{got:?}");
    assert!(got.error("message").contains("since it was not started here"), "{got:?}");
}

#[tokio::test]
async fn where_it_is_not_wanted_nothing_is_ended() {
    let trino = running().await;
    let sluice = Sluice::with(&trino, "policies: {folder: policies, cancel_running: false}\n").await;
    let next = sluice.post("anna", "LOSE it", &[]).await.next(&sluice);
    let late = sluice.post("anna", "LATE it", &[]).await.next(&sluice);
    sluice.more_policies().await;
    sluice.set_clock(true);
    for next in [next, late] {
        assert!(sluice.get("anna", &next).await.page().get("error").is_none());
    }
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
