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
mod tests {
    use super::*;
    use std::fs;

    const DOMAIN: &str = "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: all}\nspec: {central: true}\n";
    const BROAD: &str = "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {name: broad, domain: all}\nspec:\n  \
        tables: [{catalog: '*', schema: '*', table: '*'}]\n  grants:\n    - to: {everyone: true}\n      privileges: [select]\n";

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// Exit code, standard output and standard error.
    fn check(text: Option<&str>, output: Output, deny_warnings: bool) -> (u8, String, String) {
        let output = output.to_possible_value().unwrap();
        let words = ["--output", output.get_name()].into_iter().chain(deny_warnings.then_some("--deny-warnings"));
        run(text, &words.collect::<Vec<_>>())
    }

    /// The same by words; `FOLDER` stands for the folder.
    fn run(text: Option<&str>, words: &[&str]) -> (u8, String, String) {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            fs::write(folder.path().join("a.yaml"), text).unwrap();
        }
        let name = slashed(folder.path());
        let words = ["check", &name].into_iter().chain(words.iter().copied()).map(|word| word.replace("FOLDER", &name));
        let Command { arguments } = clap::Parser::parse_from(words);
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let code = arguments.check(&mut anstream::StripStream::new(&mut out), &mut messages).unwrap();
        let messages = anstream::adapter::strip_bytes(&messages).into_vec();
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

    const OVER: &str = "---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: over, domain: all}
spec:
  tables: [{catalog: lake, schema: hr, table: employees}]
  grants:
    - to: {groups: [a]}
      privileges: [select]
      validity: {until: 2026-05-01T00:00:00Z}
  impersonate:
    - {to: {users: [b]}, users: [c], validity: {until: 2026-05-02T00:00:00Z}}
  masks:
    - {column: email, expression: \"NULL\", validity: {from: 2026-05-01T00:00:00Z}}
---
apiVersion: sluice/v1
kind: Exception
metadata: {name: past, domain: all}
spec:
  reason: r
  ticket: t
  approvers: [o]
  from: 2026-04-01T00:00:00Z
  until: 2026-04-02T00:00:00Z
  to: {groups: [a]}
  tables: [{catalog: lake, schema: hr, table: employees}]
  privileges: [select, insert]
";

    #[test]
    fn rules_that_are_over_are_told_as_of_a_time() {
        let text = format!("{}{OVER}", DOMAIN.replace("{central: true}", "{central: true, owners: [o]}"));
        let told = |at: &str| run(Some(&text), &["--at", at]);
        let (code, out, messages) = told("2026-05-03T00:00:00Z");
        assert!(code == 0 && out.contains("right, 2 access policies, 3 warnings"), "{out}");
        insta::assert_snapshot!(messages);
        assert_eq!(told("2026-04-01T00:00:00Z").2, "");
        let (code, _, messages) = told("yesterday");
        assert!(code == 2 && messages.contains("`yesterday` is no time"), "{messages}");
    }

    const NAMES: &str = "---
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec: {owns: [{catalog: lake, schema: hr}, {catalog: lake, schema: hr, table: past_*}]}
---
apiVersion: sluice/v1
kind: Tags
metadata: {name: hr, domain: hr}
spec:
  tables:
    - {table: employees, tags: [people], columns: {emial: [pii.mail], name: [pii.name]}}
    - {table: reviews, tags: [notes], columns: {note: [pii.note]}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: reads, domain: hr}
spec:
  tables: [{table: employes}, {table: e*}, {tag: notes}]
  grants:
    - {to: {groups: [a]}, privileges: [select], columns: {only: [id, Name, salery, \"*_note\"]}}
    - {to: {groups: [b]}, privileges: [select], columns: {exceptTagged: [pii.mail, pii.name]}}
  masks:
    - {column: region, expression: \"NULL\"}
    - {tag: pii.note, expression: \"NULL\"}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: others, domain: all}
spec:
  tables: [{catalog: lake, schema: hrr, table: employees}, {catalog: lke, schema: hr, table: \"*\"}]
  grants: [{to: {groups: [a]}, privileges: [insert]}]
";

    #[test]
    fn names_that_no_table_has_are_told_by_a_listing() {
        let folder = tempfile::tempdir().unwrap();
        let listing = folder.path().join("listing.json");
        let columns =
            ["id", "name", "email", "salary"].map(|name| format!(r#"{{"name": "{name}", "type": "varchar"}}"#));
        let text = format!(r#"{{"tables": {{"lake.hr.employees": {{"columns": [{}]}}}}}}"#, columns.join(", "));
        fs::write(&listing, text).unwrap();
        let policies = format!("{DOMAIN}{NAMES}");
        let (code, _, messages) = run(Some(&policies), &["--catalog", listing.to_str().unwrap()]);
        assert_eq!(code, 0);
        insta::assert_snapshot!(messages);
        assert_eq!(run(Some(&policies), &[]).2, "", "without a listing nothing is told");
        let (code, _, messages) = run(Some(&policies), &["--catalog", "FOLDER/none.json"]);
        assert!(code == 2 && messages.contains("none.json: No such file"), "{messages}");
    }

    #[test]
    fn names_that_no_table_has_are_told_by_a_trino() {
        let (_runtime, fake) = trino::fake();
        let policies = format!("{DOMAIN}{NAMES}");
        let (code, _, messages) = run(Some(&policies), &["--against-trino", fake.url(), "--trino-user", "reader"]);
        assert!(code == 0 && messages.contains("there is no table `lake.hr.employes`"), "{messages}");
        assert!(messages.contains("has no column `emial`") && messages.contains("did you mean `email`?"), "{messages}");
        assert_eq!(fake.header("x-trino-user"), "reader");
    }

    #[test]
    fn a_trino_that_does_not_answer_ends_with_2() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (code, out, messages) = run(Some(DOMAIN), &["--against-trino", &format!("http://{free}")]);
        assert!(code == 2 && out.is_empty() && messages.starts_with("error: the catalogs: "), "{messages}");
    }

    #[test]
    fn a_mask_that_can_not_hold_for_a_column_of_a_listing_ends_with_1() {
        let folder = tempfile::tempdir().unwrap();
        let listing = folder.path().join("listing.json");
        let masks = BROAD.replace("name: broad", "name: masks").split("  grants").next().unwrap().to_owned();
        let text = format!("{DOMAIN}{masks}  masks:\n    - {{column: born, mask: year}}\n");
        let columns = r#"{"tables": {"lake.hr.people": {"columns": [{"name": "born", "type": "bigint"}]}}}"#;
        fs::write(&listing, columns).unwrap();
        let code = |words: &[&str]| run(Some(&text), words).0;
        assert_eq!((code(&[]), code(&["--catalog", "FOLDER/none.json"])), (0, 2));
        let (code, _, messages) = run(Some(&text), &["--catalog", listing.to_str().unwrap()]);
        assert_eq!(code, 1);
        insta::assert_snapshot!(messages);
    }

    #[test]
    fn an_empty_folder_ends_with_2() {
        let (code, out, messages) = check(None, Output::Json, false);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(messages, "error: FOLDER: no file ends in .yaml, .yml or .json\n");
    }
}
