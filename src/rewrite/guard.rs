//! The text that stands in the place of a restricted table.

use super::edits;
use super::form::Form;
use super::fresh::Fresh;
use super::policy_expr::policy_text;
use super::splice::splice;
use crate::analysis::facts::BaseRelation;
use crate::analysis::object::{Guard, SeenColumn, Source};
use crate::names::{push_quoted, quoted};

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
    let mut inner = String::with_capacity(64 * columns.len() + 256);
    inner.push_str("SELECT ");
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            inner.push_str(", ");
        }
        match &column.mask {
            // Such an item has the column's name.
            None => push_column(&mut inner, &alias, &column.name),
            Some(mask) => {
                inner.push_str("CAST((");
                inner.push_str(&policy_text(mask, &alias, fresh));
                inner.push_str(") AS ");
                inner.push_str(&column.data_type);
                inner.push_str(") AS ");
                push_quoted(&mut inner, &column.name);
            }
        }
    }
    let mut filter = String::with_capacity(64 * guard.filters.len());
    for one in &guard.filters {
        filter.push_str(if filter.is_empty() { "(" } else { ") AND (" });
        filter.push_str(&policy_text(one, &alias, fresh));
    }
    if !filter.is_empty() {
        filter.push(')');
    } else if guard.of_owner() {
        filter.push_str("TRUE");
    }
    let source = source(relation, guard, text, &alias, form, fresh);
    if filter.is_empty() || form == Form::Plain {
        inner.push_str(" FROM ");
        inner.push_str(&source);
        if !filter.is_empty() {
            inner.push_str(" WHERE ");
            inner.push_str(&filter);
        }
        return inner;
    }
    let rows = quoted(&fresh.next());
    let shown = quoted(&fresh.next());
    let mut out = String::with_capacity(3 * inner.len() + filter.len() + source.len() + 128);
    out.push_str("SELECT ");
    for (at, column) in columns.iter().enumerate() {
        out.push_str(if at > 0 { ", IF(" } else { "IF(" });
        out.push_str(&shown);
        out.push_str(", ");
        push_quoted(&mut out, &column.name);
        out.push_str(") AS ");
        push_quoted(&mut out, &column.name);
    }
    let rest = [
        " FROM (", &inner, ", (", &filter, ") AS ", &shown, " FROM ", &source, ") ", &rows, " WHERE ", &shown,
        " LIMIT ", MOST_ROWS,
    ];
    out.extend(rest);
    out
}

/// Adds `alias.name`; the alias stands in quotes already.
pub(super) fn push_column(sql: &mut String, alias: &str, name: &str) {
    sql.push_str(alias);
    sql.push('.');
    push_quoted(sql, name);
}

fn source(relation: &BaseRelation, guard: &Guard, text: &str, alias: &str, form: Form, fresh: &mut Fresh) -> String {
    match &guard.source {
        Source::Table | Source::OwnersView(_) => {
            let mut source = String::with_capacity(128);
            relation.name.push_sql(&mut source);
            if let Some(period) = relation.period {
                source.push(' ');
                source.push_str(period.of(text));
            }
            source.push(' ');
            source.push_str(alias);
            source
        }
        Source::View(view) => {
            let edits = edits::edits(&view.facts, &view.text, form, true, fresh);
            let columns: Vec<String> = view.columns.iter().map(|column| quoted(column)).collect();
            format!("({}) {alias} ({})", splice(&view.text, view.span, edits), columns.join(", "))
        }
    }
}
