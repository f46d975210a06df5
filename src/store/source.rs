//! What a source of policies is: a folder or a Git repository, behind one trait.

use super::folder::{Folder, FolderError};
use super::git::{Git, GitError};
use crate::config;
use crate::policy::SourceFile;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Where documents come from. Its functions wait for disks and networks: they are called on threads of their own.
pub(super) trait Source: Debug + Send + Sync {
    /// What the source holds now, without its contents. Cheap, since it is asked at each look.
    fn version(&self) -> Result<Version, SourceError>;

    /// The documents, sorted by path, and the version that they are of.
    fn read(&self) -> Result<(Version, Vec<SourceFile>), SourceError>;

    /// How often it is looked at.
    fn poll(&self) -> Duration;

    /// A folder on this machine whose changes the operating system tells of.
    fn watched(&self) -> Option<&Path> {
        None
    }

    /// Whether its versions are commits.
    fn is_git(&self) -> bool {
        false
    }

    /// All of the configuration that decides which documents are taken: what was kept under another one is no use.
    fn identity(&self) -> String;
}

/// What a source holds. Where two versions are equal, nothing has to be read anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// A commit, or a hash of names, sizes and times.
    pub(super) id: String,
    /// A hash of the files that say who may sign; empty where nobody has to.
    pub(super) signers: String,
}

impl Version {
    /// One that nobody has to sign.
    pub(super) fn unsigned(id: String) -> Version {
        Version { id, signers: String::new() }
    }
}

/// Why a source can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// It was changed while it was read.
    #[error("the folder of policies was changed while it was read")]
    Changing,
}

/// The source that is configured.
///
/// # Errors
/// [`SourceError`], if files that it needs (keys, passwords, signers) can't be used.
pub(super) fn of(config: &config::Source, poll: Duration) -> Result<Arc<dyn Source>, SourceError> {
    Ok(match (&config.git, &config.folder) {
        (Some(git), _) => Arc::new(Git::new(git)?),
        (None, folder) => Arc::new(Folder::new(folder.as_deref().unwrap_or(Path::new("")), poll)),
    })
}
