//! The last good set of policies on disk, for a start without its sources.
//!
//! In: the documents of all sources with their versions. Out: a file with its checksum, written beside the old one and
//! put in its place, so that a reader finds one of them whole; and at a start the documents again, if the checksum is
//! right and they are of the sources that are configured now. The checksum finds what a disk or a hand broke, by
//! accident; who may write the folder may write policies.

use super::source::Version;
use crate::policy::SourceFile;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The first line of each file; the form of what follows is part of it.
const FORM: &str = "sluice last good policies 1";
const SET: &str = "last-good-policies";
const CONFIRMED: &str = "last-good-confirmed";
/// More than this is none of ours: the documents' most bytes, and what JSON adds to them.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// The folder of the configuration, `policies.state`.
#[derive(Debug)]
pub(super) struct LastGood {
    folder: PathBuf,
}

/// What is kept of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// [`super::source::Source::identity`].
    pub(super) identity: String,
    version: String,
    files: Vec<(String, String)>,
}

impl Kept {
    pub(super) fn new(identity: String, version: &Version, files: &[SourceFile]) -> Kept {
        let files = files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        Kept { identity, version: version.id.clone(), files }
    }

    /// Its version and documents.
    pub(super) fn open(self) -> (Version, Vec<SourceFile>) {
        let files = self.files.into_iter().map(|(path, text)| SourceFile { path, text });
        (Version::unsigned(self.version), files.collect())
    }
}

/// Why there is no last good set.
#[derive(Debug, thiserror::Error)]
pub enum LastGoodError {
    /// None was kept yet, or it can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its checksum is wrong.
    #[error("{}: its checksum is wrong, so it is not used", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
    /// It was made by another configuration.
    #[error("{}: it was kept for other sources than are configured now, so it is not used", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

impl LastGood {
    pub(super) fn new(folder: &Path) -> LastGood {
        LastGood { folder: folder.to_owned() }
    }

    /// Puts a set in the place of the one before.
    pub(super) fn keep(&self, set: &[Kept]) -> Result<(), LastGoodError> {
        self.write(SET, &serde_json::to_vec(set).map_err(|error| self.io(SET, error.into()))?)
    }

    /// Notes when each source was last known to be what is kept.
    pub(super) fn confirm(&self, times: &[Timestamp]) -> Result<(), LastGoodError> {
        self.write(CONFIRMED, &serde_json::to_vec(times).map_err(|error| self.io(CONFIRMED, error.into()))?)
    }

    /// The set, if it is of sources with these identities, and when each was last confirmed. Without a note of that it
    /// is not known, which the caller has to take for long ago.
    pub(super) fn load(&self, identities: &[String]) -> Result<(Vec<Kept>, Vec<Timestamp>), LastGoodError> {
        let foreign = || LastGoodError::Foreign { path: self.folder.join(SET) };
        let bytes = self.read(SET)?;
        let set: Vec<Kept> = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
        if !set.iter().map(|kept| &kept.identity).eq(identities) {
            return Err(foreign());
        }
        let times = self.read(CONFIRMED).ok().and_then(|bytes| serde_json::from_slice::<Vec<Timestamp>>(&bytes).ok());
        Ok((set, times.unwrap_or_default()))
    }

    fn write(&self, name: &str, body: &[u8]) -> Result<(), LastGoodError> {
        let io = |source| self.io(name, source);
        let beside = self.folder.join(format!("{name}.new"));
        fs::create_dir_all(&self.folder).map_err(io)?;
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(format!("{FORM} {}\n", super::hex(&Sha256::digest(body))).as_bytes())?;
            file.write_all(body)?;
            file.sync_all()?;
            fs::rename(&beside, self.folder.join(name))?;
            // The rename itself has to be on the disk.
            File::open(&self.folder)?.sync_all()
        })();
        written.map_err(|source| {
            // A full disk is not filled further.
            let _ = fs::remove_file(&beside);
            io(source)
        })
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, LastGoodError> {
        let io = |source| self.io(name, source);
        let broken = || LastGoodError::Broken { path: self.folder.join(name) };
        let mut bytes = Vec::new();
        File::open(self.folder.join(name)).map_err(io)?.take(MOST_BYTES).read_to_end(&mut bytes).map_err(io)?;
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
        let body = bytes.split_off(end + 1);
        let head = format!("{FORM} {}\n", super::hex(&Sha256::digest(&body)));
        if bytes == head.as_bytes() { Ok(body) } else { Err(broken()) }
    }

    fn io(&self, name: &str, source: io::Error) -> LastGoodError {
        LastGoodError::Io { path: self.folder.join(name), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Vec<Kept> {
        let files = [SourceFile { path: "a.yaml".to_owned(), text: "kind: x\n".to_owned() }];
        vec![Kept::new("folder /p".to_owned(), &Version::unsigned("v1".to_owned()), &files)]
    }

    fn identities() -> [String; 1] {
        ["folder /p".to_owned()]
    }

    #[test]
    fn what_was_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = LastGood::new(&folder.path().join("new"));
        last_good.keep(&set()).unwrap();
        assert_eq!(last_good.load(&identities()).unwrap(), (set(), vec![]));
        last_good.confirm(&[Timestamp::UNIX_EPOCH]).unwrap();
        assert_eq!(last_good.load(&identities()).unwrap().1, [Timestamp::UNIX_EPOCH]);
        let left: Vec<_> = fs::read_dir(folder.path().join("new")).unwrap().collect();
        assert_eq!(left.len(), 2, "nothing is left beside them");
    }

    #[test]
    fn no_byte_of_it_can_be_another() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = LastGood::new(folder.path());
        last_good.keep(&set()).unwrap();
        let path = folder.path().join(SET);
        let right = fs::read(&path).unwrap();
        for at in 0..right.len() {
            let mut wrong = right.clone();
            wrong[at] ^= 1;
            fs::write(&path, &wrong).unwrap();
            assert!(matches!(last_good.load(&identities()), Err(LastGoodError::Broken { .. })), "byte {at}");
            fs::write(&path, &right[..at]).unwrap();
            assert!(matches!(last_good.load(&identities()), Err(LastGoodError::Broken { .. })), "cut at {at}");
        }
    }

    #[test]
    fn what_was_kept_for_other_sources_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = LastGood::new(folder.path());
        last_good.keep(&set()).unwrap();
        let other = last_good.load(&["folder /q".to_owned()]);
        assert!(matches!(other, Err(LastGoodError::Foreign { .. })), "{other:?}");
    }

    #[test]
    fn a_disk_that_takes_no_more_leaves_the_old_set() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = LastGood::new(folder.path());
        last_good.keep(&set()).unwrap();
        // A device that is always full stands where the new set is written.
        std::os::unix::fs::symlink("/dev/full", folder.path().join(format!("{SET}.new"))).unwrap();
        let error = last_good.keep(&[]).unwrap_err().to_string();
        assert!(error.contains("No space left"), "{error}");
        assert_eq!(last_good.load(&identities()).unwrap().0, set());
        last_good.keep(&set()).unwrap();
    }
}
