//! `sluice exceptions`: what is allowed for some time, why, and by whom.

use super::Failure;
use super::asking::{snapshot, time};
use crate::effects::exceptions::{Exception, Standing, exceptions};
use crate::report::table;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::PathBuf;

/// List exceptions: for whom, when, why, who approved it, and whether each is in force, ahead or over.
///
/// Ends with 0, or with 1 if the policies can't be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice exceptions                                  those of the folder ./policies
  sluice exceptions --state in-force --state ahead   without those that are over
  sluice exceptions --at 2026-05-04T10:00:00Z --output csv > exceptions.csv")]
pub(super) struct Arguments {
    /// The folder of policies.
    #[arg(default_value = "policies")]
    policies: PathBuf,
    /// Only those; may be given several times.
    #[arg(long = "state", value_enum, value_name = "STATE")]
    states: Vec<State>,
    /// When, with a zone or an offset; now without it.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// Those that hold.
    InForce,
    /// Those that do not hold yet.
    Ahead,
    /// Those that hold no more.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For a spreadsheet.
    Csv,
    /// A JSON array.
    Json,
}

impl From<State> for Standing {
    fn from(state: State) -> Standing {
        match state {
            State::InForce => Standing::InForce,
            State::Ahead => Standing::Ahead,
            State::Over => Standing::Over,
        }
    }
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        self.list(&mut anstream::stdout())
    }

    fn list(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let mut found = exceptions(&snapshot(&self.policies)?, time(self.at.as_deref())?);
        let wanted =
            |state: Standing| self.states.is_empty() || self.states.iter().any(|other| state == (*other).into());
        found.retain(|exception| wanted(exception.state));
        match self.output {
            Output::Text if found.is_empty() => writeln!(out, "no exceptions")?,
            Output::Text => write!(out, "{}", text(&found))?,
            Output::Csv => write!(out, "{}", csv(&found))?,
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
        }
        Ok(())
    }
}

/// A reason is as long as it has to be, so each exception gets lines of its own.
fn text(found: &[Exception]) -> String {
    let one = |exception: &Exception| {
        let Exception { exception: name, state, from, until, to, file, line, reason, ticket, .. } = exception;
        let lines = [
            ("for", to.clone()),
            ("tables", joined(&exception.tables)),
            ("lifts", joined(exception.lifts.iter().map(|name| format!("guardrail/{name}")))),
            ("from", format!("{from} until {until}")),
            ("reason", reason.clone()),
            ("ticket", ticket.clone()),
            ("approved", format!("by {}", joined(&exception.approvers))),
        ];
        let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
        let lines: String =
            lines.map(|(word, text)| format!("  {word:<9} {}\n", text.replace(['\n', '\r'], " "))).collect();
        format!("{name}: {} ({file}:{line})\n{lines}", state.as_str())
    };
    found.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn csv(found: &[Exception]) -> String {
    let heads =
        ["exception", "state", "from", "until", "for", "tables", "lifts", "reason", "ticket", "approved by", "file"];
    let rows = found.iter().map(|exception| {
        vec![
            exception.exception.clone(),
            exception.state.as_str().to_owned(),
            exception.from.to_string(),
            exception.until.to_string(),
            exception.to.clone(),
            joined(&exception.tables),
            joined(&exception.lifts),
            exception.reason.clone(),
            exception.ticket.clone(),
            joined(&exception.approvers),
            format!("{}:{}", exception.file, exception.line),
        ]
    });
    table::csv(&heads, &rows.collect::<Vec<_>>())
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: sales}
spec: {owns: [{catalog: lake, schema: sales}], owners: [owner]}
---
apiVersion: sluice/v1
kind: Guardrail
metadata: {name: contacts}
spec:
  tables: [{catalog: '*', schema: '*', table: '*'}]
  masks: [{column: email, expression: 'NULL'}]
  approvers: [officer]
";

    fn exception(name: &str, day: u32) -> String {
        format!(
            "---\napiVersion: sluice/v1\nkind: Exception\nmetadata: {{name: {name}, domain: sales}}\nspec:\n  \
             reason: \"Customers of a faulty\\nlot are called\"\n  ticket: SEC-{day}\n  approvers: [owner, officer]\n  \
             from: 2026-05-0{day}T08:00:00[Europe/Berlin]\n  until: 2026-05-0{day}T16:00:00[Europe/Berlin]\n  \
             to: {{users: [paula], groups: [calls]}}\n  tables: [{{table: customers}}, {{table: lots}}]\n  \
             privileges: [select]\n  lifts: [contacts]\n"
        )
    }

    fn list(text: &str, states: Vec<State>, output: Output) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let at = Some("2026-05-04T12:00:00Z".to_owned());
        let mut out = Vec::new();
        Arguments { policies: folder.path().to_owned(), states, at, output }.list(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn three() -> String {
        [POLICIES.to_owned(), exception("a-over", 3), exception("b-now", 4), exception("c-ahead", 5)].concat()
    }

    #[test]
    fn those_in_force_come_first() {
        insta::assert_snapshot!(list(&three(), vec![], Output::Text));
    }

    #[test]
    fn a_state_may_be_asked_for() {
        let text = list(&three(), vec![State::Ahead, State::Over], Output::Csv);
        insta::assert_snapshot!(text.replace("\r\n", "\n"));
        assert_eq!(list(POLICIES, vec![], Output::Text), "no exceptions\n");
    }

    #[test]
    fn other_programs_get_json() {
        let json: serde_json::Value =
            serde_json::from_str(&list(&three(), vec![State::InForce], Output::Json)).unwrap();
        assert_eq!(json.as_array().unwrap().len(), 1);
        assert_eq!((&json[0]["exception"], &json[0]["state"]), (&"sales/b-now".into(), &"in_force".into()));
        assert_eq!(json[0]["until"], "2026-05-04T14:00:00Z");
    }
}
