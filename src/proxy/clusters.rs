//! The clusters that there are, and which of them a statement goes to.
//!
//! `routing` decides; this says how each cluster stands. A query or a transaction that has a cluster stays there, whether
//! the cluster gets new statements or not.

use super::live::Cluster;
use super::routing::{Rules, Sender, Standing};
use crate::config::RoutingRule;
use crate::config::cluster_id::ClusterId;
use crate::console::Metrics;
use std::sync::Arc;
use std::time::Duration;

/// All of them, of which there is at least one.
#[derive(Debug)]
pub struct Clusters {
    /// The one of `upstream`, or any.
    fallback: Arc<Cluster>,
    members: Vec<Member>,
    /// None where there is only the one of `upstream`.
    rules: Option<Rules>,
}

/// One of several.
#[derive(Clone, Debug)]
pub struct Member {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// Whether it gets no new statements.
    pub drained: bool,
    /// How many it gets beside others.
    pub weight: u32,
}

impl Clusters {
    /// The one of `upstream`.
    pub fn one(fallback: Arc<Cluster>) -> Clusters {
        let members = vec![Member { cluster: Arc::clone(&fallback), drained: false, weight: 1 }];
        Clusters { fallback, members, rules: None }
    }

    /// Several, with the rules of a configuration that was checked; `None` without any cluster.
    pub fn several<'a>(members: Vec<Member>, rules: impl IntoIterator<Item = &'a RoutingRule>) -> Option<Clusters> {
        let number = |name: &str| members.iter().position(|member| *member.cluster.name == *name);
        let rules = Some(Rules::new(rules, number));
        Some(Clusters { fallback: Arc::clone(&members.first()?.cluster), members, rules })
    }

    /// One by its name.
    pub fn named(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.clusters().find(|cluster| *cluster.name == *name)
    }

    /// One by what marks call it.
    pub(super) fn by_id(&self, id: ClusterId) -> Option<&Arc<Cluster>> {
        self.clusters().find(|cluster| cluster.id == id)
    }

    /// Whether there are rules.
    pub(super) fn are_several(&self) -> bool {
        self.rules.is_some()
    }

    /// One of them, whatever it takes.
    pub(super) fn any(&self) -> &Arc<Cluster> {
        &self.fallback
    }

    /// The cluster that gets a statement, but for those that were tried in vain.
    pub(super) fn route(&self, sender: Sender<'_>, tried: &[ClusterId]) -> Option<&Arc<Cluster>> {
        let Some(rules) = &self.rules else {
            return Some(&self.fallback).filter(|cluster| !tried.contains(&cluster.id));
        };
        let number = rules.route(sender, |number| self.standing(number, tried))?;
        self.members.get(number).map(|member| &member.cluster)
    }

    /// The cluster that is asked where there is no statement.
    pub(super) fn default(&self) -> Option<&Arc<Cluster>> {
        let Some(rules) = &self.rules else { return Some(&self.fallback) };
        let number = rules.default(|number| self.standing(number, &[]))?;
        self.members.get(number).map(|member| &member.cluster)
    }

    fn standing(&self, number: usize, tried: &[ClusterId]) -> Standing {
        const NONE: Standing = Standing { takes: false, running: 0, weight: 1 };
        self.members.get(number).map_or(NONE, |Member { cluster, drained, weight }| Standing {
            takes: !drained && cluster.is_healthy() && cluster.answers() && !tried.contains(&cluster.id),
            running: u64::try_from(cluster.counts.running.get()).unwrap_or_default(),
            weight: *weight,
        })
    }

    /// The longest time that one of them may take to begin an answer.
    pub(super) fn answer_timeout(&self) -> Duration {
        self.clusters().map(|cluster| cluster.answer_timeout).max().unwrap_or_default()
    }

    /// Those of these that are not among others any more get nothing new.
    pub(super) fn leave_for(&self, others: &Clusters, metrics: &Metrics) {
        for cluster in self.clusters() {
            if !others.clusters().any(|other| Arc::ptr_eq(other, cluster)) {
                cluster.leave();
            }
            if others.named(&cluster.name).is_none() {
                metrics.clusters().gone(&cluster.name);
            }
        }
    }

    /// Tells how they stand.
    pub(super) fn tell(&self, metrics: &Metrics) {
        for Member { cluster, drained, .. } in self.members.iter().filter(|member| member.cluster.is_named()) {
            metrics.clusters().healthy(&cluster.name, cluster.is_healthy());
            metrics.clusters().drained(&cluster.name, *drained);
        }
    }

    /// Whether any is healthy, and how each stands, for operators; `None` where there is only the one of `upstream`.
    pub fn health(&self) -> Option<(bool, String)> {
        self.rules.as_ref()?;
        let told = self.members.iter().map(|Member { cluster, drained, .. }| {
            let (healthy, drained) =
                (if cluster.is_healthy() { "healthy" } else { "unhealthy" }, if *drained { ", drained" } else { "" });
            format!("{} {healthy}{drained}", cluster.name)
        });
        let any = self.clusters().any(|cluster| cluster.is_healthy());
        Some((any, told.collect::<Vec<_>>().join("; ")))
    }

    /// Each of them.
    pub(super) fn clusters(&self) -> impl Iterator<Item = &Arc<Cluster>> {
        self.members.iter().map(|member| &member.cluster)
    }
}
