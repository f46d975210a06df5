//! `sluice check`: are the policies right?

use crate::policy::{self, Diagnostics, Finding};
use crate::store;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check a folder of policies and say all that is wrong with it, with file and line.
///
/// Ends with 0 if the policies are right, 1 if they are wrong, 2 if they can't be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice check                           the folder ./policies
  sluice check policies --output json    for other programs")]
pub(super) struct Arguments {
    /// The folder, read with its sub-folders.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Like a compiler, for people.
    Text,
    /// One JSON object.
    Json,
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
        let compiled = policy::compile(files).map_err(|problems| problems.within(&slashed(&self.folder)));
        match self.output {
            Output::Json => {
                let report = report(&self.folder, &compiled);
                writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
            }
            Output::Text => match &compiled {
                Ok(snapshot) => writeln!(
                    out,
                    "{}: right, {}, revision {}",
                    self.folder.display(),
                    counted(snapshot.policies(), "access policy", "access policies"),
                    snapshot.revision()
                )?,
                Err(problems) => {
                    writeln!(messages, "{}\n", problems.render(true))?;
                    let count = counted(problems.count(), "error", "errors");
                    writeln!(messages, "{}: wrong, {count}", self.folder.display())?;
                }
            },
        }
        Ok(u8::from(compiled.is_err()))
    }
}

fn report(folder: &Path, compiled: &Result<policy::Snapshot, Diagnostics>) -> Report {
    let good = compiled.as_ref().ok();
    Report {
        folder: folder.display().to_string(),
        right: good.is_some(),
        revision: good.map(|snapshot| snapshot.revision().to_owned()),
        policies: good.map(policy::Snapshot::policies),
        errors: compiled.as_ref().err().map(Diagnostics::findings).unwrap_or_default(),
    }
}

fn slashed(folder: &Path) -> String {
    folder.display().to_string().trim_end_matches('/').to_owned()
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const DOMAIN: &str = "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: all}\nspec: {central: true}\n";

    /// Exit code, standard output and standard error.
    fn check(text: Option<&str>, output: Output) -> (u8, String, String) {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            fs::write(folder.path().join("a.yaml"), text).unwrap();
        }
        let arguments = Arguments { folder: folder.path().to_owned(), output };
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let code = arguments.check(&mut anstream::StripStream::new(&mut out), &mut messages).unwrap();
        let messages = anstream::adapter::strip_bytes(&messages).into_vec();
        let plain = |bytes| String::from_utf8(bytes).unwrap().replace(&slashed(folder.path()), "FOLDER");
        (code, plain(out), plain(messages))
    }

    #[test]
    fn right_policies_end_with_0() {
        let (code, out, messages) = check(Some(DOMAIN), Output::Text);
        assert_eq!((code, messages.as_str()), (0, ""));
        assert!(out.starts_with("FOLDER: right, 0 access policies, revision "), "{out}");
    }

    #[test]
    fn wrong_policies_end_with_1_and_are_shown_like_a_compiler_does() {
        let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Text);
        assert_eq!((code, out.as_str()), (1, ""));
        insta::assert_snapshot!(messages);
    }

    #[test]
    fn wrong_policies_are_data_for_other_programs() {
        let (code, out, messages) = check(Some(&DOMAIN.replace("central", "centrl")), Output::Json);
        assert_eq!((code, messages.as_str()), (1, ""));
        insta::assert_snapshot!(out);
    }

    #[test]
    fn an_empty_folder_ends_with_2() {
        let (code, out, messages) = check(None, Output::Json);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(messages, "error: FOLDER: no file ends in .yaml, .yml or .json\n");
    }
}
