//! Errors of Sluice's own, told on a second page.
//!
//! Trino answers each statement by a page that leads to another, and tells errors on a later one. Some clients look for
//! errors nowhere else: they drop a page that has no `nextUri` and is the answer to the statement itself, and their users
//! take a denial for a result without rows. So such an answer leads to its error. The way there carries the error,
//! sealed for whoever sent the statement, so that no replica has to remember it.

use super::answer::{self, Answer};
use super::mark::{MarkKey, Owner};
use super::origin::Origin;
use super::pages::PageRequest;
use super::query_id::QueryId;
use super::results::own_error;
use super::serve::Proxy;
use http::Response;
use serde_json::Value;

/// What stands at the end of the path, where Trino has the secret of a query and the number of a page.
const TOLD: &str = "/told/1";
/// An error that takes more characters is told at once: longer targets are refused on the way by some.
const MOST: usize = 6000;

/// The answer to an owner's statement that ended in an error: a page that leads to it, where there is room for it.
pub(super) fn answer(proxy: &Proxy, owner: &Owner, origin: &Origin, query: &QueryId, error: Value) -> Response<Answer> {
    let sealed = proxy.key.seal(owner, query, proxy.gives_by_address(owner), error.to_string().as_bytes());
    answer::results(if sealed.len() > MOST {
        own_error::page(origin, query, error)
    } else {
        let next = format!("{}/v1/statement/queued/{query}{TOLD}?sluice={sealed}", origin.as_str());
        own_error::leading(origin, query, &next)
    })
}

/// The page with the error, if the request is for one.
pub(super) fn page(key: &MarkKey, asked: &PageRequest) -> Option<Vec<u8>> {
    let sealed = asked.query.mark.as_deref().filter(|_| asked.path.as_str().ends_with(TOLD))?;
    let (by_address, error) = key.open(sealed, &asked.owner, &asked.path.query)?;
    if asked.unproved && !by_address {
        return None;
    }
    Some(own_error::page(&asked.origin, &asked.path.query, serde_json::from_slice(&error).ok()?))
}
