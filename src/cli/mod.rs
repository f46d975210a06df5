//! The commands of `sluice`: one file a command.
//!
//! In: the process's arguments. Out: its exit code: 0 when all went well, 1 when not, 2 when the arguments are wrong.
//! Results go to standard output, messages to standard error.

mod access;
mod asking;
mod catalog;
mod check;
mod codeowners;
mod completions;
mod config;
mod diff;
mod exceptions;
mod explain;
mod failure;
mod fmt;
mod import;
mod man;
mod progress;
mod reload;
mod schema;
mod serve;
mod sql;
mod test;
mod trino;
mod whole;

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
  sluice fmt policies                               write them in one form
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
    Fmt(fmt::Arguments),
    Explain(explain::Arguments),
    Test(test::Arguments),
    Access(access::Arguments),
    Diff(diff::Arguments),
    Exceptions(exceptions::Arguments),
    Catalog(catalog::Arguments),
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
        Command::Fmt(arguments) => return arguments.run(),
        Command::Explain(arguments) => arguments.run(),
        Command::Test(arguments) => return arguments.run(),
        Command::Access(arguments) => arguments.run(),
        Command::Diff(arguments) => return arguments.run(),
        Command::Exceptions(arguments) => arguments.run(),
        Command::Catalog(arguments) => arguments.run(),
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

    /// All commands and their sub-commands, each with its whole name.
    fn commands(of: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
        let mut found = vec![(name.to_owned(), of.clone())];
        for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
            found.extend(commands(command, &format!("{name} {}", command.get_name())));
        }
        found
    }

    /// The words of an example, as a shell gives them to `sluice`; what is piped, redirected or said about it is left out.
    fn words(example: &str) -> Option<Vec<String>> {
        let start = example.find("sluice ")?;
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        let mut rest = example.get(start..)?.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => {
                    words.push(std::mem::take(&mut word));
                    if matches!(rest.peek(), None | Some(' ' | '|' | '>' | '<' | '#')) {
                        return Some(words);
                    }
                }
                c => word.push(c),
            }
        }
        words.push(word);
        Some(words)
    }

    #[test]
    fn each_command_has_examples_and_each_example_is_right() {
        let mut lacking = Vec::new();
        let mut tried = 0;
        for (name, command) in commands(&Cli::command(), "sluice") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = help.split("\\\n").map(str::trim_start).collect::<Vec<_>>().join("");
            let own = examples.lines().filter_map(words).inspect(|words| {
                if let Err(error) = Cli::try_parse_from(words) {
                    panic!("{name}: {words:?}: {error}");
                }
            });
            let of_it = own.filter(|words| words.join(" ").starts_with(&name)).count();
            tried += of_it;
            if !help.starts_with("Example") || of_it == 0 {
                lacking.push(name);
            }
        }
        assert_eq!(lacking, [""; 0], "without an example");
        assert!(tried > 40, "{tried}");
    }
}
