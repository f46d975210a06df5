//! Documents → compiled set → decision about one table for one user.
//!
//! In: policy documents as text. Out: a [`Snapshot`], immutable, which answers what a [`Subject`] may do with an object,
//! or [`Diagnostics`] that say all that is wrong. Pure: where documents come from is the business of `store`.

mod access;
mod compile;
pub mod condition;
mod decide;
mod diagnostics;
mod document;
mod format;
mod index;
mod inputs;
mod lint;
pub mod mask;
mod overlap;
mod ownership;
#[cfg(test)]
mod properties;
mod reasons;
mod rule;
mod snapshot;
mod suggest;
mod suite;
mod table_access;
mod template;
#[cfg(test)]
mod tests;
mod visible;

pub use access::{Answer, ColumnRule, Columns, Grammars, Moment, PolicyRef, Privilege, Subject, matches};
pub use compile::{Compiler, compile, tests_of};
pub use diagnostics::{Diagnostic, Diagnostics, Finding, Place, Severity};
pub use document::{Kind, bound_to};
pub use format::{Form, Unformattable, format};
pub use inputs::{Claims, Inputs};
pub use lint::{Against, lint, lint_against};
pub use ownership::{Owners, Ownership, owners};
pub use reasons::{Named, Not, Part, Reason, Sort};
pub use rule::Object;
pub use snapshot::{ExceptionInfo, Snapshot};
pub use suite::{Expectation, PolicyTest, Question, TestSuite};
pub use table_access::{TableAccess, Told};
pub use template::Expression;
pub use visible::{Hidden, Visible, VisibleTables};

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
pub fn schema() -> serde_json::Value {
    document::schema()
}
