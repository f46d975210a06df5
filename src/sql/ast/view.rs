//! The definitions of views.

use super::{Expr, Property, QualifiedName, Query, StringLiteral};

/// `CREATE [OR REPLACE] VIEW name [COMMENT 'text'] [SECURITY {DEFINER | INVOKER}] [WITH (properties)] AS query`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateView {
    /// The view.
    pub name: QualifiedName,
    /// `OR REPLACE`.
    pub replace: bool,
    /// `COMMENT`.
    pub comment: Option<StringLiteral>,
    /// `SECURITY`.
    pub security: Option<ViewSecurity>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
    /// What it shows.
    pub query: Box<Query>,
}

/// With whose rights a view reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum ViewSecurity {
    Definer,
    Invoker,
}

/// `CREATE [OR REPLACE] MATERIALIZED VIEW [IF NOT EXISTS] name [GRACE PERIOD interval] [COMMENT 'text']
/// [WITH (properties)] AS query`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateMaterializedView {
    /// The materialized view.
    pub name: QualifiedName,
    /// `OR REPLACE`.
    pub replace: bool,
    /// `IF NOT EXISTS`, which may stand beside `OR REPLACE`.
    pub if_not_exists: bool,
    /// `GRACE PERIOD`: an interval.
    pub grace_period: Option<Expr>,
    /// `WHEN STALE`, of Trino 483.
    pub when_stale: Option<WhenStale>,
    /// `COMMENT`.
    pub comment: Option<StringLiteral>,
    /// `WITH`, empty without it.
    pub properties: Vec<Property>,
    /// What it holds.
    pub query: Box<Query>,
}

/// What becomes of a query of a materialized view that is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum WhenStale {
    Fail,
    Inline,
}
