//! `sluice check`: are the policies right?

use super::Failure;
use super::asking::{listing, time};
use super::failure::{counted, slashed};
use super::trino::{self, TrinoUser};
use crate::catalog::listing::Listing;
use crate::policy::{self, Against, Diagnostics, Finding, Severity, Snapshot};
use crate::report::{github, sarif};
use crate::store;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check a folder of policies and say all that is wrong with it, with file and line.
///
/// Warnings are about what is allowed but hardly meant: a grant of everything to everyone, a mask that never wins, a rule
/// about tables that nothing grants, a role that nothing names, a rule that is over. With a listing of tables (--catalog), or
/// a Trino (--against-trino), names and patterns that no table and no column has are told too. A mask that can't hold for the
/// type of a column, where that is known, is an error.
///
/// Ends with 0 if the policies are right, 1 if they are wrong, 2 if they can't be read. Warnings alone end with 0, or
/// with 1 under `--deny-warnings`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice check                                        the folder ./policies
  sluice check policies --deny-warnings               for a pull request
  sluice check policies --catalog listing.json        with masks compared with types, and names with what there is
  sluice check policies --against-trino https://trino:8443 --trino-password-file secret
  sluice check policies --output github               shown at the lines of a pull request by GitHub Actions
  sluice check policies --output sarif > check.sarif  for code scanning
  sluice check policies --output json                 for other programs")]
pub(super) struct Arguments {
    /// The folder, read with its sub-folders.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// A listing of all tables, as `sluice catalog export` writes it: names and masks are compared with what there is. For
    /// masks, what PolicyTest documents say of tables is known without it.
    #[arg(long, value_name = "FILE", conflicts_with = "against_trino")]
    catalog: Option<PathBuf>,
    /// Scheme, host and port of a Trino that is asked for all tables.
    #[arg(long, value_name = "URL")]
    against_trino: Option<String>,
    #[command(flatten)]
    user: TrinoUser,
    /// When, with a zone or an offset; now without it. Rules that are over by then are told.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Take warnings for errors.
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Like a compiler, for people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// What is known of the folder, for other programs.
#[derive(Debug, Serialize)]
struct Report {
    folder: String,
    right: bool,
    /// The revision that decisions will carry; absent if the policies are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    /// How many access policies there are; absent if the policies are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<usize>,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

/// What came of the folder.
struct Checked {
    snapshot: Option<Snapshot>,
    found: Diagnostics,
}

impl Checked {
    fn count(&self, severity: Severity) -> usize {
        self.found.count(severity)
    }
}

impl Arguments {
    pub(super) fn run(&self) -> ExitCode {
        let code = self.check(&mut anstream::stdout(), &mut anstream::stderr());
        // Nobody reads what can't be written, such as into a closed pipe; the exit code must not say that all is well.
        ExitCode::from(code.unwrap_or(2))
    }

    fn check(&self, out: &mut dyn Write, messages: &mut dyn Write) -> io::Result<u8> {
        let files = match store::read_folder(&self.folder) {
            Ok(files) => files,
            Err(error) => {
                writeln!(messages, "error: {error}")?;
                return Ok(2);
            }
        };
        let (now, listing) = match self.against() {
            Ok(against) => against,
            Err(failure) => {
                writeln!(messages, "error: {}", failure.text().trim_end())?;
                return Ok(2);
            }
        };
        let checked = match policy::compile(files.clone()) {
            Ok(snapshot) => {
                let against = Against { now: Some(now), tables: listing.as_ref().map(Listing::tables) };
                let found = policy::lint_against(files, &snapshot, against);
                Checked { snapshot: (found.count(Severity::Error) == 0).then_some(snapshot), found }
            }
            Err(found) => Checked { found, snapshot: None },
        };
        let checked = Checked { found: checked.found.within(&slashed(&self.folder)), ..checked };
        match self.output {
            Output::Json => {
                writeln!(out, "{}", serde_json::to_string_pretty(&report(&self.folder, &checked))?)?;
            }
            Output::Sarif => {
                writeln!(out, "{}", serde_json::to_string_pretty(&sarif::log(&checked.found.findings()))?)?;
            }
            Output::Github => {
                write!(out, "{}", github::commands(&checked.found.findings()))?;
                self.summary(&checked, messages)?;
            }
            Output::Text => {
                let text = checked.found.render(true);
                if !text.is_empty() {
                    writeln!(messages, "{text}\n")?;
                }
                let summary: &mut dyn Write = if checked.snapshot.is_some() { out } else { messages };
                self.summary(&checked, summary)?;
            }
        }
        let denied = self.deny_warnings && checked.count(Severity::Warning) > 0;
        Ok(u8::from(checked.snapshot.is_none() || denied))
    }

    /// The time, and what tables there are, if that is to be known.
    fn against(&self) -> Result<(Timestamp, Option<Listing>), Failure> {
        let listing = match &self.against_trino {
            Some(url) => Some(trino::listing(&self.user.at(url), &|_, _| true)?),
            None => self.catalog.as_deref().map(|path| listing(Some(path))).transpose()?,
        };
        Ok((time(self.at.as_deref())?, listing))
    }

    fn summary(&self, checked: &Checked, to: &mut dyn Write) -> io::Result<()> {
        let folder = self.folder.display();
        let Some(snapshot) = &checked.snapshot else {
            return writeln!(to, "{folder}: wrong, {}", counted(checked.count(Severity::Error), "error", "errors"));
        };
        let warnings = match checked.count(Severity::Warning) {
            0 => String::new(),
            count => format!(", {}", counted(count, "warning", "warnings")),
        };
        let policies = counted(snapshot.policies(), "access policy", "access policies");
        writeln!(to, "{folder}: right, {policies}{warnings}, revision {}", snapshot.revision())
    }
}

fn report(folder: &Path, checked: &Checked) -> Report {
    let good = checked.snapshot.as_ref();
    let (errors, warnings) =
        checked.found.findings().into_iter().partition(|finding| finding.severity == Severity::Error);
    Report {
        folder: folder.display().to_string(),
        right: good.is_some(),
        revision: good.map(|snapshot| snapshot.revision().to_owned()),
        policies: good.map(Snapshot::policies),
        errors,
        warnings,
    }
}

#[cfg(test)]
mod tests;
