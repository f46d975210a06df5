//! The statements that were started through this Sluice and whose end has not been seen.
//!
//! It is a convenience, not a store: without an entry a page is served all the same, by what its mark says. Only the
//! places in errors of a rewritten text are then left out, rows are counted from there on, and a change of the policies
//! ends the query, since it can't be decided anew. Each statement's end is
//! written down once, at the latest when its entry is dropped.

use super::decide::{Basis, Memory};
use super::live::Cluster;
use super::mark::{Facts, Owner};
use super::places::{Full, Most, Place, Places};
use super::query_id::QueryId;
use super::threads;
use crate::enforce::Refusal;
use crate::rewrite::{PositionMap, Relations};
use http::HeaderValue;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

/// An entry that nobody asked for is dropped after this time. Trino itself drops a query after five minutes.
const IDLE: Duration = Duration::from_secs(900);
/// For so long it is not looked up again, by which it counts as asked for.
const KNOWN: Duration = Duration::from_secs(1);
/// What an entry weighs besides its texts.
const BASE_WEIGHT: usize = 512;

/// How a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The last page has passed.
    Finished,
    /// Trino ended it with this error.
    Failed(String),
    /// The client asked for its end.
    Canceled,
    /// The client went away while a page was on its way, so Sluice asked for its end.
    ClientGone,
    /// Policies that came after its start, or the time by now, don't allow it as it was started, so Sluice asked for its
    /// end.
    Revoked,
    /// Trino resolved a name in it to something else than was proved, or it can't be found out, so Sluice asked for its
    /// end.
    Withheld {
        /// The name of the error that the client got.
        error: String,
        /// What was found.
        why: String,
    },
    /// Its end was not seen.
    Unknown,
}

/// A statement that Trino has taken.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The query.
    pub(crate) query: QueryId,
    /// Whose it is.
    pub(crate) owner: Owner,
    /// The user as Trino is told; `None` for a name that no header can hold.
    pub(crate) user: Option<HeaderValue>,
    /// What is known of it.
    pub(crate) facts: Facts,
    /// Where it runs.
    pub(crate) cluster: Arc<Cluster>,
    positions: Mutex<Option<Arc<PositionMap>>>,
    /// What Trino may resolve for it.
    relations: OnceLock<Arc<Relations>>,
    /// What it takes to decide anew.
    memory: Mutex<Option<Arc<Memory>>>,
    /// What it was last decided by, if that is known.
    decided_by: Mutex<Option<Basis>>,
    refusal: OnceLock<Refusal>,
    /// The mark that was last proved to be its owner's, and what it says.
    proved: Mutex<Option<(Arc<str>, Facts)>>,
    /// Cancelled when nothing of it may be shown any more.
    pub(crate) revoked: CancellationToken,
    began: Instant,
    place: Mutex<Option<Place<String>>>,
    rows: AtomicU64,
    bytes: AtomicU64,
    ended: AtomicBool,
}

/// What is known of a statement beside its facts.
#[derive(Debug)]
pub(crate) struct Start {
    /// The way back to places in the user's text.
    pub(crate) positions: Option<Arc<PositionMap>>,
    /// What it takes to decide anew.
    pub(crate) memory: Option<Memory>,
    /// When it came.
    pub(crate) began: Instant,
    /// Where it runs.
    pub(crate) cluster: Arc<Cluster>,
    /// Its place among those that run.
    pub(crate) place: Place<String>,
}

/// What a statement came to.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The statement.
    pub(crate) statement: Arc<Statement>,
    /// How.
    pub(crate) end: End,
    /// Rows that have passed.
    pub(crate) rows: u64,
    /// Bytes of pages that have passed.
    pub(crate) bytes: u64,
    /// From its start to its end.
    pub(crate) took: Duration,
}

/// Takes ends.
pub(crate) type OnEnd = Arc<dyn Fn(Ended) + Send + Sync>;

/// What a client asked for last, and when it was found: it asks for page after page of one query.
#[derive(Debug, Default)]
pub(crate) struct Last(Mutex<Option<(Weak<Statement>, Instant)>>);

/// All of them.
pub(crate) struct Started {
    statements: Cache<QueryId, Arc<Statement>>,
    places: Places<String>,
    running: Arc<AtomicUsize>,
    on_end: OnEnd,
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started").field("running", &self.running()).finish_non_exhaustive()
    }
}

impl Statement {
    /// The way back to places in the user's text, if it is still known.
    pub(crate) fn positions(&self) -> Option<Arc<PositionMap>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What Trino may resolve for it, if it was started here.
    pub(crate) fn relations(&self) -> Option<Arc<Relations>> {
        self.relations.get().cloned()
    }

    /// Notes what Trino may resolve for it.
    pub(crate) fn may_resolve(&self, relations: Arc<Relations>) {
        self.relations.get_or_init(|| relations);
    }

    /// What it takes to decide anew, if that is still known.
    pub(crate) fn memory(&self) -> Option<Arc<Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it was last decided by, if that is known.
    pub(crate) fn decided_by(&self) -> Option<Basis> {
        self.decided_by.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is known what it was last decided by, and that is right.
    pub(crate) fn is_decided_by(&self, right: impl FnOnce(&Basis) -> bool) -> bool {
        self.decided_by.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(right)
    }

    /// Notes that a decision made by this allows it as it was started.
    pub(crate) fn allowed_by(&self, basis: Basis) {
        *self.decided_by.lock().unwrap_or_else(PoisonError::into_inner) = Some(basis);
    }

    /// Why nothing of it may be shown any more; `None` if it may be.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }

    /// Whether its end was seen.
    pub(crate) fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Notes that a mark was proved to be its owner's.
    pub(crate) fn proved(&self, mark: Arc<str>, facts: Facts) {
        *self.proved.lock().unwrap_or_else(PoisonError::into_inner) = Some((mark, facts));
    }

    /// What a mark says, if it is the one that was proved last. How much of it is right can't be told by the time this takes.
    fn by_proved(&self, mark: &str) -> Option<(Arc<str>, Facts)> {
        let proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        proved.as_ref().filter(|(known, _)| known.as_bytes().ct_eq(mark.as_bytes()).into()).cloned()
    }

    /// From now on nothing of it is shown. Whether it could be before.
    pub(crate) fn revoke(&self, refusal: Refusal) -> bool {
        let first = self.refusal.set(refusal).is_ok();
        self.revoked.cancel();
        first
    }

    /// Adds what has passed.
    pub(crate) fn count(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Started {
    /// Keeps entries of about `bytes` in all.
    pub(crate) fn new(bytes: usize, on_end: OnEnd) -> Started {
        let running = Arc::new(AtomicUsize::new(0));
        let dropped = (Arc::clone(&running), Arc::clone(&on_end));
        let statements = Cache::builder()
            .max_capacity(bytes as u64)
            // What runs is asked for again and again; what is not asked for has to give way, not what is new.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, statement: &Arc<Statement>| weight(statement))
            .time_to_idle(IDLE)
            .eviction_listener(move |_, statement, _| finish(&statement, End::Unknown, &dropped.0, &dropped.1))
            .build();
        Started { statements, places: Places::new(), running, on_end }
    }

    /// A place for a statement that a principal wants to start, if there are no more than `most`. It is held until the statement's end, which each entry has.
    ///
    /// # Errors
    /// [`Full`].
    pub(crate) fn place(&self, principal: &str, most: Most) -> Result<Place<String>, Full> {
        self.places.take(principal.to_owned(), most)
    }

    /// Notes a statement that Trino has taken.
    pub(crate) fn insert(&self, query: QueryId, owner: Owner, facts: Facts, start: Start) -> Arc<Statement> {
        let Start { positions, memory, began, cluster, place } = start;
        let statement = Arc::new(Statement {
            query: query.clone(),
            user: HeaderValue::from_str(&owner.user).ok(),
            owner,
            facts,
            cluster,
            positions: Mutex::new(positions),
            relations: OnceLock::new(),
            decided_by: Mutex::new(memory.as_ref().map(|memory| memory.basis.clone())),
            memory: Mutex::new(memory.map(Arc::new)),
            refusal: OnceLock::new(),
            proved: Mutex::new(None),
            revoked: CancellationToken::new(),
            began,
            place: Mutex::new(Some(place)),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        self.running.fetch_add(1, Ordering::Relaxed);
        statement.cluster.counts.running.inc();
        self.statements.insert(query, Arc::clone(&statement));
        statement
    }

    /// The entry of a query, made from what its mark says if there is none; it runs on this cluster then. None without one.
    pub(crate) fn find(
        &self,
        query: &QueryId,
        owner: &Owner,
        facts: Facts,
        cluster: impl FnOnce() -> Option<Arc<Cluster>>,
    ) -> Option<Arc<Statement>> {
        // Marks of one query differ in this alone.
        let same = |statement: &Arc<Statement>| Facts { unresolved: facts.unresolved, ..statement.facts } == facts;
        match self.statements.get(query).filter(|statement| same(statement) && statement.owner == *owner) {
            Some(statement) => Some(statement),
            None => {
                let cluster = cluster()?;
                // It runs already, so it is counted and not refused.
                let place = self.places.add(owner.principal.clone());
                let start = Start { positions: None, memory: None, began: Instant::now(), cluster, place };
                Some(self.insert(query.clone(), owner.clone(), facts, start))
            }
        }
    }

    /// The entry of a query of this owner's whose mark was proved before, with what it says. `last`: what the same client asked for
    /// last.
    pub(crate) fn proved(
        &self,
        query: &QueryId,
        owner: &Owner,
        mark: &str,
        last: &Last,
    ) -> Option<(Arc<Statement>, Arc<str>, Facts)> {
        let statement = last.or_find(query, |query| self.statements.get(query));
        let statement = statement.filter(|statement| statement.owner == *owner)?;
        let (mark, facts) = statement.by_proved(mark)?;
        Some((statement, mark, facts))
    }

    /// The entry of a query of this owner's, if it was started through this Sluice.
    pub(crate) fn owned(&self, query: &QueryId, owner: &Owner) -> Option<Arc<Statement>> {
        self.statements.get(query).filter(|statement| statement.owner == *owner)
    }

    /// Notes a statement's end; only the first end counts.
    pub(crate) fn end(&self, statement: &Arc<Statement>, end: End) {
        finish(statement, end, &self.running, &self.on_end);
        // It weighs less now, which the cache has to be told.
        if self.statements.contains_key(&statement.query) {
            self.statements.insert(statement.query.clone(), Arc::clone(statement));
        }
    }

    /// All that have not ended.
    pub(crate) fn not_ended(&self) -> Vec<Arc<Statement>> {
        self.statements.iter().map(|(_, statement)| statement).filter(|statement| !statement.ended()).collect()
    }

    /// How many have not ended.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Drops what has been idle for long. To be called now and then.
    pub(crate) fn tidy(&self) {
        self.statements.run_pending_tasks();
    }

    /// Ends all that have not ended, since nothing more will be seen of them.
    pub(crate) fn end_all(&self) {
        for statement in self.not_ended() {
            self.end(&statement, End::Unknown);
        }
    }
}

impl Last {
    /// The statement that was asked for last, if it is this query's, runs on and was found not long ago; else what is found.
    fn or_find(
        &self,
        query: &QueryId,
        find: impl FnOnce(&QueryId) -> Option<Arc<Statement>>,
    ) -> Option<Arc<Statement>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = threads::about_now();
        let known = last.as_ref().filter(|(_, found)| now.saturating_duration_since(*found) < KNOWN);
        let known = known.and_then(|(statement, _)| statement.upgrade());
        if let Some(statement) = known.filter(|statement| statement.query == *query && !statement.ended()) {
            return Some(statement);
        }
        let statement = find(query)?;
        *last = Some((Arc::downgrade(&statement), now));
        Some(statement)
    }
}

fn weight(statement: &Arc<Statement>) -> u32 {
    let texts = statement.positions().map_or(0, |map| map.edited().len() * 2);
    let memory = statement.memory().map_or(0, |memory| memory.bytes());
    u32::try_from(BASE_WEIGHT + texts + memory).unwrap_or(u32::MAX)
}

fn finish(statement: &Arc<Statement>, end: End, running: &AtomicUsize, on_end: &OnEnd) {
    if statement.ended.swap(true, Ordering::AcqRel) {
        return;
    }
    running.fetch_sub(1, Ordering::Relaxed);
    statement.cluster.counts.running.dec();
    statement.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    statement.positions.lock().unwrap_or_else(PoisonError::into_inner).take();
    statement.memory.lock().unwrap_or_else(PoisonError::into_inner).take();
    on_end(Ended {
        statement: Arc::clone(statement),
        end,
        rows: statement.rows.load(Ordering::Relaxed),
        bytes: statement.bytes.load(Ordering::Relaxed),
        took: statement.began.elapsed(),
    });
}

#[cfg(test)]
mod tests;
