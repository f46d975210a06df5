//! Which properties of sessions may be told of.

use super::Unproved;
use crate::enforce::Request;
use crate::policy::VisibleTables;
use crate::sql::Statement;
use crate::sql::ast::{Expr, ExprKind};
use crate::sql::visit::{Visit, walk};

/// Proves that no row begins with the name of a property of a catalog that the user may not know of.
pub(super) fn prove(request: &Request<'_>, tree: &Statement) -> Result<(), Unproved> {
    let mut rows = Rows { visible: request.snapshot.visible(request.subject), proof: Ok(()) };
    rows.statement(tree);
    rows.proof
}

struct Rows {
    visible: VisibleTables,
    proof: Result<(), Unproved>,
}

impl Visit for Rows {
    fn expr(&mut self, node: &Expr) {
        if let ExprKind::Row(values) = &node.kind
            && let Some(ExprKind::String(name)) = values.first().map(|value| &value.kind)
            && let Some((catalog, _)) = name.value.split_once('.')
            && !self.visible.catalog(catalog)
        {
            self.proof = Err(Unproved::because(format!("a session property of {catalog}")));
        }
        walk::expr(self, node);
    }
}
