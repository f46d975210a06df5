//! Files of `user:…` lines, one for each secret, read anew when they change.
//!
//! Empty lines and lines that begin with `#` say nothing.

use super::is_user;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often a file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UserFileError {
    /// It can't be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line says nothing that can be understood.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nobody is in it.
    #[error("{}: there is no user in it", .0.display())]
    Empty(PathBuf),
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<String, UserFileError> {
    std::fs::read_to_string(path).map_err(|source| UserFileError::Read { path: path.to_owned(), source })
}

/// Gives each line's user and what follows the colon to `take`, which may say what is wrong with them.
pub(super) fn each(
    text: &str,
    path: &Path,
    mut take: impl FnMut(&str, &str) -> Result<(), &'static str>,
) -> Result<(), UserFileError> {
    let mut empty = true;
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let wrong = |reason| UserFileError::Line { path: path.to_owned(), line, reason };
        let (user, hash) = content.split_once(':').ok_or_else(|| wrong("not of the form user:hash"))?;
        if !is_user(user) {
            return Err(wrong("no user in front of the colon"));
        }
        take(user, hash).map_err(wrong)?;
        empty = false;
    }
    if empty { Err(UserFileError::Empty(path.to_owned())) } else { Ok(()) }
}

/// Calls `reload` for each change of a file, until `cancel`.
pub(super) async fn follow(path: &Path, cancel: CancellationToken, reload: impl Fn()) {
    let mut seen = stamp(path).await;
    while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let now = stamp(path).await;
        if now != seen {
            seen = now;
            reload();
        }
    }
}

/// What changes when a file changes.
async fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
