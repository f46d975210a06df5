//! The folder that the log is written to, and its files.
//!
//! [`Disk`] is all that the writer knows of a file system, so that a disk can be full in a test.

use jiff::Timestamp;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What makes files.
pub(super) trait Disk: Send + 'static {
    /// A file of the log.
    type File: LogFile;

    /// Makes a new, empty file.
    fn create(&self) -> io::Result<Self::File>;

    /// Whether there is room to write, tried out without a trace.
    fn try_out(&self) -> io::Result<()>;
}

/// A file that lines are added to at its end.
pub(super) trait LogFile: Write + Send {
    /// Whether it can still be found where it was made, so that a reader will see what is written to it.
    fn in_place(&self) -> bool;

    /// Cuts it to its first `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// Returns when the disk has all of it.
    fn sync(&mut self) -> io::Result<()>;
}

/// A folder of the file system.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    sync: bool,
}

/// A file in it.
#[derive(Debug)]
pub(super) struct FolderFile {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
}

impl Folder {
    /// The folder at `path`, made if its parent is there. A folder that goes away later is not made again: it may be
    /// a disk that is not mounted, and what is written below it would be lost.
    pub(super) fn open(path: &Path, sync: bool) -> io::Result<Folder> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Folder { path: path.to_owned(), sync }),
        }
    }
}

impl Disk for Folder {
    type File = FolderFile;

    fn create(&self) -> io::Result<FolderFile> {
        loop {
            let time = Timestamp::now().strftime("%Y%m%dT%H%M%S.%6fZ");
            let path = self.path.join(format!("decisions-{time}.jsonl"));
            match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    if self.sync {
                        File::open(&self.path)?.sync_all()?;
                    }
                    let metadata = file.metadata()?;
                    return Ok(FolderFile { path, file, identity: (metadata.dev(), metadata.ino()) });
                }
            }
        }
    }

    fn try_out(&self) -> io::Result<()> {
        let path = self.path.join(format!(".room-{}", std::process::id()));
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(&[b' '; 4096]).and_then(|()| file.sync_data()));
        let removed = std::fs::remove_file(&path);
        written.and(removed)
    }
}

impl Write for FolderFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LogFile for FolderFile {
    fn in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
