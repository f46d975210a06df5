//! The compiled set of policies.

use super::access::{Answer, Moment, PolicyRef, Subject, matches};
use super::index::{Audience, ObjectIndex, RuleIndex, TablePattern};
use super::rule::{NameRule, Object, Rule};
use compact_str::CompactString;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// All policies of one moment, compiled. Immutable; a new one replaces it as a whole.
///
/// The default one holds no policy: it grants nothing to anybody.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) revision: String,
    pub(super) policies: usize,
    /// What `Principals` documents say of users and services.
    pub(super) known: HashMap<String, Known>,
    /// All ends of validities, sorted, each once.
    pub(super) ends: Vec<Timestamp>,
    /// All rules about objects, sorted by policy and by their place in it.
    pub(super) rules: Vec<Rule>,
    /// Rules by what they are about.
    pub(super) index: BTreeMap<Object, RuleIndex>,
    /// The rules about tables that give or take away privileges.
    pub(super) about_privileges: Audience,
    /// The columns with tags.
    pub(super) tagged: ObjectIndex<Vec<TaggedColumns>>,
    pub(super) tags: Vec<(TablePattern, TaggedColumns)>,
    pub(super) impersonation: Names,
    pub(super) properties: Names,
    pub(super) system_information: Names,
    pub(super) exceptions: Vec<ExceptionInfo>,
}

/// What is known of a user besides what identification says.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) groups: BTreeSet<String>,
    pub(super) attributes: BTreeMap<String, BTreeSet<String>>,
}

/// Rules about names, with whom they are for.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) rules: Vec<NameRule>,
    pub(super) audience: Audience,
}

/// Columns, by name or pattern, that have some tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaggedColumns {
    pub(super) columns: CompactString,
    pub(super) tags: BTreeSet<CompactString>,
}

/// An exception, for lists of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionInfo {
    /// Where it is written.
    pub policy: Arc<PolicyRef>,
    /// Why it is needed.
    pub reason: String,
    /// Where it was asked for.
    pub ticket: String,
    /// Who approved it.
    pub approvers: Vec<String>,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// The guardrails that it lifts.
    pub lifts: Vec<String>,
}

/// Whether a tag is `of` or stands below it: `pii.email` stands below `pii`.
pub(super) fn is_below(tag: &str, of: &str) -> bool {
    tag.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl TaggedColumns {
    pub(super) fn has_one_of(&self, wanted: &BTreeSet<CompactString>) -> bool {
        self.tags.iter().any(|tag| wanted.iter().any(|of| is_below(tag, of)))
    }
}

impl Snapshot {
    /// Identifies the snapshot in decision records: a Git commit, or a hash of the folder's contents.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// How many access policies, guardrails and exceptions it holds.
    pub fn policies(&self) -> usize {
        self.policies
    }

    /// The exceptions, those that have ended or not begun too, sorted by name.
    pub fn exceptions(&self) -> &[ExceptionInfo] {
        &self.exceptions
    }

    /// The subject of a user: the name with the groups and attributes that `Principals` documents give it, and `extra`
    /// groups that identification gave. When it is asked has to be said by [`Snapshot::moment`].
    pub fn subject(&self, user: &str, extra: &[String]) -> Subject {
        let Known { mut groups, attributes } = self.known.get(user).cloned().unwrap_or_default();
        groups.extend(extra.iter().cloned());
        Subject { user: user.to_owned(), groups, attributes, moment: None }
    }

    /// What a time is to these policies.
    pub fn moment(&self, now: Timestamp) -> Moment {
        let past = self.ends.partition_point(|end| *end <= now);
        Moment { past: u32::try_from(past).unwrap_or(u32::MAX) }
    }

    /// Whether `principal` may act as the user `target`.
    pub fn may_impersonate(&self, principal: &Subject, target: &str) -> Answer {
        self.impersonation.answer(principal, target)
    }

    /// Whether a user may set a session property: `name` of the system, or `catalog.name`.
    pub fn may_set_session(&self, subject: &Subject, property: &str) -> Answer {
        self.properties.answer(subject, &property.to_lowercase())
    }

    /// Whether a user may see what goes on in Trino: others' queries, nodes, tasks.
    pub fn may_read_system_information(&self, subject: &Subject) -> Answer {
        self.system_information.answer(subject, "")
    }
}

impl Names {
    /// The first rule, in the order of policies, that names `name` and is for the user.
    fn answer(&self, subject: &Subject, name: &str) -> Answer {
        let mut found = Vec::new();
        self.audience.collect(subject, &mut found);
        found.sort_unstable();
        let names_it = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        found
            .into_iter()
            .filter_map(|id| self.rules.get(id as usize))
            .find(|rule| rule.reach.surely(subject) && names_it(&rule.names) && !names_it(&rule.except))
            .map_or(Answer::NotGranted, |rule| Answer::Granted(rule.policy.clone()))
    }
}
