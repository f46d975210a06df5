//! The edits that put guards into a text.

use super::form::Form;
use super::fresh::Fresh;
use super::guard::guard_select;
use super::positions::Edit;
use crate::analysis::facts::{BaseRelation, Facts, Place};
use crate::names::quoted;
use crate::sql::Span;
use std::collections::BTreeMap;

/// All edits of a text with these facts. `whole_names` where it is moved to another place, in which its short names would
/// mean something else.
pub(super) fn edits(facts: &Facts, text: &str, form: Form, whole_names: bool, fresh: &mut Fresh) -> Vec<Edit> {
    let mut edits = BTreeMap::new();
    let mut aliases: Vec<Option<String>> = Vec::with_capacity(facts.relations.len());
    let guarded = facts.relations.iter().filter(|relation| relation.guard().is_some());
    let own: Vec<String> = guarded.filter(|relation| relation.clash).map(|_| fresh.next()).collect();
    let mut own = own.iter();
    let given = fresh.given();
    for relation in &facts.relations {
        let Some(guard) = relation.guard() else {
            if whole_names && relation.written.len() < 3 {
                edits.insert(relation.name_span, relation.name.to_sql());
            }
            aliases.push(None);
            continue;
        };
        let own = if relation.clash { own.next() } else { None };
        let alias = own.map_or_else(|| relation.written.last().cloned().unwrap_or_default().into(), String::clone);
        let alias = quoted(&alias);
        // Nothing in a guard sees what is in another one. So each guard of a table has the same names wherever it stands, by which the
        // verifier knows it again; in the text of a view they go on from those around it.
        if !whole_names {
            fresh.again_from(given);
        }
        let columns = relation.guarded_columns(guard, facts.reads_known);
        let select = guard_select(relation, guard, &columns, text, form, fresh);
        let whole = match relation.period {
            Some(period) => relation.name_span.to(period),
            None => relation.name_span,
        };
        match (relation.place, relation.alias) {
            (Place::From, Some(_)) => {
                edits.insert(whole, ["(", &select, ")"].concat());
            }
            (Place::From, None) => {
                edits.insert(whole, ["(", &select, ") ", &alias].concat());
            }
            (Place::Body(span), _) => {
                edits.insert(span, ["SELECT * FROM (", &select, ") ", &alias].concat());
            }
            (Place::Argument(_), Some(_)) => {
                edits.insert(whole, select);
            }
            (Place::Argument(span), None) => {
                edits.insert(whole, select);
                let after = after_parenthesis(text, Span { start: whole.end, end: span.end });
                edits.insert(Span { start: after, end: after }, [" AS ", &alias].concat());
            }
            // A table that is changed stands open, or the statement is refused.
            (Place::Subject | Place::Target, _) => {}
        }
        aliases.push(relation.alias.is_none().then_some(alias));
    }
    let named = |index: usize| -> Option<(&BaseRelation, &String)> {
        Some((facts.relations.get(index)?, aliases.get(index)?.as_ref()?))
    };
    for reference in facts.references.iter().filter(|reference| reference.own) {
        let Some((relation, alias)) = named(reference.relation) else { continue };
        let Some(qualifier) = reference.qualifier else { continue };
        if relation.clash || reference.qualifiers > 1 {
            edits.insert(qualifier, alias.clone());
        }
    }
    for star in &facts.stars {
        let Some((relation, alias)) = named(star.relation) else { continue };
        if relation.clash || star.qualifiers > 1 {
            edits.insert(star.span, alias.clone());
        }
    }
    for (span, name) in &facts.copartition {
        let argument = facts.relations.iter().zip(&aliases).find_map(|(relation, alias)| {
            let full = [&relation.name.catalog, &relation.name.schema, &relation.name.table];
            let named = name.len() > 1
                && name.len() <= full.len()
                && full.iter().rev().zip(name.iter().rev()).all(|(a, b)| **a == *b);
            (named && matches!(relation.place, Place::Argument(_))).then_some(alias.as_ref()?)
        });
        if let Some(alias) = argument {
            edits.insert(*span, alias.clone());
        }
    }
    edits.into_iter().map(|(span, text)| Edit { span, text }).collect()
}

/// One past the first `)` that is no part of a comment.
fn after_parenthesis(text: &str, within: Span) -> u32 {
    let bytes = within.of(text).as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b')', _) => return within.start + at as u32 + 1,
            (b'-', Some(b'-')) => {
                while bytes.get(at).is_some_and(|byte| !matches!(byte, b'\r' | b'\n')) {
                    at += 1;
                }
            }
            (b'/', Some(b'*')) => {
                at += 2;
                while bytes.get(at).is_some() && (bytes.get(at), bytes.get(at + 1)) != (Some(&b'*'), Some(&b'/')) {
                    at += 1;
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    within.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parenthesis_in_a_comment_is_not_the_end() {
        for (text, after) in [
            ("t)", 2),
            ("t -- )\r /* ) */ ) AS x", 17),
            ("t -- )\n) AS x", 8),
            ("t -- )\r) AS x", 8),
            ("t /* a ) */) ", 12),
            ("t /*/ ) */) ", 11),
            ("t /* ) * / **/) ", 15),
            ("t - / ) AS x", 7),
            ("t -- )", 6),
        ] {
            assert_eq!(after_parenthesis(text, Span { start: 1, end: text.len() as u32 }), after, "{text}");
        }
    }
}
