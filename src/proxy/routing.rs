//! Which cluster a statement goes to: a function of the rules, of who asks, and of how the clusters stand.
//!
//! In: what is proved of who asks, what the client tells of itself, and how each cluster stands. Out: a cluster, or none.
//! It decides where a statement runs and never what it may do: policies are the same for all clusters, and they are asked
//! after this. So what a client merely tells may be obeyed here.

use crate::config::{Choose, RoutingCondition, RoutingRule};
use crate::policy::matches;
use std::collections::BTreeSet;

/// Who sends a statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    /// Who proved to be who.
    pub(super) principal: &'a str,
    /// As whom the statement runs.
    pub(super) user: &'a str,
    /// Groups of that user.
    pub(super) groups: &'a BTreeSet<String>,
    /// What the client says it is.
    pub(super) source: Option<&'a str>,
    /// What the client says of itself.
    pub(super) client_tags: &'a [String],
}

/// How a cluster stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether it takes statements: it is healthy and not drained.
    pub(super) takes: bool,
    /// How many statements run there.
    pub(super) running: u64,
    /// How many it gets beside others.
    pub(super) weight: u32,
}

/// The rules, in order.
#[derive(Clone, Debug)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    when: Option<RoutingCondition>,
    /// Numbers of clusters.
    to: Vec<usize>,
    choose: Choose,
}

impl Rules {
    /// Those of a configuration that was checked; `number` finds a cluster by its name.
    pub(super) fn new<'a>(
        rules: impl IntoIterator<Item = &'a RoutingRule>,
        number: impl Fn(&str) -> Option<usize>,
    ) -> Rules {
        let rule = |rule: &RoutingRule| Rule {
            when: rule.when.clone(),
            to: rule.to.iter().filter_map(|to| number(&to.value)).collect(),
            choose: rule.choose,
        };
        Rules(rules.into_iter().map(rule).collect())
    }

    /// The number of the cluster that gets a statement of this sender; none if none of its rule takes one.
    pub(super) fn route(&self, sender: Sender<'_>, standing: impl Fn(usize) -> Standing) -> Option<usize> {
        let rule = self.0.iter().find(|rule| rule.when.as_ref().is_none_or(|when| takes_in(when, sender)))?;
        rule.chosen(standing)
    }

    /// The number of the cluster that is asked where there is no statement: by the last rule.
    pub(super) fn default(&self, standing: impl Fn(usize) -> Standing) -> Option<usize> {
        self.0.last()?.chosen(standing)
    }
}

impl Rule {
    fn chosen(&self, standing: impl Fn(usize) -> Standing) -> Option<usize> {
        let mut standings = self.to.iter().map(|number| (*number, standing(*number)));
        let takes = |(_, standing): &(usize, Standing)| standing.takes;
        match self.choose {
            Choose::First => standings.find(takes),
            // The first of the list, where several are used as little.
            Choose::LeastUsed => standings.filter(takes).min_by(|(_, one), (_, other)| {
                let share = |of: &Standing, by: &Standing| u128::from(of.running) * u128::from(by.weight);
                share(one, other).cmp(&share(other, one))
            }),
        }
        .map(|(number, _)| number)
    }
}

fn takes_in(when: &RoutingCondition, sender: Sender<'_>) -> bool {
    let RoutingCondition { principals, users, groups, sources, client_tags } = when;
    one(principals, Some(sender.principal))
        && one(users, Some(sender.user))
        && one(sources, sender.source)
        && one(groups, sender.groups.iter().map(String::as_str))
        && one(client_tags, sender.client_tags.iter().map(String::as_str))
}

/// Whether a condition holds: it is not given, or one of the names is of its list.
fn one<'a>(list: &Option<Vec<String>>, names: impl IntoIterator<Item = &'a str>) -> bool {
    let Some(list) = list else { return true };
    names.into_iter().any(|name| list.iter().any(|pattern| matches(pattern, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_saphyr::from_str;

    const CLUSTERS: [&str; 3] = ["adhoc", "etl", "spare"];

    fn rules(text: &str) -> Rules {
        let rules: Vec<RoutingRule> = from_str(text).unwrap();
        Rules::new(&rules, |name| CLUSTERS.iter().position(|known| *known == name))
    }

    fn up(running: u64) -> Standing {
        Standing { takes: true, running, weight: 1 }
    }

    const DOWN: Standing = Standing { takes: false, running: 0, weight: 1 };

    /// Principal, user, groups, source, tags, and where the statement goes.
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], Option<&'a str>, &'a [&'a str], &'a str);

    #[test]
    fn the_first_rule_that_takes_a_statement_in_says_where_it_goes() {
        let rules = rules(
            "[{when: {principals: [superset], groups: ['hr-*']}, to: [spare]},\
              {when: {users: [loader, 'etl-*']}, to: [etl]},\
              {when: {sources: ['airflow*', dbt], client_tags: [batch]}, to: [etl]},\
              {when: {client_tags: ['team=*']}, to: [spare]},\
              {to: [adhoc]}]",
        );
        let cases: &[Case<'_>] = &[
            ("anna", "anna", &[], None, &[], "adhoc"),
            ("loader", "loader", &[], None, &[], "etl"),
            ("superset", "etl-1", &[], None, &[], "etl"),
            // Who acts for another is not taken for the other.
            ("etl-1", "anna", &[], None, &[], "adhoc"),
            ("superset", "anna", &["hr-emea"], None, &[], "spare"),
            ("superset", "anna", &["sales", "hr-"], None, &[], "spare"),
            // Each condition of a rule has to hold.
            ("superset", "anna", &["hr"], None, &[], "adhoc"),
            ("anna", "anna", &["hr-emea"], None, &[], "adhoc"),
            ("anna", "anna", &[], Some("airflow-1"), &["batch"], "etl"),
            ("anna", "anna", &[], Some("dbt"), &["other", "batch"], "etl"),
            ("anna", "anna", &[], Some("dbt-trino"), &["batch"], "adhoc"),
            ("anna", "anna", &[], Some("airflow-1"), &[], "adhoc"),
            ("anna", "anna", &[], None, &["batch"], "adhoc"),
            ("anna", "anna", &[], None, &["batch", "team=x"], "spare"),
            // Names are as they are written.
            ("Loader", "Loader", &[], None, &[], "adhoc"),
        ];
        for (principal, user, groups, source, tags, expected) in cases {
            let groups = groups.iter().map(ToString::to_string).collect();
            let client_tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
            let sender = Sender { principal, user, groups: &groups, source: *source, client_tags: &client_tags };
            let number = rules.route(sender, |_| up(0));
            assert_eq!(number.map(|number| CLUSTERS[number]), Some(*expected), "{sender:?}");
        }
    }

    #[test]
    fn of_the_clusters_of_a_rule_one_that_takes_statements_is_chosen() {
        let first = "[{to: [etl, adhoc, spare]}]";
        let least = "[{to: [etl, adhoc, spare], choose: least_used}]";
        let heavy = |running, weight| Standing { weight, ..up(running) };
        // The standings of adhoc, etl and spare.
        for (text, standings, expected) in [
            (first, [up(0), up(9), up(0)], Some("etl")),
            (first, [up(5), DOWN, up(0)], Some("adhoc")),
            (first, [DOWN, DOWN, up(9)], Some("spare")),
            (first, [DOWN, DOWN, DOWN], None),
            (least, [up(2), up(3), up(1)], Some("spare")),
            (least, [up(2), up(3), DOWN], Some("adhoc")),
            (least, [up(2), up(2), up(2)], Some("etl")),
            (least, [up(3), heavy(5, 2), up(3)], Some("etl")),
            (least, [up(2), heavy(5, 2), up(3)], Some("adhoc")),
            (least, [heavy(u64::MAX, u32::MAX), up(u64::MAX), DOWN], Some("adhoc")),
            (least, [DOWN, DOWN, DOWN], None),
            // A rule leads to its own clusters alone, whatever others could take.
            ("[{to: [etl]}]", [up(0), DOWN, up(0)], None),
        ] {
            let groups = BTreeSet::new();
            let sender = Sender { principal: "a", user: "a", groups: &groups, source: None, client_tags: &[] };
            let rules = rules(text);
            for number in [rules.route(sender, |number| standings[number]), rules.default(|number| standings[number])] {
                assert_eq!(number.map(|number| CLUSTERS[number]), expected, "{text} {standings:?}");
            }
        }
    }
}
