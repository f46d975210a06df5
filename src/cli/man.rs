//! `sluice man`: the manual pages.

use super::{Cli, Failure};
use clap::{Args, CommandFactory};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

/// Print the manual page, or write one for each command into a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice man | man -l -
  sluice man --into ~/.local/share/man/man1    one page a command, such as sluice-check.1")]
pub(super) struct Arguments {
    /// The folder; it is made if it does not exist.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let command = Cli::command();
        match &self.into {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                clap_mangen::generate_to(command, folder)?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                std::io::stdout().lock().write_all(&page)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("man1");
        Arguments { into: Some(into.clone()) }.run().unwrap();
        for command in Cli::command().get_subcommands() {
            let page = fs::read_to_string(into.join(format!("sluice-{}.1", command.get_name()))).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{}", command.get_name());
        }
    }
}
