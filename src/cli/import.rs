//! `sluice import`: other systems' rules as policies.

use crate::import::{self, Imported, Note, Options};
use crate::policy::{self, SourceFile};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write policies from the rules of another system.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sluice import trino-rules etc/rules.json --out policies")]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people, with the lines of the file.
    Human,
    /// For other programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum From {
    TrinoRules(TrinoRules),
}

/// From Trino's file-based access control: `rules.json`.
///
/// The policies grant what the rules do, and nothing beside it. What has no counterpart is said with file and line, and
/// grants less. Ends with 0 if policies were written, 1 if Trino would not take the rules (with --strict: if anything has
/// no counterpart), 2 if a file can't be read or written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice import trino-rules etc/rules.json                      to standard output
  sluice import trino-rules etc/rules.json --out policies       to policies/trino-rules.yaml
  sluice import trino-rules rules.json --groups etc/group.txt   with the members of groups")]
struct TrinoRules {
    /// The file of rules.
    rules: PathBuf,
    /// Write `trino-rules.yaml` into this folder; a file that is there is not replaced.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The central domain that the policies get.
    #[arg(long, default_value = "trino")]
    domain: String,
    /// A file of users, one a line, whom expressions such as `dev_.*` may stand for.
    #[arg(long)]
    users: Option<PathBuf>,
    /// The members of groups, as Trino's file group provider has them: `group:user,user`.
    #[arg(long)]
    groups: Option<PathBuf>,
    /// How to tell what has no counterpart: `json` writes a list of it to standard output, and needs --out.
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
    /// End with 1, and write nothing, if anything has no counterpart.
    #[arg(long)]
    strict: bool,
}

impl Arguments {
    pub(super) fn run(&self) -> ExitCode {
        let From::TrinoRules(arguments) = &self.from;
        let code = arguments.import(&mut anstream::stdout(), &mut anstream::stderr());
        // Nobody reads what can't be written; the exit code must not say that all is well.
        ExitCode::from(code.unwrap_or(2))
    }
}

impl TrinoRules {
    fn import(&self, out: &mut dyn Write, messages: &mut dyn Write) -> io::Result<u8> {
        let (text, options) = match self.read() {
            Ok(read) => read,
            Err(message) => {
                writeln!(messages, "error: {message}")?;
                return Ok(2);
            }
        };
        let path = self.rules.display().to_string();
        let Imported { text: policies, policies: count, notes } = match import::import(&path, &text, &options) {
            Ok(imported) => imported,
            Err(problems) => {
                tell(&problems, &path, &text, messages)?;
                writeln!(messages, "{path}: wrong, {}", counted(problems.len(), "error", "errors"))?;
                return Ok(1);
            }
        };
        match self.output {
            Output::Human => tell(&notes, &path, &text, messages)?,
            Output::Json if self.out.is_none() => {
                writeln!(
                    messages,
                    "error: --output json writes to standard output, so --out has to say where policies go"
                )?;
                return Ok(2);
            }
            Output::Json => {
                let told = |note: &Note| json!({"code": note.code, "rule": note.rule.as_ref().map(ToString::to_string), "line": note.line(&text), "message": note.message, "label": note.label});
                writeln!(out, "{:#}", json!(notes.iter().map(told).collect::<Vec<_>>()))?;
            }
        }
        let summary = format!(
            "{}, {} without a counterpart",
            counted(count, "policy", "policies"),
            counted(notes.len(), "part", "parts")
        );
        if self.strict && !notes.is_empty() {
            writeln!(messages, "{path}: nothing written: {summary}")?;
            return Ok(1);
        }
        // What is written has to be right; anything else is a fault of this command.
        let file = SourceFile { path: "trino-rules.yaml".to_owned(), text: policies.clone() };
        if let Err(problems) = policy::compile(vec![file]) {
            writeln!(messages, "{problems}\n\n{path}: nothing written: the policies above would be wrong")?;
            return Ok(2);
        }
        match &self.out {
            None => out.write_all(policies.as_bytes())?,
            Some(folder) => {
                let target = folder.join("trino-rules.yaml");
                if let Err(error) = write_new(folder, &target, &policies) {
                    writeln!(messages, "error: {}: {error}", target.display())?;
                    return Ok(2);
                }
                writeln!(messages, "{}: {summary}", target.display())?;
            }
        }
        Ok(0)
    }

    fn read(&self) -> Result<(String, Options), String> {
        let users = match &self.users {
            None => Vec::new(),
            Some(path) => lines(&read(path)?).map(str::to_owned).collect(),
        };
        let groups = match &self.groups {
            None => None,
            Some(path) => {
                let mut groups = BTreeMap::<String, BTreeSet<String>>::new();
                for line in lines(&read(path)?) {
                    let Some((group, members)) = line.split_once(':') else {
                        return Err(format!("{}: `{line}` is not `group:user,user`", path.display()));
                    };
                    let members = members.split(',').map(str::trim).filter(|user| !user.is_empty()).map(str::to_owned);
                    groups.entry(group.trim().to_owned()).or_default().extend(members);
                }
                Some(groups)
            }
        };
        Ok((read(&self.rules)?, Options { domain: self.domain.clone(), users, groups }))
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn write_new(folder: &Path, target: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::OpenOptions::new().write(true).create_new(true).open(target)?.write_all(text.as_bytes())
}

fn tell(notes: &[Note], path: &str, text: &str, messages: &mut dyn Write) -> io::Result<()> {
    notes.iter().try_for_each(|note| writeln!(messages, "{}\n", note.render(path, text, true)))
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exit code, standard output and standard error.
    fn import(rules: &str, change: impl FnOnce(&mut TrinoRules, &Path)) -> (u8, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.json");
        fs::write(&path, rules).unwrap();
        let mut arguments = TrinoRules {
            rules: path,
            out: None,
            domain: "d".to_owned(),
            users: None,
            groups: None,
            output: Output::Human,
            strict: false,
        };
        change(&mut arguments, folder.path());
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let code = arguments.import(&mut out, &mut messages).unwrap();
        let messages = anstream::adapter::strip_bytes(&messages).into_vec();
        (code, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
    }

    const UNKNOWN_USERS: &str = r#"{"tables": [{"user": "d.*", "privileges": ["SELECT"]}]}"#;

    #[test]
    fn policies_go_to_standard_output() {
        let (code, out, messages) = import(r#"{"tables": []}"#, |_, _| {});
        assert_eq!((code, messages.contains("error")), (0, false), "{messages}");
        assert!(out.contains("metadata: {name: d}"), "{out}");
    }

    #[test]
    fn what_trino_would_not_take_ends_with_1() {
        let (code, out, messages) = import(r#"{"tabels": []}"#, |_, _| {});
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(messages.contains("error[unknown-field]") && messages.contains("wrong, 1 error"), "{messages}");
    }

    #[test]
    fn a_part_without_a_counterpart_is_told_and_refused_if_so_wanted() {
        let (code, _, messages) = import(UNKNOWN_USERS, |_, _| {});
        assert!(code == 0 && messages.contains("warning[known-users-only]"), "{messages}");
        let (code, out, messages) = import(UNKNOWN_USERS, |arguments, _| arguments.strict = true);
        assert!(code == 1 && out.is_empty() && messages.contains("nothing written"), "{messages}");
    }

    #[test]
    fn what_has_no_counterpart_is_told_to_other_programs_by_its_rule() {
        let (code, out, messages) = import(UNKNOWN_USERS, |arguments, _| arguments.output = Output::Json);
        assert!(code == 2 && out.is_empty() && messages.contains("--out has to say"), "{messages}");
        let (code, out, messages) = import(UNKNOWN_USERS, |arguments, folder| {
            arguments.output = Output::Json;
            arguments.out = Some(folder.join("policies"));
        });
        assert_eq!(code, 0, "{messages}");
        let notes: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (&notes[0]["code"], &notes[0]["rule"], &notes[0]["line"]),
            (&"known-users-only".into(), &"tables[0]".into(), &1.into())
        );
    }

    #[test]
    fn users_and_groups_are_read_from_files() {
        let (code, out, messages) = import(UNKNOWN_USERS, |arguments, folder| {
            arguments.users = Some(folder.join("users"));
            arguments.groups = Some(folder.join("groups"));
            fs::write(folder.join("users"), "# people\ndora\n\neve\n").unwrap();
            fs::write(folder.join("groups"), "ops: dan, eve\n").unwrap();
        });
        assert_eq!(code, 0, "{messages}");
        assert!(out.contains("to: {users: [dan, dora]}") && out.contains("dan: {groups: [ops]}"), "{out}");
    }

    #[test]
    fn files_that_can_not_be_read_end_with_2() {
        let (code, _, messages) = import("{}", |arguments, folder| arguments.rules = folder.join("nowhere"));
        assert!(code == 2 && messages.contains("nowhere: No such file"), "{messages}");
        let (code, _, messages) = import("{}", |arguments, folder| {
            arguments.groups = Some(folder.join("groups"));
            fs::write(folder.join("groups"), "ops\n").unwrap();
        });
        assert!(code == 2 && messages.contains("`ops` is not `group:user,user`"), "{messages}");
    }
}
