//! Which functions may be called.

use super::Unproved;
use super::names::shown;
use crate::enforce::Request;
use crate::names::TableName;
use crate::policy::{Object, Privilege};
use crate::sql::QualifiedName;

/// Table functions of Trino's own that read nothing but their arguments.
const HARMLESS_TABLE_FUNCTIONS: [&str; 2] = ["exclude_columns", "sequence"];

/// Proves that a scalar, aggregate or window function may be called: Trino's own, or one that is granted.
pub(super) fn prove(request: &Request<'_>, name: &QualifiedName) -> Result<(), Unproved> {
    if name.parts.iter().any(|part| part.value.contains('$')) {
        return Err(Unproved::because(format!("{} is internal to Trino", shown(name))));
    }
    if built_in(name).is_some() { Ok(()) } else { granted(request, name) }
}

/// Proves that a table function may be called.
pub(super) fn prove_table_function(request: &Request<'_>, name: &QualifiedName) -> Result<(), Unproved> {
    match built_in(name) {
        Some(function) if HARMLESS_TABLE_FUNCTIONS.contains(&function.as_str()) => Ok(()),
        Some(function) => Err(Unproved::because(format!("table function {function}"))),
        None => granted(request, name),
    }
}

/// The name in lower case of a function of Trino's own: of one part, since no other path goes along, or of
/// `system.builtin`.
fn built_in(name: &QualifiedName) -> Option<compact_str::CompactString> {
    match name.parts.as_slice() {
        [function] => Some(function.folded()),
        [catalog, schema, function] if catalog.folded() == "system" && schema.folded() == "builtin" => {
            Some(function.folded())
        }
        _ => None,
    }
}

/// A function of a catalog needs an explicit grant; those of a connector's `system` schema pass text through to the
/// source, past all policies.
fn granted(request: &Request<'_>, name: &QualifiedName) -> Result<(), Unproved> {
    let refused = || Unproved::because(format!("function {} is not granted", shown(name)));
    let [catalog, schema, function] = name.parts.as_slice() else { return Err(refused()) };
    let name = TableName::new(&catalog.value, &schema.value, &function.value);
    let answer = request.snapshot.may(request.subject, Object::Function, &name, Privilege::Execute);
    if name.schema != "system" && answer.granted() { Ok(()) } else { Err(refused()) }
}
