//! Deciding about a statement that changes something.

use super::judge::{Judge, Stop};
use super::{ErrorCode, Refusal, refusals};
use crate::analysis::facts::{Facts, Problem};
use crate::analysis::intent::{self, Intent, Kept, Needed, Open, Own, Reads};
use crate::analysis::walk;
use crate::catalog::table::Known;
use crate::names::TableName;
use crate::policy::{Answer, Privilege, matches};
use crate::rewrite::Edit;
use crate::sql::ast::Query;
use crate::sql::{Span, StatementKind};

impl Judge<'_> {
    /// The edits of a statement that changes something, and what it reads.
    pub(super) fn change(&mut self, text: &str, kind: &StatementKind) -> Result<(Vec<Edit>, Facts), Stop> {
        if let Some(killed) = self.kill_query(text, kind) {
            return killed.map(|()| (Vec::new(), Facts::default()));
        }
        let intent = intent::intent(kind, self.request.session)
            .map_err(|(span, problem)| refusals::problem(text, span, &problem))?
            .ok_or_else(|| refusals::undecided(kind.class()))?;
        let Intent { needed, open, constants, reads, drops_all_of, calls } = intent;
        // Before anything is asked of Trino, so that nothing tells whether an object exists.
        needed.iter().try_for_each(|needed| self.granted(needed))?;
        calls.iter().try_for_each(|call| self.function(call))?;
        if let Some(schema) = drops_all_of {
            self.drops_each_table(&schema)?;
        }
        for (table, span, open) in &open {
            self.is_open(text, table, *span, *open)?;
        }
        self.constants(constants, text)?;
        let mut facts = match reads {
            None => return Ok((Vec::new(), Facts::default())),
            Some(Reads::Query(query)) => self.analyze(query)?,
            Some(Reads::Own(own)) => self.own(text, &own)?,
            Some(Reads::Kept(query, kept)) => return self.kept(text, query, kept).map(|()| Default::default()),
        };
        self.check(&facts, text)?;
        // Values are made to fit the table that they go to, and that may fail.
        facts.can_fail.get_or_insert(Span::default());
        Ok((self.rewrite(&facts, text), facts))
    }

    /// Rows of the table that is changed, each of which must be the user's to read.
    fn own(&mut self, text: &str, own: &Own<'_>) -> Result<Facts, Stop> {
        let facts = walk::own(&mut self.world, self.request.session, own);
        self.analyzed()?;
        let Some(target) = facts.relations.first() else { return Ok(facts) };
        self.is_open(text, &target.name, target.name_span, Open::Read)?;
        Ok(facts)
    }

    /// What the text of a view reads. It is kept as the user wrote it: a guard in it would give each reader the rights of
    /// its maker, and what a reader sees is decided when the view is read.
    fn kept(&mut self, text: &str, query: &Query, kept: Kept) -> Result<(), Stop> {
        if let Some(what) = query.definitions() {
            return Err(refusals::problem(text, query.span, &Problem::NotSupported(what)).into());
        }
        let facts = self.analyze(query)?;
        // No plan is made of it.
        let hides = self.hides.take();
        self.check(&facts, text)?;
        self.hides = hides;
        for relation in &facts.relations {
            if kept == Kept::Rows && relation.written.len() != 3 {
                let why = "a materialized view that names a table by less than catalog, schema and table";
                return Err(refusals::at(text, relation.name_span, ErrorCode::NotSupported, format!(
                    "{why} is not supported by Sluice: Trino looks the name up in the session of whoever refreshes the view"
                )).into());
            }
            let Some(guard) = relation.guard() else { continue };
            // Trino makes the view's columns of the table's, those too that the user may not know of.
            let whole = match self.world.described(&relation.name) {
                Some(Known::Table(table)) => table.columns.len() == guard.columns.len(),
                _ => false,
            };
            if guard.metadata || !whole || kept != Kept::ForReaders {
                return Err(refusals::kept_denied(&relation.name, kept, guard, whole).into());
            }
        }
        Ok(())
    }

    /// `CASCADE` drops tables that nobody names, so `drop` must be granted on each name in the schema, none left out.
    fn drops_each_table(&self, schema: &TableName) -> Result<(), Stop> {
        let in_schema = |catalog: &str, name: &str| matches(catalog, &schema.catalog) && matches(name, &schema.schema);
        let drops = self.world.visible().rules.iter().any(|rule| {
            in_schema(&rule.catalog, &rule.schema)
                && rule.table == "*"
                && rule.privileges.contains(&Privilege::Drop)
                && !rule.hidden.iter().any(|hidden| in_schema(&hidden.catalog, &hidden.schema))
        });
        if drops {
            return Ok(());
        }
        let TableName { catalog, schema, table: _ } = schema;
        Err(refusals::denied(format_args!(
            "Cannot drop schema {catalog}.{schema} with all that is in it: it needs a grant of drop on each table of it \
             (`table: \"*\"`), from which nothing is left out"
        ))
        .into())
    }

    pub(super) fn granted(&mut self, needed: &Needed) -> Result<(), Stop> {
        match self.world.may(needed.object, &needed.name, needed.privilege) {
            Answer::Granted(policy) => {
                self.record.policies.insert(policy.policy.clone());
                self.record.change(needed);
                Ok(())
            }
            Answer::Denied(policy) => Err(refusals::change_denied(needed, Some(&policy)).into()),
            Answer::NotGranted => Err(refusals::change_denied(needed, None).into()),
        }
    }

    fn is_open(&mut self, text: &str, table: &TableName, span: Span, open: Open) -> Result<(), Stop> {
        let access = self.world.access(table);
        let is_open = match open {
            Open::Values => !access.protects_values(),
            Open::Itself => access.unrestricted(),
            Open::IfRead => !access.grants(Privilege::Select) || access.unrestricted(),
            Open::Read => {
                let object = self.world.object(table);
                self.needs()?;
                if matches!(object.reading, crate::analysis::object::Reading::Missing) {
                    let message = format!("Table '{table}' does not exist");
                    return Err(refusals::at(text, span, ErrorCode::TableNotFound, message).into());
                }
                object.reading.unrestricted()
            }
        };
        if is_open { Ok(()) } else { Err(Stop::from(not_open(table, open))) }
    }
}

fn not_open(table: &TableName, open: Open) -> Refusal {
    let why = match open {
        Open::Values => "a mask or a row filter applies to it for you, so you may not write to it",
        Open::Itself => {
            "it needs a grant of each row and column of the view itself without mask or filter, since other ones may hold \
             under its new name"
        }
        Open::IfRead => "you may not read each row and column of it, so you may not change its columns",
        Open::Read => {
            "it needs a grant of each row and column without mask or filter, since its rows or its definition are read, \
             or there is no such table"
        }
    };
    refusals::denied(format_args!(
        "Cannot change table {table}: {why}; ask the owners of {}.{}",
        table.catalog, table.schema
    ))
}
