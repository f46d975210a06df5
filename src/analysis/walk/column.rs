//! References to columns.

use super::super::facts::{MissingColumn, Reference};
use super::super::scope::{Field, Resolved, ScopeRef, TypeClass};
use super::Walk;
use crate::sql::Span;
use crate::sql::ast::{Expr, ExprKind, Identifier};
use compact_str::CompactString;

/// The identifiers of `a.b.c`, if the expression is nothing else.
pub(super) fn chain(expr: &Expr) -> Option<Vec<&Identifier>> {
    match &expr.kind {
        ExprKind::Identifier(identifier) => {
            let mut parts = Vec::with_capacity(2);
            parts.push(identifier);
            Some(parts)
        }
        ExprKind::Dereference { base, field } => {
            let mut parts = chain(base)?;
            parts.push(field);
            Some(parts)
        }
        _ => None,
    }
}

impl Walk<'_, '_> {
    /// A chain of identifiers where a column may stand. The class of its value, and whether the whole chain is the
    /// column.
    pub(super) fn column(&mut self, parts: &[&Identifier], scope: &ScopeRef) -> TypeClass {
        let mut names: Vec<CompactString> = parts.iter().map(|part| part.folded()).collect();
        let mut parts = parts;
        let labelled = match (&self.labels, parts, names.first()) {
            (Some(labels), [_, rest @ ..], Some(first)) if !rest.is_empty() && labels.contains(first) => Some(rest),
            _ => None,
        };
        if let Some(rest) = labelled {
            // A label of a row pattern stands before the column, and hides relations of that name.
            parts = rest;
            names.remove(0);
        }
        match scope.resolve(&names) {
            Resolved::Field { field, length } => {
                self.reference(field, parts.get(..length).unwrap_or_default());
                if length > 2 {
                    self.keep_apart(field, scope);
                }
                if length == names.len() { field.class } else { TypeClass::Structural }
            }
            Resolved::NotKnown => {
                self.facts.not_known.get_or_insert(span_of(parts));
                TypeClass::Structural
            }
            Resolved::Ambiguous => {
                self.facts.ambiguous.push(span_of(parts));
                TypeClass::Structural
            }
            Resolved::Missing => {
                self.missing(parts, scope);
                TypeClass::Structural
            }
        }
    }

    /// Qualifiers give way to the last of them, which may be the name of a relation nearer by.
    fn keep_apart(&mut self, field: &Field, scope: &ScopeRef) {
        let (Some(origin), Some(column), true) = (&field.origin, field.name.text(), field.own) else { return };
        let Some(base) = self.facts.relations.get_mut(origin.relation) else { return };
        let Some(last) = base.written.last() else { return };
        let short = [last.clone(), CompactString::clone(column)];
        let same =
            matches!(scope.resolve(&short), Resolved::Field { field: found, .. } if found.origin == field.origin);
        base.clash |= base.alias.is_none() && !same;
    }

    /// The name of a column of one of two joined relations.
    pub(super) fn reference(&mut self, field: &Field, parts: &[&Identifier]) {
        let (Some(origin), Some(name)) = (&field.origin, field.name.text()) else { return };
        if let Some(base) = self.facts.relations.get_mut(origin.relation) {
            base.columns.insert(origin.column);
        }
        let (qualifier, qualifiers) = match parts {
            [qualifier @ .., _] if !qualifier.is_empty() => (Some(span_of(qualifier)), qualifier.len()),
            _ => (None, 0),
        };
        self.facts.references.push(Reference {
            relation: origin.relation,
            name: CompactString::clone(name),
            span: span_of(parts),
            qualifier,
            qualifiers,
            own: field.own,
        });
    }

    fn missing(&mut self, parts: &[&Identifier], scope: &ScopeRef) {
        let folded: Vec<CompactString> = parts.iter().map(|part| part.folded()).collect();
        // What stands behind the longest name of a relation is meant as the column.
        let at = (1..folded.len()).rev().find(|length| {
            let prefix = folded.get(..*length).unwrap_or_default();
            scope.outwards().any(|scope| scope.relation.has_relation(prefix))
        });
        let Some(column) = folded.get(at.unwrap_or(0)).cloned() else { return };
        let mut relations = Vec::new();
        for scope in scope.outwards() {
            let of = scope.relation.fields.iter().filter_map(|field| Some(field.origin.as_ref()?.relation));
            for relation in of {
                if !relations.contains(&relation) {
                    relations.push(relation);
                }
            }
            if !relations.is_empty() {
                break;
            }
        }
        let name = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        self.facts.missing.push(MissingColumn { name, column, span: span_of(parts), relations });
    }
}

fn span_of(parts: &[&Identifier]) -> Span {
    match (parts.first(), parts.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    }
}
