//! The compiled set of policies.

use super::access::{
    Answer, ColumnRule, Columns, Filter, Mask, PolicyRef, Privilege, Subject, TableAccess, Visible, VisibleTables,
    matches,
};
use super::index::{Audience, RuleId, TableIndex, TablePattern, Who};
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// All policies of one moment, compiled. Immutable; a new one replaces it as a whole.
///
/// The default one holds no policy: it grants nothing to anybody.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) revision: String,
    pub(super) policies: usize,
    /// The groups of users that `Principals` documents name.
    pub(super) groups: HashMap<String, BTreeSet<String>>,
    /// All rules about tables, sorted by policy and by their place in it.
    pub(super) rules: Vec<Rule>,
    pub(super) tables: TableIndex,
    /// The grants of tables among the rules, not those of functions.
    pub(super) grants: Audience,
    pub(super) impersonation: Vec<NameRule>,
    pub(super) impersonators: Audience,
    pub(super) properties: Vec<NameRule>,
    pub(super) setters: Audience,
}

/// A rule about tables, or a grant of functions: they have names of three parts too, and `execute` is theirs alone.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) policy: Arc<PolicyRef>,
    pub(super) objects: Arc<[TablePattern]>,
    pub(super) to: Who,
    pub(super) except: Who,
    pub(super) effect: Effect,
}

#[derive(Debug)]
pub(super) enum Effect {
    Grant { privileges: BTreeSet<Privilege>, columns: Columns },
    Mask { column: CompactString, priority: i64, mask: Mask },
    Filter(Filter),
}

/// A rule about names: users that may be acted as, session properties that may be set.
#[derive(Debug)]
pub(super) struct NameRule {
    pub(super) policy: Arc<PolicyRef>,
    pub(super) to: Who,
    pub(super) names: Vec<String>,
    pub(super) except: Vec<String>,
}

impl Snapshot {
    /// Identifies the snapshot in decision records: a Git commit, or a hash of the folder's contents.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// How many access policies it holds.
    pub fn policies(&self) -> usize {
        self.policies
    }

    /// The subject of a user: the name with the groups that `Principals` documents put it in, and `extra` ones that
    /// identification gave.
    pub fn subject(&self, user: &str, extra: &[String]) -> Subject {
        let mut groups = self.groups.get(user).cloned().unwrap_or_default();
        groups.extend(extra.iter().cloned());
        Subject { user: user.to_owned(), groups }
    }

    /// What a user may do with a table, or, by `execute`, with a function. The same for one that does not exist.
    pub fn table_access(&self, subject: &Subject, table: &TableName) -> TableAccess {
        let mut access = TableAccess::none();
        let mut columns = ColumnUnion::default();
        let mut masks = Vec::new();
        for rule in self.rules_of(self.tables.find(table, subject), subject) {
            match &rule.effect {
                Effect::Grant { privileges, columns: granted } => {
                    access.privileges.extend(privileges);
                    if privileges.contains(&Privilege::Select) {
                        columns.add(granted);
                    }
                    access.granted_by.push(rule.policy.clone());
                }
                Effect::Mask { column, priority, mask } => masks.push((*priority, column, mask)),
                Effect::Filter(filter) => access.filters.push(filter.clone()),
            }
        }
        access.columns = columns.columns();
        // Rules come in the order of policies' names, and the sort keeps it within one priority.
        masks.sort_by_key(|(priority, ..)| *priority);
        access.masks = masks.into_iter().map(|(_, column, mask)| (column.clone(), mask.clone())).collect();
        access
    }

    /// Whether `principal` may act as the user `target`.
    pub fn may_impersonate(&self, principal: &Subject, target: &str) -> Answer {
        answer(&self.impersonation, &self.impersonators, principal, target)
    }

    /// Whether a user may set a session property: `name` of the system, or `catalog.name`.
    pub fn may_set_session(&self, subject: &Subject, property: &str) -> Answer {
        answer(&self.properties, &self.setters, subject, &property.to_lowercase())
    }

    /// Which tables a user may know of: those that some grant gives any privilege on.
    pub fn visible(&self, subject: &Subject) -> VisibleTables {
        let mut found = Vec::new();
        self.grants.collect(subject, &mut found);
        found.sort_unstable();
        found.dedup();
        let mut merged = BTreeMap::<&TablePattern, Vec<(Columns, BTreeSet<Privilege>)>>::new();
        for rule in self.rules_of(found, subject) {
            let Effect::Grant { privileges, columns } = &rule.effect else { continue };
            for pattern in rule.objects.iter() {
                let list = merged.entry(pattern).or_default();
                match list.iter_mut().find(|(known, _)| known == columns) {
                    Some((_, known)) => known.extend(privileges),
                    None => list.push((columns.clone(), privileges.clone())),
                }
            }
        }
        let rules = merged.into_iter().flat_map(|(pattern, list)| {
            list.into_iter().map(|(columns, privileges)| Visible {
                catalog: pattern.catalog.clone(),
                schema: pattern.schema.clone(),
                table: pattern.table.clone(),
                columns,
                privileges,
            })
        });
        VisibleTables { rules: rules.collect() }
    }

    /// The rules with these places that don't leave the user out.
    fn rules_of<'a>(&'a self, found: Vec<RuleId>, subject: &'a Subject) -> impl Iterator<Item = &'a Rule> {
        found.into_iter().filter_map(|id| self.rules.get(id as usize)).filter(|rule| !rule.except.takes_in(subject))
    }
}

/// The first rule, in the order of policies, that names `name` and is for the user.
fn answer(rules: &[NameRule], audience: &Audience, subject: &Subject, name: &str) -> Answer {
    let mut found = Vec::new();
    audience.collect(subject, &mut found);
    found.sort_unstable();
    let names_it = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
    found
        .into_iter()
        .filter_map(|id| rules.get(id as usize))
        .find(|rule| names_it(&rule.names) && !names_it(&rule.except))
        .map_or(Answer::NotGranted, |rule| Answer::Granted(rule.policy.clone()))
}

/// The union of grants' columns in its simplest form, so that the order of grants changes nothing.
#[derive(Default)]
struct ColumnUnion {
    all: bool,
    only: BTreeSet<CompactString>,
    /// What each `except` seen so far leaves out.
    except: Option<BTreeSet<CompactString>>,
}

impl ColumnUnion {
    fn add(&mut self, columns: &Columns) {
        match columns {
            Columns::All => self.all = true,
            Columns::Some(rules) => rules.iter().for_each(|rule| match rule {
                ColumnRule::Only(names) => self.only.extend(names.iter().cloned()),
                ColumnRule::Except(names) => {
                    self.except = Some(match self.except.take() {
                        Some(known) => known.intersection(names).cloned().collect(),
                        None => names.clone(),
                    });
                }
            }),
        }
    }

    fn columns(self) -> Columns {
        if self.all {
            return Columns::All;
        }
        match self.except {
            None if self.only.is_empty() => Columns::Some(Vec::new()),
            None => Columns::Some(vec![ColumnRule::Only(self.only)]),
            Some(except) => {
                let left: BTreeSet<_> = except.difference(&self.only).cloned().collect();
                if left.is_empty() { Columns::All } else { Columns::Some(vec![ColumnRule::Except(left)]) }
            }
        }
    }
}
