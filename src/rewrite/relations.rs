//! Which relations a statement reads, for the comparison with those that Trino resolves for it.

use crate::catalog::table::TableKind;
use crate::names::TableName;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The relations that Trino may resolve for a statement, and what each has to be. The verifier notes them while it
/// proves the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    proved: BTreeMap<TableName, Proved>,
    /// Those that policies' own expressions name. Such an expression reads by the policies' authority, whatever it is
    /// that it reads.
    of_policies: BTreeSet<TableName>,
    /// Views with the user with whose rights their texts are read, where that is not the reader.
    owners: BTreeMap<TableName, CompactString>,
    told: Told,
}

/// What the proof of a statement rests on about one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Proved {
    is: Is,
    /// Whether the statement names it, rather than only a view that the statement names.
    named: bool,
}

/// What a relation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is {
    /// A table, or something that reads as one.
    Table,
    /// A view or a materialized view of this text.
    View(Arc<str>),
}

/// When Trino tells which relations it resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Before anything of the answer can be shown.
    #[default]
    InTime,
    /// After the statement may have had its effect.
    Late,
    /// Never: Trino reads tables for the answer but does not run a query over them.
    Never,
}

impl From<&TableKind> for Is {
    fn from(kind: &TableKind) -> Is {
        match kind {
            TableKind::Table => Is::Table,
            TableKind::View { text } | TableKind::MaterializedView { text } => Is::View(Arc::clone(text)),
        }
    }
}

impl Relations {
    /// Notes a relation.
    pub(crate) fn add(&mut self, name: TableName, is: Is, named: bool) {
        self.proved.entry(name).or_insert(Proved { is, named: false }).named |= named;
    }

    /// Notes a relation that a policy's expression names.
    pub(crate) fn add_of_policy(&mut self, name: TableName) {
        self.of_policies.insert(name);
    }

    /// Notes that the text of a view is read with its owner's rights.
    pub(crate) fn add_owner(&mut self, view: TableName, owner: CompactString) {
        self.owners.insert(view, owner);
    }

    /// Those of two texts together.
    pub(super) fn and(mut self, other: Relations) -> Relations {
        for (name, Proved { is, named }) in other.proved {
            self.add(name, is, named);
        }
        self.of_policies.extend(other.of_policies);
        self.owners.extend(other.owners);
        self.told = self.told.max(other.told);
        self
    }

    /// The same, told of no earlier than so.
    pub(crate) fn told_at(self, told: Told) -> Relations {
        Relations { told: self.told.max(told), ..self }
    }

    /// When Trino tells of them.
    pub fn told(&self) -> Told {
        self.told
    }

    /// Whether there is nothing that Trino could tell of.
    pub fn is_empty(&self) -> bool {
        self.proved.is_empty() || self.told == Told::Never
    }

    /// What a relation was proved to be; `None` if the proof does not speak of it.
    pub fn proved(&self, name: &TableName) -> Option<&Is> {
        self.proved.get(name).map(|proved| &proved.is)
    }

    /// With whose rights the text of a view was proved to be open; `None` for its reader's.
    pub fn owner(&self, view: &TableName) -> Option<&str> {
        self.owners.get(view).map(CompactString::as_str)
    }

    /// Whether only policies' expressions name it.
    pub fn only_of_policies(&self, name: &TableName) -> bool {
        self.of_policies.contains(name) && !self.proved.contains_key(name)
    }

    /// Those that the statement names itself.
    pub fn named(&self) -> impl Iterator<Item = &TableName> {
        self.proved.iter().filter(|(_, proved)| proved.named).map(|(name, _)| name)
    }

    /// All that the proof rests on.
    pub fn names(&self) -> impl Iterator<Item = &TableName> {
        self.proved.keys()
    }

    /// About how much memory they take, in bytes.
    pub fn bytes(&self) -> usize {
        (self.proved.len() + self.of_policies.len() + self.owners.len()) * ENTRY
    }
}

/// What one of them takes; the text of a view is shared with the cache of tables.
const ENTRY: usize = 192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_two_texts_are_together_and_each_takes_memory() {
        let name = |table| TableName::new("lake", "s", table);
        let of = |table, named| {
            let mut relations = Relations::default();
            relations.add(name(table), Is::Table, named);
            relations.add_of_policy(name("of_policies"));
            relations
        };
        let both = of("a", false).and(of("b", true)).and(of("a", true));
        assert_eq!(both.names().cloned().collect::<Vec<_>>(), [name("a"), name("b")]);
        assert_eq!(both.named().count(), 2);
        assert!(both.only_of_policies(&name("of_policies")));
        assert_eq!(both.bytes(), 3 * ENTRY);
        let mut other = Relations::default().told_at(Told::Late);
        other.add_of_policy(name("of_the_other"));
        other.add_owner(name("view"), "svc".into());
        let both = both.and(other);
        assert!(both.only_of_policies(&name("of_the_other")) && both.only_of_policies(&name("of_policies")));
        assert_eq!((both.told(), both.owner(&name("view"))), (Told::Late, Some("svc")));
        assert_eq!(both.bytes(), 5 * ENTRY);
    }
}
