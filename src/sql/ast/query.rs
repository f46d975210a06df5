//! Queries.

use super::{
    Expr, FunctionSpecification, Identifier, QualifiedName, Relation, SessionProperty, Span, WindowDefinition,
};

/// `[WITH SESSION …] [WITH FUNCTION …] [WITH …] body [ORDER BY …] [OFFSET …] [LIMIT … | FETCH …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// From the first word to the last, without the parentheses around a sub-query.
    pub span: Span,
    /// `WITH SESSION`, which only a query that is a statement has; empty without it.
    pub session: Vec<SessionProperty>,
    /// `WITH FUNCTION`, which only a query that is a statement or the last part of one has; empty without it.
    pub functions: Vec<FunctionSpecification>,
    /// Named queries.
    pub with: Option<With>,
    /// What is selected.
    pub body: QueryBody,
    /// `ORDER BY`.
    pub order_by: Vec<SortItem>,
    /// `OFFSET n`.
    pub offset: Option<RowCount>,
    /// `LIMIT n` or `FETCH FIRST n ROWS …`.
    pub limit: Option<Limit>,
}

impl Query {
    /// What stands in front of it that changes what names or settings mean in it: `WITH SESSION` or `WITH FUNCTION`.
    pub fn definitions(&self) -> Option<&'static str> {
        match (self.session.as_slice(), self.functions.as_slice()) {
            ([], []) => None,
            ([], [_, ..]) => Some("WITH FUNCTION"),
            ([_, ..], _) => Some("WITH SESSION"),
        }
    }
}

/// `WITH [RECURSIVE] name [(columns)] AS (query), …`.
#[derive(Clone, Debug, PartialEq)]
pub struct With {
    /// The whole clause.
    pub span: Span,
    /// `RECURSIVE`.
    pub recursive: bool,
    /// The named queries in order.
    pub queries: Vec<NamedQuery>,
}

/// One named query of `WITH`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedQuery {
    /// From the name to the closing parenthesis.
    pub span: Span,
    /// The name.
    pub name: Identifier,
    /// The column names, empty if none were given.
    pub columns: Vec<Identifier>,
    /// The query.
    pub query: Query,
}

/// The part of a query that yields rows.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryBody {
    /// `SELECT …`.
    Select(Box<Select>),
    /// `TABLE name`; the span holds the word `TABLE` too.
    Table {
        /// The whole of it.
        span: Span,
        /// The table.
        name: QualifiedName,
    },
    /// `VALUES …`.
    Values {
        /// The whole of it.
        span: Span,
        /// The rows; a row of one column may stand without parentheses.
        rows: Vec<Expr>,
    },
    /// `( query )`, without `WITH` in it.
    Parenthesized {
        /// The parentheses included.
        span: Span,
        /// What stands in them.
        query: Box<Query>,
    },
    /// A chain of set operations of one precedence, left to right; `INTERSECT` chains stand inside `UNION`/`EXCEPT` chains.
    SetOperation {
        /// The whole chain.
        span: Span,
        /// The first term.
        first: Box<QueryBody>,
        /// The others, each with the operator before it.
        rest: Vec<SetTerm>,
    },
}

impl QueryBody {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            QueryBody::Select(select) => select.span,
            QueryBody::Table { span, .. }
            | QueryBody::Values { span, .. }
            | QueryBody::Parenthesized { span, .. }
            | QueryBody::SetOperation { span, .. } => *span,
        }
    }
}

/// An operator and the term on its right.
#[derive(Clone, Debug, PartialEq)]
pub struct SetTerm {
    /// Which operator.
    pub operator: SetOperator,
    /// `DISTINCT` or `ALL`.
    pub quantifier: Option<SetQuantifier>,
    /// `CORRESPONDING [(columns)]`: `None` without it.
    pub corresponding: Option<Vec<Identifier>>,
    /// The term.
    pub term: QueryBody,
}

/// A set operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum SetOperator {
    Union,
    Intersect,
    Except,
}

/// `DISTINCT` or `ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum SetQuantifier {
    Distinct,
    All,
}

/// `expression [ASC | DESC] [NULLS FIRST | LAST]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SortItem {
    /// The whole of it.
    pub span: Span,
    /// The sort key.
    pub key: Expr,
    /// `DESC`.
    pub descending: bool,
    /// `NULLS FIRST` is `Some(true)`.
    pub nulls_first: Option<bool>,
}

/// A number of rows: an integer or `?`.
#[derive(Clone, Debug, PartialEq)]
pub enum RowCount {
    /// An integer literal, as written.
    Number(Span),
    /// `?`.
    Parameter(Span),
}

/// How many rows come out.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// `LIMIT ALL`.
    All,
    /// `LIMIT n`.
    Rows(RowCount),
    /// `FETCH FIRST [n] ROWS {ONLY | WITH TIES}`.
    Fetch {
        /// One if not given.
        rows: Option<RowCount>,
        /// `WITH TIES`.
        with_ties: bool,
    },
}

/// `SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// The whole of it.
    pub span: Span,
    /// `DISTINCT` or `ALL`.
    pub quantifier: Option<SetQuantifier>,
    /// What is selected.
    pub items: Vec<SelectItem>,
    /// The relations of `FROM`, separated by commas.
    pub from: Vec<Relation>,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `GROUP BY`.
    pub group_by: Option<GroupBy>,
    /// `HAVING`.
    pub having: Option<Expr>,
    /// `WINDOW name AS (…)`.
    pub windows: Vec<WindowDefinition>,
}

/// An item of a `SELECT` list.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectItem {
    /// `expression [[AS] alias]`.
    Expr {
        /// The whole of it.
        span: Span,
        /// The expression.
        expr: Expr,
        /// Its alias.
        alias: Option<Identifier>,
    },
    /// `*`.
    Star(Span),
    /// `expression.* [AS (aliases)]`: all columns of a relation, or all fields of a row.
    QualifiedStar {
        /// The whole of it.
        span: Span,
        /// What stands before `.*`.
        target: Expr,
        /// Names for the columns.
        aliases: Vec<Identifier>,
    },
}

/// `GROUP BY [DISTINCT | ALL] elements`.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupBy {
    /// The words `GROUP BY` included.
    pub span: Span,
    /// `DISTINCT` or `ALL`.
    pub quantifier: Option<SetQuantifier>,
    /// The elements.
    pub elements: Vec<GroupingElement>,
}

/// An element of `GROUP BY`.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupingElement {
    /// One expression, or several in parentheses.
    Set(GroupingSet),
    /// `ROLLUP (…)`.
    Rollup(Vec<GroupingSet>),
    /// `CUBE (…)`.
    Cube(Vec<GroupingSet>),
    /// `GROUPING SETS (…)`.
    Sets(Vec<GroupingSet>),
    /// `AUTO`: all items of the `SELECT` list that aggregate nothing.
    Auto,
}

/// The expressions of one grouping set.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupingSet {
    /// Parentheses included.
    pub span: Span,
    /// Its expressions.
    pub exprs: Vec<Expr>,
}
