//! What tables were to users, so that it is not made again for each statement of the same user.
//!
//! Only those objects are kept that rest on nothing but who asks, the policies and the table as Trino describes it: no view, no
//! metadata table, none whose policies read another table. The verifier makes what it needs by itself, so a query by an object that
//! were wrong would end in an alarm and not in a leak.

use super::object::{Guard, Object, Reading};
use crate::enforce::Options;
use crate::enforce::kept::{Kept, OfUser, Weigh};
use crate::policy::{Snapshot, Subject, TableAccess};

/// About what an object takes besides its columns and expressions, in bytes.
const OVERHEAD: usize = 1024;
/// What a column takes besides a mask, or its name in a rule.
const COLUMN: usize = 96;
/// What a mask or a filter takes besides its text, and what a byte of that does with its tree.
const EXPRESSION: usize = 1536;
const LETTER: usize = 8;
/// What a rule about the table takes besides names of columns.
const RULE: usize = 256;

/// What tables were to users. Cloning it is cheap and shares them.
#[derive(Clone, Debug)]
pub struct Objects(Kept<Object>);

impl Objects {
    /// Keeps objects of about so many bytes in all, the latest used; none at 0.
    pub fn new(bytes: u64) -> Objects {
        Objects(Kept::new(bytes))
    }

    pub(super) fn of_user<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        subject: &'a Subject,
        options: &'a Options,
    ) -> OfUser<'a, Object> {
        OfUser::new(&self.0, snapshot, subject, options)
    }
}

impl Weigh for Object {
    fn bytes(&self) -> usize {
        let columns = match &self.reading {
            Reading::Unrestricted { columns } => columns.as_ref().map_or(0, |columns| columns.len() * COLUMN),
            Reading::Guarded(guard) => guard.bytes(),
            _ => 0,
        };
        let (rules, names) = self.access.as_ref().map_or((0, 0), TableAccess::rules_and_names);
        OVERHEAD + columns + rules * RULE + names * COLUMN
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
