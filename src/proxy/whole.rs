//! A page of Trino's that is read as a whole before anything of it is given: the first ones of a query, which have no
//! rows to speak of. Until such a page is read, an error can be told, and it can be left for the next.

use super::connect::Received;
use super::live::Cluster;
use super::origin::Origin;
use super::results::page::{Page, PageContext, Summary};
use super::results::scanner::Malformed;
use super::serve::Proxy;
use super::started::Statement;
use crate::config::Limits;
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body_util::{BodyExt, Limited};

/// A page as Trino wrote it.
#[derive(Debug)]
pub(super) struct Whole {
    bytes: Bytes,
    headers: HeaderMap,
}

/// A page as the client gets it, and what is on it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) page: Vec<u8>,
    /// Trino's own headers.
    pub(super) headers: HeaderMap,
    pub(super) summary: Summary,
}

impl Whole {
    /// Reads a page, which must be plain and of no more than the parts that change may have.
    pub(super) async fn read(
        cluster: &Cluster,
        limits: &Limits,
        response: Response<Received>,
    ) -> Result<Whole, Malformed> {
        let (parts, body) = response.into_parts();
        if parts.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Malformed("it is packed"));
        }
        let collecting = Limited::new(body, limits.envelope_bytes).collect();
        let bytes = tokio::time::timeout(cluster.answer_timeout, collecting)
            .await
            .map_err(|_| Malformed("it stopped"))?
            .map_err(|_| Malformed("it broke off or is too large"))?
            .to_bytes();
        Ok(Whole { bytes, headers: parts.headers })
    }

    /// The page for a client.
    pub(super) fn shown(&self, context: PageContext) -> Result<Shown, Malformed> {
        let mut page = Page::new(context);
        let mut out: Vec<Bytes> = Vec::new();
        page.push(&self.bytes, &mut out)?;
        Ok(Shown { page: out.concat(), headers: self.headers.clone(), summary: page.finish()? })
    }
}

/// What a page of a query is changed by. Its marks say whether it is known what Trino resolved.
pub(super) fn context(proxy: &Proxy, statement: &Statement, origin: &Origin, unresolved: bool) -> PageContext {
    PageContext {
        origin: origin.clone(),
        key: proxy.key.clone(),
        owner: statement.owner.clone(),
        facts: super::mark::Facts { unresolved, ..statement.facts },
        mark: None,
        positions: statement.positions(),
        query: Some(statement.query.clone()),
        segments: proxy.spooled(statement.cluster.spooling.as_ref()),
        envelope_bytes: proxy.live().limits.envelope_bytes,
    }
}
