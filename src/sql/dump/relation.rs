//! Relations.

use super::Dump;
use crate::sql::ast::{
    Identifier, Join, JoinCriteria, JoinKind, PeriodKind, QualifiedName, QueryPeriod, Relation, SampleMethod, Span,
    TableArgument, TableArgumentInput, TableFunction, TableFunctionArgument, TableFunctionValue, TableReference,
};

impl Dump<'_> {
    /// The relations of FROM; commas are joins that nest to the left.
    pub(super) fn relations(&mut self, first: &Relation, others: &[Relation]) {
        for _ in others {
            self.open("Join", None);
            self.text("type", "IMPLICIT");
            self.key("left");
        }
        self.relation(first);
        for other in others {
            self.field("right", |dump| dump.relation(other));
            self.close();
        }
    }

    pub(super) fn relation(&mut self, node: &Relation) {
        match node {
            Relation::Table(table) => self.table_reference(table),
            Relation::Subquery { span, query } => {
                self.node("TableSubquery", Some(*span), |dump| dump.field("query", |dump| dump.query(query)));
            }
            // Trino keeps no parentheses.
            Relation::Parenthesized { span: _, relation } => self.relation(relation),
            Relation::Unnest { span, exprs, ordinality } => self.node("Unnest", Some(*span), |dump| {
                dump.list("expressions", exprs, Self::expr);
                dump.flag("withOrdinality", *ordinality);
            }),
            Relation::Lateral { span, query } => {
                self.node("Lateral", Some(*span), |dump| dump.field("query", |dump| dump.query(query)));
            }
            Relation::TableFunction(function) => self.table_function(function),
            Relation::JsonTable(table) => self.json_table(table),
            Relation::Pivot(pivot) => self.pivot(pivot),
            Relation::Nearest(nearest) => self.nearest(nearest),
            Relation::Aliased { span, relation, alias, columns } => {
                self.aliased(Some(*span), (alias, columns), |dump| dump.relation(relation));
            }
            Relation::MatchRecognize { span, input, clauses } => self.match_recognize(*span, input, clauses),
            Relation::Sampled { span, relation, method, percentage } => {
                self.node("SampledRelation", Some(*span), |dump| {
                    dump.field("relation", |dump| dump.relation(relation));
                    let method = match method {
                        SampleMethod::Bernoulli => "BERNOULLI",
                        SampleMethod::System => "SYSTEM",
                    };
                    dump.text("type", method);
                    dump.field("samplePercentage", |dump| dump.expr(percentage));
                });
            }
            Relation::Join { span: _, first, joins } => self.joins(first, joins),
        }
    }

    /// A chain nests to the left.
    fn joins(&mut self, first: &Relation, joins: &[Join]) {
        for Join { span: _, kind, right: _, criteria: _ } in joins.iter().rev() {
            self.open("Join", None);
            let kind = match kind {
                JoinKind::Cross => "CROSS",
                JoinKind::Inner => "INNER",
                JoinKind::Left => "LEFT",
                JoinKind::Right => "RIGHT",
                JoinKind::Full => "FULL",
            };
            self.text("type", kind);
            self.key("left");
        }
        self.relation(first);
        for Join { span: _, kind: _, right, criteria } in joins {
            self.field("right", |dump| dump.relation(right));
            match criteria {
                JoinCriteria::None => {}
                JoinCriteria::On(condition) => self.field("criteria", |dump| {
                    dump.node("JoinOn", None, |dump| dump.field("expression", |dump| dump.expr(condition)));
                }),
                JoinCriteria::Using(columns) => self.field("criteria", |dump| {
                    dump.node("JoinUsing", None, |dump| dump.list("columns", columns, Self::identifier));
                }),
                JoinCriteria::Natural => self.field("criteria", |dump| dump.node("NaturalJoin", None, |_| {})),
            }
            self.close();
        }
    }

    pub(super) fn table(&mut self, span: Option<Span>, name: &QualifiedName) {
        self.node("Table", span, |dump| dump.field("name", |dump| dump.qualified_name(name)));
    }

    /// A table that is changed, or a branch of it.
    pub(super) fn table_at(&mut self, name: &QualifiedName, branch: Option<&Identifier>) {
        self.node("Table", None, |dump| {
            dump.field("name", |dump| dump.qualified_name(name));
            dump.maybe("branch", branch, Self::identifier);
        });
    }

    fn table_reference(&mut self, node: &TableReference) {
        let TableReference { span, name, period } = node;
        self.node("Table", Some(*span), |dump| {
            dump.field("name", |dump| dump.qualified_name(name));
            dump.maybe("queryPeriod", period.as_deref(), |dump, QueryPeriod { span, kind, end }| {
                dump.node("QueryPeriod", Some(*span), |dump| {
                    dump.field("end", |dump| dump.expr(end));
                    let kind = match kind {
                        PeriodKind::Version => "VERSION",
                        PeriodKind::Timestamp => "TIMESTAMP",
                    };
                    dump.text("rangeType", kind);
                });
            });
        });
    }

    pub(super) fn aliased(
        &mut self,
        span: Option<Span>,
        alias: (&Identifier, &[Identifier]),
        relation: impl FnOnce(&mut Self),
    ) {
        let (alias, columns) = alias;
        self.node("AliasedRelation", span, |dump| {
            dump.field("relation", relation);
            dump.field("alias", |dump| dump.identifier(alias));
            dump.list("columnNames", columns, Self::identifier);
        });
    }

    fn table_function(&mut self, node: &TableFunction) {
        let TableFunction { span, name, arguments, copartition } = node;
        self.node("TableFunctionInvocation", Some(*span), |dump| {
            dump.field("name", |dump| dump.qualified_name(name));
            dump.list("arguments", arguments, |dump, TableFunctionArgument { span, name, value }| {
                dump.node("TableFunctionArgument", Some(*span), |dump| {
                    dump.maybe("name", name.as_ref(), Self::identifier);
                    dump.field("value", |dump| dump.table_function_value(value));
                });
            });
            dump.list("copartitioning", copartition, |dump, names| dump.items(names, Self::qualified_name));
        });
    }

    fn table_function_value(&mut self, node: &TableFunctionValue) {
        match node {
            TableFunctionValue::Table(argument) => self.table_argument(argument),
            TableFunctionValue::Descriptor(descriptor) => {
                self.node("TableFunctionDescriptorArgument", None, |dump| {
                    dump.maybe("descriptor", descriptor.as_ref(), |dump, fields| {
                        dump.node("Descriptor", None, |dump| {
                            dump.list("fields", fields, |dump, (name, data_type)| {
                                dump.node("DescriptorField", None, |dump| {
                                    dump.field("name", |dump| dump.identifier(name));
                                    dump.maybe("type", data_type.as_ref(), Self::data_type);
                                });
                            });
                        });
                    });
                });
            }
            TableFunctionValue::Expr(expr) => self.expr(expr),
        }
    }

    fn table_argument(&mut self, node: &TableArgument) {
        let TableArgument { span, input, alias, partition_by, prune_when_empty, order_by } = node;
        let relation = |dump: &mut Self| match input {
            TableArgumentInput::Table(name) => dump.table(None, name),
            TableArgumentInput::Query(query) => {
                dump.node("TableSubquery", None, |dump| dump.field("query", |dump| dump.query(query)));
            }
        };
        self.node("TableFunctionTableArgument", Some(*span), |dump| {
            dump.key("table");
            match alias {
                Some((alias, columns)) => dump.aliased(None, (alias, columns), relation),
                None => relation(dump),
            }
            dump.maybe("partitionBy", partition_by.as_ref(), |dump, keys| dump.items(keys, Self::expr));
            dump.order_by(order_by);
            dump.maybe("emptyTableTreatment", *prune_when_empty, |dump, prune| {
                dump.node("EmptyTableTreatment", None, |dump| {
                    dump.text("treatment", if prune { "PRUNE" } else { "KEEP" });
                });
            });
        });
    }
}
