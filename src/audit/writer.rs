//! The one writer of the log.
//!
//! A thread takes all lines that wait, writes them with one call and, where the disk must have them, flushes them with one
//! more; then it tells each that waits. A line that only has to reach the operating system is written at once by who hands it
//! in, if nobody else writes: to wake the thread and to be woken by it takes longer. After an error nothing of the batch stays: the file is cut back to the last line
//! that was acknowledged, so that no line is ever half, and the next batch is tried anew.

use super::disk::{Disk, LogFile};
use crate::config::Sync;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Most bytes of a batch, but for its last line.
const BATCH: usize = 4 * 1024 * 1024;

/// How often a log that could not be written looks whether it can be again: a Sluice that is not ready gets no
/// statements to try it with.
const RETRY: Duration = Duration::from_secs(1);

/// A longer line is for the thread.
const SHORT: usize = 64 * 1024;

/// A write that takes longer than this, a thousand times the usual, has met a disk that makes its writers wait. None of those
/// who serve requests is to wait for it for some time then.
const SLOW: Duration = Duration::from_millis(5);
const SPARED: Duration = Duration::from_secs(10);

/// Why a line is not in the log.
pub(super) type Unwritten = Arc<str>;

/// Writes a line at once.
pub(super) trait AtOnce: Send + std::marker::Sync {
    /// Writes it if nobody else writes and it is not likely to take long; `None` if it is for the thread.
    fn try_write(&self, line: &[u8]) -> Option<Result<(), Unwritten>>;
}

/// A line with its end, and who waits for it.
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    pub(super) written: oneshot::Sender<Result<(), Unwritten>>,
}

/// Writes lines until there is no one left to send them.
pub(super) struct Writer<D: Disk> {
    disk: D,
    rotate_bytes: u64,
    sync: Sync,
    healthy: Arc<AtomicBool>,
    file: Option<Open<D::File>>,
    /// When the disk made a write wait.
    slow: Option<Instant>,
}

struct Open<F> {
    file: F,
    /// Bytes up to the end of the last acknowledged line.
    length: u64,
}

impl<D: Disk> Writer<D> {
    /// A writer with its first file.
    pub(super) fn new(disk: D, rotate_bytes: u64, sync: Sync, healthy: Arc<AtomicBool>) -> io::Result<Writer<D>> {
        let file = Some(Open { file: disk.create()?, length: 0 });
        Ok(Writer { disk, rotate_bytes, sync, healthy, file, slow: None })
    }

    /// Runs on a thread of its own, since files block.
    pub(super) fn run(writer: &Mutex<Writer<D>>, lines: &Receiver<Line>) {
        // What a write leaves behind is whole, whatever became of it.
        let held = || writer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match lines.recv_timeout(RETRY) {
                Ok(first) => held().batch(first, lines),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let writer = held();
                    if !writer.healthy.load(Ordering::SeqCst) && writer.disk.try_out().is_ok() {
                        writer.healthy.store(true, Ordering::SeqCst);
                    }
                }
            }
        }
    }

    fn batch(&mut self, first: Line, lines: &Receiver<Line>) {
        let mut bytes = first.bytes;
        let mut waiting = vec![first.written];
        while bytes.len() < BATCH
            && let Ok(line) = lines.try_recv()
        {
            bytes.extend_from_slice(&line.bytes);
            waiting.push(line.written);
        }
        let outcome = self.told(&bytes, waiting.len());
        for written in waiting {
            // a caller that has gone away does not need to know
            let _gone = written.send(outcome.clone());
        }
    }

    /// Writes so many records, and tells operators if it can't.
    fn told(&mut self, bytes: &[u8], records: usize) -> Result<(), Unwritten> {
        let outcome = self.write(bytes).map_err(|error| Arc::from(error.to_string()));
        self.healthy.store(outcome.is_ok(), Ordering::SeqCst);
        if let Err(error) = &outcome {
            tracing::error!(%error, records, "the decision log can't be written");
        }
        outcome
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut open = match self.file.take() {
            Some(open) if open.length < self.rotate_bytes && open.file.in_place() => open,
            _ => Open { file: self.disk.create()?, length: 0 },
        };
        if let Err(error) = open.file.write_all(bytes) {
            if open.file.cut(open.length).is_ok() {
                self.file = Some(open);
            }
            return Err(error);
        }
        if self.sync == Sync::Disk
            && let Err(error) = open.file.sync()
        {
            // what the disk has after a failed flush is not known: this file is not written to again
            let _cut = open.file.cut(open.length);
            return Err(error);
        }
        open.length += bytes.len() as u64;
        self.file = Some(open);
        Ok(())
    }
}

impl<D: Disk> AtOnce for Mutex<Writer<D>> {
    fn try_write(&self, line: &[u8]) -> Option<Result<(), Unwritten>> {
        if line.len() > SHORT {
            return None;
        }
        let mut writer = self.try_lock().ok()?;
        if writer.sync == Sync::Disk || writer.slow.is_some_and(|slow| slow.elapsed() < SPARED) {
            return None;
        }
        let began = Instant::now();
        let outcome = writer.told(line, 1);
        writer.slow = (began.elapsed() > SLOW).then(Instant::now);
        Some(outcome)
    }
}
