//! Calls of functions.

use super::{CallArgument, Expr, Identifier, Over, QualifiedName, SetQuantifier, SortItem, StringLiteral};

/// `[RUNNING | FINAL] name ([DISTINCT] arguments [ORDER BY …]) [FILTER (…)] [IGNORE NULLS] [OVER …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function; `LISTAGG` is one.
    pub name: QualifiedName,
    /// `RUNNING` or `FINAL`.
    pub processing: Option<ProcessingMode>,
    /// `DISTINCT` or `ALL`.
    pub quantifier: Option<SetQuantifier>,
    /// The arguments; of `LISTAGG`, the value and perhaps the separator.
    pub arguments: Arguments,
    /// `ORDER BY` of the arguments, or of `WITHIN GROUP`.
    pub order_by: Vec<SortItem>,
    /// `FILTER (WHERE …)`.
    pub filter: Option<Expr>,
    /// `IGNORE NULLS` is `Some(true)`, `RESPECT NULLS` is `Some(false)`.
    pub ignore_nulls: Option<bool>,
    /// `OVER …`.
    pub over: Option<Over>,
    /// What `LISTAGG` does where its result gets too long; none for every other function.
    pub listagg: Option<ListaggOverflow>,
}

impl Call {
    /// `name (arguments)`.
    pub(crate) fn of(name: QualifiedName, arguments: Arguments) -> Call {
        Call {
            name,
            processing: None,
            quantifier: None,
            arguments,
            order_by: Vec::new(),
            filter: None,
            ignore_nulls: None,
            over: None,
            listagg: None,
        }
    }
}

/// `ON OVERFLOW …` of `LISTAGG`.
#[derive(Clone, Debug, PartialEq)]
pub enum ListaggOverflow {
    /// `ERROR`, or no such clause.
    Error,
    /// `TRUNCATE ['filler'] {WITH | WITHOUT} COUNT`.
    Truncate {
        /// What stands for the rest.
        filler: Option<StringLiteral>,
        /// `WITH COUNT`.
        with_count: bool,
    },
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
    /// Expressions of which one has a name at least, of Trino 483.
    Named(Vec<CallArgument>),
}
