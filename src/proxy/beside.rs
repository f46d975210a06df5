//! Reads texts for the second opinion, on threads beside those that decide.
//!
//! In: the texts of a statement about which a decision is being made. Out: what sqlparser sees in them. They are read while the
//! statement is parsed, analysed, rewritten and proved, so that little is left to wait for where a processor is free. Where
//! none is, a text still waits in line when its reading is asked for. It is then taken out of the line, and who asks reads it. So
//! nothing depends on these threads: they may be busy or broken, and no decision is made without the reading.

use crate::rewrite::{Beside, TheirReading};
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Builder, available_parallelism, yield_now};
use std::time::{Duration, Instant};

/// A text of fewer bytes is read about as soon as a thread wakes: sqlparser takes 12 µs for so many.
const SHORTEST: usize = 512;
/// Texts that wait in line at once, in all statements; each has at most 64 KiB. More are read by who asks.
const MOST_WAITING: usize = 64;
/// How long who waits for a reading stays awake: about what sqlparser takes for 4 KiB.
const AWAKE: Duration = Duration::from_micros(100);
/// As much as the threads have that decide.
const STACK: usize = 8 * 1024 * 1024;

/// The threads. They end with this value.
pub struct Readers {
    line: Arc<Line>,
}

impl Readers {
    /// Starts half as many threads as there are processors: the other half decides meanwhile. Without any, all texts are
    /// read by who asks.
    pub fn start() -> Readers {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Readers::reading_by(processors.div_ceil(2), TheirReading::with_leftovers)
    }

    /// So many threads, which read by `read`. What that leaves is dropped once the reading is there.
    fn reading_by<L>(threads: usize, read: impl Fn(Arc<str>) -> (TheirReading, L) + Clone + Send + 'static) -> Readers {
        let line = Arc::new(Line::default());
        for _ in 0..threads {
            let (line, read) = (Arc::clone(&line), read.clone());
            let thread = Builder::new().name("second-opinion".to_owned()).stack_size(STACK);
            if let Err(error) = thread.spawn(move || line.work_off(&read)) {
                tracing::warn!(%error, "there is a thread less for second opinions, which take longer");
            }
        }
        Readers { line }
    }

    /// What reads the texts of one statement.
    pub fn for_statement(&self) -> ReadBeside {
        ReadBeside { line: Arc::clone(&self.line), begun: Mutex::default() }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        hold(&self.line.waiting).closed = true;
        self.line.more.notify_all();
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

/// The texts of one statement. Those that still wait in line leave it with this value.
pub struct ReadBeside {
    line: Arc<Line>,
    begun: Mutex<Vec<Arc<Text>>>,
}

impl Beside for ReadBeside {
    fn begin(&self, text: &str) {
        let mut begun = hold(&self.begun);
        if text.len() < SHORTEST || begun.iter().any(|other| *other.text == *text) {
            return;
        }
        let text = Arc::new(Text { text: Arc::from(text), reading: OnceLock::new() });
        if self.line.join(&text) {
            begun.push(text);
        }
    }

    fn reading(&self, text: &str) -> Option<Arc<TheirReading>> {
        let text = {
            let mut begun = hold(&self.begun);
            let at = begun.iter().position(|other| *other.text == *text)?;
            let text = Arc::clone(begun.get(at)?);
            if self.line.leave(&text) {
                begun.swap_remove(at);
                return None;
            }
            text
        };
        text.wait()
    }
}

impl Drop for ReadBeside {
    fn drop(&mut self) {
        for text in hold(&self.begun).iter() {
            self.line.leave(text);
        }
    }
}

impl fmt::Debug for ReadBeside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadBeside")
    }
}

/// The texts that no thread has begun to read.
#[derive(Default)]
struct Line {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    texts: VecDeque<Arc<Text>>,
    closed: bool,
}

impl Line {
    /// Puts a text at the end, if there is room.
    fn join(&self, text: &Arc<Text>) -> bool {
        let mut waiting = hold(&self.waiting);
        if waiting.closed || waiting.texts.len() >= MOST_WAITING {
            return false;
        }
        waiting.texts.push_back(Arc::clone(text));
        drop(waiting);
        self.more.notify_one();
        true
    }

    /// Takes a text out, if it is still there.
    fn leave(&self, text: &Arc<Text>) -> bool {
        let mut waiting = hold(&self.waiting);
        let at = waiting.texts.iter().position(|other| Arc::ptr_eq(other, text));
        at.and_then(|at| waiting.texts.remove(at)).is_some()
    }

    /// The next text; `None` at the end.
    fn next(&self) -> Option<Arc<Text>> {
        let mut waiting = hold(&self.waiting);
        loop {
            if waiting.closed {
                return None;
            }
            match waiting.texts.pop_front() {
                Some(text) => return Some(text),
                None => waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn work_off<L>(&self, read: &impl Fn(Arc<str>) -> (TheirReading, L)) {
        while let Some(text) = self.next() {
            // Whoever waits reads the text itself then, and breaks by itself if the text breaks whoever reads it.
            let (reading, _leftovers) = catch_unwind(AssertUnwindSafe(|| read(Arc::clone(&text.text)))).ok().unzip();
            text.end(reading.map(Arc::new));
        }
    }
}

/// A text that waits in line, is being read, or was read.
struct Text {
    text: Arc<str>,
    /// Set once it was read; to `None` if reading it broke.
    reading: OnceLock<Option<Arc<TheirReading>>>,
}

impl Text {
    fn end(&self, reading: Option<Arc<TheirReading>>) {
        // It is the only thread that reads this text.
        let _ = self.reading.set(reading);
    }

    /// Sleeps only where it takes long: most readings end about when they are asked for, and to be woken takes as long as to read
    /// a short text. Whoever else can run goes first, the thread that reads among them where there is one processor.
    fn wait(&self) -> Option<Arc<TheirReading>> {
        let begun = Instant::now();
        while begun.elapsed() < AWAKE {
            if let Some(reading) = self.reading.get() {
                return reading.clone();
            }
            yield_now();
        }
        self.reading.wait().clone()
    }
}

/// Nothing breaks while one of these locks is held, so what it holds is whole.
fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
