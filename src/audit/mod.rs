//! Decision and completion records.
//!
//! In: what was decided, and later what came of it. Out: one JSON line each, in a file of the configured folder, on
//! which the caller may rely once [`Log::append`] returns. [`record`](DecisionRecord) says what is in a line, `log`
//! takes lines in, `writer` alone writes them. No line holds a password, a token or a header.

mod disk;
mod log;
mod record;
mod writer;

pub use log::{AuditError, Log};
pub use record::{
    CompletionRecord, DecisionRecord, ErrorRecord, Outcome, ProofRecord, QueryState, Record, fingerprint,
};
