//! Tree + decision → edits → SQL, and the proof that the result is guarded.

mod guarded;
mod positions;

pub use guarded::Guarded;
pub use positions::{Edit, PositionMap};
