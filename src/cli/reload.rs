//! What `sluice serve` makes of its configuration, at its start and whenever the file changes.
//!
//! In: the file, looked at every two seconds and on SIGHUP. Out: what requests go by, replaced as a whole. A file that
//! can't be used changes nothing, which the log and a metric say; what can't change while Sluice runs is named.

use super::Failure;
use super::serve::{SetFilter, ways};
use crate::catalog::{Catalog, TrinoClient, TrinoGrammar};
use crate::config::{Config, InForce, Newer};
use crate::console::Metrics;
use crate::identity::Login;
use crate::proxy::connect::http_client;
use crate::proxy::{Cluster, Live, Proofs, Proxy};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::signal::unix::Signal;
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
        let (proofs, cluster) = (Arc::new(self.proofs(config)?), Arc::new(self.cluster(config).await?));
        Ok(Live { proofs, limits: Arc::new(config.limits.clone()), cluster })
    }

    /// What is other by a newer configuration; the rest stays, with what it remembers.
    async fn changed(&self, before: &Live, config: &Config, changes: &BTreeSet<String>) -> Result<Live, Failure> {
        let change = |part: &str| changes.iter().any(|name| name.split('.').next() == Some(part));
        let proofs = if change("identity") || changes.contains("limits.identify_timeout") {
            Arc::new(self.proofs(config)?)
        } else {
            Arc::clone(&before.proofs)
        };
        let cluster = if change("upstream") || change("catalog") {
            Arc::new(self.cluster(config).await?)
        } else {
            Arc::clone(&before.cluster)
        };
        Ok(Live { proofs, limits: Arc::new(config.limits.clone()), cluster })
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

    async fn cluster(&self, config: &Config) -> Result<Cluster, Failure> {
        let upstream = &config.upstream;
        let trino = TrinoClient::new(http_client(upstream)?, upstream)?;
        let (client, timeout) = (http_client(upstream)?, upstream.answer_timeout.unsigned_abs());
        let grammar = Arc::new(match upstream.trino_version {
            Some(version) => TrinoGrammar::configured(version),
            None => TrinoGrammar::asked(trino.clone()).await,
        });
        let (hits, misses) = self.metrics.catalog_cache();
        let catalog = Arc::new(Catalog::new(trino, &config.catalog).counting(hits, misses));
        let end = self.end.child_token();
        self.beside.spawn(Arc::clone(&grammar).follow(end.clone()));
        Ok(Cluster::new(client, timeout, (catalog, grammar), Arc::clone(&self.metrics), end))
    }
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
        if !Arc::ptr_eq(&live.cluster, &before.cluster) && !live.cluster.answers() {
            return Err(Failure::from(std::io::Error::other("Trino does not answer at the new upstream.url")));
        }
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
