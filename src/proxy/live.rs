//! What requests go by that can change while Sluice runs.
//!
//! It is replaced as a whole and never changed. A request that came before goes on with what it began with, and a query
//! with the cluster that it runs on.

use super::clusters::Clusters;
use super::connect::HttpClient;
use super::health::Health;
use super::spooled::Spooling;
use super::upstream::Upstream;
use crate::catalog::{Catalog, TrinoGrammar};
use crate::config::cluster_id::ClusterId;
use crate::config::{HealthChecks, Limits, UPSTREAM};
use crate::console::{Metrics, OfCluster};
use crate::identity::{Login, Ways};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// All of it.
#[derive(Clone, Debug)]
pub struct Live {
    /// How clients prove who they are.
    pub proofs: Arc<Proofs>,
    /// Limits of a request and of the whole.
    pub limits: Arc<Limits>,
    /// Where statements are sent.
    pub clusters: Arc<Clusters>,
}

/// How clients prove who they are.
#[derive(Debug)]
pub struct Proofs {
    /// Who is asking.
    pub ways: Ways,
    /// How one logs in by a browser.
    pub login: Option<Arc<Login>>,
    /// Principals whose pages are given by their address alone.
    pub by_address: BTreeSet<String>,
    /// What is followed for them ends with them.
    pub following: Option<DropGuard>,
}

/// A Trino, and what is known of it.
#[derive(Debug)]
pub struct Cluster {
    pub(super) id: ClusterId,
    pub(super) name: Arc<str>,
    pub(super) upstream: Upstream,
    /// What tables look like.
    pub(super) catalog: Arc<Catalog>,
    /// By which grammar it reads.
    pub(super) grammar: Arc<TrinoGrammar>,
    /// How long it may take to begin an answer.
    pub(super) answer_timeout: Duration,
    /// Whether it takes statements; none of the one of `upstream`, beside which there is no other.
    health: Option<Arc<Health>>,
    pub(super) counts: OfCluster,
    /// How rows in segments are asked for and had, if they are.
    pub(super) spooling: Option<Arc<Spooling>>,
    /// Cancelled when nothing new is sent there.
    following: CancellationToken,
}

impl Cluster {
    /// The one of `upstream`, which is reached by this client. `following` is cancelled when nothing new is sent there.
    pub fn new(
        client: HttpClient,
        answer_timeout: Duration,
        known: (Arc<Catalog>, Arc<TrinoGrammar>),
        metrics: Arc<Metrics>,
        following: CancellationToken,
    ) -> Cluster {
        Cluster::of((UPSTREAM, None), client, answer_timeout, known, metrics, following)
    }

    /// One of `clusters`, by its name, which is checked for the first time.
    pub async fn named(
        (name, checks): (&str, HealthChecks),
        client: HttpClient,
        answer_timeout: Duration,
        known: (Arc<Catalog>, Arc<TrinoGrammar>),
        metrics: Arc<Metrics>,
        following: CancellationToken,
    ) -> Cluster {
        let health = Arc::new(Health::first(client.clone(), checks).await);
        Cluster::of((name, Some(health)), client, answer_timeout, known, metrics, following)
    }

    fn of(
        (name, health): (&str, Option<Arc<Health>>),
        client: HttpClient,
        answer_timeout: Duration,
        (catalog, grammar): (Arc<Catalog>, Arc<TrinoGrammar>),
        metrics: Arc<Metrics>,
        following: CancellationToken,
    ) -> Cluster {
        let (id, counts) = (ClusterId::of(name), metrics.clusters().of(name));
        let (name, upstream) = (name.into(), Upstream::new(client, counts.clone()));
        Cluster { id, name, upstream, catalog, grammar, answer_timeout, health, counts, spooling: None, following }
    }

    /// Checks it until nothing new is sent there.
    pub fn checking(&self, metrics: Arc<Metrics>) -> impl Future<Output = ()> + Send + use<> {
        let (health, name, following) = (self.health.clone(), Arc::clone(&self.name), self.following.clone());
        async move {
            let Some(health) = health else { return };
            let changed = |healthy: bool, why: &str| {
                metrics.clusters().healthy(&name, healthy);
                if healthy {
                    tracing::info!(cluster = %name, "the cluster gets statements again");
                } else {
                    tracing::warn!(cluster = %name, "the cluster gets no more statements: {why}");
                }
            };
            following.run_until_cancelled(health.follow(changed)).await;
        }
    }

    /// The same, with rows in segments for clients that ask for them.
    #[must_use]
    pub fn spooling(mut self, spooling: Option<Arc<Spooling>>) -> Cluster {
        self.spooling = spooling;
        self
    }

    /// Nothing new is sent there; what runs there goes on, by what is known.
    pub(super) fn leave(&self) {
        self.following.cancel();
    }

    /// Whether it has ever told by which grammar it reads, without which no statement is sent.
    pub fn answers(&self) -> bool {
        self.grammar.now().is_some()
    }

    /// Whether its checks hold, as far as it is checked.
    pub(super) fn is_healthy(&self) -> bool {
        self.health.as_ref().is_none_or(|health| health.is_healthy())
    }

    /// Whether it is one of `clusters`.
    pub(super) fn is_named(&self) -> bool {
        self.health.is_some()
    }

    /// One that nothing is asked of.
    #[cfg(test)]
    pub(super) fn of_nothing() -> Arc<Cluster> {
        use crate::catalog::TrinoClient;
        use crate::config::{CatalogCache, Upstream};
        let upstream = Upstream::at("http://127.0.0.1:9".to_owned());
        let client = super::connect::http_client(&upstream).unwrap();
        let trino = TrinoClient::new(client.clone(), &upstream).unwrap();
        let known = (Arc::new(Catalog::new(trino, &CatalogCache::default())), Arc::new(TrinoGrammar::configured(476)));
        let metrics = Arc::new(Metrics::new().unwrap());
        Arc::new(Cluster::new(client, Duration::ZERO, known, metrics, CancellationToken::new()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.leave();
    }
}
