//! Who sends a statement, by the policies of the moment, and the cluster that it goes to.

use super::client_headers::ClientHeaders;
use super::clusters::Clusters;
use super::decide::{Asked, refusal};
use super::live::{Cluster, Live};
use super::mark::Owner;
use super::query_id::QueryId;
use super::routing::Sender;
use super::serve::{Caller, Proxy};
use super::transactions;
use crate::enforce::{ErrorCode, Refusal};
use crate::identity::{Principal, Told};
use crate::policy::{Answer as Granted, Claims, Inputs};
use std::sync::Arc;
use std::time::Instant;

/// The longest text in which it is looked for a query that is to be ended.
const SHORT: usize = 4096;
const KILL: &[u8] = b"kill_query";

impl Proxy {
    /// Whose the statement is: who proved to be who, and as whom it runs.
    pub(super) fn owner(&self, caller: &Caller, headers: &ClientHeaders) -> Owner {
        let principal = caller.principal.name.clone();
        let user = headers.user.clone().unwrap_or_else(|| principal.clone());
        Owner { principal, user }
    }

    /// The statement with its subject, or why the principal may not act as the user. It goes to the cluster that it has,
    /// or to the one that the rules say.
    pub(super) fn asked(
        &self,
        live: &Live,
        cluster: Option<Arc<Cluster>>,
        caller: &Caller,
        owner: &Owner,
        (sql, mut headers): (String, ClientHeaders),
        arrived: Instant,
    ) -> (Asked, Option<Refusal>) {
        let snapshot = self.rooms.store.current();
        let (now, known) = (self.clock.now(), known(caller, &headers));
        let claims =
            Claims { source: headers.source.clone(), client_tags: headers.client_tags.iter().cloned().collect() };
        let asking = |subject| snapshot.of_request(subject, now, known.clone(), &owner.principal, &claims);
        let Principal { groups, attributes, more_groups, .. } = &caller.principal;
        let principal = asking(snapshot.subject_by_proof(&owner.principal, groups, attributes, *more_groups));
        let (subject, refused) = if owner.user == owner.principal {
            (principal, None)
        } else {
            let refused = match snapshot.may_impersonate(&principal, &owner.user) {
                Granted::Granted(_) => None,
                Granted::Denied(_) | Granted::NotGranted => Some(refusal(
                    ErrorCode::PermissionDenied,
                    format!(
                        "Access Denied: User {} cannot impersonate user {}; a policy must allow it \
                         (spec.impersonate)",
                        owner.principal, owner.user
                    ),
                )),
            };
            // Who has not logged in may be in groups that identification has not told of.
            let Told { groups, attributes, more_groups } = live.proofs.ways.told_of(&owner.user);
            (asking(snapshot.subject_by_proof(&owner.user, &groups, &attributes, more_groups)), refused)
        };
        let stays = match cluster {
            Some(cluster) => Ok(Some(cluster)),
            None => self.place_of(&live.clusters, owner, &sql, &mut headers),
        };
        let (principal, proofs, peer) = (owner.principal.clone(), caller.principal.proofs.clone(), caller.peer);
        let mut asked = Asked {
            sql,
            headers,
            subject,
            principal,
            proofs,
            peer,
            snapshot,
            cluster: Arc::clone(live.clusters.any()),
            stays: true,
            more_groups: live.proofs.ways.tell_groups(),
            now,
            arrived,
        };
        let nowhere = match stays {
            Ok(Some(cluster)) => {
                asked.cluster = cluster;
                None
            }
            Ok(None) => match live.clusters.route(asked.sender(), &[]).cloned() {
                Some(cluster) => {
                    (asked.cluster, asked.stays) = (cluster, false);
                    None
                }
                None => Some(self.no_cluster()),
            },
            Err(refusal) => Some(refusal),
        };
        (asked, refused.or(nowhere))
    }

    /// The cluster that a statement has to go to: that of its transaction, or that of the query which it ends.
    fn place_of(
        &self,
        clusters: &Clusters,
        owner: &Owner,
        sql: &str,
        headers: &mut ClientHeaders,
    ) -> Result<Option<Arc<Cluster>>, Refusal> {
        if !clusters.are_several() {
            return Ok(None);
        }
        let begun = transactions::open(&self.key, owner, clusters, headers)?;
        Ok(begun.or_else(|| self.ended_by(sql, owner)))
    }

    /// The cluster of the owner's query that a call of `kill_query` names, if it was started through this Sluice. Only
    /// where the statement goes depends on it, so the text need not be understood.
    fn ended_by(&self, sql: &str, owner: &Owner) -> Option<Arc<Cluster>> {
        if sql.len() > SHORT || !sql.as_bytes().windows(KILL.len()).any(|word| word.eq_ignore_ascii_case(KILL)) {
            return None;
        }
        let named = sql.split('\'').filter_map(QueryId::parse);
        let mut owned = named.filter_map(|query| self.started.owned(&query, owner));
        owned.next().map(|statement| Arc::clone(&statement.cluster))
    }
}

impl Asked {
    /// What routing goes by.
    pub(super) fn sender(&self) -> Sender<'_> {
        Sender {
            principal: &self.principal,
            user: &self.subject.user,
            groups: &self.subject.groups,
            source: self.headers.source.as_deref(),
            client_tags: &self.headers.client_tags,
        }
    }
}

/// What is sure of a request, for conditions.
fn known(caller: &Caller, headers: &ClientHeaders) -> Inputs {
    Inputs {
        catalog: headers.session.catalog.clone(),
        schema: headers.session.schema.clone(),
        // Behind a peer that says who the client is, nobody knows where the client is.
        address: caller.principal.direct.then_some(caller.peer),
        ..Inputs::default()
    }
}
