//! Statements that change rows, or what is stored of them.

use super::{Expr, Identifier, Property, QualifiedName, Query, Relation, Span};

/// A statement that changes rows, or what is stored of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `INSERT INTO table [(columns)] query`.
    Insert {
        /// The table.
        table: QualifiedName,
        /// `@ branch` behind the table, of Trino 483.
        branch: Option<Identifier>,
        /// The columns, empty if none were given.
        columns: Vec<Identifier>,
        /// The rows.
        query: Box<Query>,
    },
    /// `DELETE FROM table [WHERE condition]`.
    Delete {
        /// The table.
        table: QualifiedName,
        /// `@ branch` behind the table, of Trino 483.
        branch: Option<Identifier>,
        /// Which rows.
        filter: Option<Expr>,
    },
    /// `UPDATE table SET column = value, … [WHERE condition]`.
    Update {
        /// The table.
        table: QualifiedName,
        /// `@ branch` behind the table, of Trino 483.
        branch: Option<Identifier>,
        /// What is set, one or more.
        assignments: Vec<Assignment>,
        /// Which rows.
        filter: Option<Expr>,
    },
    /// `MERGE INTO …`.
    Merge(Merge),
    /// `TRUNCATE TABLE table`.
    Truncate {
        /// The table.
        table: QualifiedName,
    },
    /// `ALTER TABLE table EXECUTE procedure [(arguments)] [WHERE condition]`.
    TableExecute {
        /// The table.
        table: QualifiedName,
        /// The procedure.
        procedure: Identifier,
        /// The arguments; `None` without parentheses.
        arguments: Option<Vec<CallArgument>>,
        /// Which rows.
        filter: Option<Expr>,
    },
    /// `REFRESH MATERIALIZED VIEW view`.
    RefreshMaterializedView {
        /// The materialized view.
        view: QualifiedName,
    },
    /// `ALTER VIEW view REFRESH`, of Trino 483.
    RefreshView {
        /// The view.
        view: QualifiedName,
    },
    /// `ANALYZE table [WITH (properties)]`.
    Analyze {
        /// The table.
        table: QualifiedName,
        /// `WITH`, empty without it.
        properties: Vec<Property>,
    },
    /// `CALL procedure (arguments)`.
    Call {
        /// The procedure.
        procedure: QualifiedName,
        /// The arguments.
        arguments: Vec<CallArgument>,
    },
}

impl Change {
    /// Whether it changes rows alone, and not what a table looks like.
    pub fn is_of_rows(&self) -> bool {
        match self {
            Change::Insert { .. }
            | Change::Delete { .. }
            | Change::Update { .. }
            | Change::Merge(_)
            | Change::Truncate { .. }
            | Change::Analyze { .. } => true,
            Change::TableExecute { .. }
            | Change::RefreshMaterializedView { .. }
            | Change::RefreshView { .. }
            | Change::Call { .. } => false,
        }
    }

    /// Trino's class name of the statement.
    pub fn class(&self) -> &'static str {
        match self {
            Change::Insert { .. } => "Insert",
            Change::Delete { .. } => "Delete",
            Change::Update { .. } => "Update",
            Change::Merge(_) => "Merge",
            Change::Truncate { .. } => "TruncateTable",
            Change::TableExecute { .. } => "TableExecute",
            Change::RefreshMaterializedView { .. } => "RefreshMaterializedView",
            Change::RefreshView { .. } => "RefreshView",
            Change::Analyze { .. } => "Analyze",
            Change::Call { .. } => "Call",
        }
    }
}

/// `column = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The whole of it.
    pub span: Span,
    /// The column.
    pub column: Identifier,
    /// Its new value.
    pub value: Expr,
}

/// `[name =>] value`.
#[derive(Clone, Debug, PartialEq)]
pub struct CallArgument {
    /// The whole of it.
    pub span: Span,
    /// The argument's name.
    pub name: Option<Identifier>,
    /// Its value.
    pub value: Expr,
}

/// `MERGE INTO table [[AS] alias] USING source ON condition cases`.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The table that is changed.
    pub table: QualifiedName,
    /// `@ branch` behind the table, of Trino 483.
    pub branch: Option<Identifier>,
    /// Its alias.
    pub alias: Option<Identifier>,
    /// What is merged into it.
    pub source: Relation,
    /// Which rows match.
    pub condition: Expr,
    /// What becomes of them, one or more.
    pub cases: Vec<MergeCase>,
}

/// `WHEN [NOT] MATCHED [AND condition] THEN action`.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeCase {
    /// The whole of it.
    pub span: Span,
    /// `AND condition`.
    pub condition: Option<Expr>,
    /// What is done; `INSERT` follows `WHEN NOT MATCHED`, the others `WHEN MATCHED`.
    pub action: MergeAction,
}

/// What is done with a row.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeAction {
    /// `UPDATE SET column = value, …`.
    Update(Vec<Assignment>),
    /// `DELETE`.
    Delete,
    /// `INSERT [(columns)] VALUES (values)`.
    Insert {
        /// The columns, empty if none were given.
        columns: Vec<Identifier>,
        /// The values.
        values: Vec<Expr>,
    },
}
