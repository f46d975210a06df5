//! Ending queries that new policies don't allow as they were started.
//!
//! In: running statements, and word that the policies were replaced. Each is decided anew, with what is known of it, as if
//! it came now. Where that does not give the very statement that Trino has, the query is ended at Trino, a page that is on
//! its way is cut off, and the client gets an error instead of the next one. A query of which too little is known to
//! decide anew is ended too. No page is given before its query was looked at in this way, so that nobody reads on while
//! others' queries are looked at.

use super::decide::{Weighed, decide, refusal};
use super::serve::Proxy;
use super::started::{End, Statement};
use crate::enforce::{ErrorCode, Outcome, Refusal};
use http::{HeaderValue, Method};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Most statements that are decided anew at once, beside those whose pages are asked for.
const AT_ONCE: usize = 8;

impl Proxy {
    /// Looks at all running queries after each replacement of the policies, until it is cancelled.
    pub async fn follow_policies(self: Arc<Self>, stop: CancellationToken) {
        let mut replacements = self.rooms.store.replacements();
        while let Some(Ok(())) = stop.run_until_cancelled(replacements.changed()).await {
            if self.cancel_running && stop.run_until_cancelled(review_all(&self)).await.is_none() {
                return;
            }
        }
    }
}

async fn review_all(proxy: &Arc<Proxy>) {
    let mut reviews = JoinSet::new();
    for statement in proxy.started.not_ended() {
        if reviews.len() >= AT_ONCE {
            reviews.join_next().await;
        }
        let proxy = Arc::clone(proxy);
        reviews.spawn(async move { review(&proxy, &statement).await.is_ok() });
    }
    while reviews.join_next().await.is_some() {}
}

/// Whether the policies are others than those by which a statement was last decided.
pub(super) fn is_outdated(proxy: &Proxy, statement: &Statement) -> bool {
    proxy.cancel_running && statement.decided_by().as_deref() != Some(proxy.rooms.store.current().revision())
}

/// Whether pages of a statement may be given, by the policies of now. If not, it has been ended.
///
/// # Errors
/// Why not, for the client.
pub(super) async fn review(proxy: &Arc<Proxy>, statement: &Arc<Statement>) -> Result<(), Refusal> {
    if let Some(refusal) = statement.refusal() {
        return Err(refusal.clone());
    }
    if statement.ended() || !is_outdated(proxy, statement) {
        return Ok(());
    }
    match verdict(proxy, statement).await {
        Ok(revision) => {
            statement.allowed_by(&revision);
            Ok(())
        }
        Err(refusal) => {
            end(proxy, statement, refusal.clone()).await;
            Err(refusal)
        }
    }
}

/// The revision of the policies that allow it as it was started.
async fn verdict(proxy: &Arc<Proxy>, statement: &Statement) -> Result<String, Refusal> {
    let Some(memory) = statement.memory() else {
        return unremembered(proxy, statement);
    };
    let (sql, headers) = (memory.sql.clone(), memory.headers.clone());
    let (asked, early) = proxy.asked(&memory.caller, &statement.owner, sql, headers, Instant::now());
    let asked = Arc::new(asked);
    let weighed = match (early, proxy.rooms.grammar.now()) {
        (Some(refusal), _) => Weighed::refused(refusal),
        (None, Some(grammar)) => decide(proxy, &asked, grammar).await,
        (None, None) => return Err(changed("could not be decided anew")),
    };
    match &weighed.decision.outcome {
        Outcome::Forward(guarded) if memory.is_of(guarded) => Ok(asked.snapshot.revision().to_owned()),
        Outcome::Forward(_) => Err(changed("is now allowed in another form only; run it again")),
        Outcome::Refuse(refusal) => Err(changed(&format!("is not allowed any more: {}", refusal.message))),
    }
}

/// What is known of a statement that was started before this Sluice, or by another replica, is when it was decided.
fn unremembered(proxy: &Proxy, statement: &Statement) -> Result<String, Refusal> {
    let revision = proxy.rooms.store.current().revision().to_owned();
    let Some(replaced) = proxy.rooms.store.replaced_at() else { return Ok(revision) };
    let decided = statement.facts.decision.get_timestamp().map(|time| time.to_unix());
    let decided = decided
        .and_then(|(seconds, nanos)| Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok());
    match decided {
        // It may have been decided since by this revision, or by one before it.
        Some(decided) if decided > replaced && statement.decided_by().is_none() => Ok(revision),
        _ => Err(changed("can't be decided anew here, since it was not started here; run it again")),
    }
}

fn changed(what: &str) -> Refusal {
    let message = format!("Access Denied: the policies were changed while the query ran, and it {what}");
    refusal(ErrorCode::PermissionDenied, message)
}

async fn end(proxy: &Proxy, statement: &Arc<Statement>, refusal: Refusal) {
    tracing::warn!(query = %statement.query, decision = %statement.facts.decision, "{}", refusal.message);
    if !statement.revoke(refusal) {
        return;
    }
    proxy.rooms.metrics.revoked();
    let path = format!("/v1/query/{}", statement.query);
    if let Ok(user) = HeaderValue::from_str(&statement.owner.user)
        && let Err(error) = proxy.upstream.page(Method::DELETE, &path, &user).await
    {
        tracing::error!(%error, query = %statement.query, "a query that is not allowed any more could not be ended at Trino");
    }
    proxy.started.end(statement, End::Revoked);
}
