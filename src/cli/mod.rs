//! One file a command.

use std::process::ExitCode;

/// Reads the arguments and runs one command.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
