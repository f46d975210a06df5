//! The commands of `sluice`: one file a command.
//!
//! In: the process's arguments. Out: its exit code: 0 when all went well, 1 when not, 2 when the arguments are wrong.
//! Results go to standard output, messages to standard error.

mod access;
mod asking;
mod check;
mod codeowners;
mod completions;
mod config;
mod diff;
mod explain;
mod failure;
mod import;
mod man;
mod schema;
mod serve;
mod sql;
mod test;

use clap::{ColorChoice, Parser, Subcommand};
use std::process::ExitCode;

pub(crate) use failure::Failure;

/// A transparent policy gate in front of Trino.
///
/// Clients speak the ordinary Trino protocol to Sluice. It reads each statement, decides by the policies, masks,
/// filters or refuses, writes the decision down, and forwards what is left.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    /// When to use colours.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, global = true, value_name = "WHEN")]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sluice check policies                             are the policies right?
  sluice test policies --coverage                   do they decide what their tests say?
  sluice explain --user anna --table a.b.c          why may anna read it, or why not?
  sluice access --table a.b.c                       who may read it?
  sluice diff main:policies policies                who gains and who loses by this change?
  sluice import trino-rules rules.json              policies from Trino's own rules
  sluice config check --config deploy/sluice.yaml   is the configuration right?
  sluice serve --config deploy/sluice.yaml          run the proxy
  sluice completions bash > /etc/bash_completion.d/sluice";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Check(check::Arguments),
    Explain(explain::Arguments),
    Test(test::Arguments),
    Access(access::Arguments),
    Diff(diff::Arguments),
    Schema(schema::Arguments),
    Config(config::Arguments),
    Import(import::Arguments),
    Sql(sql::Arguments),
    Codeowners(codeowners::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Reads the arguments and runs one command.
pub fn run() -> ExitCode {
    let Cli { color, command } = Cli::parse();
    let choice = match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
    let result = match command {
        Command::Serve(arguments) => arguments.run(),
        Command::Check(arguments) => return arguments.run(),
        Command::Explain(arguments) => arguments.run(),
        Command::Test(arguments) => return arguments.run(),
        Command::Access(arguments) => arguments.run(),
        Command::Diff(arguments) => return arguments.run(),
        Command::Schema(arguments) => arguments.run(),
        Command::Config(arguments) => arguments.run(),
        Command::Import(arguments) => return arguments.run(),
        Command::Sql(arguments) => arguments.run(),
        Command::Codeowners(arguments) => arguments.run(),
        Command::Completions(arguments) => arguments.run(),
        Command::Man(arguments) => arguments.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
