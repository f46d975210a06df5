//! `sluice check`: are the policies right?

use super::asking::listing;
use super::failure::{counted, slashed};
use crate::policy::{self, Diagnostics, Finding, Severity, Snapshot};
use crate::report::{github, sarif};
use crate::store;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check a folder of policies and say all that is wrong with it, with file and line.
///
/// Warnings are about what is allowed but hardly meant: a grant of everything to everyone, a mask that never wins, a rule
/// about tables that nothing grants, a role that nothing names. A mask that can't hold for the type of a column, where that
/// is known, is an error.
///
/// Ends with 0 if the policies are right, 1 if they are wrong, 2 if they can't be read. Warnings alone end with 0, or
/// with 1 under `--deny-warnings`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice check                                        the folder ./policies
  sluice check policies --deny-warnings               for a pull request
  sluice check policies --catalog listing.json        with masks compared with types
  sluice check policies --output github               shown at the lines of a pull request by GitHub Actions
  sluice check policies --output sarif > check.sarif  for code scanning
  sluice check policies --output json                 for other programs")]
pub(super) struct Arguments {
    /// The folder, read with its sub-folders.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// A listing of tables, as JSON: masks are compared with the types of columns. What PolicyTest documents say of tables
    /// is known without it.
    #[arg(long, value_name = "LISTING")]
    catalog: Option<PathBuf>,
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
        let listing = match listing(self.catalog.as_deref()) {
            Ok(listing) => listing,
            Err(error) => {
                writeln!(messages, "error: {}", error.text())?;
                return Ok(2);
            }
        };
        let checked = match policy::compile(files.clone()) {
            Ok(snapshot) => {
                let found = policy::lint_with(files, &snapshot, listing.tables());
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
mod tests {
    use super::*;
    use std::fs;

    const DOMAIN: &str = "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: all}\nspec: {central: true}\n";
    const BROAD: &str = "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {name: broad, domain: all}\nspec:\n  \
        tables: [{catalog: '*', schema: '*', table: '*'}]\n  grants:\n    - to: {everyone: true}\n      privileges: [select]\n";

    /// Exit code, standard output and standard error.
    fn check(text: Option<&str>, output: Output, deny_warnings: bool) -> (u8, String, String) {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            fs::write(folder.path().join("a.yaml"), text).unwrap();
        }
        let arguments = Arguments { folder: folder.path().to_owned(), output, catalog: None, deny_warnings };
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let code = arguments.check(&mut anstream::StripStream::new(&mut out), &mut messages).unwrap();
        let messages = anstream::adapter::strip_bytes(&messages).into_vec();
        let name = slashed(folder.path());
        let plain = |bytes| String::from_utf8(bytes).unwrap().replace(&name, "FOLDER");
        (code, plain(out), plain(messages))
    }

    #[test]
    fn right_policies_end_with_0() {
        let (code, out, messages) = check(Some(DOMAIN), Output::Text, true);
        assert_eq!((code, messages.as_str()), (0, ""));
        assert!(out.starts_with("FOLDER: right, 0 access policies, revision "), "{out}");
    }

    #[test]
    fn wrong_policies_end_with_1_and_are_shown_like_a_compiler_does() {
        let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Text, false);
        assert_eq!((code, out.as_str()), (1, ""));
        insta::assert_snapshot!(messages);
    }

    #[test]
    fn wrong_policies_are_data_for_other_programs() {
        let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Json, false);
        assert_eq!((code, messages.as_str()), (1, ""));
        insta::assert_snapshot!(out);
    }

    #[test]
    fn wrong_policies_are_a_sarif_log_for_code_scanning() {
        let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Sarif, false);
        assert_eq!((code, messages.as_str()), (1, ""));
        insta::assert_snapshot!(out);
    }

    #[test]
    fn warnings_alone_end_with_0_unless_they_are_denied() {
        let text = format!("{DOMAIN}{BROAD}");
        let (code, out, messages) = check(Some(&text), Output::Text, false);
        assert_eq!(code, 0);
        assert!(out.starts_with("FOLDER: right, 1 access policy, 1 warning, revision "), "{out}");
        insta::assert_snapshot!(messages);
        assert_eq!(check(Some(&text), Output::Text, true).0, 1);
    }

    #[test]
    fn warnings_are_workflow_commands_for_github() {
        let (code, out, messages) = check(Some(&format!("{DOMAIN}{BROAD}")), Output::Github, false);
        assert_eq!(code, 0);
        assert!(messages.starts_with("FOLDER: right, "), "{messages}");
        insta::assert_snapshot!(out);
    }

    #[test]
    fn a_mask_that_can_not_hold_for_a_column_of_a_listing_ends_with_1() {
        let folder = tempfile::tempdir().unwrap();
        let (policies, listing) = (folder.path().join("policies"), folder.path().join("listing.json"));
        fs::create_dir(&policies).unwrap();
        let masks = BROAD.replace("name: broad", "name: masks").split("  grants").next().unwrap().to_owned();
        let text = format!("{DOMAIN}{masks}  masks:\n    - {{column: born, mask: year}}\n");
        fs::write(policies.join("a.yaml"), text).unwrap();
        let columns = r#"{"tables": {"lake.hr.people": {"columns": [{"name": "born", "type": "bigint"}]}}}"#;
        fs::write(&listing, columns).unwrap();
        for (catalog, expected) in [(None, 0), (Some(listing.clone()), 1), (Some(folder.path().join("none.json")), 2)] {
            let arguments = Arguments { folder: policies.clone(), output: Output::Text, catalog, deny_warnings: false };
            let (mut out, mut messages) = (Vec::new(), Vec::new());
            let code = arguments.check(&mut anstream::StripStream::new(&mut out), &mut messages).unwrap();
            assert_eq!(code, expected, "{}", String::from_utf8_lossy(&messages));
            if code == 1 {
                let messages = anstream::adapter::strip_bytes(&messages).into_vec();
                let messages = String::from_utf8(messages).unwrap().replace(&slashed(&policies), "FOLDER");
                insta::assert_snapshot!(messages);
            }
        }
    }

    #[test]
    fn an_empty_folder_ends_with_2() {
        let (code, out, messages) = check(None, Output::Json, false);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(messages, "error: FOLDER: no file ends in .yaml, .yml or .json\n");
    }
}
