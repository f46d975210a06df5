//! A policy's expression in the place where it is put in.
//!
//! Each name in it is written so that nothing of the user's can take its place: columns by the alias of the guard,
//! functions by their full name, tables by three parts with an alias of their own.

use super::fresh::Fresh;
use super::guard::push_column;
use super::positions::Edit;
use super::splice::splice;
use crate::analysis::facts::Place;
use crate::analysis::object::PolicyExpr;
use crate::names::quoted;
use crate::sql::Span;

/// What looks like a call and is a form of Trino's grammar, known by its name alone.
const FORMS: [&str; 6] = ["if", "nullif", "coalesce", "try", "format", "listagg"];

/// The text of `expr` over a table whose alias, in its quotes, is `table`.
pub(super) fn policy_text(expr: &PolicyExpr, table: &str, fresh: &mut Fresh) -> String {
    let mut edits: Vec<Edit> = Vec::new();
    let mut aliases: Vec<String> = Vec::with_capacity(expr.facts.relations.len());
    for relation in &expr.facts.relations {
        if relation.place == Place::Subject {
            aliases.push(table.to_owned());
            continue;
        }
        let alias = quoted(&fresh.next());
        let end = relation.period.unwrap_or(relation.name_span).end;
        edits.push(Edit { span: relation.name_span, text: relation.name.to_sql() });
        match relation.alias {
            Some(span) => edits.push(Edit { span, text: alias.clone() }),
            None => edits.push(Edit { span: Span { start: end, end }, text: format!(" {alias}") }),
        }
        aliases.push(alias);
    }
    for reference in expr.facts.references.iter().filter(|reference| reference.own) {
        if let Some(alias) = aliases.get(reference.relation) {
            let mut text = String::with_capacity(alias.len() + reference.name.len() + 3);
            push_column(&mut text, alias, &reference.name);
            edits.push(Edit { span: reference.span, text });
        }
    }
    for star in &expr.facts.stars {
        if let Some(alias) = aliases.get(star.relation) {
            edits.push(Edit { span: star.span, text: alias.clone() });
        }
    }
    for function in &expr.facts.functions {
        if let ([name], false) = (function.name.as_slice(), function.table)
            && !FORMS.contains(&name.as_str())
        {
            let at = Span { start: function.span.start, end: function.span.start };
            edits.push(Edit { span: at, text: "system.builtin.".to_owned() });
        }
    }
    splice(&expr.text, expr.span, edits)
}
