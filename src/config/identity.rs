//! How clients prove who they are: the types of `identity` in `sluice.yaml`, and what they can't say.

use super::certificates::{self, ClientCertificate};
use super::group_feed::GroupFeed;
use super::ldap::Ldap;
use super::oidc::Oidc;
use super::types::Listen;
use http::HeaderName;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How clients prove who they are. At least one way must be given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// A file of `user:hash` lines, the hash of bcrypt or argon2.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A directory that knows users' passwords. Users of `password_file` prove themselves by that alone.
    #[serde(default)]
    pub ldap: Option<Ldap>,
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
    /// Principals whose pages of results are given to whoever has their address, without a log-in, for clients that send
    /// their credentials with the statement alone. Such an address is as secret as the rows: proxies must not log it.
    #[serde(default)]
    pub pages_by_address: Vec<String>,
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

impl Identity {
    /// The files that it names.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.oidc
            .iter_mut()
            .flat_map(|oidc| {
                let secret = oidc.browser.as_mut().and_then(|browser| browser.client_secret_file.as_mut());
                let other = oidc.introspection.as_mut().map(|introspection| &mut introspection.client_secret_file);
                oidc.ca.iter_mut().chain(&mut oidc.jwks_token_file).chain(secret).chain(other)
            })
            .chain(&mut self.password_file)
            .chain(&mut self.token_file)
            .chain(self.group_feed.iter_mut().flat_map(GroupFeed::paths))
            .chain(self.ldap.iter_mut().flat_map(Ldap::paths))
    }

    /// All that does not go together.
    pub(super) fn check(&self, listen: &Listen, problems: &mut Vec<String>) {
        let files = [&self.password_file, &self.token_file];
        let lists_empty = self.oidc.is_empty() && self.client_certificates.is_empty();
        let others = self.trusted_header.is_some() || self.ldap.is_some();
        if files.iter().all(|file| file.is_none()) && !others && lists_empty {
            let ways = "password_file, ldap, token_file, oidc, client_certificates or trusted_header";
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
                ("ldap", "passwords", self.ldap.is_some()),
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
        if let Some(ldap) = &self.ldap {
            ldap.check(self.passwords_without_tls, problems);
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
            oidc.check(listen, problems);
        }
        // A token that tells nothing does not tell whose it is: no issuer is to learn another's tokens.
        if self.oidc.iter().filter(|oidc| oidc.introspection.is_some()).count() > 1 {
            problems.push("identity.oidc: only one issuer can have `introspection`".to_owned());
        }
        if self.oidc.iter().filter(|oidc| oidc.browser.is_some()).count() > 1 {
            problems
                .push("identity.oidc: only one issuer can have `browser`: clients are sent to one place".to_owned());
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

/// Headers that have a meaning of their own, so none of them can carry a trusted name.
fn forbidden(name: &str) -> bool {
    name.starts_with("x-trino-")
        || name.starts_with("x-presto-")
        || matches!(name, "authorization" | "host" | "cookie" | "user-agent" | "content-length" | "connection")
}
