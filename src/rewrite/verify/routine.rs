//! What the body of a function may hold.

use super::walk::Walk;
use super::{Unproved, function};
use crate::catalog::table::{Known, TableKind};
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

/// Names that Trino calls for what is not written as a call: `||`, `SUBSTRING … FROM`, `POSITION … IN`, `TRIM` and so on;
/// and names that its grammar takes for something else than a call.
const NOT_AS_WRITTEN: &str = " at_timezone coalesce concat extract format if listagg ltrim normalize nullif overlay position rtrim strpos substring \
     trim trim_array try ";

/// Proves functions that a statement brings along. They are found before Trino's own where a name has one part, so none
/// may stand beside the text of a view. In guards full names are called: [`super::same`].
pub(super) fn prove_own(walk: &mut Walk<'_>, functions: &[FunctionSpecification]) -> Result<(), Unproved> {
    for function in functions {
        let [name] = function.name.parts.as_slice() else {
            return Err(Unproved::because("a function of a statement's own with a long name"));
        };
        if NOT_AS_WRITTEN.contains(&format!(" {} ", name.folded())) {
            return Err(Unproved::because(format!("{} takes the place of something of Trino's", name.folded())));
        }
        prove(walk.request, function)?;
    }
    let is_view = |known: &Known| matches!(known, Known::Table(table) if table.kind != TableKind::Table);
    if walk.request.tables.iter().any(|(_, known)| is_view(known)) {
        return Err(Unproved::because("functions of a statement's own beside a view"));
    }
    walk.found.can_fail = true;
    Ok(())
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
