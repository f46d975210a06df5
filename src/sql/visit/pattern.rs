//! What lies below the clauses of row pattern recognition.

macro_rules! pattern {
    ($name:ident, $($mutable:tt)?) => {
        pub fn pattern_clauses<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? PatternClauses) {
            let PatternClauses {
                measures, partition_by, order_by, rows_per_match: _, skip_to, seek: _, pattern, subsets, definitions,
            } = node;
            exprs(v, partition_by);
            sort_items(v, order_by);
            for (measure, name) in measures {
                v.expr(measure);
                v.identifier(name);
            }
            match skip_to {
                Some(SkipTo::First(name) | SkipTo::Last(name) | SkipTo::Variable(name)) => v.identifier(name),
                None | Some(SkipTo::NextRow | SkipTo::PastLastRow) => {}
            }
            if let Some(pattern) = pattern { v.row_pattern(pattern); }
            for (name, members) in subsets {
                v.identifier(name);
                identifiers(v, members);
            }
            for (name, condition) in definitions {
                v.identifier(name);
                v.expr(condition);
            }
        }

        pub fn row_pattern<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? RowPattern) {
            let RowPattern { span, kind } = node;
            v.span(span);
            match kind {
                RowPatternKind::Variable(name) => v.identifier(name),
                RowPatternKind::Empty | RowPatternKind::PartitionStart | RowPatternKind::PartitionEnd => {}
                RowPatternKind::Grouped(inner) | RowPatternKind::Excluded(inner) => v.row_pattern(inner),
                RowPatternKind::Permutation(parts)
                | RowPatternKind::Concatenation(parts)
                | RowPatternKind::Alternation(parts) => for part in parts { v.row_pattern(part); },
                RowPatternKind::Quantified { pattern, quantifier, reluctant: _, span } => {
                    v.row_pattern(pattern);
                    v.span(span);
                    match quantifier {
                        RowPatternQuantifier::ZeroOrMore
                        | RowPatternQuantifier::OneOrMore
                        | RowPatternQuantifier::ZeroOrOne => {}
                        RowPatternQuantifier::Exactly(count) => v.span(count),
                        RowPatternQuantifier::Range { at_least, at_most } => {
                            if let Some(count) = at_least { v.span(count); }
                            if let Some(count) = at_most { v.span(count); }
                        }
                    }
                }
            }
        }
    };
}
pub(super) use pattern;
