mod faults;
mod introspection;
pub(super) mod issuer;

use super::*;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use issuer::{FakeIssuer, Signer};
use serde_json::{Value, json};
use std::cell::Cell;
use std::net::IpAddr;

thread_local! {
    /// By how many seconds the clock is set forward.
    static AHEAD: Cell<i64> = const { Cell::new(0) };
}

pub(super) fn now() -> i64 {
    Timestamp::now().as_second() + AHEAD.get()
}

/// An issuer as it is configured, with more of a configuration.
pub(super) fn configured(url: &str, more: &str) -> config::Oidc {
    let text = format!(
        "listen: {{address: '127.0.0.1:1'}}\nupstream: {{url: 'http://trino:8080'}}\n\
         identity: {{oidc: [{{issuer: '{url}', audience: [sluice], user: '{{preferred_username}}', \
         algorithms: [RS256, PS256, ES256, ES384, EdDSA], timeout: 1s{more}}}]}}\n\
         policies: {{folder: p}}\naudit: {{folder: l}}\n"
    );
    config::Config::parse(&text, "test").unwrap().identity.oidc.remove(0)
}

fn opened(issuers: &[config::Oidc], gap: u64) -> Oidc {
    Oidc::with(issuers, Duration::from_secs(20), Duration::from_millis(gap), now).unwrap()
}

/// An issuer with one key `k`, and who believes it.
struct Place {
    issuer: FakeIssuer,
    signer: Signer,
    oidc: Arc<Oidc>,
}

impl Place {
    async fn new(more: &str) -> Place {
        Place::pacing(more, 60_000).await
    }

    /// With a least time between two fetches, in milliseconds.
    async fn pacing(more: &str, gap: u64) -> Place {
        let signer = Signer::new("ES256");
        let issuer = FakeIssuer::with(vec![signer.jwk("k")]).await;
        let oidc = Arc::new(opened(&[configured(&issuer.url, more)], gap));
        Place { issuer, signer, oidc }
    }

    fn header(&self, id: &str) -> Value {
        json!({"alg": self.signer.algorithm, "kid": id, "typ": "JWT"})
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer.url, "aud": "sluice", "exp": now() + 60, "iat": now(), "sub": "42",
            "preferred_username": "anna",
        })
    }

    /// The token that is right, with these claims besides.
    fn token(&self, more: &Value) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.signer.token(&self.header("k"), &claims)
    }

    async fn proved(&self, more: &Value) -> Result<Principal, Refused> {
        self.oidc.principal(&self.token(more)).await
    }
}

pub(super) fn set_clock(ahead: i64) {
    AHEAD.set(ahead);
}

async fn identified(oidc: &Oidc, header: &str) -> Result<Option<String>, Unidentified> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, header.parse().unwrap());
    let found =
        oidc.identify(Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None }).await;
    found.map(|found| found.map(|principal| principal.name))
}

#[tokio::test]
async fn a_token_of_each_algorithm_proves_who_one_is() {
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "EdDSA"] {
        let mut place = Place::new("").await;
        place.signer = Signer::new(algorithm);
        place.issuer.has(vec![Signer::new("ES256").jwk("other"), place.signer.jwk("k")]);
        let anna = place.proved(&json!({"aud": ["x", "sluice"]})).await.unwrap();
        assert_eq!(anna.name, "anna", "{algorithm}");
        assert_eq!(anna.proofs, [super::super::Proof::Token { issuer: place.issuer.url.clone() }]);
        assert!(anna.direct && anna.groups.is_empty());
    }
}

#[tokio::test]
async fn the_header_is_read_by_its_scheme() {
    let place = Place::new("").await;
    let token = place.token(&json!({}));
    assert_eq!(identified(&place.oidc, &format!("Bearer {token}")).await, Ok(Some("anna".to_owned())));
    assert_eq!(identified(&place.oidc, &format!("bearer {token}")).await, Ok(Some("anna".to_owned())));
    assert_eq!(identified(&place.oidc, "Basic YTpi").await, Ok(None));
    // No JWT: it may be a token of another kind.
    assert_eq!(identified(&place.oidc, "Bearer opaque").await, Ok(None));
    assert_eq!(identified(&place.oidc, "Bearer a.b.c").await, Err(Unidentified::Wrong));
    assert_eq!(identified(&place.oidc, &format!("Bearer {token}x")).await, Err(Unidentified::Wrong));
}

#[tokio::test]
async fn what_can_not_be_right_costs_the_issuer_nothing() {
    let place = Place::new("").await;
    let claim = |name: &str| Refused::Claim(name.to_owned());
    for (claims, refused) in [
        (json!({"aud": "other"}), Refused::Audience),
        (json!({"aud": ["other", "sluice2"]}), Refused::Audience),
        (json!({"aud": null}), Refused::Audience),
        (json!({"aud": {"sluice": 1}}), Refused::Audience),
        (json!({"iss": "https://login.example.com"}), Refused::Issuer),
        (json!({"iss": [place.issuer.url]}), Refused::Issuer),
        (json!({"exp": now() - 31}), Refused::Expired),
        (json!({"exp": "never"}), claim("exp")),
        (json!({"nbf": now() + 40}), Refused::Early),
        (json!({"iat": now() + 40}), Refused::Early),
        (json!({"typ": "ID"}), Refused::Kind),
        (json!({"typ": "Refresh"}), Refused::Kind),
        (json!({"cnf": {"jkt": "x"}}), Refused::Bound),
        (json!({"filler": "x".repeat(16 * 1024)}), Refused::Long),
    ] {
        assert_eq!(place.proved(&claims).await.unwrap_err(), refused, "{claims}");
    }
    for (header, refused) in [
        (json!({"alg": "none", "kid": "k"}), Refused::Unreadable),
        (json!({"kid": "k"}), Refused::Unreadable),
        (json!({"alg": "HS256", "kid": "k"}), Refused::Algorithm),
        (json!({"alg": "RS512", "kid": "k"}), Refused::Algorithm),
        (json!({"alg": "ES256"}), Refused::Key),
        (json!({"alg": "ES256", "kid": "k", "typ": "logout+jwt"}), Refused::Kind),
    ] {
        let token = place.signer.token(&header, &place.claims());
        assert_eq!(place.oidc.principal(&token).await.unwrap_err(), refused, "{header}");
    }
    for token in ["..", "a.b.c", "e30.e30.", ".e30.e30"] {
        assert!(place.oidc.principal(token).await.is_err(), "{token}");
    }
    assert_eq!(place.issuer.asked(), 0);
}

#[tokio::test]
async fn only_a_key_of_the_issuer_s_signs() {
    let place = Place::new("").await;
    let refused = async |token: String| place.oidc.principal(&token).await.unwrap_err();
    let other = Signer::new("ES256");
    assert_eq!(refused(other.token(&place.header("k"), &place.claims())).await, Refused::Signature);
    let right = place.token(&json!({}));
    let (message, signature) = right.rsplit_once('.').unwrap();
    assert_eq!(refused(format!("{message}.")).await, Refused::Signature);
    assert_eq!(refused(format!("{message}.{}", signature.to_lowercase())).await, Refused::Signature);
    // Another payload under the right signature.
    let another = place.token(&json!({"preferred_username": "admin"}));
    let another = another.rsplit_once('.').unwrap().0;
    assert_eq!(refused(format!("{another}.{signature}")).await, Refused::Signature);
    // A key that is there, for another algorithm than its own.
    let mut header = place.header("k");
    header["alg"] = json!("RS256");
    assert_eq!(refused(place.signer.token(&header, &place.claims())).await, Refused::Unavailable);
    // What a token says of where its key is counts for nothing.
    let mut header = place.header("k");
    header["jwk"] = other.jwk("k");
    header["jku"] = json!(format!("{}/keys", place.issuer.url));
    assert_eq!(refused(other.token(&header, &place.claims())).await, Refused::Signature);
    // What the holder must understand is not understood here.
    let mut header = place.header("k");
    header["crit"] = json!(["exp"]);
    assert_eq!(refused(place.signer.token(&header, &place.claims())).await, Refused::Signature);
}

#[tokio::test]
async fn a_key_is_used_for_what_it_is_for() {
    let place = Place::pacing("", 0).await;
    let mut for_secrets = place.signer.jwk("k");
    for_secrets["use"] = json!("enc");
    let mut of_another = place.signer.jwk("k");
    of_another["alg"] = json!("ES384");
    for (key, refused) in [(for_secrets, Refused::Unavailable), (of_another, Refused::Unavailable)] {
        place.issuer.has(vec![key]);
        assert_eq!(place.proved(&json!({})).await.unwrap_err(), refused);
    }
    let mut right = place.signer.jwk("k");
    right["alg"] = json!("ES256");
    place.issuer.has(vec![right]);
    assert!(place.proved(&json!({})).await.is_ok());
}

#[tokio::test]
async fn claims_become_user_groups_and_attributes() {
    let place = Place::new(
        ", groups_claim: realm_access.roles, attributes: {region: region, level: clearance}, \
         speaks_for: {users: ['a*'], groups: [analysts, 'hr-*']}",
    )
    .await;
    let anna = place
        .proved(&json!({
            "realm_access": {"roles": ["analysts", "admins", "hr-eu"]}, "region": ["EU", "US"], "clearance": 3,
        }))
        .await
        .unwrap();
    assert_eq!(anna.groups, ["analysts", "hr-eu"]);
    let attributes: Vec<String> = anna.attributes.iter().map(|(name, values)| format!("{name}={values:?}")).collect();
    assert_eq!(attributes, [r#"level={"3"}"#, r#"region={"EU", "US"}"#]);
    let groups = json!({"roles": []});
    let none = place.proved(&json!({"realm_access": groups, "region": []})).await.unwrap();
    assert!(none.groups.is_empty() && none.attributes.is_empty());
    assert!(!none.more_groups);
    // What a token does not tell may be so.
    for claims in [
        json!({}),
        json!({"realm_access": {}}),
        json!({"realm_access": groups, "_claim_names": {"realm_access.roles": "src1"}}),
    ] {
        let unknown = place.proved(&claims).await.unwrap();
        assert!(unknown.more_groups && unknown.groups.is_empty(), "{claims}");
    }
    let claim = |name: &str| Refused::Claim(name.to_owned());
    for (claims, refused) in [
        (json!({"realm_access": {"roles": [["x"]]}}), claim("realm_access.roles")),
        (json!({"realm_access": groups, "region": {"x": 1}}), claim("region")),
        (json!({"realm_access": groups, "preferred_username": "bob"}), Refused::User),
        (json!({"realm_access": groups, "preferred_username": "anna "}), Refused::User),
        (json!({"realm_access": groups, "preferred_username": "a\nb"}), Refused::User),
        (json!({"realm_access": groups, "preferred_username": ["anna"]}), claim("preferred_username")),
    ] {
        assert_eq!(place.proved(&claims).await.unwrap_err(), refused, "{claims}");
    }
}

#[tokio::test]
async fn each_issuer_speaks_for_its_own_users() {
    let (one, other) = (Place::new("").await, Place::new("").await);
    let people = configured(&one.issuer.url, ", speaks_for: {users: ['an*']}, groups_claim: groups");
    let services = configured(&other.issuer.url, ", speaks_for: {users: ['svc-*', 'andy']}");
    let oidc = opened(&[people, services], 0);
    let anna = oidc.principal(&one.token(&json!({"groups": ["g"]}))).await.unwrap();
    assert!(anna.groups == ["g"] && !anna.more_groups);
    assert_eq!(oidc.principal(&other.token(&json!({}))).await.unwrap_err(), Refused::User);
    let service = oidc.principal(&other.token(&json!({"preferred_username": "svc-dbt"}))).await.unwrap();
    assert!(!service.more_groups);
    // Whom both may speak for has groups that the one's token does not tell.
    let andy = oidc.principal(&other.token(&json!({"preferred_username": "andy"}))).await.unwrap();
    assert!(andy.more_groups);
    // A token of the one, signed by the other's key.
    let mut claims = one.claims();
    claims["groups"] = json!([]);
    assert_eq!(oidc.principal(&other.signer.token(&one.header("k"), &claims)).await.unwrap_err(), Refused::Signature);
}

#[tokio::test]
async fn a_token_that_was_proved_is_remembered_until_it_expires() {
    let place = Place::new("").await;
    let token = place.token(&json!({}));
    for _ in 0..3 {
        assert!(place.oidc.principal(&token).await.is_ok());
    }
    place.oidc.proved.run_pending_tasks();
    assert_eq!((place.oidc.proved.entry_count(), place.issuer.asked()), (1, 1));
    // A wrong one is not.
    let _ = place.oidc.principal(&format!("{token}A")).await;
    place.oidc.proved.run_pending_tasks();
    assert_eq!(place.oidc.proved.entry_count(), 1);
    // The clock jumps on, within the skew and over it, and back.
    for (ahead, refused) in [(80, None), (95, Some(Refused::Expired)), (0, None), (-100, Some(Refused::Early))] {
        set_clock(ahead);
        assert_eq!(place.oidc.principal(&token).await.err(), refused, "{ahead}");
    }
    set_clock(0);
}

#[test]
fn what_is_told_of_a_configuration_that_can_not_work() {
    let of = |more: &str| {
        let mut oidc = configured("https://login.example.com/realms/acme", "");
        match more {
            "user" => oidc.user = "preferred_username".to_owned(),
            "ca" => oidc.ca = Some("missing.pem".into()),
            _ => oidc.issuer = "no url".to_owned(),
        }
        Oidc::open(&[oidc], Duration::ZERO).unwrap_err().to_string()
    };
    insta::assert_snapshot!(["user", "ca", "issuer"].map(of).join("\n"));
}

#[test]
fn the_page_says_what_comes_of_a_token() {
    let page = include_str!("../../../../docs/identity.md");
    let block = |language: &str| page.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0;
    let text = format!(
        "listen: {{address: '127.0.0.1:1'}}\nupstream: {{url: 'http://trino:8080'}}\n{}\
         policies: {{folder: p}}\naudit: {{folder: l}}\n",
        block("yaml")
    );
    let issuer = Issuer::new(&config::Config::parse(&text, "the page").unwrap().identity.oidc[0], GAP).unwrap();
    let claims = Claims(serde_json::from_str(block("json")).unwrap());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    assert!(issuer.check(&header, &claims, now()).is_ok());
    let principal = issuer.principal(&claims).unwrap();
    let mut lines = vec![format!("user {}", principal.name), format!("groups {}", principal.groups.join(", "))];
    for (name, values) in &principal.attributes {
        lines.push(format!("{name} {}", values.iter().cloned().collect::<Vec<_>>().join(", ")));
    }
    assert_eq!(lines.join("\n"), block("text").trim_end());
}

#[test]
fn the_page_says_how_a_token_of_kubernetes_is_taken() {
    let page = include_str!("../../../../docs/identity.md");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let (block, _) = blocks.into_iter().find(|(block, _)| block.contains("kubernetes.default")).unwrap();
    let text = format!(
        "listen: {{address: '127.0.0.1:1'}}\nupstream: {{url: 'http://trino:8080'}}\n{block}\
         policies: {{folder: p}}\naudit: {{folder: l}}\n"
    );
    let mut oidc = config::Config::parse(&text, "the page").unwrap().identity.oidc.remove(1);
    (oidc.ca, oidc.jwks_token_file) = (None, None);
    let issuer = Issuer::new(&oidc, GAP).unwrap();
    let taken = |namespace: &str, audience: &str| {
        let claims = Claims(
            json!({
                "aud": [audience], "exp": now() + 3600, "iat": now(), "nbf": now(), "jti": "0f6a",
                "iss": "https://kubernetes.default.svc.cluster.local",
                "kubernetes.io": {
                    "namespace": namespace, "node": {"name": "n", "uid": "1"}, "pod": {"name": "loader-0", "uid": "2"},
                    "serviceaccount": {"name": "loader", "uid": "3"}, "warnafter": now() + 3000,
                },
                "sub": format!("system:serviceaccount:{namespace}:loader"),
            })
            .as_object()
            .unwrap()
            .clone(),
        );
        // Its tokens say no kind.
        let header = jsonwebtoken::Header { typ: None, ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256) };
        issuer.check(&header, &claims, now())?;
        issuer.principal(&claims).map(|principal| principal.name)
    };
    assert_eq!(taken("etl", "sluice"), Ok("svc:etl:loader".to_owned()));
    assert_eq!(taken("hr", "sluice"), Err(Refused::User));
    assert_eq!(taken("etl", "https://kubernetes.default.svc.cluster.local"), Err(Refused::Audience));
}
