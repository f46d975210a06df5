//! Tree + decision → edits → SQL, and the proof that the result is guarded.

mod edits;
mod form;
mod fresh;
mod guard;
mod guarded;
mod policy_expr;
mod positions;
mod relations;
mod second_opinion;
mod splice;
mod verify;

pub(crate) use fresh::quotes_rewriting;
pub use guarded::Guarded;
pub use positions::{Edit, PositionMap};
pub use relations::{Is, Relations, Told};
pub(crate) use second_opinion::begin as begin_second_opinion;
pub use second_opinion::{Beside, TheirReading, Unseen, second_opinion};
pub(crate) use verify::verify_asked;
pub use verify::{Proofs, Proposal, Unproved, verify};

use crate::analysis::facts::Facts;

/// The edits that put guards into a text with these facts. `parameters_can_fail` says that its `?` stand for more than
/// literals.
pub(crate) fn edits(facts: &Facts, text: &str, parameters_can_fail: bool) -> Vec<Edit> {
    let form = if parameters_can_fail { form::Form::Guarded } else { form::form(facts) };
    edits::edits(facts, text, form, false, &mut fresh::Fresh::of(text, facts))
}
