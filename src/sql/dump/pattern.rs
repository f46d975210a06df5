//! Row patterns and their clauses.

use super::Dump;
use crate::sql::ast::{
    Expr, Identifier, PatternClauses, Relation, RowPattern, RowPatternKind, RowPatternQuantifier, RowsPerMatch, SkipTo,
    Span,
};

impl Dump<'_> {
    pub(super) fn match_recognize(&mut self, span: Span, input: &Relation, node: &PatternClauses) {
        let PatternClauses {
            measures,
            partition_by,
            order_by,
            rows_per_match,
            skip_to,
            seek,
            pattern,
            subsets,
            definitions,
        } = node;
        self.node("PatternRecognitionRelation", Some(span), |dump| {
            dump.field("input", |dump| dump.relation(input));
            dump.list("partitionBy", partition_by, Self::expr);
            dump.order_by(order_by);
            dump.list("measures", measures, Self::measure);
            dump.maybe("rowsPerMatch", *rows_per_match, |dump, rows| {
                dump.quoted(match rows {
                    RowsPerMatch::One => "ONE",
                    RowsPerMatch::All | RowsPerMatch::AllShowEmpty => "ALL_SHOW_EMPTY",
                    RowsPerMatch::AllOmitEmpty => "ALL_OMIT_EMPTY",
                    RowsPerMatch::AllWithUnmatched => "ALL_WITH_UNMATCHED",
                });
            });
            dump.after_match(skip_to.as_ref(), *seek);
            dump.maybe("pattern", pattern.as_ref(), Self::row_pattern);
            dump.list("subsets", subsets, Self::subset);
            dump.list("variableDefinitions", definitions, Self::definition);
        });
    }

    /// The clauses of a window's frame, in the order of Trino's fields.
    pub(super) fn frame_clauses(&mut self, node: &PatternClauses) {
        let PatternClauses {
            measures,
            partition_by: _,
            order_by: _,
            rows_per_match: _,
            skip_to,
            seek,
            pattern,
            subsets,
            definitions,
        } = node;
        self.list("measures", measures, Self::measure);
        self.after_match(skip_to.as_ref(), *seek);
        self.maybe("pattern", pattern.as_ref(), Self::row_pattern);
        self.list("subsets", subsets, Self::subset);
        self.list("variableDefinitions", definitions, Self::definition);
    }

    fn measure(&mut self, (measure, name): &(Expr, Identifier)) {
        self.node("MeasureDefinition", None, |dump| {
            dump.field("expression", |dump| dump.expr(measure));
            dump.field("name", |dump| dump.identifier(name));
        });
    }

    fn after_match(&mut self, skip_to: Option<&SkipTo>, seek: Option<bool>) {
        self.maybe("afterMatchSkipTo", skip_to, |dump, skip_to| {
            let (position, name) = match skip_to {
                SkipTo::PastLastRow => ("PAST_LAST", None),
                SkipTo::NextRow => ("NEXT", None),
                SkipTo::First(name) => ("FIRST", Some(name)),
                // `SKIP TO a` is `SKIP TO LAST a`.
                SkipTo::Last(name) | SkipTo::Variable(name) => ("LAST", Some(name)),
            };
            dump.node("SkipTo", None, |dump| {
                dump.text("position", position);
                dump.maybe("identifier", name, Self::identifier);
            });
        });
        self.maybe("patternSearchMode", seek, |dump, seek| {
            dump.node("PatternSearchMode", None, |dump| dump.text("mode", if seek { "SEEK" } else { "INITIAL" }));
        });
    }

    fn subset(&mut self, (name, members): &(Identifier, Vec<Identifier>)) {
        self.node("SubsetDefinition", None, |dump| {
            dump.field("name", |dump| dump.identifier(name));
            dump.list("identifiers", members, Self::identifier);
        });
    }

    fn definition(&mut self, (name, condition): &(Identifier, Expr)) {
        self.node("VariableDefinition", None, |dump| {
            dump.field("name", |dump| dump.identifier(name));
            dump.field("expression", |dump| dump.expr(condition));
        });
    }

    fn row_pattern(&mut self, node: &RowPattern) {
        let RowPattern { span, kind } = node;
        let span = Some(*span);
        match kind {
            RowPatternKind::Variable(name) => {
                self.node("PatternVariable", span, |dump| dump.field("name", |dump| dump.identifier(name)));
            }
            RowPatternKind::Empty => self.node("EmptyPattern", span, |_| {}),
            RowPatternKind::PartitionStart => {
                self.node("AnchorPattern", span, |dump| dump.text("type", "PARTITION_START"));
            }
            RowPatternKind::PartitionEnd => self.node("AnchorPattern", span, |dump| dump.text("type", "PARTITION_END")),
            RowPatternKind::Permutation(parts) => {
                self.node("PatternPermutation", span, |dump| dump.list("patterns", parts, Self::row_pattern));
            }
            // Trino keeps no parentheses.
            RowPatternKind::Grouped(inner) => self.row_pattern(inner),
            RowPatternKind::Excluded(inner) => {
                self.node("ExcludedPattern", span, |dump| dump.field("pattern", |dump| dump.row_pattern(inner)));
            }
            RowPatternKind::Concatenation(parts) => self.chain("PatternConcatenation", parts),
            RowPatternKind::Alternation(parts) => self.chain("PatternAlternation", parts),
            RowPatternKind::Quantified { pattern, quantifier, reluctant, span: at } => {
                self.node("QuantifiedPattern", span, |dump| {
                    dump.field("pattern", |dump| dump.row_pattern(pattern));
                    dump.field("patternQuantifier", |dump| dump.quantifier(*at, *quantifier, !reluctant));
                });
            }
        }
    }

    /// A chain nests to the left, two by two.
    fn chain(&mut self, class: &str, parts: &[RowPattern]) {
        let Some((first, rest)) = parts.split_first() else { return };
        for _ in rest {
            self.open(class, None);
            self.key("patterns");
            self.json.push('[');
        }
        self.row_pattern(first);
        for part in rest {
            self.json.push(',');
            self.row_pattern(part);
            self.json.push(']');
            self.close();
        }
    }

    fn quantifier(&mut self, span: Span, node: RowPatternQuantifier, greedy: bool) {
        let (class, bounds) = match node {
            RowPatternQuantifier::ZeroOrMore => ("ZeroOrMoreQuantifier", None),
            RowPatternQuantifier::OneOrMore => ("OneOrMoreQuantifier", None),
            RowPatternQuantifier::ZeroOrOne => ("ZeroOrOneQuantifier", None),
            RowPatternQuantifier::Exactly(count) => ("RangeQuantifier", Some((Some(count), Some(count)))),
            RowPatternQuantifier::Range { at_least, at_most } => ("RangeQuantifier", Some((at_least, at_most))),
        };
        self.node(class, Some(span), |dump| {
            if let Some((at_least, at_most)) = bounds {
                dump.maybe("atLeast", at_least, Self::long);
                dump.maybe("atMost", at_most, Self::long);
            }
            dump.flag("greedy", greedy);
        });
    }
}
