//! Reading a folder of policy documents: sorted, bounded, and nothing from outside of it.

use super::quiet;
use super::source::{Source, SourceError, Version};
use crate::policy::{MOST_FILE_BYTES, SourceFile};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Most files.
pub(super) const MOST_FILES: usize = 100_000;
/// Most bytes of all files together.
pub(super) const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Most files, folders and links that are looked at for them.
pub(super) const MOST_ENTRIES: usize = 1_000_000;
/// How deep folders may nest.
pub(super) const MOST_DEPTH: usize = 32;

/// A folder as a source.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    poll: Duration,
}

impl Folder {
    pub(super) fn new(path: &Path, poll: Duration) -> Folder {
        Folder { path: path.to_owned(), poll }
    }
}

impl Source for Folder {
    fn version(&self) -> Result<Version, SourceError> {
        Ok(fingerprint(&self.path)?)
    }

    fn read(&self) -> Result<(Version, Vec<SourceFile>), SourceError> {
        let before = fingerprint(&self.path)?;
        let files = read(&self.path)?;
        if fingerprint(&self.path)? != before {
            return Err(SourceError::Changing);
        }
        Ok((before, files))
    }

    fn poll(&self) -> Duration {
        self.poll
    }

    fn watched(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn identity(&self) -> String {
        format!("folder {}", self.path.display())
    }
}

/// Why a folder can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The operating system says no.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// What was to be read.
        path: PathBuf,
        /// Why it can't be.
        source: io::Error,
    },
    /// There is nothing in it. That is never taken for "no policies".
    #[error("{path}: no file ends in .yaml, .yml or .json", path = path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder in it can't be taken.
    #[error("{path}: {reason}", path = path.display())]
    Refused {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What a folder holds, without reading its files: enough to see that something was changed.
fn fingerprint(folder: &Path) -> Result<Version, FolderError> {
    let mut hash = Sha256::new();
    for file in list(folder)? {
        let path = file.real.as_os_str().as_encoded_bytes();
        let modified = file.metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        hash.update((path.len() as u64).to_be_bytes());
        hash.update(path);
        hash.update(file.metadata.len().to_be_bytes());
        hash.update(modified.map_or(0, |since| since.as_nanos()).to_be_bytes());
    }
    Ok(Version::unsigned(super::hex(&hash.finalize())))
}

/// Reads all documents of a folder and its sub-folders, sorted by path. What begins with `.` is passed over, and so is
/// what ends in something else than `.yaml`, `.yml` or `.json`.
///
/// # Errors
/// [`FolderError`]; an empty folder is one.
pub fn read(folder: &Path) -> Result<Vec<SourceFile>, FolderError> {
    let mut left = MOST_BYTES;
    let files: Vec<SourceFile> =
        list(folder)?.into_iter().map(|file| read_file(&file, &mut left)).collect::<Result<_, _>>()?;
    match twins(files.iter().map(|file| file.path.as_str())) {
        Some((one, reason)) => Err(refused(Path::new(&one), &reason)),
        None => Ok(files),
    }
}

/// A file whose name is that of another but for upper and lower case, and what is to be said of it. Where case does not
/// count, as on many people's own machines, only one of the two is there to be reviewed and tested.
pub(super) fn twins<'f>(names: impl Iterator<Item = &'f str>) -> Option<(String, String)> {
    let mut known = HashMap::new();
    for name in names {
        if let Some(other) = known.insert(name.to_lowercase(), name) {
            let reason = format!("differs from {other} in upper and lower case only; rename one of them");
            return Some((name.to_owned(), reason));
        }
    }
    None
}

/// A file of documents.
struct Found {
    /// Relative to the folder.
    name: PathBuf,
    /// Without symbolic links.
    real: PathBuf,
    metadata: Metadata,
}

fn list(folder: &Path) -> Result<Vec<Found>, FolderError> {
    let root = fs::canonicalize(folder).map_err(|source| FolderError::Io { path: folder.to_owned(), source })?;
    let mut found = Vec::new();
    let mut walk = Walk { root: &root, found: &mut found, open: Vec::new(), entries: 0 };
    walk.folder(&root, Path::new(""))?;
    if found.is_empty() {
        return Err(FolderError::Empty { path: folder.to_owned() });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

struct Walk<'a> {
    root: &'a Path,
    found: &'a mut Vec<Found>,
    /// The folders that the walk is in, from the outside.
    open: Vec<PathBuf>,
    entries: usize,
}

impl Walk<'_> {
    fn folder(&mut self, real: &Path, name: &Path) -> Result<(), FolderError> {
        if self.open.len() >= MOST_DEPTH || self.open.iter().any(|open| open == real) {
            return Err(refused(name, "folders are nested too deeply, or a symbolic link leads back"));
        }
        self.open.push(real.to_owned());
        let io = |source| FolderError::Io { path: real.to_owned(), source };
        for entry in fs::read_dir(real).map_err(io)? {
            let file_name = entry.map_err(io)?.file_name();
            // Links lead to a folder as often as they like.
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(refused(name, &format!("there are more than {MOST_ENTRIES} files and folders")));
            }
            if !file_name.as_encoded_bytes().starts_with(b".") {
                self.entry(&real.join(&file_name), &name.join(&file_name))?;
            }
        }
        self.open.pop();
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: &Path) -> Result<(), FolderError> {
        quiet::rest();
        let io = |source| FolderError::Io { path: path.to_owned(), source };
        let is_document = is_document(name);
        let is_link = fs::symlink_metadata(path).map_err(io)?.is_symlink();
        // A link to something that is no document and no folder is nobody's business, and may lead nowhere.
        if is_link && !is_document && !path.is_dir() {
            return Ok(());
        }
        let real = fs::canonicalize(path).map_err(io)?;
        if !real.starts_with(self.root) {
            return Err(refused(name, "a symbolic link leads out of the folder of policies"));
        }
        let metadata = fs::metadata(&real).map_err(io)?;
        if metadata.is_dir() {
            return self.folder(&real, name);
        }
        if !is_document {
            return Ok(());
        }
        if !metadata.is_file() {
            return Err(refused(name, "not a regular file"));
        }
        if self.found.len() >= MOST_FILES {
            return Err(refused(name, &format!("there are more than {MOST_FILES} files")));
        }
        self.found.push(Found { name: name.to_owned(), real, metadata });
        Ok(())
    }
}

/// Whether a file of this name is read.
pub(super) fn is_document(name: &Path) -> bool {
    matches!(name.extension().and_then(|e| e.to_str()), Some("yaml" | "yml" | "json"))
}

fn read_file(file: &Found, left: &mut u64) -> Result<SourceFile, FolderError> {
    quiet::rest();
    let io = |source| FolderError::Io { path: file.name.clone(), source };
    let most = MOST_FILE_BYTES as u64;
    let mut bytes = Vec::new();
    File::open(&file.real).map_err(io)?.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        return Err(refused(&file.name, &format!("has more than {most} bytes")));
    }
    *left = left
        .checked_sub(bytes.len() as u64)
        .ok_or_else(|| refused(&file.name, &format!("with it the files have more than {MOST_BYTES} bytes together")))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| refused(&file.name, &format!("is not UTF-8 at byte {}", error.utf8_error().valid_up_to())))?;
    let path: Option<Vec<&str>> = file.name.iter().map(|part| part.to_str()).collect();
    let path = path.ok_or_else(|| refused(&file.name, "its name is not UTF-8"))?.join("/");
    Ok(SourceFile { path, text })
}

fn refused(name: &Path, reason: &str) -> FolderError {
    FolderError::Refused { path: name.to_owned(), reason: reason.to_owned() }
}
