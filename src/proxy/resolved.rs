//! Comparing what Trino resolved for a query with what its proof rests on.
//!
//! In: a query's first pages and the relations that were proved. Out: a page that leads to the query's rows, or why they
//! are not shown. What is known of a name when a statement is decided may be a minute old, and Trino looks it up anew:
//! what was a table may be a view by now, which Trino runs by its owner's rights. So nobody learns where the rows of a
//! query are before Trino has said, in the query's own info, which relations it resolved for it, and each of them is what
//! it was proved to be. Where that can't be found out nothing is shown.
//!
//! Trino resolves all names before it lets a query run, and gives no rows before. So the query's first pages, which have
//! none, are read here in the client's place until that is done. Marks given before say so; only the replica that
//! started a query can go on from one of them.

use super::origin::Origin;
use super::pages;
use super::serve::Proxy;
use super::started::{End, Statement};
use super::whole::{Shown, Whole, context};
use crate::catalog::query_info::{QueryInfo, Referenced};
use crate::enforce::{ErrorCode, Refusal};
use crate::names::TableName;
use crate::rewrite::{Is, Relations, Told};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a client waits for its statement's first page while Trino looks up the names.
pub(super) const HOLD: Duration = Duration::from_secs(10);
/// A query that waits for its turn is asked about after this time; before, it is likelier that it gets its turn.
const WAITING: Duration = Duration::from_millis(900);
/// Most bytes of a query's info.
const MOST: usize = 64 * 1024 * 1024;
/// How often it is asked for, and the pause in between.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(40);

/// What came of a comparison.
#[derive(Debug, PartialEq, Eq)]
enum Compared {
    /// All is as it was proved.
    Same,
    /// Trino does not tell of all that the statement names.
    NotYet,
    /// This relation is not what it was proved to be.
    Changed(TableName),
    /// The proof does not speak of this relation.
    Other(TableName),
}

/// Goes on with a query of which nothing has to be found out, past the pages that say no more than that it waits, from one
/// that came: each of them would cost the client a way to Sluice and back. What the client gets is never behind an error,
/// which some see on the answer to the statement itself only.
pub(super) async fn lead(proxy: &Proxy, statement: &Statement, origin: &Origin, mut shown: Shown) -> Shown {
    let began = Instant::now();
    while began.elapsed() < WAITING
        && let Some(next) = waits_at(&shown)
        && let Some(following) = turn(proxy, statement, &next).await
        && let Ok(following) = following.shown(context(proxy, statement, origin, false))
        && following.summary.next.is_some()
    {
        shown = following;
    }
    shown
}

/// Where a query is asked about that waits.
fn waits_at(shown: &Shown) -> Option<String> {
    shown.summary.next.clone().filter(|next| next.starts_with("/v1/statement/queued/"))
}

/// Goes on with a query until it is known what Trino resolved, but no longer than `hold`, from a page that came. The
/// page that comes out leads to rows only if all is as it was proved.
///
/// # Errors
/// Why nothing is shown. The query has been ended.
pub(super) async fn follow(
    proxy: &Arc<Proxy>,
    statement: &Arc<Statement>,
    origin: &Origin,
    mut page: Whole,
    hold: Duration,
) -> Result<Shown, Refusal> {
    let Some(relations) = statement.relations() else {
        let why =
            "it was started by another replica, or too long ago, and what Trino resolved for it was not known then";
        return Err(withhold(proxy, statement, &Relations::default(), unknown_here(), "unknown", why.to_owned()).await);
    };
    let began = Instant::now();
    // The page that led to the one at hand.
    let mut leading = None;
    loop {
        let shown = |page: &Whole, unresolved| page.shown(context(proxy, statement, origin, unresolved));
        let held = match shown(&page, true) {
            Ok(held) => held,
            Err(error) => return Err(not_known(proxy, statement, &relations, error.to_string()).await),
        };
        let next = waits_at(&held);
        let known = match &next {
            // The query runs, or it has ended: by an error too that may quote what it read.
            None => settled(proxy, statement, &relations).await?,
            Some(_) => began.elapsed() >= WAITING && settled_early(proxy, statement, &relations).await?,
        };
        match (known, next) {
            (false, Some(next)) if began.elapsed() < hold => match turn(proxy, statement, &next).await {
                Some(following) => leading = Some(std::mem::replace(&mut page, following)),
                None => return Ok(held),
            },
            (false, _) => return Ok(held),
            // Some clients see no error on the answer to the statement itself. What led to it leads there again.
            (true, _) => {
                match shown(leading.filter(|_| held.summary.next.is_none()).as_ref().unwrap_or(&page), false) {
                    Ok(shown) => return Ok(shown),
                    Err(error) => return Err(not_known(proxy, statement, &relations, error.to_string()).await),
                }
            }
        }
    }
}

/// The next page, asked for in the client's place; `None` leaves it to the client.
async fn turn(proxy: &Proxy, statement: &Statement, next: &str) -> Option<Whole> {
    let user = HeaderValue::from_str(&statement.owner.user).ok()?;
    let response = statement.cluster.upstream.page(Method::GET, next, &user).await.ok()?;
    if response.status() != StatusCode::OK {
        return None;
    }
    Whole::read(&statement.cluster, &proxy.live().limits, response).await.ok()
}

/// Whether all is as it was proved, of a query that runs or has ended.
async fn settled(proxy: &Arc<Proxy>, statement: &Arc<Statement>, relations: &Relations) -> Result<bool, Refusal> {
    let mut why = String::new();
    for attempt in 1..=ATTEMPTS {
        match ask(statement).await.map(|info| compare(relations, &info)) {
            Ok(Compared::Same) => return Ok(true),
            Ok(Compared::NotYet) => why = "Trino does not tell of each name in the statement".to_owned(),
            Ok(otherwise) => return Err(changed(proxy, statement, relations, otherwise).await),
            Err(error) => why = error,
        }
        tokio::time::sleep(PAUSE * attempt).await;
    }
    Err(not_known(proxy, statement, relations, why).await)
}

/// Whether all is as it was proved, of a query that waits for its turn. Trino may not have looked the names up yet.
async fn settled_early(proxy: &Arc<Proxy>, statement: &Arc<Statement>, relations: &Relations) -> Result<bool, Refusal> {
    // Of a statement that is told of late not all names are among those that Trino tells of, so none is missed.
    if relations.told() != Told::InTime {
        return Ok(false);
    }
    match ask(statement).await.map(|info| compare(relations, &info)) {
        Ok(Compared::Same) => Ok(true),
        Ok(Compared::NotYet) | Err(_) => Ok(false),
        Ok(otherwise) => Err(changed(proxy, statement, relations, otherwise).await),
    }
}

/// The info of a query. Its user may always see it, so it is asked for as the user.
async fn ask(statement: &Statement) -> Result<QueryInfo, String> {
    let user = HeaderValue::from_str(&statement.owner.user).map_err(|error| error.to_string())?;
    let path = format!("/v1/query/{}?pruned=true", statement.query);
    let response =
        statement.cluster.upstream.page(Method::GET, &path, &user).await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("Trino answered {} for the query's info", response.status()));
    }
    let collecting = Limited::new(response.into_body(), MOST).collect();
    let body = tokio::time::timeout(statement.cluster.answer_timeout, collecting)
        .await
        .map_err(|_| "the query's info stopped".to_owned())?
        .map_err(|error| format!("the query's info broke off: {error}"))?;
    let info: QueryInfo =
        serde_json::from_slice(&body.to_bytes()).map_err(|error| format!("the query's info can't be read: {error}"))?;
    if info.query_id == statement.query.as_str() { Ok(info) } else { Err("the info is of another query".to_owned()) }
}

fn compare(relations: &Relations, info: &QueryInfo) -> Compared {
    let mut seen = BTreeSet::new();
    let mut other = None;
    for found in &info.referenced_tables {
        let name = found.name();
        match one(relations, found, &name) {
            Compared::Same | Compared::NotYet => {
                seen.insert(name);
            }
            // What has changed explains the others, which stand behind it.
            changed @ Compared::Changed(_) => return changed,
            unknown @ Compared::Other(_) => other = other.or(Some(unknown)),
        }
    }
    if let Some(other) = other {
        return other;
    }
    let told = relations.told() != Told::InTime || relations.named().all(|name| seen.contains(name));
    // A query that has failed gives no rows, and may have failed at the first name that is not there.
    if told || info.state == "FAILED" { Compared::Same } else { Compared::NotYet }
}

fn one(relations: &Relations, found: &Referenced, name: &TableName) -> Compared {
    // What Trino's own access control reads is its own business.
    let Some(views) = found.through() else { return Compared::Same };
    let outermost = views.last().unwrap_or(name);
    if relations.only_of_policies(outermost) {
        return Compared::Same;
    }
    for view in &views {
        match relations.proved(view) {
            Some(Is::View(_)) => {}
            Some(Is::Table) => return Compared::Changed(view.clone()),
            None => return Compared::Other(view.clone()),
        }
    }
    // Another owner of the view does not vouch for what it reads.
    if let Some(view) = views.first()
        && relations.owner(view).is_some_and(|owner| owner != found.authorization)
    {
        return Compared::Changed(view.clone());
    }
    match (relations.proved(name), &found.view_text) {
        (Some(Is::Table), None) => Compared::Same,
        (Some(Is::View(proved)), Some(text)) if **proved == **text => Compared::Same,
        (Some(_), _) => Compared::Changed(name.clone()),
        (None, _) => Compared::Other(name.clone()),
    }
}

async fn changed(proxy: &Arc<Proxy>, statement: &Arc<Statement>, relations: &Relations, found: Compared) -> Refusal {
    let (what, why) = match &found {
        Compared::Changed(name) => {
            (format!("{name} is not what it was"), format!("{name} is not what it was proved to be"))
        }
        // Its name is not the user's to know.
        Compared::Other(name) => (
            "a name in the statement does not stand for what it did".to_owned(),
            format!("Trino reads {name}, of which the proof does not speak"),
        ),
        Compared::Same | Compared::NotYet => ("a name is not known".to_owned(), "not known".to_owned()),
    };
    let late = relations.told() != Told::InTime;
    let then = if late {
        "it was ended; it may have had its effect by then, so tell the operators"
    } else {
        "nothing of its answer is shown; run it again, and tell the operators if it is refused again"
    };
    let message = format!("Access Denied: {what} when the statement was decided, so {then}");
    let refusal = Refusal { code: ErrorCode::PermissionDenied, message, location: None };
    withhold(proxy, statement, relations, refusal, if late { "changed_late" } else { "changed" }, why).await
}

async fn not_known(proxy: &Arc<Proxy>, statement: &Arc<Statement>, relations: &Relations, why: String) -> Refusal {
    let message = "Sluice could not find out from Trino what the names in the statement stand for, so nothing of its \
                   answer is shown; tell the operators";
    let refusal = Refusal { code: ErrorCode::GenericInternalError, message: message.to_owned(), location: None };
    let why = format!("what Trino resolved can't be found out: {why}");
    withhold(proxy, statement, relations, refusal, "unknown", why).await
}

fn unknown_here() -> Refusal {
    let message = "The statement was started by another Sluice before it was known what the names in it stand for, so \
                   nothing of its answer is shown; run it again";
    Refusal { code: ErrorCode::GenericInternalError, message: message.to_owned(), location: None }
}

/// Ends a query of which nothing may be shown, and forgets what was known of its tables.
async fn withhold(
    proxy: &Arc<Proxy>,
    statement: &Arc<Statement>,
    relations: &Relations,
    refusal: Refusal,
    found: &'static str,
    why: String,
) -> Refusal {
    tracing::error!(query = %statement.query, decision = %statement.facts.decision, "a query's answer is withheld: {why}");
    if let Some(earlier) = statement.refusal() {
        return earlier.clone();
    }
    statement.revoke(refusal.clone());
    proxy.rooms.metrics.withheld(found);
    for name in relations.names() {
        statement.cluster.catalog.invalidate(name).await;
    }
    pages::end_at_trino(statement).await;
    let error = refusal.code.parts().0.to_owned();
    proxy.started.end(statement, End::Withheld { error, why });
    refusal
}

#[cfg(test)]
mod tests;
