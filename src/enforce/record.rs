//! What a decision records: the objects that a statement touches, and what was put in their place.

use super::{Alarm, Applied, Decision, ObjectUse, Outcome};
use crate::analysis::facts::{BaseRelation, Facts};
use crate::analysis::intent::Needed;
use crate::analysis::object::{Guard, Reading, Source};
use crate::policy::Privilege;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The columns that are used of an object, by its name and the privilege, some of them more than once.
    objects: BTreeMap<(String, Privilege), Vec<CompactString>>,
    masks: BTreeSet<Applied>,
    filters: BTreeSet<Applied>,
    /// `domain/name` of each policy that took part.
    pub(super) policies: BTreeSet<String>,
}

impl Record {
    /// Adds what a text touches, through views too.
    pub(super) fn add(&mut self, facts: &Facts) {
        for relation in &facts.relations {
            let Some(object) = &relation.object else { continue };
            if let Some(access) = &object.access {
                let by = access.granted_by.iter().chain(&access.denied_by).chain(&access.lifted_by);
                for policy in by.map(|policy| &policy.policy) {
                    if !self.policies.contains(policy) {
                        self.policies.insert(policy.clone());
                    }
                }
            }
            let used = self.objects.entry((relation.name.dotted(), Privilege::Select)).or_default();
            let columns = match &object.reading {
                Reading::Unrestricted { columns } => columns.as_deref().unwrap_or_default(),
                Reading::Guarded(guard) => &guard.columns,
                _ => &[],
            };
            used.extend(relation.columns.iter().filter_map(|at| Some(columns.get(*at)?.name.clone())));
            if relation.all_columns {
                used.extend(columns.iter().filter(|column| !column.hidden).map(|column| column.name.clone()));
            }
            // A table may be read at many places.
            if used.len() > 2 * columns.len() {
                keep_each_once(used);
            }
            if let Reading::Guarded(guard) = &object.reading {
                self.add_guard(relation, guard, facts.reads_known);
            }
        }
    }

    fn add_guard(&mut self, relation: &BaseRelation, guard: &Guard, reads_known: bool) {
        let name = &relation.name;
        for column in relation.guarded_columns(guard, reads_known) {
            let Some(mask) = &column.mask else { continue };
            let names: Vec<String> = mask.masks.iter().map(ToString::to_string).collect();
            for policy in mask.policies.iter() {
                let (to, policy) = ([&name.dotted(), ".", &column.name].concat(), policy.policy.clone());
                self.policies.insert(policy.clone());
                self.masks.insert(Applied { to, policy, names: names.clone() });
            }
        }
        for policy in guard.filters.iter().flat_map(|filter| filter.policies.iter()) {
            self.policies.insert(policy.policy.clone());
            self.filters.insert(Applied { to: name.dotted(), policy: policy.policy.clone(), names: Vec::new() });
        }
        match &guard.source {
            Source::Table => {}
            Source::View(view) => self.add(&view.facts),
            Source::OwnersView(facts) => self.add(facts),
        }
    }

    /// Adds an object that the statement changes.
    pub(super) fn change(&mut self, needed: &Needed) {
        self.objects.entry((needed.shown(), needed.privilege)).or_default();
    }

    /// The decision that it is of.
    pub(super) fn decision(self, outcome: Outcome, class: Option<&'static str>, alarm: Option<Alarm>) -> Decision {
        let object = |((object, privilege), mut columns): ((String, Privilege), Vec<CompactString>)| {
            keep_each_once(&mut columns);
            ObjectUse { object, privilege: privilege.as_str(), columns: columns.into_iter().map(Into::into).collect() }
        };
        Decision {
            outcome,
            class,
            objects: self.objects.into_iter().map(object).collect(),
            masks: self.masks.into_iter().collect(),
            filters: self.filters.into_iter().collect(),
            policies: self.policies,
            alarm,
        }
    }
}

/// Sorts the columns and keeps each once.
fn keep_each_once(columns: &mut Vec<CompactString>) {
    columns.sort_unstable();
    columns.dedup();
}
