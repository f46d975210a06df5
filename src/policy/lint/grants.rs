//! Grants that give too much, or nothing.

use super::{Places, all_covered, covers};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::index::{TablePattern, Who};
use crate::policy::rule::{Effect, Object, Rule, Selection, Window};
use crate::policy::{ColumnRule, Columns, Privilege};
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(rules: &[Rule], keys: &BTreeSet<TablePattern>, places: &Places<'_>, found: &mut Vec<Diagnostic>) {
    let grants: Vec<Grant<'_>> = rules.iter().filter_map(Grant::of).collect();
    // Only a grant to somebody of the same name, or to everyone, can make another one needless.
    let mut by_name = HashMap::<Key<'_>, Vec<usize>>::new();
    for (place, grant) in grants.iter().enumerate() {
        for key in Key::all(grant.rule) {
            by_name.entry(key).or_default().push(place);
        }
    }
    let mut denials = HashMap::<Key<'_>, Vec<&Rule>>::new();
    for rule in rules.iter().filter(|rule| takes_whole_tables(rule)) {
        for key in Key::all(rule) {
            denials.entry(key).or_default().push(rule);
        }
    }
    for (place, grant) in grants.iter().enumerate() {
        over_broad(grant, places, found);
        if let Some(table) = grant.rule.objects.iter().find(|pattern| keys.contains(pattern)) {
            let message = format!("nobody is granted anything on `{}`", table.shown());
            let problem = Diagnostic::new("keys-granted", places.of(&grant.rule.policy), message, "gives nothing");
            found.push(problem.help("a document of kind Masks keeps its keys there, so it is denied to everyone"));
        } else {
            denied(grant, &denials, places, found);
        }
        let to = Key::all(grant.rule).into_iter().next();
        let near = [Some(Key::Everyone), to].into_iter().flatten().filter_map(|key| by_name.get(&key)).flatten();
        let other = near
            .filter(|other| **other != place)
            .filter_map(|other| grants.get(*other).map(|grant| (*other, grant)))
            // Of two that say the same, the second one is told.
            .find(|(other, wide)| wide.gives_all_of(grant) && (*other < place || !grant.gives_all_of(wide)));
        if let Some((_, wide)) = other {
            let problem = Diagnostic::new(
                "repeated-grant",
                places.of(&grant.rule.policy),
                "this grant gives nothing that another one does not give",
                "needless",
            );
            found.push(
                problem
                    .other(places.of(&wide.rule.policy), format!("`{}` gives it already", wide.rule.policy.policy))
                    .help("leave one of them out"),
            );
        }
    }
}

/// Whether it is a denial without condition or end that leaves nobody and no column out. A guardrail's may be lifted.
fn takes_whole_tables(rule: &Rule) -> bool {
    let Effect::Deny { columns, .. } = &rule.effect else { return false };
    columns.columns.all()
        && columns.except_tagged.is_empty()
        && rule.guardrail.is_none()
        && rule.reach.window == Window::default()
        && rule.reach.when.is_none()
        && rule.reach.except == Who::default()
}

/// Says so if a denial takes all away that a grant gives.
fn denied(grant: &Grant<'_>, denials: &HashMap<Key<'_>, Vec<&Rule>>, places: &Places<'_>, found: &mut Vec<Diagnostic>) {
    let to = Key::all(grant.rule).into_iter().next();
    let near = [Some(Key::Everyone), to].into_iter().flatten().filter_map(|key| denials.get(&key)).flatten();
    let takes_all = |rule: &&&Rule| match &rule.effect {
        Effect::Deny { of, privileges, .. } => {
            *of == grant.of
                && grant.privileges.is_subset(privileges)
                && covers(&rule.reach.to, &grant.rule.reach.to)
                && all_covered(rule, grant.rule)
        }
        _ => false,
    };
    if let Some(denial) = near.into_iter().find(takes_all) {
        let message = "of this grant nothing is left: a denial takes all of it away";
        let problem = Diagnostic::new("denied-grant", places.of(&grant.rule.policy), message, "denied");
        let other = format!("`{}` denies it", denial.policy.policy);
        found.push(problem.other(places.of(&denial.policy), other).help("leave one of them out"));
    }
}

fn over_broad(grant: &Grant<'_>, places: &Places<'_>, found: &mut Vec<Diagnostic>) {
    let reach = &grant.rule.reach;
    if !reach.to.everyone || reach.except != Who::default() || grant.of != Object::Table {
        return;
    }
    let everything =
        (grant.rule.objects.iter()).find(|pattern| is_everything(pattern) && grant.rule.not_about.is_empty());
    let writes = [Privilege::Insert, Privilege::Update, Privilege::Delete, Privilege::Drop, Privilege::Alter];
    let writes = writes.iter().all(|privilege| grant.privileges.contains(privilege));
    let message = if everything.is_some() {
        "everyone is granted every table of every catalog".to_owned()
    } else if let (true, Some(pattern)) = (writes, grant.rule.objects.iter().find(|pattern| pattern.table == "*")) {
        format!("everyone may do everything with each table of `{}`", pattern.shown())
    } else {
        return;
    };
    found.push(
        Diagnostic::new("over-broad-grant", places.of(&grant.rule.policy), message, "to everyone")
            .help("grant it to groups, or name the tables"),
    );
}

fn is_everything(pattern: &TablePattern) -> bool {
    [&pattern.catalog, &pattern.schema, &pattern.table].into_iter().all(|part| part == "*")
}

struct Grant<'r> {
    rule: &'r Rule,
    of: Object,
    privileges: &'r BTreeSet<Privilege>,
    columns: &'r Selection,
    /// Whether it is for all rows.
    whole: bool,
}

impl<'r> Grant<'r> {
    fn of(rule: &'r Rule) -> Option<Grant<'r>> {
        match &rule.effect {
            Effect::Grant { of, privileges, columns, rows } => {
                Some(Grant { rule, of: *of, privileges, columns, whole: rows.is_none() })
            }
            _ => None,
        }
    }

    fn gives_all_of(&self, other: &Grant<'_>) -> bool {
        self.of == other.of
            && self.whole
            && self.rule.reach.window == Window::default()
            && self.rule.reach.when.is_none()
            && other.privileges.is_subset(self.privileges)
            && self.columns.except_tagged.is_subset(&other.columns.except_tagged)
            && columns_cover(&self.columns.columns, &other.columns.columns)
            && covers(&self.rule.reach.to, &other.rule.reach.to)
            && covers(&other.rule.reach.except, &self.rule.reach.except)
            && all_covered(self.rule, other.rule)
    }
}

/// Whether each column of `narrow`, those to come too, is surely one of `wide`.
fn columns_cover(wide: &Columns, narrow: &Columns) -> bool {
    let (Columns::Some(wide), Columns::Some(narrow)) = (wide, narrow) else { return wide.all() };
    narrow.iter().all(|narrow| {
        wide.iter().any(|wide| match (wide, narrow) {
            (ColumnRule::Only(wide), ColumnRule::Only(narrow)) => narrow.is_subset(wide),
            (ColumnRule::Except(wide), ColumnRule::Except(narrow)) => wide.is_subset(narrow),
            (ColumnRule::Except(wide), ColumnRule::Only(narrow)) => wide.is_disjoint(narrow),
            (ColumnRule::Only(_), ColumnRule::Except(_)) => false,
        })
    })
}

/// Somebody whom a grant names.
#[derive(PartialEq, Eq, Hash)]
enum Key<'r> {
    Everyone,
    User(&'r str),
    Group(&'r str),
}

impl<'r> Key<'r> {
    fn all(rule: &'r Rule) -> Vec<Key<'r>> {
        let to = &rule.reach.to;
        if to.everyone {
            return vec![Key::Everyone];
        }
        let users = to.users.iter().map(|user| Key::User(user));
        users.chain(to.groups.iter().map(|group| Key::Group(group))).collect()
    }
}
