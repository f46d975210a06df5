//! What tables were to users, so that it is not made again for each statement of the same user.
//!
//! In: who asks, by which policies, and a table as Trino describes it now. Out: the object that was made from equal ones.
//! Only those are kept that rest on nothing else: no view, no metadata table, none whose policies read another table. The
//! verifier makes what it needs anew, so a query by an object that were wrong would end in an alarm and not in a leak.

use super::object::{Guard, Object, Reading};
use crate::catalog::table::Table;
use crate::enforce::Options;
use crate::names::TableName;
use crate::policy::{Snapshot, Subject, TableAccess};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::cell::OnceCell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// About what an object takes besides its columns and expressions, in bytes.
const OVERHEAD: usize = 1024;
/// What a column takes besides a mask, or its name in a rule.
const COLUMN: usize = 96;
/// What a mask or a filter takes besides its text, and what a byte of that does with its tree.
const EXPRESSION: usize = 1536;
const LETTER: usize = 8;
/// What a rule about the table takes besides names of columns.
const RULE: usize = 256;
/// What an entry of a list takes besides its text.
const ENTRY: usize = 32;

/// What tables were to users. Cloning it is cheap and shares them.
#[derive(Clone, Debug)]
pub struct Objects {
    /// By the hash of user, switches and name: a change of the policies or of the table replaces what was kept.
    kept: Cache<u64, Arc<Kept>>,
    hasher: RandomState,
}

/// An object with all that it was made from. A hash only finds it; the comparison is of these.
#[derive(Debug)]
struct Kept {
    subject: Subject,
    revision: String,
    options: Options,
    name: TableName,
    table: Arc<Table>,
    object: Arc<Object>,
}

impl Objects {
    /// Keeps objects of about so many bytes in all, the latest used; none at 0.
    pub fn new(bytes: u64) -> Objects {
        // The latest used, not the most used: what was made by an older snapshot has to give way.
        let cache = Cache::builder().max_capacity(bytes).eviction_policy(EvictionPolicy::lru());
        let weigh = |_: &u64, kept: &Arc<Kept>| u32::try_from(kept.bytes()).unwrap_or(u32::MAX);
        Objects { kept: cache.weigher(weigh).build(), hasher: RandomState::new() }
    }
}

/// Those of one user, by one snapshot.
#[derive(Debug)]
pub(super) struct OfUser<'a> {
    objects: &'a Objects,
    snapshot: &'a Snapshot,
    subject: &'a Subject,
    options: &'a Options,
    /// The hash of the user with the switches: it is the same for each table of a statement.
    hash: OnceCell<u64>,
}

impl<'a> OfUser<'a> {
    pub(super) fn new(
        objects: &'a Objects,
        snapshot: &'a Snapshot,
        subject: &'a Subject,
        options: &'a Options,
    ) -> OfUser<'a> {
        OfUser { objects, snapshot, subject, options, hash: OnceCell::new() }
    }

    pub(super) fn objects(&self) -> &'a Objects {
        self.objects
    }

    /// What a table, as it is described now, was before.
    pub(super) fn get(&self, name: &TableName, table: &Arc<Table>) -> Option<Arc<Object>> {
        let kept = self.objects.kept.get(&self.hash(name))?;
        let same = Arc::ptr_eq(&kept.table, table) || kept.table == *table;
        (same && self.made(&kept, name)).then(|| Arc::clone(&kept.object))
    }

    /// Keeps what was made of a table.
    pub(super) fn keep(&self, name: &TableName, table: &Arc<Table>, object: &Arc<Object>) {
        let kept = Kept {
            subject: self.subject.clone(),
            revision: self.snapshot.revision().to_owned(),
            options: self.options.clone(),
            name: name.clone(),
            table: Arc::clone(table),
            object: Arc::clone(object),
        };
        self.objects.kept.insert(self.hash(name), Arc::new(kept));
    }

    fn made(&self, kept: &Kept, name: &TableName) -> bool {
        let Kept { subject, revision, options, name: of, table: _, object: _ } = kept;
        of == name && subject == self.subject && revision == self.snapshot.revision() && options == self.options
    }

    fn hash(&self, name: &TableName) -> u64 {
        let hasher = &self.objects.hasher;
        let of_user = *self.hash.get_or_init(|| hasher.hash_one((self.subject, self.options)));
        hasher.hash_one((of_user, name))
    }
}

impl Kept {
    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let Kept { subject, revision, options: _, name: _, table: _, object } = self;
        let attributes = subject.attributes.iter().flat_map(|(name, values)| values.iter().chain([name]));
        let of_user: usize = subject.groups.iter().chain(attributes).map(|text| text.len() + ENTRY).sum();
        let columns = match &object.reading {
            Reading::Unrestricted { columns } => columns.as_ref().map_or(0, |columns| columns.len() * COLUMN),
            Reading::Guarded(guard) => guard.bytes(),
            _ => 0,
        };
        let (rules, names) = object.access.as_ref().map_or((0, 0), TableAccess::rules_and_names);
        OVERHEAD + of_user + revision.len() + columns + rules * RULE + names * COLUMN
    }
}

impl Guard {
    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let masks = self.columns.iter().filter_map(|column| column.mask.as_deref());
        let expressions: usize = masks.chain(&self.filters).map(|expr| EXPRESSION + expr.text.len() * LETTER).sum();
        self.columns.len() * COLUMN + expressions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::table::{Column, TableKind};
    use crate::enforce::Views;
    use crate::sql::GrammarVersion;

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
        let object = Arc::new(Object { access: None, reading: Reading::Missing });
        let objects = Objects::new(1 << 20);
        let kept = OfUser::new(&objects, &snapshot, &own, &options);
        kept.keep(&name, &described, &object);
        let kept = objects.kept.get(&kept.hash(&name)).unwrap();
        let found = |subject, options, name, table| {
            let asked = OfUser::new(&objects, &snapshot, subject, options);
            objects.kept.insert(asked.hash(name), Arc::clone(&kept));
            asked.get(name, table).is_some()
        };
        assert!(found(&own, &options, &name, &described));
        assert!(!found(&other, &options, &name, &described));
        assert!(!found(&own, &newer, &name, &described));
        assert!(!found(&own, &options, &elsewhere, &described));
        assert!(!found(&own, &options, &name, &more));
    }
}
