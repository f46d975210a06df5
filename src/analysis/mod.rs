//! Tree + session + tables → what the statement touches, and by which privilege.

pub mod session;
