//! Pages for whoever has their address, where the principal is one of `identity.pages_by_address`.

use super::sluice::Sluice;
use super::trino::{FakeTrino, Reply, leading_to, page, path};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

async fn trino() -> FakeTrino {
    FakeTrino::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Page(leading_to(1)),
        "DELETE" => Reply::Status(204, ""),
        _ if seen.path == path(1) => {
            Reply::Page(page(json!({"data": [[1]], "nextUri": format!("http://t{}", path(2))})))
        }
        _ => Reply::Page(page(json!({"data": [[2]]}))),
    })
    .await
}

async fn unproved(sluice: &Sluice, method: Method, address: &str) -> super::sluice::Got {
    sluice.ask(method, address, "", Bytes::new(), &[]).await
}

#[tokio::test]
async fn the_pages_of_such_a_principal_need_no_log_in() {
    let trino = trino().await;
    let sluice = Sluice::with(&trino, "identity: pages_by_address: [anna]").await;
    let first = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let second = unproved(&sluice, Method::GET, &first).await;
    assert_eq!(second.page()["data"], json!([[1]]));
    let next = second.next(&sluice);
    assert_eq!(unproved(&sluice, Method::DELETE, &next).await.status, StatusCode::NO_CONTENT);
    assert_eq!(unproved(&sluice, Method::GET, &next).await.page()["data"], json!([[2]]));
    // Trino is asked as the user that the query has, whatever the request says.
    let asked = sluice.ask(Method::GET, &first, "", Bytes::new(), &[("x-trino-user", "eve")]).await;
    assert_eq!(asked.page()["data"], json!([[1]]));
    assert!(trino.seen().iter().all(|seen| seen.headers["x-trino-user"] == "anna"));
    // Who logs in as someone else has no page of hers.
    assert_eq!(sluice.get("bert", &first).await.status, StatusCode::NOT_FOUND);
    assert_eq!(sluice.get("anna", &first).await.page()["data"], json!([[1]]));
    let denied = sluice.ask(Method::POST, "/v1/statement", "anna", Bytes::from("DENY"), &[]).await.next(&sluice);
    assert_eq!(unproved(&sluice, Method::GET, &denied).await.error("errorName"), "PERMISSION_DENIED");
}

#[tokio::test]
async fn all_else_needs_one() {
    let trino = trino().await;
    let sluice = Sluice::with(&trino, "identity: pages_by_address: [anna]").await;
    for (method, address) in [(Method::POST, "/v1/statement"), (Method::DELETE, "/v1/query/q_1")] {
        assert_eq!(unproved(&sluice, method, address).await.status, StatusCode::UNAUTHORIZED);
    }
    let anna = sluice.post("anna", "SELECT 1", &[]).await.next(&sluice);
    let bert = sluice.post("bert", "SELECT 1", &[]).await.next(&sluice);
    let denied = sluice.ask(Method::POST, "/v1/statement", "bert", Bytes::from("DENY"), &[]).await.next(&sluice);
    for address in [&bert, &denied] {
        assert_eq!(unproved(&sluice, Method::GET, address).await.status, StatusCode::UNAUTHORIZED);
        // Nor where it says whose it could be.
        let owner = anna.split_once('.').unwrap().1;
        assert_eq!(unproved(&sluice, Method::GET, &format!("{address}.{owner}")).await.status, StatusCode::NOT_FOUND);
    }
    let cut = anna.split_once('.').unwrap().0;
    assert_eq!(unproved(&sluice, Method::GET, cut).await.status, StatusCode::UNAUTHORIZED);
    let nobody = Sluice::before(&trino).await;
    let own = nobody.post("anna", "SELECT 1", &[]).await.next(&nobody);
    assert_eq!(unproved(&nobody, Method::GET, &own).await.status, StatusCode::UNAUTHORIZED);
    assert!(!own.contains('.'));
}
