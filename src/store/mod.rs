//! Where policies come from; the one current snapshot.
//!
//! In: folders and Git repositories. Out: the current [`Snapshot`], replaced as a whole when one of them changes. A change
//! that is broken never replaces a good snapshot: it is logged, and [`Store::status`] tells of it until it is mended. The
//! last good set is kept on disk, where a folder is configured for it, for a start without its sources.
//!
//! One thread looks at a source at a time, and one makes a snapshot; nobody who decides waits for either.

mod build;
mod folder;
mod git;
mod last_good;
mod quiet;
mod source;
mod status;
mod watch;
mod webhook;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use crate::config::Policies;
use crate::policy::{Diagnostics, Snapshot};
use arc_swap::{ArcSwap, ArcSwapOption};
use build::{Building, Part, collect};
use jiff::Timestamp;
use last_good::LastGood;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch::{Receiver, Sender};
use tokio_util::sync::CancellationToken;
use watch::Timing;

pub use folder::{FolderError, read as read_folder};
pub use git::GitError;
pub use last_good::LastGoodError;
pub use source::SourceError;
pub use status::{Confirmed, SourceStatus, Stale, Status};
pub use webhook::{Webhook, WebhookError};

/// The policies of all sources, always the last good ones.
#[derive(Debug)]
pub struct Store {
    parts: Vec<Part>,
    current: ArcSwap<Snapshot>,
    replaced_at: ArcSwapOption<Timestamp>,
    status: ArcSwap<Status>,
    building: Mutex<Building>,
    last_good: Option<LastGood>,
    max_staleness: Option<Duration>,
    replaced: Sender<()>,
    timing: Timing,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A source can't be read, or there is nothing in it.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The documents are wrong.
    #[error("the policies are wrong:\n{0}")]
    Documents(#[from] Diagnostics),
    /// The sources can't be used, and neither can what was kept of them.
    #[error("{sources}\nand without them: {kept}")]
    Nothing {
        /// Why the sources can't be used.
        sources: Box<StoreError>,
        /// Why what was kept can't be.
        kept: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Store {
    /// Reads all sources for the first time; if they can't be used, the last good set that was kept. It waits for disks
    /// and networks.
    ///
    /// # Errors
    /// [`StoreError`]: there is no good snapshot to start with.
    pub fn open(config: &Policies) -> Result<Arc<Store>, StoreError> {
        Store::open_with(config, Timing::default())
    }

    fn open_with(config: &Policies, timing: Timing) -> Result<Arc<Store>, StoreError> {
        let parts = Part::all(config, timing.poll)?;
        let last_good = config.state.as_deref().map(LastGood::new);
        let (building, snapshot) = match build::from_sources(&parts) {
            Ok(built) => built,
            Err(error) => build::from_last_good(&parts, last_good.as_ref(), error)?,
        };
        let (revision, commits, policies) = (snapshot.revision(), snapshot.commits(), snapshot.policies());
        tracing::info!(revision, ?commits, policies, "policies loaded");
        let status = building.status(&parts, snapshot.revision(), Timestamp::now());
        let store = Store {
            parts,
            current: ArcSwap::from_pointee(snapshot),
            replaced_at: ArcSwapOption::empty(),
            status: ArcSwap::from_pointee(status),
            building: Mutex::new(building),
            last_good,
            max_staleness: config.max_staleness.map(|most| most.unsigned_abs()),
            replaced: Sender::new(()),
            timing,
        };
        store.settle(&mut store.building.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Arc::new(store))
    }

    /// The current snapshot. One decision takes it once.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// How the store is doing.
    pub fn status(&self) -> Status {
        Status::clone(&self.status.load())
    }

    /// Why nothing may be decided by the current snapshot: it was not confirmed for too long. `None` if it may be.
    pub fn stale(&self) -> Option<Stale> {
        self.max_staleness.and_then(|most| self.status.load().stale(most))
    }

    /// When the current snapshot replaced another one; `None` if it is the first since the start.
    pub fn replaced_at(&self) -> Option<Timestamp> {
        self.replaced_at.load().as_deref().copied()
    }

    /// Tells of each snapshot that replaces another.
    pub fn replacements(&self) -> Receiver<()> {
        self.replaced.subscribe()
    }

    /// Has all sources looked at now.
    pub fn look_now(&self) {
        self.parts.iter().for_each(|part| part.wake.notify_one());
    }

    /// Follows all sources until it is cancelled.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        watch::follow(self, stop).await;
    }

    /// Looks at a source, and replaces the snapshot if what is there is good and new. `told`: something was changed, so
    /// that it is read whatever it looks like. Whether the source may hold something else than when it was looked at last.
    fn look(&self, index: usize, told: bool) -> bool {
        let Some(part) = self.parts.get(index) else { return false };
        let _one = part.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let attempted = self.building().attempted(index).cloned();
        let found = if told { None } else { Some(part.source.version()) };
        if let Some(Ok(version)) = &found
            && attempted.as_ref() == Some(version)
        {
            let mut building = self.building();
            building.seen_again(index, version);
            self.settle(&mut building);
            return false;
        }
        let read = match found {
            Some(Err(error)) => Err(StoreError::Source(error)),
            _ => collect(part),
        };
        let mut building = self.building();
        let before = self.current();
        match read {
            Ok((version, files)) => match building.take(&self.parts, index, version, files) {
                Ok(snapshot) => self.replace(&before, snapshot),
                Err(error) => building.refuse(index, &error),
            },
            Err(StoreError::Source(SourceError::Changing)) => building.forget(index),
            Err(error) => building.failed(index, part.source.version().ok(), &error),
        }
        self.settle(&mut building);
        let now = building.attempted(index);
        let new = now.is_none() || now != attempted.as_ref();
        drop(building);
        if !Arc::ptr_eq(&before, &self.current()) {
            retire(before);
        }
        new
    }

    fn building(&self) -> std::sync::MutexGuard<'_, Building> {
        self.building.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, old: &Snapshot, snapshot: Snapshot) {
        let commits = snapshot.commits();
        if old.revision() == snapshot.revision() {
            // Decisions are the same, but their records name the commit.
            if old.commits() != commits {
                tracing::info!(revision = old.revision(), ?commits, "the same policies are of other commits");
                self.current.store(Arc::new(snapshot));
            }
            return;
        }
        let (old, new, policies) = (old.revision(), snapshot.revision(), snapshot.policies());
        tracing::info!(old, new, ?commits, policies, "policies replaced");
        // Who sees the new snapshot has to know that there was another.
        self.replaced_at.store(Some(Arc::new(Timestamp::now())));
        self.current.store(Arc::new(snapshot));
    }

    /// Keeps on disk what is new, and tells how the store is doing.
    fn settle(&self, building: &mut Building) {
        if let Some(last_good) = &self.last_good {
            building.keep(&self.parts, last_good);
        }
        let (revision, before) = (self.current.load().revision().to_owned(), self.status.load());
        let same = before.revision == revision;
        let loaded_at = if same { before.loaded_at } else { Timestamp::now() };
        self.status.store(Arc::new(building.status(&self.parts, &revision, loaded_at)));
        // Who is told of it finds the status of it.
        if !same {
            self.replaced.send_replace(());
        }
    }
}

/// Waits until no request holds a snapshot that was replaced, so that none has to take its many parts apart.
fn retire(mut snapshot: Arc<Snapshot>) {
    for _ in 0..100 {
        match Arc::try_unwrap(snapshot) {
            Ok(last) => return last.take_apart(quiet::rest),
            Err(held) => snapshot = held,
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
