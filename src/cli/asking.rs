//! What commands that ask policies have in common: the folder, who asks, when, and what tables look like.

use super::Failure;
use super::failure::slashed;
use crate::catalog::listing::Listing;
use crate::catalog::table::{Known, Need};
use crate::catalog::{Catalog, TrinoClient};
use crate::config::Config;
use crate::enforce::Views;
use crate::policy::{self, Snapshot};
use crate::proxy::connect::http_client;
use crate::proxy::views;
use crate::store;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use std::fs;
use std::path::Path;

/// A message for the terminal without a cause behind it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Message(pub(super) String);

/// The policies of a folder.
pub(super) fn snapshot(folder: &Path) -> Result<Snapshot, Failure> {
    let files = store::read_folder(folder)?;
    policy::compile(files).map_err(|problems| {
        let text = problems.within(&slashed(folder)).render(true);
        Failure::from(Message(format!("{}: the policies are wrong\n{text}", folder.display())))
    })
}

/// A time with a zone or an offset; now if none is given.
pub(super) fn time(text: Option<&str>) -> Result<Timestamp, Failure> {
    let Some(text) = text else { return Ok(Timestamp::now()) };
    let parser = DateTimeParser::new();
    let read = if text.contains('[') {
        parser.parse_zoned(text).map(|zoned| zoned.timestamp())
    } else {
        parser.parse_timestamp(text)
    };
    read.map_err(|error| {
        let form = "write it with its zone, such as 2026-01-01T00:00:00[Europe/Berlin] or 2026-01-01T00:00:00Z";
        Failure::from(Message(format!("`{text}` is no time with a zone: {error}\n{form}")))
    })
}

/// A listing of tables; an empty one if there is none.
pub(super) fn listing(path: Option<&Path>) -> Result<Listing, Failure> {
    let Some(path) = path else { return Ok(Listing::default()) };
    let text = fs::read_to_string(path).map_err(|error| Message(format!("{}: {error}", path.display())))?;
    Listing::read(&text).map_err(|error| Failure::from(Message(format!("{}: {error}", path.display()))))
}

/// Where what tables look like comes from.
pub(super) enum TableSource {
    Listing(Listing),
    Trino { runtime: tokio::runtime::Runtime, catalog: Box<Catalog>, views: Views },
}

impl TableSource {
    /// A listing, or the Trino of a configuration.
    pub(super) fn open(listed: Option<&Path>, config: Option<&Path>) -> Result<TableSource, Failure> {
        let Some(config) = config else { return Ok(TableSource::Listing(listing(listed)?)) };
        let config = Config::load(config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let upstream = config.default_upstream().ok_or_else(|| Message("there is no cluster".to_owned()))?;
        let trino = TrinoClient::new(http_client(upstream)?, upstream)?;
        Ok(TableSource::Trino {
            catalog: Box::new(Catalog::new(trino, &config.catalog)),
            runtime,
            // Nobody has logged in here.
            views: views(config.views, true),
        })
    }

    /// With whose rights views are read. A listing does not tell of their owners.
    pub(super) fn views(&self) -> Views {
        match self {
            TableSource::Listing(_) => Views::Invoker,
            TableSource::Trino { views, .. } => *views,
        }
    }

    /// The answers to needs.
    pub(super) fn answer(&self, needs: &[Need]) -> Result<Vec<(Need, Known)>, String> {
        match self {
            TableSource::Listing(listing) => {
                Ok(needs.iter().map(|need| (need.clone(), listing.answer(need))).collect())
            }
            TableSource::Trino { runtime, catalog, views: _ } => {
                runtime.block_on(catalog.answer(needs)).map_err(|error| error.to_string())
            }
        }
    }
}

/// `name=value`.
pub(super) fn attribute(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as name=value".to_owned()),
    }
}
