//! Statements that change rows.

use super::Dump;
use crate::sql::ast::{Assignment, CallArgument, Change, Merge, MergeAction, MergeCase, Span};

impl Dump<'_> {
    pub(super) fn change(&mut self, span: Span, node: &Change) {
        self.node(node.class(), Some(span), |dump| match node {
            Change::Insert { table, branch, columns, query } => {
                dump.field("table", |dump| dump.table_at(table, branch.as_ref()));
                dump.field("query", |dump| dump.query(query));
                dump.list("columns", columns, Self::identifier);
            }
            Change::Delete { table, branch, filter } => {
                dump.field("table", |dump| dump.table_at(table, branch.as_ref()));
                dump.maybe("where", filter.as_ref(), Self::expr);
            }
            Change::Update { table, branch, assignments, filter } => {
                dump.field("table", |dump| dump.table_at(table, branch.as_ref()));
                dump.list("assignments", assignments, |dump, Assignment { span, column, value }| {
                    dump.node("UpdateAssignment", Some(*span), |dump| {
                        dump.field("name", |dump| dump.identifier(column));
                        dump.field("value", |dump| dump.expr(value));
                    });
                });
                dump.maybe("where", filter.as_ref(), Self::expr);
            }
            Change::Merge(merge) => dump.merge(merge),
            Change::Truncate { table } | Change::Analyze { table, properties: _ } => {
                dump.field("tableName", |dump| dump.qualified_name(table));
                if let Change::Analyze { table: _, properties } = node {
                    dump.properties(properties);
                }
            }
            Change::TableExecute { table, procedure, arguments, filter } => {
                dump.field("table", |dump| dump.table(None, table));
                dump.field("procedureName", |dump| dump.identifier(procedure));
                dump.call_arguments(arguments.as_deref().unwrap_or_default());
                dump.maybe("where", filter.as_ref(), Self::expr);
            }
            Change::RefreshView { view } => dump.field("name", |dump| dump.qualified_name(view)),
            Change::RefreshMaterializedView { view } => dump.field("table", |dump| dump.table(None, view)),
            Change::Call { procedure, arguments } => {
                dump.field("name", |dump| dump.qualified_name(procedure));
                dump.call_arguments(arguments);
            }
        });
    }

    pub(super) fn call_arguments(&mut self, nodes: &[CallArgument]) {
        self.list("arguments", nodes, |dump, CallArgument { span, name, value }| {
            dump.node("CallArgument", Some(*span), |dump| {
                dump.maybe("name", name.as_ref(), Self::identifier);
                dump.field("value", |dump| dump.expr(value));
            });
        });
    }

    fn merge(&mut self, node: &Merge) {
        let Merge { table, branch, alias, source, condition, cases } = node;
        self.field("target", |dump| match alias {
            Some(alias) => dump.aliased(None, (alias, &[]), |dump| dump.table_at(table, branch.as_ref())),
            None => dump.table_at(table, branch.as_ref()),
        });
        self.field("source", |dump| dump.relation(source));
        self.field("predicate", |dump| dump.expr(condition));
        self.list("mergeCases", cases, |dump, MergeCase { span, condition, action }| {
            let class = match action {
                MergeAction::Update(_) => "MergeUpdate",
                MergeAction::Delete => "MergeDelete",
                MergeAction::Insert { .. } => "MergeInsert",
            };
            dump.node(class, Some(*span), |dump| {
                match action {
                    MergeAction::Update(assignments) => {
                        dump.list("assignments", assignments, |dump, Assignment { span: _, column, value }| {
                            dump.node("MergeUpdate.Assignment", None, |dump| {
                                dump.field("target", |dump| dump.identifier(column));
                                dump.field("value", |dump| dump.expr(value));
                            });
                        });
                    }
                    MergeAction::Delete => {}
                    MergeAction::Insert { columns, values } => {
                        dump.list("columns", columns, Self::identifier);
                        dump.list("values", values, Self::expr);
                    }
                }
                dump.maybe("expression", condition.as_ref(), Self::expr);
            });
        });
    }
}
