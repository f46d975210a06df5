//! The definitions of tables and what becomes of their columns.

use super::{DataType, Expr, Identifier, IfExists, Property, QualifiedName, Query, Span, StringLiteral};

/// `CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name (elements) [COMMENT 'text'] [WITH (properties)]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// The table.
    pub name: QualifiedName,
    /// What happens if it is there.
    pub if_exists: IfExists,
    /// Columns and `LIKE` clauses, one or more.
    pub elements: Vec<TableElement>,
    /// `COMMENT`.
    pub comment: Option<StringLiteral>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
}

/// An element of a table's definition.
#[derive(Clone, Debug, PartialEq)]
pub enum TableElement {
    /// A column.
    Column(ColumnDefinition),
    /// `LIKE table [{INCLUDING | EXCLUDING} PROPERTIES]`.
    Like {
        /// The whole of it.
        span: Span,
        /// The table whose columns are taken.
        table: QualifiedName,
        /// `INCLUDING PROPERTIES` is `Some(true)`, `EXCLUDING PROPERTIES` is `Some(false)`.
        including_properties: Option<bool>,
    },
}

/// `name type [NOT NULL] [COMMENT 'text'] [WITH (properties)]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDefinition {
    /// The whole of it.
    pub span: Span,
    /// The column, or the field of a row in one.
    pub name: QualifiedName,
    /// Its type.
    pub data_type: DataType,
    /// `DEFAULT` and a literal, of Trino 483.
    pub default: Option<Box<Expr>>,
    /// `NOT NULL`.
    pub not_null: bool,
    /// `COMMENT`.
    pub comment: Option<StringLiteral>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
}

/// `CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name [(columns)] [COMMENT 'text'] [WITH (properties)] AS query
/// [WITH [NO] DATA]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTableAsSelect {
    /// The table.
    pub name: QualifiedName,
    /// What happens if it is there.
    pub if_exists: IfExists,
    /// The names of its columns, empty if none were given.
    pub columns: Vec<Identifier>,
    /// `COMMENT`.
    pub comment: Option<StringLiteral>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
    /// What it is made from.
    pub query: Box<Query>,
    /// `WITH DATA` is `Some(true)`, `WITH NO DATA` is `Some(false)`.
    pub with_data: Option<bool>,
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnChange {
    /// `ADD COLUMN [IF NOT EXISTS] column [FIRST | LAST | AFTER column]`.
    Add {
        /// The column, or the field of a row in one.
        column: ColumnDefinition,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// Where it is put.
        position: Option<ColumnPosition>,
    },
    /// `RENAME COLUMN [IF EXISTS] column TO to`.
    Rename {
        /// The column, or the field of a row in one.
        column: QualifiedName,
        /// `IF EXISTS`.
        if_exists: bool,
        /// Its new name.
        to: Identifier,
    },
    /// `DROP COLUMN [IF EXISTS] column`.
    Drop {
        /// The column, or the field of a row in one.
        column: QualifiedName,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER COLUMN column SET DATA TYPE type`.
    SetType {
        /// The column, or the field of a row in one.
        column: QualifiedName,
        /// Its new type.
        data_type: DataType,
    },
    /// `ALTER COLUMN column DROP NOT NULL`.
    DropNotNull {
        /// The column.
        column: Identifier,
    },
    /// `ALTER COLUMN column SET DEFAULT value`, of Trino 483.
    SetDefault {
        /// The column, or a field of it.
        column: QualifiedName,
        /// A literal.
        value: Expr,
    },
    /// `ALTER COLUMN column DROP DEFAULT`, of Trino 483.
    DropDefault {
        /// The column, or a field of it.
        column: QualifiedName,
    },
}

impl ColumnChange {
    /// Trino's class name of the statement.
    pub fn class(&self) -> &'static str {
        match self {
            ColumnChange::Add { .. } => "AddColumn",
            ColumnChange::Rename { .. } => "RenameColumn",
            ColumnChange::Drop { .. } => "DropColumn",
            ColumnChange::SetType { .. } => "SetColumnType",
            ColumnChange::DropNotNull { .. } => "DropNotNullConstraint",
            ColumnChange::SetDefault { .. } => "SetDefaultValue",
            ColumnChange::DropDefault { .. } => "DropDefaultValue",
        }
    }
}

/// Where a column is put.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ColumnPosition {
    First,
    Last,
    After(Identifier),
}
