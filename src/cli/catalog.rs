//! `sluice catalog`: what a Trino's tables look like, as a file.

use super::Failure;
use super::asking::Message;
use super::failure::counted;
use super::trino::{TrinoUser, listing};
use super::whole;
use crate::config::Config;
use crate::policy::matches;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// What a Trino's tables look like, for commands that have no Trino to ask.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice catalog export --trino https://trino:8443 --trino-password-file secret > listing.json
  sluice check policies --catalog listing.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Export(Export),
}

/// Write a listing of a Trino's tables, views and materialized views: their columns, types and texts.
///
/// `check`, `explain`, `access` and `diff` read it (`--catalog`). It holds names, types and the texts of views, no data.
/// Ends with 0, or with 1 if something can't be read; then nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice catalog export --trino http://localhost:8080 > listing.json
  sluice catalog export --config sluice.yaml --out listing.json       the Trino that `serve` asks, as the same user
  sluice catalog export --config sluice.yaml --only lake --only 'erp.public*'")]
struct Export {
    /// Scheme, host and port of Trino.
    #[arg(long, value_name = "URL", required_unless_present = "config", conflicts_with = "config")]
    trino: Option<String>,
    #[command(flatten)]
    user: TrinoUser,
    /// The configuration whose Trino is asked, by its user; of several clusters the first of the last rule.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only this `catalog` or `catalog.schema`; `*` stands for any text; may be given several times.
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Write the listing there; to standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let Command::Export(export) = &self.command;
        export.export(&mut std::io::stdout().lock(), &mut anstream::stderr())
    }
}

impl Export {
    fn export(&self, out: &mut dyn Write, messages: &mut dyn Write) -> Result<(), Failure> {
        let upstream = match (&self.config, &self.trino) {
            (Some(config), _) => {
                let config = Config::load(config)?;
                config.default_upstream().cloned().ok_or_else(|| Message("there is no cluster".to_owned()))?
            }
            (None, url) => self.user.at(url.as_deref().unwrap_or_default()),
        };
        let listing = listing(&upstream, &|catalog, schema| wanted(&self.only, catalog, schema))?;
        let (text, tables) = (listing.write()? + "\n", counted(listing.tables().len(), "table", "tables"));
        match &self.out {
            None => out.write_all(text.as_bytes())?,
            Some(path) => {
                whole::write(path, &text).map_err(|error| Message(format!("{}: {error}", path.display())))?;
                writeln!(messages, "{}: {tables}", path.display())?;
            }
        }
        Ok(())
    }
}

/// Whether a catalog, or a schema of it, is among what is asked for; all is, if nothing is said.
fn wanted(only: &[String], catalog: &str, schema: Option<&str>) -> bool {
    let of = |pattern: &String| {
        let pattern = pattern.to_lowercase();
        let (in_catalog, in_schema) = pattern.split_once('.').unwrap_or((&pattern, "*"));
        matches(in_catalog, catalog) && schema.is_none_or(|schema| matches(in_schema, schema))
    };
    only.is_empty() || only.iter().any(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_and_nothing_else() {
        let only = ["lake".to_owned(), "ERP.public*".to_owned()];
        for (catalog, schema, expected) in [
            ("lake", None, true),
            ("lake", Some("hr"), true),
            ("erp", None, true),
            ("erp", Some("public_eu"), true),
            ("erp", Some("private"), false),
            ("tpch", None, false),
        ] {
            assert_eq!(wanted(&only, catalog, schema), expected, "{catalog} {schema:?}");
        }
        assert!(wanted(&[], "tpch", Some("tiny")));
    }

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        export: Export,
    }

    fn export(words: &[&str]) -> (Result<(), Failure>, String, String) {
        let words = ["export"].into_iter().chain(words.iter().copied());
        let Command { export } = clap::Parser::parse_from(words);
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let result = export.export(&mut out, &mut messages);
        (result, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
    }

    #[test]
    fn a_listing_is_what_other_commands_read() {
        let (_runtime, fake) = crate::cli::trino::fake();
        let (result, out, messages) = export(&["--trino", fake.url()]);
        assert!(result.is_ok() && messages.is_empty(), "{messages}");
        let listing = crate::catalog::listing::Listing::read(&out).unwrap();
        let columns: Vec<&str> =
            listing.tables().values().flat_map(|table| &table.columns).map(|column| column.name.as_str()).collect();
        assert_eq!(columns, ["id", "email", "ssn", "region"]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("listing.json");
        let (_, printed, messages) = export(&["--trino", fake.url(), "--out", file.to_str().unwrap()]);
        assert!(printed.is_empty() && messages.ends_with("listing.json: 1 table\n"), "{messages}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), out);
        assert_eq!(export(&["--trino", fake.url(), "--only", "other"]).1, "{\n  \"tables\": {}\n}\n");
    }

    #[test]
    fn a_trino_that_does_not_answer_is_told_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("listing.json");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{free}");
        let failure = export(&["--trino", &url, "--out", out.to_str().unwrap()]).0.unwrap_err();
        assert!(failure.text().starts_with("the catalogs: "), "{}", failure.text());
        assert!(!out.exists());
    }
}
