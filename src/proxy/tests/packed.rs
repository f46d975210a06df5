//! Pages as gzip, for clients that take it.

use super::sluice::{Got, Sluice};
use super::trino::{FakeTrino, Reply, leading_to, page, path};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::io::Read;

/// Pages of about a hundred, a thousand, and a million bytes.
async fn trino() -> FakeTrino {
    FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        "DELETE" => Reply::Status(204, ""),
        _ if seen.path == path(9) => Reply::CutOff,
        _ => {
            let token: usize = seen.path.rsplit('/').next().unwrap().parse().unwrap();
            let rows: Vec<Value> = (0..token * token * 10_000).map(|row| json!([row, "some text"])).collect();
            Reply::Page(page(json!({"data": rows})))
        }
    })
    .await
}

async fn asked(sluice: &Sluice, token: u32, taken: &str) -> Got {
    let address = sluice.post("anna", "SELECT 1", &[]).await.next(sluice);
    let address = address.replace("/yslug/1", &format!("/yslug/{token}"));
    sluice.ask(Method::GET, &address, "anna", Bytes::new(), &[("accept-encoding", taken)]).await
}

fn unpacked(got: &Got) -> Value {
    let mut text = Vec::new();
    GzDecoder::new(&got.body[..]).read_to_end(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[tokio::test]
async fn a_page_is_packed_where_the_client_takes_it() {
    let trino = trino().await;
    let sluice = Sluice::before(&trino).await;
    for token in [1, 8] {
        let plain = asked(&sluice, token, "deflate").await;
        let packed = asked(&sluice, token, "gzip, deflate").await;
        assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
        assert!(!plain.headers.contains_key(header::CONTENT_ENCODING));
        assert!(packed.body.len() * 3 < plain.body.len(), "{} {}", packed.body.len(), plain.body.len());
        assert_eq!(unpacked(&packed)["data"], plain.page()["data"]);
    }
    // What passed is counted in bytes of the page, however it was packed.
    let ends = sluice.completions(4).await;
    let bytes: Vec<u64> = ends.iter().map(|end| end["bytes"].as_u64().unwrap()).collect();
    assert!(
        bytes[0].abs_diff(bytes[1]) < 100 && bytes[2].abs_diff(bytes[3]) < 100 && bytes[2] > 1_000_000,
        "{bytes:?}"
    );
    assert!(trino.seen().iter().all(|seen| seen.headers["accept-encoding"] == "identity"));
}

#[tokio::test]
async fn a_small_page_goes_as_it_is() {
    let sluice = Sluice::before(&trino().await).await;
    let got = asked(&sluice, 0, "gzip").await;
    assert!(!got.headers.contains_key(header::CONTENT_ENCODING));
    assert_eq!(got.page()["data"], json!([]));
}

#[tokio::test]
async fn no_page_is_packed_where_the_configuration_says_so() {
    let sluice = Sluice::with(&trino().await, "listen: {address: '127.0.0.1:0', compression: none}\n").await;
    let got = asked(&sluice, 1, "gzip").await;
    assert!(!got.headers.contains_key(header::CONTENT_ENCODING) && got.page()["data"].is_array());
}

#[tokio::test]
async fn a_packed_page_that_is_cut_off_is_no_page() {
    let sluice = Sluice::before(&trino().await).await;
    assert_eq!(asked(&sluice, 9, "gzip").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
