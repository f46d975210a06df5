//! Pages of results: read as they stream by, changed where they must be, and made for errors of Sluice's own.
//!
//! `scanner` finds the parts of a page, `page` changes them, `segments` those of rows in a storage, `trino_error` says what of an error of Trino's a user may
//! read, `statistics` what of its counts, `own_error` makes a page with an error of Sluice's, and `body` is the stream
//! from Trino to the client.

pub(crate) mod body;
pub(crate) mod own_error;
pub(crate) mod packer;
pub(crate) mod page;
mod reader;
pub(crate) mod scanner;
pub(crate) mod segments;
pub(crate) mod statistics;
pub(crate) mod steady;
pub(crate) mod trino_error;
