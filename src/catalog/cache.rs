//! Keeps answers about tables for a short time.
//!
//! In: what a decision needs to know. Out: answers, each asked of Trino once however many statements wait for it. What
//! does not exist is remembered for a shorter time, an error not at all.

use super::questions::{CatalogError, ask, can_exist};
use super::table::{Known, Need};
use super::trino::TrinoClient;
use crate::config::CatalogCache;
use crate::names::TableName;
use moka::Expiry;
use moka::future::Cache;
use prometheus::IntCounter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What Trino says of tables, cached. Cloning it is cheap and shares the cache.
#[derive(Clone, Debug)]
pub struct Catalog {
    trino: TrinoClient,
    cache: Cache<Need, Answer>,
    /// Counts invalidations: an answer that was asked for before one is not kept.
    changes: Arc<AtomicU64>,
    hits: Option<IntCounter>,
    misses: Option<IntCounter>,
}

#[derive(Clone, Debug)]
struct Answer {
    known: Known,
    keep: bool,
}

#[derive(Debug)]
struct Keep {
    found: Duration,
    missing: Duration,
}

impl Expiry<Need, Answer> for Keep {
    fn expire_after_create(&self, need: &Need, answer: &Answer, _now: Instant) -> Option<Duration> {
        Some(match answer {
            Answer { keep: false, .. } => Duration::ZERO,
            // Trino lists a query a moment after its id is known.
            Answer { known: Known::Missing, .. } if matches!(need, Need::Query(_)) => Duration::ZERO,
            Answer { known: Known::Missing, .. } => self.missing,
            Answer { .. } => self.found,
        })
    }
}

impl Catalog {
    /// An empty cache in front of `trino`.
    pub fn new(trino: TrinoClient, config: &CatalogCache) -> Catalog {
        let keep = Keep { found: config.keep.unsigned_abs(), missing: config.keep_missing.unsigned_abs() };
        let cache = Cache::builder().max_capacity(config.entries).expire_after(keep).build();
        Catalog { trino, cache, changes: Arc::default(), hits: None, misses: None }
    }

    /// The same cache, which counts what it had and what it had to ask Trino for.
    pub fn counting(self, hits: IntCounter, misses: IntCounter) -> Catalog {
        Catalog { hits: Some(hits), misses: Some(misses), ..self }
    }

    /// Answers each need; those that are not cached are asked of Trino side by side.
    ///
    /// # Errors
    /// [`CatalogError`] of the first need that Trino did not answer. Nothing is assumed in its place.
    pub async fn answer(&self, needs: &[Need]) -> Result<Vec<(Need, Known)>, CatalogError> {
        let mut answers = Vec::with_capacity(needs.len());
        let mut asking = JoinSet::new();
        for need in needs {
            if !can_exist(need) {
                answers.push((need.clone(), Known::Missing));
            } else if let Some(answer) = self.cache.get(need).await {
                count(self.hits.as_ref());
                answers.push((need.clone(), answer.known));
            } else {
                let (this, need) = (self.clone(), need.clone());
                asking.spawn(async move {
                    let known = this.ask(&need).await;
                    known.map(|known| (need, known))
                });
            }
        }
        while let Some(answer) = asking.join_next().await {
            match answer {
                Ok(answer) => answers.push(answer?),
                Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
                Err(_) => {}
            }
        }
        Ok(answers)
    }

    /// Answers each need by asking Trino, whatever is cached, and keeps the answers.
    ///
    /// # Errors
    /// [`CatalogError`], as [`Catalog::answer`].
    pub async fn answer_anew(&self, needs: &[Need]) -> Result<Vec<(Need, Known)>, CatalogError> {
        let mut asking = JoinSet::new();
        for need in needs {
            let (this, need) = (self.clone(), need.clone());
            asking.spawn(async move {
                let known = if can_exist(&need) { this.ask_anew(&need).await } else { Ok(Known::Missing) };
                known.map(|known| (need, known))
            });
        }
        let mut answers = Vec::with_capacity(needs.len());
        while let Some(answer) = asking.join_next().await {
            match answer {
                Ok(answer) => answers.push(answer?),
                Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
                Err(_) => {}
            }
        }
        Ok(answers)
    }

    /// Nobody else's question is waited for: it may have been asked before.
    async fn ask_anew(&self, need: &Need) -> Result<Known, CatalogError> {
        count(self.misses.as_ref());
        let before = self.changes.load(Ordering::SeqCst);
        match ask(&self.trino, need).await {
            Ok(known) => {
                if before == self.changes.load(Ordering::SeqCst) {
                    self.cache.insert(need.clone(), Answer { known: known.clone(), keep: true }).await;
                }
                Ok(known)
            }
            Err(cause) => Err(CatalogError { need: format!("{need:?}"), cause: Arc::new(cause) }),
        }
    }

    async fn ask(&self, need: &Need) -> Result<Known, CatalogError> {
        let before = self.changes.load(Ordering::SeqCst);
        let question = async {
            count(self.misses.as_ref());
            let before = self.changes.load(Ordering::SeqCst);
            let known = ask(&self.trino, need).await?;
            Ok(Answer { known, keep: before == self.changes.load(Ordering::SeqCst) })
        };
        let answer = self.cache.try_get_with_by_ref(need, question).await;
        if before != self.changes.load(Ordering::SeqCst) {
            // the change may have fallen between the last look and the moment at which the cache took the answer in
            self.cache.invalidate(need).await;
        }
        match answer {
            Ok(answer) => Ok(answer.known),
            Err(cause) => Err(CatalogError { need: format!("{need:?}"), cause }),
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

fn count(counter: Option<&IntCounter>) {
    if let Some(counter) = counter {
        counter.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fake::{Fake, Reply};
    use jiff::SignedDuration;
    use serde_json::json;
    use std::sync::atomic::AtomicBool;

    fn keeping(keep: SignedDuration, keep_missing: SignedDuration) -> CatalogCache {
        CatalogCache { entries: 100, keep, keep_missing }
    }

    fn need(table: &str) -> Need {
        Need::Table(TableName::new("lake", "hr", table))
    }

    fn one_column(_sql: &str) -> Reply {
        Reply::rows(vec![json!([0, "BASE TABLE", ""]), json!([1, "id", "bigint"])])
    }

    fn counted(fake: &Fake, config: &CatalogCache) -> (Catalog, IntCounter, IntCounter) {
        let hits = IntCounter::new("hits", "hits").unwrap();
        let misses = IntCounter::new("misses", "misses").unwrap();
        (Catalog::new(fake.client(), config).counting(hits.clone(), misses.clone()), hits, misses)
    }

    #[tokio::test]
    async fn a_table_is_asked_for_once_and_then_known() {
        let fake = Fake::start(one_column).await;
        let (catalog, hits, misses) = counted(&fake, &CatalogCache::default());
        let first = catalog.answer(&[need("a"), need("b"), need("a$files")]).await.unwrap();
        assert_eq!(first.len(), 3);
        assert_eq!(first.iter().filter(|(_, known)| *known == Known::Missing).count(), 1);
        catalog.answer(&[need("b")]).await.unwrap();
        assert_eq!((fake.statements().len(), hits.get(), misses.get()), (2, 1, 2));
    }

    #[tokio::test]
    async fn many_statements_that_wait_for_one_table_ask_once() {
        let fake = Fake::start(one_column).await;
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        let mut waiting = JoinSet::new();
        for _ in 0..50 {
            let catalog = catalog.clone();
            waiting.spawn(async move { catalog.answer(&[need("a")]).await.unwrap() });
        }
        assert_eq!(waiting.join_all().await.len(), 50);
        assert_eq!(fake.statements().len(), 1);
    }

    #[tokio::test]
    async fn what_does_not_exist_is_remembered_for_its_own_short_time() {
        let fake = Fake::start(|_| Reply::rows(vec![])).await;
        let config = keeping(SignedDuration::from_secs(60), SignedDuration::from_millis(200));
        let catalog = Catalog::new(fake.client(), &config);
        for _ in 0..3 {
            assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), [(need("a"), Known::Missing)]);
        }
        assert_eq!(fake.statements().len(), 1);
        tokio::time::sleep(Duration::from_millis(250)).await;
        catalog.answer(&[need("a")]).await.unwrap();
        assert_eq!(fake.statements().len(), 2);
    }

    #[tokio::test]
    async fn a_query_that_trino_does_not_list_yet_is_asked_for_again() {
        let fake = Fake::start(|_| Reply::rows(vec![])).await;
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        let need = Need::Query("20260101_120000_00042_abcde".into());
        for _ in 0..2 {
            assert_eq!(catalog.answer(std::slice::from_ref(&need)).await.unwrap(), [(need.clone(), Known::Missing)]);
        }
        assert_eq!(fake.statements().len(), 2);
    }

    #[tokio::test]
    async fn what_is_asked_anew_is_asked_of_trino_and_kept() {
        let views = Arc::new(AtomicBool::new(false));
        let switch = views.clone();
        let fake = Fake::start(move |sql| match switch.load(Ordering::SeqCst) {
            _ if sql.contains("information_schema.views") => Reply::rows(vec![json!(["SELECT 1 id"])]),
            true => Reply::rows(vec![json!([0, "VIEW", ""]), json!([1, "id", "bigint"])]),
            false => one_column(sql),
        })
        .await;
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        let table = catalog.answer(&[need("a")]).await.unwrap();
        views.store(true, Ordering::SeqCst);
        assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), table);
        let view = catalog.answer_anew(&[need("a"), need("a$files")]).await.unwrap();
        assert!(view.contains(&(need("a$files"), Known::Missing)));
        let view: Vec<_> = view.into_iter().filter(|(asked, _)| *asked == need("a")).collect();
        assert_ne!(view, table);
        assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), view);
    }

    #[tokio::test]
    async fn an_error_is_told_and_not_remembered() {
        let broken = Arc::new(AtomicBool::new(true));
        let switch = broken.clone();
        let fake = Fake::start(move |sql| {
            if switch.load(Ordering::SeqCst) { Reply::error("GENERIC_INTERNAL_ERROR", "no") } else { one_column(sql) }
        })
        .await;
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        let error = catalog.answer(&[need("a")]).await.unwrap_err();
        assert!(error.to_string().ends_with("GENERIC_INTERNAL_ERROR: no"), "{error}");
        assert!(!error.unreachable());
        broken.store(false, Ordering::SeqCst);
        assert!(matches!(catalog.answer(&[need("a")]).await.unwrap()[0].1, Known::Table(_)));
    }

    #[tokio::test]
    async fn a_trino_that_is_not_there_is_an_error_that_says_so() {
        let fake = Fake::start(one_column).await;
        fake.fail_next_statements(1);
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        assert!(catalog.answer(&[need("a")]).await.unwrap_err().unreachable());
    }

    #[tokio::test]
    async fn a_changed_table_is_asked_for_again() {
        let fake = Fake::start(one_column).await;
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        catalog.answer(&[need("a"), need("b")]).await.unwrap();
        catalog.invalidate(&TableName::new("lake", "hr", "a")).await;
        catalog.answer(&[need("a"), need("b")]).await.unwrap();
        assert_eq!(fake.statements().len(), 3);
        catalog.invalidate_all();
        catalog.answer(&[need("a"), need("b")]).await.unwrap();
        assert_eq!(fake.statements().len(), 5);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_answer_from_before_a_change_is_not_kept() {
        let (asked, wait) = std::sync::mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let fake = Fake::start(move |sql| {
            let _released = wait.lock().unwrap().recv_timeout(Duration::from_secs(5));
            one_column(sql)
        })
        .await;
        let catalog = Catalog::new(fake.client(), &CatalogCache::default());
        let asking = catalog.clone();
        let first = tokio::spawn(async move { asking.answer(&[need("a")]).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(100)).await;
        catalog.invalidate(&TableName::new("lake", "hr", "a")).await;
        asked.send(()).unwrap();
        first.await.unwrap();
        asked.send(()).unwrap();
        catalog.answer(&[need("a")]).await.unwrap();
        assert_eq!(fake.statements().len(), 2);
    }
}
