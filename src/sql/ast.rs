//! The tree of a statement: Trino's grammar, nothing else.
//!
//! Each node carries the byte span it stands at in the text it was read from, so that a rewriting can edit the text by
//! spans and never has to print a tree. Chains that users' tools make long (`AND`, `+`, `||`, `UNION`, `JOIN`) are flat
//! lists, so that no walk over a tree is as deep as such a chain is long; everything that nests is bounded by the
//! parser's nesting limit.

use compact_str::CompactString;

/// Bytes `start..end` of the text that a node was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from the start of `self` to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end }
    }

    /// The bytes of this span in `text`; empty if the span is not of that text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A name as written, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// The name, quotes removed and doubled quotes undone, letter case kept.
    pub value: CompactString,
    /// Whether it stood in double quotes.
    pub delimited: bool,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl Identifier {
    /// The name as Trino compares it: in lower case, quoted or not.
    pub fn folded(&self) -> CompactString {
        self.value.to_lowercase()
    }
}

/// `a.b.c`; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualifiedName {
    /// The parts in order.
    pub parts: Vec<Identifier>,
    /// From the first part to the last.
    pub span: Span,
}

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
    /// `START TRANSACTION [modes]`.
    StartTransaction,
    /// `COMMIT [WORK]`.
    Commit,
    /// `ROLLBACK [WORK]`.
    Rollback,
    /// A statement of Trino's that Sluice knows by its first words and does not read yet; always refused.
    Unsupported {
        /// Trino's class name for it, such as `Insert`.
        class: &'static str,
    },
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
            StatementKind::DescribeOutput { .. } => "DescribeOutput",
            StatementKind::ShowCatalogs { .. } => "ShowCatalogs",
            StatementKind::ShowSchemas { .. } => "ShowSchemas",
            StatementKind::ShowTables { .. } => "ShowTables",
            StatementKind::ShowColumns { .. } => "ShowColumns",
            StatementKind::ShowCreate { .. } => "ShowCreate",
            StatementKind::ShowStats { .. } | StatementKind::ShowStatsForQuery { .. } => "ShowStats",
            StatementKind::ShowFunctions { .. } => "ShowFunctions",
            StatementKind::ShowSession { .. } => "ShowSession",
            StatementKind::SetSession { .. } => "SetSession",
            StatementKind::ResetSession { .. } => "ResetSession",
            StatementKind::SetTimeZone { .. } => "SetTimeZone",
            StatementKind::Use { .. } => "Use",
            StatementKind::StartTransaction => "StartTransaction",
            StatementKind::Commit => "Commit",
            StatementKind::Rollback => "Rollback",
            StatementKind::Unsupported { class } => class,
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

/// `'…'` or `U&'…' [UESCAPE '…']`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text that it stands for.
    pub value: CompactString,
    /// Where it stands, quotes and prefix included.
    pub span: Span,
}

/// `[WITH …] body [ORDER BY …] [OFFSET …] [LIMIT … | FETCH …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// From the first word to the last, without the parentheses around a sub-query.
    pub span: Span,
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

/// `name AS (specification)`.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowDefinition {
    /// The window's name.
    pub name: Identifier,
    /// What it is.
    pub window: WindowSpecification,
}

/// What stands in the parentheses of `OVER (…)` or `WINDOW w AS (…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSpecification {
    /// Between the parentheses.
    pub span: Span,
    /// The window that this one refines.
    pub existing: Option<Identifier>,
    /// `PARTITION BY`.
    pub partition_by: Vec<Expr>,
    /// `ORDER BY`.
    pub order_by: Vec<SortItem>,
    /// The frame.
    pub frame: Option<WindowFrame>,
}

/// A window's frame, with the row pattern clauses that may stand around it.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowFrame {
    /// The whole of it.
    pub span: Span,
    /// `ROWS`, `RANGE` or `GROUPS`.
    pub unit: FrameUnit,
    /// Where it starts.
    pub start: FrameBound,
    /// Where it ends.
    pub end: Option<FrameBound>,
    /// `MEASURES … PATTERN … DEFINE …`; `None` where the frame has none of them.
    pub pattern: Option<Box<PatternClauses>>,
}

/// The unit of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum FrameUnit {
    Rows,
    Range,
    Groups,
}

/// A bound of a frame.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

/// The clauses of row pattern recognition, as `MATCH_RECOGNIZE` and window frames have them.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternClauses {
    /// `MEASURES expression AS name, …`.
    pub measures: Vec<(Expr, Identifier)>,
    /// `PARTITION BY`; empty in a window frame.
    pub partition_by: Vec<Expr>,
    /// `ORDER BY`; empty in a window frame.
    pub order_by: Vec<SortItem>,
    /// `ONE ROW PER MATCH`, `ALL ROWS PER MATCH …`.
    pub rows_per_match: Option<RowsPerMatch>,
    /// `AFTER MATCH SKIP …`.
    pub skip_to: Option<SkipTo>,
    /// `SEEK` is `Some(true)`, `INITIAL` is `Some(false)`.
    pub seek: Option<bool>,
    /// `PATTERN (…)`.
    pub pattern: Option<RowPattern>,
    /// `SUBSET name = (members), …`.
    pub subsets: Vec<(Identifier, Vec<Identifier>)>,
    /// `DEFINE name AS expression, …`.
    pub definitions: Vec<(Identifier, Expr)>,
}

/// What a match yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum RowsPerMatch {
    One,
    All,
    AllShowEmpty,
    AllOmitEmpty,
    AllWithUnmatched,
}

/// Where matching goes on.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum SkipTo {
    NextRow,
    PastLastRow,
    First(Identifier),
    Last(Identifier),
    Variable(Identifier),
}

/// A row pattern. It names variables only, so nothing in it can read a table.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPattern {
    /// The whole of it.
    pub span: Span,
    /// The pattern.
    pub kind: RowPatternKind,
}

/// The forms of a row pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum RowPatternKind {
    /// A variable.
    Variable(Identifier),
    /// `()`.
    Empty,
    /// `^`.
    PartitionStart,
    /// `$`.
    PartitionEnd,
    /// `PERMUTE (…)`.
    Permutation(Vec<RowPattern>),
    /// `( … )`.
    Grouped(Box<RowPattern>),
    /// `{- … -}`.
    Excluded(Box<RowPattern>),
    /// Two or more, one after the other.
    Concatenation(Vec<RowPattern>),
    /// Two or more, separated by `|`.
    Alternation(Vec<RowPattern>),
    /// With `*`, `+`, `?` or `{m,n}`, greedy or not.
    Quantified {
        /// What is repeated.
        pattern: Box<RowPattern>,
        /// At least; zero if not given.
        at_least: Option<u32>,
        /// At most; no bound if not given.
        at_most: Option<u32>,
        /// Not greedy: a `?` after the quantifier.
        reluctant: bool,
        /// The quantifier.
        span: Span,
    },
}

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
    pub period: Option<QueryPeriod>,
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

/// `JSON_TABLE (input, path COLUMNS (…) …)`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonTable {
    /// The whole of it.
    pub span: Span,
    /// Input, path and arguments.
    pub path: JsonPathInvocation,
    /// The columns.
    pub columns: Vec<JsonTableColumn>,
}

/// A column of `JSON_TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTableColumn {
    /// `name FOR ORDINALITY`.
    Ordinality(Identifier),
    /// `name type [FORMAT JSON] [PATH 'path'] …`.
    Value {
        /// The column.
        name: Identifier,
        /// Its type.
        data_type: DataType,
        /// The expressions of `DEFAULT … ON EMPTY | ERROR`.
        defaults: Vec<Expr>,
    },
    /// `NESTED [PATH] 'path' [AS name] COLUMNS (…)`.
    Nested {
        /// Its name.
        name: Option<Identifier>,
        /// Its columns.
        columns: Vec<JsonTableColumn>,
    },
}

/// `input [FORMAT …], 'path' [AS name] [PASSING value AS name, …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPathInvocation {
    /// The whole of it.
    pub span: Span,
    /// The JSON text.
    pub input: Expr,
    /// The path.
    pub path: StringLiteral,
    /// The path's name.
    pub name: Option<Identifier>,
    /// The arguments.
    pub passing: Vec<(Expr, Identifier)>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `NULL`.
    Null,
    /// `TRUE`, `FALSE`.
    Boolean(bool),
    /// `'…'`.
    String(StringLiteral),
    /// `X'…'`.
    Binary,
    /// A number, its sign included if the grammar makes it part of the literal; the text is the span's.
    Number(NumberKind),
    /// `type 'text'`, such as `DATE '2024-01-01'`.
    TypedLiteral {
        /// The type's name; `DOUBLE PRECISION` is one identifier.
        type_name: Identifier,
        /// The text.
        value: StringLiteral,
    },
    /// `INTERVAL …`.
    Interval(StringLiteral),
    /// `?`.
    Parameter,
    /// A column, or a name that the scope gives another meaning.
    Identifier(Identifier),
    /// `base.field`: a qualified column or the field of a row.
    Dereference {
        /// What stands before the dot.
        base: Box<Expr>,
        /// The field.
        field: Identifier,
    },
    /// `base[index]`.
    Subscript {
        /// An array, map or row.
        base: Box<Expr>,
        /// Which element.
        index: Box<Expr>,
    },
    /// `( expression )`.
    Parenthesized(Box<Expr>),
    /// `(a, b)` or `ROW (a)`.
    Row(Vec<Expr>),
    /// `ARRAY [a, b]`.
    Array(Vec<Expr>),
    /// `NOT e`.
    Not(Box<Expr>),
    /// Terms joined by one operator, two or more.
    Logical {
        /// `AND` or `OR`.
        operator: LogicalOperator,
        /// The terms.
        terms: Vec<Expr>,
    },
    /// `left operator right`.
    Comparison {
        /// Which.
        operator: ComparisonOperator,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `left operator {ALL | SOME | ANY} (query)`.
    QuantifiedComparison {
        /// Which.
        operator: ComparisonOperator,
        /// `ALL`, `SOME`, `ANY`.
        quantifier: ComparisonQuantifier,
        /// The left side.
        left: Box<Expr>,
        /// The query.
        query: Box<Query>,
    },
    /// `value [NOT] BETWEEN low AND high`.
    Between {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
    },
    /// `value [NOT] IN (list)`.
    InList {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The list.
        list: Vec<Expr>,
    },
    /// `value [NOT] IN (query)`.
    InSubquery {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The query.
        query: Box<Query>,
    },
    /// `value [NOT] LIKE pattern [ESCAPE escape]`.
    Like {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character.
        escape: Option<Box<Expr>>,
    },
    /// `value IS [NOT] NULL`.
    IsNull {
        /// `NOT`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
    },
    /// `left IS [NOT] DISTINCT FROM right`.
    IsDistinctFrom {
        /// `NOT`.
        negated: bool,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `+e`, `-e`.
    Unary {
        /// `true` for `-`.
        negative: bool,
        /// The operand.
        operand: Box<Expr>,
    },
    /// A chain of operators of one precedence, left to right.
    Arithmetic {
        /// The first operand.
        first: Box<Expr>,
        /// The others, each with the operator before it; one or more.
        rest: Vec<(ArithmeticOperator, Expr)>,
    },
    /// `a || b || c`, two or more.
    Concat(Vec<Expr>),
    /// `value AT TIME ZONE zone`.
    AtTimeZone {
        /// The value.
        value: Box<Expr>,
        /// A string or an interval.
        zone: Box<Expr>,
    },
    /// `( query )` as a value.
    Subquery(Box<Query>),
    /// `EXISTS ( query )`.
    Exists(Box<Query>),
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`.
    Case {
        /// The operand of a simple case.
        operand: Option<Box<Expr>>,
        /// Conditions and results.
        whens: Vec<(Expr, Expr)>,
        /// `ELSE`.
        otherwise: Option<Box<Expr>>,
    },
    /// `CAST (e AS type)`, `TRY_CAST (e AS type)`.
    Cast {
        /// `TRY_CAST`.
        safe: bool,
        /// What is cast.
        value: Box<Expr>,
        /// The type.
        data_type: DataType,
    },
    /// A call; the special forms of the grammar that read like one included.
    Call(Box<Call>),
    /// `identifier OVER …`: a measure of a window's row pattern.
    Measure {
        /// The measure.
        name: Identifier,
        /// Its window.
        over: Box<Over>,
    },
    /// `x -> e`, `(x, y) -> e`.
    Lambda {
        /// The parameters.
        parameters: Vec<Identifier>,
        /// The body.
        body: Box<Expr>,
    },
    /// `CURRENT_DATE`, `CURRENT_TIMESTAMP (3)`, `CURRENT_USER` and their like, which take no operand.
    Current(CurrentKind),
    /// `EXTRACT (field FROM value)`.
    Extract {
        /// The field.
        field: Identifier,
        /// The value.
        value: Box<Expr>,
    },
    /// `GROUPING (columns)`.
    Grouping(Vec<QualifiedName>),
    /// `TRIM`, `SUBSTRING`, `POSITION`, `NORMALIZE` in the grammar's own notation.
    SpecialForm {
        /// Which.
        form: SpecialForm,
        /// The operands in the order of the text.
        operands: Vec<Expr>,
    },
    /// `JSON_EXISTS`, `JSON_VALUE`, `JSON_QUERY`.
    JsonPath {
        /// Which.
        form: JsonPathForm,
        /// Input, path and arguments.
        path: Box<JsonPathInvocation>,
        /// `RETURNING type`.
        returning: Option<DataType>,
        /// The expressions of `DEFAULT … ON EMPTY | ERROR`.
        defaults: Vec<Expr>,
    },
    /// `JSON_OBJECT (…)`.
    JsonObject {
        /// Keys and values.
        members: Vec<(Expr, Expr)>,
        /// `RETURNING type`.
        returning: Option<DataType>,
    },
    /// `JSON_ARRAY (…)`.
    JsonArray {
        /// The elements.
        elements: Vec<Expr>,
        /// `RETURNING type`.
        returning: Option<DataType>,
    },
}

/// The kinds of numeric literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum NumberKind {
    Integer,
    Decimal,
    Double,
}

/// `AND`, `OR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum LogicalOperator {
    And,
    Or,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ComparisonOperator {
    Equal,
    NotEqual,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
}

/// `ALL`, `SOME`, `ANY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ComparisonQuantifier {
    All,
    Some,
    Any,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ArithmeticOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
}

/// Values of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum CurrentKind {
    Date,
    Time,
    Timestamp,
    LocalTime,
    LocalTimestamp,
    User,
    Catalog,
    Schema,
    Path,
}

/// Functions with a notation of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum SpecialForm {
    Trim,
    Substring,
    Position,
    Normalize,
}

/// JSON functions with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonPathForm {
    Exists,
    Value,
    Query,
}

/// `[RUNNING | FINAL] name ([DISTINCT] arguments [ORDER BY …]) [FILTER (…)] [IGNORE NULLS] [OVER …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function; `LISTAGG` is one.
    pub name: QualifiedName,
    /// `RUNNING` or `FINAL`.
    pub processing: Option<ProcessingMode>,
    /// `DISTINCT` or `ALL`.
    pub quantifier: Option<SetQuantifier>,
    /// The arguments.
    pub arguments: Arguments,
    /// `ORDER BY` of the arguments, or of `WITHIN GROUP`.
    pub order_by: Vec<SortItem>,
    /// `FILTER (WHERE …)`.
    pub filter: Option<Expr>,
    /// `IGNORE NULLS` is `Some(true)`, `RESPECT NULLS` is `Some(false)`.
    pub ignore_nulls: Option<bool>,
    /// `OVER …`.
    pub over: Option<Over>,
}

/// `RUNNING`, `FINAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ProcessingMode {
    Running,
    Final,
}

/// What a function is called with.
#[derive(Clone, Debug, PartialEq)]
pub enum Arguments {
    /// `(*)` or `(label.*)`.
    Star(Option<Identifier>),
    /// Expressions.
    List(Vec<Expr>),
}

/// `OVER name` or `OVER (specification)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// A window of `WINDOW`.
    Name(Identifier),
    /// Its own.
    Window(Box<WindowSpecification>),
}

/// A type. It names types only, so nothing in it can read a table; rewriting copies its text.
#[derive(Clone, Debug, PartialEq)]
pub struct DataType {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: DataTypeKind,
}

/// The forms of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum DataTypeKind {
    /// `name [(parameters)]`; `DOUBLE PRECISION` is one identifier.
    Generic {
        /// The type's name.
        name: Identifier,
        /// Numbers and types.
        parameters: Vec<TypeParameter>,
    },
    /// `ROW (name type, …)`.
    Row(Vec<(Option<Identifier>, DataType)>),
    /// `type ARRAY`, `ARRAY<type>`, `ARRAY(type)` is generic.
    Array(Box<DataType>),
    /// `MAP<key, value>`.
    Map(Box<DataType>, Box<DataType>),
    /// `TIMESTAMP [(p)] [WITH TIME ZONE]`, `TIME …`.
    DateTime {
        /// `TIMESTAMP`, not `TIME`.
        timestamp: bool,
        /// The precision, a number or a type variable.
        precision: Option<Box<TypeParameter>>,
        /// `WITH TIME ZONE`.
        with_time_zone: bool,
    },
    /// `INTERVAL from TO to`.
    Interval,
}

/// A parameter of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeParameter {
    /// A number, as written.
    Number(Span),
    /// A type.
    Type(DataType),
}
