//! Keeps answers about tables for a short time.
//!
//! In: what a decision needs to know. Out: answers, each asked of Trino once however many statements wait for it. What
//! does not exist is remembered for a shorter time, an error not at all. Tables in use are asked for again before they are
//! forgotten, so that statements need not wait for them.

use super::in_use::{InUse, Used};
use super::questions::{CatalogError, Cause, FEW, MANY, ask, can_exist, together};
use super::table::{Known, Need};
use super::trino::TrinoClient;
use crate::config::CatalogCache;
use crate::names::TableName;
use moka::Expiry;
use moka::future::Cache;
use prometheus::IntCounter;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

/// Longest time for which it is known which tables of a schema were in use.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What Trino says of tables, cached. Cloning it is cheap and shares the cache.
#[derive(Clone, Debug)]
pub struct Catalog {
    trino: TrinoClient,
    cache: Cache<Need, Answer>,
    in_use: InUse,
    /// A table that is older is asked for again when a statement needs it, which does not wait for that.
    old: Duration,
    /// Counts invalidations: an answer that was asked for before one is not kept.
    changes: Arc<AtomicU64>,
    counts: Counts,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    hits: Option<IntCounter>,
    misses: Option<IntCounter>,
    renewals: Option<IntCounter>,
}

#[derive(Clone, Debug)]
struct Answer {
    known: Known,
    keep: bool,
    asked: Instant,
    used: Used,
}

/// How long answers are kept, from the moment at which they were asked for.
#[derive(Debug)]
struct Keep {
    found: Duration,
    missing: Duration,
}

impl Keep {
    fn time(&self, need: &Need, answer: &Answer) -> Duration {
        match answer {
            Answer { keep: false, .. } => Duration::ZERO,
            // Trino lists a query a moment after its id is known.
            Answer { known: Known::Missing, .. } if matches!(need, Need::Query(_)) => Duration::ZERO,
            Answer { known: Known::Missing, .. } => self.missing,
            Answer { .. } => self.found,
        }
    }
}

impl Expiry<Need, Answer> for Keep {
    fn expire_after_create(&self, need: &Need, answer: &Answer, now: Instant) -> Option<Duration> {
        Some(self.time(need, answer).saturating_sub(now.saturating_duration_since(answer.asked)))
    }

    fn expire_after_update(&self, need: &Need, answer: &Answer, now: Instant, _: Option<Duration>) -> Option<Duration> {
        self.expire_after_create(need, answer, now)
    }
}

/// One question, that is put to Trino when its answer is waited for.
struct Question {
    needs: Vec<Need>,
    answers: OnceCell<Answers>,
}

/// What Trino said.
struct Answers {
    /// The invalidations that there were before.
    changes: u64,
    asked: Instant,
    known: HashMap<Need, Result<Known, Arc<Cause>>>,
}

impl Catalog {
    /// An empty cache in front of `trino`.
    pub fn new(trino: TrinoClient, config: &CatalogCache) -> Catalog {
        let keep = Keep { found: config.keep.unsigned_abs(), missing: config.keep_missing.unsigned_abs() };
        let old = keep.found / 2;
        let in_use = InUse::new(config.entries, keep.found / 4, keep.found.saturating_mul(10).min(DAY));
        let cache = Cache::builder().max_capacity(config.entries).expire_after(keep).build();
        Catalog { trino, cache, in_use, old, changes: Arc::default(), counts: Counts::default() }
    }

    /// The same cache, which counts what it had, what it asked Trino for while a statement waited, and what it asked for again.
    pub fn counting(self, [hits, misses, renewals]: [IntCounter; 3]) -> Catalog {
        let counts = Counts { hits: Some(hits), misses: Some(misses), renewals: Some(renewals) };
        Catalog { counts, ..self }
    }

    /// Answers each need; those that are not cached are asked of Trino side by side, tables of one schema some at a time.
    ///
    /// # Errors
    /// [`CatalogError`] of the first need that Trino did not answer. Nothing is assumed in its place.
    pub async fn answer(&self, needs: &[Need]) -> Result<Vec<(Need, Known)>, CatalogError> {
        let mut answers = Vec::with_capacity(needs.len());
        let mut open = Vec::new();
        for need in needs {
            if !can_exist(need) {
                answers.push((need.clone(), Known::Missing));
            } else if let Some(answer) = self.cache.get(need).await {
                count(self.counts.hits.as_ref());
                self.used(need, &answer);
                answers.push((need.clone(), answer.known));
            } else {
                open.push(need.clone());
            }
        }
        let mut asking = JoinSet::new();
        for needs in together(open, FEW) {
            let question = Arc::new(Question { needs, answers: OnceCell::new() });
            for need in question.needs.clone() {
                let (this, question) = (self.clone(), Arc::clone(&question));
                asking.spawn(async move {
                    let known = this.ask(&need, &question).await;
                    known.map(|known| vec![(need, known)])
                });
            }
        }
        all(asking, answers).await
    }

    /// Answers each need by asking Trino, whatever is cached, and keeps the answers.
    ///
    /// # Errors
    /// [`CatalogError`], as [`Catalog::answer`].
    pub async fn answer_anew(&self, needs: &[Need]) -> Result<Vec<(Need, Known)>, CatalogError> {
        let (there, never): (Vec<Need>, Vec<Need>) = needs.iter().cloned().partition(can_exist);
        let mut asking = JoinSet::new();
        for needs in together(there, FEW) {
            let this = self.clone();
            asking.spawn(async move { this.ask_anew(&needs, this.counts.misses.as_ref()).await });
        }
        all(asking, never.into_iter().map(|need| (need, Known::Missing)).collect()).await
    }

    /// Notes that a statement needs what is cached.
    fn used(&self, need: &Need, answer: &Answer) {
        answer.used.set();
        if let (Need::Table(name), Known::Table(_)) = (need, &answer.known)
            && answer.asked.elapsed() >= self.old
            && let Some(names) = self.in_use.turn(name, Instant::now())
        {
            let this = self.clone();
            tokio::spawn(async move {
                for needs in together(names.into_iter().map(Need::Table), MANY) {
                    if let Err(error) = this.ask_anew(&needs, this.counts.renewals.as_ref()).await {
                        tracing::debug!(%error, "Trino could not be asked again about tables in use");
                    }
                }
            });
        }
    }

    /// Asks what stands together. Nobody else's question is waited for: it may have been asked before. What is answered is
    /// kept, also where something else is not.
    async fn ask_anew(&self, needs: &[Need], counter: Option<&IntCounter>) -> Result<Vec<(Need, Known)>, CatalogError> {
        let answers = self.put(needs).await;
        for need in needs {
            count(counter);
            if let Ok(answer) = self.taken(need, &answers)
                && answer.keep
            {
                self.cache.insert(need.clone(), answer).await;
                self.forget_if_changed(need, answers.changes).await;
            }
        }
        let known = answers.known.into_iter().map(|(need, known)| match known {
            Ok(known) => Ok((need, known)),
            Err(cause) => Err(CatalogError { need: format!("{need:?}"), cause }),
        });
        known.collect()
    }

    /// Asks for one of a question's needs, unless somebody asks for it already.
    async fn ask(&self, need: &Need, question: &Question) -> Result<Known, CatalogError> {
        let before = self.changes();
        let asked = async {
            count(self.counts.misses.as_ref());
            let answers = question.answers.get_or_init(|| self.put(&question.needs)).await;
            self.taken(need, answers)
        };
        let answer = self.cache.try_get_with_by_ref(need, asked).await;
        self.forget_if_changed(need, before).await;
        match answer {
            Ok(answer) => {
                answer.used.set();
                Ok(answer.known)
            }
            Err(cause) => Err(CatalogError { need: format!("{need:?}"), cause: Arc::clone(&cause) }),
        }
    }

    /// Puts a question to Trino.
    async fn put(&self, needs: &[Need]) -> Answers {
        let (changes, asked) = (self.changes(), Instant::now());
        let known = needs.iter().cloned().zip(ask(&self.trino, needs).await).collect();
        Answers { changes, asked, known }
    }

    /// What a question's answer says of a need, to be kept if nothing has changed meanwhile.
    fn taken(&self, need: &Need, answers: &Answers) -> Result<Answer, Arc<Cause>> {
        let unanswered = || Arc::new(Cause::Unreadable("it does not tell of all that was asked for"));
        let known = answers.known.get(need).cloned().ok_or_else(unanswered)??;
        let (keep, used) = (answers.changes == self.changes(), Used::default());
        if let (Need::Table(name), Known::Table(_)) = (need, &known) {
            self.in_use.asked(name, used.clone());
        }
        Ok(Answer { known, keep, asked: answers.asked, used })
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// A change may have fallen between the last look and the moment at which the cache took an answer in.
    async fn forget_if_changed(&self, need: &Need, before: u64) {
        if before != self.changes() {
            self.cache.invalidate(need).await;
        }
    }

    /// Forgets a table, because a statement through Sluice changed it. An answer that is on its way is not kept.
    pub async fn invalidate(&self, table: &TableName) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate(&Need::Table(table.clone())).await;
        self.cache.invalidate(&Need::View(table.clone())).await;
    }

    /// Forgets everything, because a statement changed more than one table.
    pub fn invalidate_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate_all();
    }
}

/// All answers, once they are there.
async fn all(
    mut asking: JoinSet<Result<Vec<(Need, Known)>, CatalogError>>,
    mut answers: Vec<(Need, Known)>,
) -> Result<Vec<(Need, Known)>, CatalogError> {
    while let Some(answer) = asking.join_next().await {
        match answer {
            Ok(answer) => answers.extend(answer?),
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Err(_) => {}
        }
    }
    Ok(answers)
}

fn count(counter: Option<&IntCounter>) {
    if let Some(counter) = counter {
        counter.inc();
    }
}

#[cfg(test)]
mod tests;
