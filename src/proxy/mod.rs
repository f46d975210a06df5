//! The listener, the protocol, and the way to Trino and back.

pub mod connect;
