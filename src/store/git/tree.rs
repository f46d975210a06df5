//! The documents of a commit's tree: sorted, bounded, and nothing from outside of it.
//!
//! The same rules as for a folder. A symbolic link is no file here: one that is named like a document is refused, and so
//! is a submodule, since what they lead to is not what was reviewed.

use crate::policy::{MOST_FILE_BYTES, SourceFile};
use crate::store::folder::{MOST_BYTES, MOST_DEPTH, MOST_FILES, is_document};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;
use std::path::Path;

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
    let mut walk = Walk { repository, files: Vec::new(), left: MOST_BYTES };
    let mut start = root;
    for part in folder.into_iter().flat_map(|folder| folder.split('/')) {
        let folder = folder.unwrap_or_default();
        let tree = walk.tree(start, folder)?;
        let entry = tree.iter().filter_map(Result::ok).find(|entry| entry.filename() == part);
        match entry {
            Some(entry) if entry.mode().is_tree() => start = entry.object_id(),
            _ => return Err(Refused::new(folder, "there is no such folder in the repository")),
        }
    }
    walk.folder(start, "", 1)?;
    if walk.files.is_empty() {
        return Err(Refused::new(folder.unwrap_or("."), "no file ends in .yaml, .yml or .json"));
    }
    walk.files.sort();
    Ok(walk.files)
}

struct Walk<'r> {
    repository: &'r gix::Repository,
    files: Vec<SourceFile>,
    left: u64,
}

impl<'r> Walk<'r> {
    fn tree(&self, id: ObjectId, name: &str) -> Result<gix::Tree<'r>, Refused> {
        self.repository.find_tree(id).map_err(|error| Refused::new(name, error.to_string()))
    }

    fn folder(&mut self, id: ObjectId, name: &str, depth: usize) -> Result<(), Refused> {
        if depth > MOST_DEPTH {
            return Err(Refused::new(name, "folders are nested too deeply"));
        }
        let tree = self.tree(id, name)?;
        for entry in tree.iter() {
            let entry = entry.map_err(|error| Refused::new(name, error.to_string()))?;
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
                EntryKind::Blob | EntryKind::BlobExecutable if wanted => {
                    if entry.filename().to_str().is_err() {
                        return Err(Refused::new(&path, "its name is not UTF-8"));
                    }
                    self.file(entry.object_id(), path)?;
                }
                EntryKind::Link | EntryKind::Blob | EntryKind::BlobExecutable => {}
            }
        }
        Ok(())
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
