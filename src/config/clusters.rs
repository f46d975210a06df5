//! Several clusters of Trino: `clusters`, `routing` and `health_checks` in `sluice.yaml`, and what they can't say.
//!
//! `upstream` alone is one cluster, called [`UPSTREAM`], to which all goes. With `clusters` each has a name, and `routing`
//! says which statements go where.

use super::cluster_id::ClusterId;
use super::types::{Config, Upstream};
use crate::policy::matches;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, BTreeSet};

/// What the one cluster of `upstream` is called.
pub const UPSTREAM: &str = "upstream";

/// Which statements go to which clusters: the first rule that takes a statement in says it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// Which statements it takes in; all without it, which is for the last rule.
    #[serde(default)]
    pub when: Option<RoutingCondition>,
    /// The clusters, by name, in the order of preference.
    #[schemars(with = "Vec<String>")]
    pub to: Vec<Spanned<String>>,
    /// Which of them gets a statement.
    #[serde(default)]
    pub choose: Choose,
}

/// Which statements a rule takes in: those of which each condition that is given holds, by one of its names. `*` in a name
/// stands for any text.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingCondition {
    /// Who logged in.
    #[serde(default)]
    pub principals: Option<Vec<String>>,
    /// As whom the statement runs: the principal, or whom it acts for.
    #[serde(default)]
    pub users: Option<Vec<String>>,
    /// Groups of that user.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// What the client says it is (`X-Trino-Source`).
    #[serde(default)]
    pub sources: Option<Vec<String>>,
    /// What the client says of itself (`X-Trino-Client-Tags`).
    #[serde(default)]
    pub client_tags: Option<Vec<String>>,
}

/// Which of a rule's clusters gets a statement, of those that take statements at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// The first of the list.
    #[default]
    First,
    /// The one on which the fewest statements of this replica run, by its `weight`.
    LeastUsed,
}

/// How it is found out which of `clusters` take statements.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthChecks {
    /// How often each is asked.
    #[schemars(with = "String")]
    pub every: SignedDuration,
    /// How long it may take to answer.
    #[schemars(with = "String")]
    pub timeout: SignedDuration,
    /// After how many checks in a row that failed it gets no statements.
    pub unhealthy_after: u32,
    /// After how many checks in a row that held it gets statements again.
    pub healthy_after: u32,
}

impl Default for HealthChecks {
    fn default() -> HealthChecks {
        HealthChecks {
            every: SignedDuration::from_secs(5),
            timeout: SignedDuration::from_secs(3),
            unhealthy_after: 3,
            healthy_after: 2,
        }
    }
}

impl RoutingCondition {
    /// The conditions by name, as far as they are given.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let RoutingCondition { principals, users, groups, sources, client_tags } = self;
        [
            ("principals", principals),
            ("users", users),
            ("groups", groups),
            ("sources", sources),
            ("client_tags", client_tags),
        ]
        .into_iter()
        .filter_map(|(name, list)| list.as_deref().map(|list| (name, list)))
    }

    /// Whether it takes in each statement that another one does, as far as their texts tell.
    fn covers(&self, other: &RoutingCondition) -> bool {
        self.given().all(|(name, wide)| {
            let narrow = other.given().find(|(given, _)| *given == name);
            narrow.is_some_and(|(_, narrow)| narrow.iter().all(|text| wide.iter().any(|wide| matches(wide, text))))
        })
    }
}

impl Config {
    /// The clusters by name: those of `clusters`, or the one of `upstream`.
    pub fn clusters(&self) -> impl Iterator<Item = (&str, &Upstream)> {
        let one = self.upstream.iter().map(|upstream| (UPSTREAM, upstream));
        one.chain(self.clusters.iter().flatten().map(|(name, upstream)| (name.as_str(), upstream)))
    }

    /// The cluster that is asked where no statement says which: that of `upstream`, or the first of the last rule.
    pub fn default_upstream(&self) -> Option<&Upstream> {
        let name = self.routing.last().and_then(|rule| rule.value.to.first()).map_or(UPSTREAM, |to| to.value.as_str());
        self.clusters().find(|(known, _)| *known == name).map(|(_, upstream)| upstream)
    }
}

/// What is wrong, and where in the file if it is known.
pub(super) struct Misrouted {
    pub(super) at: Option<Location>,
    pub(super) message: String,
}

/// What is wrong with which clusters there are, and with the way to them.
pub(super) fn check(config: &Config) -> Vec<Misrouted> {
    let mut found = Vec::new();
    let mut say = |at: Option<Location>, message: String| found.push(Misrouted { at, message });
    let Some(clusters) = &config.clusters else {
        if config.upstream.is_none() {
            say(None, "upstream: give it for one cluster, or clusters and routing for several".to_owned());
        }
        if let Some(rule) = config.routing.first() {
            say(Some(rule.defined), "routing: leads to clusters, which are not given".to_owned());
        }
        if config.upstream.as_ref().is_some_and(|upstream| upstream.drain || upstream.weight != 1) {
            say(None, "upstream: drain and weight are for clusters, of which there is no other here".to_owned());
        }
        return found;
    };
    if config.upstream.is_some() {
        say(None, "upstream: is one cluster without routing; it is left out where clusters are given".to_owned());
    }
    for (name, upstream) in clusters {
        if !(1..=32).contains(&name.len())
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            say(None, format!("clusters: `{name}` is no name: 1 to 32 letters, digits, `-` and `_`"));
        }
        if upstream.weight == 0 {
            say(None, format!("clusters.{name}.weight: at least 1"));
        }
    }
    let names: BTreeSet<&str> = clusters.keys().map(String::as_str).collect();
    let mut called: BTreeMap<ClusterId, &str> = BTreeMap::new();
    for name in &names {
        if let Some(other) = called.insert(ClusterId::of(name), name) {
            let why = "the addresses of running queries would be the same on both";
            say(None, format!("clusters: `{name}` can't stand beside `{other}`: {why}; call one of them otherwise"));
        }
    }
    rules(config, &names, &mut say);
    for (field, duration) in [("every", config.health_checks.every), ("timeout", config.health_checks.timeout)] {
        if duration <= SignedDuration::ZERO {
            say(None, format!("health_checks.{field}: must be more than nothing"));
        }
    }
    let HealthChecks { unhealthy_after, healthy_after, .. } = config.health_checks;
    for (field, number) in [("unhealthy_after", unhealthy_after), ("healthy_after", healthy_after)] {
        if number == 0 {
            say(None, format!("health_checks.{field}: at least 1"));
        }
    }
    found
}

fn rules(config: &Config, names: &BTreeSet<&str>, say: &mut impl FnMut(Option<Location>, String)) {
    let known = names.iter().copied().collect::<Vec<_>>().join(", ");
    for (index, rule) in config.routing.iter().enumerate() {
        let at = Some(rule.defined);
        let earlier = config.routing.iter().take(index);
        let covered = earlier.enumerate().find(|(_, earlier)| match (&earlier.value.when, &rule.value.when) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => wide.covers(narrow),
        });
        if let Some((earlier, _)) = covered {
            say(at, format!("routing: rule {} takes in all that this one does, so it is never used", earlier + 1));
        }
        if let Some(when) = &rule.value.when {
            if when.given().next().is_none() {
                say(at, "routing: when has no condition; leave it out in the last rule".to_owned());
            }
            for (condition, _) in when.given().filter(|(_, list)| list.is_empty()) {
                say(at, format!("routing: when.{condition} names nobody; leave it out or name at least one"));
            }
        }
        if rule.value.to.is_empty() {
            say(at, format!("routing: to names no cluster; there are {known}"));
        }
        for (place, to) in rule.value.to.iter().enumerate() {
            if !names.contains(to.value.as_str()) {
                say(Some(to.defined), format!("routing: there is no cluster `{}`; there are {known}", to.value));
            }
            if rule.value.to.iter().take(place).any(|before| before.value == to.value) {
                say(Some(to.defined), format!("routing: `{}` is named twice", to.value));
            }
        }
    }
    if config.routing.last().is_none_or(|last| last.value.when.is_some()) {
        let message = "routing: the last rule has no when: it says where all other statements go";
        say(config.routing.last().map(|last| last.defined), message.to_owned());
    }
}

/// A problem with the line of the file that it is about, as the parser shows its own.
pub(super) fn shown(problem: &Misrouted, text: &str, name: &str) -> String {
    let Misrouted { at: Some(at), message } = problem else { return problem.message.clone() };
    let (line, column) = (at.line(), at.column());
    let number = usize::try_from(line).unwrap_or_default();
    let source = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
    let (gutter, indent) = (" ".repeat(line.to_string().len()), usize::try_from(column).unwrap_or(1).saturating_sub(1));
    let caret = " ".repeat(indent);
    format!(
        "line {line} column {column}: {message}\n{gutter}--> {name}:{line}:{column}\n{gutter} |\n{line} | {source}\n{gutter} | {caret}^ {message}"
    )
}

#[cfg(test)]
mod tests;
