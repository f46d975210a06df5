//! The documents of a commit's tree: sorted, bounded, and nothing from outside of it.
//!
//! The same rules as for a folder, but that no symbolic link is followed. One that is named like a document, or leads to a
//! folder or out of the repository, is refused, and so is a submodule: where the repository is checked out there may be
//! documents behind it, which nobody would miss here.

use crate::policy::{MOST_FILE_BYTES, SourceFile};
use crate::store::folder::{MOST_BYTES, MOST_DEPTH, MOST_ENTRIES, MOST_FILES, is_document, twins};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;
use std::path::Path;

/// Most bytes of where a symbolic link leads to.
const MOST_LINK_BYTES: u64 = 4096;

/// A file that can't be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) path: String,
    pub(super) reason: String,
}

impl Refused {
    fn new(path: &str, reason: impl Into<String>) -> Refused {
        Refused { path: path.to_owned(), reason: reason.into() }
    }
}

/// Reads all documents below `folder` of a tree.
pub(super) fn read(
    repository: &gix::Repository,
    root: ObjectId,
    folder: Option<&str>,
) -> Result<Vec<SourceFile>, Refused> {
    let base: Vec<&str> = folder.into_iter().flat_map(|folder| folder.split('/')).collect();
    let mut walk = Walk { repository, root, base, files: Vec::new(), left: MOST_BYTES, entries: 0 };
    let start = match walk.find(&walk.base, folder.unwrap_or_default())? {
        Some((EntryKind::Tree, id)) => id,
        _ => return Err(Refused::new(folder.unwrap_or_default(), "there is no such folder in the repository")),
    };
    walk.folder(start, "", 1)?;
    if walk.files.is_empty() {
        return Err(Refused::new(folder.unwrap_or("."), "no file ends in .yaml, .yml or .json"));
    }
    if let Some((one, reason)) = twins(walk.files.iter().map(|file| file.path.as_str())) {
        return Err(Refused::new(&one, reason));
    }
    walk.files.sort();
    Ok(walk.files)
}

struct Walk<'r> {
    repository: &'r gix::Repository,
    root: ObjectId,
    /// The folder of the repository that is read.
    base: Vec<&'r str>,
    files: Vec<SourceFile>,
    left: u64,
    entries: usize,
}

impl<'r> Walk<'r> {
    fn tree(&self, id: ObjectId, name: &str) -> Result<gix::Tree<'r>, Refused> {
        self.repository.find_tree(id).map_err(|error| Refused::new(name, error.to_string()))
    }

    /// What stands at a path of the whole repository; links are not followed.
    fn find(&self, path: &[&str], name: &str) -> Result<Option<(EntryKind, ObjectId)>, Refused> {
        let mut found = (EntryKind::Tree, self.root);
        for part in path {
            if found.0 != EntryKind::Tree {
                // A link on the way may lead anywhere; what is below a file is nothing.
                return Ok(Some(found).filter(|(kind, _)| *kind == EntryKind::Link));
            }
            let tree = self.tree(found.1, name)?;
            let entry = tree.iter().filter_map(Result::ok).find(|entry| entry.filename() == *part);
            match entry {
                Some(entry) => found = (entry.mode().kind(), entry.object_id()),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    fn folder(&mut self, id: ObjectId, name: &str, depth: usize) -> Result<(), Refused> {
        if depth > MOST_DEPTH {
            return Err(Refused::new(name, "folders are nested too deeply"));
        }
        let tree = self.tree(id, name)?;
        for entry in tree.iter() {
            let entry = entry.map_err(|error| Refused::new(name, error.to_string()))?;
            // A tree can hold another one many times, and so more than there is on any disk.
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(Refused::new(name, format!("there are more than {MOST_ENTRIES} files and folders")));
            }
            let file_name = String::from_utf8_lossy(entry.filename()).into_owned();
            if file_name.starts_with('.') {
                continue;
            }
            let path = if name.is_empty() { file_name } else { format!("{name}/{file_name}") };
            let wanted = is_document(Path::new(&path));
            match entry.mode().kind() {
                EntryKind::Tree => self.folder(entry.object_id(), &path, depth + 1)?,
                EntryKind::Commit => return Err(Refused::new(&path, "a submodule; its files can't be taken")),
                EntryKind::Link if wanted => {
                    return Err(Refused::new(&path, "a symbolic link; in Git, documents are files"));
                }
                EntryKind::Link => self.link(entry.object_id(), &path)?,
                EntryKind::Blob | EntryKind::BlobExecutable if wanted => {
                    if entry.filename().to_str().is_err() {
                        return Err(Refused::new(&path, "its name is not UTF-8"));
                    }
                    self.file(entry.object_id(), path)?;
                }
                EntryKind::Blob | EntryKind::BlobExecutable => {}
            }
        }
        Ok(())
    }

    /// A link that leads to a file, or to nothing, is nobody's business.
    fn link(&self, id: ObjectId, path: &str) -> Result<(), Refused> {
        let wrong = |error: &dyn std::fmt::Display| Refused::new(path, error.to_string());
        let out = || Refused::new(path, "a symbolic link leads out of the repository");
        if self.repository.find_header(id).map_err(|error| wrong(&error))?.size() > MOST_LINK_BYTES {
            return Err(out());
        }
        let blob = self.repository.find_blob(id).map_err(|error| wrong(&error))?;
        let target = blob.data.to_str().map_err(|error| wrong(&error))?;
        if target.starts_with('/') {
            return Err(out());
        }
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let mut way: Vec<&str> =
            self.base.iter().copied().chain(above.split('/').filter(|part| !part.is_empty())).collect();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(way.pop().ok_or_else(out)?),
                part => way.push(part),
            }
        }
        match self.find(&way, path)? {
            Some((EntryKind::Tree | EntryKind::Commit, _)) => {
                Err(Refused::new(path, "a symbolic link to a folder; in Git, none is followed"))
            }
            Some((EntryKind::Link, _)) => {
                Err(Refused::new(path, "a symbolic link to another one, which may lead anywhere"))
            }
            Some((EntryKind::Blob | EntryKind::BlobExecutable, _)) | None => Ok(()),
        }
    }

    fn file(&mut self, id: ObjectId, path: String) -> Result<(), Refused> {
        if self.files.len() >= MOST_FILES {
            return Err(Refused::new(&path, format!("there are more than {MOST_FILES} files")));
        }
        let wrong = |error: &dyn std::fmt::Display| Refused::new(&path, error.to_string());
        // Its size is known before it is unpacked.
        let size = self.repository.find_header(id).map_err(|error| wrong(&error))?.size();
        if size > MOST_FILE_BYTES as u64 {
            return Err(Refused::new(&path, format!("has more than {MOST_FILE_BYTES} bytes")));
        }
        self.left = self.left.checked_sub(size).ok_or_else(|| {
            Refused::new(&path, format!("with it the files have more than {MOST_BYTES} bytes together"))
        })?;
        let mut blob = self.repository.find_blob(id).map_err(|error| wrong(&error))?;
        let text = String::from_utf8(blob.take_data()).map_err(|error| {
            Refused::new(&path, format!("is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
        })?;
        self.files.push(SourceFile { path, text });
        Ok(())
    }
}
