mod renewal;

use super::*;
use crate::identity::oidc::tests::issuer::{FakeIssuer, Mood, Signer};
use crate::identity::oidc::tests::{configured, now, set_clock};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, COOKIE};
use openidconnect::url::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const SECRET: [u8; 32] = [7; 32];
const BASE: &str = "https://trino.example.com";

/// An issuer, and a Sluice that sends browsers to it.
struct Place {
    issuer: FakeIssuer,
    signer: Signer,
    oidc: Arc<Oidc>,
    login: Arc<Login>,
}

/// A client that has asked, and a browser that has set out.
struct Begun {
    id: String,
    asked: HashMap<String, String>,
    cookie: String,
}

impl Place {
    async fn new(more: &str) -> Place {
        set_clock(0);
        let signer = Signer::new("ES256");
        let issuer = FakeIssuer::with(vec![signer.jwk("k")]).await;
        let more = format!(", browser: {{client_id: sluice-client, scopes: [profile]{more}}}");
        Place::before(issuer, signer, &more, None)
    }

    fn before(issuer: FakeIssuer, signer: Signer, more: &str, replica: Option<&str>) -> Place {
        let issuers = [configured(&issuer.url, more)];
        let opened = Oidc::with(&issuers, Duration::from_secs(20), Duration::from_millis(10), now).unwrap();
        let oidc = Arc::new(opened.opening_by(&SECRET));
        let listen = config::Listen {
            address: "127.0.0.1:1".parse().unwrap(),
            tls: None,
            public_url: Some(format!("{BASE}/")),
            page_key_file: None,
            replica: replica.map(str::to_owned),
            compression: config::Compression::Gzip,
            stay_awake: true,
        };
        let login = Login::with(&oidc, &issuers, &listen, &SECRET, Duration::from_millis(30)).unwrap().unwrap();
        Place { issuer, signer, oidc, login: Arc::new(login) }
    }

    /// A client asks, and a browser sets out.
    async fn begin(&self) -> Begun {
        let challenge = self.login.challenge(&HeaderMap::new()).await.unwrap();
        let ticket = challenge.redirect.unwrap();
        let id = challenge.token.strip_prefix(&format!("{BASE}/oauth2/token/")).unwrap().to_owned();
        self.open(id, ticket.strip_prefix(&format!("{BASE}/oauth2/token/initiate/")).unwrap()).await
    }

    /// A browser opens a ticket.
    async fn open(&self, id: String, ticket: &str) -> Begun {
        let out = self.login.set_out(ticket).await.unwrap();
        let url = Url::parse(&out.url).unwrap();
        let asked = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Begun { id, asked, cookie: out.cookie.split_once(';').unwrap().0.to_owned() }
    }

    fn token(&self, claims: &Value) -> String {
        self.signer.token(&json!({"alg": "ES256", "kid": "k", "typ": "JWT"}), claims)
    }

    fn access(&self, user: &str, more: &Value) -> String {
        let mut claims = json!({
            "iss": self.issuer.url, "aud": "sluice", "exp": now() + 60, "iat": now(), "preferred_username": user,
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.token(&claims)
    }

    /// The issuer gives tokens of a user, the ID token with these claims besides.
    fn gives(&self, begun: &Begun, user: &str, more: &Value) -> String {
        let access = self.access(user, &json!({}));
        let mut claims = json!({
            "iss": self.issuer.url, "aud": "sluice-client", "exp": now() + 60, "iat": now(), "sub": "42",
            "nonce": begun.asked["nonce"],
            "at_hash": URL_SAFE_NO_PAD.encode(&Sha256::digest(&access)[..16]),
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let tokens = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": 60, "refresh_token": "refresh-1",
            "id_token": self.token(&claims),
        });
        self.issuer.gives("200 OK", tokens);
        access
    }

    fn query(&self, begun: &Begun) -> String {
        let state = &begun.asked["state"];
        format!("code=a-code&state={state}&iss={}&session_state=x", self.issuer.url)
    }

    async fn come_back(&self, begun: &Begun) -> Result<String, Wrong> {
        self.login.come_back(&self.query(begun), &cookies(&begun.cookie)).await.user
    }
}

fn cookies(text: &str) -> HeaderMap {
    HeaderMap::from_iter([(COOKIE, format!("other=1; {text}; more=2").parse().unwrap())])
}

fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().unwrap())])
}

fn token_of(polled: Polled) -> String {
    match polled {
        Polled::Token(token) => token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_gets_the_token_of_who_logged_in_with_its_browser_once() {
    let place = Place::new("").await;
    let begun = place.begin().await;
    let asked = |name: &str| begun.asked[name].as_str();
    assert_eq!((asked("response_type"), asked("client_id")), ("code", "sluice-client"));
    assert_eq!(
        (asked("redirect_uri"), asked("scope")),
        ("https://trino.example.com/oauth2/callback", "openid profile")
    );
    assert_eq!(asked("code_challenge_method"), "S256");
    assert_eq!(place.login.poll(&begun.id).await, Polled::Wait);

    let access = place.gives(&begun, "anna", &json!({}));
    assert_eq!(place.come_back(&begun).await, Ok("anna".to_owned()));
    let exchanged = place.issuer.exchanged();
    let form: HashMap<_, _> = openidconnect::url::form_urlencoded::parse(exchanged[0].0.as_bytes()).collect();
    assert_eq!(
        (&*form["grant_type"], &*form["code"], &*form["client_id"]),
        ("authorization_code", "a-code", "sluice-client")
    );
    assert_eq!(form["redirect_uri"], "https://trino.example.com/oauth2/callback");
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(&*form["code_verifier"])), asked("code_challenge"));

    assert_eq!(place.login.poll(&begun.id).await, Polled::Token(access));
    assert_eq!(place.login.poll(&begun.id).await, Polled::Failed(Wrong::Over.to_string()));
    place.login.forget(&begun.id);
}

#[tokio::test]
async fn a_secret_is_sent_as_the_issuer_has_it_and_read_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "s3:cret\n").unwrap();
    let place = Place::new(&format!(", client_secret_file: '{}'", file.display())).await;
    for secret in ["s3:cret", "another"] {
        std::fs::write(&file, format!("{secret}\n")).unwrap();
        let begun = place.begin().await;
        place.gives(&begun, "anna", &json!({}));
        place.come_back(&begun).await.unwrap();
        let expected = STANDARD.encode(format!("sluice-client:{}", secret.replace(':', "%3A")));
        assert!(place.issuer.exchanged()[0].1.ends_with(&format!("Basic {expected}")));
    }
}

#[tokio::test]
async fn only_the_browser_that_set_out_comes_back_and_only_once() {
    let place = Place::new("").await;
    let (begun, other) = (place.begin().await, place.begin().await);
    place.gives(&begun, "anna", &json!({}));
    let query = place.query(&begun);
    // Another browser, and one that began another log-in.
    for headers in [HeaderMap::new(), cookies(&other.cookie), cookies(&begun.cookie.replace('=', "=x"))] {
        assert_eq!(place.login.come_back(&query, &headers).await.user, Err(Wrong::Browser));
    }
    assert!(place.issuer.exchanged().is_empty());
    place.come_back(&begun).await.unwrap();
    // The same again, with another code as well: a state is good for one log-in.
    assert_eq!(place.come_back(&begun).await, Err(Wrong::Over));
    let injected = query.replace("a-code", "another-code");
    assert_eq!(place.login.come_back(&injected, &cookies(&begun.cookie)).await.user, Err(Wrong::Over));
    assert_eq!(place.issuer.exchanged().len(), 1);
}

#[tokio::test]
async fn a_ticket_tells_nothing_by_which_one_could_poll() {
    let place = Place::new("").await;
    let challenge = place.login.challenge(&HeaderMap::new()).await.unwrap();
    let ticket = challenge.redirect.unwrap();
    let ticket = ticket.rsplit('/').next().unwrap();
    let id = challenge.token.rsplit('/').next().unwrap();
    let begun = place.open(id.to_owned(), ticket).await;
    place.gives(&begun, "anna", &json!({}));
    place.come_back(&begun).await.unwrap();
    let unknown = Polled::Failed(Wrong::Unknown.to_string());
    for made_up in [ticket, &begun.asked["state"], "", "a.b", "AAAA"] {
        assert!(matches!(place.login.poll(made_up).await, Polled::Failed(_)), "{made_up}");
        place.login.forget(made_up);
    }
    assert_eq!(place.login.poll(ticket).await, unknown);
    assert!(place.login.set_out(id).await.is_err());
    token_of(place.login.poll(id).await);
}

#[tokio::test]
async fn an_answer_that_is_not_of_this_log_in_is_refused() {
    let place = Place::new("").await;
    let other = Signer::new("ES256");
    for (more, said) in [
        (json!({"nonce": "another"}), "another log-in's ID token"),
        (json!({"nonce": null}), "one without a nonce"),
        (json!({"aud": "another-client"}), "another client's"),
        (json!({"aud": ["sluice-client", "wiki"]}), "one for others too"),
        (json!({"azp": "another-client"}), "one that another client asked for"),
        (json!({"iss": "https://login.example.com"}), "another issuer's"),
        (json!({"exp": now() - 60}), "one that has ended"),
        (json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "one of another access token"),
    ] {
        let begun = place.begin().await;
        place.gives(&begun, "anna", &more);
        assert_eq!(place.come_back(&begun).await, Err(Wrong::Refused), "{said}");
        assert_eq!(place.login.poll(&begun.id).await, Polled::Wait, "{said}");
    }
    // Signed by another, or by nobody.
    for header in [json!({"alg": "ES256", "kid": "k"}), json!({"alg": "none"}), json!({"alg": "ES256", "kid": "x"})] {
        // A key that is not known is asked for, but not at once again.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let begun = place.begin().await;
        let access = place.gives(&begun, "anna", &json!({}));
        let claims = json!({
            "iss": place.issuer.url, "aud": "sluice-client", "exp": now() + 60, "iat": now(), "sub": "42",
            "nonce": begun.asked["nonce"],
        });
        let id_token = other.token(&header, &claims);
        let tokens = json!({"access_token": access, "token_type": "Bearer", "id_token": id_token});
        place.issuer.gives("200 OK", tokens.clone());
        assert_eq!(place.come_back(&begun).await, Err(Wrong::Refused), "{header}");
        let mut without = tokens;
        without.as_object_mut().unwrap().remove("id_token");
        place.issuer.gives("200 OK", without);
        assert_eq!(place.come_back(&begun).await, Err(Wrong::Refused));
    }
}

#[tokio::test]
async fn an_access_token_that_would_be_refused_is_refused_at_once() {
    let place = Place::new("").await;
    for more in [json!({"aud": "wiki"}), json!({"preferred_username": null}), json!({"typ": "Refresh"})] {
        let begun = place.begin().await;
        place.gives(&begun, "anna", &json!({"at_hash": null}));
        let id_token = json!({
            "iss": place.issuer.url, "aud": "sluice-client", "exp": now() + 60, "iat": now(), "sub": "42",
            "nonce": begun.asked["nonce"],
        });
        let access = place.access("anna", &more);
        let tokens = json!({"access_token": access, "token_type": "Bearer", "id_token": place.token(&id_token)});
        place.issuer.gives("200 OK", tokens);
        assert_eq!(place.come_back(&begun).await, Err(Wrong::Refused), "{more}");
    }
}

#[tokio::test]
async fn a_browser_from_another_issuer_or_with_half_an_answer_brings_nothing() {
    let place = Place::new("").await;
    let begun = place.begin().await;
    place.gives(&begun, "anna", &json!({}));
    let state = &begun.asked["state"];
    let iss = &place.issuer.url;
    for (query, wrong) in [
        (format!("code=c&state={state}&iss=https://login.example.com"), Wrong::Refused),
        (format!("code=c&state={state}"), Wrong::Refused),
        (format!("code=c&state={state}&state={state}&iss={iss}"), Wrong::Unknown),
        (format!("code=c&code=d&state={state}&iss={iss}"), Wrong::Unknown),
        (format!("code=c&error=x&state={state}&iss={iss}"), Wrong::Unknown),
        (format!("code=&state={state}&iss={iss}"), Wrong::Unknown),
        (format!("state={state}&iss={iss}"), Wrong::Unknown),
        (format!("code=c&iss={iss}"), Wrong::Unknown),
        (format!("code=c&state=x{state}&iss={iss}"), Wrong::Unknown),
        (String::new(), Wrong::Unknown),
    ] {
        assert_eq!(place.login.come_back(&query, &cookies(&begun.cookie)).await.user, Err(wrong), "{query}");
    }
    assert!(place.issuer.exchanged().is_empty());
    place.come_back(&begun).await.unwrap();
}

#[tokio::test]
async fn a_failure_is_told_to_the_browser_and_to_the_client_that_waits() {
    let place = Place::new("").await;
    let begun = place.begin().await;
    let (login, id) = (Arc::clone(&place.login), begun.id.clone());
    let client = tokio::spawn(async move {
        loop {
            match login.poll(&id).await {
                Polled::Wait => {}
                told => return told,
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(5)).await;
    let query = format!("error=access_denied%3Cscript%3E&state={}&iss={}", begun.asked["state"], place.issuer.url);
    let wrong = Wrong::NotLoggedIn("access_deniedscript".to_owned());
    assert_eq!(place.login.come_back(&query, &cookies(&begun.cookie)).await.user, Err(wrong.clone()));
    assert_eq!(client.await.unwrap(), Polled::Failed(wrong.to_string()));
    // The same browser may try again.
    place.gives(&begun, "anna", &json!({}));
    place.come_back(&begun).await.unwrap();
}

#[tokio::test]
async fn a_log_in_is_over_after_ten_minutes() {
    let place = Place::new("").await;
    let challenge = place.login.challenge(&HeaderMap::new()).await.unwrap();
    let ticket = challenge.redirect.unwrap().rsplit('/').next().unwrap().to_owned();
    let begun = place.begin().await;
    place.gives(&begun, "anna", &json!({}));
    set_clock(TIME);
    assert_eq!(place.login.set_out(&ticket).await, Err(Wrong::Over));
    assert_eq!(place.come_back(&begun).await, Err(Wrong::Over));
    assert_eq!(place.login.poll(&begun.id).await, Polled::Failed(Wrong::Over.to_string()));
    assert!(place.issuer.exchanged().is_empty());
}

#[tokio::test]
async fn an_issuer_that_is_away_can_be_tried_again() {
    let place = Place::new("").await;
    let begun = place.begin().await;
    for mood in [Mood::Gone, Mood::Redirects, Mood::Endless, Mood::Silent] {
        place.issuer.is(mood);
        assert_eq!(place.come_back(&begun).await, Err(Wrong::Unavailable), "{mood:?}");
    }
    for (mood, wrong) in [(Mood::Garbage, Wrong::Refused), (Mood::Html, Wrong::Refused)] {
        place.issuer.is(mood);
        assert_eq!(place.come_back(&begun).await, Err(wrong), "{mood:?}");
    }
    place.issuer.is(Mood::Right);
    assert_eq!(place.come_back(&begun).await, Err(Wrong::Refused), "invalid_grant");
    place.gives(&begun, "anna", &json!({}));
    place.come_back(&begun).await.unwrap();
}

#[tokio::test]
async fn a_replica_finishes_what_it_began_and_says_so_of_others() {
    let place = Place::new("").await;
    let browser = ", browser: {client_id: sluice-client}";
    let one = Place::before(place.issuer, place.signer, browser, Some("one"));
    let begun = one.begin().await;
    assert!(begun.id.starts_with("one.") && begun.asked["state"].starts_with("one."));
    let access = one.gives(&begun, "anna", &json!({}));
    let other = Place::before(one.issuer, one.signer, browser, Some("other"));
    assert_eq!(other.come_back(&begun).await, Err(Wrong::Elsewhere));
    assert_eq!(other.login.poll(&begun.id).await, Polled::Failed(Wrong::Elsewhere.to_string()));
    let again = Place::before(other.issuer, other.signer, browser, Some("one"));
    // A replica that was started anew remembers nothing, and needs nothing.
    again.come_back(&begun).await.unwrap();
    assert_eq!(again.login.poll(&begun.id).await, Polled::Token(access));
}
