//! Issuers that are gone, that change their keys, that answer wrongly, slowly or without an end.

use super::issuer::Mood;
use super::*;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn many_who_ask_for_an_unknown_key_wait_for_one_fetch() {
    let place = Place::new("").await;
    place.issuer.is(Mood::Slow);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (oidc, token) = (Arc::clone(&place.oidc), place.token(&json!({"jti": number})));
        asking.spawn(async move { oidc.principal(&token).await.is_ok() });
    }
    assert!(asking.join_all().await.into_iter().all(|proved| proved));
    assert_eq!(place.issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_can_not_answer_is_asked_once_for_all_who_wait() {
    for mood in [Mood::Gone, Mood::Silent, Mood::Failing] {
        let (issuer, signer) = (FakeIssuer::with(vec![]).await, Signer::new("ES256"));
        issuer.is(mood);
        let oidc = configured(&issuer.url, &format!(", jwks_url: '{}/keys'", issuer.url));
        let place = Place { oidc: Arc::new(opened(&[oidc], 60_000)), issuer, signer };
        let began = Instant::now();
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..50 {
            let token = place.signer.token(&place.header(&format!("x{}", number % 5)), &place.claims());
            let oidc = Arc::clone(&place.oidc);
            asking.spawn(async move { oidc.principal(&token).await.unwrap_err() });
        }
        assert_eq!(asking.join_all().await, vec![Refused::Unavailable; 50], "{mood:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{mood:?}");
        assert_eq!(place.issuer.asked(), 1, "{mood:?}");
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_seen() {
    let mut place = Place::pacing("", 0).await;
    assert!(place.proved(&json!({})).await.is_ok());
    let old = place.token(&json!({"jti": 1}));
    place.signer = Signer::new("ES256");
    place.issuer.has(vec![place.signer.jwk("new")]);
    let token = place.signer.token(&place.header("new"), &place.claims());
    assert_eq!(place.oidc.principal(&token).await.unwrap().name, "anna");
    assert_eq!(place.issuer.asked(), 2);
    // The key that is gone is believed no more.
    assert_eq!(place.oidc.principal(&old).await.unwrap_err(), Refused::Key);
}

#[tokio::test]
async fn made_up_key_ids_are_no_load_for_the_issuer() {
    let place = Place::new("").await;
    let made_up = |number: usize| place.signer.token(&place.header(&format!("x{number}")), &place.claims());
    assert_eq!(place.oidc.principal(&made_up(0)).await.unwrap_err(), Refused::Key);
    for number in 1..200 {
        assert_eq!(place.oidc.principal(&made_up(number)).await.unwrap_err(), Refused::Unavailable);
    }
    assert!(place.proved(&json!({})).await.is_ok());
    assert_eq!(place.issuer.asked(), 1);
}

#[tokio::test]
async fn known_keys_go_on_while_the_issuer_is_gone_up_to_an_age() {
    let place = Place::pacing("", 0).await;
    assert!(place.proved(&json!({})).await.is_ok());
    place.issuer.is(Mood::Gone);
    assert!(place.proved(&json!({"jti": 1})).await.is_ok());
    let unknown = place.signer.token(&place.header("new"), &place.claims());
    assert_eq!(place.oidc.principal(&unknown).await.unwrap_err(), Refused::Unavailable);
    let place = Place::pacing(", keep_keys: 800ms", 0).await;
    let token = place.token(&json!({}));
    while place.oidc.principal(&token).await.is_err() {}
    place.issuer.is(Mood::Gone);
    tokio::time::sleep(Duration::from_millis(900)).await;
    // One that was proved before, too.
    assert_eq!(place.oidc.principal(&token).await.unwrap_err(), Refused::Unavailable);
    assert_eq!(place.proved(&json!({"jti": 1})).await.unwrap_err(), Refused::Unavailable);
    place.issuer.is(Mood::Right);
    while place.oidc.principal(&token).await.is_err() {}
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_not_believed_after_the_next_refresh() {
    let place = Place::new(", refresh: 100ms").await;
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(Arc::clone(&place.oidc).watch(cancel.clone()));
    let token = place.token(&json!({}));
    until(|| place.issuer.asked() > 0).await;
    assert!(place.oidc.principal(&token).await.is_ok());
    place.issuer.has(vec![Signer::new("ES256").jwk("other")]);
    let before = place.issuer.asked();
    until(|| place.issuer.asked() > before + 1).await;
    assert!(place.oidc.principal(&token).await.is_err());
    // An issuer that is gone is asked on, and found when it is back.
    place.issuer.is(Mood::Gone);
    tokio::time::sleep(Duration::from_millis(250)).await;
    place.issuer.has(vec![place.signer.jwk("k")]);
    place.issuer.is(Mood::Right);
    let before = place.issuer.asked();
    until(|| place.issuer.asked() > before + 1).await;
    assert!(place.oidc.principal(&token).await.is_ok());
    cancel.cancel();
    watching.await.unwrap();
}

#[tokio::test]
async fn a_fetch_goes_on_when_who_asked_for_it_has_gone() {
    let place = Place::new("").await;
    place.issuer.is(Mood::Slow);
    let (oidc, token) = (Arc::clone(&place.oidc), place.token(&json!({})));
    let first = tokio::spawn(async move { oidc.principal(&token).await });
    until(|| place.issuer.asked() > 0).await;
    first.abort();
    assert!(place.proved(&json!({"jti": 1})).await.is_ok());
    assert_eq!(place.issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_answers_wrongly_is_not_believed() {
    let mut told = Vec::new();
    for mood in [
        Mood::Gone,
        Mood::Silent,
        Mood::Endless,
        Mood::Redirects,
        Mood::Html,
        Mood::Garbage,
        Mood::Failing,
        Mood::NoKeys,
        Mood::Secrets,
        Mood::AnotherIssuer,
        Mood::KeysInClear,
    ] {
        for more in ["", "keys"] {
            // What only the discovery document can be wrong about.
            if more == "keys" && matches!(mood, Mood::AnotherIssuer | Mood::KeysInClear) {
                continue;
            }
            let issuer = FakeIssuer::with(vec![Signer::new("ES256").jwk("k")]).await;
            issuer.is(mood);
            let url = format!(", jwks_url: '{}/keys'", issuer.url);
            let oidc = configured(&issuer.url, if more.is_empty() { "" } else { &url });
            let began = Instant::now();
            let error = fetch::Documents::new(&oidc).unwrap().keys().await.map(|keys| keys.len());
            assert!(began.elapsed() < Duration::from_secs(10), "{mood:?}");
            let error = error.map_or_else(|error| error.to_string(), |keys| format!("{keys} keys"));
            told.push(format!("{mood:?} {more}: {}", error.replace(&issuer.url, "ISSUER")));
            let believed = opened(&[oidc], 0);
            let place = Place { issuer, signer: Signer::new("ES256"), oidc: Arc::new(believed) };
            assert_eq!(place.proved(&json!({})).await.unwrap_err(), Refused::Unavailable, "{mood:?} {more}");
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

async fn until(is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
