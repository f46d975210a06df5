//! Findings and tables → the texts that people, editors and build servers read.
//!
//! In: what another room found. Out: text. Pure, and it finds nothing itself.

pub mod github;
pub mod junit;
pub mod sarif;
pub mod table;
