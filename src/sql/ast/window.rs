//! Windows.

use super::{Expr, Identifier, PatternClauses, SortItem, Span};

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

/// `OVER name` or `OVER (specification)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// A window of `WINDOW`.
    Name(Identifier),
    /// Its own.
    Window(Box<WindowSpecification>),
}
