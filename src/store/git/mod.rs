//! A Git repository as a source.
//!
//! In: where the repository is and what of it is followed. Out: the documents of one commit. A remote repository is
//! fetched anew into a folder that is deleted afterwards, the newest commit alone and without its history, so that
//! nothing of an older fetch can be in the way, a forced push among it. One on this machine is read where it is. No
//! program of Git's is started, no configuration of a user's or of the machine's is read, and nothing is checked out.

mod fetch;
mod http;
mod limit;
mod signature;
mod ssh;
mod tree;

#[cfg(test)]
mod tests;

use super::source::{Source, SourceError, Version};
use crate::config::{self, Reference};
use crate::policy::SourceFile;
use gix::ObjectId;
use http::GitHttp;
use signature::Signers;
use ssh::Ssh;
use std::path::PathBuf;
use std::time::Duration;

/// Why a repository can't be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// A file that the configuration names can't be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The server, or the repository on this machine, does not answer as it should.
    #[error("{url}: {reason}")]
    Unreachable {
        /// The repository.
        url: String,
        /// Why.
        reason: String,
    },
    /// There is no such branch, tag or commit.
    #[error("{url}: there is no {reference}")]
    Missing {
        /// The repository.
        url: String,
        /// What was looked for.
        reference: String,
    },
    /// The commit is not signed as it has to be.
    #[error("{url}: commit {commit} is refused: {reason}")]
    Signature {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
        /// What is wrong with its signature.
        reason: String,
    },
    /// The commit's files can't be taken.
    #[error("{url}: commit {commit}: {path}: {reason}")]
    Refused {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// A repository.
#[derive(Debug)]
pub(super) struct Git {
    config: config::Git,
    way: Way,
}

/// How it is reached.
#[derive(Debug)]
enum Way {
    Http(GitHttp),
    Ssh(Ssh),
    Path(PathBuf),
}

impl Git {
    /// The repository of a configuration that was checked.
    ///
    /// # Errors
    /// [`GitError`], if a file of keys or passwords can't be used.
    pub(super) fn new(config: &config::Git) -> Result<Git, GitError> {
        let url = &config.url;
        let way = match config::Way::of(url) {
            Some(config::Way::Https | config::Way::Loopback) => Way::Http(GitHttp::new(config)?),
            Some(config::Way::Ssh) => Way::Ssh(Ssh::new(config)),
            _ => Way::Path(PathBuf::from(url.strip_prefix("file://").unwrap_or(url))),
        };
        let git = Git { config: config.clone(), way };
        git.signers()?;
        Ok(git)
    }

    /// Who may sign now. Read at each look and each fetch, so that a change counts from the next one on, and a file that
    /// can't be used lets nobody sign.
    fn signers(&self) -> Result<Option<Signers>, GitError> {
        self.config.signed_by.as_ref().map(Signers::load).transpose()
    }

    /// A commit as these signers let it be taken.
    fn version_of(commit: impl std::fmt::Display, signers: Option<&Signers>) -> Version {
        let signers = signers.map_or_else(String::new, |signers| signers.fingerprint().to_owned());
        Version { id: commit.to_string(), signers }
    }

    fn unreachable(&self, reason: impl std::fmt::Display) -> GitError {
        GitError::Unreachable { url: self.config.url.clone(), reason: format!("{reason:#}") }
    }

    fn missing(&self) -> GitError {
        let reference = match self.config.reference() {
            Reference::Default => "default branch".to_owned(),
            Reference::Branch(name) => format!("branch `{name}`"),
            Reference::Tag(name) => format!("tag `{name}`"),
            Reference::Commit(id) => format!("commit {id}"),
        };
        GitError::Missing { url: self.config.url.clone(), reference }
    }

    /// The name of what is followed as Git has it, or the commit.
    fn full_name(&self) -> String {
        match self.config.reference() {
            Reference::Default => "HEAD".to_owned(),
            Reference::Branch(name) => format!("refs/heads/{name}"),
            Reference::Tag(name) => format!("refs/tags/{name}"),
            Reference::Commit(id) => id.to_lowercase(),
        }
    }

    /// The documents of a commit, if it is signed as it has to be.
    fn documents(
        &self,
        repository: &gix::Repository,
        commit: ObjectId,
        signers: Option<&Signers>,
    ) -> Result<Vec<SourceFile>, GitError> {
        let object = repository.find_object(commit).map_err(|error| self.unreachable(error))?;
        if object.kind != gix::object::Kind::Commit {
            return Err(self.missing());
        }
        if let Some(signers) = signers {
            signers.check(&object.data).map_err(|reason| GitError::Signature {
                url: self.config.url.clone(),
                commit: commit.to_string(),
                reason,
            })?;
        }
        let tree = object.into_commit().tree_id().map_err(|error| self.unreachable(error))?.detach();
        tree::read(repository, tree, self.config.folder.as_deref()).map_err(|refused| GitError::Refused {
            url: self.config.url.clone(),
            commit: commit.to_string(),
            path: refused.path,
            reason: refused.reason,
        })
    }
}

impl Source for Git {
    fn version(&self) -> Result<Version, SourceError> {
        let signers = self.signers()?;
        // A commit never changes, so that nobody has to be asked.
        if let Reference::Commit(id) = self.config.reference() {
            return Ok(Git::version_of(id.to_lowercase(), signers.as_ref()));
        }
        Ok(Git::version_of(self.tip()?, signers.as_ref()))
    }

    fn read(&self) -> Result<(Version, Vec<SourceFile>), SourceError> {
        let signers = self.signers()?;
        let (commit, files) = self.fetch(signers.as_ref())?;
        Ok((Git::version_of(commit, signers.as_ref()), files))
    }

    fn is_git(&self) -> bool {
        true
    }

    fn poll(&self) -> Duration {
        self.config.poll.unsigned_abs()
    }

    fn identity(&self) -> String {
        let config::Git { url, folder, signed_by, .. } = &self.config;
        format!("git {url} {} {folder:?} {signed_by:?}", self.full_name())
    }
}
