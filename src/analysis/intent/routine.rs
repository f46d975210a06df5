//! What the body of a function that is created calls.

use super::Unclear;
use crate::analysis::facts::{FunctionUse, Problem};
use crate::sql::ast::{Call, FunctionSpecification, Identifier, Query, RoutineBody};
use crate::sql::visit::{Visit, walk};

/// The functions that a routine calls.
///
/// # Errors
/// For a body in another language, which can't be read, and for one with a query: whoever calls the function would read
/// what its maker may see.
pub(in crate::analysis) fn calls(function: &FunctionSpecification) -> Result<Vec<FunctionUse>, Unclear> {
    if let RoutineBody::Definition(text) = &function.body {
        return Err((text.span, Problem::NotSupported("a function in another language than SQL")));
    }
    let mut calls = Calls::default();
    calls.function_specification(function);
    match calls.queries {
        0 => Ok(calls.found),
        _ => Err((function.span, Problem::NotSupported("a query in a function"))),
    }
}

#[derive(Default)]
struct Calls {
    found: Vec<FunctionUse>,
    queries: usize,
}

impl Visit for Calls {
    fn call(&mut self, node: &Call) {
        let name = node.name.parts.iter().map(Identifier::folded).collect();
        self.found.push(FunctionUse { name, span: node.name.span, table: false });
        walk::call(self, node);
    }

    fn query(&mut self, _: &Query) {
        self.queries += 1;
    }
}
