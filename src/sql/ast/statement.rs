//! Statements.

use super::{Access, Branch, Change, Definition, Expr, Identifier, QualifiedName, Query, Span, StringLiteral};

/// A whole statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The statement without surrounding white space and comments.
    pub span: Span,
    /// What it is.
    pub kind: StatementKind,
}

/// The statements that Sluice reads.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `SELECT`, `WITH`, `VALUES`, `TABLE`.
    Query(Box<Query>),
    /// `EXPLAIN [(options)] statement`.
    Explain {
        /// `FORMAT` and `TYPE`, in order.
        options: Vec<ExplainOption>,
        /// What is explained.
        statement: Box<Statement>,
    },
    /// `EXPLAIN ANALYZE [VERBOSE] statement`.
    ExplainAnalyze {
        /// `VERBOSE`.
        verbose: bool,
        /// What is run and explained.
        statement: Box<Statement>,
    },
    /// `PREPARE name FROM statement`.
    Prepare {
        /// The prepared statement's name.
        name: Identifier,
        /// Its text's tree.
        statement: Box<Statement>,
    },
    /// `DEALLOCATE PREPARE name`.
    Deallocate {
        /// The prepared statement's name.
        name: Identifier,
    },
    /// `EXECUTE name [USING …]`.
    Execute {
        /// The prepared statement's name.
        name: Identifier,
        /// The parameters.
        parameters: Vec<Expr>,
    },
    /// `EXECUTE IMMEDIATE 'text' [USING …]`.
    ExecuteImmediate {
        /// The text, unquoted.
        text: StringLiteral,
        /// The parameters.
        parameters: Vec<Expr>,
    },
    /// `DESCRIBE INPUT name`.
    DescribeInput {
        /// The prepared statement's name.
        name: Identifier,
    },
    /// `DESCRIBE OUTPUT name`.
    DescribeOutput {
        /// The prepared statement's name.
        name: Identifier,
    },
    /// `DESCRIBE OUTPUT (query)`, of Trino 483.
    DescribeQuery {
        /// The query.
        query: Box<Query>,
    },
    /// `SHOW CATALOGS [LIKE …]`.
    ShowCatalogs {
        /// `LIKE` with its `ESCAPE`.
        like: Option<LikePattern>,
    },
    /// `SHOW SCHEMAS [FROM catalog] [LIKE …]`.
    ShowSchemas {
        /// The catalog.
        catalog: Option<Identifier>,
        /// `LIKE` with its `ESCAPE`.
        like: Option<LikePattern>,
    },
    /// `SHOW TABLES [FROM schema] [LIKE …]`.
    ShowTables {
        /// The schema.
        schema: Option<QualifiedName>,
        /// `LIKE` with its `ESCAPE`.
        like: Option<LikePattern>,
    },
    /// `SHOW COLUMNS FROM table [LIKE …]`, `DESCRIBE table`, `DESC table`.
    ShowColumns {
        /// The table.
        table: QualifiedName,
        /// `LIKE` with its `ESCAPE`.
        like: Option<LikePattern>,
    },
    /// `SHOW CREATE {TABLE | SCHEMA | VIEW | MATERIALIZED VIEW} name`.
    ShowCreate {
        /// Of what kind the object is.
        object: ShowCreateObject,
        /// The object.
        name: QualifiedName,
    },
    /// `SHOW CREATE FUNCTION name`.
    ShowCreateFunction {
        /// The function.
        name: QualifiedName,
    },
    /// `SHOW STATS FOR table`.
    ShowStats {
        /// The table.
        table: QualifiedName,
    },
    /// `SHOW STATS FOR (query)`.
    ShowStatsForQuery {
        /// The query.
        query: Box<Query>,
    },
    /// `SHOW FUNCTIONS [FROM schema] [LIKE …]`.
    ShowFunctions {
        /// The schema.
        schema: Option<QualifiedName>,
        /// `LIKE` with its `ESCAPE`.
        like: Option<LikePattern>,
    },
    /// `SHOW SESSION [LIKE …]`.
    ShowSession {
        /// `LIKE` with its `ESCAPE`.
        like: Option<LikePattern>,
    },
    /// `SET SESSION name = expression`.
    SetSession {
        /// The property: `name` or `catalog.name`.
        name: QualifiedName,
        /// Its value.
        value: Expr,
    },
    /// `RESET SESSION name`.
    ResetSession {
        /// The property: `name` or `catalog.name`.
        name: QualifiedName,
    },
    /// `SET TIME ZONE {LOCAL | expression}`.
    SetTimeZone {
        /// `None` for `LOCAL`.
        zone: Option<Expr>,
    },
    /// `USE [catalog.]schema`.
    Use {
        /// The catalog.
        catalog: Option<Identifier>,
        /// The schema.
        schema: Identifier,
    },
    /// `SET PATH element, …`.
    SetPath {
        /// The elements, one or more.
        path: Vec<PathElement>,
    },
    /// `SET SESSION AUTHORIZATION user`.
    SetSessionAuthorization {
        /// Who.
        user: AuthorizationUser,
    },
    /// `RESET SESSION AUTHORIZATION`.
    ResetSessionAuthorization,
    /// `START TRANSACTION [modes]`.
    StartTransaction {
        /// The modes in order.
        modes: Vec<TransactionMode>,
    },
    /// `COMMIT [WORK]`.
    Commit,
    /// `ROLLBACK [WORK]`.
    Rollback,
    /// A statement that creates, changes or drops a catalog, a schema, a table or a view.
    Definition(Box<Definition>),
    /// A statement that changes rows, or what is stored of them.
    Change(Box<Change>),
    /// A statement about roles, privileges or owners.
    Access(Box<Access>),
    /// What is done with the branches of a table, of Trino 483.
    Branch(Box<Branch>),
}

impl StatementKind {
    /// Trino's class name of the statement, as in `io.trino.sql.tree`.
    pub fn class(&self) -> &'static str {
        match self {
            StatementKind::Query(_) => "Query",
            StatementKind::Explain { .. } => "Explain",
            StatementKind::ExplainAnalyze { .. } => "ExplainAnalyze",
            StatementKind::Prepare { .. } => "Prepare",
            StatementKind::Deallocate { .. } => "Deallocate",
            StatementKind::Execute { .. } => "Execute",
            StatementKind::ExecuteImmediate { .. } => "ExecuteImmediate",
            StatementKind::DescribeInput { .. } => "DescribeInput",
            StatementKind::DescribeOutput { .. } | StatementKind::DescribeQuery { .. } => "DescribeOutput",
            StatementKind::ShowCatalogs { .. } => "ShowCatalogs",
            StatementKind::ShowSchemas { .. } => "ShowSchemas",
            StatementKind::ShowTables { .. } => "ShowTables",
            StatementKind::ShowColumns { .. } => "ShowColumns",
            StatementKind::ShowCreate { .. } | StatementKind::ShowCreateFunction { .. } => "ShowCreate",
            StatementKind::ShowStats { .. } | StatementKind::ShowStatsForQuery { .. } => "ShowStats",
            StatementKind::ShowFunctions { .. } => "ShowFunctions",
            StatementKind::ShowSession { .. } => "ShowSession",
            StatementKind::SetSession { .. } => "SetSession",
            StatementKind::ResetSession { .. } => "ResetSession",
            StatementKind::SetTimeZone { .. } => "SetTimeZone",
            StatementKind::Use { .. } => "Use",
            StatementKind::SetPath { .. } => "SetPath",
            StatementKind::SetSessionAuthorization { .. } => "SetSessionAuthorization",
            StatementKind::ResetSessionAuthorization => "ResetSessionAuthorization",
            StatementKind::StartTransaction { .. } => "StartTransaction",
            StatementKind::Commit => "Commit",
            StatementKind::Rollback => "Rollback",
            StatementKind::Definition(definition) => definition.class(),
            StatementKind::Change(change) => change.class(),
            StatementKind::Access(access) => access.class(),
            StatementKind::Branch(branch) => branch.class(),
        }
    }
}

/// An option of `EXPLAIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainOption {
    /// `FORMAT TEXT | GRAPHVIZ | JSON`.
    Format(ExplainFormat),
    /// `TYPE LOGICAL | DISTRIBUTED | VALIDATE | IO`.
    Type(ExplainType),
}

/// `FORMAT` of `EXPLAIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ExplainFormat {
    Text,
    Graphviz,
    Json,
}

/// `TYPE` of `EXPLAIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ExplainType {
    Logical,
    Distributed,
    Validate,
    Io,
}

/// What `SHOW CREATE` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ShowCreateObject {
    Table,
    Schema,
    View,
    MaterializedView,
}

/// `LIKE 'pattern' [ESCAPE 'c']` of a `SHOW` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct LikePattern {
    /// The pattern.
    pub pattern: StringLiteral,
    /// The escape character.
    pub escape: Option<StringLiteral>,
}

/// `[catalog.]schema` of `SET PATH`.
#[derive(Clone, Debug, PartialEq)]
pub struct PathElement {
    /// The whole of it.
    pub span: Span,
    /// The catalog.
    pub catalog: Option<Identifier>,
    /// The schema.
    pub schema: Identifier,
}

/// Whose rights a session takes.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthorizationUser {
    /// A name.
    Name(Identifier),
    /// A string.
    String(StringLiteral),
}

/// A mode of `START TRANSACTION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionMode {
    /// `ISOLATION LEVEL …`.
    Isolation(IsolationLevel),
    /// `READ ONLY`, `READ WRITE`.
    Access {
        /// `READ ONLY`.
        read_only: bool,
    },
}

/// How far transactions see each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum IsolationLevel {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}
