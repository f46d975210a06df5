//! What can be wrong with a text.

use super::ast::Span;

/// Why a text was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// Of what kind the error is.
    pub kind: SqlErrorKind,
    /// The token that it was found at.
    pub span: Span,
    /// In Trino's words where the error is Trino's, without the `line 1:8: ` in front.
    pub message: String,
}

/// The kinds of errors of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlErrorKind {
    /// Trino would refuse it too.
    Syntax,
    /// A limit of Sluice's: nesting, size, number of tokens.
    Limit,
}

impl SqlError {
    /// An error that Trino would report.
    pub fn syntax(span: Span, message: impl Into<String>) -> SqlError {
        SqlError { kind: SqlErrorKind::Syntax, span, message: message.into() }
    }

    /// A limit of Sluice's.
    pub fn limit(span: Span, message: impl Into<String>) -> SqlError {
        SqlError { kind: SqlErrorKind::Limit, span, message: message.into() }
    }
}
