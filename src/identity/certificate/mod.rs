//! Certificates of clients: who one is of.
//!
//! In: a certificate whose chain and key the TLS handshake has proved. Out: the user that the configured rules take it
//! for. All rules and all names in a certificate have to lead to one user. A certificate that no rule fits is only part of
//! the transport: it proves nothing, and takes nothing away.

mod pattern;
mod read;
#[cfg(test)]
mod tests;

pub use read::{Certificate, Shown};

use super::oidc::Names;
use super::{Asking, Identify, Identifying, Principal, Proof, Unidentified, is_user};
use crate::config;
use pattern::{Parts, Pattern, Template};
use std::sync::Arc;

/// A rule that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("identity.client_certificates {user}: {reason}")]
pub struct CertificateRuleError {
    user: String,
    reason: String,
}

/// Why a certificate proves nothing. Operators are told by the log; a client is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("a name in it is no text")]
    NoText,
    #[error("it has several common names")]
    CommonNames,
    #[error("it has several URIs, and a SPIFFE id stands alone")]
    Uris,
    #[error("its names lead to different users")]
    Users,
    #[error("the rule may not speak for its user")]
    User,
}

/// The rules by which certificates are users'.
#[derive(Debug)]
pub struct ClientCertificates {
    rules: Vec<Rule>,
}

/// One rule: all its patterns have to fit.
#[derive(Debug)]
struct Rule {
    patterns: Vec<(Field, Pattern)>,
    user: Template,
    users: Option<Names>,
}

/// What of a certificate a pattern is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    CommonName,
    OrganizationalUnit,
    Dns,
    Email,
    Uri,
    Spiffe,
}

impl ClientCertificates {
    /// The rules of a configuration.
    ///
    /// # Errors
    /// [`CertificateRuleError`].
    pub fn new(rules: &[config::ClientCertificate]) -> Result<ClientCertificates, CertificateRuleError> {
        Ok(ClientCertificates { rules: rules.iter().map(Rule::new).collect::<Result<_, _>>()? })
    }

    fn principal(&self, certificate: &Certificate) -> Result<Option<Principal>, Refused> {
        let mut found: Option<String> = None;
        for rule in &self.rules {
            let Some(user) = rule.user_of(certificate)? else {
                continue;
            };
            if found.as_ref().is_some_and(|before| *before != user) {
                return Err(Refused::Users);
            }
            found = Some(user);
        }
        Ok(found.map(|user| Principal::new(user, Proof::Certificate(Arc::clone(&certificate.shown)))))
    }

    fn read(&self, asking: Asking<'_>) -> Result<Option<Principal>, Unidentified> {
        let Some(certificate) = asking.certificate else {
            return Ok(None);
        };
        let proves = certificate.proves.get_or_init(|| {
            self.principal(certificate).map_err(|refused| {
                let Shown { issuer, serial, .. } = certificate.shown();
                tracing::info!(peer = %asking.peer, issuer, serial, reason = %refused, "a client's certificate is refused");
                if refused == Refused::Users { Unidentified::Conflicting } else { Unidentified::Wrong }
            })
        });
        proves.clone()
    }
}

impl Identify for ClientCertificates {
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a> {
        Box::pin(async move { self.read(asking) })
    }
}

impl Rule {
    fn new(rule: &config::ClientCertificate) -> Result<Rule, CertificateRuleError> {
        let wrong = |reason: String| CertificateRuleError { user: rule.user.clone(), reason };
        let mut patterns = Vec::new();
        for (field, name, text) in [
            (Field::CommonName, "common_name", &rule.common_name),
            (Field::OrganizationalUnit, "organizational_unit", &rule.organizational_unit),
            (Field::Dns, "dns", &rule.dns),
            (Field::Email, "email", &rule.email),
            (Field::Uri, "uri", &rule.uri),
            (Field::Spiffe, "spiffe", &rule.spiffe),
        ] {
            let Some(text) = text else { continue };
            let text = if field == Field::Dns { text.to_ascii_lowercase() } else { text.clone() };
            if field == Field::Spiffe && !text.starts_with("spiffe://") {
                return Err(wrong(format!("{name}: `{text}` does not begin with spiffe://")));
            }
            let pattern = Pattern::parse(&text, field.separator()).ok_or_else(|| {
                wrong(format!("{name}: `{text}` is no text with parts in it, each with a text between it and the next"))
            })?;
            patterns.push((field, pattern));
        }
        if patterns.is_empty() {
            return Err(wrong("say which certificates: by common_name, dns, email, uri or spiffe".to_owned()));
        }
        let names: Vec<&str> = patterns.iter().flat_map(|(_, pattern)| pattern.names()).collect();
        let user = Template::parse(&rule.user, &names);
        let user =
            user.ok_or_else(|| wrong("user: is no text with parts of the certificate's names in it".to_owned()))?;
        Ok(Rule { user, users: rule.speaks_for.users.as_deref().map(Names::new), patterns })
    }

    /// The user of a certificate; `None` if the rule does not fit it.
    fn user_of(&self, certificate: &Certificate) -> Result<Option<String>, Refused> {
        let mut parts = Parts::new();
        for (field, pattern) in &self.patterns {
            let mut found: Option<Parts> = None;
            for value in field.values(certificate)? {
                let Some(these) = pattern.parts(value) else {
                    continue;
                };
                if found.as_ref().is_some_and(|before| *before != these) {
                    return Err(Refused::Users);
                }
                found = Some(these);
            }
            let Some(found) = found else {
                return Ok(None);
            };
            for (name, part) in found {
                // Two patterns of a rule may name the same part; then both have to say the same.
                if parts.insert(name, part.clone()).is_some_and(|before| before != part) {
                    return Err(Refused::Users);
                }
            }
        }
        let user = self.user.of(&parts).filter(|user| is_user(user) && user.trim() == user).ok_or(Refused::User)?;
        if !self.users.as_ref().is_none_or(|users| users.take_in(&user)) {
            return Err(Refused::User);
        }
        Ok(Some(user))
    }
}

impl Field {
    /// What a part does not reach over.
    fn separator(self) -> Option<char> {
        match self {
            Field::CommonName | Field::OrganizationalUnit => None,
            Field::Dns => Some('.'),
            Field::Email => Some('@'),
            Field::Uri | Field::Spiffe => Some('/'),
        }
    }

    /// The certificate's values of this kind. One that is no text makes all of them doubtful.
    fn values(self, certificate: &Certificate) -> Result<impl Iterator<Item = &str>, Refused> {
        let values = match self {
            Field::CommonName => &certificate.common_names,
            Field::OrganizationalUnit => &certificate.organizational_units,
            Field::Dns => &certificate.dns,
            Field::Email => &certificate.emails,
            Field::Uri | Field::Spiffe => &certificate.uris,
        };
        if values.iter().any(Option::is_none) {
            return Err(Refused::NoText);
        }
        if self == Field::CommonName && values.len() > 1 {
            return Err(Refused::CommonNames);
        }
        let texts = values.iter().flatten().map(String::as_str);
        // By the standard of SPIFFE a certificate has one URI, which is the id.
        if self == Field::Spiffe && values.len() > 1 && texts.clone().any(|uri| uri.starts_with("spiffe:")) {
            return Err(Refused::Uris);
        }
        // A certificate for all hosts of a domain is of none of them.
        Ok(texts.filter(move |text| match self {
            Field::Dns => !text.contains('*'),
            Field::Spiffe => is_spiffe(text),
            _ => true,
        }))
    }
}

/// Whether a text is a SPIFFE id in its one spelling: no encoded characters, no empty or relative parts, no more than a
/// trust domain and a path.
fn is_spiffe(uri: &str) -> bool {
    let Some((domain, path)) = uri.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let domain_right = !domain.is_empty()
        && domain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
    let part_right = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    domain_right && path.split('/').all(part_right)
}
