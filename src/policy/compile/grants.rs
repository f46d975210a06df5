//! What a grant gives.

use super::{Context, place};
use crate::policy::diagnostics::Diagnostic;
use crate::policy::document::{At, ColumnSelection, Grant, PrivilegeWord};
use crate::policy::{ColumnRule, Columns, Privilege};
use compact_str::CompactString;
use std::collections::BTreeSet;

/// What `all` stands for.
const OF_TABLES: [Privilege; 8] = [
    Privilege::Select,
    Privilege::Insert,
    Privilege::Delete,
    Privilege::Update,
    Privilege::Create,
    Privilege::Drop,
    Privilege::Alter,
    Privilege::Show,
];

/// What a grant gives.
pub(super) struct Granted {
    /// On the policy's tables.
    pub(super) tables: BTreeSet<Privilege>,
    pub(super) columns: Columns,
    /// Whether it gives `execute` on the policy's functions.
    pub(super) execute: bool,
}

pub(super) fn granted(file: usize, grant: &Grant, context: &mut Context<'_>) -> Granted {
    let mut tables = BTreeSet::new();
    let mut execute = false;
    for word in &grant.privileges.value {
        let privilege = match word.value {
            PrivilegeWord::All => {
                tables.extend(OF_TABLES);
                continue;
            }
            PrivilegeWord::Execute => {
                execute = true;
                continue;
            }
            PrivilegeWord::Select => Privilege::Select,
            PrivilegeWord::Insert => Privilege::Insert,
            PrivilegeWord::Delete => Privilege::Delete,
            PrivilegeWord::Update => Privilege::Update,
            PrivilegeWord::Create => Privilege::Create,
            PrivilegeWord::Drop => Privilege::Drop,
            PrivilegeWord::Alter => Privilege::Alter,
            PrivilegeWord::Show => Privilege::Show,
        };
        tables.insert(privilege);
    }
    if grant.privileges.value.is_empty() {
        context.empty(file, &grant.privileges.at);
    }
    let of_columns = |word: &&At<PrivilegeWord>| !matches!(word.value, PrivilegeWord::Select | PrivilegeWord::Show);
    if let Some(selection) = &grant.columns
        && let Some(word) = grant.privileges.value.iter().find(of_columns)
    {
        context.report(
            Diagnostic::new(
                "bad-columns",
                place(file, &word.at),
                "a grant of some columns can only give `select` and `show`",
                "is not of columns",
            )
            .other(place(file, &selection.at), "the columns")
            .help("give it by a grant of its own"),
        );
    }
    Granted { tables, columns: columns(file, grant.columns.as_ref(), context), execute }
}

/// The columns that a grant names; all if it names none.
fn columns(file: usize, selection: Option<&At<ColumnSelection>>, context: &mut Context<'_>) -> Columns {
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
