//! Whose queries may be ended without a grant of the procedure.

use super::Unproved;
use super::walk::Walk;
use crate::catalog::table::{Known, Need};
use crate::names::TableName;
use crate::policy::{Object, Privilege};
use crate::sql::StatementKind;
use crate::sql::ast::{Change, ExprKind};

/// Whether this is a call of `kill_query` that ends a query of the user's own, or of somebody whom the user may act as
/// or look at. `false` for any other statement, and where the procedure itself has to be granted.
pub(super) fn may_end(walk: &Walk<'_>, kind: &StatementKind) -> Result<bool, Unproved> {
    let StatementKind::Change(change) = kind else { return Ok(false) };
    let Change::Call { procedure, arguments } = &**change else { return Ok(false) };
    let name = walk.defaults.table(procedure)?;
    let request = walk.request;
    let granted = || request.snapshot.may(request.subject, Object::Procedure, &name, Privilege::Execute).granted();
    if name != TableName::new("system", "runtime", "kill_query") || granted() {
        return Ok(false);
    }
    let mut id = None;
    for (place, argument) in arguments.iter().enumerate() {
        let ExprKind::String(text) = &argument.value.kind else {
            return Err(Unproved::because("an argument of kill_query that is not written out"));
        };
        let is_id = argument.name.as_ref().map_or(place == 0, |name| name.value.eq_ignore_ascii_case("query_id"));
        if is_id && id.replace(text.value.as_str()).is_some() {
            return Err(Unproved::because("kill_query of two queries"));
        }
    }
    let Some(id) = id else { return Ok(false) };
    let may = request.snapshot.may_read_system_information(request.subject).granted()
        || match request.tables.get(&Need::Query(id.into())) {
            Some(Known::QueryOf(user)) => {
                *user == request.subject.user || request.snapshot.may_impersonate(request.subject, user).granted()
            }
            _ => false,
        };
    if may { Ok(true) } else { Err(Unproved::because(format!("query {id} is another's"))) }
}
