//! The compiled set of policies.

use super::access::{Answer, Moment, PolicyRef, Subject, matches};
use super::condition::Input;
use super::index::{Audience, ObjectIndex, RuleIndex, TablePattern, Who};
use super::inputs::{Claim, Claims, Inputs, whole_minute};
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
    pub(super) commits: BTreeMap<String, String>,
    pub(super) policies: usize,
    /// What `Principals` documents say of users and services.
    pub(super) known: HashMap<String, Known>,
    /// The roles of `Principals` documents.
    pub(super) roles: BTreeMap<String, Who>,
    /// For what of their requests services are believed.
    pub(super) vouched: HashMap<String, BTreeSet<Claim>>,
    /// What conditions read.
    pub(super) reads: BTreeSet<Input>,
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
    /// The tables of keys, which are denied to everyone.
    pub(super) keys: BTreeSet<TablePattern>,
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
    /// Identifies the snapshot in decision records: a hash over the names and contents of all files.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The same with the commits that its files are of, by the names of the repositories.
    #[must_use]
    pub fn of_commits(self, commits: BTreeMap<String, String>) -> Snapshot {
        Snapshot { commits, ..self }
    }

    /// Drops it piece by piece, and calls `pause` between them: with many policies the whole takes as long as a hundred
    /// statements.
    pub fn take_apart(self, pause: fn()) {
        fn each<T>(pieces: impl IntoIterator<Item = T>, pause: fn()) {
            for piece in pieces {
                drop(piece);
                pause();
            }
        }
        each(self.rules, pause);
        each(self.index.into_values().flat_map(RuleIndex::into_all), pause);
        each(self.tagged.into_all(), pause);
        each(self.tags, pause);
        each(self.known, pause);
    }

    /// The commit of each Git repository that its files are of. Policies that are equal to the byte can be of others.
    pub fn commits(&self) -> &BTreeMap<String, String> {
        &self.commits
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
    /// groups that identification gave. What else is known of the request is said by [`Snapshot::of_request`].
    pub fn subject(&self, user: &str, extra: &[String]) -> Subject {
        self.subject_by_proof(user, extra, &BTreeMap::new(), false)
    }

    /// The same with attributes that identification gave, where no document speaks of them, and whether the user may be
    /// in groups that are not known.
    pub fn subject_by_proof(
        &self,
        user: &str,
        extra: &[String],
        told: &BTreeMap<String, BTreeSet<String>>,
        more_groups: bool,
    ) -> Subject {
        let Known { mut groups, mut attributes } = self.known.get(user).cloned().unwrap_or_default();
        groups.extend(extra.iter().cloned());
        for (attribute, values) in told {
            attributes.entry(attribute.clone()).or_insert_with(|| values.clone());
        }
        let mut subject = Subject { user: user.to_owned(), groups, attributes, more_groups, ..Subject::default() };
        if self.reads.contains(&Input::Roles) {
            let roles = self.roles.iter().filter(|(_, who)| who.takes_in(&subject)).map(|(role, _)| role.clone());
            subject.inputs.roles = Some(roles.collect());
        }
        subject
    }

    /// A subject with what is known of the request: when it came, by [`Inputs`] what is sure, and what the client claims,
    /// which is believed of a principal for whom a `Principals` document vouches.
    pub fn of_request(
        &self,
        subject: Subject,
        now: Timestamp,
        known: Inputs,
        principal: &str,
        claims: &Claims,
    ) -> Subject {
        let roles = subject.inputs.roles.clone();
        let none = BTreeSet::new();
        let known = Inputs { roles, minute: Some(now), ..known };
        let known = known.with_claims(claims, self.vouched.get(principal).unwrap_or(&none));
        Subject { moment: Some(self.moment(now)), inputs: known.only(&self.reads), ..subject }
    }

    /// The owner of a view, as far as anything is known of somebody who does not ask: at the time that `reader` asks.
    /// `more_groups` says that it may be in groups that are not known.
    pub(crate) fn owner(&self, owner: &str, reader: &Subject, more_groups: bool) -> Subject {
        let subject = self.subject(owner, &[]);
        let inputs = Inputs { minute: reader.inputs.minute, ..subject.inputs };
        Subject { moment: reader.moment, inputs, more_groups, ..subject }
    }

    /// What a time is to these policies.
    pub fn moment(&self, now: Timestamp) -> Moment {
        let past = self.ends.partition_point(|end| *end <= now);
        Moment { past: u32::try_from(past).unwrap_or(u32::MAX) }
    }

    /// What conditions see of a time, which is its minute; `None` where no condition reads the time.
    pub fn minute(&self, now: Timestamp) -> Option<Timestamp> {
        self.reads.contains(&Input::Time).then(|| whole_minute(now))
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
