//! Row patterns: `MATCH_RECOGNIZE` and windows' measures.

use super::super::scope::{Field, RelationType, Resolved, Scope, ScopeRef, TypeClass};
use super::Walk;
use super::column::chain;
use crate::sql::ast::{Expr, PatternClauses, RowPattern, RowPatternKind, RowsPerMatch, SortItem};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::rc::Rc;

impl Walk<'_, '_> {
    /// The clauses of `MATCH_RECOGNIZE` over `input`, and what comes out: no relation's name does.
    pub(super) fn match_recognize(
        &mut self,
        clauses: &PatternClauses,
        input: RelationType,
        scope: &ScopeRef,
    ) -> RelationType {
        let scope = Scope::within(scope, input);
        self.pattern_clauses(clauses, &scope);
        let input = &scope.relation;
        let mut output = RelationType::default();
        if !input.unknown.is_empty() {
            output.unknown.push(None);
        }
        let named = |expr: &Expr| -> Option<Field> {
            let names: Vec<CompactString> = chain(expr)?.iter().map(|part| part.folded()).collect();
            match scope.resolve(&names) {
                Resolved::Field { field, .. } => Some(field.clone()),
                _ => None,
            }
        };
        let all_rows = !matches!(clauses.rows_per_match, None | Some(RowsPerMatch::One));
        let ordered = clauses.order_by.iter().filter(|_| all_rows).map(|SortItem { key, .. }| key);
        let listed: Vec<Field> = clauses.partition_by.iter().chain(ordered).filter_map(named).collect();
        output.fields.extend(listed.iter().map(|field| Field::plain(field.name.clone(), field.class)));
        for (_, name) in &clauses.measures {
            output.fields.push(Field::plain(name.folded().into(), TypeClass::Structural));
        }
        if all_rows {
            let rest = input.fields.iter().filter(|field| !listed.contains(field));
            let rest: Vec<Field> = rest
                .map(|field| Field { hidden: field.hidden, ..Field::plain(field.name.clone(), field.class) })
                .collect();
            output.fields.extend(rest);
            let input = scope.relation.clone();
            self.all_columns(&input);
        }
        output
    }

    /// Partitions and order see relations by their names; measures and definitions see labels instead.
    pub(super) fn pattern_clauses(&mut self, clauses: &PatternClauses, scope: &ScopeRef) {
        let PatternClauses {
            measures,
            partition_by,
            order_by,
            rows_per_match: _,
            skip_to: _,
            seek: _,
            pattern,
            subsets,
            definitions,
        } = clauses;
        for expr in partition_by {
            self.expr(expr, scope);
        }
        self.sort_items(order_by, scope);
        let mut labels = BTreeSet::new();
        if let Some(pattern) = pattern {
            collect_labels(pattern, &mut labels);
        }
        labels.extend(subsets.iter().map(|(name, _)| name.folded()));
        let outer = self.labels.replace(Rc::new(labels));
        for expr in measures.iter().map(|(expr, _)| expr).chain(definitions.iter().map(|(_, expr)| expr)) {
            self.can_fail(expr.span);
            self.expr(expr, scope);
        }
        self.labels = outer;
    }
}

fn collect_labels(pattern: &RowPattern, labels: &mut BTreeSet<CompactString>) {
    match &pattern.kind {
        RowPatternKind::Variable(name) => {
            labels.insert(name.folded());
        }
        RowPatternKind::Empty | RowPatternKind::PartitionStart | RowPatternKind::PartitionEnd => {}
        RowPatternKind::Permutation(patterns)
        | RowPatternKind::Concatenation(patterns)
        | RowPatternKind::Alternation(patterns) => {
            for pattern in patterns {
                collect_labels(pattern, labels);
            }
        }
        RowPatternKind::Grouped(pattern) | RowPatternKind::Excluded(pattern) => collect_labels(pattern, labels),
        RowPatternKind::Quantified { pattern, quantifier: _, reluctant: _, span: _ } => {
            collect_labels(pattern, labels);
        }
    }
}
