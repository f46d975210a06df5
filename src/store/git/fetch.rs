//! Asking a repository what it has, and getting it.

use super::signature::Signers;
use super::{Git, GitError, Way};
use crate::config::Reference;
use crate::policy::SourceFile;
use gix::ObjectId;
use gix::remote::fetch::{Shallow, Tags};
use gix::remote::ref_map::Options;
use gix_transport::client::blocking_io::Transport;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::AtomicBool;

impl Git {
    /// The commit that is followed, as the repository has it now.
    pub(super) fn tip(&self) -> Result<ObjectId, GitError> {
        if let Way::Path(path) = &self.way {
            return self.resolve(&self.open(path)?);
        }
        self.with_transport(|git, repository, transport| {
            let remote = git.remote(repository)?;
            let connection = remote.to_connection_with_transport(transport);
            let (map, _) = connection
                .ref_map(gix::progress::Discard, Options::default())
                .map_err(|error| git.unreachable(error))?;
            map.mappings.iter().find_map(|mapping| git.commit_of(&mapping.remote)).ok_or_else(|| git.missing())
        })
    }

    /// The commit that is followed with its documents.
    pub(super) fn fetch(&self, signers: Option<&Signers>) -> Result<(ObjectId, Vec<SourceFile>), GitError> {
        if let Way::Path(path) = &self.way {
            let repository = self.open(path)?;
            let commit = self.resolve(&repository)?;
            return Ok((commit, self.documents(&repository, commit, signers)?));
        }
        self.with_transport(|git, repository, transport| {
            let remote = git.remote(repository)?;
            let connection = remote.to_connection_with_transport(transport);
            let fetch = connection
                .prepare_fetch(gix::progress::Discard, Options::default())
                .map_err(|error| git.unreachable(error))?
                .with_shallow(Shallow::DepthAtRemote(NonZeroU32::MIN));
            let found = fetch.ref_map().mappings.iter().find_map(|mapping| git.commit_of(&mapping.remote));
            let commit = found.ok_or_else(|| git.missing())?;
            fetch.receive(gix::progress::Discard, &AtomicBool::new(false)).map_err(|error| git.unreachable(error))?;
            Ok((commit, git.documents(repository, commit, signers)?))
        })
    }

    /// The commit of a reference of the server's, that of an annotated tag among them.
    fn commit_of(&self, found: &gix::remote::fetch::refmap::Source) -> Option<ObjectId> {
        found.peeled_id().or_else(|| found.as_id()).map(ToOwned::to_owned)
    }

    /// Does something over a connection, with an empty repository that is deleted afterwards.
    fn with_transport<T>(
        &self,
        act: impl FnOnce(&Git, &gix::Repository, &mut dyn Transport) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        let time = self.config.timeout.unsigned_abs();
        let folder =
            tempfile::Builder::new().prefix("sluice-git-").tempdir().map_err(|error| self.unreachable(error))?;
        let repository = self.empty(folder.path())?;
        match &self.way {
            Way::Http(server) => act(self, &repository, &mut server.transport(time)?),
            Way::Ssh(server) => {
                let (mut connection, session) = server.connect(time)?;
                let result = act(self, &repository, &mut connection);
                drop(connection);
                match result {
                    Err(GitError::Unreachable { reason, .. }) => Err(self.unreachable(session.end(&reason))),
                    other => {
                        session.end("");
                        other
                    }
                }
            }
            Way::Path(_) => Err(self.missing()),
        }
    }

    fn empty(&self, folder: &Path) -> Result<gix::Repository, GitError> {
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Full);
        gix::ThreadSafeRepository::init_opts(folder, gix::create::Kind::Bare, gix::create::Options::default(), options)
            .map(Into::into)
            .map_err(|error| self.unreachable(error))
    }

    fn open(&self, path: &Path) -> Result<gix::Repository, GitError> {
        // Nothing that the repository's own configuration says is done: it is only read from.
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Reduced);
        gix::open_opts(path, options).map_err(|error| self.unreachable(error))
    }

    fn remote<'r>(&self, repository: &'r gix::Repository) -> Result<gix::Remote<'r>, GitError> {
        let specification = match self.config.reference() {
            Reference::Commit(_) => self.full_name(),
            _ => format!("{}:refs/sluice/followed", self.full_name()),
        };
        repository
            .remote_at_without_url_rewrite(self.config.url.as_str())
            .map_err(|error| self.unreachable(error))?
            .with_fetch_tags(Tags::None)
            .with_refspecs([specification.as_str()], gix::remote::Direction::Fetch)
            .map_err(|error| self.unreachable(error))
    }

    /// The commit that is followed in a repository on this machine.
    fn resolve(&self, repository: &gix::Repository) -> Result<ObjectId, GitError> {
        if let Reference::Commit(id) = self.config.reference() {
            let id = ObjectId::from_hex(id.to_lowercase().as_bytes()).map_err(|_| self.missing())?;
            return if repository.has_object(id) { Ok(id) } else { Err(self.missing()) };
        }
        let reference =
            repository.try_find_reference(self.full_name().as_str()).map_err(|error| self.unreachable(error))?;
        let mut reference = reference.ok_or_else(|| self.missing())?;
        reference.peel_to_id().map(gix::Id::detach).map_err(|_| self.missing())
    }
}
