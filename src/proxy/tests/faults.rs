//! What a client sees when something is broken, slow, too large or gone.

use super::sluice::Sluice;
use super::trino::{FakeTrino, Reply, leading_to, page, path};
use http::StatusCode;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn replying(reply: fn() -> Reply) -> FakeTrino {
    FakeTrino::start(move |seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        "DELETE" => Reply::Status(204, ""),
        _ => reply(),
    })
    .await
}

#[tokio::test]
async fn a_trino_that_is_away_is_an_error_that_no_client_sends_the_statement_again_for() {
    let mut trino = replying(|| Reply::Break).await;
    trino.url = "http://127.0.0.1:9".to_owned();
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post("anna", "SELECT 1", &[]).await;
    assert_eq!((got.status, got.error("errorName")), (StatusCode::OK, "SERVER_STARTING_UP".to_owned()));
    assert!(got.error("message").contains("was not run"));
    assert_eq!(sluice.completions(1).await[0]["state"], "failed");
    assert_eq!(sluice.get("anna", "/v1/info").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_trino_that_breaks_off_may_have_taken_the_statement() {
    for (reply, state, text) in [
        ((|| Reply::Break) as fn() -> Reply, "unknown", "not known"),
        (|| Reply::Bytes(b"<html>".to_vec()), "unknown", "not known"),
        (|| Reply::Page(json!({"id": "Q"})), "unknown", "not known"),
        (|| Reply::Status(503, "starting"), "failed", "503"),
        (|| Reply::Status(401, "who"), "failed", "does not accept Sluice"),
        (|| Reply::Status(403, "who"), "failed", "does not accept Sluice"),
    ] {
        let trino = FakeTrino::start(move |_| reply()).await;
        let sluice = Sluice::before(&trino).await;
        let got = sluice.post("anna", "SELECT 1", &[]).await;
        assert_eq!(got.status, StatusCode::OK);
        assert!(got.error("message").contains(text), "{}", got.error("message"));
        assert_eq!(sluice.completions(1).await[0]["state"], state);
        assert_eq!(trino.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_page_that_can_not_be_read_is_not_shown_and_its_query_is_ended() {
    for reply in [
        (|| Reply::Bytes(b"<html>".to_vec())) as fn() -> Reply,
        || Reply::Page(page(json!({"nextUri": "http://evil.example/v1/other"}))),
        || Reply::Page(page(json!({"data": {"segments": []}}))),
        || Reply::PageWith(vec![("content-encoding", "gzip")], page(json!({}))),
    ] {
        let trino = replying(reply).await;
        let sluice = Sluice::before(&trino).await;
        let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
        let got = sluice.get("anna", &next).await;
        assert_eq!(got.error("errorName"), "GENERIC_INTERNAL_ERROR");
        assert!(!String::from_utf8_lossy(&got.body).contains("evil"));
        assert_eq!(trino.until("DELETE").await.path, path(1));
        assert_eq!(sluice.completions(1).await[0]["state"], "failed");
    }
}

#[tokio::test]
async fn a_page_that_does_not_come_may_be_asked_for_again() {
    for reply in [(|| Reply::Break) as fn() -> Reply, || Reply::Status(503, "x"), || Reply::Status(502, "x")] {
        let trino = replying(reply).await;
        let sluice = Sluice::before(&trino).await;
        let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
        assert_eq!(sluice.get("anna", &next).await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(sluice.records("completion").len(), 0);
    }
    let trino = replying(|| Reply::Status(404, "gone")).await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    assert_eq!(sluice.get("anna", &next).await.status, StatusCode::NOT_FOUND);
    assert_eq!(sluice.completions(1).await[0]["state"], "unknown");
}

/// Asks for a page over a connection of its own.
async fn asking(sluice: &Sluice, next: &str) -> TcpStream {
    let mut stream = TcpStream::connect(sluice.address).await.unwrap();
    let request =
        format!("GET {next} HTTP/1.1\r\nHost: {}\r\nX-User: anna\r\nConnection: close\r\n\r\n", sluice.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_page_that_is_cut_off_is_never_whole_for_the_client() {
    let trino = replying(|| Reply::CutOff).await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let mut text = Vec::new();
    let _ = asking(&sluice, &next).await.read_to_end(&mut text).await;
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 503") || !text.ends_with("0\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn a_query_ends_when_its_client_is_gone_in_the_middle_of_a_page() {
    let trino = replying(|| Reply::Endless).await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let mut stream = asking(&sluice, &next).await;
    let mut some = vec![0; 100_000];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    assert_eq!(trino.until("DELETE").await.path, path(1));
    assert_eq!(sluice.completions(1).await[0]["state"], "canceled");
}

#[tokio::test]
async fn a_client_that_leaves_with_a_whole_page_goes_on_with_its_query() {
    let trino = replying(|| Reply::Unended(page(json!({"data": [[1]], "nextUri": path(2)})))).await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let mut stream = asking(&sluice, &next).await;
    let mut text = String::new();
    while !text.contains("\"warnings\":[]") {
        let mut some = vec![0; 1000];
        let read = stream.read(&mut some).await.unwrap();
        assert_ne!(read, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    drop(stream);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(trino.seen().iter().all(|seen| seen.method != "DELETE"), "{:?}", trino.seen());
    assert_eq!(sluice.records("completion").len(), 0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_an_answer_is_let_go_of() {
    let trino = replying(|| Reply::Endless).await;
    let sluice = Sluice::with(&trino, "limits: {send_timeout: 500ms}\n").await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let _stream = asking(&sluice, &next).await;
    assert_eq!(trino.until("DELETE").await.path, path(1));
}

#[tokio::test]
async fn a_client_that_sends_byte_by_byte_is_let_go_of() {
    let trino = replying(|| Reply::Break).await;
    let sluice = Sluice::with(&trino, "limits: {header_timeout: 500ms, body_timeout: 500ms}\n").await;
    for (start, answer) in [
        ("GET /v1/in".to_owned(), ""),
        (
            format!(
                "POST /v1/statement HTTP/1.1\r\nHost: {}\r\nX-User: anna\r\nContent-Length: 100\r\n\r\n",
                sluice.address
            ),
            "HTTP/1.1 408",
        ),
    ] {
        let mut stream = TcpStream::connect(sluice.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let began = Instant::now();
        let (mut reading, mut writing) = stream.split();
        let drip = async {
            while writing.write_all(b"x").await.is_ok() && began.elapsed() < Duration::from_secs(5) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut text = vec![0; 12];
        let read = async { reading.read(&mut text).await };
        tokio::select! { () = drip => {}, read = read => { let _ = read; } }
        assert!(began.elapsed() < Duration::from_secs(3), "{start}");
        assert!(String::from_utf8_lossy(&text).trim_end_matches('\0') == answer, "{start}");
    }
    assert!(trino.seen().is_empty());
}

#[tokio::test]
async fn a_client_that_is_refused_while_it_sends_a_statement_reads_the_answer_on_a_connection_that_stays() {
    let trino = replying(|| Reply::Break).await;
    let sluice = Sluice::before(&trino).await;
    let mut stream = TcpStream::connect(sluice.address).await.unwrap();
    for _ in 0..2 {
        let head = format!("POST /v1/statement HTTP/1.1\r\nHost: {}\r\nContent-Length: 8\r\n\r\n", sluice.address);
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"SELECT 1").await.unwrap();
        // Sent as one.
        let mut some = [0; 1024];
        let size = stream.read(&mut some).await.unwrap();
        let text = String::from_utf8_lossy(&some[..size]);
        assert!(text.starts_with("HTTP/1.1 401 ") && !text.contains("connection: close"), "{text}");
    }
    // One that never sends it is answered all the same.
    let head = format!("POST /v1/statement HTTP/1.1\r\nHost: {}\r\nContent-Length: 8\r\n\r\n", sluice.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut some = [0; 12];
    stream.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 401");
}

#[tokio::test]
async fn a_statement_of_ten_megabytes_is_refused_and_one_within_the_limit_passes() {
    let trino = replying(|| Reply::Break).await;
    let sluice = Sluice::before(&trino).await;
    let got = sluice.post("anna", "x".repeat(10_000_000), &[]).await;
    assert_eq!(got.error("errorName"), "QUERY_TEXT_TOO_LARGE");
    assert_eq!(sluice.records("decision")[0]["outcome"], "deny");
    assert!(trino.seen().is_empty());
    assert_eq!(sluice.post("anna", "x".repeat(1_000_000), &[]).await.error("message"), "null");
    let huge = sluice.post("anna", "x".repeat(17_000_000), &[]).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_statement_whose_decision_can_not_be_written_down_is_not_run() {
    let trino = replying(|| Reply::Break).await;
    let sluice = Sluice::before(&trino).await;
    sluice.post("anna", "SELECT 1", &[]).await;
    std::fs::remove_dir_all(sluice.folder.path().join("log")).unwrap();
    std::fs::write(sluice.folder.path().join("log"), "").unwrap();
    let got = sluice.post("anna", "SELECT 2", &[]).await;
    assert!(got.error("message").contains("could not write its decision down"), "{got:?}");
    assert_eq!(trino.seen().iter().filter(|seen| seen.method == "POST").count(), 1);
}

#[tokio::test]
async fn running_queries_are_served_on_after_the_signal_to_stop() {
    let trino = replying(|| Reply::Page(page(json!({"data": [[1]]})))).await;
    let sluice = Sluice::before(&trino).await;
    let next = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    sluice.stop.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = sluice.post("anna", "SELECT 2", &[]).await;
    assert_eq!((refused.status, refused.error("errorName")), (StatusCode::OK, "SERVER_SHUTTING_DOWN".to_owned()));
    assert!(!sluice.serving.is_finished());
    assert_eq!(sluice.get("anna", &next).await.page()["data"], json!([[1]]));
    tokio::time::timeout(Duration::from_secs(5), sluice.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn queries_that_run_too_long_are_left_when_the_time_to_drain_is_over() {
    let trino = replying(|| Reply::Break).await;
    let sluice = Sluice::with(&trino, "limits: {drain: 300ms}\n").await;
    sluice.post("anna", "SELECT 1", &[]).await;
    sluice.stop.cancel();
    for _ in 0..200 {
        if sluice.serving.is_finished() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(sluice.serving.is_finished());
    assert_eq!(sluice.completions(1).await[0]["state"], "unknown");
}
