//! A Trino that a command asks about tables.

use super::Failure;
use super::progress::Progress;
use crate::catalog::listing::Listing;
use crate::catalog::{AnswerLimits, TrinoClient, Wanted, export};
use crate::config::Upstream;
use crate::proxy::connect::http_client;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// What one schema may answer: more than one table, which a statement asks about.
const LIMITS: AnswerLimits =
    AnswerLimits { rows: 5_000_000, bytes: 1024 * 1024 * 1024, time: Duration::from_secs(5 * 60) };

/// As whom Trino is asked.
#[derive(Debug, Args)]
pub(super) struct TrinoUser {
    /// As whom Trino is asked. It has to see all tables and the texts of views, as the user of `sluice serve` does.
    #[arg(long = "trino-user", value_name = "USER", default_value = "sluice")]
    user: String,
    /// A file with that user's password, sent over TLS alone.
    #[arg(long = "trino-password-file", value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Certificates that Trino's own leads to, as PEM; the public ones without it.
    #[arg(long = "trino-ca", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl TrinoUser {
    /// The Trino at an address.
    pub(super) fn at(&self, url: &str) -> Upstream {
        Upstream {
            ca: self.ca.clone(),
            user: self.user.clone(),
            password_file: self.password_file.clone(),
            ..Upstream::at(url.to_owned())
        }
    }
}

/// Reads what a Trino's tables look like.
pub(super) fn listing(upstream: &Upstream, wanted: &Wanted<'_>) -> Result<Listing, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let trino = TrinoClient::new(http_client(upstream)?, upstream)?.with_limits(LIMITS);
    let mut progress = Progress::new("schemas of Trino");
    // The client's timers need the runtime that it is asked in.
    Ok(runtime.block_on(export(&trino, wanted, &mut |read, of| progress.at(read, of)))?)
}

/// A Trino with the one table `lake.hr.employees`, as long as its runtime is there.
#[cfg(test)]
pub(super) fn fake() -> (tokio::runtime::Runtime, crate::catalog::fake::Fake) {
    use crate::catalog::fake::{Fake, Reply, tables_of};
    use serde_json::json;
    let columns = ["id", "email", "ssn", "region"];
    let answer = move |sql: &str| {
        Reply::rows(if sql.contains("metadata.catalogs") {
            vec![json!(["lake"])]
        } else if sql.contains("schemata") {
            vec![json!(["hr"])]
        } else if sql.starts_with("SELECT table_name, 0")
            && (!sql.contains("table_name IN") || tables_of(sql).iter().any(|name| name == "employees"))
        {
            let of = |(place, name): (usize, &&str)| json!(["employees", place + 1, name, "varchar"]);
            let rows = columns.iter().enumerate().map(of);
            rows.chain([json!(["employees", 0, "BASE TABLE", ""])]).collect()
        } else {
            vec![]
        })
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let fake = runtime.block_on(Fake::start(answer));
    (runtime, fake)
}
