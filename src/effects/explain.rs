//! Why a statement is decided as it is: the rules about each of its tables, and what would be needed to be allowed.

use super::{Answers, Undecided};
use super::{Asked, decide};
use crate::enforce::{Applied, Outcome};
use crate::names::TableName;
use crate::policy::{Not, PolicyRef, Privilege, Reason, Snapshot, Sort, Subject};
use crate::sql::{parse_statement, summary};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A decision with all that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `allow`, `rewrite` or `deny`; for a table alone, `allow` if something of it may be read.
    pub decision: &'static str,
    /// What the client is told of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who asks.
    pub subject: Subject,
    /// The revision of the policies.
    pub revision: String,
    /// The tables, each with the rules about it.
    pub tables: Vec<TableReasons>,
    /// The policies that take part.
    pub policies: BTreeSet<String>,
    /// The masks that were put in.
    pub masks: Vec<Applied>,
    /// The filters that were put in.
    pub filters: Vec<Applied>,
    /// What is sent to Trino.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<String>,
}

/// A table and the rules about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReasons {
    /// `catalog.schema.table`.
    pub table: String,
    /// Whether something of it may be read.
    pub readable: bool,
    /// The rules, in the order of policies.
    pub rules: Vec<Reason>,
    /// What would make it readable; empty where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
}

/// Explains the decision about a statement.
///
/// # Errors
/// [`Undecided`], where what has to be known of tables is not.
pub fn statement(
    snapshot: &Snapshot,
    subject: &Subject,
    asked: Asked<'_>,
    answers: &mut Answers<'_>,
) -> Result<Explanation, Undecided> {
    let decision = decide(snapshot, subject, asked, answers)?;
    let mut tables: BTreeSet<TableName> =
        decision.objects.iter().filter_map(|object| TableName::parse(&object.object)).collect();
    tables.extend(named(asked));
    let (word, error, rewritten) = match &decision.outcome {
        Outcome::Refuse(refusal) => ("deny", Some(refusal.message.clone()), None),
        Outcome::Forward(guarded) if guarded.restricted() || guarded.text() != asked.sql => {
            ("rewrite", None, Some(guarded.text().to_owned()))
        }
        Outcome::Forward(_) => ("allow", None, None),
    };
    Ok(Explanation {
        decision: word,
        error,
        subject: subject.clone(),
        revision: snapshot.revision().to_owned(),
        tables: tables.iter().map(|table| reasons(snapshot, subject, table)).collect(),
        policies: decision.policies.clone(),
        masks: decision.masks.clone(),
        filters: decision.filters.clone(),
        rewritten,
    })
}

/// Explains what a user may read of a table.
pub fn table(snapshot: &Snapshot, subject: &Subject, table: &TableName) -> Explanation {
    let reasons = reasons(snapshot, subject, table);
    let access = snapshot.table_access(subject, table);
    let decision = match (reasons.readable, access.unrestricted()) {
        (false, _) => "deny",
        (true, true) => "allow",
        (true, false) => "rewrite",
    };
    let held = reasons.rules.iter().filter(|rule| rule.not.is_empty());
    Explanation {
        policies: held.map(|rule| rule.policy.policy.clone()).collect(),
        decision,
        error: None,
        subject: subject.clone(),
        revision: snapshot.revision().to_owned(),
        tables: vec![reasons],
        masks: Vec::new(),
        filters: Vec::new(),
        rewritten: None,
    }
}

/// The tables that a statement names, resolved by its session; those of `WITH` are none.
fn named(asked: Asked<'_>) -> BTreeSet<TableName> {
    let Ok(statement) = parse_statement(asked.sql, asked.grammar) else { return BTreeSet::new() };
    let session = asked.session;
    let resolved = |parts: &[compact_str::CompactString]| match parts {
        [catalog, schema, table] => Some(TableName::new(catalog, schema, table)),
        [schema, table] => Some(TableName::new(session.catalog.as_ref()?, schema, table)),
        [table] => Some(TableName::new(session.catalog.as_ref()?, session.schema.as_ref()?, table)),
        _ => None,
    };
    let relations = summary(&statement).relations;
    relations.iter().filter(|name| !name.is_named_query).filter_map(|name| resolved(&name.parts)).collect()
}

fn reasons(snapshot: &Snapshot, subject: &Subject, table: &TableName) -> TableReasons {
    let readable = snapshot.table_access(subject, table).grants(Privilege::Select);
    let rules = snapshot.reasons(subject, table);
    let needed = if readable { Vec::new() } else { needed(&rules) };
    TableReasons { table: table.to_string(), readable, rules, needed }
}

/// What would make a table readable.
fn needed(rules: &[Reason]) -> Vec<String> {
    let mut needed = Vec::new();
    let selecting = |sort| rules.iter().filter(move |rule| rule.selects && rule.sort == sort);
    if selecting(Sort::Grant).all(|rule| !rule.not.is_empty()) {
        for rule in selecting(Sort::Grant) {
            let PolicyRef { policy, file, line } = &rule.policy;
            let how: Option<Vec<String>> = rule.not.iter().map(way).collect();
            needed.extend(how.map(|how| format!("{}: `{policy}` ({file}:{line}) grants it then", how.join(", and "))));
        }
        if needed.is_empty() {
            needed.push("a grant of select: no policy grants it to anybody".to_owned());
        }
    }
    for rule in selecting(Sort::Deny).filter(|rule| rule.not.is_empty()) {
        let PolicyRef { policy, file, line } = &rule.policy;
        needed.push(if policy.starts_with("guardrail/") {
            format!("an Exception that lifts `{policy}` ({file}:{line}), with one of its approvers")
        } else {
            format!("be left out of the denial of `{policy}` ({file}:{line})")
        });
    }
    needed
}

/// What would take away what stands against a rule; `None` if nothing does.
fn way(not: &Not) -> Option<String> {
    match not {
        Not::ForOthers { to, .. } if to.starts_with("who ") => Some(format!("be one {to}")),
        Not::ForOthers { to, .. } => Some(format!("be one of {to}")),
        Not::NotYet { from } => Some(format!("wait until {from}")),
        Not::Over { until } => Some(format!("have it renewed, since it ended at {until}")),
        Not::Condition { parts } => {
            let parts: Vec<String> = parts.iter().map(|part| format!("`{}`", part.text)).collect();
            Some(format!("meet its condition: {}", parts.join(" and ")))
        }
        Not::LeftOut { .. } | Not::OtherTables | Not::Lifted => None,
    }
}

impl Explanation {
    /// As text for a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(text, "decision: {}", self.decision);
        if let Some(error) = &self.error {
            let _ = writeln!(text, "          {error}");
        }
        let groups: Vec<&str> = self.subject.groups.iter().map(String::as_str).collect();
        let groups = if groups.is_empty() { "in no group".to_owned() } else { format!("in {}", groups.join(", ")) };
        let _ = writeln!(text, "user:     {}, {groups}", self.subject.user);
        for (name, values) in &self.subject.attributes {
            let _ = writeln!(text, "          {name}: {}", values.iter().cloned().collect::<Vec<_>>().join(", "));
        }
        for table in &self.tables {
            let _ =
                writeln!(text, "\n{}: {}", table.table, if table.readable { "may be read" } else { "may not be read" });
            for rule in &table.rules {
                let mark = if !rule.not.is_empty() { '·' } else { '✓' };
                let PolicyRef { policy, file, line } = &rule.policy;
                let _ = writeln!(text, "  {mark} {} `{policy}` ({file}:{line})", rule.sort.as_str());
                let _ = writeln!(text, "      {}", rule.says);
                for not in &rule.not {
                    let _ = writeln!(text, "      does not hold: {not}");
                }
                if let Some(part) = &rule.unsure {
                    let _ = writeln!(text, "      holds though it is not sure: {part}");
                }
            }
            if table.rules.is_empty() {
                let _ = writeln!(text, "  no policy speaks of it");
            }
            if !table.needed.is_empty() {
                let _ = writeln!(text, "  to read it:");
                for needed in &table.needed {
                    let _ = writeln!(text, "    - {needed}");
                }
            }
        }
        if let Some(rewritten) = &self.rewritten {
            let _ = writeln!(text, "\nsent to Trino:\n  {}", rewritten.replace('\n', "\n  "));
        }
        text
    }
}
