//! What the address of a segment carries, sealed, and who may use it.

use super::Place;
use crate::config::Downloads;
use crate::proxy::mark::Owner;
use crate::proxy::query_id::QueryId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// The header by which a client shows that it has the page that a segment stands on. Clients send the headers that stand
/// beside a segment's address.
pub(crate) const KEY_HEADER: &str = "x-sluice-segment";
/// By what the stores of segments are told their keys. All begin so.
const HEADERS: [&str; 3] = ["x-amz-", "x-goog-", "x-ms-"];
/// Most headers of a segment.
const MOST: usize = 16;

/// All that it takes to give a segment.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Segment {
    #[serde(rename = "p")]
    principal: String,
    #[serde(rename = "u")]
    user: String,
    #[serde(rename = "q")]
    query: String,
    #[serde(rename = "m")]
    pub(super) mark: String,
    #[serde(flatten)]
    pub(crate) place: Place,
    /// What is sent along to where it is, and to nobody else.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    /// What stands beside its address.
    #[serde(rename = "k")]
    pub(crate) key: String,
}

/// Who asks for a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    /// Who proved to be who; `None` for one that does not log in.
    pub(crate) principal: Option<&'a str>,
    /// As whom the request says that it acts.
    pub(crate) user: Option<&'a str>,
    /// The headers of the request.
    pub(crate) headers: &'a HeaderMap,
}

impl Segment {
    /// One of an owner's query, with a key of its own; `None` if there are no random bytes.
    pub(crate) fn new(owner: &Owner, query: &QueryId, mark: &str, place: Place) -> Option<Segment> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).ok()?;
        Some(Segment {
            principal: owner.principal.clone(),
            user: owner.user.clone(),
            query: query.as_str().to_owned(),
            mark: mark.to_owned(),
            place,
            headers: Vec::new(),
            key: URL_SAFE_NO_PAD.encode(key),
        })
    }

    /// Adds a header that unlocks it where it is. Whether it is one of those that do.
    pub(crate) fn add(&mut self, name: &str, value: &str) -> bool {
        let known = HEADERS.iter().any(|begin| name.starts_with(begin)) && self.headers.len() < MOST;
        if !known || HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
            return false;
        }
        self.headers.push((name.to_owned(), value.to_owned()));
        true
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> Owner {
        Owner { principal: self.principal.clone(), user: self.user.clone() }
    }

    /// Of which query.
    pub(super) fn query(&self) -> Option<QueryId> {
        QueryId::parse(&self.query)
    }

    /// The headers that unlock it.
    pub(super) fn headers(&self) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
        }
        Some(headers)
    }

    /// Whether it is given to who asks, where the key does for a log-in or does not.
    pub(crate) fn is_for(&self, asker: Asker<'_>, key_does: bool) -> bool {
        let shown = self.key_in(asker.headers);
        let principal = asker.principal.map_or(key_does && shown, |principal| principal == self.principal);
        // Clients name the user on pages alone. One that acts as another shows that it has that user's page.
        let user = asker.user.map_or(shown || self.user == self.principal, |user| user == self.user);
        principal && user
    }

    fn key_in(&self, headers: &HeaderMap) -> bool {
        let mut keys = headers.get_all(KEY_HEADER).iter();
        let (Some(key), None) = (keys.next(), keys.next()) else {
            return false;
        };
        key.as_bytes().ct_eq(self.key.as_bytes()).into()
    }
}

impl Downloads {
    /// Whether the key does for a log-in.
    pub(super) fn by_key(self) -> bool {
        self == Downloads::Key
    }
}
