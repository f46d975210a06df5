//! Tokens that are renewed without a browser.

use super::*;
use crate::identity::{Asking, Identify, Unidentified};
use std::net::IpAddr;

/// Logs in, and gives the token that the client holds.
async fn held(place: &Place, user: &str) -> String {
    let begun = place.begin().await;
    place.gives(&begun, user, &json!({}));
    place.come_back(&begun).await.unwrap();
    token_of(place.login.poll(&begun.id).await)
}

impl Place {
    /// The issuer renews tokens, once for each refresh token.
    fn renews(&self, user: &str, refresh: &str) {
        let access = self.access(user, &json!({}));
        let tokens = json!({"access_token": access, "token_type": "Bearer", "refresh_token": refresh});
        self.issuer.gives("200 OK", tokens);
        self.issuer.exchanged();
    }

    async fn user_of(&self, token: &str) -> Result<Option<String>, Unidentified> {
        let headers = bearer(token);
        let asking = Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None };
        Ok(self.oidc.identify(asking).await?.map(|principal| principal.name))
    }
}

#[tokio::test]
async fn a_sealed_token_is_its_user_s_and_tells_nothing() {
    let place = Place::new(", refresh_tokens: true").await;
    let token = held(&place, "anna").await;
    assert!(token.starts_with("sluice_") && !token.contains('.'));
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("sluice_").unwrap()).unwrap();
    assert!(!bytes.windows(9).any(|window| window == b"refresh-1"));
    assert_eq!(place.user_of(&token).await, Ok(Some("anna".to_owned())));
    for wrong in [format!("{token}A"), token.get(..token.len() - 4).unwrap().to_owned(), "sluice_".to_owned()] {
        assert_eq!(place.user_of(&wrong).await, Err(Unidentified::Wrong));
    }
    set_clock(120);
    assert_eq!(place.user_of(&token).await, Err(Unidentified::Wrong));
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_without_a_browser_once_for_all_who_hold_it() {
    let place = Place::new(", refresh_tokens: true").await;
    let old = held(&place, "anna").await;
    // While it holds, whoever asks is asked to log in.
    assert!(place.login.challenge(&bearer(&old)).await.unwrap().redirect.is_some());
    set_clock(120);
    place.renews("anna", "refresh-2");
    let headers = bearer(&old);
    let (one, other) = tokio::join!(place.login.challenge(&headers), place.login.challenge(&headers));
    let mut tokens = Vec::new();
    for challenge in [one.unwrap(), other.unwrap()] {
        assert_eq!(challenge.redirect, None);
        let id = challenge.token.rsplit('/').next().unwrap();
        tokens.push(token_of(place.login.poll(id).await));
        assert!(matches!(place.login.poll(id).await, Polled::Failed(_)));
    }
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(place.user_of(&tokens[0]).await, Ok(Some("anna".to_owned())));
    let exchanged = place.issuer.exchanged();
    assert_eq!(exchanged.len(), 1);
    assert!(exchanged[0].0.contains("grant_type=refresh_token&refresh_token=refresh-1"));
    // And once more, by the new one.
    set_clock(240);
    place.renews("anna", "refresh-3");
    assert_eq!(place.login.challenge(&bearer(&tokens[0])).await.unwrap().redirect, None);
    assert!(place.issuer.exchanged()[0].0.contains("refresh-2"));
    assert!(!format!("{:?}", place.login).contains("refresh"));
}

#[tokio::test]
async fn a_token_that_can_not_be_renewed_needs_a_browser() {
    for (what, clock) in [("another user", 120), ("refused", 120), ("away", 120), ("too late", 12 * 3600)] {
        let place = Place::new(", refresh_tokens: true").await;
        let old = held(&place, "anna").await;
        set_clock(clock);
        place.renews(if what == "another user" { "bob" } else { "anna" }, "refresh-2");
        match what {
            "refused" => place.issuer.gives("400 Bad Request", json!({"error": "invalid_grant"})),
            "away" => place.issuer.is(Mood::Gone),
            _ => {}
        }
        let challenge = place.login.challenge(&bearer(&old)).await.unwrap();
        assert!(challenge.redirect.is_some(), "{what}");
        assert_eq!(place.issuer.exchanged().is_empty(), what == "too late", "{what}");
        // Nothing is asked again for what was refused; an issuer that is back is.
        place.renews("anna", "refresh-2");
        place.issuer.is(Mood::Right);
        let again = place.login.challenge(&bearer(&old)).await.unwrap();
        assert_eq!(again.redirect.is_none(), what == "away", "{what}");
    }
}
