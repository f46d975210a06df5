//! Branches of tables, of Trino 483.

use super::{Parsed, Parser};
use crate::sql::ast::{Branch, Identifier, QualifiedName, Span, StatementKind};

fn branch(branch: Branch) -> Parsed<StatementKind> {
    Ok(StatementKind::Branch(Box::new(branch)))
}

impl Parser<'_> {
    /// What follows `CREATE [OR REPLACE] BRANCH`; the statement begins at `start`.
    pub(super) fn create_branch(&mut self, start: Span, replace: bool) -> Parsed<StatementKind> {
        let if_exists = self.what_if_exists(start, replace);
        let name = self.identifier()?;
        let properties = self.with_properties()?;
        let table = self.in_table()?;
        let from = if self.maybe("FROM") { Some(self.identifier()?) } else { None };
        branch(Branch::Create { name, if_exists, properties, table, from })
    }

    /// What follows `DROP BRANCH`.
    pub(super) fn drop_branch(&mut self) -> Parsed<StatementKind> {
        let if_exists = self.if_exists();
        let name = self.identifier()?;
        branch(Branch::Drop { name, if_exists, table: self.in_table()? })
    }

    /// What follows `ALTER BRANCH`.
    pub(super) fn alter_branch(&mut self) -> Parsed<StatementKind> {
        let name = self.identifier()?;
        let table = self.in_table()?;
        self.expect_all(&["FAST", "FORWARD", "TO"])?;
        branch(Branch::FastForward { name, table, to: self.identifier()? })
    }

    /// What follows `SHOW BRANCHES`.
    pub(super) fn show_branches(&mut self) -> Parsed<StatementKind> {
        if !self.maybe("FROM") {
            self.expect("IN")?;
        }
        self.expect("TABLE")?;
        branch(Branch::Show { table: self.dotted_name()? })
    }

    fn in_table(&mut self) -> Parsed<QualifiedName> {
        self.expect_all(&["IN", "TABLE"])?;
        self.dotted_name()
    }

    /// `@ branch` behind a table that is changed, or nothing.
    pub(super) fn at_branch(&mut self) -> Parsed<Option<Identifier>> {
        if self.has_483() && self.maybe_symbol("@") { self.identifier().map(Some) } else { Ok(None) }
    }
}
