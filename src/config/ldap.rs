//! Passwords and groups of a directory: the types of `identity.ldap`, and what they can't say.

use super::oidc::SpeaksFor;
use http::Uri;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// A directory that knows users' passwords (LDAP, Active Directory).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ldap {
    /// `ldaps://` with host and port, or `ldap://` with `start_tls`.
    pub url: String,
    /// Whether TLS begins on a connection that was made without it.
    #[serde(default)]
    pub start_tls: bool,
    /// Certificates that its own leads to, as PEM; the public ones without it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The names (DN) that users may have, such as `uid={user},ou=people,dc=example,dc=com`.
    #[serde(default)]
    pub bind_patterns: Vec<String>,
    /// The name (DN) by which Sluice itself looks users up, where names are not made by a pattern.
    #[serde(default)]
    pub bind_dn: Option<String>,
    /// A file with its password.
    #[serde(default)]
    pub bind_password_file: Option<PathBuf>,
    /// Below which name users are looked up.
    #[serde(default)]
    pub user_base: Option<String>,
    /// By what they are found: `(&(objectClass=person)(uid={user}))`.
    #[serde(default)]
    pub user_filter: Option<String>,
    /// The attribute that holds the user's name as Sluice takes it.
    #[serde(default = "uid")]
    pub user_attribute: String,
    /// Where groups are; none are known without it.
    #[serde(default)]
    pub groups: Option<LdapGroups>,
    /// Attributes of the user, each by the directory's own that it is taken from.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Of whom it may speak; of all users and groups without it.
    #[serde(default)]
    pub speaks_for: SpeaksFor,
    /// How long each of its answers may take.
    #[serde(default = "three_seconds")]
    #[schemars(with = "String")]
    pub timeout: SignedDuration,
    /// How long a proved password and the groups found with it are believed without being asked for again.
    #[serde(default = "five_minutes")]
    #[schemars(with = "String")]
    pub maximum_age: SignedDuration,
    /// Most connections at once.
    #[serde(default = "sixteen")]
    pub connections: usize,
}

/// Where a directory's groups are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapGroups {
    /// Below which name groups are. Others count for nothing.
    pub base: String,
    /// By what a user's groups are found: `(&(objectClass=groupOfNames)(member={dn}))`.
    #[serde(default)]
    pub filter: Option<String>,
    /// The attribute of the user that lists the names (DN) of groups, instead of `filter`: `memberOf`.
    #[serde(default)]
    pub member_of: Option<String>,
    /// The attribute with a group's name, where groups are found by `filter`.
    #[serde(default = "cn")]
    pub name: String,
}

impl Ldap {
    /// The files that it names.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.ca.iter_mut().chain(&mut self.bind_password_file)
    }

    /// All that does not go together.
    pub(super) fn check(&self, without_tls: bool, problems: &mut Vec<String>) {
        let mut wrong = |reason: &str| problems.push(format!("identity.ldap {}: {reason}", self.url));
        match encrypted(&self.url, self.start_tls) {
            None => wrong("url: must be ldaps:// or ldap://, host and port, and no more"),
            Some(Transport { encrypted: false, here }) if !(here && without_tls) => wrong(
                "url: passwords need ldaps:// or start_tls (or, to a loopback address alone, \
                 identity.passwords_without_tls: true)",
            ),
            Some(_) => {}
        }
        let service = [
            self.bind_dn.is_some(),
            self.bind_password_file.is_some(),
            self.user_base.is_some(),
            self.user_filter.is_some(),
        ];
        if self.bind_patterns.is_empty() == service.contains(&false)
            || (!self.bind_patterns.is_empty() && service.contains(&true))
        {
            wrong("give either bind_patterns or all of bind_dn, bind_password_file, user_base and user_filter");
        }
        // Else a password would be tried for a name that the user's own does not decide.
        if self.bind_patterns.iter().any(|pattern| !pattern.contains("={user}")) {
            wrong(
                "bind_patterns: each is a DN with an attribute that is {user}, such as uid={user},ou=people,dc=example,dc=com",
            );
        }
        if self.user_filter.as_ref().is_some_and(|filter| !filter.contains("{user}")) {
            wrong("user_filter: must have {user} in it, such as (&(objectClass=person)(uid={user}))");
        }
        match &self.groups {
            Some(groups) if groups.filter.is_some() == groups.member_of.is_some() => {
                wrong("groups: give either filter or member_of");
            }
            Some(groups)
                if groups
                    .filter
                    .as_ref()
                    .is_some_and(|filter| !filter.contains("{dn}") && !filter.contains("{user}")) =>
            {
                wrong("groups.filter: must have {dn} or {user} in it, such as (member={dn})");
            }
            _ => {}
        }
        if self.speaks_for.groups.is_some() && self.groups.is_none() {
            wrong("speaks_for.groups: needs groups");
        }
        for (field, duration) in [("timeout", self.timeout), ("maximum_age", self.maximum_age)] {
            if duration <= SignedDuration::ZERO {
                wrong(&format!("{field}: must be more than nothing"));
            }
        }
        if self.connections == 0 {
            wrong("connections: at least 1");
        }
    }
}

/// How a directory is reached.
struct Transport {
    encrypted: bool,
    /// On this machine.
    here: bool,
}

fn encrypted(url: &str, start_tls: bool) -> Option<Transport> {
    let uri = url.parse::<Uri>().ok()?;
    let authority =
        uri.authority().filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty())?;
    if uri.path() != "/" || uri.query().is_some() {
        return None;
    }
    let host = authority.host();
    let here = host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str()? {
        "ldaps" if !start_tls => Some(Transport { encrypted: true, here }),
        "ldap" => Some(Transport { encrypted: start_tls, here }),
        _ => None,
    }
}

fn uid() -> String {
    "uid".to_owned()
}

fn cn() -> String {
    "cn".to_owned()
}

fn three_seconds() -> SignedDuration {
    SignedDuration::from_secs(3)
}

fn five_minutes() -> SignedDuration {
    SignedDuration::from_mins(5)
}

fn sixteen() -> usize {
    16
}
