//! Expressions and relations that came after Trino 476.

use super::Dump;
use super::expr::{of, quantifier_name};
use crate::sql::ast::{
    CallArgument, ComparisonOperator, ComparisonQuantifier, Expr, ExprKind, IntervalField, IntervalQualifier,
    MatchKind, Nearest, NewerExpr, Pivot, PivotAggregation, PivotGroup, QualifiedName, Query, RowField, Span,
};

impl Dump<'_> {
    pub(super) fn newer(&mut self, span: Span, node: &NewerExpr) {
        match node {
            NewerExpr::Between { negated, symmetric, value, low, high } => {
                self.negatable(*negated, span, |dump| {
                    dump.node("BetweenPredicate", Some(span), |dump| {
                        dump.value(value);
                        dump.bounds(Some(*symmetric), low, high);
                    });
                });
            }
            NewerExpr::Match { value, unique: _, kind: _, query: _ }
            | NewerExpr::Overlaps { left: value, right: _ } => {
                self.node("Predicated", Some(span), |dump| {
                    dump.value(value);
                    dump.field("predicate", |dump| dump.newer_predicate(span, node));
                });
            }
            NewerExpr::Unique(query) => self.node("UniquePredicate", Some(span), |dump| {
                dump.field("subquery", |dump| dump.subquery(Some(span), query));
            }),
            NewerExpr::AtLocal(value) => self.node("AtLocal", Some(span), |dump| dump.value(value)),
            NewerExpr::AllElements(base) => self.node("ArrayWildcardSubscript", Some(span), |dump| {
                dump.field("base", |dump| dump.expr(base));
            }),
            NewerExpr::MethodCall { receiver, method, arguments } => self.node("MethodCall", Some(span), |dump| {
                dump.field("receiver", |dump| dump.expr(receiver));
                dump.field("method", |dump| dump.identifier(method));
                dump.call_arguments(arguments);
            }),
            NewerExpr::StaticMethodCall { type_name, method, arguments } => {
                self.node("StaticMethodCall", Some(span), |dump| {
                    dump.field("type", |dump| dump.qualified_name(type_name));
                    dump.field("method", |dump| dump.identifier(method));
                    dump.call_arguments(arguments);
                });
            }
            NewerExpr::Row(fields) => self.node("Row", Some(span), |dump| {
                dump.list("items", fields, |dump, RowField { span, value, name }| match name {
                    None => dump.expr(value),
                    Some(name) => dump.node("Row.Field", Some(*span), |dump| {
                        dump.field("name", |dump| dump.identifier(name));
                        dump.field("expression", |dump| dump.expr(value));
                    }),
                });
            }),
            NewerExpr::Overlay(operands) => self.node("Overlay", Some(span), |dump| {
                for (key, operand) in ["value", "replacement", "start", "length"].into_iter().zip(operands) {
                    dump.field(key, |dump| dump.expr(operand));
                }
            }),
            // It stands where no node is made for it.
            NewerExpr::CaseOperand => {}
        }
    }

    fn bounds(&mut self, symmetric: Option<bool>, low: &Expr, high: &Expr) {
        self.maybe("symmetry", symmetric, |dump, symmetric| {
            dump.quoted(if symmetric { "SYMMETRIC" } else { "ASYMMETRIC" });
        });
        self.field("min", |dump| dump.expr(low));
        self.field("max", |dump| dump.expr(high));
    }

    fn newer_predicate(&mut self, span: Span, node: &NewerExpr) {
        match node {
            NewerExpr::Match { value: _, unique, kind, query } => self.node("MatchPredicate", Some(span), |dump| {
                dump.flag("unique", *unique);
                dump.text(
                    "type",
                    match kind {
                        MatchKind::Simple => "SIMPLE",
                        MatchKind::Partial => "PARTIAL",
                        MatchKind::Full => "FULL",
                    },
                );
                dump.field("subquery", |dump| dump.subquery(Some(query.span), query));
            }),
            NewerExpr::Overlaps { left: _, right } => self.node("OverlapsPredicate", Some(span), |dump| {
                dump.field("right", |dump| dump.expr(right));
            }),
            NewerExpr::Between { negated, symmetric, value: _, low, high } => {
                self.node("BetweenPredicate", Some(span), |dump| {
                    dump.flag("negated", *negated);
                    dump.bounds(Some(*symmetric), low, high);
                });
            }
            _ => {}
        }
    }

    /// What a `WHEN` compares the operand of its `CASE` with.
    pub(super) fn when_operand(&mut self, condition: &Expr) {
        if !is_partial(condition) {
            return self.expr(condition);
        }
        self.node("WhenClause.Partial", Some(condition.span), |dump| {
            dump.field("predicate", |dump| dump.partial(condition));
        });
    }

    /// A predicate without its value, as newer trees have each.
    fn partial(&mut self, node: &Expr) {
        let Expr { span, kind } = node;
        let negatable = |dump: &mut Self, class: &str, negated: bool, rest: &mut dyn FnMut(&mut Self)| {
            dump.node(class, Some(*span), |dump| {
                dump.flag("negated", negated);
                rest(dump);
            });
        };
        match kind {
            ExprKind::Comparison { operator, left: _, right } => {
                self.node("ComparisonPredicate", Some(*span), |dump| {
                    dump.text("operator", of(*operator));
                    dump.field("right", |dump| dump.expr(right));
                })
            }
            ExprKind::QuantifiedComparison { operator, quantifier, left: _, query } => {
                self.quantified(*span, (*operator, *quantifier), query);
            }
            ExprKind::Between { negated, value: _, low, high } => {
                negatable(self, "BetweenPredicate", *negated, &mut |dump| dump.bounds(None, low, high));
            }
            ExprKind::InList { negated, value: _, list } => {
                negatable(self, "InPredicate", *negated, &mut |dump| {
                    dump.field("valueList", |dump| dump.in_list(list));
                });
            }
            ExprKind::InSubquery { negated, value: _, query } => {
                negatable(self, "InPredicate", *negated, &mut |dump| {
                    dump.field("valueList", |dump| dump.subquery(Some(*span), query));
                });
            }
            ExprKind::Like { negated, value: _, pattern, escape } => {
                negatable(self, "LikePredicate", *negated, &mut |dump| {
                    dump.field("pattern", |dump| dump.expr(pattern));
                    dump.maybe("escape", escape.as_deref(), Self::expr);
                });
            }
            ExprKind::IsNull { negated, value: _ } => negatable(self, "IsNullPredicate", *negated, &mut |_| {}),
            ExprKind::IsTruth { negated, value: _, truth } => {
                negatable(self, "BooleanTestPredicate", *negated, &mut |dump| dump.truth(*truth));
            }
            ExprKind::IsDistinctFrom { negated, left: _, right } => {
                negatable(self, "DistinctFromPredicate", *negated, &mut |dump| {
                    dump.field("right", |dump| dump.expr(right));
                });
            }
            ExprKind::Newer(node) => self.newer_predicate(*span, node),
            _ => self.expr(node),
        }
    }

    fn quantified(
        &mut self,
        span: Span,
        (operator, quantifier): (ComparisonOperator, ComparisonQuantifier),
        query: &Query,
    ) {
        self.node("QuantifiedComparisonPredicate", Some(span), |dump| {
            dump.text("operator", of(operator));
            dump.text("quantifier", quantifier_name(quantifier));
            dump.field("subquery", |dump| dump.subquery(Some(query.span), query));
        });
    }

    pub(super) fn pivot(&mut self, node: &Pivot) {
        let Pivot { span, input, aggregations, columns, groups, group_by } = node;
        self.node("Pivot", Some(*span), |dump| {
            dump.field("input", |dump| dump.relation(input));
            dump.list("aggregations", aggregations, |dump, PivotAggregation { span, expr, alias }| {
                dump.node("PivotAggregation", Some(*span), |dump| {
                    dump.field("expression", |dump| dump.expr(expr));
                    dump.maybe("alias", alias.as_ref(), Self::identifier);
                });
            });
            dump.list("pivotColumns", columns, Self::column_name);
            dump.list("valueGroups", groups, |dump, PivotGroup { span, values, alias }| {
                dump.node("PivotValueGroup", Some(*span), |dump| {
                    dump.list("values", values, Self::expr);
                    dump.maybe("alias", alias.as_ref(), Self::identifier);
                });
            });
            dump.maybe("groupBy", group_by.as_ref(), Self::group_by);
        });
    }

    /// A name as the chain of dereferences that a column is.
    fn column_name(&mut self, node: &QualifiedName) {
        let QualifiedName { parts, span: _ } = node;
        for _ in parts.iter().skip(1) {
            self.open("DereferenceExpression", None);
            self.key("base");
        }
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.key("field");
            }
            self.identifier(part);
            if at > 0 {
                self.close();
            }
        }
    }

    pub(super) fn nearest(&mut self, node: &Nearest) {
        let Nearest { span, relation, filter, condition } = node;
        self.node("Nearest", Some(*span), |dump| {
            dump.field("relation", |dump| dump.relation(relation));
            dump.maybe("where", filter.as_ref(), Self::expr);
            dump.field("match", |dump| dump.expr(condition));
        });
    }

    /// An argument is a node of its own where it has a name.
    pub(super) fn named_arguments(&mut self, nodes: &[CallArgument]) {
        self.list("arguments", nodes, |dump, node| {
            let CallArgument { span, name, value } = node;
            match name {
                None => dump.expr(value),
                Some(name) => dump.node("CallArgument", Some(*span), |dump| {
                    dump.field("name", |dump| dump.identifier(name));
                    dump.field("value", |dump| dump.expr(value));
                }),
            }
        });
    }

    /// The qualifier of an interval with a precision; without one it is two fields, as in Trino 476.
    pub(super) fn interval_qualifier(&mut self, node: &IntervalQualifier) {
        let IntervalQualifier { from, precision, to, fraction } = node;
        let class = if to.is_some() { "CompositeIntervalQualifier" } else { "SimpleIntervalQualifier" };
        self.node(class, None, |dump| {
            dump.maybe("precision", *precision, Self::digits_of);
            match to {
                None => dump.field("field", |dump| dump.interval_field(*from, *fraction)),
                Some(to) => {
                    dump.field("from", |dump| dump.interval_field(*from, None));
                    dump.field("to", |dump| dump.interval_field(*to, *fraction));
                }
            }
        });
    }

    fn interval_field(&mut self, field: IntervalField, fraction: Option<Span>) {
        let class = match field {
            IntervalField::Year => "IntervalField.Year",
            IntervalField::Month => "IntervalField.Month",
            IntervalField::Day => "IntervalField.Day",
            IntervalField::Hour => "IntervalField.Hour",
            IntervalField::Minute => "IntervalField.Minute",
            IntervalField::Second => "IntervalField.Second",
        };
        self.node(class, None, |dump| dump.maybe("fractionalPrecision", fraction, Self::digits_of));
    }

    /// A number as Java writes what it read.
    fn digits_of(&mut self, span: Span) {
        let written = span.of(self.text);
        let digits = written.trim_start_matches('0');
        self.quoted(if digits.is_empty() { "0" } else { digits });
    }
}

/// Whether an expression is the predicate of a `WHEN` that goes on with the operand of its `CASE`.
fn is_partial(condition: &Expr) -> bool {
    let value = match &condition.kind {
        ExprKind::Comparison { left: value, .. }
        | ExprKind::QuantifiedComparison { left: value, .. }
        | ExprKind::Between { value, .. }
        | ExprKind::InList { value, .. }
        | ExprKind::InSubquery { value, .. }
        | ExprKind::Like { value, .. }
        | ExprKind::IsNull { value, .. }
        | ExprKind::IsTruth { value, .. }
        | ExprKind::IsDistinctFrom { left: value, .. } => value,
        ExprKind::Newer(node) => match &**node {
            NewerExpr::Between { value, .. }
            | NewerExpr::Match { value, .. }
            | NewerExpr::Overlaps { left: value, .. } => value,
            _ => return false,
        },
        _ => return false,
    };
    matches!(&value.kind, ExprKind::Newer(node) if **node == NewerExpr::CaseOperand)
}
