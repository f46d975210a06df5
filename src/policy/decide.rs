//! From rules to what one user may do with one object, and to what a user may know of.
//!
//! An explicit denial wins over any grant. A guardrail does not hold where an exception that names it does.

use super::access::{Answer, ColumnRule, Columns, Privilege, Subject};
use super::index::{RuleId, TablePattern};
use super::mask::ColumnMask;
use super::rule::{Effect, Object, Rule, Selection};
use super::snapshot::Snapshot;
use super::table_access::{ColumnUnion, Part, TableAccess};
use super::template::{Expression, Template};
use super::visible::{Hidden, Visible, VisibleTables};
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most parts of one pattern that are looked at each by itself.
const MOST_PARTS: usize = 64;

impl Snapshot {
    /// What a user may do with a table. The same for one that does not exist.
    pub fn table_access(&self, subject: &Subject, table: &TableName) -> TableAccess {
        let mut access = TableAccess::none();
        let rules = self.about(Object::Table, table, subject);
        let mut whole = ColumnUnion::default();
        let mut denied = BTreeSet::<Privilege>::new();
        let lifted = lifted(&rules);
        for rule in &rules {
            if rule.is_lifted(&lifted) {
                continue;
            }
            match &rule.effect {
                Effect::Grant { of: _, privileges, columns, rows } => {
                    access.privileges.extend(privileges);
                    access.granted_by.push(rule.policy.clone());
                    if !privileges.contains(&Privilege::Select) {
                        continue;
                    }
                    let columns = self.resolved(columns, table);
                    match rows {
                        None => whole.add(&columns),
                        Some(rows) => {
                            if let Some(rows) = filled(rows, subject, &mut access.unclear) {
                                access.parts.push(Part { columns, rows: Some(rows) });
                            }
                        }
                    }
                }
                Effect::Deny { of: _, privileges, columns } => {
                    match self.resolved(columns, table) {
                        Columns::All => denied.extend(privileges),
                        Columns::Some(rules) => {
                            if rule.guardrail.is_some() {
                                access.guarded.extend(rules.iter().cloned());
                            }
                            access.denied.extend(rules);
                        }
                    }
                    access.denied_by.push(rule.policy.clone());
                }
                Effect::Mask { columns, path, priority, mask } => {
                    access.masks.push(ColumnMask {
                        columns: columns.clone(),
                        path: path.clone(),
                        mask: mask.clone(),
                        policy: rule.policy.clone(),
                        of_guardrail: rule.guardrail.is_some(),
                        priority: *priority,
                        values: mask.values(subject),
                    });
                }
                Effect::Filter(filter) => access.filters.extend(filled(filter, subject, &mut access.unclear)),
                Effect::Lift(_) => access.lifted_by.push(rule.policy.clone()),
            }
        }
        if let Some(columns) = whole.columns() {
            access.parts.insert(0, Part { columns, rows: None });
        }
        access.privileges.retain(|privilege| !denied.contains(privilege));
        access.select_denied = denied.contains(&Privilege::Select);
        if access.granted_by.is_empty() {
            access.denied_by.clear();
        }
        // Rules come in the order of policies' names, and the sort keeps it within one priority.
        access.masks.sort_by_key(|mask| (!mask.of_guardrail, mask.priority));
        access
    }

    /// Whether a user has a privilege on something else than a table. A schema is named by its catalog and its name, a
    /// catalog and a role by their name; the parts that are left are empty.
    pub fn may(&self, subject: &Subject, object: Object, name: &TableName, privilege: Privilege) -> Answer {
        let rules = self.about(object, name, subject);
        let lifted = lifted(&rules);
        let mut granted = None;
        let mut denied = None;
        for rule in rules.iter().filter(|rule| !rule.is_lifted(&lifted)) {
            match &rule.effect {
                Effect::Grant { privileges, .. } if privileges.contains(&privilege) => {
                    granted.get_or_insert(&rule.policy);
                }
                Effect::Deny { privileges, .. } if privileges.contains(&privilege) => {
                    denied.get_or_insert(&rule.policy);
                }
                _ => {}
            }
        }
        match (granted, denied) {
            (None, _) => Answer::NotGranted,
            (Some(_), Some(policy)) => Answer::Denied(policy.clone()),
            (Some(policy), None) => Answer::Granted(policy.clone()),
        }
    }

    /// Which tables a user may know of: those that some grant gives any privilege on, and no denial takes it away again.
    pub fn visible(&self, subject: &Subject) -> VisibleTables {
        let mut found = Vec::new();
        self.about_privileges.collect(subject, &mut found);
        found.sort_unstable();
        found.dedup();
        let rules: Vec<&Rule> = self.holding(found, subject).collect();
        let denies = |rule: &&Rule| matches!(rule.effect, Effect::Deny { .. });
        let denials: Vec<&Rule> = rules.iter().copied().filter(denies).collect();
        let lifts = rules.iter().filter(|rule| matches!(rule.effect, Effect::Lift(_))).flat_map(|rule| &*rule.objects);
        // Where a denial may not hold that holds around.
        let spared: Vec<&TablePattern> = lifts.chain(denials.iter().flat_map(|rule| &*rule.not_about)).collect();
        let mut merged = Merged::default();
        for rule in &rules {
            let Effect::Grant { of: Object::Table, privileges, columns, .. } = &rule.effect else { continue };
            for pattern in rule.objects.iter() {
                if denials.is_empty() && columns.except_tagged.is_empty() && rule.not_about.is_empty() {
                    merged.add(pattern, &columns.columns, Vec::new(), privileges);
                    continue;
                }
                for part in parts(pattern, &spared) {
                    let holding: Vec<&Rule> = rules
                        .iter()
                        .copied()
                        .filter(|rule| !rule.not_about.iter().any(|out| out.covers(&part)))
                        .collect();
                    // A denial takes away some privileges, and each of the others shows what it gives.
                    for privilege in privileges {
                        self.add_visible(&mut merged, &part, rule, columns, *privilege, &holding);
                    }
                }
            }
        }
        merged.visible()
    }

    fn add_visible(
        &self,
        merged: &mut Merged,
        pattern: &TablePattern,
        grant: &Rule,
        selection: &Selection,
        privilege: Privilege,
        rules: &[&Rule],
    ) {
        let about = |rule: &&Rule| rule.objects.iter().any(|objects| objects.covers(pattern));
        let lifted = lifted(&rules.iter().copied().filter(about).collect::<Vec<_>>());
        let mut hidden = BTreeSet::new();
        for out in grant.not_about.iter().filter(|out| out.may_meet(pattern)) {
            if out.covers(pattern) {
                return;
            }
            hidden.insert(hides(out, Columns::All));
        }
        for denial in rules {
            let Effect::Deny { of: Object::Table, privileges, columns } = &denial.effect else { continue };
            if !privileges.contains(&privilege) || denial.is_lifted(&lifted) {
                continue;
            }
            for denied in denial.objects.iter().filter(|denied| denied.may_meet(pattern)) {
                if denied.covers(pattern) && columns.columns.all() && columns.except_tagged.is_empty() {
                    return;
                }
                // Which columns a tag leaves in is not told here: none of them is shown.
                let columns = if columns.except_tagged.is_empty() { columns.columns.clone() } else { every_column() };
                hidden.insert(hides(denied, columns));
            }
        }
        for (tagged, columns) in &self.tags {
            if columns.has_one_of(&selection.except_tagged) && tagged.may_meet(pattern) {
                let only = ColumnRule::Only(BTreeSet::from([columns.columns.clone()]));
                hidden.insert(hides(tagged, Columns::Some(vec![only])));
            }
        }
        merged.add(pattern, &selection.columns, hidden.into_iter().collect(), &BTreeSet::from([privilege]));
    }

    /// The rules about an object that hold for a user, in their order.
    fn about(&self, object: Object, name: &TableName, subject: &Subject) -> Vec<&Rule> {
        let found = self.index.get(&object).map(|index| index.find(name, subject)).unwrap_or_default();
        let left_out = |rule: &&Rule| rule.not_about.iter().any(|pattern| pattern.takes_in(name));
        let short = |rule: &&Rule| object == Object::Table && rule.falls_short_of(name);
        self.holding(found, subject).filter(|rule| !left_out(rule) && !short(rule)).collect()
    }

    fn holding<'a, 's>(
        &'a self,
        found: Vec<RuleId>,
        subject: &'s Subject,
    ) -> impl Iterator<Item = &'a Rule> + use<'a, 's> {
        found.into_iter().filter_map(|id| self.rules.get(id as usize)).filter(|rule| rule.holds(subject))
    }

    /// The columns of one table that a selection takes in.
    fn resolved(&self, selection: &Selection, table: &TableName) -> Columns {
        if selection.except_tagged.is_empty() {
            return selection.columns.clone();
        }
        let mut except: BTreeSet<CompactString> = BTreeSet::new();
        for tagged in self.tagged.all(table).flatten() {
            if tagged.has_one_of(&selection.except_tagged) {
                except.insert(tagged.columns.clone());
            }
        }
        match &selection.columns {
            Columns::All if except.is_empty() => return Columns::All,
            Columns::All => {}
            Columns::Some(rules) => {
                for rule in rules {
                    // Beside a tag that leaves columns out there are names that leave columns out.
                    if let ColumnRule::Except(names) = rule {
                        except.extend(names.iter().cloned());
                    }
                }
            }
        }
        Columns::Some(vec![ColumnRule::Except(except)])
    }
}

impl Rule {
    fn is_lifted(&self, lifted: &BTreeSet<Arc<str>>) -> bool {
        self.guardrail.as_ref().is_some_and(|name| lifted.contains(name))
    }
}

/// The guardrails that exceptions among the rules lift.
fn lifted(rules: &[&Rule]) -> BTreeSet<Arc<str>> {
    let lifts = rules.iter().filter_map(|rule| match &rule.effect {
        Effect::Lift(lifts) => Some(lifts),
        _ => None,
    });
    lifts.flatten().cloned().collect()
}

/// A pattern, and what it has in common with some others, with two of them and so on. Where there is too much of that,
/// only some of it: what is left out has no denial less than it has in the whole pattern.
fn parts(pattern: &TablePattern, others: &[&TablePattern]) -> Vec<TablePattern> {
    let mut parts = vec![pattern.clone()];
    for other in others {
        for part in parts.clone() {
            if let Ok(Some(met)) = other.meet(&part)
                && !parts.contains(&met)
                && parts.len() < MOST_PARTS
            {
                parts.push(met);
            }
        }
    }
    parts
}

/// A condition with the values of the user; `None` if it can't be read with them, and then nothing may be seen.
fn filled(template: &Template, subject: &Subject, unclear: &mut Option<String>) -> Option<Expression> {
    match template.fill(&template.values(subject), "") {
        Ok(expression) => Some(expression),
        Err(why) => {
            unclear.get_or_insert(why);
            None
        }
    }
}

/// No exact set of columns: each of them, but not the table itself.
fn every_column() -> Columns {
    Columns::Some(vec![ColumnRule::Only(BTreeSet::from([CompactString::const_new("*")]))])
}

fn hides(pattern: &TablePattern, columns: Columns) -> Hidden {
    Hidden { catalog: pattern.catalog.clone(), schema: pattern.schema.clone(), table: pattern.table.clone(), columns }
}

/// Grants of the same tables and columns, put together.
#[derive(Default)]
struct Merged(BTreeMap<(TablePattern, Vec<Hidden>, Columns), BTreeSet<Privilege>>);

impl Merged {
    fn add(&mut self, pattern: &TablePattern, columns: &Columns, hidden: Vec<Hidden>, of: &BTreeSet<Privilege>) {
        self.0.entry((pattern.clone(), hidden, columns.clone())).or_default().extend(of);
    }

    fn visible(self) -> VisibleTables {
        let rules = self.0.into_iter().map(|((pattern, hidden, columns), privileges)| Visible {
            catalog: pattern.catalog,
            schema: pattern.schema,
            table: pattern.table,
            columns,
            privileges,
            hidden,
        });
        VisibleTables { rules: rules.collect() }
    }
}
