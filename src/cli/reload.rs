//! What `sluice serve` makes of its configuration, at its start and whenever the file changes.
//!
//! In: the file, looked at every two seconds and on SIGHUP. Out: what requests go by, replaced as a whole. A file that
//! can't be used changes nothing, which the log and a metric say; what can't change while Sluice runs is named.

use super::Failure;
use super::serve::{SetFilter, ways};
use crate::catalog::{Catalog, TrinoClient, TrinoGrammar};
use crate::config::{Config, InForce, Newer, UPSTREAM, Upstream};
use crate::console::Metrics;
use crate::identity::Login;
use crate::proxy::connect::http_client;
use crate::proxy::{Cluster, Clusters, Live, Member, Proofs, Proxy, Spooling};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::signal::unix::Signal;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often a file is tried again that may be right later.
const AGAIN: Duration = Duration::from_secs(10);

/// Makes what requests go by.
#[derive(Clone, Debug)]
pub(super) struct Making {
    /// By which log-ins and tokens are sealed.
    pub(super) secret: Vec<u8>,
    pub(super) metrics: Arc<Metrics>,
    /// Where what is followed runs, until the end.
    pub(super) beside: TaskTracker,
    pub(super) end: CancellationToken,
}

impl Making {
    /// All of it, to start with. A Trino that does not answer yet is no reason not to start.
    pub(super) async fn all(&self, config: &Config) -> Result<Live, Failure> {
        let (proofs, clusters) = (Arc::new(self.proofs(config)?), self.clusters(config, |_| None).await?);
        Ok(Live { proofs, limits: Arc::new(config.limits.clone()), clusters: Arc::new(clusters) })
    }

    /// What is other by a newer configuration; the rest stays, with what it remembers.
    async fn changed(&self, before: &Live, config: &Config, changes: &BTreeSet<String>) -> Result<Live, Failure> {
        let change = |part: &str| changes.iter().any(|name| name.split('.').next() == Some(part));
        let proofs = if change("identity") || changes.contains("limits.identify_timeout") {
            Arc::new(self.proofs(config)?)
        } else {
            Arc::clone(&before.proofs)
        };
        let all = change("catalog") || change("health_checks");
        let clusters = if all || change("upstream") || change("clusters") || change("routing") {
            let same = |name: &str| before.clusters.named(name).filter(|_| !all && !is_other(name, changes)).cloned();
            let clusters = self.clusters(config, same).await?;
            answering(&clusters, config, changes)?;
            Arc::new(clusters)
        } else {
            Arc::clone(&before.clusters)
        };
        Ok(Live { proofs, limits: Arc::new(config.limits.clone()), clusters })
    }

    fn proofs(&self, config: &Config) -> Result<Proofs, Failure> {
        let (ways, followed) = ways(&config.identity, &config.limits, &self.secret)?;
        let login = match &followed.oidc {
            Some(oidc) => Login::open(oidc, &config.identity.oidc, &config.listen, &self.secret)?.map(Arc::new),
            None => None,
        };
        let end = self.end.child_token();
        followed.follow(&self.beside, &end)?;
        let by_address = config.identity.pages_by_address.iter().cloned().collect();
        Ok(Proofs { ways, login, by_address, following: Some(end.drop_guard()) })
    }

    /// The clusters of a configuration, by what is `same` as before. They are asked at the same time, since some may be away.
    async fn clusters(
        &self,
        config: &Config,
        same: impl Fn(&str) -> Option<Arc<Cluster>>,
    ) -> Result<Clusters, Failure> {
        if let Some(upstream) = &config.upstream {
            return Ok(match same(UPSTREAM) {
                Some(cluster) => Clusters::one(cluster),
                None => Clusters::one(Arc::new(self.cluster(config, upstream, None).await?)),
            });
        }
        let mut asked = JoinSet::new();
        let mut members = BTreeMap::new();
        for (name, upstream) in config.clusters() {
            let (drained, weight) = (upstream.drain, upstream.weight);
            if let Some(cluster) = same(name) {
                members.insert(name.to_owned(), Member { cluster, drained, weight });
                continue;
            }
            let (making, config, name) = (self.clone(), config.clone(), name.to_owned());
            let upstream = upstream.clone();
            asked.spawn(async move {
                let cluster = making.cluster(&config, &upstream, Some(&name)).await?;
                making.beside.spawn(cluster.checking(Arc::clone(&making.metrics)));
                Ok::<_, Failure>((name, Member { cluster: Arc::new(cluster), drained, weight }))
            });
        }
        while let Some(made) = asked.join_next().await {
            let (name, member) = made??;
            members.insert(name, member);
        }
        let members = members.into_values().collect();
        Clusters::several(members, config.routing.iter().map(|rule| &rule.value))
            .ok_or_else(|| Failure::from(std::io::Error::other("there is no cluster")))
    }

    /// One that is called `name`; without one, that of `upstream`.
    async fn cluster(&self, config: &Config, upstream: &Upstream, name: Option<&str>) -> Result<Cluster, Failure> {
        let trino = TrinoClient::new(http_client(upstream)?, upstream)?;
        let (client, timeout) = (http_client(upstream)?, upstream.answer_timeout.unsigned_abs());
        let grammar = Arc::new(match upstream.trino_version {
            Some(version) => TrinoGrammar::configured(version),
            None => TrinoGrammar::asked(trino.clone()).await,
        });
        let catalog = Arc::new(Catalog::new(trino, &config.catalog).counting(self.metrics.catalog_cache()));
        let end = self.end.child_token();
        let (known, metrics) = ((catalog, Arc::clone(&grammar)), Arc::clone(&self.metrics));
        let cluster = match name {
            None => Cluster::new(client, timeout, known, metrics, end.clone()),
            Some(name) => {
                let checked = (name, config.health_checks.clone());
                Cluster::named(checked, client, timeout, known, metrics, end.clone()).await
            }
        };
        let spooling = Spooling::new(upstream)?;
        self.beside.spawn(grammar.follow(end));
        Ok(cluster.spooling(spooling))
    }
}

/// Whether a cluster is reached in another way by these changes.
fn is_other(name: &str, changes: &BTreeSet<String>) -> bool {
    changes.iter().any(|change| {
        if name == UPSTREAM && (change == UPSTREAM || change.starts_with("upstream.")) {
            return true;
        }
        match change.strip_prefix("clusters") {
            Some("") => true,
            Some(rest) => {
                let own = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(name));
                own.is_some_and(|own| own.is_empty() || (own.starts_with('.') && own != ".drain" && own != ".weight"))
            }
            None => false,
        }
    })
}

/// Each cluster that is new or reached in another way has to answer before it is taken, but for one that gets nothing.
fn answering(clusters: &Clusters, config: &Config, changes: &BTreeSet<String>) -> Result<(), Failure> {
    for (name, upstream) in config.clusters().filter(|(name, _)| is_other(name, changes)) {
        let answers = clusters.named(name).is_some_and(|cluster| cluster.answers());
        if !answers && !upstream.drain {
            let field =
                if config.clusters.is_some() { format!("clusters.{name}.url") } else { "upstream.url".to_owned() };
            return Err(Failure::from(std::io::Error::other(format!("Trino does not answer at the new {field}"))));
        }
    }
    Ok(())
}

/// Follows the file.
pub(super) struct Reloading {
    pub(super) path: PathBuf,
    pub(super) in_force: InForce,
    /// That of the file when it was read.
    pub(super) stamp: Stamp,
    pub(super) making: Making,
    pub(super) proxy: Arc<Proxy>,
    pub(super) set_filter: SetFilter,
}

/// When a file was written, and its size.
pub(super) type Stamp = Option<(SystemTime, u64)>;

impl Reloading {
    /// Takes each version of the file until the end.
    pub(super) async fn follow(mut self, mut hangup: Signal) {
        let end = self.making.end.clone();
        let (mut seen, mut tried) = (self.stamp, self.stamp);
        let mut again: Option<Instant> = None;
        loop {
            let asked = tokio::select! {
                () = end.cancelled() => return,
                _ = hangup.recv() => true,
                () = tokio::time::sleep(LOOK) => false,
            };
            let now = stamp(&self.path);
            // One that changes from look to look may be half written.
            let settled = now == seen;
            seen = now;
            let due = again.is_some_and(|since| since.elapsed() >= AGAIN);
            if asked || (settled && now != tried) || due {
                let told = due && now == tried;
                tried = now;
                again = (!self.reload(told).await).then(Instant::now);
            }
        }
    }

    /// Takes the file as it is now, if it can be used. `told`: the log was told before that it can't.
    async fn reload(&mut self, told: bool) -> bool {
        let result = self.take().await;
        let metrics = &self.making.metrics;
        metrics.configuration_current(result.as_ref().is_ok_and(BTreeSet::is_empty));
        match &result {
            Ok(restart) if restart.is_empty() => {}
            Ok(restart) => {
                tracing::warn!("what the configuration says of these needs a restart: {}", listed(restart));
            }
            Err(_) if told => {}
            Err(error) => {
                tracing::error!("the configuration can't be used; what was in force stays: {}", error.text());
            }
        }
        metrics.configuration_read(result.is_ok());
        result.is_ok()
    }

    /// What is in the file and needs a restart.
    async fn take(&mut self) -> Result<BTreeSet<String>, Failure> {
        let Newer { in_force, changes, restart } = self.in_force.newer(&self.path)?;
        let config = &in_force.config;
        let before = self.proxy.live();
        let live = self.making.changed(&before, config, &changes).await?;
        if changes.contains("log.filter") {
            (self.set_filter)(&config.log.filter)?;
        }
        self.proxy.replace(live);
        let changes = if changes.is_empty() { "nothing".to_owned() } else { listed(&changes) };
        tracing::info!("the configuration was read again; changed: {changes}");
        self.in_force = in_force;
        Ok(restart)
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The stamp of a file.
pub(super) fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
