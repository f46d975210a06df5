//! Issuers of access tokens: the types of `identity.oidc` in `sluice.yaml`, and what they can't say.

use super::types::Listen;
use http::Uri;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// An issuer of access tokens (OpenID Connect), such as a realm of Keycloak.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The issuer, letter for letter as its tokens name it.
    pub issuer: String,
    /// For whom a token has to be: one of these must be in `aud`.
    pub audience: Vec<String>,
    /// Where its keys are. Without it they are found by its discovery document.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// A file with a token that `jwks_url` asks for, sent there alone; read anew for each fetch.
    #[serde(default)]
    pub jwks_token_file: Option<PathBuf>,
    /// By which algorithms its tokens may be signed.
    #[serde(default = "rs256")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// By how much its clock may differ from this machine's.
    #[serde(default = "half_a_minute")]
    #[schemars(with = "String")]
    pub clock_skew: SignedDuration,
    /// The user, from claims: `{preferred_username}`, `svc:{azp}`.
    pub user: String,
    /// The claim that lists the user's groups, such as `groups` or `realm_access.roles`. Of who has a
    /// token without it, it is not known in which groups the user is.
    #[serde(default)]
    pub groups_claim: Option<String>,
    /// Attributes of the user, each by the claim that it is taken from.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Of whom it may speak; of all users and groups without it.
    #[serde(default)]
    pub speaks_for: SpeaksFor,
    /// Certificates that its own leads to, as PEM; the public ones without it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// How long it may take to fetch its keys.
    #[serde(default = "three_seconds")]
    #[schemars(with = "String")]
    pub timeout: SignedDuration,
    /// How often its keys are fetched anew.
    #[serde(default = "five_minutes")]
    #[schemars(with = "String")]
    pub refresh: SignedDuration,
    /// How long its keys are believed while it can't be asked.
    #[serde(default = "one_day")]
    #[schemars(with = "String")]
    pub keep_keys: SignedDuration,
    /// Log-in by a browser, for clients that have no token yet.
    #[serde(default)]
    pub browser: Option<Browser>,
    /// Asks it what a token stands for (RFC 7662), where tokens tell nothing themselves.
    #[serde(default)]
    pub introspection: Option<Introspection>,
}

/// How an issuer is asked what a token stands for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Introspection {
    /// Where it is asked. Without it that is found by its discovery document.
    #[serde(default)]
    pub url: Option<String>,
    /// Sluice's own name at the issuer.
    pub client_id: String,
    /// A file with Sluice's secret at the issuer.
    pub client_secret_file: PathBuf,
    /// For how long an answer is good, at most.
    #[serde(default = "one_minute")]
    #[schemars(with = "String")]
    pub keep: SignedDuration,
    /// Whether it is asked about JWTs as well, so that one that it has taken back is refused.
    #[serde(default)]
    pub all_tokens: bool,
}

/// Log-in by a browser at an issuer. Trino's clients call it external authentication.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    /// Sluice's own name at the issuer.
    pub client_id: String,
    /// A file with Sluice's secret at the issuer; without it Sluice is a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// Scopes that are asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether a token that has ended is renewed without a browser. Clients then hold tokens that only Sluice can read.
    #[serde(default)]
    pub refresh_tokens: bool,
    /// For how long after a log-in tokens are renewed.
    #[serde(default = "twelve_hours")]
    #[schemars(with = "String")]
    pub session: SignedDuration,
}

/// Of whom an issuer may speak. `*` in a name stands for any text.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeaksFor {
    /// Users. A token of another user is refused.
    #[serde(default)]
    pub users: Option<Vec<String>>,
    /// Groups. Others in a token count for nothing.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
}

/// An algorithm by which tokens are signed. There is none that who checks could sign by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    /// RSA with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSA with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSA-PSS with SHA-384.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSA-PSS with SHA-512.
    #[serde(rename = "PS512")]
    Ps512,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384.
    #[serde(rename = "ES384")]
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Oidc {
    pub(super) fn check(&self, listen: &Listen, problems: &mut Vec<String>) {
        let mut wrong = |reason: &str| problems.push(format!("identity.oidc {}: {reason}", self.issuer));
        for (field, url) in [("issuer", Some(&self.issuer)), ("jwks_url", self.jwks_url.as_ref())] {
            if url.is_some_and(|url| !is_trusted(url)) {
                wrong(&format!("{field}: must be an https URL without a query (http on a loopback address alone)"));
            }
        }
        let empty = |texts: &[String]| texts.is_empty() || texts.iter().any(String::is_empty);
        if empty(&self.audience) {
            wrong("audience: name for whom tokens are, such as the client id of Sluice");
        }
        if self.jwks_token_file.is_some() && !self.jwks_url.as_ref().is_some_and(|url| url.starts_with("https://")) {
            wrong("jwks_token_file: needs an https jwks_url, to which alone it is sent");
        }
        if self.algorithms.is_empty() {
            wrong("algorithms: name at least one");
        }
        for (field, names) in [("users", &self.speaks_for.users), ("groups", &self.speaks_for.groups)] {
            if names.as_deref().is_some_and(empty) {
                wrong(&format!("speaks_for.{field}: names at least one, or leave it out"));
            }
        }
        if self.speaks_for.groups.is_some() && self.groups_claim.is_none() {
            wrong("speaks_for.groups: needs groups_claim");
        }
        if self.clock_skew.is_negative() || self.clock_skew > SignedDuration::from_mins(5) {
            wrong("clock_skew: from nothing to 5m");
        }
        for (field, duration) in [("timeout", self.timeout), ("refresh", self.refresh), ("keep_keys", self.keep_keys)] {
            if duration <= SignedDuration::ZERO {
                wrong(&format!("{field}: must be more than nothing"));
            }
        }
        if let Some(introspection) = &self.introspection {
            if introspection.url.as_deref().is_some_and(|url| !is_trusted(url)) {
                wrong("introspection.url: must be an https URL without a query (http on a loopback address alone)");
            }
            if introspection.client_id.is_empty() {
                wrong("introspection.client_id: give Sluice's name at the issuer");
            }
            if introspection.keep <= SignedDuration::ZERO {
                wrong("introspection.keep: must be more than nothing");
            }
        }
        if let Some(browser) = &self.browser {
            browser.check(listen, wrong);
        }
    }
}

impl Browser {
    fn check(&self, listen: &Listen, mut wrong: impl FnMut(&str)) {
        if !listen.public_url.as_deref().is_some_and(|url| url.starts_with("https://")) {
            wrong("browser: needs listen.public_url, an https URL: there the issuer sends browsers back");
        }
        if self.client_id.is_empty() {
            wrong("browser.client_id: give Sluice's name at the issuer");
        }
        let word = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.scopes.iter().all(word) {
            wrong("browser.scopes: each is one word");
        }
        if self.session <= SignedDuration::ZERO {
            wrong("browser.session: must be more than nothing");
        }
    }
}

/// Whether what is read there can be believed: over TLS, or from this machine.
pub(super) fn is_trusted(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let here = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let scheme = uri.scheme_str();
        (scheme == Some("https") || (scheme == Some("http") && here))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.query().is_none()
    })
}

fn rs256() -> Vec<SigningAlgorithm> {
    vec![SigningAlgorithm::Rs256]
}

fn half_a_minute() -> SignedDuration {
    SignedDuration::from_secs(30)
}

fn three_seconds() -> SignedDuration {
    SignedDuration::from_secs(3)
}

fn five_minutes() -> SignedDuration {
    SignedDuration::from_mins(5)
}

fn one_day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

fn twelve_hours() -> SignedDuration {
    SignedDuration::from_hours(12)
}

fn one_minute() -> SignedDuration {
    SignedDuration::from_mins(1)
}
