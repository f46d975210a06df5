//! Sluice: a transparent policy gate in front of Trino.
//!
//! The modules stand in the order in which a statement meets them. `sql`, `analysis`, `policy`, `rewrite` and `enforce`
//! are pure: functions of their arguments, without I/O, clock or global state; so is `import`. The others are the shell
//! around them.
//!
//! ```text
//! client ─► proxy ─► identity ─► enforce (sql ─► analysis ─► policy ─► rewrite) ─► audit ─► proxy ─► Trino
//!                                            catalog ┘   store ┘
//! ```

pub mod analysis;
pub mod audit;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod console;
pub mod effects;
pub mod enforce;
pub mod identity;
pub mod import;
pub mod names;
pub mod policy;
pub mod proxy;
pub mod report;
pub mod rewrite;
pub mod sql;
pub mod store;
