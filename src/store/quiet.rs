//! Work that gives way: on a thread of its own, which the system runs after those that answer requests.
//!
//! To compile policies takes seconds where there are many. On a thread like all others that would be felt by each statement
//! that has to share a core with it.

use std::io;
use std::thread::Builder;
use tokio::sync::oneshot;

/// How much the thread gives way, where 0 is not at all and 19 is most: at this one a busy core still gives a tenth of its
/// time, so that a grant which is taken away is gone soon under any load (Linux's `sched_prio_to_weight`).
const NICE: i32 = 10;

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
        // Who does not wait any more needs no result.
        let _ = said.send(work());
    })?;
    Ok(result.await?)
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
    async fn work_that_breaks_is_an_error() {
        let broken = run(|| assert!(std::hint::black_box(false), "broken")).await;
        assert_eq!(broken.unwrap_err().to_string(), "it ended early");
    }
}
