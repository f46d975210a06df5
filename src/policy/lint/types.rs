//! Masks that can't hold for the types of columns, where types are known.

use super::Places;
use crate::catalog::table::Table;
use crate::names::TableName;
use crate::policy::diagnostics::Diagnostic;
use crate::policy::mask::{CannotHold, fits};
use crate::policy::matches;
use crate::policy::rule::{Effect, Rule};
use std::sync::Arc;

pub(super) fn check<'t>(
    rules: &[Rule],
    tables: impl Iterator<Item = (&'t TableName, &'t Arc<Table>)>,
    places: &Places<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for (name, table) in tables {
        for rule in rules {
            let Effect::Mask { columns, path, priority: _, mask } = &rule.effect else { continue };
            if !rule.is_about(name) {
                continue;
            }
            for column in table.columns.iter().filter(|column| matches(columns, &column.name)) {
                if let Err(CannotHold { mask, data_type, reason }) = fits(mask, path, &column.data_type) {
                    let message = format!("the mask `{mask}` can't hold for the type {data_type}: {reason}");
                    let label = format!("column `{}` of `{name}`", column.name);
                    let problem = Diagnostic::new("mask-cannot-hold", places.of(&rule.policy), message, label);
                    found.push(problem.help("each statement that reads the table is refused"));
                }
            }
        }
    }
}
