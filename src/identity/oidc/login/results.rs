//! What came of log-ins, until the client that waits has taken it.
//!
//! Nothing is kept of a log-in whose browser has not come back. A token is kept for a minute, and that it was given until
//! the log-in would be over anyway; a failure is kept for seconds, and only if a client waits for it. So who has no account
//! can fill nothing.

use super::Wrong;
use super::addresses::{Hash, Named};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

/// Most results.
const MOST: usize = 10_000;
/// Most clients that wait at once.
const MOST_WAITING: usize = 4_096;
/// How long a token waits for who asked for it.
const UNTAKEN: Duration = Duration::from_secs(60);
/// How long a failure does, between two polls.
const UNHEARD: Duration = Duration::from_secs(20);

/// How often what is over is taken out.
const TIDY: Duration = Duration::from_secs(1);

/// Results by the hashes of ids.
pub(super) struct Results {
    places: Mutex<Places>,
    news: watch::Sender<()>,
    room: Semaphore,
    /// Longest wait for one answer.
    patience: Duration,
}

#[derive(Default)]
struct Places {
    results: HashMap<Hash, Place>,
    /// How many wait for one.
    waiting: HashMap<Hash, usize>,
    /// When what is over was taken out.
    tidied: Option<Instant>,
}

struct Place {
    outcome: Outcome,
    until: Instant,
}

enum Outcome {
    /// The browser has come back, and its log-in is looked at.
    Begun,
    Token(String, Instant),
    Failed(String),
    /// The token was given.
    Over,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Polled {
    /// Its token, once.
    Token(String),
    /// Nothing yet.
    Wait,
    /// That there will be none.
    Failed(String),
    /// Too many wait.
    Full,
}

/// A log-in whose browser has come back. Dropped, it has failed.
pub(super) struct Claim<'a> {
    results: &'a Results,
    hash: Hash,
    until: Instant,
    done: bool,
}

impl Results {
    pub(super) fn new(patience: Duration) -> Results {
        Results { places: Mutex::default(), news: watch::Sender::new(()), room: Semaphore::new(MOST_WAITING), patience }
    }

    /// Takes a log-in, which is over in `remaining`, to its end; once.
    pub(super) fn claim(&self, named: Named, remaining: Duration) -> Result<Claim<'_>, Wrong> {
        let mut places = self.places();
        places.tidy();
        if places.results.contains_key(&named.hash) {
            return Err(Wrong::Over);
        }
        if places.results.len() >= MOST {
            return Err(Wrong::Busy);
        }
        let until = Instant::now() + remaining;
        places.results.insert(named.hash, Place { outcome: Outcome::Begun, until });
        Ok(Claim { results: self, hash: named.hash, until, done: false })
    }

    /// Waits for what comes of a log-in, for a while. A token is given once.
    pub(super) async fn poll(&self, named: Named) -> Polled {
        let Ok(_place) = self.room.try_acquire() else {
            return Polled::Full;
        };
        let _waiting = Waiting::new(self, named.hash);
        let mut news = self.news.subscribe();
        let waiting = async {
            loop {
                if let Some(polled) = self.take(named.hash) {
                    return polled;
                }
                if news.changed().await.is_err() {
                    return Polled::Wait;
                }
            }
        };
        tokio::time::timeout(self.patience, waiting).await.unwrap_or(Polled::Wait)
    }

    /// Forgets the token that a client has.
    pub(super) fn forget(&self, named: Named) {
        if let Some(place) = self.places().results.get_mut(&named.hash) {
            place.outcome = Outcome::Over;
        }
    }

    fn take(&self, hash: Hash) -> Option<Polled> {
        let mut places = self.places();
        let now = Instant::now();
        let place = places.results.get_mut(&hash).filter(|place| place.until > now)?;
        match std::mem::replace(&mut place.outcome, Outcome::Over) {
            Outcome::Begun => {
                place.outcome = Outcome::Begun;
                None
            }
            Outcome::Token(token, until) if until > now => Some(Polled::Token(token)),
            Outcome::Failed(reason) => {
                places.results.remove(&hash);
                Some(Polled::Failed(reason))
            }
            Outcome::Token(..) | Outcome::Over => Some(Polled::Failed(Wrong::Over.to_string())),
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        // A panic elsewhere leaves no half-written place behind.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// From time to time, and where there is no place.
    fn tidy(&mut self) {
        let now = Instant::now();
        if self.results.len() < MOST && self.tidied.is_some_and(|at| now.duration_since(at) < TIDY) {
            return;
        }
        self.tidied = Some(now);
        self.results.retain(|_, place| place.until > now);
        for place in self.results.values_mut() {
            if matches!(place.outcome, Outcome::Token(_, until) if until <= now) {
                place.outcome = Outcome::Over;
            }
        }
    }
}

impl Claim<'_> {
    /// A token for who waits.
    pub(super) fn token(mut self, token: String) {
        self.end(Outcome::Token(token, Instant::now() + UNTAKEN));
    }

    /// There will be none, for this reason.
    pub(super) fn failed(mut self, reason: String) {
        self.end(Outcome::Failed(reason));
    }

    fn end(&mut self, outcome: Outcome) {
        self.done = true;
        let mut places = self.results.places();
        let mut until = self.until;
        if matches!(outcome, Outcome::Failed(_)) {
            if !places.waiting.contains_key(&self.hash) {
                places.results.remove(&self.hash);
                return;
            }
            until = until.min(Instant::now() + UNHEARD);
        }
        places.results.insert(self.hash, Place { outcome, until });
        drop(places);
        self.results.news.send_replace(());
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.end(Outcome::Failed("The log-in broke off: start it again".to_owned()));
        }
    }
}

/// One who waits, until it is dropped.
struct Waiting<'a> {
    results: &'a Results,
    hash: Hash,
}

impl Waiting<'_> {
    fn new(results: &Results, hash: Hash) -> Waiting<'_> {
        *results.places().waiting.entry(hash).or_default() += 1;
        Waiting { results, hash }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut places = self.results.places();
        if let Some(count) = places.waiting.get_mut(&self.hash) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                places.waiting.remove(&self.hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const LONG: Duration = Duration::from_secs(600);

    fn results() -> Arc<Results> {
        Arc::new(Results::new(Duration::from_millis(50)))
    }

    fn named(number: u8) -> Named {
        Named { hash: [number; 32], until: 0 }
    }

    fn over() -> Polled {
        Polled::Failed(Wrong::Over.to_string())
    }

    #[tokio::test]
    async fn a_token_is_given_once_to_who_waits_or_comes_later() {
        let results = Arc::new(Results::new(LONG));
        let waiting = Arc::clone(&results);
        let client = tokio::spawn(async move { waiting.poll(named(1)).await });
        tokio::task::yield_now().await;
        results.claim(named(1), LONG).unwrap().token("t".to_owned());
        assert_eq!(client.await.unwrap(), Polled::Token("t".to_owned()));
        assert_eq!(results.poll(named(1)).await, over());
        results.claim(named(2), LONG).unwrap().token("u".to_owned());
        assert_eq!(results.poll(named(2)).await, Polled::Token("u".to_owned()));
    }

    #[tokio::test]
    async fn a_log_in_comes_to_one_end() {
        let results = results();
        let claim = results.claim(named(1), LONG).unwrap();
        assert_eq!(results.claim(named(1), LONG).err(), Some(Wrong::Over));
        assert_eq!(results.poll(named(1)).await, Polled::Wait);
        claim.token("t".to_owned());
        assert_eq!(results.claim(named(1), LONG).err(), Some(Wrong::Over));
        results.forget(named(1));
        assert_eq!(results.poll(named(1)).await, over());
        assert_eq!(results.claim(named(1), LONG).err(), Some(Wrong::Over));
    }

    #[tokio::test]
    async fn a_failure_is_told_to_who_waits_and_kept_for_nobody_else() {
        let results = results();
        results.claim(named(1), LONG).unwrap().failed("no".to_owned());
        assert!(results.places().results.is_empty());
        let _waiting = Waiting::new(&results, [1; 32]);
        drop(results.claim(named(1), LONG).unwrap());
        assert!(matches!(results.poll(named(1)).await, Polled::Failed(reason) if reason.contains("broke off")));
        assert!(results.places().results.is_empty());
        assert!(results.claim(named(1), LONG).is_ok());
    }

    #[tokio::test]
    async fn what_is_over_makes_room_and_what_is_not_takes_it() {
        let results = results();
        for number in 0..MOST {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_be_bytes());
            let remaining = if number == 0 { Duration::ZERO } else { LONG };
            results.claim(Named { hash, until: 0 }, remaining).unwrap().token(String::new());
        }
        results.claim(named(1), LONG).unwrap().token(String::new());
        assert_eq!(results.claim(named(2), LONG).err(), Some(Wrong::Busy));
    }

    #[tokio::test]
    async fn so_many_wait_and_no_more() {
        let results = results();
        let all = results.room.try_acquire_many(u32::try_from(MOST_WAITING).unwrap()).unwrap();
        assert_eq!(results.poll(named(1)).await, Polled::Full);
        drop(all);
        assert_eq!(results.poll(named(1)).await, Polled::Wait);
        assert!(results.places().waiting.is_empty());
    }
}
