//! What tables look like: columns, types, view texts.
//!
//! [`table`] is pure: what analysis needs to know. The rest of this room asks Trino for it by a service identity and
//! caches the answers: `trino` runs one statement; `questions`, `described` and `resolved` know which; `cache` keeps what
//! came, and `in_use` knows what to ask for again before it is forgotten; `export` asks for all tables; `grammar` follows by
//! which grammar Trino reads.

mod cache;
mod described;
mod export;
#[cfg(test)]
pub(crate) mod fake;
mod grammar;
mod in_use;
pub mod listing;
pub(crate) mod query_info;
mod questions;
mod resolved;
pub mod table;
mod trino;

pub use cache::Catalog;
pub use export::{Wanted, export};
pub use grammar::TrinoGrammar;
pub use questions::{CatalogError, Cause};
pub use trino::{AnswerLimits, TrinoClient, TrinoError};
