//! The proof that a text is guarded, made from the text and the snapshot alone.
//!
//! In: what rewriting proposes to send, who asks, the snapshot and what is known of tables. Out: a [`Guarded`], the only
//! thing that can be forwarded, or why there is no proof. It shares nothing with rewriting but the parser and the form
//! that a guard has, and it believes nothing that rewriting says.
//!
//! The proof, in short: the text is of a class that is allowed ([`statement`]), and of the same as the user's ([`class`]); each relation in it is resolved again as
//! Trino would ([`names`], [`walk`]); each base table is unrestricted for this user ([`standing`]) or stands in a guard
//! ([`guard`]) that selects only granted columns, masks as the policy says ([`same`]) and holds each row filter; metadata
//! tables stand in a guard whose predicate takes in nothing that is not visible ([`metadata`]); and no expression that can
//! fail stands beside a filtered guard in the plain form ([`failure`]). Where the text of a view stands in its place, the
//! policies about the view itself hold too ([`own_rules`]).

mod change;
mod class;
mod expression;
mod failure;
mod function;
mod guard;
mod kill;
mod known;
mod metadata;
mod names;
mod own_rules;
mod pattern;
mod residue;
mod routine;
mod same;
mod same_names;
mod same_query;
mod session;
mod shape;
mod standing;
mod statement;
mod walk;

#[cfg(test)]
mod tests;

use super::guarded::Guarded;
use super::positions::PositionMap;
use crate::enforce::Request;
use crate::sql::{self, SqlError, StatementKind};
pub use known::Proofs;
use known::Reading;
use walk::Found;

/// What rewriting proposes to send to Trino.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The statement.
    pub text: String,
    /// The one prepared statement that goes along with it, name and text.
    pub prepared: Option<(String, String)>,
    /// From places in the text that Trino will report errors of to places in the user's.
    pub positions: PositionMap,
}

/// Why a proposal could not be proved to be guarded. The statement is refused, and an alarm is counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unproved {
    /// What was found, for the log of Sluice's operators; the user does not see it.
    pub reason: String,
}

impl Unproved {
    fn because(reason: impl Into<String>) -> Unproved {
        Unproved { reason: reason.into() }
    }

    fn unreadable(error: SqlError) -> Unproved {
        Unproved::because(format!("the text can't be read: {error}"))
    }
}

/// Proves that a proposal is guarded for `request`'s user.
///
/// # Errors
/// [`Unproved`], if there is anything in it that is neither guarded nor unrestricted.
pub fn verify(proposal: Proposal, request: &Request<'_>) -> Result<Guarded, Unproved> {
    verify_asked(proposal, request, &parse(request.sql, request)?)
}

/// The same, where `asked` is what the parser reads in `request.sql`.
///
/// # Errors
/// As [`verify`].
pub(crate) fn verify_asked(
    proposal: Proposal,
    request: &Request<'_>,
    asked: &sql::Statement,
) -> Result<Guarded, Unproved> {
    session_properties_are_granted(request)?;
    let (found, only_reads) = match of_known_guards(&proposal, request, asked) {
        Some(proved) => proved,
        None => {
            let prepared = proposal.prepared.as_ref().map(|(name, text)| (name.as_str(), Reading::whole(text)));
            prove(request, asked, &Reading::whole(&proposal.text), prepared.as_ref())?
        }
    };
    let restricted = found.guard || differs(&proposal, request);
    let Found { redefines, relations, .. } = found;
    let Proposal { text, prepared, positions } = proposal;
    Ok(Guarded::new(text, prepared, positions, restricted, only_reads, redefines, relations))
}

/// The proof of a text with guards that are known; `None` if there are none, or if it takes more than these.
fn of_known_guards(proposal: &Proposal, request: &Request<'_>, asked: &sql::Statement) -> Option<(Found, bool)> {
    let statement = Reading::shortened(&proposal.text, request);
    let prepared = proposal.prepared.as_ref();
    let prepared = prepared.map(|(name, text)| (name.as_str(), Reading::shortened(text, request)));
    let mut readings = [Some(&statement), prepared.as_ref().map(|(_, reading)| reading)].into_iter().flatten();
    if readings.clone().all(|reading| reading.places().is_empty()) {
        return None;
    }
    let proved = prove(request, asked, &statement, prepared.as_ref()).ok()?;
    readings.all(Reading::all_met).then_some(proved)
}

/// What is met in a text and in the prepared one that goes along, and whether the text only reads.
fn prove(
    request: &Request<'_>,
    asked: &sql::Statement,
    statement: &Reading<'_>,
    prepared: Option<&(&str, Reading<'_>)>,
) -> Result<(Found, bool), Unproved> {
    let tree = statement.parse(request)?;
    class::same(request, asked, &tree, prepared.map(|(_, reading)| &*reading.text))?;
    let found = statement::prove(request, statement, &tree, prepared)?;
    own_rules::prove(request, asked, prepared.map(|(name, _)| *name), &found)?;
    Ok((found, matches!(tree.kind, StatementKind::Query(_))))
}

fn parse(text: &str, request: &Request<'_>) -> Result<sql::Statement, Unproved> {
    sql::parse_statement(text, request.options.grammar).map_err(Unproved::unreadable)
}

/// Each property that goes along in the session must be one that the user may set.
fn session_properties_are_granted(request: &Request<'_>) -> Result<(), Unproved> {
    request.session.properties.keys().try_for_each(|property| statement::may_set(request, &property.to_lowercase()))
}

/// Whether rewriting changed anything. It changes only what is restricted, so this errs on the safe side where a guard
/// stands around a view's text and no table in it is restricted by itself.
fn differs(proposal: &Proposal, request: &Request<'_>) -> bool {
    let prepared_differs = proposal
        .prepared
        .as_ref()
        .is_some_and(|(name, text)| request.session.prepared.get(name).is_none_or(|sent| sent != text));
    proposal.text != request.sql || prepared_differs
}
