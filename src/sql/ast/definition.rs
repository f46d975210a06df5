//! Statements that create, change and drop catalogs, schemas, tables and views.

use super::{
    ColumnChange, CreateMaterializedView, CreateTable, CreateTableAsSelect, CreateView, Expr, FunctionSpecification,
    Identifier, ParameterDeclaration, Principal, QualifiedName, Span, StringLiteral,
};

/// A statement that defines an object, or ends it.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// `CREATE CATALOG …`.
    CreateCatalog(CreateCatalog),
    /// `DROP CATALOG [IF EXISTS] name [CASCADE | RESTRICT]`.
    DropCatalog {
        /// The catalog.
        name: Identifier,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE` or `RESTRICT`.
        behavior: Option<DropBehavior>,
    },
    /// `CREATE SCHEMA …`.
    CreateSchema(CreateSchema),
    /// `DROP SCHEMA [IF EXISTS] name [CASCADE | RESTRICT]`.
    DropSchema {
        /// The schema.
        name: QualifiedName,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE` or `RESTRICT`.
        behavior: Option<DropBehavior>,
    },
    /// `ALTER SCHEMA name RENAME TO to`.
    RenameSchema {
        /// The schema.
        name: QualifiedName,
        /// Its new name.
        to: Identifier,
    },
    /// `CREATE TABLE name (elements) …`.
    CreateTable(CreateTable),
    /// `CREATE TABLE name … AS query`.
    CreateTableAsSelect(CreateTableAsSelect),
    /// `DROP TABLE`, `DROP VIEW`, `DROP MATERIALIZED VIEW`.
    DropRelation {
        /// Of what kind the object is.
        kind: RelationKind,
        /// The object.
        name: QualifiedName,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER {TABLE | VIEW | MATERIALIZED VIEW} [IF EXISTS] name RENAME TO to`.
    RenameRelation {
        /// Of what kind the object is.
        kind: RelationKind,
        /// The object.
        name: QualifiedName,
        /// `IF EXISTS`, which views don't have.
        if_exists: bool,
        /// Its new name.
        to: QualifiedName,
    },
    /// `ALTER {TABLE | MATERIALIZED VIEW} name SET PROPERTIES name = value, …`.
    SetProperties {
        /// Of what kind the object is; never a view.
        kind: RelationKind,
        /// The object.
        name: QualifiedName,
        /// The properties, one or more.
        properties: Vec<Property>,
    },
    /// `ALTER TABLE [IF EXISTS] table` and what becomes of a column.
    AlterColumn {
        /// The table.
        table: QualifiedName,
        /// `IF EXISTS` of the table.
        if_exists: bool,
        /// What becomes of which column.
        change: ColumnChange,
    },
    /// `CREATE [OR REPLACE] VIEW …`.
    CreateView(CreateView),
    /// `CREATE [OR REPLACE] MATERIALIZED VIEW …`.
    CreateMaterializedView(CreateMaterializedView),
    /// `CREATE [OR REPLACE] FUNCTION …`.
    CreateFunction {
        /// The function.
        specification: FunctionSpecification,
        /// `OR REPLACE`.
        replace: bool,
    },
    /// `DROP FUNCTION [IF EXISTS] name (parameters)`.
    DropFunction {
        /// The function.
        name: QualifiedName,
        /// The parameters, by which one of several functions of a name is meant.
        parameters: Vec<ParameterDeclaration>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `COMMENT ON {TABLE | VIEW | COLUMN} name IS {'text' | NULL}`.
    Comment {
        /// What is commented on.
        target: CommentTarget,
        /// `None` for `NULL`.
        comment: Option<StringLiteral>,
    },
}

impl Definition {
    /// Trino's class name of the statement.
    pub fn class(&self) -> &'static str {
        match self {
            Definition::CreateCatalog(_) => "CreateCatalog",
            Definition::DropCatalog { .. } => "DropCatalog",
            Definition::CreateSchema(_) => "CreateSchema",
            Definition::DropSchema { .. } => "DropSchema",
            Definition::RenameSchema { .. } => "RenameSchema",
            Definition::CreateTable(_) => "CreateTable",
            Definition::CreateTableAsSelect(_) => "CreateTableAsSelect",
            Definition::DropRelation { kind, .. } => match kind {
                RelationKind::Table => "DropTable",
                RelationKind::View => "DropView",
                RelationKind::MaterializedView => "DropMaterializedView",
            },
            Definition::RenameRelation { kind, .. } => match kind {
                RelationKind::Table => "RenameTable",
                RelationKind::View => "RenameView",
                RelationKind::MaterializedView => "RenameMaterializedView",
            },
            Definition::SetProperties { .. } => "SetProperties",
            Definition::AlterColumn { change, .. } => change.class(),
            Definition::CreateView(_) => "CreateView",
            Definition::CreateMaterializedView(_) => "CreateMaterializedView",
            Definition::CreateFunction { .. } => "CreateFunction",
            Definition::DropFunction { .. } => "DropFunction",
            Definition::Comment { .. } => "Comment",
        }
    }
}

/// What kind of relation a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum RelationKind {
    Table,
    View,
    MaterializedView,
}

/// What becomes of what is in a dropped object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum DropBehavior {
    Cascade,
    Restrict,
}

/// What happens if there is such an object already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfExists {
    /// The statement fails.
    Fail,
    /// `IF NOT EXISTS`: nothing.
    Ignore,
    /// `OR REPLACE`: it is replaced.
    Replace,
}

/// `CREATE CATALOG [IF NOT EXISTS] name USING connector [COMMENT 'text'] [AUTHORIZATION owner] [WITH (properties)]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateCatalog {
    /// The catalog.
    pub name: Identifier,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// The connector.
    pub connector: Identifier,
    /// `COMMENT`.
    pub comment: Option<StringLiteral>,
    /// `AUTHORIZATION`.
    pub owner: Option<Principal>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
}

/// `CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION owner] [WITH (properties)]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSchema {
    /// The schema.
    pub name: QualifiedName,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `AUTHORIZATION`.
    pub owner: Option<Principal>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
}

/// `name = value`, or `name = DEFAULT`.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The whole of it.
    pub span: Span,
    /// Which property.
    pub name: Identifier,
    /// Its value; `None` for `DEFAULT`.
    pub value: Option<Expr>,
}

/// What `COMMENT ON` is about.
#[derive(Clone, Debug, PartialEq)]
pub enum CommentTarget {
    /// A table.
    Table(QualifiedName),
    /// A view.
    View(QualifiedName),
    /// A column.
    Column {
        /// What stands before the last dot.
        table: Option<QualifiedName>,
        /// The column.
        column: Identifier,
    },
}
