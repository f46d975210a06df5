//! Which recorded statements would be decided in another way under other policies.
//!
//! In: two snapshots, statements as the decision log has them, what is known of tables. Out: those whose decision differs.

use super::explain::{Explanation, statement};
use super::{Asked, Asker, Step, Undecided, listed};
use crate::analysis::session::Session;
use crate::catalog::listing::Listing;
use crate::enforce::Views;
use crate::policy::{Claims, Snapshot};
use crate::sql::GrammarVersion;
use core::net::IpAddr;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A statement as the decision log has it; other fields of the record are not read.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// The record's id.
    pub id: String,
    /// When it was decided.
    pub time: Timestamp,
    /// Who logged in.
    pub principal: String,
    /// As whom the statement ran.
    pub user: String,
    /// The user's groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What the client called itself.
    #[serde(default)]
    pub source: Option<String>,
    /// The client's tags.
    #[serde(default)]
    pub client_tags: BTreeSet<String>,
    /// Where the connection came from.
    #[serde(default)]
    pub client_address: Option<IpAddr>,
    /// The session's catalog.
    #[serde(default)]
    pub catalog: Option<String>,
    /// The session's schema.
    #[serde(default)]
    pub schema: Option<String>,
    /// The statement.
    pub sql: String,
}

/// A line of the decision log.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Decision(Box<Recorded>),
    #[serde(other)]
    Other,
}

/// A statement whose decision differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// The record's id.
    pub id: String,
    /// As whom it ran.
    pub user: String,
    /// The statement.
    pub sql: String,
    /// What the old policies decide.
    pub old: Outcome,
    /// What the new ones decide.
    pub new: Outcome,
}

/// What policies decide about a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// `allow`, `rewrite` or `deny`.
    pub decision: &'static str,
    /// What the client is told of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is sent to Trino.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<String>,
}

/// What came of all statements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// How many statements were decided.
    pub statements: usize,
    /// Those whose decision differs, in the order of the log.
    pub differing: Vec<Differing>,
}

/// The statements of a decision log, in its order; a line that is no decision is passed over.
///
/// # Errors
/// The number of a line that can't be read, from 1, and why.
pub fn recorded(log: &str) -> Result<Vec<Recorded>, (usize, serde_json::Error)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(log.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line).map_err(|error| (number, error))? {
            Line::Decision(recorded) => found.push(*recorded),
            Line::Other => {}
        }
    }
    Ok(found)
}

/// Decides recorded statements under both policies, each at its own time. `step` is told how many of how many are done.
///
/// # Errors
/// [`Undecided`], where what has to be known of tables is not.
pub fn replay(
    old: &Snapshot,
    new: &Snapshot,
    statements: &[Recorded],
    listing: &Listing,
    grammar: GrammarVersion,
    step: &mut Step<'_>,
) -> Result<Replayed, Undecided> {
    let mut replayed = Replayed { statements: statements.len(), differing: Vec::new() };
    for (done, recorded) in statements.iter().enumerate() {
        step(done, statements.len());
        // What the old Principals documents gave is no gift of identification: the new ones may take it away.
        let given = old.subject(&recorded.user, &[]).groups;
        let mut recorded = recorded.clone();
        recorded.groups.retain(|group| !given.contains(group));
        let decided = |snapshot| decide(snapshot, &recorded, listing, grammar);
        let (old, new) = (decided(old)?, decided(new)?);
        if old != new {
            let Recorded { id, user, sql, .. } = recorded;
            replayed.differing.push(Differing { id, user, sql, old, new });
        }
    }
    Ok(replayed)
}

fn decide(
    snapshot: &Snapshot,
    recorded: &Recorded,
    listing: &Listing,
    grammar: GrammarVersion,
) -> Result<Outcome, Undecided> {
    let Recorded { id: _, time, principal, user, groups, source, client_tags, client_address, catalog, schema, sql } =
        recorded;
    let asker = Asker {
        principal: Some(principal.clone()),
        user: user.clone(),
        groups: groups.clone(),
        at: *time,
        claims: Claims { source: source.clone(), client_tags: client_tags.clone() },
        address: *client_address,
        catalog: catalog.clone(),
        schema: schema.clone(),
        ..Asker::default()
    };
    let session = Session { catalog: catalog.clone(), schema: schema.clone(), ..Session::default() };
    let asked = Asked { sql, session: &session, grammar, views: Views::Invoker };
    let Explanation { decision, error, rewritten, .. } =
        statement(snapshot, &asker.subject(snapshot), asked, &mut listed(listing))?;
    Ok(Outcome { decision, error, rewritten })
}
