//! Tokens that tell nothing themselves, and an issuer that is asked about them.

use super::issuer::Mood;
use super::*;
use crate::identity::ServiceTokens;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::time::Instant;

/// An issuer that can be asked, and who asks it with the secret `s/cret`.
struct Asked {
    place: Place,
    folder: tempfile::TempDir,
}

impl Asked {
    async fn new(more: &str) -> Asked {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "s/cret\n").unwrap();
        let secret = folder.path().join("secret").display().to_string();
        let introspection = format!(
            ", introspection: {{client_id: sluice, client_secret_file: '{secret}'{more}}}, groups_claim: groups"
        );
        let place = Place::new(&introspection).await;
        let asked = Asked { place, folder };
        asked.says(&json!({}));
        asked
    }

    /// Has the issuer say that a token is anna's, with these claims besides.
    fn says(&self, more: &Value) {
        let mut claims = json!({
            "active": true, "aud": ["sluice"], "exp": now() + 60, "preferred_username": "anna", "groups": ["analysts"],
            "token_type": "Bearer", "client_id": "cli",
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.place.issuer.gives("200 OK", claims);
    }

    async fn proved(&self, token: &str) -> Result<Principal, Refused> {
        self.place.oidc.principal(token).await
    }

    /// How often it was asked since the last look.
    fn count(&self) -> usize {
        self.place.issuer.exchanged().len()
    }
}

#[tokio::test]
async fn a_token_that_tells_nothing_is_asked_about_once_for_all_who_wait() {
    let asked = Asked::new("").await;
    asked.place.issuer.is(Mood::Slow);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let oidc = Arc::clone(&asked.place.oidc);
        asking.spawn(async move { oidc.principal("opaque+token").await });
    }
    for found in asking.join_all().await {
        let anna = found.unwrap();
        assert_eq!((anna.name.as_str(), anna.groups, anna.more_groups), ("anna", vec!["analysts".to_owned()], false));
        assert_eq!(anna.proofs, [super::super::super::Proof::Token { issuer: asked.place.issuer.url.clone() }]);
    }
    assert_eq!(identified(&asked.place.oidc, "Bearer opaque+token").await, Ok(Some("anna".to_owned())));
    let said = asked.place.issuer.exchanged();
    assert_eq!(said.len(), 1);
    let (form, credentials) = &said[0];
    assert_eq!(form, "token=opaque%2Btoken&token_type_hint=access_token");
    // Both are encoded as forms are, by RFC 6749, 2.3.1.
    assert!(credentials.ends_with(&STANDARD.encode("sluice:s%2Fcret")), "{credentials}");
}

#[tokio::test]
async fn what_it_says_has_to_hold_as_what_a_token_says() {
    let asked = Asked::new("").await;
    let claim = |name: &str| Refused::Claim(name.to_owned());
    for (number, (claims, refused)) in [
        (json!({"active": false}), Refused::Inactive),
        (json!({"aud": "other"}), Refused::Audience),
        (json!({"aud": null}), Refused::Audience),
        (json!({"iss": "https://login.example.com"}), Refused::Issuer),
        (json!({"exp": now() - 31}), Refused::Expired),
        (json!({"exp": null}), claim("exp")),
        (json!({"nbf": now() + 40}), Refused::Early),
        (json!({"typ": "Refresh"}), Refused::Kind),
        (json!({"token_type": "DPoP"}), Refused::Bound),
        (json!({"token_type": 1}), Refused::Bound),
        (json!({"cnf": {"jkt": "x"}}), Refused::Bound),
        (json!({"preferred_username": "a\nb"}), Refused::User),
        (json!({"preferred_username": null}), claim("preferred_username")),
        (json!({"active": "true"}), Refused::Unavailable),
        (json!({"active": null}), Refused::Unavailable),
    ]
    .into_iter()
    .enumerate()
    {
        asked.says(&claims);
        assert_eq!(asked.proved(&format!("opaque{number}")).await.unwrap_err(), refused, "{claims}");
    }
    asked.says(&json!({"iss": asked.place.issuer.url, "token_type": "bearer"}));
    assert!(asked.proved("opaque").await.is_ok());
    assert_eq!(asked.proved(&"x".repeat(16 * 1024 + 1)).await.unwrap_err(), Refused::Long);
}

#[tokio::test]
async fn an_answer_is_believed_for_a_while() {
    let asked = Asked::new(", keep: 300ms").await;
    for _ in 0..3 {
        assert!(asked.proved("opaque").await.is_ok());
    }
    assert_eq!(asked.count(), 1);
    // It holds by the clock as well, whichever way that jumps.
    for (ahead, refused) in [(100, Some(Refused::Expired)), (-100, None), (0, None)] {
        set_clock(ahead);
        assert_eq!(asked.proved("opaque").await.err(), refused, "{ahead}");
    }
    tokio::time::sleep(Duration::from_millis(350)).await;
    asked.says(&json!({"active": false}));
    for _ in 0..3 {
        assert_eq!(asked.proved("opaque").await.unwrap_err(), Refused::Inactive);
    }
    assert_eq!(asked.count(), 1);
    let kept = |until: i64| {
        let claims = Claims(json!({"exp": now() + until}).as_object().unwrap().clone());
        asked.place.oidc.introspection.as_ref().unwrap().1.kept(&claims)
    };
    assert_eq!((kept(60), kept(0), kept(-60)), (Duration::from_millis(300), Duration::ZERO, Duration::ZERO));
    let asked = Asked::new("").await;
    let claims = Claims(json!({"exp": now() + 10}).as_object().unwrap().clone());
    let kept = asked.place.oidc.introspection.as_ref().unwrap().1.kept(&claims);
    assert!((9..=10).contains(&kept.as_secs()), "{kept:?}");
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_as_it_should_proves_nothing() {
    for (mood, asks_again) in [
        (Mood::Gone, false),
        (Mood::Silent, false),
        (Mood::Endless, true),
        (Mood::Redirects, true),
        (Mood::Html, true),
        (Mood::Garbage, true),
        (Mood::Failing, true),
    ] {
        let asked = Asked::new("").await;
        // So that its discovery document is known.
        assert!(asked.proved("right").await.is_ok());
        asked.place.issuer.is(mood);
        let began = Instant::now();
        assert_eq!(asked.proved("opaque").await.unwrap_err(), Refused::Unavailable, "{mood:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{mood:?}");
        assert_eq!(asked.count(), 2, "{mood:?}");
        // What was said before goes on.
        assert!(asked.proved("right").await.is_ok());
        // Another token is no reason to wait again, and one that it can't bear keeps nobody out.
        asked.place.issuer.is(Mood::Right);
        assert_eq!(asked.proved("another").await.is_ok(), asks_again, "{mood:?}");
        tokio::time::sleep(Duration::from_millis(if asks_again { 0 } else { 1100 })).await;
        assert!(asked.proved("another").await.is_ok(), "{mood:?}");
    }
    let asked = Asked::new("").await;
    asked.says(&json!({"filler": "x".repeat(64 * 1024)}));
    assert_eq!(asked.proved("opaque").await.unwrap_err(), Refused::Unavailable);
    asked.place.issuer.gives("401 Unauthorized", json!({"error": "invalid_client"}));
    assert_eq!(asked.proved("opaque").await.unwrap_err(), Refused::Unavailable);
    // A new secret counts at once.
    std::fs::write(asked.folder.path().join("secret"), "new").unwrap();
    asked.count();
    asked.says(&json!({}));
    assert!(asked.proved("opaque").await.is_ok());
    assert!(asked.place.issuer.exchanged()[0].1.ends_with(&STANDARD.encode("sluice:new")));
    std::fs::remove_file(asked.folder.path().join("secret")).unwrap();
    assert_eq!(asked.proved("without").await.unwrap_err(), Refused::Unavailable);
    assert_eq!(asked.count(), 0);
}

#[tokio::test]
async fn nobody_is_told_of_tokens_that_are_not_the_issuer_s() {
    let asked = Asked::new("").await;
    let token = "t".repeat(40);
    let hash: String = Sha256::digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(asked.folder.path().join("tokens"), format!("etl:{hash}\n")).unwrap();
    let services = Arc::new(ServiceTokens::open(&asked.folder.path().join("tokens")).unwrap());
    let Asked { place: Place { issuer, signer, oidc }, folder: _folder } = asked;
    let oidc = Arc::new(Arc::into_inner(oidc).unwrap().leaving(Some(services)));
    let place = Place { issuer, signer, oidc };
    assert_eq!(identified(&place.oidc, &format!("Bearer {token}")).await, Ok(None));
    // A JWT speaks for itself, and one that is wrong is not asked about.
    assert!(place.proved(&json!({"groups": []})).await.is_ok());
    assert_eq!(place.proved(&json!({"aud": "other"})).await.unwrap_err(), Refused::Audience);
    let forged = Signer::new("ES256").token(&place.header("k"), &place.claims());
    assert_eq!(place.oidc.principal(&forged).await.unwrap_err(), Refused::Signature);
    assert!(place.issuer.exchanged().is_empty());
}

#[tokio::test]
async fn a_jwt_that_was_taken_back_is_refused_where_all_tokens_are_asked_about() {
    let asked = Asked::new(", all_tokens: true").await;
    let token = |number: i64| asked.place.token(&json!({"groups": ["signed"], "jti": number}));
    let first = token(1);
    let anna = asked.proved(&first).await.unwrap();
    assert_eq!(anna.groups, ["signed"]);
    asked.says(&json!({"active": false}));
    assert!(asked.proved(&first).await.is_ok());
    assert_eq!(asked.proved(&token(2)).await.unwrap_err(), Refused::Inactive);
    asked.says(&json!({"aud": "other"}));
    assert_eq!(asked.proved(&token(3)).await.unwrap_err(), Refused::Audience);
    asked.place.issuer.is(Mood::Gone);
    assert_eq!(asked.proved(&token(4)).await.unwrap_err(), Refused::Unavailable);
    // One that is not signed by the issuer is not worth a question.
    asked.count();
    let forged = Signer::new("ES256").token(&asked.place.header("k"), &asked.place.claims());
    assert_eq!(asked.proved(&forged).await.unwrap_err(), Refused::Signature);
    assert_eq!(asked.count(), 0);
}
