//! Errors of Sluice's own, which the answer to a statement leads to.

use super::sluice::Sluice;
use super::trino::{FakeTrino, Reply};
use bytes::Bytes;
use http::{Method, StatusCode};

async fn denied(sluice: &Sluice) -> String {
    let got = sluice.ask(Method::POST, "/v1/statement", "anna", Bytes::from("DENY"), &[]).await;
    let page = got.page();
    assert_eq!((page.get("error"), &page["stats"]["state"]), (None, &"QUEUED".into()));
    got.next(sluice)
}

#[tokio::test]
async fn the_answer_to_a_statement_leads_to_its_error_as_often_as_it_is_asked_for() {
    let trino = FakeTrino::start(|_| Reply::Status(503, "")).await;
    let sluice = Sluice::before(&trino).await;
    let next = denied(&sluice).await;
    for _ in 0..2 {
        let got = sluice.get("anna", &next).await;
        assert_eq!((got.status, got.error("errorName")), (StatusCode::OK, "PERMISSION_DENIED".to_owned()));
        assert_eq!(got.page().get("nextUri"), None);
    }
    let ended = sluice.ask(Method::DELETE, &next, "anna", Bytes::new(), &[]).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!((trino.seen().len(), sluice.records("decision").len()), (0, 1));
}

#[tokio::test]
async fn an_error_is_told_to_nobody_else_and_can_not_be_changed() {
    let trino = FakeTrino::start(|_| Reply::Status(503, "")).await;
    let sluice = Sluice::before(&trino).await;
    let next = denied(&sluice).await;
    assert_eq!(sluice.get("bert", &next).await.status, StatusCode::NOT_FOUND);
    let (path, sealed) = next.split_once("?sluice=").unwrap();
    for other in [format!("{path}?sluice=A{sealed}"), path.to_owned(), next.replace("_sluic/", "_other/")] {
        assert_eq!(sluice.get("anna", &other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert!(trino.seen().is_empty());
}

#[tokio::test]
async fn an_error_that_is_too_long_for_a_target_is_told_at_once() {
    let trino = FakeTrino::start(|_| Reply::Status(503, "")).await;
    let sluice = Sluice::before(&trino).await;
    let user = "u".repeat(3000);
    let got =
        sluice.ask(Method::POST, "/v1/statement", "anna", Bytes::from("SELECT 1"), &[("x-trino-user", &user)]).await;
    assert!(got.error("message").contains("cannot impersonate user uuu"), "{got:?}");
}
