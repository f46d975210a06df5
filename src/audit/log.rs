//! Where records are handed in.

use super::disk::{Disk, Folder};
use super::record::Record;
use super::writer::{AtOnce, Line, Writer};
use crate::config::{Audit, Sync};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Why a record is not written down, or the log can't be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditError {
    /// The folder can't be written to at the start.
    #[error("the decision log's folder {folder} can't be written to: {reason}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: Arc<str>,
    },
    /// The record could not be written, and nothing of it is in the log.
    #[error("the decision log can't be written: {0}")]
    Write(Arc<str>),
    /// The writer has ended.
    #[error("the decision log is closed")]
    Closed,
}

/// The decision log. It is closed, and its last file complete, when it is dropped.
pub struct Log {
    lines: Sender<Line>,
    /// Where a line may be written by who hands it in: a disk that makes it wait must not stop all that serve requests.
    at_once: Option<Arc<dyn AtOnce>>,
    healthy: Arc<AtomicBool>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

impl Log {
    /// Opens a new file in the configured folder, which is made if its parent is there.
    ///
    /// # Errors
    /// [`AuditError::Folder`], if no file can be made there.
    pub fn open(config: &Audit) -> Result<Log, AuditError> {
        let several = Handle::try_current().is_ok_and(|runtime| runtime.metrics().num_workers() > 1);
        Log::open_for(config, several)
    }

    /// The same, where several threads hand in records, each of which may wait for the disk.
    ///
    /// # Errors
    /// As of `open`.
    pub fn open_for(config: &Audit, several: bool) -> Result<Log, AuditError> {
        let wrong = |error: io::Error| AuditError::Folder {
            folder: config.folder.clone(),
            reason: Arc::from(error.to_string()),
        };
        let folder = Folder::open(&config.folder, config.sync == Sync::Disk).map_err(wrong)?;
        Log::start(folder, config.rotate_bytes, config.sync, several).map_err(wrong)
    }

    fn start(disk: impl Disk, rotate_bytes: u64, sync: Sync, several: bool) -> io::Result<Log> {
        let healthy = Arc::new(AtomicBool::new(true));
        let writer = Arc::new(Mutex::new(Writer::new(disk, rotate_bytes, sync, healthy.clone())?));
        let (lines, waiting) = channel();
        let at_once = several.then(|| Arc::clone(&writer) as Arc<dyn AtOnce>);
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || Writer::run(&writer, &waiting))?;
        Ok(Log { lines, at_once, healthy })
    }

    /// Writes a record and returns when it is flushed as configured. If the caller goes away meanwhile, the record may
    /// be in the log all the same.
    ///
    /// # Errors
    /// [`AuditError`]: the record is not in the log. The next one is tried anew.
    pub async fn append(&self, record: &Record) -> Result<(), AuditError> {
        let mut bytes = serde_json::to_vec(record).map_err(|error| AuditError::Write(Arc::from(error.to_string())))?;
        bytes.push(b'\n');
        if let Some(outcome) = self.at_once.as_ref().and_then(|writer| writer.try_write(&bytes)) {
            return outcome.map_err(AuditError::Write);
        }
        let (written, answer) = oneshot::channel();
        self.lines.send(Line { bytes, written }).map_err(|_| AuditError::Closed)?;
        answer.await.map_err(|_| AuditError::Closed)?.map_err(AuditError::Write)
    }

    /// Whether the last record could be written, or there is room again since.
    pub fn healthy(&self) -> bool {
        self.healthy.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests;
