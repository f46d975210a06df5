//! `SHOW` and `DESCRIBE` as queries over metadata tables.
//!
//! In: the statement, its session, who asks, the snapshot and what is known of tables. Out: the text of a query with the
//! columns, types and order that Trino gives for the statement. The query is not filtered: it goes the same way as any
//! other query, so its metadata tables are guarded as those of a user's own text are. What does not exist and what the
//! user may not know of get the same answer.

use super::session::Session;
use crate::catalog::table::{Need, Tables};
use crate::enforce::{ErrorCode, Refusal};
use crate::policy::{Snapshot, Subject};
use crate::sql::StatementKind;

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is not one that is rewritten here.
    Other,
    /// Whether these exist has to be known first.
    Needs(Vec<Need>),
    /// A query that shows the same, not yet guarded.
    Query(String),
}

/// The query that stands for `SHOW CATALOGS`, `SHOW SCHEMAS`, `SHOW TABLES`, `SHOW COLUMNS` or `DESCRIBE`.
///
/// # Errors
/// Trino's own error for a catalog, schema or table that does not exist or that the user may not know of, and for a
/// session without catalog or schema. A location of `(1, 1)` stands for the place where the statement starts.
pub fn show_query(
    kind: &StatementKind,
    _session: &Session,
    _subject: &Subject,
    _snapshot: &Snapshot,
    _tables: &Tables,
) -> Result<Shown, Refusal> {
    match kind {
        StatementKind::ShowCatalogs { .. }
        | StatementKind::ShowSchemas { .. }
        | StatementKind::ShowTables { .. }
        | StatementKind::ShowColumns { .. } => Err(Refusal {
            code: ErrorCode::NotSupported,
            message: "not supported by Sluice yet".to_owned(),
            location: None,
        }),
        _ => Ok(Shown::Other),
    }
}
