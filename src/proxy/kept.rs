//! What is kept of a head from one request for the next that comes by the same one.
//!
//! It is what the head says by itself, and never what it proves: that is found out for each request anew.

use super::client_headers::{ClientHeaders, HeaderError};
use super::head::{self, Wrong};
use super::origin::{Origin, Origins};
use super::results::packer;
use super::started::Last;
use http::HeaderMap;
use std::sync::OnceLock;

/// Each part is found out when it is first asked for, from the headers that are given then; what these prove counts for none. It is for
/// who has it to give the same headers each time.
#[derive(Debug, Default)]
pub(super) struct Kept {
    origin: OnceLock<Origin>,
    user: OnceLock<Option<String>>,
    packs: OnceLock<bool>,
    /// The statement that was asked about last.
    pub(super) last: Last,
}

/// Why a head is not looked at any further.
pub(super) enum Sender {
    /// It does not say under what name Sluice was reached.
    Nowhere,
    /// A page of another site had it sent.
    Elsewhere(Wrong),
}

impl Kept {
    /// Under what name Sluice was reached, by someone whom no page of another site has sent there, unless it may have (`visited`).
    ///
    /// # Errors
    /// [`Sender`].
    pub(super) fn origin(&self, origins: &Origins, headers: &HeaderMap, visited: bool) -> Result<Origin, Sender> {
        if let Some(origin) = self.origin.get() {
            return Ok(origin.clone());
        }
        let origin = origins.of(headers).ok_or(Sender::Nowhere)?;
        if visited {
            return Ok(origin);
        }
        head::sender(headers, &origin).map_err(Sender::Elsewhere)?;
        Ok(self.origin.get_or_init(|| origin).clone())
    }

    /// As [`ClientHeaders::acting_user`].
    ///
    /// # Errors
    /// [`HeaderError`].
    pub(super) fn acting_user(&self, headers: &HeaderMap) -> Result<Option<String>, HeaderError> {
        if let Some(user) = self.user.get() {
            return Ok(user.clone());
        }
        let user = ClientHeaders::acting_user(headers)?;
        Ok(self.user.get_or_init(|| user).clone())
    }

    /// Whether the client takes pages packed.
    pub(super) fn packs(&self, headers: &HeaderMap) -> bool {
        *self.packs.get_or_init(|| packer::is_taken(headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_a_head_says_is_found_out_once() {
        let (kept, origins) = (Kept::default(), Origins::new(None, true));
        let first = headers(&[("host", "trino:8443"), ("x-trino-user", "anna"), ("accept-encoding", "gzip")]);
        let other = headers(&[("host", "other:1"), ("x-trino-user", "bert")]);
        for headers in [&first, &other] {
            let origin = kept.origin(&origins, headers, false).ok().unwrap();
            assert_eq!(origin.as_str(), "https://trino:8443");
            assert_eq!(kept.acting_user(headers).unwrap().as_deref(), Some("anna"));
            assert!(kept.packs(headers));
        }
    }

    #[test]
    fn what_is_refused_is_refused_each_time() {
        let (kept, origins) = (Kept::default(), Origins::new(None, true));
        let elsewhere = headers(&[("host", "trino:8443"), ("origin", "https://other"), ("x-trino-new", "1")]);
        for _ in 0..2 {
            assert!(matches!(kept.origin(&origins, &HeaderMap::new(), false), Err(Sender::Nowhere)));
            assert!(matches!(kept.origin(&origins, &elsewhere, false), Err(Sender::Elsewhere(_))));
            assert!(kept.acting_user(&elsewhere).is_err());
        }
        // Who may come from another site says nothing of who may not.
        assert!(kept.origin(&origins, &elsewhere, true).is_ok());
        assert!(matches!(kept.origin(&origins, &elsewhere, false), Err(Sender::Elsewhere(_))));
    }
}
