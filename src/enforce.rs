//! The pure stages in a row: parse → analyze → decide → rewrite → verify.
//!
//! In: a statement, its session, who asks, a snapshot and what is known of tables. Out: a [`Decision`], or what has to
//! be asked of Trino before one can be made. It does no I/O and reads no clock; the caller measures the stages through
//! an observer.

mod aids;
mod change;
mod decisions;
mod immediate;
mod judge;
pub(crate) mod kept;
mod kill;
mod known;
mod query;
mod record;
mod refusals;

pub use crate::analysis::kept::Objects;
use crate::analysis::session::Session;
use crate::catalog::table::{Need, Tables};
use crate::policy::{Snapshot, Subject};
pub use crate::rewrite::Proofs;
use crate::rewrite::{self, Guarded, PositionMap, Proposal, verify_asked};
use crate::sql::{GrammarVersion, Statement};
pub use aids::{Aids, Trees};
pub use decisions::Decisions;
use judge::{Draft, Judge, Stop};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a decision is made from, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The statement as the client sent it.
    pub sql: &'a str,
    /// The client's session.
    pub session: &'a Session,
    /// Who asks.
    pub subject: &'a Subject,
    /// The policies.
    pub snapshot: &'a Snapshot,
    /// What is known of tables.
    pub tables: &'a Tables,
    /// How.
    pub options: &'a Options,
    /// What makes it sooner.
    pub aids: Aids<'a>,
}

/// Switches of enforcement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether sqlparser is asked for a second opinion.
    pub second_opinion: bool,
    /// By which of Trino's grammars all texts are read: the statement, prepared ones, those of views, what is sent.
    pub grammar: GrammarVersion,
    /// With whose rights the texts of views are read.
    pub views: Views,
}

/// With whose rights the texts of views are read that Trino reads with their owners' rights. All others, and those of
/// materialized views, are read with their reader's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Views {
    /// The reader's: each mask, filter and denial of what a view reads reaches who reads the view.
    #[default]
    Invoker,
    /// The owner's, who has to be able to read each row and column as it is.
    Definer {
        /// Whether the owner may be in groups that are not known, since only a log-in tells them.
        more_groups: bool,
    },
}

#[cfg(test)]
impl Options {
    /// Those of tests: all that is optional, Trino 476.
    pub(crate) const TESTS: Options =
        Options { second_opinion: true, grammar: GrammarVersion::V476, views: Views::Invoker };
}

/// What came of it.
#[derive(Debug)]
pub enum Enforced {
    /// Ask Trino for these, add the answers to the tables, and call again.
    Needs(Vec<Need>),
    /// Decided.
    Decided(Arc<Decision>),
}

/// The stages, for an observer that measures them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the stages")]
pub enum Stage {
    /// Looking for a decision that was made before.
    Recall,
    Parse,
    Analyze,
    Decide,
    Rewrite,
    Verify,
    /// Waiting for what sqlparser sees in the text, where that is read beside the other stages, and comparing it.
    SecondOpinion,
}

/// A decision with its reasons.
#[derive(Debug)]
pub struct Decision {
    /// Forward or refuse.
    pub outcome: Outcome,
    /// Trino's class name of the statement, or `None` if it could not be read.
    pub class: Option<&'static str>,
    /// What it touches.
    pub objects: Vec<ObjectUse>,
    /// The masks that were put in, as `table.column` and policy.
    pub masks: Vec<Applied>,
    /// The filters that were put in, as `table` and policy.
    pub filters: Vec<Applied>,
    /// The policies that took part, as `domain/name`, sorted.
    pub policies: BTreeSet<String>,
    /// Set where the statement is refused because Sluice's own parts disagree; counted, and kept for study.
    pub alarm: Option<Alarm>,
}

/// Sluice's own parts disagree about a statement. The texts are for operators; the user does not see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Alarm {
    /// The verifier found no proof that the rewritten statement is guarded.
    Unproved(String),
    /// The second parser saw a table that Sluice's own did not.
    SecondOpinion(String),
}

/// What happens with the statement.
#[derive(Debug)]
pub enum Outcome {
    /// It is sent to Trino.
    Forward(Box<Guarded>),
    /// The client gets this error.
    Refuse(Refusal),
}

/// A table and what was used of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectUse {
    /// `catalog.schema.table`.
    pub object: String,
    /// The privilege that its use needs.
    pub privilege: &'static str,
    /// The columns that were used, sorted; empty where none is known.
    pub columns: Vec<String>,
}

/// A mask or filter that was put in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Applied {
    /// `catalog.schema.table` or `catalog.schema.table.column`.
    pub to: String,
    /// `domain/name` of the policy.
    pub policy: String,
    /// The masks by their names, with their places in the column; empty for filters and for SQL of a rule's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// An error for the client, in Trino's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Name, number and type of the error.
    pub code: ErrorCode,
    /// What the user reads, without `line 1:8: ` in front.
    pub message: String,
    /// Line and column in the user's text, both from 1.
    pub location: Option<(u32, u32)>,
}

/// The error codes of Trino that Sluice answers with
/// (<https://github.com/trinodb/trino/blob/476/core/trino-spi/src/main/java/io/trino/spi/StandardErrorCode.java>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Trino's own names")]
pub enum ErrorCode {
    SyntaxError,
    NotSupported,
    PermissionDenied,
    NotFound,
    ColumnNotFound,
    TableNotFound,
    SchemaNotFound,
    CatalogNotFound,
    MissingCatalogName,
    MissingSchemaName,
    /// Sluice could not decide: its own fault, or a limit.
    GenericInternalError,
    /// Trino or another part can't be reached; clients do not retry a statement for it.
    ServerStartingUp,
    /// No statement is started any more.
    ServerShuttingDown,
    ExceededLimit,
    /// As many statements run as may.
    QueryQueueFull,
    UnknownTransaction,
}

impl ErrorCode {
    /// `(name, number, type)` as QueryResults carry them.
    pub fn parts(self) -> (&'static str, u32, &'static str) {
        match self {
            ErrorCode::SyntaxError => ("SYNTAX_ERROR", 1, "USER_ERROR"),
            ErrorCode::PermissionDenied => ("PERMISSION_DENIED", 4, "USER_ERROR"),
            ErrorCode::NotFound => ("NOT_FOUND", 5, "USER_ERROR"),
            ErrorCode::NotSupported => ("NOT_SUPPORTED", 13, "USER_ERROR"),
            ErrorCode::UnknownTransaction => ("UNKNOWN_TRANSACTION", 20, "USER_ERROR"),
            ErrorCode::CatalogNotFound => ("CATALOG_NOT_FOUND", 44, "USER_ERROR"),
            ErrorCode::SchemaNotFound => ("SCHEMA_NOT_FOUND", 45, "USER_ERROR"),
            ErrorCode::TableNotFound => ("TABLE_NOT_FOUND", 46, "USER_ERROR"),
            ErrorCode::ColumnNotFound => ("COLUMN_NOT_FOUND", 47, "USER_ERROR"),
            ErrorCode::MissingCatalogName => ("MISSING_CATALOG_NAME", 56, "USER_ERROR"),
            ErrorCode::MissingSchemaName => ("MISSING_SCHEMA_NAME", 57, "USER_ERROR"),
            ErrorCode::GenericInternalError => ("GENERIC_INTERNAL_ERROR", 65_536, "INTERNAL_ERROR"),
            ErrorCode::ServerStartingUp => ("SERVER_STARTING_UP", 65_548, "INTERNAL_ERROR"),
            ErrorCode::ServerShuttingDown => ("SERVER_SHUTTING_DOWN", 65_545, "INTERNAL_ERROR"),
            ErrorCode::ExceededLimit => ("QUERY_TEXT_TOO_LARGE", 35, "USER_ERROR"),
            ErrorCode::QueryQueueFull => ("QUERY_QUEUE_FULL", 131_074, "INSUFFICIENT_RESOURCES"),
        }
    }
}

/// Decides about one statement. `observe` is called after each stage.
pub fn enforce(request: &Request<'_>, observe: &mut dyn FnMut(Stage)) -> Enforced {
    begin_second_opinion(request, request.sql);
    let parsed = request.parse(request.sql);
    observe(Stage::Parse);
    let mut judge = Judge::new(request, observe);
    let (class, outcome) = match parsed {
        Ok(statement) => {
            let class = statement.kind.class();
            let outcome = decide(&mut judge, &statement);
            if let Err(stop) = &outcome {
                request.put_aside(request.sql, statement, stop);
            }
            (Some(class), outcome)
        }
        Err(error) => (None, Err(refusals::unreadable(request.sql, &error).into())),
    };
    let (outcome, alarm) = match outcome {
        Ok(guarded) => (Outcome::Forward(Box::new(guarded)), None),
        Err(Stop::Needs(needs)) => return Enforced::Needs(needs),
        Err(Stop::Refuse(refusal)) => (Outcome::Refuse(*refusal), None),
        Err(Stop::Alarm(alarm)) => (Outcome::Refuse(refusals::alarming(&alarm)), Some(alarm)),
    };
    Enforced::Decided(Arc::new(judge.record.decision(outcome, class, alarm)))
}

/// Decides about a statement, makes what can be forwarded, and proves it.
fn decide(judge: &mut Judge<'_>, statement: &Statement) -> Result<Guarded, Stop> {
    judge.session_properties()?;
    let draft = judge.statement(judge.request.sql, statement)?;
    let guarded = prove(judge, statement, draft)?;
    judge.second_opinion(statement)?;
    Ok(guarded)
}

/// Says what text another parser will be asked about.
fn begin_second_opinion(request: &Request<'_>, text: &str) {
    if request.options.second_opinion {
        rewrite::begin_second_opinion(text, request.aids.beside);
    }
}

/// Makes what can be forwarded of a draft, if it can be proved to be guarded.
fn prove(judge: &mut Judge<'_>, asked: &Statement, draft: Draft) -> Result<Guarded, Stop> {
    let request = judge.request;
    let statement = PositionMap::apply(request.sql, draft.edits);
    let text = statement.edited().to_owned();
    let (prepared, positions) = match draft.prepared {
        Some((name, map)) => (Some((name, map.edited().to_owned())), map),
        None => (None, statement),
    };
    let guarded = verify_asked(Proposal { text, prepared, positions }, request, asked);
    (judge.observe)(Stage::Verify);
    guarded.map_err(|unproved| Stop::Alarm(Alarm::Unproved(unproved.reason)))
}

#[cfg(test)]
mod tests;
