//! Who a client's certificate is of: the types of `identity.client_certificates`, and what they can't say.

use super::oidc::SpeaksFor;
use super::types::Listen;
use schemars::JsonSchema;
use serde::Deserialize;

/// A rule by which a client's certificate is a user's. All texts that are given have to fit the certificate. In each,
/// `{name}` stands for a part that `user` names, `*` for one that it does not.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The common name of the subject, such as `{user}`.
    #[serde(default)]
    pub common_name: Option<String>,
    /// An organizational unit of the subject, such as `etl`.
    #[serde(default)]
    pub organizational_unit: Option<String>,
    /// A DNS name, such as `{host}.etl.example.com`.
    #[serde(default)]
    pub dns: Option<String>,
    /// An email address, such as `{user}@example.com`.
    #[serde(default)]
    pub email: Option<String>,
    /// A URI, such as `urn:service:{name}`.
    #[serde(default)]
    pub uri: Option<String>,
    /// A SPIFFE id, such as `spiffe://example.com/ns/{namespace}/sa/{name}`.
    #[serde(default)]
    pub spiffe: Option<String>,
    /// The user, from the parts: `{user}`, `svc-{namespace}-{name}`.
    pub user: String,
    /// The users that it may speak for; all without it.
    #[serde(default)]
    pub speaks_for: SpeaksFor,
}

/// All that does not go together.
pub(super) fn check(rules: &[ClientCertificate], listen: &Listen, problems: &mut Vec<String>) {
    if !rules.is_empty() && listen.tls.as_ref().is_none_or(|tls| tls.client_ca.is_none()) {
        problems.push("identity.client_certificates: needs listen.tls.client_ca".to_owned());
    }
    for rule in rules {
        let mut wrong = |reason: &str| problems.push(format!("identity.client_certificates {}: {reason}", rule.user));
        if rule.speaks_for.groups.is_some() {
            wrong("speaks_for.groups: a certificate tells no groups");
        }
        if rule.speaks_for.users.as_ref().is_some_and(|users| users.is_empty() || users.iter().any(String::is_empty)) {
            wrong("speaks_for.users: names at least one, or leave it out");
        }
    }
}

/// What `listen.tls` says of clients' certificates and can't.
pub(super) fn check_listener(listen: &Listen, problems: &mut Vec<String>) {
    let Some(tls) = listen.tls.as_ref().filter(|tls| tls.client_ca.is_none()) else {
        return;
    };
    for (field, given) in
        [("client_crls", !tls.client_crls.is_empty()), ("client_certificate_required", tls.client_certificate_required)]
    {
        if given {
            problems.push(format!("listen.tls.{field}: needs listen.tls.client_ca"));
        }
    }
}
