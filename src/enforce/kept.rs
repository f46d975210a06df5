//! What was made of tables for users, so that it is not made again for each statement of the same user.
//!
//! In: who asks, by which policies and switches, and a table as Trino describes it now. Out: what was made from equal ones. Whoever
//! puts something in answers for it that it rests on nothing else.

use super::Options;
use crate::catalog::table::Table;
use crate::names::TableName;
use crate::policy::{Snapshot, Subject};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::cell::OnceCell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// What an entry of a list takes besides its text, in bytes.
const ENTRY: usize = 32;

/// Something that takes memory.
pub(crate) trait Weigh {
    /// About how much, in bytes.
    fn bytes(&self) -> usize;
}

/// What was made of tables. Cloning it is cheap and shares them.
pub(crate) struct Kept<T> {
    /// By the hash of user, switches and name: a change of the policies or of the table replaces what was kept.
    entries: Cache<u64, Arc<Entry<T>>>,
    hasher: RandomState,
}

/// Something that was made, with all that it was made from. A hash only finds it; the comparison is of these.
struct Entry<T> {
    subject: Subject,
    revision: String,
    options: Options,
    name: TableName,
    table: Arc<Table>,
    made: Arc<T>,
}

impl<T: Weigh + Send + Sync + 'static> Kept<T> {
    /// Keeps about so many bytes in all, the latest used; nothing at 0.
    pub(crate) fn new(bytes: u64) -> Kept<T> {
        // The latest used, not the most used: what was made by an older snapshot has to give way.
        let cache = Cache::builder().max_capacity(bytes).eviction_policy(EvictionPolicy::lru());
        let weigh = |_: &u64, entry: &Arc<Entry<T>>| u32::try_from(entry.bytes()).unwrap_or(u32::MAX);
        Kept { entries: cache.weigher(weigh).build(), hasher: RandomState::new() }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Kept<T> {
        Kept { entries: self.entries.clone(), hasher: self.hasher.clone() }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// What was made for one user, by one snapshot.
pub(crate) struct OfUser<'a, T> {
    kept: &'a Kept<T>,
    snapshot: &'a Snapshot,
    subject: &'a Subject,
    options: &'a Options,
    /// The hash of the user with the switches: it is the same for each table of a statement.
    hash: OnceCell<u64>,
}

impl<T> fmt::Debug for OfUser<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfUser")
    }
}

impl<'a, T: Send + Sync + 'static> OfUser<'a, T> {
    pub(crate) fn new(
        kept: &'a Kept<T>,
        snapshot: &'a Snapshot,
        subject: &'a Subject,
        options: &'a Options,
    ) -> OfUser<'a, T> {
        OfUser { kept, snapshot, subject, options, hash: OnceCell::new() }
    }

    /// What was made of a table as it is described now.
    pub(crate) fn get(&self, name: &TableName, table: &Arc<Table>) -> Option<Arc<T>> {
        let entry = self.kept.entries.get(&self.hash(name))?;
        let same = Arc::ptr_eq(&entry.table, table) || entry.table == *table;
        (same && self.made(&entry, name)).then(|| Arc::clone(&entry.made))
    }

    /// Keeps what was made of a table.
    pub(crate) fn keep(&self, name: &TableName, table: &Arc<Table>, made: &Arc<T>) {
        let entry = Entry {
            subject: self.subject.clone(),
            revision: self.snapshot.revision().to_owned(),
            options: self.options.clone(),
            name: name.clone(),
            table: Arc::clone(table),
            made: Arc::clone(made),
        };
        self.kept.entries.insert(self.hash(name), Arc::new(entry));
    }

    fn made(&self, entry: &Entry<T>, name: &TableName) -> bool {
        let Entry { subject, revision, options, name: of, table: _, made: _ } = entry;
        of == name && subject == self.subject && revision == self.snapshot.revision() && options == self.options
    }

    fn hash(&self, name: &TableName) -> u64 {
        let hasher = &self.kept.hasher;
        let of_user = *self.hash.get_or_init(|| hasher.hash_one((self.subject, self.options)));
        hasher.hash_one((of_user, name))
    }
}

impl<T: Weigh> Entry<T> {
    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let Entry { subject, revision, options: _, name: _, table: _, made } = self;
        let attributes = subject.attributes.iter().flat_map(|(name, values)| values.iter().chain([name]));
        let of_user: usize = subject.groups.iter().chain(attributes).map(|text| text.len() + ENTRY).sum();
        of_user + revision.len() + made.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::table::{Column, TableKind};
    use crate::enforce::Views;
    use crate::sql::GrammarVersion;

    struct Made;

    impl Weigh for Made {
        fn bytes(&self) -> usize {
            1
        }
    }

    /// Two requests may have one hash: what was kept for one of them is not given to the other.
    #[test]
    fn a_hash_alone_finds_nothing() {
        let (snapshot, own) = (Snapshot::default(), Subject::default());
        let other = Subject { user: "other".to_owned(), ..Subject::default() };
        let options = Options { second_opinion: true, grammar: GrammarVersion::V476, views: Views::Invoker };
        let newer = Options { grammar: GrammarVersion::V483, ..options.clone() };
        let (name, elsewhere) = (TableName::new("lake", "hr", "employees"), TableName::new("lake", "hr", "reviews"));
        let table = |columns| Arc::new(Table { columns, kind: TableKind::Table });
        let described = table(Vec::new());
        let more = table(vec![Column { name: "id".into(), data_type: "bigint".into() }]);
        let kept = Kept::new(1 << 20);
        let made = OfUser::new(&kept, &snapshot, &own, &options);
        made.keep(&name, &described, &Arc::new(Made));
        let entry = kept.entries.get(&made.hash(&name)).unwrap();
        let found = |subject, options, name, table| {
            let asked = OfUser::new(&kept, &snapshot, subject, options);
            kept.entries.insert(asked.hash(name), Arc::clone(&entry));
            asked.get(name, table).is_some()
        };
        assert!(found(&own, &options, &name, &described));
        assert!(!found(&other, &options, &name, &described));
        assert!(!found(&own, &newer, &name, &described));
        assert!(!found(&own, &options, &elsewhere, &described));
        assert!(!found(&own, &options, &name, &more));
    }
}
