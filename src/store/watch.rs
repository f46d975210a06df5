//! Seeing that a folder was changed: by the operating system's word, and by looking from time to time.

use super::Store;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

/// When the folder is looked at.
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

/// Keeps the store at what the folder holds.
pub(super) async fn follow(store: Arc<Store>, stop: CancellationToken) {
    let timing = store.timing;
    let (said, mut changes) = channel(1);
    let mut watcher = watcher(&store.folder, &said);
    loop {
        let poll = sleep_until(Instant::now() + timing.poll);
        let told = tokio::select! {
            () = stop.cancelled() => return,
            _ = changes.recv() => true,
            () = poll => false,
        };
        if told {
            let rest = settle(&mut changes, timing);
            tokio::select! {
                () = stop.cancelled() => return,
                () = rest => {}
            }
        }
        let before = store.status();
        let reloading = store.clone();
        // A reload runs to its end even if the store is to stop: it leaves the old snapshot or the new one.
        let reload = move || if told { reloading.reload() } else { reloading.reload_if_changed() };
        let reloaded = tokio::task::spawn_blocking(reload).await;
        if let Err(error) = reloaded {
            tracing::error!("reading the policies failed: {error}");
        }
        // A change that nobody told of: the folder that is watched may not be the one that is there now.
        let after = store.status();
        if !told && (after.attempted != before.attempted || after.attempted.is_none()) {
            drop(std::mem::replace(&mut watcher, self::watcher(&store.folder, &said)));
        }
    }
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
