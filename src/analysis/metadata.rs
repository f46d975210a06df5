//! What a user sees of Trino's metadata tables.
//!
//! In: the name of a table, who asks, and which tables that user may know of. Out: whether it is a metadata table, and
//! if so, the filter and the masks that leave only what the user may know of. It never looks at a statement, and a
//! metadata table that it does not know is refused.

use crate::catalog::table::Column;
use crate::names::TableName;
use crate::policy::{Subject, VisibleTables};
use compact_str::CompactString;

/// What a user may read of a table that may be a metadata table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// It is a table like others: policies decide.
    NotMetadata,
    /// Each row may be read as it is.
    Open,
    /// Nobody may read it, or nobody but those whom a policy grants it by its full name.
    Refused,
    /// Some of it may be read.
    Filtered {
        /// The columns that `SELECT *` gives, in Trino's order, none left out.
        columns: Vec<Column>,
        /// The columns that Trino hides from `SELECT *`. They go into a guard only where the statement names one of
        /// them, so that `*` stays as it is.
        hidden: Vec<Column>,
        /// The filter, over `columns` by their quoted names: a disjunction of conjunctions of `"col" = 'lit'`,
        /// `"col" LIKE 'pat' ESCAPE '\'`, `"col" IN (…)`, `"col" NOT IN (…)`, or `TRUE`, or `FALSE`.
        predicate: String,
        /// Masks by column: `IF(<a predicate of the same form>, "col")` or `NULL`.
        masks: Vec<(CompactString, String)>,
    },
}

/// What a user may read of `table`, if it is a metadata table of Trino's.
pub fn metadata_access(table: &TableName, _subject: &Subject, _visible: &VisibleTables) -> Metadata {
    if table.catalog == "system" || table.schema == "information_schema" {
        return Metadata::Refused;
    }
    Metadata::NotMetadata
}
