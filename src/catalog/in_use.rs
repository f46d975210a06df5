//! Which tables of a schema statements need at this time, so that these are asked for again before they are forgotten.
//!
//! One question about a schema asks for all of them, but for those that no statement has needed since they were asked for
//! last.

use crate::names::TableName;
use compact_str::CompactString;
use moka::sync::Cache;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether a statement has needed something since it was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Used(Arc<AtomicBool>);

impl Used {
    /// A statement needs it.
    pub(super) fn set(&self) {
        // Most often it is set already, and then other processors need not be told.
        if !self.is_set() {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The tables of all schemas.
#[derive(Clone, Debug)]
pub(super) struct InUse {
    schemas: Cache<(CompactString, CompactString), Arc<Mutex<Schema>>>,
    /// Shortest time from one question about a schema to the next.
    apart: Duration,
}

#[derive(Debug, Default)]
struct Schema {
    asked: Option<Instant>,
    tables: HashMap<CompactString, Used>,
}

impl InUse {
    /// None yet. A schema of which nothing is asked for `idle` is forgotten.
    pub(super) fn new(schemas: u64, apart: Duration, idle: Duration) -> InUse {
        InUse { schemas: Cache::builder().max_capacity(schemas).time_to_idle(idle).build(), apart }
    }

    fn with<T>(&self, name: &TableName, act: impl FnOnce(&mut Schema) -> T) -> T {
        let schema = self.schemas.get_with((name.catalog.clone(), name.schema.clone()), Arc::default);
        // All that is done under the lock leaves what it holds whole.
        act(&mut schema.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A table was asked for, and is there.
    pub(super) fn asked(&self, name: &TableName, used: Used) {
        self.with(name, |schema| schema.tables.insert(name.table.clone(), used));
    }

    /// What to ask for where a statement needs a table that was asked for some time ago: that, and the others of its schema
    /// that are in use. `None` if the schema was just asked about.
    pub(super) fn turn(&self, name: &TableName, now: Instant) -> Option<Vec<TableName>> {
        self.with(name, |schema| {
            if schema.asked.is_some_and(|asked| now.duration_since(asked) < self.apart) {
                return None;
            }
            schema.asked = Some(now);
            // Those that are answered come back, and those that can't be read or are gone do not.
            let others = std::mem::take(&mut schema.tables).into_iter();
            let others = others.filter(|(table, used)| *table != name.table && used.is_set());
            let others = others.map(|(table, _)| TableName { table, ..name.clone() });
            Some([name.clone()].into_iter().chain(others).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APART: Duration = Duration::from_secs(15);

    fn name(schema: &str, table: &str) -> TableName {
        TableName::new("lake", schema, table)
    }

    #[test]
    fn a_question_is_about_all_that_statements_have_needed_since_the_last_one() {
        let (in_use, now) = (InUse::new(10, APART, APART), Instant::now());
        let marks = ["a", "b", "c"].map(|table| {
            let used = Used::default();
            in_use.asked(&name("hr", table), used.clone());
            used
        });
        in_use.asked(&name("other", "d"), Used::default());
        marks[1].set();
        assert_eq!(in_use.turn(&name("hr", "a"), now), Some(vec![name("hr", "a"), name("hr", "b")]));
        // `b` was asked for and is not there any more; `c` was left out, and no statement has asked for it since.
        marks[2].set();
        in_use.asked(&name("hr", "a"), Used::default());
        assert_eq!(in_use.turn(&name("hr", "a"), now + APART), Some(vec![name("hr", "a")]));
    }

    #[test]
    fn a_schema_has_one_question_at_a_time() {
        let (in_use, now) = (InUse::new(10, APART, APART), Instant::now());
        let turn = |schema: &str, after| in_use.turn(&name(schema, "a"), now + after).is_some();
        assert!(turn("hr", Duration::ZERO) && turn("other", Duration::ZERO));
        assert!(!turn("hr", APART - Duration::from_millis(1)));
        assert!(turn("hr", APART));
    }
}
