//! Documents → compiled set → decision about one table for one user.
//!
//! In: policy documents as text. Out: a [`Snapshot`], immutable, which answers what a [`Subject`] may do with an object.
//! Pure: where documents come from is the business of `store`.

mod access;
mod snapshot;

pub use access::{
    Answer, ColumnRule, Columns, Filter, Mask, PolicyRef, Privilege, Subject, TableAccess, Visible, VisibleTables,
    matches,
};
pub use snapshot::Snapshot;
