//! Requests that come by the same head on one connection.

use super::sluice::Sluice;
use super::trino::{FakeTrino, Reply, leading_to, page, path};
use crate::identity::{TrustedPeers, Ways};
use crate::proxy::{Live, Proofs};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// From now on these peers name their clients by a header that is kept of no head.
fn name_clients(sluice: &Sluice, peers: &str) {
    let peers = vec![peers.parse().unwrap()];
    let ways = Ways::new(vec![Arc::new(TrustedPeers::new(http::header::AUTHORIZATION, peers))]);
    let proofs = Arc::new(Proofs { ways, login: None, by_address: BTreeSet::default(), following: None });
    sluice.proxy.replace(Live { proofs, ..Live::clone(&sluice.proxy.live()) });
}

/// What is answered on a connection, up to the end of the body that has a length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut some = [0; 4000];
        let read = stream.read(&mut some).await.unwrap();
        assert_ne!(read, 0, "{text}");
        text.push_str(std::str::from_utf8(&some[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            return text;
        }
    }
}

#[tokio::test]
async fn who_asks_is_found_out_anew_for_each_request() {
    let trino = FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        _ => Reply::Page(page(json!({"data": [[1]], "nextUri": path(1)}))),
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    name_clients(&sluice, "127.0.0.1/32");
    let mut stream = TcpStream::connect(sluice.address).await.unwrap();
    // Names of one length, so that the rest of the head is the same.
    for (user, status) in
        [("anna", "200 OK"), ("anna", "200 OK"), ("anna", "200 OK"), ("bert", "404 Not Found"), ("anna", "200 OK")]
    {
        let head = format!("GET {next} HTTP/1.1\r\nHost: {}\r\nAuthorization: {user}\r\n\r\n", sluice.address);
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{user} {answer}");
        assert_eq!(answer.contains("\"data\":[[1]]"), user == "anna", "{user} {answer}");
    }
    // New proofs hold for a head that has come before.
    name_clients(&sluice, "10.0.0.1/32");
    let head = format!("GET {next} HTTP/1.1\r\nHost: {}\r\nAuthorization: anna\r\n\r\n", sluice.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 401 "));
}

#[tokio::test]
async fn each_of_a_query_s_pages_has_the_headers_of_results() {
    let trino = FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        _ if seen.path == path(1) => Reply::Page(page(json!({"data": [[1]], "nextUri": path(2)}))),
        _ => Reply::Page(page(json!({"data": [[2]]}))),
    })
    .await;
    let sluice = Sluice::before(&trino).await;
    let mut got = sluice.post("anna", "SELECT 1", &[]).await;
    for last in [false, false, true] {
        for (name, value) in [
            ("content-type", "application/json"),
            ("cache-control", "no-store, max-age=0"),
            ("x-content-type-options", "nosniff"),
        ] {
            let values: Vec<_> = got.headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{name}");
        }
        if !last {
            got = sluice.get("anna", &got.next(&sluice)).await;
        }
    }
}
