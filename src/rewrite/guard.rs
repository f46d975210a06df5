//! The text that stands in the place of a restricted table.

use super::edits;
use super::form::Form;
use super::fresh::Fresh;
use super::policy_expr::policy_text;
use super::splice::splice;
use crate::analysis::facts::BaseRelation;
use crate::analysis::object::{Guard, SeenColumn, Source};
use crate::names::{push_quoted, quoted};
use std::fmt::Write as _;

/// More rows than there are.
const MOST_ROWS: &str = "9223372036854775807";

/// `SELECT …` of `columns` of what the user may see of a table, without parentheses around it. `text` is the text that the
/// relation stands in.
pub(super) fn guard_select(
    relation: &BaseRelation,
    guard: &Guard,
    columns: &[&SeenColumn],
    text: &str,
    form: Form,
    fresh: &mut Fresh,
) -> String {
    let table = fresh.next();
    let alias = quoted(&table);
    let mut inner = String::from("SELECT ");
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            inner.push_str(", ");
        }
        match &column.mask {
            // Such an item has the column's name.
            None => push_column(&mut inner, &alias, &column.name),
            Some(mask) => {
                let _ = write!(inner, "CAST(({}) AS {}) AS ", policy_text(mask, &table, fresh), column.data_type);
                push_quoted(&mut inner, &column.name);
            }
        }
    }
    let filters: Vec<String> = guard.filters.iter().map(|filter| policy_text(filter, &table, fresh)).collect();
    let filter = match filters.as_slice() {
        [] if guard.of_owner() => "TRUE".to_owned(),
        [] => String::new(),
        filters => format!("({})", filters.join(") AND (")),
    };
    let source = source(relation, guard, text, &alias, form, fresh);
    if filter.is_empty() || form == Form::Plain {
        let filter = if filter.is_empty() { filter } else { format!(" WHERE {filter}") };
        return format!("{inner} FROM {source}{filter}");
    }
    let rows = quoted(&fresh.next());
    let shown = quoted(&fresh.next());
    let mut out = String::with_capacity(2 * inner.len() + filter.len() + source.len() + 128);
    out.push_str("SELECT ");
    let if_shown = format!("IF({shown}, ");
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(&if_shown);
        push_quoted(&mut out, &column.name);
        out.push_str(") AS ");
        push_quoted(&mut out, &column.name);
    }
    let _ = write!(out, " FROM ({inner}, ({filter}) AS {shown} FROM {source}) {rows} WHERE {shown}");
    let _ = write!(out, " LIMIT {MOST_ROWS}");
    out
}

/// Adds `alias.name`; the alias stands in quotes already.
fn push_column(sql: &mut String, alias: &str, name: &str) {
    sql.push_str(alias);
    sql.push('.');
    push_quoted(sql, name);
}

fn source(relation: &BaseRelation, guard: &Guard, text: &str, alias: &str, form: Form, fresh: &mut Fresh) -> String {
    match &guard.source {
        Source::Table | Source::OwnersView(_) => {
            let period = relation.period.map_or(String::new(), |period| format!(" {}", period.of(text)));
            format!("{}{period} {alias}", relation.name.to_sql())
        }
        Source::View(view) => {
            let edits = edits::edits(&view.facts, &view.text, form, true, fresh);
            let columns: Vec<String> = view.columns.iter().map(|column| quoted(column)).collect();
            format!("({}) {alias} ({})", splice(&view.text, view.span, edits), columns.join(", "))
        }
    }
}
