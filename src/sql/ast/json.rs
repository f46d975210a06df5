//! Paths into JSON, and tables made of it.

use super::{DataType, Expr, Identifier, Span, StringLiteral};

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

/// JSON functions with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonPathForm {
    Exists,
    Value,
    Query,
}
