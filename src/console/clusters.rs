//! What is counted of each cluster.

use super::metrics::add;
use crate::proxy::connect::SendError;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// The counters and gauges, by the name of the cluster.
#[derive(Debug)]
pub struct ClusterMetrics {
    healthy: IntGaugeVec,
    drained: IntGaugeVec,
    running: IntGaugeVec,
    moved: IntCounterVec,
    reachable: IntGaugeVec,
    errors: IntCounterVec,
}

/// Those of one cluster. They are of its name, whatever address it has.
#[derive(Clone, Debug)]
pub struct OfCluster {
    /// Statements that run there, as far as this Sluice knows.
    pub running: IntGauge,
    /// Statements that went elsewhere, since it could not be reached.
    pub moved: IntCounter,
    reachable: IntGauge,
    unreachable: IntCounter,
    broken: IntCounter,
    late: IntCounter,
    path: IntCounter,
}

impl OfCluster {
    /// It answered a request.
    pub fn answered(&self) {
        self.reachable.set(1);
    }

    /// It did not answer a request.
    pub fn failed(&self, error: &SendError) {
        let (errors, asked) = match error {
            SendError::Unreachable(_) => (&self.unreachable, true),
            SendError::Broken(_) => (&self.broken, true),
            SendError::Late(_) => (&self.late, true),
            SendError::Path(_) => (&self.path, false),
        };
        errors.inc();
        if asked {
            self.reachable.set(0);
        }
    }

    /// Whether it answered the last request; false before the first.
    pub fn is_reachable(&self) -> bool {
        self.reachable.get() == 1
    }
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
            reachable: gauge("sluice_upstream_reachable", "1 if a cluster answered the last request, else 0.")?,
            errors: add(
                registry,
                IntCounterVec::new(
                    Opts::new(
                        "sluice_upstream_errors_total",
                        "Requests to a cluster without an answer: unreachable, broken, late or path.",
                    ),
                    &["cluster", "error"],
                )?,
            )?,
        })
    }

    /// Those of a cluster.
    pub fn of(&self, name: &str) -> OfCluster {
        let errors = |error: &str| self.errors.with_label_values(&[name, error]);
        OfCluster {
            running: self.running.with_label_values(&[name]),
            moved: self.moved.with_label_values(&[name]),
            reachable: self.reachable.with_label_values(&[name]),
            unreachable: errors("unreachable"),
            broken: errors("broken"),
            late: errors("late"),
            path: errors("path"),
        }
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
        for gauge in [&self.healthy, &self.drained, &self.reachable] {
            // Some are none of the cluster of `upstream`.
            gauge.remove_label_values(&[name]).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_cluster_is_reachable_from_its_first_answer_to_its_next_failure() {
        let registry = Registry::new();
        let metrics = ClusterMetrics::new(&registry).unwrap();
        let [adhoc, etl] = ["adhoc", "etl"].map(|name| metrics.of(name));
        assert!(!adhoc.is_reachable());
        adhoc.answered();
        etl.failed(&SendError::Unreachable("refused".to_owned()));
        assert!(adhoc.is_reachable() && !etl.is_reachable());
        adhoc.failed(&SendError::Path("x".to_owned()));
        assert!(adhoc.is_reachable());
        adhoc.failed(&SendError::Late(Duration::from_secs(1)));
        assert!(!adhoc.is_reachable());
        let told = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        for line in [
            "sluice_upstream_reachable{cluster=\"adhoc\"} 0",
            "sluice_upstream_errors_total{cluster=\"adhoc\",error=\"late\"} 1",
            "sluice_upstream_errors_total{cluster=\"adhoc\",error=\"path\"} 1",
            "sluice_upstream_errors_total{cluster=\"adhoc\",error=\"unreachable\"} 0",
            "sluice_upstream_errors_total{cluster=\"etl\",error=\"unreachable\"} 1",
        ] {
            assert!(told.lines().any(|found| found == line), "{line} is not in\n{told}");
        }
    }

    #[test]
    fn a_cluster_that_is_gone_stands_no_longer_anywhere() {
        let registry = Registry::new();
        let metrics = ClusterMetrics::new(&registry).unwrap();
        metrics.of("adhoc").answered();
        metrics.healthy("adhoc", true);
        metrics.gone("adhoc");
        let told = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert!(
            !told.contains("reachable{cluster=\"adhoc\"}") && !told.contains("healthy{cluster=\"adhoc\"}"),
            "{told}"
        );
        assert!(told.contains("errors_total{cluster=\"adhoc\",error=\"broken\"} 0"), "{told}");
    }
}
