//! What stands in `FROM`.

use super::{
    DataType, Expr, Identifier, JsonTable, Nearest, PatternClauses, Pivot, QualifiedName, Query, SortItem, Span,
};

/// What stands in `FROM`.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    /// A name, perhaps with time travel.
    Table(TableReference),
    /// `( query )`.
    Subquery {
        /// Parentheses included.
        span: Span,
        /// The query.
        query: Box<Query>,
    },
    /// `( relation )`.
    Parenthesized {
        /// Parentheses included.
        span: Span,
        /// The relation.
        relation: Box<Relation>,
    },
    /// `UNNEST (expressions) [WITH ORDINALITY]`.
    Unnest {
        /// The whole of it.
        span: Span,
        /// The arrays and maps.
        exprs: Vec<Expr>,
        /// `WITH ORDINALITY`.
        ordinality: bool,
    },
    /// `LATERAL ( query )`.
    Lateral {
        /// The whole of it.
        span: Span,
        /// The query.
        query: Box<Query>,
    },
    /// `TABLE ( function (…) )`.
    TableFunction(Box<TableFunction>),
    /// `JSON_TABLE ( … )`.
    JsonTable(Box<JsonTable>),
    /// `PIVOT`.
    Pivot(Box<Pivot>),
    /// `NEAREST`.
    Nearest(Box<Nearest>),
    /// `relation [AS] alias [(columns)]`.
    Aliased {
        /// The whole of it.
        span: Span,
        /// What is aliased.
        relation: Box<Relation>,
        /// The alias.
        alias: Identifier,
        /// Column aliases.
        columns: Vec<Identifier>,
    },
    /// `relation MATCH_RECOGNIZE ( … )`; its alias, if any, is an `Aliased` around it.
    MatchRecognize {
        /// The whole of it.
        span: Span,
        /// The input.
        input: Box<Relation>,
        /// The clauses.
        clauses: Box<PatternClauses>,
    },
    /// `relation TABLESAMPLE method (percentage)`.
    Sampled {
        /// The whole of it.
        span: Span,
        /// What is sampled.
        relation: Box<Relation>,
        /// `BERNOULLI` or `SYSTEM`.
        method: SampleMethod,
        /// Percentage.
        percentage: Expr,
    },
    /// A chain of joins that nest to the left: `((first JOIN a) JOIN b)`.
    Join {
        /// The whole chain.
        span: Span,
        /// The leftmost relation.
        first: Box<Relation>,
        /// The joins in order.
        joins: Vec<Join>,
    },
}

impl Relation {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Relation::Table(table) => table.span,
            Relation::TableFunction(function) => function.span,
            Relation::JsonTable(table) => table.span,
            Relation::Pivot(pivot) => pivot.span,
            Relation::Nearest(nearest) => nearest.span,
            Relation::Subquery { span, .. }
            | Relation::Parenthesized { span, .. }
            | Relation::Unnest { span, .. }
            | Relation::Lateral { span, .. }
            | Relation::Aliased { span, .. }
            | Relation::MatchRecognize { span, .. }
            | Relation::Sampled { span, .. }
            | Relation::Join { span, .. } => *span,
        }
    }
}

/// A table's name in `FROM`, perhaps with time travel.
#[derive(Clone, Debug, PartialEq)]
pub struct TableReference {
    /// Name and period.
    pub span: Span,
    /// The name.
    pub name: QualifiedName,
    /// `FOR {VERSION | TIMESTAMP} AS OF …`.
    pub period: Option<Box<QueryPeriod>>,
}

/// `FOR {VERSION | TIMESTAMP} AS OF expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryPeriod {
    /// The whole of it.
    pub span: Span,
    /// Of a version or of a time.
    pub kind: PeriodKind,
    /// Which.
    pub end: Expr,
}

/// What a period is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum PeriodKind {
    Version,
    Timestamp,
}

/// How a table is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum SampleMethod {
    Bernoulli,
    System,
}

/// A join's kind, right side and condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// From the join's first word to its end.
    pub span: Span,
    /// Which kind.
    pub kind: JoinKind,
    /// The right side.
    pub right: Relation,
    /// The condition.
    pub criteria: JoinCriteria,
}

/// The kinds of joins. A comma in `FROM` is not one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JoinKind {
    Cross,
    Inner,
    Left,
    Right,
    Full,
}

/// A join's condition.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinCriteria {
    /// `CROSS JOIN` has none.
    None,
    /// `ON condition`.
    On(Expr),
    /// `USING (columns)`.
    Using(Vec<Identifier>),
    /// `NATURAL`.
    Natural,
}

/// `TABLE ( name (arguments) )`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableFunction {
    /// The word `TABLE` included.
    pub span: Span,
    /// The function.
    pub name: QualifiedName,
    /// Its arguments.
    pub arguments: Vec<TableFunctionArgument>,
    /// `COPARTITION (a, b), …`.
    pub copartition: Vec<Vec<QualifiedName>>,
}

/// `[name =>] value`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableFunctionArgument {
    /// The whole of it.
    pub span: Span,
    /// The argument's name.
    pub name: Option<Identifier>,
    /// Its value.
    pub value: TableFunctionValue,
}

/// The kinds of arguments of a table function.
#[derive(Clone, Debug, PartialEq)]
pub enum TableFunctionValue {
    /// `TABLE (…) …`.
    Table(Box<TableArgument>),
    /// `DESCRIPTOR (…)`, or `CAST (NULL AS DESCRIPTOR)`, which is `None`.
    Descriptor(Option<Vec<(Identifier, Option<DataType>)>>),
    /// An expression.
    Expr(Expr),
}

/// `TABLE (name | query) [AS alias (columns)] [PARTITION BY …] [PRUNE | KEEP WHEN EMPTY] [ORDER BY …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableArgument {
    /// The whole of it.
    pub span: Span,
    /// A name or a query.
    pub input: TableArgumentInput,
    /// The alias and column aliases.
    pub alias: Option<(Identifier, Vec<Identifier>)>,
    /// `PARTITION BY`: `None` without it.
    pub partition_by: Option<Vec<Expr>>,
    /// `PRUNE WHEN EMPTY` is `Some(true)`, `KEEP WHEN EMPTY` is `Some(false)`.
    pub prune_when_empty: Option<bool>,
    /// `ORDER BY`.
    pub order_by: Vec<SortItem>,
}

/// What a table argument is of.
#[derive(Clone, Debug, PartialEq)]
pub enum TableArgumentInput {
    /// `TABLE (name)`.
    Table(QualifiedName),
    /// `TABLE (query)`.
    Query(Box<Query>),
}
