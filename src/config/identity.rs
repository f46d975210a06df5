//! How clients prove who they are: the types of `identity` in `sluice.yaml`, and what they can't say.

use super::certificates::{self, ClientCertificate};
use super::group_feed::GroupFeed;
use super::types::Listen;
use http::{HeaderName, Uri};
use ipnet::IpNet;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

/// How clients prove who they are. At least one way must be given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// A file of `user:hash` lines, the hash of bcrypt or argon2.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Access tokens of OpenID Connect issuers.
    #[serde(default)]
    pub oidc: Vec<Oidc>,
    /// Takes passwords and tokens on a listener without TLS, which must then be on a loopback address. For tries on one
    /// machine.
    #[serde(default)]
    pub passwords_without_tls: bool,
    /// A file of `user:hash` lines with the SHA-256 of services' tokens.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// A header that a trusted peer sets.
    #[serde(default)]
    pub trusted_header: Option<TrustedHeader>,
    /// A feed of users with their groups and attributes, whoever proves to be one of them.
    #[serde(default)]
    pub group_feed: Option<GroupFeed>,
    /// Whose the certificates of clients are.
    #[serde(default)]
    pub client_certificates: Vec<ClientCertificate>,
}

/// A header that a trusted peer, such as an ingress that has logged the user in, sets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedHeader {
    /// The header's name.
    pub name: String,
    /// The peers' networks. From any other address the header is refused.
    #[schemars(with = "Vec<String>")]
    pub peers: Vec<IpNet>,
}

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

impl Identity {
    /// The files that it names.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.oidc
            .iter_mut()
            .flat_map(|oidc| oidc.ca.iter_mut().chain(&mut oidc.jwks_token_file))
            .chain(&mut self.password_file)
            .chain(&mut self.token_file)
            .chain(self.group_feed.iter_mut().flat_map(GroupFeed::paths))
    }

    /// All that does not go together.
    pub(super) fn check(&self, listen: &Listen, problems: &mut Vec<String>) {
        let files = [&self.password_file, &self.token_file];
        let lists_empty = self.oidc.is_empty() && self.client_certificates.is_empty();
        if files.iter().all(|file| file.is_none()) && self.trusted_header.is_none() && lists_empty {
            let ways = "password_file, token_file, oidc, client_certificates or trusted_header";
            problems.push(format!("identity: give at least one way: {ways}"));
        }
        if self.passwords_without_tls && !listen.address.ip().is_loopback() {
            problems.push(format!(
                "identity.passwords_without_tls: only for a listener on a loopback address, not on {}",
                listen.address
            ));
        }
        if listen.tls.is_none() && !self.passwords_without_tls {
            for (field, what, given) in [
                ("password_file", "passwords", self.password_file.is_some()),
                ("token_file", "tokens", self.token_file.is_some()),
                ("oidc", "tokens", !self.oidc.is_empty()),
            ] {
                if given {
                    problems.push(format!(
                        "identity.{field}: {what} need listen.tls (or, on a loopback address alone, \
                         identity.passwords_without_tls: true)"
                    ));
                }
            }
        }
        if let Some(header) = &self.trusted_header {
            header.check(problems);
        }
        if let Some(feed) = &self.group_feed {
            feed.check(problems);
        }
        certificates::check(&self.client_certificates, listen, problems);
        let mut issuers = BTreeSet::new();
        for oidc in &self.oidc {
            if !issuers.insert(&oidc.issuer) {
                problems.push(format!("identity.oidc: {} is there twice", oidc.issuer));
            }
            if self.oidc.len() > 1 && oidc.speaks_for.users.is_none() {
                problems.push(format!(
                    "identity.oidc {}: speaks_for.users: of several issuers each must name its users, or one could \
                     speak for those of another",
                    oidc.issuer
                ));
            }
            oidc.check(problems);
        }
    }
}

impl TrustedHeader {
    fn check(&self, problems: &mut Vec<String>) {
        match self.name.parse::<HeaderName>() {
            Err(_) => problems.push(format!("identity.trusted_header.name: `{}` is no header name", self.name)),
            Ok(name) if forbidden(name.as_str()) => problems.push(format!(
                "identity.trusted_header.name: `{name}` is set by each client; take a name that only the peer sets"
            )),
            Ok(_) => {}
        }
        if self.peers.is_empty() {
            problems.push("identity.trusted_header.peers: name the networks that may set the header".to_owned());
        }
    }
}

impl Oidc {
    fn check(&self, problems: &mut Vec<String>) {
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

/// Headers that have a meaning of their own, so none of them can carry a trusted name.
fn forbidden(name: &str) -> bool {
    name.starts_with("x-trino-")
        || name.starts_with("x-presto-")
        || matches!(name, "authorization" | "host" | "cookie" | "user-agent" | "content-length" | "connection")
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
