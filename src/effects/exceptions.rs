//! The exceptions, and which of them are in force.

use crate::policy::Snapshot;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// Where an exception is in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds.
    InForce,
    /// It does not hold yet.
    Ahead,
    /// It holds no more.
    Over,
}

/// An exception with all that a reviewer asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// `domain/name`.
    pub exception: String,
    /// Whether it holds.
    pub state: Standing,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// For whom.
    pub to: String,
    /// The tables.
    pub tables: BTreeSet<String>,
    /// The guardrails that it lifts.
    pub lifts: Vec<String>,
    /// Why.
    pub reason: String,
    /// Where it was asked for.
    pub ticket: String,
    /// Who approved it.
    pub approvers: Vec<String>,
    /// Its file, relative to the policy folder.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
}

impl Standing {
    /// The words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::InForce => "in force",
            Standing::Ahead => "ahead",
            Standing::Over => "over",
        }
    }
}

/// All exceptions: those in force, those ahead, those that are over, each by name.
pub fn exceptions(snapshot: &Snapshot, at: Timestamp) -> Vec<Exception> {
    let told = snapshot.exceptions().iter().map(|exception| {
        let (to, tables) = snapshot.scope(&exception.policy);
        let state = match () {
            () if at < exception.from => Standing::Ahead,
            () if at < exception.until => Standing::InForce,
            () => Standing::Over,
        };
        Exception {
            exception: exception.policy.policy.clone(),
            state,
            from: exception.from,
            until: exception.until,
            to,
            tables,
            lifts: exception.lifts.clone(),
            reason: exception.reason.clone(),
            ticket: exception.ticket.clone(),
            approvers: exception.approvers.clone(),
            file: exception.policy.file.clone(),
            line: exception.policy.line,
        }
    });
    let mut told: Vec<Exception> = told.collect();
    told.sort_by_key(|exception| exception.state);
    told
}
