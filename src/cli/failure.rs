//! How a command says that it failed, and other words that commands share.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// What went wrong, for the person at the terminal: the message and its causes.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
}

impl Failure {
    /// What is printed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Prints it to standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // There is nobody left to tell when standard error is closed.
        let _ = writeln!(anstream::stderr(), "error: {}", self.text().trim_end());
        ExitCode::FAILURE
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            // Some errors tell their cause in their own words already.
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                let _ = write!(text, ": {inner_text}");
            }
            cause = inner.source();
        }
        Failure { text }
    }
}

/// A folder as the start of paths in messages.
pub(super) fn slashed(folder: &Path) -> String {
    folder.display().to_string().trim_end_matches('/').to_owned()
}

/// A number with its noun.
pub(super) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
