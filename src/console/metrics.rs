//! What Sluice counts and measures.

use super::clusters::ClusterMetrics;
use crate::audit::Outcome;
use crate::enforce::Stage;
use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use std::time::Duration;

/// Upper bounds in seconds: a stage takes tens of microseconds, a question to Trino tens of milliseconds.
const BUCKETS: [f64; 18] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5, 1.0, 2.5, 10.0,
];

/// The counters, gauges and histograms, in a registry of their own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    clusters: ClusterMetrics,
    decisions: IntCounterVec,
    stages: HistogramVec,
    enforce: Histogram,
    audit_append: Histogram,
    in_flight: IntGauge,
    limits_reached: IntCounterVec,
    configuration_reads: IntCounterVec,
    configuration_current: IntGauge,
    audit_failures: IntCounter,
    snapshot_loaded: IntGauge,
    snapshot_errors: IntCounter,
    snapshot_age: Gauge,
    snapshot_info: IntGaugeVec,
    source_info: IntGaugeVec,
    snapshot_not_kept: IntCounter,
    revoked: IntCounter,
    logins: IntCounterVec,
    withheld: IntCounterVec,
    verifier_alarms: IntCounter,
    second_opinion_refusals: IntCounter,
    decisions_recalled: IntCounter,
    catalog_hits: IntCounter,
    catalog_misses: IntCounter,
    catalog_renewals: IntCounter,
}

/// Counts a statement as in flight until it is dropped.
#[derive(Debug)]
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// All of them at zero.
    ///
    /// # Errors
    /// A [`prometheus::Error`] would mean that two have one name.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let registry = Registry::new();
        let build =
            IntGaugeVec::new(Opts::new("sluice_build_info", "Always 1; the label is Sluice's version."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        add(&registry, build)?;
        let counter = |name: &str, help: &str| add(&registry, IntCounter::new(name, help)?);
        let counters =
            |name: &str, help: &str, label: &str| add(&registry, IntCounterVec::new(Opts::new(name, help), &[label])?);
        let gauge = |name: &str, help: &str| add(&registry, IntGauge::new(name, help)?);
        let histogram = |name: &str, help: &str| {
            add(&registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()))?)
        };
        let metrics = Metrics {
            clusters: ClusterMetrics::new(&registry)?,
            decisions: counters(
                "sluice_decisions_total",
                "Statements decided, by outcome: allow, rewrite or deny.",
                "outcome",
            )?,
            stages: add(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "sluice_stage_seconds",
                        "Time of one stage of a decision; of the second opinion, which is sought beside the others, \
                         the time that it was waited for.",
                    )
                    .buckets(BUCKETS.to_vec()),
                    &["stage"],
                )?,
            )?,
            enforce: histogram(
                "sluice_enforce_seconds",
                "Time of a whole decision, with waiting for Trino's answers about tables.",
            )?,
            audit_append: histogram(
                "sluice_audit_append_seconds",
                "Time until a record was flushed to the decision log.",
            )?,
            in_flight: gauge("sluice_statements_in_flight", "Statements that are being decided or started.")?,
            configuration_reads: counters(
                "sluice_configuration_reads_total",
                "Times that the configuration was read while Sluice ran: used or refused.",
                "outcome",
            )?,
            configuration_current: gauge(
                "sluice_configuration_current",
                "Whether all that the configuration's file says is in force; 0 where it can't be used or needs a restart.",
            )?,
            limits_reached: counters(
                "sluice_limits_reached_total",
                "Statements refused by limits.statements and statements_per_principal, since too many large ones \
                 wait to be read, or since no cluster takes them; connections closed by connections_per_peer, and made to wait by connections.",
                "limit",
            )?,
            audit_failures: counter(
                "sluice_audit_failures_total",
                "Records that could not be written; their statements were refused.",
            )?,
            snapshot_loaded: gauge(
                "sluice_snapshot_loaded_timestamp_seconds",
                "When the policies in use were loaded, in Unix time; 0 before the first.",
            )?,
            snapshot_errors: counter(
                "sluice_snapshot_load_errors_total",
                "Updates of the policies that were broken and not taken.",
            )?,
            snapshot_age: add(
                &registry,
                Gauge::new(
                    "sluice_snapshot_age_seconds",
                    "For how long it was not known that the policies are those of their sources; +Inf if not known.",
                )?,
            )?,
            snapshot_info: add(
                &registry,
                IntGaugeVec::new(
                    Opts::new("sluice_snapshot_info", "Always 1; the label is the revision of the policies in use."),
                    &["revision"],
                )?,
            )?,
            source_info: add(
                &registry,
                IntGaugeVec::new(
                    Opts::new(
                        "sluice_source_current",
                        "1 if the policies in use are what the source holds, else 0; with the version in use.",
                    ),
                    &["source", "version"],
                )?,
            )?,
            snapshot_not_kept: counter(
                "sluice_snapshot_not_kept_total",
                "Times that the policies could not be kept on disk for a start without their sources.",
            )?,
            revoked: counter(
                "sluice_queries_revoked_total",
                "Running queries that were ended because the policies decide about them in another way by now.",
            )?,
            logins: counters(
                "sluice_logins_total",
                "Log-ins by a browser: done, refused or unavailable; renewed are tokens without one.",
                "outcome",
            )?,
            withheld: counters(
                "sluice_answers_withheld_total",
                "Queries that were ended since Trino resolved a name to something else than was proved (changed, \
                         changed_late), or since that can't be found out (unknown).",
                "found",
            )?,
            verifier_alarms: counter(
                "sluice_verifier_alarms_total",
                "Rewritten statements that the verifier could not prove to be guarded; they were refused.",
            )?,
            second_opinion_refusals: counter(
                "sluice_second_opinion_refusals_total",
                "Statements refused because another parser sees a table in them that Sluice does not.",
            )?,
            decisions_recalled: counter(
                "sluice_decisions_recalled_total",
                "Decisions that were made before for an equal statement and used again.",
            )?,
            catalog_hits: counter("sluice_catalog_cache_hits_total", "Answers about tables that were cached.")?,
            catalog_misses: counter(
                "sluice_catalog_cache_misses_total",
                "Answers about tables that Trino was asked for while a statement waited.",
            )?,
            catalog_renewals: counter(
                "sluice_catalog_cache_renewals_total",
                "Answers about tables in use that Trino was asked for again before they were forgotten.",
            )?,
            registry: registry.clone(),
        };
        // a series that is not there until it first happens can't be alerted on
        for outcome in [Outcome::Allow, Outcome::Rewrite, Outcome::Deny] {
            metrics.decisions.with_label_values(&[outcome.as_str()]);
        }
        for limit in [
            "statements",
            "statements_per_principal",
            "large_statements",
            "clusters",
            "connections",
            "connections_per_peer",
        ] {
            metrics.limits_reached.with_label_values(&[limit]);
        }
        for outcome in ["used", "refused"] {
            metrics.configuration_reads.with_label_values(&[outcome]);
        }
        metrics.configuration_current.set(1);
        for found in ["changed", "changed_late", "unknown"] {
            metrics.withheld.with_label_values(&[found]);
        }
        for outcome in ["done", "refused", "unavailable", "renewed"] {
            metrics.logins.with_label_values(&[outcome]);
        }
        Ok(metrics)
    }

    /// What is counted of each cluster.
    pub fn clusters(&self) -> &ClusterMetrics {
        &self.clusters
    }

    /// A statement was decided, now or, for an equal one, before.
    pub fn decided(&self, outcome: Outcome, made_before: bool) {
        self.decisions.with_label_values(&[outcome.as_str()]).inc();
        if made_before {
            self.decisions_recalled.inc();
        }
    }

    /// A stage of a decision ended.
    pub fn stage(&self, stage: Stage, took: Duration) {
        let name = match stage {
            Stage::Recall => "recall",
            Stage::Parse => "parse",
            Stage::Analyze => "analyze",
            Stage::Decide => "decide",
            Stage::Rewrite => "rewrite",
            Stage::Verify => "verify",
            Stage::SecondOpinion => "second_opinion",
        };
        self.stages.with_label_values(&[name]).observe(took.as_secs_f64());
    }

    /// A whole decision was made.
    pub fn enforced(&self, took: Duration) {
        self.enforce.observe(took.as_secs_f64());
    }

    /// A record was flushed.
    pub fn audited(&self, took: Duration) {
        self.audit_append.observe(took.as_secs_f64());
    }

    /// A record could not be written.
    pub fn audit_failed(&self) {
        self.audit_failures.inc();
    }

    /// A statement came in; it counts until the answer is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// The configuration's file was read: it is used, or it can't be.
    pub fn configuration_read(&self, used: bool) {
        self.configuration_reads.with_label_values(&[if used { "used" } else { "refused" }]).inc();
    }

    /// Whether all that the configuration's file says is in force.
    pub fn configuration_current(&self, current: bool) {
        self.configuration_current.set(current.into());
    }

    /// A limit was reached: a statement was refused, or a connection closed.
    pub fn limit_reached(&self, limit: &str) {
        self.limits_reached.with_label_values(&[limit]).inc();
    }

    /// New policies are in use.
    pub fn snapshot_loaded(&self, at: jiff::Timestamp) {
        self.snapshot_loaded.set(at.as_second());
    }

    /// For how long it was not known that the policies are current; `None` if that is not known.
    pub fn snapshot_age(&self, age: Option<Duration>) {
        self.snapshot_age.set(age.map_or(f64::INFINITY, |age| age.as_secs_f64()));
    }

    /// Which policies are in use, and of which sources: name, version, and whether the source still holds it.
    pub fn snapshot_made_of<'a>(&self, revision: &str, sources: impl Iterator<Item = (&'a str, &'a str, bool)>) {
        self.snapshot_info.reset();
        self.snapshot_info.with_label_values(&[revision]).set(1);
        self.source_info.reset();
        for (name, version, current) in sources {
            self.source_info.with_label_values(&[name, version]).set(i64::from(current));
        }
    }

    /// The policies could not be kept on disk.
    pub fn snapshot_not_kept(&self) {
        self.snapshot_not_kept.inc();
    }

    /// New policies, or the time, ended a running query.
    pub fn revoked(&self) {
        self.revoked.inc();
    }

    /// A log-in by a browser came to its end, or a token was renewed.
    pub fn logged_in(&self, outcome: &str) {
        self.logins.with_label_values(&[outcome]).inc();
    }

    /// The answer of a query was withheld.
    pub fn withheld(&self, found: &str) {
        self.withheld.with_label_values(&[found]).inc();
    }

    /// An update of the policies was broken.
    pub fn snapshot_failed(&self) {
        self.snapshot_errors.inc();
    }

    /// The verifier found no proof.
    pub fn verifier_alarm(&self) {
        self.verifier_alarms.inc();
    }

    /// The second opinion differed.
    pub fn second_opinion_refused(&self) {
        self.second_opinion_refusals.inc();
    }

    /// The counters of hits, misses and renewals, for [`crate::catalog::Catalog::counting`].
    pub fn catalog_cache(&self) -> [IntCounter; 3] {
        [self.catalog_hits.clone(), self.catalog_misses.clone(), self.catalog_renewals.clone()]
    }

    /// All of them in Prometheus' text format.
    ///
    /// # Errors
    /// A [`prometheus::Error`], if one of them can't be written.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

pub(super) fn add<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(metrics: &Metrics) -> String {
        String::from_utf8(metrics.text().unwrap()).unwrap()
    }

    #[test]
    fn what_happens_is_counted_under_its_name() {
        let metrics = Metrics::new().unwrap();
        metrics.decided(Outcome::Deny, false);
        metrics.stage(Stage::SecondOpinion, Duration::from_micros(30));
        metrics.enforced(Duration::from_millis(3));
        let flying = metrics.in_flight();
        metrics.catalog_cache()[1].inc();
        let now = text(&metrics);
        for line in [
            "sluice_decisions_total{outcome=\"deny\"} 1",
            "sluice_decisions_total{outcome=\"allow\"} 0",
            "sluice_stage_seconds_bucket{stage=\"second_opinion\",le=\"0.000025\"} 0",
            "sluice_stage_seconds_bucket{stage=\"second_opinion\",le=\"0.00005\"} 1",
            "sluice_enforce_seconds_count 1",
            "sluice_statements_in_flight 1",
            "sluice_catalog_cache_misses_total 1",
        ] {
            assert!(now.lines().any(|found| found == line), "{line} is not in\n{now}");
        }
        drop(flying);
        assert!(text(&metrics).contains("sluice_statements_in_flight 0"));
    }

    #[test]
    fn each_metric_is_ours_and_says_what_it_is() {
        let text = text(&Metrics::new().unwrap());
        let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP ")).collect::<Vec<_>>();
        assert!(helps.len() >= 13, "{helps:?}");
        for help in helps {
            assert!(help.starts_with("sluice_") && help.ends_with('.'), "{help}");
        }
    }
}
