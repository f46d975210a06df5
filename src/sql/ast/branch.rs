//! Statements about the branches of tables, of Trino 483.

use super::{Identifier, IfExists, Property, QualifiedName};

/// A statement about a branch of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Branch {
    /// `CREATE [OR REPLACE] BRANCH [IF NOT EXISTS] name [WITH (properties)] IN TABLE table [FROM branch]`.
    Create {
        /// The branch.
        name: Identifier,
        /// What happens if there is such a branch.
        if_exists: IfExists,
        /// `WITH`, empty without it.
        properties: Vec<Property>,
        /// Whose branch it is.
        table: QualifiedName,
        /// The branch that it begins as.
        from: Option<Identifier>,
    },
    /// `DROP BRANCH [IF EXISTS] name IN TABLE table`.
    Drop {
        /// The branch.
        name: Identifier,
        /// `IF EXISTS`.
        if_exists: bool,
        /// Whose branch it is.
        table: QualifiedName,
    },
    /// `ALTER BRANCH name IN TABLE table FAST FORWARD TO branch`.
    FastForward {
        /// The branch.
        name: Identifier,
        /// Whose branch it is.
        table: QualifiedName,
        /// The branch whose state it takes.
        to: Identifier,
    },
    /// `SHOW BRANCHES {FROM | IN} TABLE table`.
    Show {
        /// Whose branches are shown.
        table: QualifiedName,
    },
}

impl Branch {
    /// Trino's class name of the statement.
    pub fn class(&self) -> &'static str {
        match self {
            Branch::Create { .. } => "CreateBranch",
            Branch::Drop { .. } => "DropBranch",
            Branch::FastForward { .. } => "FastForwardBranch",
            Branch::Show { .. } => "ShowBranches",
        }
    }
}
