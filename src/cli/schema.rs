//! `sluice schema`: what can stand in a policy document.

use super::Failure;
use crate::policy;
use clap::Args;
use std::io::Write as _;

/// Print the JSON Schema of policy documents, for editors.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sluice schema > policies/sluice.schema.json   # then in a file: # yaml-language-server: $schema=sluice.schema.json")]
pub(super) struct Arguments {}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let schema = serde_json::to_string_pretty(&policy::schema())?;
        writeln!(anstream::stdout(), "{schema}")?;
        Ok(())
    }
}
