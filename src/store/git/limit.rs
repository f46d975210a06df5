//! Bounds of what a Git server may send, and how long it may take.

use std::io::{self, Read};
use std::time::{Duration, Instant};

/// Most bytes of an answer. It is packed; what comes out of it is bounded by the limits of files.
pub(super) const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// A reader that ends with an error after so many bytes.
#[derive(Debug)]
pub(super) struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R, most: u64) -> Limited<R> {
        Limited { inner, left: most }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(too_much)?;
        Ok(read)
    }
}

/// The error for a server that sends more than it may.
pub(super) fn too_much() -> io::Error {
    io::Error::other(format!("the server sends more than {MOST_BYTES} bytes"))
}

/// The time by which something has to have ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    begun: Instant,
    time: Duration,
}

impl Deadline {
    pub(super) fn after(time: Duration) -> Deadline {
        Deadline { begun: Instant::now(), time }
    }

    /// What is left of the time.
    pub(super) fn left(&self) -> Duration {
        self.time.saturating_sub(self.begun.elapsed())
    }
}
