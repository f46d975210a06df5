//! `sluice diff`: what a change of policies changes, not of text but of what people see.

use super::Failure;
use super::asking::{Message, listing, snapshot, time};
use super::progress::Progress;
use crate::catalog::listing::Listing;
use crate::effects::replay::{Differing, Outcome, Replayed, recorded, replay};
use crate::effects::{Change, changes};
use crate::policy::Snapshot;
use crate::report::table;
use crate::sql::GrammarVersion;
use clap::{Args, ValueEnum};
use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Say who gains and who loses what by a change of policies.
///
/// Effects are compared, not text: a file that is moved or a policy that is split changes nothing. OLD and NEW are folders,
/// or `REVISION:FOLDER` of the Git repository that the command is run in.
///
/// Ends with 0, or under `--exit-code` with 1 if there is a change; with 2 if something can't be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice diff main:policies policies                       this branch against main
  sluice diff main:policies policies --output markdown     for a comment on a pull request
  sluice diff old new --catalog listing.json --replay decisions.jsonl
  sluice diff old new --exit-code --output json")]
pub(super) struct Arguments {
    /// The policies as they were.
    old: String,
    /// The policies as they will be.
    new: String,
    /// When, with a zone or an offset; now without it.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A listing of tables, for their columns.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// A decision log: also say which of its statements would be decided in another way. Needs a listing of the tables.
    #[arg(long, value_name = "FILE", requires = "catalog")]
    replay: Option<PathBuf>,
    /// End with 1 if something changes.
    #[arg(long)]
    exit_code: bool,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For a comment on a pull request.
    Markdown,
    /// A JSON array.
    Json,
}

impl Arguments {
    pub(super) fn run(&self) -> ExitCode {
        match self.diff(&mut anstream::stdout()) {
            Ok(changed) => ExitCode::from(u8::from(changed && self.exit_code)),
            Err(failure) => {
                failure.report();
                ExitCode::from(2)
            }
        }
    }

    /// Whether something changes.
    fn diff(&self, out: &mut dyn Write) -> Result<bool, Failure> {
        let (old, new) = (policies(&self.old)?, policies(&self.new)?);
        let listing = listing(self.catalog.as_deref())?;
        let mut progress = Progress::new("tables");
        let found = changes(&old, &new, &listing, time(self.at.as_deref())?, &mut |done, all| progress.at(done, all));
        drop(progress);
        if let Some(log) = &self.replay {
            let replayed = replayed(log, &old, &new, &listing)?;
            match self.output {
                Output::Text => write!(out, "{}\n{}", text(&found), replayed_text(&replayed))?,
                Output::Markdown => write!(out, "{}\n{}", markdown(&found), replayed_markdown(&replayed))?,
                Output::Json => {
                    let both = serde_json::json!({"changes": found, "replay": replayed});
                    writeln!(out, "{}", serde_json::to_string_pretty(&both)?)?;
                }
            }
            return Ok(!found.is_empty() || !replayed.differing.is_empty());
        }
        match self.output {
            Output::Text => write!(out, "{}", text(&found))?,
            Output::Markdown => write!(out, "{}", markdown(&found))?,
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
        }
        Ok(!found.is_empty())
    }
}

/// The statements of a decision log under both policies.
fn replayed(log: &Path, old: &Snapshot, new: &Snapshot, listing: &Listing) -> Result<Replayed, Failure> {
    let text = fs::read_to_string(log).map_err(|error| Message(format!("{}: {error}", log.display())))?;
    let statements = recorded(&text).map_err(|(line, error)| Message(format!("{}:{line}: {error}", log.display())))?;
    let mut progress = Progress::new("statements");
    let step = &mut |done, all| progress.at(done, all);
    Ok(replay(old, new, &statements, listing, GrammarVersion::NEWEST, step)?)
}

fn replayed_text(replayed: &Replayed) -> String {
    let count = format!("{} of {} recorded statements", replayed.differing.len(), replayed.statements);
    let mut text = format!("{count} would be decided in another way\n");
    for Differing { id, user, sql, old, new } in &replayed.differing {
        text.push_str(&format!("  {id}, {user}: {}\n", sql.replace(['\n', '\r'], " ")));
        for (mark, outcome) in [('-', old), ('+', new)] {
            text.push_str(&format!("    {mark} {}\n", outcome_text(outcome)));
        }
    }
    text
}

fn replayed_markdown(replayed: &Replayed) -> String {
    let mut text = format!(
        "**Recorded statements:** {} of {} would be decided in another way.\n",
        replayed.differing.len(),
        replayed.statements
    );
    if !replayed.differing.is_empty() {
        let row = |Differing { id: _, user, sql, old, new }: &Differing| {
            vec![user.clone(), sql.clone(), outcome_text(old), outcome_text(new)]
        };
        let rows: Vec<Vec<String>> = replayed.differing.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table::markdown(&["user", "statement", "before", "after"], &rows));
    }
    text
}

fn outcome_text(outcome: &Outcome) -> String {
    let more = outcome.error.as_ref().or(outcome.rewritten.as_ref());
    more.map_or_else(|| outcome.decision.to_owned(), |more| format!("{}: {more}", outcome.decision))
}

fn text(found: &[Change]) -> String {
    let mut lines = Vec::new();
    let mut table = "";
    for change in found {
        if change.table != table {
            table = &change.table;
            lines.push(table.to_owned());
        }
        lines.push(format!("  {}", change.principal));
        for (mark, list) in [('+', &change.gains), ('-', &change.loses), ('~', &change.changes)] {
            lines.extend(list.iter().map(|what| format!("    {mark} {what}")));
        }
    }
    if lines.is_empty() {
        lines.push("nobody sees more, less or something else".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

fn markdown(found: &[Change]) -> String {
    if found.is_empty() {
        return "**Policies:** nobody sees more, less or something else.\n".to_owned();
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|change| {
            let mut cells = vec![change.table.clone(), change.principal.to_string()];
            cells.extend([&change.gains, &change.loses, &change.changes].map(|list| list.join("; ")));
            cells
        })
        .collect();
    let gains = found.iter().filter(|change| !change.gains.is_empty()).count();
    let loses = found.iter().filter(|change| !change.loses.is_empty()).count();
    format!(
        "**Policies:** {gains} gain, {loses} lose (a user or group and a table each).\n\n{}",
        table::markdown(&["table", "who", "gains", "loses", "changes"], &rows)
    )
}

/// The policies of a folder, or of a folder at a revision.
fn policies(place: &str) -> Result<Snapshot, Failure> {
    let folder = Path::new(place);
    match place.split_once(':') {
        Some((revision, inner)) if !folder.exists() => {
            let exported = tempfile::tempdir()?;
            export(Path::new("."), revision, inner, exported.path())?;
            snapshot(&exported.path().join(inner))
        }
        _ => snapshot(folder),
    }
}

/// Writes a folder, relative to `from`, as it is at a revision. Links and submodules are no policies and are left out.
fn export(from: &Path, revision: &str, inner: &str, into: &Path) -> Result<(), Failure> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if revision.starts_with('-') || revision.is_empty() || !Path::new(inner).components().all(plain) {
        return Err(Message(format!("`{revision}:{inner}` is no revision and a folder below this one")).into());
    }
    let listed = git(from, &["ls-tree", "-r", "-z", revision, "--", if inner.is_empty() { "." } else { inner }])?;
    for entry in String::from_utf8(listed)?.split('\0').filter(|entry| !entry.is_empty()) {
        let Some((head, path)) = entry.split_once('\t') else { continue };
        let [mode, _, object] = head.split(' ').collect::<Vec<_>>()[..] else { continue };
        if !matches!(mode, "100644" | "100755") || !Path::new(path).components().all(plain) {
            continue;
        }
        let to = into.join(path);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(to, git(from, &["cat-file", "blob", object])?)?;
    }
    fs::create_dir_all(into.join(inner))?;
    Ok(())
}

fn git(from: &Path, words: &[&str]) -> Result<Vec<u8>, Failure> {
    let output = Command::new("git").args(words).current_dir(from).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Message(format!("git: {}", said.trim())).into());
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec: {owns: [{catalog: lake, schema: hr}]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: reads, domain: hr}
spec:
  tables: [{table: employees}]
  grants:
    - {to: {groups: [analysts]}, privileges: [select], columns: {except: [ssn]}}
  masks:
    - {column: email, expression: \"'***'\"}
  filters:
    - {expression: region = 'EU'}
";

    fn diff(old: &str, new: &str, output: Output) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("old", old), ("new", new)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("a.yaml"), text).unwrap();
        }
        let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let at = Some("2026-03-01T00:00:00Z".to_owned());
        let arguments = Arguments {
            old: place("old"),
            new: place("new"),
            at,
            catalog: None,
            replay: None,
            exit_code: true,
            output,
        };
        let mut out = Vec::new();
        let changed = arguments.diff(&mut out).unwrap();
        (changed, String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_written_in_another_way_changes_nothing() {
        let new = OLD.replace("name: reads", "name: others").replace("  filters", "  # a comment\n  filters");
        let (changed, text) = diff(OLD, &new, Output::Text);
        assert!(!changed);
        insta::assert_snapshot!(text, @"nobody sees more, less or something else");
    }

    #[test]
    fn gains_and_losses_are_told_by_table_and_principal() {
        let new = OLD
            .replace(
                "{groups: [analysts]}, privileges: [select]",
                "{groups: [analysts, audit]}, privileges: [select, show]",
            )
            .replace("except: [ssn]", "except: [salary]")
            .replace("column: email", "column: name")
            .replace("region = 'EU'", "region = 'US'");
        let (changed, text) = diff(OLD, &new, Output::Text);
        assert!(changed);
        insta::assert_snapshot!(text);
        insta::assert_snapshot!(diff(OLD, &new, Output::Markdown).1);
    }

    #[test]
    fn a_filter_less_shows_more() {
        let new = OLD.split("  filters").next().unwrap();
        insta::assert_snapshot!(diff(OLD, new, Output::Text).1);
    }

    #[test]
    fn another_meaning_of_a_mask_is_a_change_though_its_name_is_the_same() {
        let masks = "---\napiVersion: sluice/v1\nkind: Masks\nmetadata: {name: masks, domain: hr}\nspec: {masks: {contact: {text: \
                     email, otherwise: null}}}\n";
        let old = format!("{}{masks}", OLD.replace("expression: \"'***'\"", "mask: contact"));
        insta::assert_snapshot!(diff(&old, &old.replace("text: email", "text: last(4)"), Output::Text).1);
        insta::assert_snapshot!(diff(&old, &format!("{}{masks}", OLD), Output::Text).1);
    }

    #[test]
    fn recorded_statements_are_decided_under_both_policies() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["old", "new"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::write(path("old/a.yaml"), OLD).unwrap();
        fs::write(path("new/a.yaml"), OLD.replace("groups: [analysts]", "groups: [audit]")).unwrap();
        let columns = r#"[{"name": "id", "type": "bigint"}, {"name": "email", "type": "varchar"}, {"name": "region", "type": "varchar"}]"#;
        fs::write(path("listing.json"), format!(r#"{{"tables": {{"lake.hr.employees": {{"columns": {columns}}}}}}}"#))
            .unwrap();
        let record = |id: &str, sql: &str| {
            format!(
                r#"{{"kind": "decision", "id": "{id}", "time": "2026-01-01T00:00:00Z", "principal": "anna", "user": "anna", "groups": ["analysts"], "sql": "{sql}"}}"#
            )
        };
        let other = r#"{"kind": "completion", "decision": "r1"}"#;
        let log = [record("r1", "SELECT id FROM lake.hr.employees"), other.to_owned(), record("r2", "SELECT 1")];
        fs::write(path("log.jsonl"), log.join("\n")).unwrap();
        let place = |name: &str| path(name).to_str().unwrap().to_owned();
        let mut arguments = Arguments {
            old: place("old"),
            new: place("new"),
            at: Some("2026-03-01T00:00:00Z".to_owned()),
            catalog: Some(path("listing.json")),
            replay: Some(path("log.jsonl")),
            exit_code: true,
            output: Output::Text,
        };
        let mut out = Vec::new();
        assert!(arguments.diff(&mut out).unwrap());
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
        arguments.output = Output::Markdown;
        let mut out = Vec::new();
        arguments.diff(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
        fs::write(path("log.jsonl"), "{}").unwrap();
        let message = arguments.diff(&mut Vec::new()).unwrap_err().text().to_owned();
        assert!(message.contains("log.jsonl:1: "), "{message}");
    }

    #[test]
    fn a_folder_is_read_as_it_was_at_a_revision() {
        let repository = tempfile::tempdir().unwrap();
        let policies = repository.path().join("policies/hr");
        fs::create_dir_all(&policies).unwrap();
        fs::write(policies.join("a.yaml"), OLD).unwrap();
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        git(repository.path(), &["init", "-q"]).unwrap();
        git(repository.path(), &["add", "."]).unwrap();
        git(repository.path(), &[&who[..], &["commit", "-q", "-m", "first"]].concat()).unwrap();
        fs::write(policies.join("a.yaml"), "changed").unwrap();
        let into = tempfile::tempdir().unwrap();
        export(repository.path(), "HEAD", "policies", into.path()).unwrap();
        assert_eq!(fs::read_to_string(into.path().join("policies/hr/a.yaml")).unwrap(), OLD);
        for (revision, inner) in
            [("--output=x", "policies"), ("HEAD", "../policies"), ("HEAD", "/etc"), ("none", "policies")]
        {
            assert!(export(repository.path(), revision, inner, into.path()).is_err(), "{revision}:{inner}");
        }
    }
}
