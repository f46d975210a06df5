//! What tables look like: columns, types, view texts.
//!
//! [`table`] is pure: what analysis needs to know. The rest of this room asks Trino for it by a service identity and
//! caches the answers.

pub mod table;
