//! Looking at sources: when the operating system or the Git server says so, and from time to time.

use super::{Store, quiet};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

/// When a folder is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// After the last of several changes in a row, so that a change of many files is taken as one.
    pub(super) quiet: Duration,
    /// After the first of several changes, however many follow.
    pub(super) patience: Duration,
    /// Without any word of a change: a network file system, a folder that was replaced, a queue that ran over.
    pub(super) poll: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { quiet: Duration::from_millis(300), patience: Duration::from_secs(3), poll: Duration::from_secs(5) }
    }
}

/// Keeps the store at what its sources hold.
pub(super) async fn follow(store: Arc<Store>, stop: CancellationToken) {
    let mut sources = JoinSet::new();
    for index in 0..store.parts.len() {
        sources.spawn(one(Arc::clone(&store), index, stop.clone()));
    }
    while sources.join_next().await.is_some() {}
}

async fn one(store: Arc<Store>, index: usize, stop: CancellationToken) {
    let Some(part) = store.parts.get(index) else { return };
    let (said, mut changes) = channel(1);
    let watch = || part.source.watched().and_then(|folder| watcher(folder, &said));
    let mut watcher = watch();
    // A start without the sources must not last longer than they are away.
    let mut soon = store.status().sources.get(index).is_some_and(|source| source.error.is_some());
    loop {
        let wait = if std::mem::take(&mut soon) { Duration::ZERO } else { with_jitter(part.source.poll()) };
        let told = tokio::select! {
            () = stop.cancelled() => return,
            _ = changes.recv() => true,
            () = part.wake.notified() => false,
            () = sleep_until(Instant::now() + wait) => false,
        };
        if told && stop.run_until_cancelled(settle(&mut changes, store.timing)).await.is_none() {
            return;
        }
        let looking = Arc::clone(&store);
        // A look runs to its end even if the store is to stop: it leaves the old snapshot or the new one.
        let look = quiet::run(move || looking.look(index, told));
        let new = match stop.run_until_cancelled(look).await {
            None => return,
            Some(Ok(new)) => new,
            Some(Err(error)) => {
                tracing::error!("looking at the policies failed: {error}");
                true
            }
        };
        // A change that nobody told of: the folder that is watched may not be the one that is there now.
        if !told && part.source.watched().is_some() && new {
            drop(std::mem::replace(&mut watcher, watch()));
        }
    }
}

/// Up to a fifth more or less, so that replicas that were started together don't ask together.
fn with_jitter(poll: Duration) -> Duration {
    let mut byte = [128];
    // Without random bytes it is not varied, which only makes for more questions at once.
    let _ = getrandom::fill(&mut byte);
    let [chance] = byte.map(f64::from);
    poll.mul_f64(0.8 + 0.4 * chance / 255.0)
}

/// Waits until changes stop coming.
async fn settle(changes: &mut Receiver<()>, timing: Timing) {
    let last = Instant::now() + timing.patience;
    loop {
        let until = (Instant::now() + timing.quiet).min(last);
        if timeout_at(until, changes.recv()).await.is_err() || until == last {
            return;
        }
    }
}

/// A watcher that says through the channel that something was changed. `None` where the system can't; then polling does.
fn watcher(folder: &Path, said: &Sender<()>) -> Option<RecommendedWatcher> {
    let said = said.clone();
    let handler = move |event: notify::Result<notify::Event>| {
        // Reading the folder is no change of it. A full channel says already that there is one.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = said.try_send(());
        }
    };
    let made = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    made.inspect_err(|error| tracing::warn!("{}: changes are seen by polling only: {error}", folder.display())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_between_looks_differ_by_a_fifth_at_most() {
        let times: Vec<Duration> = (0..200).map(|_| with_jitter(Duration::from_secs(10))).collect();
        assert!(times.iter().all(|time| (8.0..=12.0).contains(&time.as_secs_f64())));
        assert!(times.iter().any(|time| time.as_secs() < 9) && times.iter().any(|time| time.as_secs() >= 11));
    }
}
