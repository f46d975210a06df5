//! Paths into JSON, and tables made of it.

use super::{DataType, Expr, Identifier, Span, StringLiteral};

/// `JSON_TABLE (input, path COLUMNS (…) [PLAN …] [… ON ERROR])`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonTable {
    /// The whole of it.
    pub span: Span,
    /// Input, path and arguments.
    pub path: JsonPathInvocation,
    /// The columns.
    pub columns: Vec<JsonTableColumn>,
    /// How nested columns are joined.
    pub plan: Option<JsonTablePlan>,
    /// `ERROR ON ERROR` or `EMPTY ON ERROR`; the latter is [`JsonBehavior::Empty`].
    pub on_error: Option<JsonBehavior>,
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
        /// `FORMAT …`: the column holds JSON, as JSON_QUERY gives it, and not a value, as JSON_VALUE does.
        format: Option<JsonFormat>,
        /// `PATH 'path'`.
        path: Option<StringLiteral>,
        /// What becomes of the values found.
        clauses: JsonClauses,
        /// The expressions of `DEFAULT … ON EMPTY | ERROR`, in that order.
        defaults: Vec<Expr>,
    },
    /// `NESTED [PATH] 'path' [AS name] COLUMNS (…)`.
    Nested {
        /// Its path.
        path: StringLiteral,
        /// Its name.
        name: Option<Identifier>,
        /// Its columns.
        columns: Vec<JsonTableColumn>,
    },
}

/// `PLAN …` of `JSON_TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTablePlan {
    /// `DEFAULT (OUTER | INNER, UNION | CROSS)`.
    Default {
        /// `INNER`.
        inner: bool,
        /// `CROSS`.
        cross: bool,
    },
    /// `(plan)`.
    Specific(JsonPlan),
}

/// A plan that names paths.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonPlan {
    /// A path's name.
    Path(Identifier),
    /// `parent {OUTER | INNER} child`.
    ParentChild {
        /// `INNER`.
        inner: bool,
        /// The name of the parent's path.
        parent: Identifier,
        /// The child.
        child: Box<JsonPlan>,
    },
    /// Two or more, all joined by `UNION` or all by `CROSS`.
    Siblings {
        /// `CROSS`.
        cross: bool,
        /// The plans.
        plans: Vec<JsonPlan>,
    },
}

/// `input [FORMAT …], 'path' [AS name] [PASSING value AS name, …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPathInvocation {
    /// The whole of it.
    pub span: Span,
    /// The JSON text.
    pub input: JsonInput,
    /// The path.
    pub path: StringLiteral,
    /// The path's name.
    pub name: Option<Identifier>,
    /// The arguments.
    pub passing: Vec<JsonArgument>,
}

/// `value [FORMAT …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonInput {
    /// The value.
    pub value: Expr,
    /// How it holds JSON.
    pub format: Option<JsonFormat>,
}

/// `value [FORMAT …] AS name` of `PASSING`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonArgument {
    /// The value.
    pub input: JsonInput,
    /// Its name in the path.
    pub name: Identifier,
}

/// `[KEY] key VALUE value` or `key : value`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonMember {
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: JsonInput,
}

/// `RETURNING type [FORMAT …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonReturning {
    /// The type.
    pub data_type: DataType,
    /// How it holds JSON.
    pub format: Option<JsonFormat>,
}

/// `FORMAT JSON [ENCODING …]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonFormat {
    Json,
    Utf8,
    Utf16,
    Utf32,
}

/// `{NULL | ABSENT} ON NULL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonNulls {
    Null,
    Absent,
}

/// JSON functions with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonPathForm {
    Exists,
    Value,
    Query,
}

/// What becomes of the values that a path finds; what was not said is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct JsonClauses {
    /// `… WRAPPER`.
    pub wrapper: Option<JsonWrapper>,
    /// `KEEP QUOTES` is `Some(true)`, `OMIT QUOTES` is `Some(false)`.
    pub keep_quotes: Option<bool>,
    /// `… ON EMPTY`.
    pub on_empty: Option<JsonBehavior>,
    /// `… ON ERROR`.
    pub on_error: Option<JsonBehavior>,
}

/// `WITHOUT WRAPPER`, `WITH [CONDITIONAL | UNCONDITIONAL] WRAPPER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonWrapper {
    Without,
    Conditional,
    Unconditional,
}

/// What stands before `ON EMPTY` or `ON ERROR`; each form takes some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the grammar")]
pub enum JsonBehavior {
    Null,
    Error,
    /// `DEFAULT` with an expression, which the node keeps.
    Default,
    True,
    False,
    Unknown,
    Empty,
    EmptyArray,
    EmptyObject,
}
