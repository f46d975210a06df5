//! Results in segments, whose addresses lead to Sluice and from it to where they are.

use super::sluice::{Got, Sluice};
use super::trino::{FakeTrino, QUERY, Reply, leading_to, page, path};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const SECRET: &str = "x-amz-server-side-encryption-customer-key";

fn segment(uri: &str) -> Value {
    json!({"encoding": "json", "segments": [{
        "type": "spooled", "uri": uri, "ackUri": "http://trino.internal:8080/v1/spooled/ack/abc",
        "metadata": {"segmentSize": 7, "rowsCount": 2, "rowOffset": 0}, "headers": {SECRET: ["canary"]},
    }]})
}

/// A Trino whose result is one segment at `uri`, which it answers for by `reply`.
async fn trino(uri: &'static str, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> FakeTrino {
    FakeTrino::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", _) => Reply::Page(leading_to(1)),
        ("GET", spooled) if spooled.starts_with("/v1/spooled/") => reply(spooled),
        ("GET", asked) if asked == path(1) => Reply::Page(page(json!({"data": segment(uri)}))),
        _ => Reply::Status(204, ""),
    })
    .await
}

const OF_TRINO: &str = "http://trino.internal:8080/v1/spooled/download/abc";

/// The addresses of the segment, and the key beside them.
async fn addresses(sluice: &Sluice) -> (String, String, String) {
    let first = sluice.post("anna", "SELECT 1", &[("x-trino-query-data-encoding", "json")]).await.next(sluice);
    let page = sluice.get("anna", &first).await.page();
    let segment = &page["data"]["segments"][0];
    let path = |field: &str| {
        let address = segment[field].as_str().unwrap_or_else(|| panic!("{page}"));
        address.strip_prefix(&format!("http://{}", sluice.address)).unwrap().to_owned()
    };
    (path("uri"), path("ackUri"), segment["headers"]["x-sluice-segment"][0].as_str().unwrap().to_owned())
}

fn text(got: &Got) -> (u16, &str) {
    (got.status.as_u16(), std::str::from_utf8(&got.body).unwrap())
}

#[tokio::test]
async fn a_segment_is_fetched_as_its_user_with_what_unlocks_it() {
    let trino = trino(OF_TRINO, |_| Reply::Status(200, "[[1],[2]]")).await;
    let sluice = Sluice::with(&trino, "spooling: {}\n").await;
    let (uri, ack, _) = addresses(&sluice).await;
    let got = sluice.get("anna", &uri).await;
    assert_eq!(
        (text(&got), &got.headers["content-type"]),
        ((200, "[[1],[2]]"), &"application/octet-stream".parse().unwrap())
    );
    assert_eq!(text(&sluice.get("anna", &ack).await), (200, ""));
    assert_eq!(sluice.get("bert", &uri).await.status, StatusCode::NOT_FOUND);
    let seen = trino.seen();
    assert_eq!(seen[0].headers["x-trino-query-data-encoding"], "json");
    let asked: Vec<&str> = seen[2..].iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(asked, ["/v1/spooled/download/abc", "/v1/spooled/ack/abc"]);
    for seen in &seen[2..] {
        assert_eq!(
            (&seen.headers[SECRET], &seen.headers["x-trino-user"]),
            (&"canary".parse().unwrap(), &"anna".parse().unwrap())
        );
        assert!(!seen.headers.contains_key("x-sluice-segment"), "{seen:?}");
    }
    assert_eq!(sluice.completions(1).await[0]["rows"], 2);
}

#[tokio::test]
async fn a_redirect_is_followed_to_a_named_place_alone_and_says_nothing_to_it_but_what_unlocks() {
    let storage = FakeTrino::start(|_| Reply::Status(200, "[[1],[2]]")).await;
    let to = format!("{}/b/k?sig=s", storage.url);
    let trino = trino(OF_TRINO, move |_| Reply::Redirect(to.clone())).await;
    let named = Sluice::with(&trino, &format!("spooling: {{origins: [{{url: '{}'}}]}}\n", storage.url)).await;
    let (uri, ack, _) = addresses(&named).await;
    assert_eq!(text(&named.get("anna", &uri).await), (200, "[[1],[2]]"));
    let seen = storage.seen();
    assert_eq!(
        (seen.len(), seen[0].path.as_str(), &seen[0].headers[SECRET]),
        (1, "/b/k?sig=s", &"canary".parse().unwrap())
    );
    for header in ["x-trino-user", "authorization", "x-user", "x-sluice-segment"] {
        assert!(!seen[0].headers.contains_key(header), "{header}");
    }
    // Nothing leads anywhere when a segment is acknowledged.
    assert_eq!(named.get("anna", &ack).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let other = Sluice::with(&trino, "spooling: {origins: [{url: 'http://127.0.0.1:9'}]}\n").await;
    let (uri, ..) = addresses(&other).await;
    let said = "The segment is in a place that Sluice does not fetch from; the operators have to name it in \
                upstream.spooling.origins, or to set protocol.spooling.retrieval-mode=COORDINATOR_PROXY in Trino";
    assert_eq!(text(&other.get("anna", &uri).await), (500, said));
    assert_eq!(storage.seen().len(), 1);
}

#[tokio::test]
async fn what_comes_of_a_segment_that_is_not_there_is_plain() {
    for (reply, status, said) in [
        (
            (|_: &str| Reply::Status(500, "java.io.IOException: Segment not found or expired\n\tat canary"))
                as fn(&str) -> Reply,
            410,
            "The segment is gone",
        ),
        (|_| Reply::Status(404, "canary"), 410, "The segment is gone"),
        (|_| Reply::Status(403, "canary"), 410, "The segment is gone"),
        (|_| Reply::Status(500, "java.lang.RuntimeException: canary"), 500, "Trino did not give the segment"),
        (|_| Reply::Status(206, "canary"), 500, "Trino did not give the segment"),
        (|_| Reply::Break, 503, "The segment can't be fetched at the moment"),
    ] {
        let trino = trino(OF_TRINO, reply).await;
        let sluice = Sluice::with(&trino, "spooling: {}\n").await;
        let (uri, ..) = addresses(&sluice).await;
        let got = sluice.get("anna", &uri).await;
        assert_eq!(got.status.as_u16(), status, "{got:?}");
        assert!(text(&got).1.starts_with(said) && !text(&got).1.contains("canary"), "{got:?}");
    }
}

#[tokio::test]
async fn who_does_not_log_in_shows_the_key_where_that_is_configured() {
    let trino = trino(OF_TRINO, |_| Reply::Status(200, "[[1],[2]]")).await;
    for (more, given) in [
        ("spooling: {downloads: log_in}\n", StatusCode::UNAUTHORIZED),
        ("spooling: {}\n", StatusCode::OK),
        ("spooling: {downloads: log_in}\nidentity: pages_by_address: [anna]", StatusCode::OK),
    ] {
        let sluice = Sluice::with(&trino, more).await;
        let (uri, ack, key) = addresses(&sluice).await;
        for address in [&uri, &ack] {
            let nobody = |more: &'static [(&'static str, &'static str)]| {
                sluice.ask(Method::GET, address, "", Bytes::new(), more)
            };
            assert_eq!(nobody(&[]).await.status, StatusCode::UNAUTHORIZED, "{more}");
            assert_eq!(nobody(&[("x-sluice-segment", "x")]).await.status, StatusCode::UNAUTHORIZED, "{more}");
            let shown = sluice.ask(Method::GET, address, "", Bytes::new(), &[("x-sluice-segment", &key)]).await;
            assert_eq!(shown.status, given, "{more}");
        }
    }
}

#[tokio::test]
async fn a_segment_of_a_query_that_new_policies_ended_is_not_given() {
    let trino = FakeTrino::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", _) => Reply::Page(leading_to(1)),
        ("GET", asked) if asked.starts_with("/v1/spooled/") => Reply::Status(200, "[[1],[2]]"),
        ("GET", _) => Reply::Page(page(json!({"data": segment(OF_TRINO), "nextUri": format!("http://t{}", path(2))}))),
        _ => Reply::Status(204, ""),
    })
    .await;
    let sluice = Sluice::with(&trino, "spooling: {}\n").await;
    let (uri, ..) = addresses(&sluice).await;
    assert_eq!(sluice.get("anna", &uri).await.status, StatusCode::OK);
    let query = crate::proxy::QueryId::parse(QUERY).unwrap();
    let owner = crate::proxy::mark::Owner { principal: "anna".to_owned(), user: "anna".to_owned() };
    let message = "Access Denied: the policies were changed";
    let refusal = crate::proxy::decide::refusal(crate::enforce::ErrorCode::PermissionDenied, message);
    sluice.proxy.started.owned(&query, &owner).unwrap().revoke(refusal);
    assert_eq!(text(&sluice.get("anna", &uri).await), (403, message));
}

#[tokio::test]
async fn segments_that_can_not_be_fetched_are_an_error_that_says_what_to_set() {
    let trino = trino("http://10.0.0.9:9000/bucket/key", |_| Reply::Status(200, "")).await;
    for (more, said) in [
        ("spooling: {}\n", "upstream.spooling.origins, or to set protocol.spooling.retrieval-mode=COORDINATOR_PROXY"),
        ("", "Sluice can't read Trino's page of results"),
    ] {
        let sluice = Sluice::with(&trino, more).await;
        let first = sluice.post("anna", "SELECT 1", &[("x-trino-query-data-encoding", "json")]).await.next(&sluice);
        let got = sluice.get("anna", &first).await;
        assert!(got.error("message").contains(said) && !got.error("message").contains("10.0.0.9"), "{got:?}");
    }
    let asked = trino.seen();
    let sent: Vec<bool> = asked
        .iter()
        .filter(|seen| seen.method == "POST")
        .map(|seen| seen.headers.contains_key("x-trino-query-data-encoding"))
        .collect();
    assert_eq!(sent, [true, false]);
}
