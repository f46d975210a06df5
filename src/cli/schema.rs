//! `sluice schema`: what can stand in a policy document, for editors and for readers.

mod reference;

use super::Failure;
use crate::policy;
use clap::{Args, ValueEnum};
use std::io::Write as _;

/// Print the JSON Schema of policy documents, for editors, or a page about each kind and field.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice schema > policies/.sluice.schema.json  # for files beside it: # yaml-language-server: $schema=.sluice.schema.json
  sluice schema --output markdown               # the reference of the language")]
pub(super) struct Arguments {
    /// The JSON Schema, or the reference as Markdown.
    #[arg(long, value_enum, default_value_t = Output::Json, value_name = "FORM")]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Json,
    Markdown,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let text = match self.output {
            Output::Json => serde_json::to_string_pretty(&policy::schema())? + "\n",
            Output::Markdown => reference::page(&policy::Kind::all()),
        };
        write!(anstream::stdout(), "{text}")?;
        Ok(())
    }
}
