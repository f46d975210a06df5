//! Results that Trino puts into a storage, and that clients fetch of Sluice in segments.
//!
//! In: the addresses of segments on Trino's pages, then requests for them. Out: addresses that lead to Sluice, and a
//! segment's bytes for whom the query is of. An address carries, sealed, all that it takes: whose the query is, where the
//! segment is and by what it is unlocked there. So any replica with the same key serves it, and nobody else learns where
//! Trino and its storage are, nor the keys of a segment. Segments are fetched of the upstream, and of the places that the
//! configuration names, and of no other.

mod answer;
mod body;
mod segment;

pub(crate) use answer::{answer, for_no_log_in};
pub(crate) use body::SegmentBody;
pub(crate) use segment::{Asker, KEY_HEADER, Segment};

use super::connect::{ClientError, HttpClient, http_client};
use super::serve::Proxy;
use crate::config::{self, Downloads, Encoding, Upstream};
use crate::identity::Sealer;
use http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// For what a sealer of segments seals.
pub(super) const PURPOSE: &str = "sluice segment v1";
/// Longest id of a segment.
const LONGEST: usize = 1024;

/// What is asked of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its bytes.
    Download,
    /// That it be forgotten.
    Ack,
}

impl Part {
    /// What stands in front of the segment's id, at Trino and at Sluice.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Part::Download => "/v1/spooled/download/",
            Part::Ack => "/v1/spooled/ack/",
        }
    }

    /// What is asked of the segment of a path, and the rest of the path.
    pub(crate) fn of(path: &str) -> Option<(Part, &str)> {
        [Part::Download, Part::Ack].into_iter().find_map(|part| Some((part, path.strip_prefix(part.path())?)))
    }
}

/// Where a segment is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Place {
    /// One of the configuration's; the upstream without it.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
    /// Path and query.
    #[serde(rename = "a")]
    pub(super) path: String,
}

impl Place {
    /// Whether it is beside the upstream or within it.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }
}

/// How a cluster's segments are asked for and had.
#[derive(Debug)]
pub struct Spooling {
    encodings: Vec<Encoding>,
    downloads: Downloads,
    origins: Vec<HttpClient>,
}

/// By what the segments on a page are changed.
#[derive(Clone, Debug)]
pub(crate) struct Spooled {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) spooling: Arc<Spooling>,
}

impl Spooling {
    /// As an upstream's configuration says, if it does.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(upstream: &Upstream) -> Result<Option<Arc<Spooling>>, ClientError> {
        let Some(config::Spooling { encodings, downloads, origins }) = &upstream.spooling else {
            return Ok(None);
        };
        let client = |origin: &config::SegmentOrigin| {
            let Upstream { connect_timeout, answer_timeout, .. } = *upstream;
            let at = Upstream::at(origin.url.clone());
            http_client(&Upstream { ca: origin.ca.clone(), connect_timeout, answer_timeout, ..at })
        };
        let origins = origins.iter().map(client).collect::<Result<_, _>>()?;
        Ok(Some(Arc::new(Spooling { encodings: encodings.clone(), downloads: *downloads, origins })))
    }

    /// What Trino is asked for, where a client asks for these encodings.
    pub(super) fn asked(&self, asked: &[Encoding]) -> Option<HeaderValue> {
        let taken: Vec<&str> =
            asked.iter().filter(|encoding| self.encodings.contains(encoding)).map(|encoding| encoding.name()).collect();
        if taken.is_empty() { None } else { HeaderValue::from_str(&taken.join(",")).ok() }
    }

    /// Where an address of Trino's leads. Whatever host it names, a path of the coordinator's leads to the upstream.
    pub(crate) fn place(&self, address: &str, part: Part) -> Option<Place> {
        let uri: Uri = address.parse().ok()?;
        if let Some(id) = uri.path().strip_prefix(part.path()).filter(|_| uri.query().is_none()) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
            let right = (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain);
            let named = self.origin_of(&uri).filter(|_| right);
            return right.then(|| Place { origin: named.map(HttpClient::origin), path: uri.path().to_owned() });
        }
        let origin = self.origin_of(&uri)?.origin();
        Some(Place { origin: Some(origin), path: uri.path_and_query()?.as_str().to_owned() })
    }

    /// What reaches a place beside the upstream, if the configuration still names it.
    fn client(&self, origin: &str) -> Option<&HttpClient> {
        self.origins.iter().find(|client| client.origin() == origin)
    }

    fn origin_of(&self, uri: &Uri) -> Option<&HttpClient> {
        let of = |uri: &Uri| {
            let scheme = uri.scheme_str()?.to_owned();
            let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
            Some((scheme, uri.host()?.to_ascii_lowercase(), port))
        };
        let wanted = of(uri).filter(|_| uri.authority().is_some_and(|authority| !authority.as_str().contains('@')))?;
        self.origins.iter().find(|client| client.origin().parse().ok().and_then(|uri| of(&uri)) == Some(wanted.clone()))
    }
}

impl Proxy {
    /// By what the segments on pages are changed, where a cluster may give any.
    pub(super) fn spooled(&self, spooling: Option<&Arc<Spooling>>) -> Option<Spooled> {
        Some(Spooled { sealer: Arc::clone(&self.segments), spooling: Arc::clone(spooling?) })
    }
}

#[cfg(test)]
mod tests;
