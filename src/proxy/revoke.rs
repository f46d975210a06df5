//! Ending queries that new policies, or the same ones by now, don't allow as they were started.
//!
//! In: running statements, word that the policies were replaced, and the clock: policies name times at which a grant ends
//! or a denial begins, and conditions read the time. Each statement is decided anew, with what is known of it, as if it
//! came now. Where that does not give the very statement that Trino has, the query is ended at Trino, a page that is on
//! its way is cut off, and the client gets an error instead of the next one. A query of which too little is known to
//! decide anew is ended too. No page is given before its query was looked at in this way, so that nobody reads on while
//! others' queries are looked at.

use super::decide::{Basis, Weighed, decide, refusal};
use super::pages;
use super::serve::Proxy;
use super::started::{End, Statement};
use crate::enforce::{ErrorCode, Outcome, Refusal};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Most statements that are decided anew at once, beside those whose pages are asked for.
const AT_ONCE: usize = 8;
/// How often the clock is looked at. It may be set forward or back, so nothing is timed by how far away a time is.
const TICK: Duration = Duration::from_secs(1);

impl Proxy {
    /// Looks at all running queries after each replacement of the policies, and when a time has come, or come back, at
    /// which they decide in another way, until it is cancelled.
    pub async fn follow_policies(self: Arc<Self>, stop: CancellationToken) {
        let mut replacements = self.rooms.store.replacements();
        let mut basis = self.basis();
        loop {
            let replaced = tokio::select! {
                () = stop.cancelled() => return,
                changed = replacements.changed() => match changed {
                    Ok(()) => true,
                    Err(_) => return,
                },
                () = tokio::time::sleep(TICK) => false,
            };
            let now = self.basis();
            if (replaced || now != basis)
                && self.cancel_running
                && stop.run_until_cancelled(review_all(&self)).await.is_none()
            {
                return;
            }
            basis = now;
        }
    }

    /// What a decision made now would rest on.
    fn basis(&self) -> Basis {
        Basis::of(&self.rooms.store.current(), self.clock.now())
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

/// Whether a decision made now could be another than the last one about a statement.
pub(super) fn is_outdated(proxy: &Proxy, statement: &Statement) -> bool {
    let holds = |basis: &Basis| basis.holds(&proxy.rooms.store.current(), proxy.clock.now());
    proxy.cancel_running && !statement.is_decided_by(holds)
}

/// Whether pages of a statement may be given, by the policies and the time of now. If not, it has been ended.
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
    Box::pin(review_anew(proxy, statement)).await
}

async fn review_anew(proxy: &Arc<Proxy>, statement: &Arc<Statement>) -> Result<(), Refusal> {
    match verdict(proxy, statement).await {
        Ok(basis) => {
            statement.allowed_by(basis);
            Ok(())
        }
        Err(refusal) => {
            end(proxy, statement, refusal.clone()).await;
            Err(refusal)
        }
    }
}

/// What the decision rests on that allows it as it was started.
async fn verdict(proxy: &Arc<Proxy>, statement: &Statement) -> Result<Basis, Refusal> {
    let Some(memory) = statement.memory() else {
        return unremembered(proxy, statement);
    };
    let (sql, headers) = (memory.sql.clone(), memory.headers.clone());
    // It is decided for where it runs.
    let (live, here) = (proxy.live(), Some(Arc::clone(&statement.cluster)));
    let (asked, early) = proxy.asked(&live, here, &memory.caller, &statement.owner, (sql, headers), Instant::now());
    let asked = Arc::new(asked);
    let basis = Basis::of(&asked.snapshot, asked.now);
    let replaced = statement.decided_by().is_none_or(|last| last.revision != basis.revision);
    let weighed = match (early, asked.cluster.grammar.now()) {
        (Some(refusal), _) => Weighed::refused(refusal),
        (None, Some(grammar)) => decide(proxy, &asked, grammar).await,
        (None, None) => return Err(changed(replaced, "could not be decided anew")),
    };
    match &weighed.decision.outcome {
        Outcome::Forward(guarded) if memory.is_of(guarded) => Ok(basis),
        Outcome::Forward(_) => Err(changed(replaced, "is now allowed in another form only; run it again")),
        Outcome::Refuse(refusal) => Err(changed(replaced, &format!("is not allowed any more: {}", refusal.message))),
    }
}

/// What is known of a statement that was started before this Sluice, or by another replica, is when it was decided. Whoever
/// started it, and still runs, sees each minute to it; here only the ends of validities do.
fn unremembered(proxy: &Proxy, statement: &Statement) -> Result<Basis, Refusal> {
    let snapshot = proxy.rooms.store.current();
    let basis = Basis::of(&snapshot, proxy.clock.now());
    let (replaced, passed) = match (statement.decided_by(), decided_at(statement)) {
        (Some(last), _) => (last.revision != basis.revision, last.moment != basis.moment),
        // It may have been decided by this revision, or by one before it.
        (None, Some(decided)) => {
            let replaced = proxy.rooms.store.replaced_at().is_some_and(|replaced| decided <= replaced);
            (replaced, snapshot.moment(decided) != basis.moment)
        }
        (None, None) => (true, true),
    };
    if !replaced && !passed {
        return Ok(basis);
    }
    Err(changed(replaced, "can't be decided anew here, since it was not started here; run it again"))
}

fn decided_at(statement: &Statement) -> Option<Timestamp> {
    let (seconds, nanos) = statement.facts.decision.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

/// `replaced`: by new policies, else by the time.
fn changed(replaced: bool, what: &str) -> Refusal {
    let since = if replaced { "the policies were changed" } else { "a time that the policies name was passed" };
    refusal(ErrorCode::PermissionDenied, format!("Access Denied: {since} while the query ran, and it {what}"))
}

async fn end(proxy: &Proxy, statement: &Arc<Statement>, refusal: Refusal) {
    tracing::warn!(query = %statement.query, decision = %statement.facts.decision, "{}", refusal.message);
    if !statement.revoke(refusal) {
        return;
    }
    proxy.rooms.metrics.revoked();
    pages::end_at_trino(statement).await;
    proxy.started.end(statement, End::Revoked);
}
