//! The columns of a grant.

use super::{Context, place};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, ColumnSelection};
use crate::policy::{ColumnRule, Columns};
use compact_str::CompactString;
use std::collections::BTreeSet;

/// The columns that a grant names; all if it names none.
pub(super) fn columns(file: usize, selection: Option<&At<ColumnSelection>>, context: &mut Context<'_>) -> Columns {
    let Some(selection) = selection else { return Columns::All };
    match (&selection.value.only, &selection.value.except) {
        (Some(only), None) => Columns::Some(vec![ColumnRule::Only(names(file, only, context))]),
        (None, Some(except)) => Columns::Some(vec![ColumnRule::Except(names(file, except, context))]),
        _ => {
            context.report(Diagnostic::new(
                "bad-columns",
                place(file, &selection.at),
                "`columns` takes either `only` or `except`",
                "one of them, not both and not none",
            ));
            Columns::Some(Vec::new())
        }
    }
}

fn names(file: usize, list: &At<Vec<At<String>>>, context: &mut Context<'_>) -> BTreeSet<CompactString> {
    if list.value.is_empty() {
        context.report(
            Diagnostic::new("bad-columns", place(file, &list.at), "no column is named", "an empty list")
                .help("leave `columns` out to grant all columns"),
        );
    }
    let mut names = BTreeSet::new();
    for name in &list.value {
        column(file, name, context);
        if !names.insert(CompactString::from(&name.value).to_lowercase()) {
            context.report(Diagnostic::new(
                "duplicate-name",
                place(file, &name.at),
                format!("column `{}` is named twice", name.value),
                "named again",
            ));
        }
    }
    names
}

/// Checks the name of one column.
pub(super) fn column(file: usize, name: &At<String>, context: &mut Context<'_>) {
    context.check_text(file, name, "a column's name");
    if name.value.contains('*') {
        context.report(
            Diagnostic::new("bad-columns", place(file, &name.at), "columns are named exactly", "a pattern")
                .help("name each column, or use `except`"),
        );
    }
}
