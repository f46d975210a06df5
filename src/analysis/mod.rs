//! Tree + session + tables → what the statement touches, and by which privilege.
//!
//! In: the tree of a statement, a view's text or a policy's expression, the client's session, and what is known of
//! tables. Out: `facts::Facts`: each base relation with its full name and what the user may do with it, the columns
//! that are read, the functions that are called, and what could not be resolved. It never decides anything about a
//! statement, and it never guesses: a relation is resolved as Trino resolves it, or reported as a problem.

mod derived;
mod digits;
pub(crate) mod facts;
pub(crate) mod intent;
pub(crate) mod kept;
pub mod metadata;
pub(crate) mod object;
mod risk;
mod scope;
pub mod session;
pub mod show;
mod show_session;
pub(crate) mod walk;
pub(crate) mod world;
