//! What a client's certificate says. It is read once, when a connection begins.

use crate::identity::{Principal, Unidentified};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

/// Longest value that can name somebody.
const LONGEST: usize = 2048;
/// Longest name of an issuer in the log, in characters.
const LONGEST_ISSUER: usize = 256;

/// A certificate is not one that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client's certificate can't be read")]
pub struct Unreadable;

/// A client's certificate, whose chain and key have been proved by the TLS handshake.
#[derive(Debug)]
pub struct Certificate {
    pub(super) common_names: Values,
    pub(super) organizational_units: Values,
    pub(super) dns: Values,
    pub(super) emails: Values,
    pub(super) uris: Values,
    pub(super) shown: Arc<Shown>,
    /// Its last second, since 1970.
    until: i64,
    /// Whom the rules of the process take it for.
    pub(super) proves: OnceLock<Result<Option<Principal>, Unidentified>>,
}

/// The values of one kind; `None` for one that is no text.
pub(super) type Values = Vec<Option<String>>;

/// By what a certificate is known again in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who signed it.
    pub issuer: String,
    /// Its number at the issuer, in hex.
    pub serial: String,
    /// Its SHA-256, in hex.
    pub fingerprint: String,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// `Unreadable`, if it is none or holds what can't be.
    pub fn read(der: &[u8]) -> Result<Certificate, Unreadable> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
        if !rest.is_empty() {
            return Err(Unreadable);
        }
        let subject = certificate.subject();
        let texts = |attributes: &mut dyn Iterator<Item = &x509_parser::x509::AttributeTypeAndValue<'_>>| -> Values {
            attributes.map(|attribute| attribute.as_str().ok().and_then(plain)).collect()
        };
        let mut read = Certificate {
            common_names: texts(&mut subject.iter_common_name()),
            organizational_units: texts(&mut subject.iter_organizational_unit()),
            dns: Values::new(),
            emails: Values::new(),
            uris: Values::new(),
            shown: Arc::new(Shown {
                issuer: issuer(certificate.issuer()),
                serial: hex(certificate.raw_serial()),
                fingerprint: hex(&Sha256::digest(der)),
            }),
            until: certificate.validity().not_after.timestamp(),
            proves: OnceLock::new(),
        };
        let names = certificate.subject_alternative_name().map_err(|_| Unreadable)?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => read.dns.push(plain(name).map(|name| name.to_ascii_lowercase())),
                GeneralName::RFC822Name(name) => read.emails.push(plain(name)),
                GeneralName::URI(name) => read.uris.push(plain(name)),
                GeneralName::Invalid(..) => return Err(Unreadable),
                _ => {}
            }
        }
        Ok(read)
    }

    /// Whether its time is over.
    pub fn ended(&self, now: i64) -> bool {
        now > self.until
    }

    /// By what it is known again in the log.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }
}

/// A value that is as it looks: bounded, and without control characters.
fn plain(text: &str) -> Option<String> {
    let right = (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control);
    right.then(|| text.to_owned())
}

fn issuer(name: &X509Name<'_>) -> String {
    let seen = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    name.to_string().chars().take(LONGEST_ISSUER).map(seen).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}
