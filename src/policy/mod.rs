//! Documents → compiled set → decision about one table for one user.
//!
//! In: policy documents as text. Out: a [`Snapshot`], immutable, which answers what a [`Subject`] may do with an object,
//! or [`Diagnostics`] that say all that is wrong. Pure: where documents come from is the business of `store`.

mod access;
mod compile;
pub mod condition;
mod diagnostics;
mod document;
mod index;
mod lint;
#[cfg(test)]
mod properties;
mod snapshot;
mod suggest;
#[cfg(test)]
mod tests;

pub use access::{
    Answer, ColumnRule, Columns, Filter, Grammars, Mask, PolicyRef, Privilege, Subject, TableAccess, Visible,
    VisibleTables, matches,
};
pub use compile::compile;
pub use diagnostics::{Diagnostic, Diagnostics, Finding, Place, Severity};
pub use lint::lint;
pub use snapshot::Snapshot;

/// Most bytes of one file of policies.
pub const MOST_FILE_BYTES: usize = document::MOST_BYTES;

/// A file of policy documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Its path, relative to the policy folder, with `/` between parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The JSON Schema of a policy document, for editors.
pub fn schema() -> schemars::Schema {
    document::schema()
}
