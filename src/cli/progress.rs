//! How far a long task is: one line on standard error, where that is a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// What is done sooner is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the line is written anew.
const STEP: Duration = Duration::from_millis(100);

/// The line; it is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    terminal: bool,
    next: Instant,
    written: bool,
}

impl Progress {
    /// Of such things.
    pub(super) fn new(what: &'static str) -> Progress {
        Progress { what, terminal: stderr().is_terminal(), next: Instant::now() + PATIENCE, written: false }
    }

    /// So many of so many are done.
    pub(super) fn at(&mut self, done: usize, all: usize) {
        let now = Instant::now();
        if self.terminal && now >= self.next {
            self.next = now + STEP;
            self.written = true;
            // Nobody is helped by an error about a line that is for comfort alone.
            let _ = write!(stderr(), "\r\u{1b}[K{}", line(self.what, done, all));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.written {
            let _ = write!(stderr(), "\r\u{1b}[K");
        }
    }
}

fn line(what: &str, done: usize, all: usize) -> String {
    let percent = (done * 100).checked_div(all).unwrap_or(100);
    format!("{what}: {done} of {all} ({percent}%)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        assert_eq!(line("statements", 50, 200), "statements: 50 of 200 (25%)");
        assert_eq!(line("statements", 0, 0), "statements: 0 of 0 (100%)");
    }
}
