//! The text that stands in the place of a restricted table.

use super::edits;
use super::form::Form;
use super::fresh::Fresh;
use super::policy_expr::policy_text;
use super::splice::splice;
use crate::analysis::facts::BaseRelation;
use crate::analysis::object::{Guard, Source};
use crate::names::quoted;
use std::fmt::Write as _;

/// More rows than there are.
const MOST_ROWS: &str = "9223372036854775807";

/// `SELECT …` over what the user may see of a table, without parentheses around it. `text` is the text that the relation
/// stands in.
pub(super) fn guard_select(
    relation: &BaseRelation,
    guard: &Guard,
    text: &str,
    form: Form,
    fresh: &mut Fresh,
) -> String {
    let table = fresh.next();
    let alias = quoted(&table);
    let mut items = Vec::with_capacity(guard.columns.len());
    for column in &guard.columns {
        // A hidden column comes in where it is named, so that `*` stays as it is.
        if column.hidden && !relation.columns.contains(&column.name) {
            continue;
        }
        let name = quoted(&column.name);
        let item = match &column.mask {
            None => format!("{alias}.{name} AS {name}"),
            Some(mask) => {
                format!("CAST(({}) AS {}) AS {name}", policy_text(mask, &table, fresh), column.data_type)
            }
        };
        items.push((name, item));
    }
    let mut filters: Vec<String> =
        guard.filters.iter().map(|filter| format!("({})", policy_text(filter, &table, fresh))).collect();
    if filters.is_empty() && guard.of_owner() {
        filters.push("TRUE".to_owned());
    }
    let filter = filters.join(" AND ");
    let source = source(relation, guard, text, &alias, form, fresh);
    let listed = items.iter().map(|(_, item)| item.as_str()).collect::<Vec<_>>().join(", ");
    if filters.is_empty() {
        return format!("SELECT {listed} FROM {source}");
    }
    if form == Form::Plain {
        return format!("SELECT {listed} FROM {source} WHERE {filter}");
    }
    let rows = quoted(&fresh.next());
    let shown = quoted(&fresh.next());
    let mut out = String::from("SELECT ");
    for (at, (name, _)) in items.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(out, "{comma}IF({rows}.{shown}, {rows}.{name}) AS {name}");
    }
    let _ = write!(out, " FROM (SELECT {listed}, ({filter}) AS {shown} FROM {source}) {rows} WHERE {rows}.{shown}");
    let _ = write!(out, " LIMIT {MOST_ROWS}");
    out
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
