//! The proof that a text is guarded, made from the text and the snapshot alone.
//!
//! In: what rewriting proposes to send, who asks, the snapshot and what is known of tables. Out: a [`Guarded`], the only
//! thing that can be forwarded, or why there is no proof. It shares nothing with rewriting but the parser and the form
//! that a guard has, and it believes nothing that rewriting says.

use super::guarded::Guarded;
use super::positions::PositionMap;
use crate::enforce::Request;

/// What rewriting proposes to send to Trino.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The statement.
    pub text: String,
    /// The one prepared statement that goes along with it, name and text.
    pub prepared: Option<(String, String)>,
    /// From places in the text that Trino will report errors of to places in the user's.
    pub positions: PositionMap,
}

/// Why a proposal could not be proved to be guarded. The statement is refused, and an alarm is counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unproved {
    /// What was found, for the log of Sluice's operators; the user does not see it.
    pub reason: String,
}

/// Proves that a proposal is guarded for `request`'s user.
///
/// # Errors
/// [`Unproved`], if there is anything in it that is neither guarded nor unrestricted.
pub fn verify(_proposal: Proposal, _request: &Request<'_>) -> Result<Guarded, Unproved> {
    Err(Unproved { reason: "not yet".to_owned() })
}
