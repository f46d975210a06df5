//! Statements that change rows, or what is stored of them.

use super::{Parsed, Parser};
use crate::sql::ast::{Assignment, CallArgument, Change, Expr, Merge, MergeAction, MergeCase, StatementKind};

fn change(change: Change) -> Parsed<StatementKind> {
    Ok(StatementKind::Change(Box::new(change)))
}

impl Parser<'_> {
    /// What follows `INSERT`.
    pub(super) fn insert(&mut self) -> Parsed<StatementKind> {
        self.expect("INTO")?;
        let table = self.qualified_name()?;
        let branch = self.at_branch()?;
        self.note("(");
        // A parenthesis may also begin the query.
        let columns = if self.is_identifier_at(1) { self.column_aliases()? } else { Vec::new() };
        change(Change::Insert { table, branch, columns, query: Box::new(self.root_query()?) })
    }

    /// What follows `DELETE`.
    pub(super) fn delete(&mut self) -> Parsed<StatementKind> {
        self.expect("FROM")?;
        let table = self.dotted_name()?;
        let branch = self.at_branch()?;
        change(Change::Delete { table, branch, filter: self.filter()? })
    }

    /// What follows `UPDATE`.
    pub(super) fn update(&mut self) -> Parsed<StatementKind> {
        let table = self.dotted_name()?;
        let branch = self.at_branch()?;
        self.expect("SET")?;
        let assignments = self.list(Self::assignment)?;
        change(Change::Update { table, branch, assignments, filter: self.filter()? })
    }

    /// `[WHERE condition]`.
    pub(super) fn filter(&mut self) -> Parsed<Option<Expr>> {
        if self.maybe("WHERE") { self.expression().map(Some) } else { Ok(None) }
    }

    fn assignment(&mut self) -> Parsed<Assignment> {
        let start = self.here();
        let column = self.identifier()?;
        self.expect_symbol("=")?;
        let value = self.expression()?;
        Ok(Assignment { span: self.since(start), column, value })
    }

    /// What follows `MERGE`.
    pub(super) fn merge(&mut self) -> Parsed<StatementKind> {
        self.expect("INTO")?;
        let table = self.qualified_name()?;
        let branch = self.at_branch()?;
        let named = self.maybe("AS") || self.is_identifier_at(0);
        if !named {
            self.note("<identifier>");
        }
        let alias = if named { Some(self.identifier()?) } else { None };
        self.expect("USING")?;
        let source = self.relation()?;
        self.expect("ON")?;
        let condition = self.expression()?;
        let mut cases = vec![self.merge_case()?];
        while self.is("WHEN") {
            cases.push(self.merge_case()?);
        }
        change(Change::Merge(Merge { table, branch, alias, source, condition, cases }))
    }

    fn merge_case(&mut self) -> Parsed<MergeCase> {
        let start = self.here();
        self.expect("WHEN")?;
        let matched = !self.maybe("NOT");
        self.expect("MATCHED")?;
        let condition = if self.maybe("AND") { Some(self.expression()?) } else { None };
        self.expect("THEN")?;
        let action = if !matched {
            self.merge_insert()?
        } else if self.maybe("DELETE") {
            MergeAction::Delete
        } else {
            self.expect_all(&["UPDATE", "SET"])?;
            MergeAction::Update(self.list(Self::assignment)?)
        };
        Ok(MergeCase { span: self.since(start), condition, action })
    }

    fn merge_insert(&mut self) -> Parsed<MergeAction> {
        self.expect("INSERT")?;
        self.note("(");
        let columns = self.column_aliases()?;
        self.expect("VALUES")?;
        Ok(MergeAction::Insert { columns, values: self.parenthesized_list(Self::expression)? })
    }

    /// What follows `TRUNCATE`.
    pub(super) fn truncate(&mut self) -> Parsed<StatementKind> {
        self.expect("TABLE")?;
        change(Change::Truncate { table: self.dotted_name()? })
    }

    /// What follows `REFRESH`.
    pub(super) fn refresh(&mut self) -> Parsed<StatementKind> {
        self.expect_all(&["MATERIALIZED", "VIEW"])?;
        change(Change::RefreshMaterializedView { view: self.dotted_name()? })
    }

    /// What follows `ANALYZE`.
    pub(super) fn analyze(&mut self) -> Parsed<StatementKind> {
        let table = self.dotted_name()?;
        change(Change::Analyze { table, properties: self.with_properties()? })
    }

    /// What follows `CALL`.
    pub(super) fn call_procedure(&mut self) -> Parsed<StatementKind> {
        let procedure = self.dotted_name()?;
        self.expect_symbol("(")?;
        change(Change::Call { procedure, arguments: self.call_arguments()? })
    }

    /// What follows the opening parenthesis of a procedure's arguments, the closing one included.
    pub(super) fn call_arguments(&mut self) -> Parsed<Vec<CallArgument>> {
        if self.maybe_symbol(")") {
            return Ok(Vec::new());
        }
        let arguments = self.list(Self::call_argument)?;
        self.expect_symbol(")")?;
        Ok(arguments)
    }

    /// `[name =>] value`.
    pub(super) fn call_argument(&mut self) -> Parsed<CallArgument> {
        let start = self.here();
        self.note("<identifier>");
        let name = if self.is_symbol_at(1, "=>") {
            let name = self.identifier()?;
            self.expect_symbol("=>")?;
            Some(name)
        } else {
            None
        };
        let value = self.expression()?;
        Ok(CallArgument { span: self.since(start), name, value })
    }
}
