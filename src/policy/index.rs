//! Finding the rules of one table and one user without looking at the others.
//!
//! The cost of a look-up grows with the rules that it finds, not with those that there are: exact names are hashed, and
//! patterns are found by the text before their first `*`.

use super::access::{Subject, matches};
use super::overlap::common;
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

    /// The tables that are of both; `None` if there are none.
    ///
    /// # Errors
    /// The two parts of which it can't be told: patterns that take in some of each other's names.
    pub(super) fn meet(&self, other: &TablePattern) -> Result<Option<TablePattern>, (CompactString, CompactString)> {
        let parts = [(&self.catalog, &other.catalog), (&self.schema, &other.schema), (&self.table, &other.table)];
        let mut met: Vec<CompactString> = Vec::with_capacity(3);
        let mut unclear = None;
        for (one, another) in parts {
            if matches(one, another) {
                met.push(another.clone());
            } else if matches(another, one) {
                met.push(one.clone());
            } else if !common(one, another) {
                return Ok(None);
            } else {
                unclear = Some((one.clone(), another.clone()));
            }
        }
        match (unclear, <[CompactString; 3]>::try_from(met)) {
            (None, Ok([catalog, schema, table])) => Ok(Some(TablePattern { catalog, schema, table })),
            (unclear, _) => Err(unclear.unwrap_or_default()),
        }
    }

    /// Whether it can be that some table is of both.
    pub(super) fn may_meet(&self, other: &TablePattern) -> bool {
        let parts = [(&self.catalog, &other.catalog), (&self.schema, &other.schema), (&self.table, &other.table)];
        parts.into_iter().all(|(one, another)| common(one, another))
    }

    /// Whether an object is of it.
    pub(super) fn takes_in(&self, name: &TableName) -> bool {
        matches(&self.catalog, &name.catalog)
            && matches(&self.schema, &name.schema)
            && matches(&self.table, &name.table)
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

    /// All things.
    fn into_all(self) -> impl Iterator<Item = T> {
        let patterns = self.patterns.into_values().flatten().map(|(_, thing)| thing);
        self.exact.into_values().chain(patterns)
    }
}

/// Rules by whom they are for.
#[derive(Debug, Default)]
pub(super) struct Audience {
    everyone: Vec<RuleId>,
    users: HashMap<String, Vec<RuleId>>,
    groups: HashMap<String, Vec<RuleId>>,
    /// By one of the attributes that they ask for, with its value; the others have to be looked at.
    attributes: HashMap<String, HashMap<String, Vec<RuleId>>>,
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
        if let Some((name, values)) = who.attributes.first_key_value() {
            let by_value = self.attributes.entry(name.clone()).or_default();
            for value in values {
                by_value.entry(value.clone()).or_default().push(rule);
            }
        }
    }

    /// Adds the rules for a user to `found`, and some that ask for attributes that the user has not, or for groups that it may not be in.
    pub(super) fn collect(&self, subject: &Subject, found: &mut Vec<RuleId>) {
        found.extend(&self.everyone);
        found.extend(self.users.get(&subject.user).into_iter().flatten());
        if subject.more_groups {
            found.extend(self.groups.values().flatten());
        } else {
            for group in &subject.groups {
                found.extend(self.groups.get(group).into_iter().flatten());
            }
        }
        if self.attributes.is_empty() {
            return;
        }
        for (name, values) in &subject.attributes {
            let Some(by_value) = self.attributes.get(name) else { continue };
            found.extend(values.iter().filter_map(|value| by_value.get(value)).flatten());
        }
    }
}

/// Things by objects with names of three parts, or patterns of such names.
#[derive(Debug)]
pub(super) struct ObjectIndex<T> {
    catalogs: Names<Names<Names<T>>>,
}

impl<T> Default for ObjectIndex<T> {
    fn default() -> ObjectIndex<T> {
        ObjectIndex { catalogs: Names::default() }
    }
}

impl<T: Default> ObjectIndex<T> {
    /// The thing under a pattern; a new one if there is none yet.
    pub(super) fn entry(&mut self, pattern: &TablePattern) -> &mut T {
        self.catalogs.entry(&pattern.catalog).entry(&pattern.schema).entry(&pattern.table)
    }

    /// All things whose pattern takes in an object.
    pub(super) fn all<'a>(&'a self, object: &'a TableName) -> impl Iterator<Item = &'a T> {
        self.catalogs
            .all(&object.catalog)
            .flat_map(|schemas| schemas.all(&object.schema))
            .flat_map(|tables| tables.all(&object.table))
    }
}

impl<T> ObjectIndex<T> {
    /// All things, whatever their pattern.
    pub(super) fn into_all(self) -> impl Iterator<Item = T> {
        self.catalogs.into_all().flat_map(Names::into_all).flat_map(Names::into_all)
    }
}

/// Rules by object and by whom they are for.
pub(super) type RuleIndex = ObjectIndex<Audience>;

impl RuleIndex {
    /// The rules about an object that may be for a user, in order, each once.
    pub(super) fn find(&self, object: &TableName, subject: &Subject) -> Vec<RuleId> {
        let mut found = Vec::new();
        self.all(object).for_each(|audience| audience.collect(subject, &mut found));
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
    /// Who has one of the values of each of these attributes; nobody if there are none.
    pub(super) attributes: BTreeMap<String, BTreeSet<String>>,
}

impl Who {
    pub(super) fn everyone() -> Who {
        Who { everyone: true, ..Who::default() }
    }

    pub(super) fn takes_in(&self, subject: &Subject) -> bool {
        self.everyone
            || self.users.contains(&subject.user)
            || (!self.groups.is_empty() && subject.groups.iter().any(|group| self.groups.contains(group)))
            || (!self.attributes.is_empty() && self.has_attributes(subject))
    }

    /// Whether a user can't be told to be outside of the set: an attribute is missing, or there may be more groups.
    pub(super) fn may_take_in(&self, subject: &Subject) -> bool {
        let has = |(name, wanted): (&String, &BTreeSet<String>)| {
            subject.attributes.get(name).is_none_or(|values| values.iter().any(|value| wanted.contains(value)))
        };
        self.takes_in(subject)
            || self.may_be_of_a_group(subject)
            || (!self.attributes.is_empty() && self.attributes.iter().all(has))
    }

    /// Whether a user may be in one of the groups, for all that is known.
    pub(super) fn may_be_of_a_group(&self, subject: &Subject) -> bool {
        !self.groups.is_empty() && subject.more_groups
    }

    fn has_attributes(&self, subject: &Subject) -> bool {
        self.attributes.iter().all(|(name, wanted)| {
            subject.attributes.get(name).is_some_and(|values| values.iter().any(|value| wanted.contains(value)))
        })
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
