//! `upstream.spooling`: results that Trino puts into a storage, for clients to fetch in segments.

use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// Results that Trino puts into a storage, for clients to fetch in segments. Clients fetch them of Sluice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spooling {
    /// The encodings that clients may ask for.
    pub encodings: Vec<Encoding>,
    /// Who is given a segment.
    pub downloads: Downloads,
    /// Where segments are fetched beside the coordinator: of the storage, or of workers. Segments that are anywhere else
    /// are refused.
    pub origins: Vec<SegmentOrigin>,
}

impl Default for Spooling {
    fn default() -> Spooling {
        Spooling {
            encodings: vec![Encoding::JsonZstd, Encoding::JsonLz4, Encoding::Json],
            downloads: Downloads::default(),
            origins: Vec::new(),
        }
    }
}

/// How the rows in a segment are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Encoding {
    /// As JSON.
    #[serde(rename = "json")]
    Json,
    /// As JSON, packed by LZ4.
    #[serde(rename = "json+lz4")]
    JsonLz4,
    /// As JSON, packed by Zstandard.
    #[serde(rename = "json+zstd")]
    JsonZstd,
}

impl Encoding {
    /// The encoding of a name.
    pub(crate) fn named(name: &str) -> Option<Encoding> {
        [Encoding::Json, Encoding::JsonLz4, Encoding::JsonZstd].into_iter().find(|encoding| encoding.name() == name)
    }

    /// Its name in Trino's protocol.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Encoding::Json => "json",
            Encoding::JsonLz4 => "json+lz4",
            Encoding::JsonZstd => "json+zstd",
        }
    }
}

/// Who is given a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Downloads {
    /// The principal of the query who logs in, and without a log-in who sends the key that stands beside the segment on
    /// the query's page. Trino's own clients log in for pages alone, and send the key.
    #[default]
    Key,
    /// The principal of the query alone, who logs in for each segment.
    LogIn,
}

/// A place that segments are fetched from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentOrigin {
    /// Scheme, host and port, such as `https://spool.s3.eu-central-1.amazonaws.com`.
    pub url: String,
    /// Certificates that its own leads to, as PEM; the public ones without it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
}
