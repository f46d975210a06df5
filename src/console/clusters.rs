//! What is counted of each cluster.

use super::metrics::add;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// The counters and gauges, by the name of the cluster.
#[derive(Debug)]
pub struct ClusterMetrics {
    healthy: IntGaugeVec,
    drained: IntGaugeVec,
    running: IntGaugeVec,
    moved: IntCounterVec,
}

/// Those of one cluster. They are of its name, whatever address it has.
#[derive(Clone, Debug)]
pub struct OfCluster {
    /// Statements that run there, as far as this Sluice knows.
    pub running: IntGauge,
    /// Statements that went elsewhere, since it could not be reached.
    pub moved: IntCounter,
}

impl ClusterMetrics {
    pub(super) fn new(registry: &Registry) -> Result<ClusterMetrics, prometheus::Error> {
        let gauge = |name: &str, help: &str| add(registry, IntGaugeVec::new(Opts::new(name, help), &["cluster"])?);
        Ok(ClusterMetrics {
            healthy: gauge("sluice_cluster_healthy", "1 if the checks of a cluster hold, else 0.")?,
            drained: gauge("sluice_cluster_drained", "1 if the configuration gives a cluster no new statements.")?,
            running: gauge(
                "sluice_cluster_statements_running",
                "Statements that run on a cluster and were started or read on through this replica.",
            )?,
            moved: add(
                registry,
                IntCounterVec::new(
                    Opts::new(
                        "sluice_cluster_statements_moved_total",
                        "Statements that went to another cluster, since this one could not be reached.",
                    ),
                    &["cluster"],
                )?,
            )?,
        })
    }

    /// Those of a cluster.
    pub fn of(&self, name: &str) -> OfCluster {
        OfCluster { running: self.running.with_label_values(&[name]), moved: self.moved.with_label_values(&[name]) }
    }

    /// Whether the checks of a cluster hold.
    pub fn healthy(&self, name: &str, healthy: bool) {
        self.healthy.with_label_values(&[name]).set(healthy.into());
    }

    /// Whether the configuration gives a cluster no new statements.
    pub fn drained(&self, name: &str, drained: bool) {
        self.drained.with_label_values(&[name]).set(drained.into());
    }

    /// A cluster is not in the configuration any more. What runs there is counted on.
    pub fn gone(&self, name: &str) {
        for gauge in [&self.healthy, &self.drained] {
            // There is none of the cluster of `upstream`.
            gauge.remove_label_values(&[name]).ok();
        }
    }
}
