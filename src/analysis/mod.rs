//! Tree + session + tables → what the statement touches, and by which privilege.

pub mod metadata;
pub mod session;
pub mod show;
