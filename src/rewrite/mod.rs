//! Tree + decision → edits → SQL, and the proof that the result is guarded.

mod edits;
mod form;
mod fresh;
mod guard;
mod guarded;
mod policy_expr;
mod positions;
mod splice;
mod verify;

pub use guarded::Guarded;
pub use positions::{Edit, PositionMap};
pub use verify::{Proposal, Unproved, verify};
