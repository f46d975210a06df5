//! Something wrong, before its place is known.

use crate::policy::condition::ConditionError;
use crate::policy::condition::syntax::{Parsed, Places};
use cel::IdedExpr;

pub(in crate::policy::condition) struct Problem<'p> {
    expr: &'p IdedExpr,
    /// Whether the name alone is wrong, not all of the expression.
    name: bool,
    message: String,
    help: Option<String>,
}

impl<'p> Problem<'p> {
    /// All of an expression is wrong.
    pub(super) fn at(expr: &'p IdedExpr, message: impl Into<String>) -> Problem<'p> {
        Problem { expr, name: false, message: message.into(), help: None }
    }

    /// The name of a field or a call is wrong.
    pub(super) fn name(expr: &'p IdedExpr, message: impl Into<String>) -> Problem<'p> {
        Problem { expr, name: true, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Problem<'p> {
        self.help = Some(help.into());
        self
    }

    pub(super) fn maybe_help(mut self, help: Option<String>) -> Problem<'p> {
        self.help = help;
        self
    }

    /// With its place in the text.
    pub(in crate::policy::condition) fn placed(self, parsed: &Parsed<'_>) -> ConditionError {
        let places = Places::of(parsed);
        let at = if self.name { places.name(self.expr) } else { places.whole(self.expr) };
        ConditionError { at, message: self.message, help: self.help }
    }
}
