//! Where policies come from; the one current snapshot.
//!
//! In: a folder of documents. Out: the current [`Snapshot`], replaced as a whole when the folder changes. A change that
//! is broken never replaces a good snapshot: it is logged, and [`Store::status`] tells of it until it is mended.

mod folder;
mod watch;

#[cfg(test)]
mod tests;

use crate::config::Policies;
use crate::policy::{self, Diagnostics, Snapshot};
use arc_swap::ArcSwap;
use folder::Fingerprint;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use watch::Timing;

pub use folder::{FolderError, read as read_folder};

/// The policies of a folder, always the last good ones.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    current: ArcSwap<Snapshot>,
    status: ArcSwap<Status>,
    timing: Timing,
}

/// How the store is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// The current snapshot's revision.
    pub revision: String,
    /// When the current snapshot was loaded.
    pub loaded_at: Timestamp,
    /// When the folder was last found to hold what the current snapshot was made from.
    pub confirmed_at: Timestamp,
    /// Why what the folder holds now is not the current snapshot; `None` if it is.
    pub last_error: Option<String>,
    /// How many changes were refused since the start.
    pub refused: u64,
    /// What the last attempt was made from; `None` if the folder could not be listed.
    attempted: Option<Fingerprint>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder can't be read, or there is nothing in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The documents are wrong.
    #[error("the policies are wrong:\n{0}")]
    Documents(#[from] Diagnostics),
    /// The folder was changed while it was read.
    #[error("the folder of policies was changed while it was read")]
    Changing,
}

impl Store {
    /// Reads the folder for the first time.
    ///
    /// # Errors
    /// [`StoreError`]: there is no good snapshot to start with.
    pub fn open(config: &Policies) -> Result<Arc<Store>, StoreError> {
        Store::open_with(&config.folder, Timing::default())
    }

    fn open_with(folder: &Path, timing: Timing) -> Result<Arc<Store>, StoreError> {
        let (fingerprint, snapshot) = load(folder)?;
        tracing::info!(revision = snapshot.revision(), policies = snapshot.policies(), "policies loaded");
        let now = Timestamp::now();
        let status = Status {
            revision: snapshot.revision().to_owned(),
            loaded_at: now,
            confirmed_at: now,
            last_error: None,
            refused: 0,
            attempted: Some(fingerprint),
        };
        Ok(Arc::new(Store {
            folder: folder.to_owned(),
            current: ArcSwap::from_pointee(snapshot),
            status: ArcSwap::from_pointee(status),
            timing,
        }))
    }

    /// The current snapshot. One decision takes it once.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// How the store is doing.
    pub fn status(&self) -> Status {
        Status::clone(&self.status.load())
    }

    /// Follows the folder until it is cancelled.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        watch::follow(self, stop).await;
    }

    /// Reads the folder again, and replaces the snapshot if what is there is good and new.
    fn reload(&self) {
        let mut status = self.status();
        match load(&self.folder) {
            Ok((fingerprint, snapshot)) => {
                let now = Timestamp::now();
                let old = std::mem::replace(&mut status.revision, snapshot.revision().to_owned());
                if old != status.revision {
                    tracing::info!(old, new = status.revision, policies = snapshot.policies(), "policies replaced");
                    self.current.store(Arc::new(snapshot));
                    status.loaded_at = now;
                } else if status.last_error.is_some() {
                    tracing::info!(revision = old, "policies are as they were before the change that was refused");
                }
                status.confirmed_at = now;
                status.last_error = None;
                status.attempted = Some(fingerprint);
            }
            // The next look finds it at rest.
            Err(StoreError::Changing) => status.attempted = None,
            Err(error) => {
                let text = error.to_string();
                if status.last_error.as_ref() != Some(&text) {
                    tracing::error!(revision = status.revision, "a change of the policies is refused: {text}");
                    status.refused += 1;
                }
                status.last_error = Some(text);
                status.attempted = folder::fingerprint(&self.folder).ok();
            }
        }
        self.status.store(Arc::new(status));
    }

    /// Reloads if the folder is not what the last attempt was made from.
    fn reload_if_changed(&self) {
        let found = folder::fingerprint(&self.folder).ok();
        let status = self.status.load();
        if found.is_none() || found != status.attempted {
            return self.reload();
        }
        if status.last_error.is_none() {
            let confirmed = Status { confirmed_at: Timestamp::now(), ..Status::clone(&status) };
            self.status.store(Arc::new(confirmed));
        }
    }
}

/// Reads and compiles a folder that does not change meanwhile.
fn load(folder: &Path) -> Result<(Fingerprint, Snapshot), StoreError> {
    let before = folder::fingerprint(folder)?;
    let files = folder::read(folder)?;
    if folder::fingerprint(folder)? != before {
        return Err(StoreError::Changing);
    }
    Ok((before, policy::compile(files)?))
}
