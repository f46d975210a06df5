//! Deciding about a query: from what analysis found to a refusal or to edits.

use super::judge::{Judge, Stop};
use super::{ErrorCode, Refusal, Stage, refusals};
use crate::analysis::facts::{BaseRelation, Facts, FunctionUse};
use crate::analysis::object::{Reading, Source};
use crate::analysis::walk;
use crate::rewrite::{self, Edit};
use crate::sql::ast::Query;

/// Guards in one statement, those in views' texts counted at each place; each is about a kilobyte of text.
const MOST_GUARDS: usize = 4_000;

impl Judge<'_> {
    /// What a query touches, once nothing more has to be asked.
    pub(super) fn analyze(&mut self, query: &Query) -> Result<Facts, Stop> {
        let facts = walk::query(&mut self.world, self.request.session, query);
        self.analyzed()?;
        Ok(facts)
    }

    /// Ends the analysis, where nothing more has to be asked.
    pub(super) fn analyzed(&mut self) -> Result<(), Stop> {
        (self.observe)(Stage::Analyze);
        self.needs()
    }

    /// Refuses what the user may not do, or records it.
    pub(super) fn check(&mut self, facts: &Facts, text: &str) -> Result<(), Stop> {
        let checked = self.refusal(facts, text);
        (self.observe)(Stage::Decide);
        self.record.add(facts);
        let hiding = facts.relations.iter().find_map(|relation| {
            let guard = relation.guard().filter(|guard| guard.hides_values())?;
            Some((relation.name.clone(), guard.of_owner()))
        });
        self.hides = self.hides.take().or(hiding);
        checked
    }

    fn refusal(&self, facts: &Facts, text: &str) -> Result<(), Stop> {
        if let Some((span, problem)) = facts.problems.first() {
            return Err(refusals::problem(text, *span, problem).into());
        }
        for relation in &facts.relations {
            self.relation(relation, text)?;
        }
        // One of its functions would take the place of one of Trino's in a view's text that is put in. A policy may read a view
        // too, which is not the user's to know.
        if let (Some(span), true) = (facts.own_functions, self.request.tables.views().next().is_some()) {
            let why = "a function of your own is not supported by Sluice in this statement yet: write what it does in its place";
            return Err(refusals::at(text, span, ErrorCode::NotSupported, why).into());
        }
        if facts.guard_count() > MOST_GUARDS {
            let message = format!("the statement reads restricted tables at more than {MOST_GUARDS} places");
            return Err(Refusal { code: ErrorCode::ExceededLimit, message, location: None }.into());
        }
        for function in &facts.functions {
            self.function(function)?;
        }
        for missing in &facts.missing {
            let guarded: Vec<&BaseRelation> = missing
                .relations
                .iter()
                .filter_map(|index| facts.relations.get(*index))
                .filter(|relation| relation.guard().is_some_and(|guard| !guard.metadata))
                .collect();
            if !guarded.is_empty() {
                return Err(refusals::column_denied(missing, &guarded).into());
            }
        }
        // A name that stands for two tables would stand for one of them behind the new aliases.
        if let (Some(span), true) = (facts.ambiguous.first(), facts.relations.iter().any(|relation| relation.clash)) {
            let why = "an ambiguous name of two tables that are called the same is not supported by Sluice yet";
            return Err(refusals::at(text, *span, ErrorCode::NotSupported, why).into());
        }
        Ok(())
    }

    fn relation(&self, relation: &BaseRelation, text: &str) -> Result<(), Stop> {
        let Some(object) = &relation.object else { return Ok(()) };
        match &object.reading {
            Reading::Denied | Reading::Pending => {
                let denied_by = object.access.as_ref().and_then(|access| access.denied_by.first());
                Err(refusals::table_denied(&relation.name, denied_by.map(|policy| &**policy)).into())
            }
            Reading::Missing => {
                let message = format!("Table '{}' does not exist", relation.name);
                Err(refusals::at(text, relation.name_span, ErrorCode::TableNotFound, message).into())
            }
            Reading::Impossible(why) => Err(refusals::table_impossible(&relation.name, why).into()),
            Reading::Unrestricted { .. } => Ok(()),
            Reading::Guarded(guard) => match (&guard.source, relation.period) {
                (Source::View(_) | Source::OwnersView(_), Some(period)) => {
                    let message = "FOR … AS OF over a view is not supported by Sluice yet";
                    Err(refusals::at(text, period, ErrorCode::NotSupported, message).into())
                }
                _ => Ok(()),
            },
        }
    }

    pub(super) fn function(&self, function: &FunctionUse) -> Result<(), Stop> {
        if self.world.may_call(function) {
            return Ok(());
        }
        let name = function.name.join(".");
        Err(refusals::denied(format_args!(
            "Cannot execute function {name}: no policy grants it to you, or there is no such function"
        ))
        .into())
    }

    /// The edits that guard a query's tables.
    pub(super) fn rewrite(&mut self, facts: &Facts, text: &str) -> Vec<Edit> {
        let edits = rewrite::edits(facts, text, self.parameters_can_fail);
        (self.observe)(Stage::Rewrite);
        edits
    }

    /// The whole way of a query.
    pub(super) fn query(&mut self, query: &Query, text: &str) -> Result<Vec<Edit>, Stop> {
        let facts = self.analyze(query)?;
        self.check(&facts, text)?;
        Ok(self.rewrite(&facts, text))
    }
}
