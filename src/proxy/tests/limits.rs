//! How much one may have at once, and that it is given back in whatever way it ends.

use super::sluice::{Got, Sluice};
use super::trino::{FakeTrino, QUERY, Reply, leading_to, page};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Statements run on, but for what their text says. Each is a query of its own.
async fn trino() -> FakeTrino {
    let queries = AtomicUsize::new(1);
    FakeTrino::start(move |seen| match (seen.method.as_str(), seen.body.as_str()) {
        ("POST", "BREAK") => Reply::Break,
        ("POST", "STATUS") => Reply::Status(503, "no"),
        ("POST", "GARBAGE") => Reply::Bytes(b"<html>".to_vec()),
        ("POST", "ONCE") => Reply::Page(page(json!({}))),
        ("POST", "FAIL") => Reply::Page(page(json!({"error": {"message": "no", "errorName": "X", "errorCode": 1}}))),
        ("POST", _) => {
            let query = format!("20260101_000000_{:05}_trino", queries.fetch_add(1, Ordering::Relaxed));
            Reply::Bytes(leading_to(1).to_string().replace(QUERY, &query).into_bytes())
        }
        ("DELETE", _) => Reply::Status(204, ""),
        _ if seen.path.contains("/yslug/1") => Reply::Endless,
        _ => Reply::Page(page(json!({}))),
    })
    .await
}

fn full(got: &Got) -> bool {
    got.status == StatusCode::OK && got.page().get("error").is_some() && got.error("errorName") == "QUERY_QUEUE_FULL"
}

fn reached(sluice: &Sluice, limit: &str) -> String {
    let text = String::from_utf8(sluice.metrics.text().unwrap()).unwrap();
    let name = format!("sluice_limits_reached_total{{limit=\"{limit}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().to_owned()
}

#[tokio::test]
async fn a_statement_beyond_a_limit_is_trinos_queue_that_is_full() {
    let trino = trino().await;
    let sluice = Sluice::with(&trino, "limits: {statements: 2, statements_per_principal: 1}\n").await;
    let first = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let got = sluice.post("anna", "SELECT 2", &[]).await;
    assert!(full(&got), "{got:?}");
    assert_eq!(got.error("errorType"), "INSUFFICIENT_RESOURCES");
    assert!(got.error("message").starts_with(
        "Too many statements of yours run at once (limits.statements_per_principal); try again when some have ended"
    ));
    assert!(!full(&sluice.post("bert", "SELECT 1", &[]).await));
    let got = sluice.post("cleo", "SELECT 1", &[]).await;
    assert!(full(&got) && got.error("message").contains("(limits.statements)"), "{got:?}");
    assert_eq!(
        (reached(&sluice, "statements_per_principal"), reached(&sluice, "statements")),
        ("1".into(), "1".into())
    );
    assert_eq!(sluice.records("decision").len(), 4);
    assert_eq!(trino.seen().iter().filter(|seen| seen.method == "POST").count(), 2);
    // Pages of what runs are given whatever the limits.
    assert_eq!(sluice.ask(Method::DELETE, &first, "anna", Bytes::new(), &[]).await.status, StatusCode::NO_CONTENT);
    assert!(!full(&sluice.post("cleo", "SELECT 1", &[]).await));
}

/// A burst of ten times as many as may run: some run, each other one is refused at once, and all is as before afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_shed_and_leaves_nothing_behind() {
    const MOST: usize = 20;
    let trino = trino().await;
    let sluice = Arc::new(Sluice::with(&trino, "limits: {statements: 20}\n").await);
    let mut asking = JoinSet::new();
    for number in 0..MOST * 10 {
        let (sluice, user) = (Arc::clone(&sluice), format!("user{number}"));
        asking.spawn(async move {
            let got = sluice.post(&user, "SELECT 1", &[]).await;
            (user, got)
        });
    }
    let answers = asking.join_all().await;
    let (refused, taken): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, got)| full(got));
    assert_eq!((refused.len(), taken.len()), (MOST * 9, MOST));
    assert_eq!(trino.seen().iter().filter(|seen| seen.method == "POST").count(), MOST);
    assert_eq!(reached(&sluice, "statements"), (MOST * 9).to_string());
    assert_eq!(sluice.records("decision").len(), MOST * 10);
    for (user, got) in taken {
        let ended = sluice.ask(Method::DELETE, &got.next(&sluice), user, Bytes::new(), &[]).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
    }
    assert!(!full(&sluice.post("anna", "ONCE", &[]).await));
}

#[tokio::test]
async fn one_who_acts_for_others_has_one_count_for_all_of_them() {
    let trino = trino().await;
    let sluice = Sluice::with(&trino, "limits: {statements_per_principal: 1}\n").await;
    assert!(!full(&sluice.post("superset", "SELECT 1", &[("x-trino-user", "anna")]).await));
    assert!(full(&sluice.post("superset", "SELECT 1", &[("x-trino-user", "bert")]).await));
    assert!(!full(&sluice.post("anna", "SELECT 1", &[]).await));
}

#[tokio::test]
async fn a_place_is_given_back_in_whatever_way_a_statement_ends() {
    let trino = trino().await;
    let sluice = Sluice::with(&trino, "limits: {statements: 1}\n").await;
    for text in ["BREAK", "STATUS", "GARBAGE", "ONCE", "FAIL", "DENY"] {
        assert!(!full(&sluice.post("anna", text, &[]).await), "{text}");
        let got = sluice.post("anna", "ONCE", &[]).await;
        assert!(!full(&got), "after {text}: {got:?}");
    }
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    assert!(full(&sluice.post("anna", "ONCE", &[]).await));
    // The client goes in the middle of a page.
    let mut client = TcpStream::connect(sluice.address).await.unwrap();
    let request = format!("GET {next} HTTP/1.1\r\nHost: {}\r\nX-User: anna\r\n\r\n", sluice.address);
    client.write_all(request.as_bytes()).await.unwrap();
    client.read_exact(&mut [0; 100]).await.unwrap();
    drop(client);
    let mut waited = 0;
    while full(&sluice.post("anna", "ONCE", &[]).await) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waited += 1;
        assert!(waited < 200, "the place is not given back");
    }
    // The client goes before its statement is answered.
    let mut client = TcpStream::connect(sluice.address).await.unwrap();
    let head = format!("POST /v1/statement HTTP/1.1\r\nHost: {}\r\nX-User: anna\r\n", sluice.address);
    client.write_all(format!("{head}Content-Length: 8\r\n\r\nSELECT 1").as_bytes()).await.unwrap();
    drop(client);
    trino.until("DELETE").await;
    let mut waited = 0;
    while full(&sluice.post("anna", "ONCE", &[]).await) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waited += 1;
        assert!(waited < 200, "the place is not given back");
    }
}

#[tokio::test]
async fn large_statements_take_turns_and_hold_up_no_small_one() {
    let trino = trino().await;
    let sluice = Sluice::before(&trino).await;
    let large = || format!("ONCE {}", "x".repeat(40 * 1024));
    assert!(!full(&sluice.post("anna", large(), &[]).await));
    let turns = &sluice.proxy.enforcer.turns;
    let all = turns.acquire_many(turns.available_permits().try_into().unwrap()).await.unwrap();
    let began = Instant::now();
    let (got, small) = tokio::join!(sluice.post("anna", large(), &[]), async {
        let got = sluice.post("bert", "ONCE", &[]).await;
        (full(&got), began.elapsed())
    });
    assert!(full(&got) && got.error("message").starts_with("Too many large statements wait to be read"), "{got:?}");
    assert!(!small.0 && small.1 < Duration::from_secs(2), "{small:?}");
    assert_eq!(reached(&sluice, "large_statements"), "1");
    drop(all);
    assert!(!full(&sluice.post("anna", large(), &[]).await));
}

#[tokio::test]
async fn connections_of_one_address_are_bounded() {
    let trino = trino().await;
    let sluice = Sluice::with(&trino, "limits: {connections_per_peer: 2}\n").await;
    let mut held =
        [TcpStream::connect(sluice.address).await.unwrap(), TcpStream::connect(sluice.address).await.unwrap()];
    let mut third = TcpStream::connect(sluice.address).await.unwrap();
    assert_eq!(third.read(&mut [0; 1]).await.unwrap_or_default(), 0, "it is not closed");
    assert_eq!(reached(&sluice, "connections_per_peer"), "1");
    let [first, second] = &mut held;
    first.shutdown().await.unwrap();
    assert_eq!(first.read(&mut [0; 1]).await.unwrap_or_default(), 0);
    let request = format!("GET /nothing HTTP/1.1\r\nHost: {}\r\n\r\n", sluice.address);
    second.write_all(request.as_bytes()).await.unwrap();
    assert!(second.read(&mut [0; 12]).await.unwrap() > 0);
    let mut again = TcpStream::connect(sluice.address).await.unwrap();
    again.write_all(request.as_bytes()).await.unwrap();
    assert!(again.read(&mut [0; 12]).await.unwrap() > 0);
}
