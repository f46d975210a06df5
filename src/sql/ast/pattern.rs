//! Row pattern recognition.

use super::{Expr, Identifier, SortItem, Span};

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
        /// How often.
        quantifier: RowPatternQuantifier,
        /// Not greedy: a `?` after the quantifier.
        reluctant: bool,
        /// The quantifier.
        span: Span,
    },
}

/// How often a row pattern is repeated. Counts are integers as written, by their spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPatternQuantifier {
    /// `*`.
    ZeroOrMore,
    /// `+`.
    OneOrMore,
    /// `?`.
    ZeroOrOne,
    /// `{n}`.
    Exactly(Span),
    /// `{n,m}`, `{n,}`, `{,m}` or `{,}`.
    Range {
        /// At least; zero if not given.
        at_least: Option<Span>,
        /// At most; no bound if not given.
        at_most: Option<Span>,
    },
}
