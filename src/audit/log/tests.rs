use super::*;
use crate::audit::disk::{FolderFile, LogFile};
use crate::audit::record::tests::decision;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

fn config(folder: &Path, sync: Sync) -> Audit {
    Audit { folder: folder.to_owned(), rotate_bytes: 1_000_000, sync }
}

/// Whether the test runs by several threads.
fn several() -> bool {
    Handle::current().metrics().num_workers() > 1
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    files
}

/// The statements of all whole lines; a line that is not whole JSON fails the test.
fn statements(folder: &Path) -> Vec<String> {
    let mut statements = Vec::new();
    for file in files(folder) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "a half line");
        for line in text.lines() {
            let record = serde_json::from_str::<serde_json::Value>(line).unwrap();
            statements.push(record["sql"].as_str().unwrap().to_owned());
        }
    }
    statements
}

/// A folder on a disk with room for so many bytes.
struct Small {
    folder: Folder,
    room: Arc<AtomicI64>,
    failing_syncs: Arc<AtomicI64>,
    pace: Arc<Pace>,
}

/// How long a write takes, and the threads that wrote.
#[derive(Default)]
struct Pace {
    millis: AtomicI64,
    by: Mutex<Vec<String>>,
}

struct SmallFile {
    file: FolderFile,
    room: Arc<AtomicI64>,
    failing_syncs: Arc<AtomicI64>,
    pace: Arc<Pace>,
}

impl Small {
    fn new(folder: &Path, room: i64) -> Small {
        let folder = Folder::open(folder, false).unwrap();
        Small { folder, room: Arc::new(AtomicI64::new(room)), failing_syncs: Arc::default(), pace: Arc::default() }
    }
}

impl Disk for Small {
    type File = SmallFile;

    fn create(&self) -> io::Result<SmallFile> {
        let (room, failing_syncs, pace) = (self.room.clone(), self.failing_syncs.clone(), self.pace.clone());
        Ok(SmallFile { file: self.folder.create()?, room, failing_syncs, pace })
    }

    fn try_out(&self) -> io::Result<()> {
        if self.room.load(Ordering::SeqCst) < 4096 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Write for SmallFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.pace.by.lock().unwrap().push(thread);
        std::thread::sleep(Duration::from_millis(self.pace.millis.load(Ordering::SeqCst).unsigned_abs()));
        let room = usize::try_from(self.room.load(Ordering::SeqCst)).unwrap();
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(room)])?;
        self.room.fetch_sub(written as i64, Ordering::SeqCst);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LogFile for SmallFile {
    fn in_place(&self) -> bool {
        self.file.in_place()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.failing_syncs.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Err(io::Error::other("input/output error"));
        }
        self.file.sync()
    }
}

/// Runs a test where lines are written by the thread, and where by who hands them in.
fn both_ways(test: impl AsyncFn()) {
    for workers in [1, 2] {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(workers).enable_all().build().unwrap().block_on(test());
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited five seconds until {what}");
}

#[test]
fn a_record_is_in_the_file_when_append_returns_and_only_the_owner_reads_it() {
    both_ways(async || {
        for sync in [Sync::Write, Sync::Disk] {
            let parent = tempfile::tempdir().unwrap();
            let folder = parent.path().join("log");
            let log = Log::open(&config(&folder, sync)).unwrap();
            log.append(&decision("SELECT 1")).await.unwrap();
            assert_eq!(statements(&folder), ["SELECT 1"]);
            assert!(log.healthy());
            let [file] = files(&folder).try_into().unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with("decisions-2") && name.ends_with("Z.jsonl"), "{name}");
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_of_many_statements_at_once_are_all_whole() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(Log::open(&config(folder.path(), Sync::Write)).unwrap());
    let mut writing = JoinSet::new();
    for number in 0..500 {
        let log = log.clone();
        writing.spawn(async move { log.append(&decision(&format!("SELECT {number}\n"))).await.unwrap() });
    }
    writing.join_all().await;
    let mut found = statements(folder.path());
    found.sort();
    let mut expected = (0..500).map(|number| format!("SELECT {number}\n")).collect::<Vec<_>>();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_makes_one_wait_is_left_to_the_thread() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Small::new(folder.path(), 1_000_000);
    let pace = disk.pace.clone();
    let log = Arc::new(Log::start(disk, 1_000_000, Sync::Write, several()).unwrap());
    let (one, other) = (decision("SELECT 1"), decision("SELECT 2"));
    let wrote = |at: usize| pace.by.lock().unwrap()[at].clone();
    log.append(&one).await.unwrap();
    assert_ne!(wrote(0), "audit");
    // While one writes, the next one's line goes to the thread.
    pace.millis.store(300, Ordering::SeqCst);
    let writing = tokio::spawn({
        let (log, one) = (log.clone(), one.clone());
        async move { log.append(&one).await }
    });
    until("it writes", || pace.by.lock().unwrap().len() == 2).await;
    pace.millis.store(0, Ordering::SeqCst);
    log.append(&other).await.unwrap();
    writing.await.unwrap().unwrap();
    assert_ne!(wrote(1), "audit");
    assert_eq!(wrote(2), "audit");
    // And for some time all lines do.
    log.append(&other).await.unwrap();
    assert_eq!(wrote(3), "audit");
    assert_eq!(statements(folder.path()), ["SELECT 1", "SELECT 1", "SELECT 2", "SELECT 2"]);
}

#[test]
fn a_statement_of_a_megabyte_and_any_character_is_one_line() {
    both_ways(async || {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&config(folder.path(), Sync::Write)).unwrap();
        let sql = format!("SELECT '{}\u{0}\u{2028}\r\n\"\\ü🦀'", "x".repeat(1 << 20));
        log.append(&decision(&sql)).await.unwrap();
        assert_eq!(statements(folder.path()), [sql]);
    });
}

#[test]
fn a_full_file_is_followed_by_a_new_one() {
    both_ways(async || {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&Audit { rotate_bytes: 1000, ..config(folder.path(), Sync::Write) }).unwrap();
        for number in 0..6 {
            log.append(&decision(&format!("SELECT {number}"))).await.unwrap();
        }
        assert_eq!(files(folder.path()).len(), 3);
        assert_eq!(statements(folder.path()), (0..6).map(|number| format!("SELECT {number}")).collect::<Vec<_>>());
    });
}

#[test]
fn a_full_disk_takes_nothing_keeps_no_half_line_and_is_tried_again() {
    both_ways(async || {
        let folder = tempfile::tempdir().unwrap();
        let disk = Small::new(folder.path(), 1000);
        let room = disk.room.clone();
        let log = Log::start(disk, 1_000_000, Sync::Write, several()).unwrap();
        log.append(&decision("SELECT 1")).await.unwrap();
        for _ in 0..3 {
            let error = log.append(&decision(&"x".repeat(2000))).await.unwrap_err();
            assert!(matches!(&error, AuditError::Write(_)), "{error}");
            assert!(!log.healthy());
            assert_eq!(statements(folder.path()), ["SELECT 1"]);
        }
        room.store(1_000_000, Ordering::SeqCst);
        log.append(&decision("SELECT 2")).await.unwrap();
        assert!(log.healthy());
        assert_eq!(statements(folder.path()), ["SELECT 1", "SELECT 2"]);
        assert_eq!(files(folder.path()).len(), 1);
    });
}

#[test]
fn a_disk_with_room_again_is_found_without_a_statement() {
    both_ways(async || {
        let folder = tempfile::tempdir().unwrap();
        let disk = Small::new(folder.path(), 0);
        let room = disk.room.clone();
        let log = Log::start(disk, 1_000_000, Sync::Write, several()).unwrap();
        log.append(&decision("SELECT 1")).await.unwrap_err();
        assert!(!log.healthy());
        room.store(1_000_000, Ordering::SeqCst);
        until("the log is healthy", || log.healthy()).await;
    });
}

#[test]
fn a_record_that_the_disk_does_not_confirm_is_not_kept_and_its_file_is_left() {
    both_ways(async || {
        let folder = tempfile::tempdir().unwrap();
        let disk = Small::new(folder.path(), 1_000_000);
        let failing_syncs = disk.failing_syncs.clone();
        let log = Log::start(disk, 1_000_000, Sync::Disk, several()).unwrap();
        log.append(&decision("SELECT 1")).await.unwrap();
        failing_syncs.store(1, Ordering::SeqCst);
        log.append(&decision("SELECT 2")).await.unwrap_err();
        log.append(&decision("SELECT 3")).await.unwrap();
        assert_eq!(statements(folder.path()), ["SELECT 1", "SELECT 3"]);
        assert_eq!(files(folder.path()).len(), 2);
    });
}

#[test]
fn a_folder_that_goes_away_refuses_records_until_it_is_back() {
    both_ways(async || {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("log");
        let log = Log::open(&config(&folder, Sync::Write)).unwrap();
        log.append(&decision("SELECT 1")).await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        log.append(&decision("SELECT 2")).await.unwrap_err();
        assert!(!log.healthy());
        assert!(!folder.exists(), "a folder that is gone may be a disk that is not mounted");
        std::fs::create_dir(&folder).unwrap();
        until("the log is healthy", || log.healthy()).await;
        log.append(&decision("SELECT 3")).await.unwrap();
        assert_eq!(statements(&folder), ["SELECT 3"]);
    });
}

#[test]
fn a_file_that_is_taken_away_is_followed_by_a_new_one() {
    both_ways(async || {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&config(folder.path(), Sync::Write)).unwrap();
        let [file] = files(folder.path()).try_into().unwrap();
        std::fs::remove_file(file).unwrap();
        log.append(&decision("SELECT 1")).await.unwrap();
        assert_eq!(statements(folder.path()), ["SELECT 1"]);
    });
}

#[test]
fn a_folder_that_can_not_be_written_to_is_an_error_at_the_start() {
    let parent: TempDir = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("log"), parent.path().join("no/parent"), PathBuf::from("/proc/log")] {
        let error = Log::open(&config(&folder, Sync::Write)).unwrap_err();
        assert!(matches!(&error, AuditError::Folder { .. }), "{error}");
    }
}
