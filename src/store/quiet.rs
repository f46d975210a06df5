//! Work that gives way: on a thread of its own, which the system runs after those that answer requests, and which rests as
//! long as it works.
//!
//! To compile policies takes seconds where there are many. On a thread like all others that would be felt by each statement
//! that has to share a core with it. The order alone does not help, since a system lets a thread run for some milliseconds
//! before it looks who else waits.

use std::cell::Cell;
use std::io;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How much the thread gives way, where 0 is not at all and 19 is most: at this one a busy core still gives a tenth of its
/// time, so that a grant which is taken away is gone soon under any load (Linux's `sched_prio_to_weight`).
const NICE: i32 = 10;

/// How long the work may go on at once: no longer than a statement takes.
const STINT: Duration = Duration::from_micros(200);
/// Most of a rest. Who seems to have worked for longer was kept waiting.
const MOST_REST: Duration = Duration::from_millis(2);

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum QuietError {
    /// The system gives no thread.
    #[error("there is no thread for it: {0}")]
    Thread(#[from] io::Error),
    /// The thread ended before its work did.
    #[error("it ended early")]
    Ended(#[from] oneshot::error::RecvError),
}

/// Does `work` and gives its result. It runs to its end even if nobody waits for it any more.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, QuietError> {
    let (said, result) = oneshot::channel();
    Builder::new().name("policies".to_owned()).spawn(move || {
        give_way();
        RESTED.set(Some(Instant::now()));
        // Who does not wait any more needs no result.
        let _ = said.send(work());
    })?;
    Ok(result.await?)
}

thread_local! {
    /// When this thread rested last; `None` if it is one that does not rest.
    static RESTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// To be called between pieces of the work: rests as long as was worked since the last rest, if that was a stint.
pub(super) fn rest() {
    let worked = RESTED.get().map(|since| since.elapsed()).filter(|worked| *worked >= STINT);
    if let Some(worked) = worked {
        thread::sleep(worked.min(MOST_REST));
        RESTED.set(Some(Instant::now()));
    }
}

/// Makes this thread one that gives way.
#[cfg(target_os = "linux")]
fn give_way() {
    // Linux has a priority for each thread, and takes a thread's number where POSIX speaks of a process (setpriority(2)).
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!("policies are compiled beside statements, not after them: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_thread_of_the_work_gives_way() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let before = nice();
        assert_eq!(run(nice).await.unwrap(), NICE.max(before));
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    async fn only_the_work_rests_and_only_after_a_stint() {
        let rests = |stint: Duration| {
            move || {
                let start = Instant::now();
                while start.elapsed() < stint {}
                let worked = Instant::now();
                rest();
                worked.elapsed() >= stint.min(MOST_REST)
            }
        };
        assert!(run(rests(STINT)).await.unwrap());
        assert!(run(rests(MOST_REST * 2)).await.unwrap());
        rest();
        assert_eq!(RESTED.get(), None, "this thread does not give way, so it never rests");
    }

    #[tokio::test]
    async fn work_that_breaks_is_an_error() {
        let broken = run(|| assert!(std::hint::black_box(false), "broken")).await;
        assert_eq!(broken.unwrap_err().to_string(), "it ended early");
    }
}
