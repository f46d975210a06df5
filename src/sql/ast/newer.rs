//! Expressions and relations that came after Trino 476.
//!
//! They stand apart so that whoever takes a tree apart decides about all of them at one place.

use super::{CallArgument, Expr, GroupBy, Identifier, QualifiedName, Query, Relation, Span};

/// An expression of Trino 483 that 476 has not.
#[derive(Clone, Debug, PartialEq)]
pub enum NewerExpr {
    /// `value [NOT] BETWEEN {SYMMETRIC | ASYMMETRIC} low AND high`.
    Between {
        /// `NOT`.
        negated: bool,
        /// `SYMMETRIC`, not `ASYMMETRIC`.
        symmetric: bool,
        /// The value.
        value: Expr,
        /// One bound.
        low: Expr,
        /// The other bound.
        high: Expr,
    },
    /// `value MATCH [UNIQUE] [SIMPLE | PARTIAL | FULL] (query)`.
    Match {
        /// The value.
        value: Expr,
        /// `UNIQUE`.
        unique: bool,
        /// How nulls match.
        kind: MatchKind,
        /// The query.
        query: Query,
    },
    /// `left OVERLAPS right`.
    Overlaps {
        /// The left side.
        left: Expr,
        /// The right side.
        right: Expr,
    },
    /// `UNIQUE (query)`.
    Unique(Query),
    /// `value AT LOCAL`.
    AtLocal(Expr),
    /// `base[*]`.
    AllElements(Expr),
    /// `receiver.method (arguments)`.
    MethodCall {
        /// What stands before the dot.
        receiver: Expr,
        /// The method; any word may name it.
        method: Identifier,
        /// The arguments.
        arguments: Vec<CallArgument>,
    },
    /// `type::method (arguments)`.
    StaticMethodCall {
        /// The type.
        type_name: QualifiedName,
        /// The method; any word may name it.
        method: Identifier,
        /// The arguments.
        arguments: Vec<CallArgument>,
    },
    /// `ROW (value [AS] name, …)` with a name at least.
    Row(Vec<RowField>),
    /// `OVERLAY (value PLACING replacement FROM start [FOR length])`.
    Overlay(Vec<Expr>),
    /// The operand of a simple `CASE` where a `WHEN` goes on with a predicate, as in `CASE x WHEN > 5 THEN …`. It
    /// stands nowhere in the text.
    CaseOperand,
}

impl NewerExpr {
    /// What it is, for messages.
    pub fn what(&self) -> &'static str {
        match self {
            NewerExpr::Between { symmetric: true, .. } => "BETWEEN SYMMETRIC",
            NewerExpr::Between { symmetric: false, .. } => "BETWEEN ASYMMETRIC",
            NewerExpr::Match { .. } => "MATCH",
            NewerExpr::Overlaps { .. } => "OVERLAPS",
            NewerExpr::Unique(_) => "UNIQUE",
            NewerExpr::AtLocal(_) => "AT LOCAL",
            NewerExpr::AllElements(_) => "[*]",
            NewerExpr::MethodCall { .. } | NewerExpr::StaticMethodCall { .. } => "the call of a method",
            NewerExpr::Row(_) => "a field's name in ROW",
            NewerExpr::Overlay(_) => "OVERLAY",
            NewerExpr::CaseOperand => "a predicate in WHEN",
        }
    }

    /// Whether it could stand before a dot or a bracket.
    pub fn is_primary(&self) -> bool {
        match self {
            NewerExpr::Between { .. }
            | NewerExpr::Match { .. }
            | NewerExpr::Overlaps { .. }
            | NewerExpr::AtLocal(_)
            | NewerExpr::CaseOperand => false,
            NewerExpr::Unique(_)
            | NewerExpr::AllElements(_)
            | NewerExpr::MethodCall { .. }
            | NewerExpr::StaticMethodCall { .. }
            | NewerExpr::Row(_)
            | NewerExpr::Overlay(_) => true,
        }
    }
}

/// How `MATCH` takes nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum MatchKind {
    Simple,
    Partial,
    Full,
}

/// A field of `ROW (…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct RowField {
    /// The whole of it.
    pub span: Span,
    /// Its value.
    pub value: Expr,
    /// Its name.
    pub name: Option<Identifier>,
}

/// `input PIVOT (aggregations FOR columns IN (groups) [GROUP BY …])`, of Trino 483.
#[derive(Clone, Debug, PartialEq)]
pub struct Pivot {
    /// The whole of it, its input included.
    pub span: Span,
    /// What is turned.
    pub input: Relation,
    /// What becomes of the rows of each group.
    pub aggregations: Vec<PivotAggregation>,
    /// The columns whose values become columns.
    pub columns: Vec<QualifiedName>,
    /// The values, a tuple for several columns.
    pub groups: Vec<PivotGroup>,
    /// `GROUP BY`.
    pub group_by: Option<GroupBy>,
}

/// An aggregation of `PIVOT`.
#[derive(Clone, Debug, PartialEq)]
pub struct PivotAggregation {
    /// The whole of it.
    pub span: Span,
    /// The aggregation.
    pub expr: Expr,
    /// Its alias.
    pub alias: Option<Identifier>,
}

/// Values of `PIVOT` that make one column an aggregation.
#[derive(Clone, Debug, PartialEq)]
pub struct PivotGroup {
    /// The whole of it.
    pub span: Span,
    /// One value a column.
    pub values: Vec<Expr>,
    /// The alias.
    pub alias: Option<Identifier>,
}

/// `NEAREST (FROM relation [WHERE …] MATCH condition)`, of Trino 483.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// The whole of it.
    pub span: Span,
    /// What is searched.
    pub relation: Relation,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `MATCH`.
    pub condition: Expr,
}
