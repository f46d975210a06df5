//! Deciding about a statement that changes something.

use super::judge::{Judge, Stop};
use super::{ErrorCode, Refusal, refusals};
use crate::analysis::facts::Facts;
use crate::analysis::intent::{self, Intent, Needed, Open, Own, Reads};
use crate::analysis::walk;
use crate::names::TableName;
use crate::policy::{Answer, Privilege};
use crate::rewrite::Edit;
use crate::sql::{Span, StatementKind};

impl Judge<'_> {
    /// The edits of a statement that changes something, and what it reads.
    pub(super) fn change(&mut self, text: &str, kind: &StatementKind) -> Result<(Vec<Edit>, Facts), Stop> {
        let intent = intent::intent(kind, self.request.session)
            .map_err(|(span, problem)| refusals::problem(text, span, &problem))?
            .ok_or_else(|| refusals::not_supported(&format!("The statement {}", kind.class())))?;
        let Intent { needed, open, constants, reads } = intent;
        // Before anything is asked of Trino, so that nothing tells whether an object exists.
        needed.iter().try_for_each(|needed| self.granted(needed))?;
        for (table, span, open) in &open {
            self.is_open(text, table, *span, *open)?;
        }
        self.constants(constants, text)?;
        let mut facts = match reads {
            None => return Ok((Vec::new(), Facts::default())),
            Some(Reads::Query(query)) => self.analyze(query)?,
            Some(Reads::Own(own)) => self.own(text, &own)?,
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

    fn granted(&mut self, needed: &Needed) -> Result<(), Stop> {
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
