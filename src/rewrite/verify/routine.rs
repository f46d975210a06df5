//! What the body of a function may hold.

use super::{Unproved, function};
use crate::enforce::Request;
use crate::sql::ast::{Call, FunctionSpecification, Query, RoutineBody};
use crate::sql::visit::{Visit, walk};

/// Proves that a routine reads nothing and calls only functions that its maker may call.
pub(super) fn prove(request: &Request<'_>, routine: &FunctionSpecification) -> Result<(), Unproved> {
    let RoutineBody::Statement(body) = &routine.body else {
        return Err(Unproved::because("a function whose body can't be read"));
    };
    let mut body_of = Body { request, proof: Ok(()) };
    body_of.control_statement(body);
    // Types and properties stand outside of the body.
    body_of.function_specification(routine);
    body_of.proof
}

struct Body<'a> {
    request: &'a Request<'a>,
    proof: Result<(), Unproved>,
}

impl Visit for Body<'_> {
    fn query(&mut self, _: &Query) {
        self.proof = Err(Unproved::because("a function with a query"));
    }

    fn call(&mut self, node: &Call) {
        if self.proof.is_ok() {
            self.proof = function::prove(self.request, &node.name);
        }
        walk::call(self, node);
    }
}
