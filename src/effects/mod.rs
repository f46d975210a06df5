//! What policies do, told to the people who write them: why a statement is decided as it is, who sees what, and what a
//! change of policies changes.
//!
//! In: snapshots, what is known of tables, questions. Out: answers as data and as text. It decides nothing itself: it asks
//! the same functions as the proxy. Pure: what is known of tables comes from a function that the caller gives.

pub mod exceptions;
pub mod explain;
pub mod replay;
mod seen;
pub mod trial;

use crate::analysis::session::Session;
use crate::catalog::listing::Listing;
use crate::catalog::table::{Known, Need, Tables};
use crate::enforce::{Aids, Decision, Enforced, Options, Request, Trees, Views, enforce};
use crate::policy::{Claims, Inputs, Snapshot, Subject};
use crate::sql::GrammarVersion;
use core::net::IpAddr;
use jiff::Timestamp;
pub use seen::{Access, Change, Instead, Principal, Shown, accesses, changes};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most rounds of questions about tables. Each level of views is one, and 16 levels are followed.
const ROUNDS: usize = 40;

/// What answers needs about tables; an error is a text for people.
pub type Answers<'a> = dyn FnMut(&[Need]) -> Result<Vec<(Need, Known)>, String> + 'a;

/// What is told how much of a long task is done: so many of so many.
pub type Step<'a> = dyn FnMut(usize, usize) + 'a;

/// Answers from a listing.
pub fn listed(listing: &Listing) -> impl FnMut(&[Need]) -> Result<Vec<(Need, Known)>, String> {
    |needs| Ok(needs.iter().map(|need| (need.clone(), listing.answer(need))).collect())
}

/// Who asks, and when.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// Who logged in, where it is not the user.
    pub principal: Option<String>,
    /// The user.
    pub user: String,
    /// Groups beside those that Principals documents give the user.
    pub groups: Vec<String>,
    /// Attributes beside those of Principals documents; one that is named here replaces that of the documents.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// When.
    pub at: Timestamp,
    /// What the client says of itself. It is believed where a Principals document vouches for the user.
    pub claims: Claims,
    /// Where the client is.
    pub address: Option<IpAddr>,
    /// The session's catalog.
    pub catalog: Option<String>,
    /// The session's schema.
    pub schema: Option<String>,
}

impl Asker {
    /// The subject that the policies see.
    pub fn subject(&self, snapshot: &Snapshot) -> Subject {
        let mut subject = snapshot.subject(&self.user, &self.groups);
        subject.attributes.extend(self.attributes.clone());
        let known = Inputs {
            catalog: self.catalog.clone(),
            schema: self.schema.clone(),
            address: self.address,
            ..Inputs::default()
        };
        snapshot.of_request(subject, self.at, known, self.principal.as_ref().unwrap_or(&self.user), &self.claims)
    }
}

/// A statement and how it is read.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The statement.
    pub sql: &'a str,
    /// The client's session.
    pub session: &'a Session,
    /// By which of Trino's grammars it is read.
    pub grammar: GrammarVersion,
    /// With whose rights views are read.
    pub views: Views,
}

/// Why a statement has no decision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Nothing could be learned of its tables.
    #[error("nothing is known of the statement's tables: {0}")]
    Tables(String),
    /// More was asked about tables than a statement can need.
    #[error("too much has to be known of tables")]
    TooOften,
}

/// Decides about a statement as the proxy does.
///
/// # Errors
/// [`Undecided`], where what has to be known of tables is not.
pub fn decide(
    snapshot: &Snapshot,
    subject: &Subject,
    asked: Asked<'_>,
    answers: &mut Answers<'_>,
) -> Result<Arc<Decision>, Undecided> {
    let options = Options { second_opinion: true, grammar: asked.grammar, views: asked.views };
    let (mut tables, trees) = (Tables::default(), Trees::default());
    for _ in 0..ROUNDS {
        let request = Request {
            sql: asked.sql,
            session: asked.session,
            subject,
            snapshot,
            tables: &tables,
            options: &options,
            aids: Aids { trees: Some(&trees), ..Aids::default() },
        };
        let needs = match enforce(&request, &mut |_| ()) {
            Enforced::Decided(decision) => return Ok(decision),
            Enforced::Needs(needs) => needs,
        };
        for (need, known) in answers(&needs).map_err(Undecided::Tables)? {
            tables.insert(need, known);
        }
    }
    Err(Undecided::TooOften)
}
