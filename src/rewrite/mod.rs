//! Tree + decision → edits → SQL, and the proof that the result is guarded.

mod guarded;
mod positions;
mod verify;

pub use guarded::Guarded;
pub use positions::{Edit, PositionMap};
pub use verify::{Proposal, Unproved, verify};
