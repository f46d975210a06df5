//! Statements about branches.

use super::Dump;
use crate::sql::ast::{Branch, Span};

impl Dump<'_> {
    pub(super) fn branch(&mut self, span: Span, node: &Branch) {
        self.node(node.class(), Some(span), |dump| match node {
            Branch::Create { name, if_exists, properties, table, from } => {
                dump.field("tableName", |dump| dump.qualified_name(table));
                dump.save_mode(*if_exists);
                dump.field("branchName", |dump| dump.identifier(name));
                dump.maybe("fromBranch", from.as_ref(), Self::identifier);
                dump.properties(properties);
            }
            Branch::Drop { name, if_exists, table } => {
                dump.field("tableName", |dump| dump.qualified_name(table));
                dump.flag("exists", *if_exists);
                dump.field("branchName", |dump| dump.identifier(name));
            }
            Branch::FastForward { name, table, to } => {
                dump.field("tableName", |dump| dump.qualified_name(table));
                dump.field("sourceBranchName", |dump| dump.identifier(name));
                dump.field("targetBranchName", |dump| dump.identifier(to));
            }
            Branch::Show { table } => dump.field("tableName", |dump| dump.qualified_name(table)),
        });
    }
}
