//! The compiled set of policies.

use super::access::{Answer, Subject, TableAccess, VisibleTables};
use crate::names::TableName;

/// All policies of one moment, compiled. Immutable; a new one replaces it as a whole.
#[derive(Debug, Default)]
pub struct Snapshot {}

impl Snapshot {
    /// Identifies the snapshot in decision records: a Git commit, or a hash of the folder's contents.
    pub fn revision(&self) -> &str {
        ""
    }

    /// The subject of a user: the name with the groups that `Principals` documents put it in, and `extra` ones that
    /// identification gave.
    pub fn subject(&self, user: &str, extra: &[String]) -> Subject {
        Subject { user: user.to_owned(), groups: extra.iter().cloned().collect() }
    }

    /// What a user may do with a table. The same for a table that does not exist.
    pub fn table_access(&self, _subject: &Subject, _table: &TableName) -> TableAccess {
        TableAccess::none()
    }

    /// Whether `principal` may act as the user `target`.
    pub fn may_impersonate(&self, _principal: &Subject, _target: &str) -> Answer {
        Answer::NotGranted
    }

    /// Whether a user may set a session property: `name` of the system, or `catalog.name`.
    pub fn may_set_session(&self, _subject: &Subject, _property: &str) -> Answer {
        Answer::NotGranted
    }

    /// Which tables a user may know of: those that some grant gives any privilege on.
    pub fn visible(&self, _subject: &Subject) -> VisibleTables {
        VisibleTables::default()
    }
}
