//! Which cluster has a transaction, where there are several.
//!
//! A statement of a transaction has to go to the cluster that began it, whatever the rules say by then and whichever
//! replica it comes to. So a client gets as a transaction's id what only Sluice can make: Trino's own id and the cluster's,
//! sealed for who began it. It comes back with each statement of the transaction and is opened here. With one cluster
//! ids are Trino's own.

use super::client_headers::ClientHeaders;
use super::clusters::Clusters;
use super::decide::refusal;
use super::live::Cluster;
use super::mark::{MarkKey, Owner};
use super::query_id::QueryId;
use crate::config::cluster_id::{self, ClusterId};
use crate::enforce::{ErrorCode, Refusal};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

const STARTED: HeaderName = HeaderName::from_static("x-trino-started-transaction-id");
/// What clients send without a transaction.
const NONE: &str = "NONE";
/// Stands where marks have a query.
const WHAT: &str = "transaction";

/// The id of a transaction that began on a cluster is sealed on its way to the client.
pub(super) fn seal(key: &MarkKey, owner: &Owner, cluster: &Cluster, headers: &mut HeaderMap) {
    if !cluster.is_named() {
        return;
    }
    if let Some(id) = headers.get(STARTED)
        && let Some(what) = QueryId::parse(WHAT)
    {
        let said = [&[u8::from(!cluster.id.as_bytes().is_empty())], cluster.id.as_bytes(), id.as_bytes()].concat();
        match HeaderValue::from_str(&key.seal(owner, &what, false, &said)) {
            Ok(sealed) => headers.insert(STARTED, sealed),
            Err(_) => headers.remove(STARTED),
        };
    }
}

/// The cluster that has a statement's transaction, if it is part of one; the id becomes Trino's own.
///
/// # Errors
/// A [`Refusal`], if it was not sealed for this owner, or the cluster is not there any more.
pub(super) fn open(
    key: &MarkKey,
    owner: &Owner,
    clusters: &Clusters,
    headers: &mut ClientHeaders,
) -> Result<Option<Arc<Cluster>>, Refusal> {
    let id = headers.forward().get("x-trino-transaction-id").and_then(|id| id.to_str().ok());
    let Some(sealed) = id.filter(|id| clusters.are_several() && *id != NONE) else {
        return Ok(None);
    };
    let unknown = |why: &str| {
        refusal(ErrorCode::UnknownTransaction, format!("Unknown transaction: {why}; roll it back and begin another"))
    };
    let (id, own) = opened(key, owner, sealed).ok_or_else(|| unknown("Sluice did not begin it for you here"))?;
    let cluster = clusters.by_id(id).ok_or_else(|| unknown("its cluster is not there any more"))?;
    headers.set_transaction(own);
    Ok(Some(Arc::clone(cluster)))
}

fn opened(key: &MarkKey, owner: &Owner, sealed: &str) -> Option<(ClusterId, HeaderValue)> {
    let (_, said) = key.open(sealed, owner, &QueryId::parse(WHAT)?)?;
    let (named, said) = said.split_first()?;
    let (id, own) = said.split_at_checked(if *named == 0 { 0 } else { cluster_id::BYTES })?;
    Some((ClusterId::from_bytes(id)?, HeaderValue::from_bytes(own).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(principal: &str, user: &str) -> Owner {
        Owner { principal: principal.to_owned(), user: user.to_owned() }
    }

    #[test]
    fn an_id_comes_back_to_who_began_the_transaction_alone() {
        let key = MarkKey::load(None).unwrap();
        let what = QueryId::parse(WHAT).unwrap();
        for name in ["adhoc", "upstream"] {
            let id = ClusterId::of(name);
            let said = [&[u8::from(!id.as_bytes().is_empty())], id.as_bytes(), b"5-7"].concat();
            let sealed = key.seal(&owner("anna", "ann"), &what, false, &said);
            let own = HeaderValue::from_static("5-7");
            assert_eq!(opened(&key, &owner("anna", "ann"), &sealed), Some((id, own)));
            for (principal, user) in [("bert", "ann"), ("anna", "bert"), ("annaann", "")] {
                assert_eq!(opened(&key, &owner(principal, user), &sealed), None);
            }
            assert_eq!(opened(&MarkKey::load(None).unwrap(), &owner("anna", "ann"), &sealed), None);
        }
        // Nothing else that Sluice seals is taken for one, nor Trino's own id.
        let other = key.seal(&owner("anna", "ann"), &QueryId::parse("q_1").unwrap(), false, b"\x005-7");
        for wrong in [other.as_str(), "5f1a4d2c-7c2e-4a5b-9f0e-0d6c1b2a3f4e", ""] {
            assert_eq!(opened(&key, &owner("anna", "ann"), wrong), None, "{wrong}");
        }
    }
}
