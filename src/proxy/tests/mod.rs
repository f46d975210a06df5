//! The whole way of statements and pages, against a stand-in for Trino.

mod again;
mod by_address;
mod faults;
mod limits;
mod packed;
mod reload;
mod resolved;
mod revoked;
mod sluice;
mod spooled;
mod told;
mod trino;
mod way;
