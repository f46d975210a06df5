//! What requests go by is replaced while queries run.

use super::sluice::Sluice;
use super::trino::{FakeTrino, QUERY, Reply, leading_to, page, path};
use crate::config::Limits;
use crate::identity::{TrustedPeers, Ways};
use crate::proxy::{Live, Proofs};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Gives its first page and one with a row, whose query is named by `number`.
async fn trino(number: usize) -> FakeTrino {
    FakeTrino::start(move |seen| {
        let query = format!("20260101_000000_{number:05}_trino");
        let mine = |page: serde_json::Value| Reply::Bytes(page.to_string().replace(QUERY, &query).into_bytes());
        match seen.method.as_str() {
            "POST" => mine(leading_to(1)),
            _ if seen.path == path(1).replace(QUERY, &query) => mine(page(json!({"data": [[number]]}))),
            _ => Reply::Status(404, "gone"),
        }
    })
    .await
}

#[tokio::test]
async fn a_query_stays_where_it_runs_and_the_next_goes_to_the_new_cluster() {
    let (old, new) = (trino(1).await, trino(2).await);
    let sluice = Sluice::before(&old).await;
    let first = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    sluice.proxy.replace(Live {
        clusters: sluice.cluster_at(&new.url, CancellationToken::new()).await,
        ..Live::clone(&sluice.proxy.live())
    });
    let second = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    for (next, number) in [(&first, 1), (&second, 2)] {
        let got = sluice.get("anna", next).await;
        assert_eq!(got.page()["data"], json!([[number]]), "{got:?}");
    }
    assert_eq!(sluice.completions(2).await.len(), 2);
    let posts = |trino: &FakeTrino| trino.seen().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!((posts(&old), posts(&new)), (1, 1));
}

#[tokio::test]
async fn a_page_that_is_on_its_way_comes_to_its_end_from_the_old_cluster() {
    let old = FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        _ => Reply::Page(page(json!({"data": [["x".repeat(3_000_000)]], "nextUri": path(2)}))),
    })
    .await;
    let sluice = Sluice::before(&old).await;
    let first = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let new = trino(2).await;
    let (got, ()) = tokio::join!(sluice.get("anna", &first), async {
        old.until("GET").await;
        let clusters = sluice.cluster_at(&new.url, CancellationToken::new()).await;
        sluice.proxy.replace(Live { clusters, ..Live::clone(&sluice.proxy.live()) });
    });
    assert!(got.body.len() > 3_000_000);
    let next = got.next(&sluice);
    assert_eq!(sluice.ask(Method::DELETE, &next, "anna", Bytes::new(), &[]).await.status, StatusCode::OK);
    assert!(new.seen().iter().all(|seen| seen.method == "GET" && seen.path.starts_with("/v1/info")));
}

#[tokio::test]
async fn limits_and_proofs_hold_from_the_next_request_on() {
    let trino = trino(1).await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let before = sluice.proxy.live();
    let small = Limits { statement_bytes: 10, statements: 1, ..Limits::default() };
    sluice.proxy.replace(Live { limits: Arc::new(small), ..Live::clone(&before) });
    assert_eq!(sluice.post("anna", "SELECT 12345", &[]).await.error("errorName"), "QUERY_QUEUE_FULL");
    assert_eq!(sluice.get("anna", &next).await.page()["data"], json!([[1]]));
    assert_eq!(sluice.post("anna", "SELECT 12345", &[]).await.error("errorName"), "QUERY_TEXT_TOO_LARGE");
    let ways =
        Ways::new(vec![Arc::new(TrustedPeers::new("x-other".parse().unwrap(), vec!["127.0.0.1/32".parse().unwrap()]))]);
    let proofs = Arc::new(Proofs { ways, login: None, by_address: BTreeSet::default(), following: None });
    sluice.proxy.replace(Live { proofs, ..Live::clone(&before) });
    assert_eq!(sluice.post("anna", "SELECT 1", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sluice.post("anna", "SELECT 1", &[("x-other", "anna")]).await.status, StatusCode::OK);
    sluice.proxy.replace(Live::clone(&before));
    assert_eq!(sluice.post("anna", "SELECT 12345", &[]).await.error("message"), "null");
}

#[tokio::test]
async fn a_cluster_that_is_left_is_followed_no_more() {
    let trino = trino(1).await;
    let sluice = Sluice::before(&trino).await;
    let (first, second) = (CancellationToken::new(), CancellationToken::new());
    let mut kept = Vec::new();
    for following in [&first, &second] {
        let clusters = sluice.cluster_at(&trino.url, following.clone()).await;
        // Queries keep it.
        kept.push(Arc::clone(&clusters));
        sluice.proxy.replace(Live { clusters, ..Live::clone(&sluice.proxy.live()) });
    }
    assert_eq!((first.is_cancelled(), second.is_cancelled()), (true, false));
    sluice.proxy.replace(Live::clone(&sluice.proxy.live()));
    assert!(!second.is_cancelled());
}
