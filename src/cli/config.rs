//! `sluice config`: is `sluice.yaml` right, and what can stand in it.

use super::Failure;
use crate::config::Config;
use clap::{Args, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;

/// Check the configuration, or print its JSON Schema.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice config check --config deploy/sluice.yaml
  sluice config schema > sluice.schema.json   # for an editor: # yaml-language-server: $schema=sluice.schema.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the configuration as `serve` does, and the files that it names, and say what is wrong.
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "sluice.yaml")]
        config: PathBuf,
    },
    /// Print the JSON Schema of the configuration.
    Schema,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Check { config } => {
                Config::load(config)?;
                writeln!(anstream::stdout(), "{}: right", config.display())?;
            }
            Command::Schema => {
                let schema = serde_json::to_string_pretty(&Config::schema())?;
                writeln!(anstream::stdout(), "{schema}")?;
            }
        }
        Ok(())
    }
}
