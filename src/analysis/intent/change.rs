//! Statements that change rows, or what is stored of them.

use super::properties::OF_ANALYZE;
use super::{Open, Own, Reader, Reads, Unclear};
use crate::policy::{Object, Privilege};
use crate::sql::ast::{Assignment, CallArgument, Change, Merge, MergeAction, MergeCase};

impl<'s> Reader<'s, '_> {
    /// Whether the statement is one that is decided.
    pub(super) fn change(&mut self, change: &'s Change) -> Result<bool, Unclear> {
        match change {
            Change::Insert { table, branch: _, columns: _, query } => {
                self.open(table, Privilege::Insert, Open::Values)?;
                self.intent.reads = Some(Reads::Query(query));
            }
            Change::Delete { table, branch: _, filter: None } | Change::Truncate { table } => {
                self.open(table, Privilege::Delete, Open::Values)?;
            }
            Change::Delete { table, branch: _, filter: Some(filter) } => {
                self.table(table, Privilege::Delete)?;
                self.intent.reads = Some(Reads::Own(Own { table, alias: None, source: None, exprs: vec![filter] }));
            }
            Change::Update { table, branch: _, assignments, filter } => {
                self.table(table, Privilege::Update)?;
                let exprs = values(assignments).chain(filter).collect();
                self.intent.reads = Some(Reads::Own(Own { table, alias: None, source: None, exprs }));
            }
            Change::Merge(merge) => self.merge(merge)?,
            Change::TableExecute { table, procedure, arguments, filter } => {
                let name = self.table(table, Privilege::Alter)?;
                self.procedure_of_table(procedure, &name.catalog);
                self.arguments(arguments.as_deref().unwrap_or_default());
                if let Some(filter) = filter {
                    self.intent.reads = Some(Reads::Own(Own { table, alias: None, source: None, exprs: vec![filter] }));
                }
            }
            // It tells how many rows it stores, and an error of Trino's quotes values of them.
            Change::RefreshMaterializedView { view } => {
                self.open(view, Privilege::Alter, Open::Read)?;
            }
            Change::RefreshView { view } => {
                self.table(view, Privilege::Alter)?;
            }
            Change::Analyze { table, properties } => {
                let table = self.table(table, Privilege::Alter)?;
                self.properties(properties, OF_ANALYZE, &table.catalog);
            }
            Change::Call { procedure, arguments } => {
                let name = super::table_name(self.session, procedure).map_err(|problem| (procedure.span, problem))?;
                self.need(Object::Procedure, name, Privilege::Execute);
                self.arguments(arguments);
            }
        }
        Ok(true)
    }

    fn merge(&mut self, merge: &'s Merge) -> Result<(), Unclear> {
        let Merge { table, branch: _, alias, source, condition, cases } = merge;
        let mut exprs = vec![condition];
        let mut privileges = Vec::new();
        for MergeCase { span: _, condition, action } in cases {
            exprs.extend(condition);
            privileges.push(match action {
                MergeAction::Update(assignments) => {
                    exprs.extend(values(assignments));
                    Privilege::Update
                }
                MergeAction::Delete => Privilege::Delete,
                MergeAction::Insert { columns: _, values } => {
                    exprs.extend(values);
                    Privilege::Insert
                }
            });
        }
        privileges.sort_unstable();
        privileges.dedup();
        for privilege in privileges {
            self.table(table, privilege)?;
        }
        self.intent.reads = Some(Reads::Own(Own { table, alias: alias.as_ref(), source: Some(source), exprs }));
        Ok(())
    }

    fn arguments(&mut self, arguments: &'s [CallArgument]) {
        self.intent.constants.extend(arguments.iter().map(|argument| &argument.value));
    }
}

fn values(assignments: &[Assignment]) -> impl Iterator<Item = &crate::sql::ast::Expr> {
    assignments.iter().map(|assignment| &assignment.value)
}
