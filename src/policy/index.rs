//! Finding the rules of one table and one user without looking at the others.
//!
//! The cost of a look-up grows with the rules that it finds, not with those that there are: exact names are hashed, and
//! patterns are found by the text before their first `*`.

use super::access::{Subject, matches};
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::{BTreeSet, HashMap};

/// A rule's place in the sorted list of rules.
pub(super) type RuleId = u32;

/// Tables by exact name or pattern. Each part may hold `*`, which stands for any text, nothing too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TablePattern {
    pub(super) catalog: CompactString,
    pub(super) schema: CompactString,
    pub(super) table: CompactString,
}

impl TablePattern {
    /// Whether each table of `other` is one of this pattern. Where `other` holds `*`, only a `*` here can take it in.
    pub(super) fn covers(&self, other: &TablePattern) -> bool {
        matches(&self.catalog, &other.catalog)
            && matches(&self.schema, &other.schema)
            && matches(&self.table, &other.table)
    }

    /// For a message.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}.{}", self.catalog, self.schema, self.table)
    }
}

/// Things under names and patterns of names.
#[derive(Debug)]
pub(super) struct Names<T> {
    exact: HashMap<CompactString, T>,
    /// Patterns by the text before their first `*`.
    patterns: HashMap<CompactString, Vec<(CompactString, T)>>,
    /// The lengths, in bytes, that the keys of `patterns` have.
    prefixes: BTreeSet<usize>,
}

impl<T> Default for Names<T> {
    fn default() -> Names<T> {
        Names { exact: HashMap::new(), patterns: HashMap::new(), prefixes: BTreeSet::new() }
    }
}

impl<T: Default> Names<T> {
    /// The thing under a name or pattern; a new one if there is none yet.
    fn entry(&mut self, pattern: &str) -> &mut T {
        let Some((prefix, _)) = pattern.split_once('*') else {
            return self.exact.entry(pattern.into()).or_default();
        };
        self.prefixes.insert(prefix.len());
        let list = self.patterns.entry(prefix.into()).or_default();
        let at = list.iter().position(|(known, _)| known == pattern).unwrap_or_else(|| {
            list.push((pattern.into(), T::default()));
            list.len() - 1
        });
        match list.get_mut(at) {
            Some((_, thing)) => thing,
            // Not reached: `at` was found or made just now.
            None => self.exact.entry(pattern.into()).or_default(),
        }
    }
}

impl<T> Names<T> {
    /// All things whose name or pattern takes in `name`.
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a T> {
        let patterns = self
            .prefixes
            .range(..=name.len())
            .filter_map(|length| self.patterns.get(name.get(..*length)?))
            .flatten()
            .filter(|(pattern, _)| matches(pattern, name))
            .map(|(_, thing)| thing);
        self.exact.get(name).into_iter().chain(patterns)
    }
}

/// Rules by whom they are for.
#[derive(Debug, Default)]
pub(super) struct Audience {
    everyone: Vec<RuleId>,
    users: HashMap<String, Vec<RuleId>>,
    groups: HashMap<String, Vec<RuleId>>,
}

impl Audience {
    pub(super) fn insert(&mut self, who: &Who, rule: RuleId) {
        if who.everyone {
            self.everyone.push(rule);
            return;
        }
        for user in &who.users {
            self.users.entry(user.clone()).or_default().push(rule);
        }
        for group in &who.groups {
            self.groups.entry(group.clone()).or_default().push(rule);
        }
    }

    /// Adds the rules for a user to `found`.
    pub(super) fn collect(&self, subject: &Subject, found: &mut Vec<RuleId>) {
        found.extend(&self.everyone);
        found.extend(self.users.get(&subject.user).into_iter().flatten());
        for group in &subject.groups {
            found.extend(self.groups.get(group).into_iter().flatten());
        }
    }
}

/// Rules by table and by whom they are for.
#[derive(Debug, Default)]
pub(super) struct TableIndex {
    catalogs: Names<Names<Names<Audience>>>,
}

impl TableIndex {
    pub(super) fn insert(&mut self, pattern: &TablePattern, who: &Who, rule: RuleId) {
        self.catalogs.entry(&pattern.catalog).entry(&pattern.schema).entry(&pattern.table).insert(who, rule);
    }

    /// The rules about a table for a user, in order, each once.
    pub(super) fn find(&self, table: &TableName, subject: &Subject) -> Vec<RuleId> {
        let mut found = Vec::new();
        for schemas in self.catalogs.all(&table.catalog) {
            for tables in schemas.all(&table.schema) {
                for audience in tables.all(&table.table) {
                    audience.collect(subject, &mut found);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A set of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) everyone: bool,
    pub(super) users: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
}

impl Who {
    pub(super) fn everyone() -> Who {
        Who { everyone: true, ..Who::default() }
    }

    pub(super) fn takes_in(&self, subject: &Subject) -> bool {
        self.everyone
            || self.users.contains(&subject.user)
            || subject.groups.iter().any(|group| self.groups.contains(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_exactly_and_by_each_pattern_that_takes_it_in() {
        let mut names = Names::<Vec<&str>>::default();
        for pattern in ["orders", "orders_*", "*", "*_eu", "o*s*u", "orders_eu", "customers", "x*"] {
            names.entry(pattern).push(pattern);
        }
        let mut found: Vec<&str> = names.all("orders_eu").flatten().copied().collect();
        found.sort_unstable();
        assert_eq!(found, ["*", "*_eu", "o*s*u", "orders_*", "orders_eu"]);
    }

    #[test]
    fn a_pattern_covers_only_narrower_ones() {
        let pattern = |text: &str| {
            let parts: Vec<&str> = text.split('.').collect();
            TablePattern { catalog: parts[0].into(), schema: parts[1].into(), table: parts[2].into() }
        };
        for (wide, narrow, covers) in [
            ("lake.hr.*", "lake.hr.employees", true),
            ("lake.hr.*", "lake.hr.emp*", true),
            ("lake.hr.*", "lake.*.employees", false),
            ("lake.hr*.*", "lake.hr_*.t", true),
            ("lake.hr_*.*", "lake.hr*.t", false),
            ("*.*.*", "*.*.*", true),
            ("lake.hr.employees", "lake.hr.*", false),
        ] {
            assert_eq!(pattern(wide).covers(&pattern(narrow)), covers, "{wide} {narrow}");
        }
    }
}
