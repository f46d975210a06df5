//! The types of `sluice.yaml`.

use super::clusters::{HealthChecks, RoutingRule};
use super::identity::Identity;
use super::policies::Policies;
use super::spooling::Spooling;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The whole of `sluice.yaml`. Relative paths in it are relative to the file's own folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where clients connect.
    pub listen: Listen,
    /// The Trino behind Sluice, where there is one cluster.
    #[serde(default)]
    pub upstream: Option<Upstream>,
    /// The clusters behind Sluice, each by its name, where there are several.
    #[serde(default)]
    pub clusters: Option<BTreeMap<String, Upstream>>,
    /// Which statements go to which of `clusters`. The first rule that takes a statement in counts; the last one takes in all.
    #[serde(default)]
    #[schemars(with = "Vec<RoutingRule>")]
    pub routing: Vec<Spanned<RoutingRule>>,
    /// How it is found out which of `clusters` take statements.
    #[serde(default)]
    pub health_checks: HealthChecks,
    /// How clients prove who they are.
    pub identity: Identity,
    /// Where policies come from.
    pub policies: Policies,
    /// Where decisions are written down.
    pub audit: Audit,
    /// Health and metrics.
    #[serde(default)]
    pub console: Console,
    /// How long answers about tables are kept.
    #[serde(default)]
    pub catalog: CatalogCache,
    /// Limits of a request and of the whole.
    #[serde(default)]
    pub limits: Limits,
    /// What Sluice says of itself on standard error.
    #[serde(default)]
    pub log: Log,
    /// Whether sqlparser is asked for a second opinion on each statement: a table that it sees and Sluice does not is
    /// a refusal.
    #[serde(default = "yes")]
    pub second_opinion: bool,
    /// With whose rights the texts of views are read.
    #[serde(default)]
    pub views: Views,
}

/// With whose rights the texts of views are read. Those made with `SECURITY INVOKER`, and materialized views, are read with
/// their reader's rights in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Views {
    /// Each reader's: masks, filters and denials of what a view reads reach who reads the view.
    #[default]
    Invoker,
    /// The owner's, as Trino does it. The owner has to be able to read all that the view reads without mask or filter.
    Definer,
}

/// Where clients connect.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port. Passwords are only accepted where `tls` is set.
    pub address: SocketAddr,
    /// Certificate and key; plain HTTP without it.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Scheme, host and port under which clients reach Sluice, such as `https://trino.example.com`. Without it each
    /// client is answered under the name that it used.
    #[serde(default)]
    pub public_url: Option<String>,
    /// A file with a secret of 32 bytes or more that marks the pages of a query as its owner's, and by which log-ins and
    /// tokens are sealed. Replicas share it.
    /// Without it a new one is made at each start: queries that run then can't be read on, and sealed tokens end.
    #[serde(default)]
    pub page_key_file: Option<PathBuf>,
    /// This replica's name, with which the addresses of a log-in by a browser begin: all of them have to lead to the replica
    /// that began it.
    #[serde(default)]
    pub replica: Option<String>,
    /// How pages are packed for clients that take it.
    #[serde(default)]
    pub compression: Compression,
    /// Whether threads stay awake in short waits, where several serve: an answer comes sooner than if the kernel had to wake them.
    #[serde(default = "yes")]
    pub stay_awake: bool,
}

/// How pages are packed for clients that take it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As gzip, which Trino does too.
    #[default]
    Gzip,
    /// Not at all: for clients that are near, and where nobody may learn from a page's length what is in it.
    None,
}

/// A certificate chain and its key, both as PEM.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// Certificates of the authorities that sign those of clients, as PEM. With it clients are asked for a certificate.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Lists of clients' certificates that were taken back (CRL), as PEM. With any of them, a certificate that no current
    /// list of its issuer covers is refused.
    #[serde(default)]
    pub client_crls: Vec<PathBuf>,
    /// Whether a client without a certificate is refused.
    #[serde(default)]
    pub client_certificate_required: bool,
    /// Whether clients may choose HTTP/2.
    #[serde(default = "yes")]
    pub http2: bool,
}

/// A Trino behind Sluice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Scheme, host and port of the coordinator.
    pub url: String,
    /// Certificates that Trino's own leads to, as PEM; the public ones without it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The user by which Sluice itself asks Trino about tables.
    #[serde(default = "service_user")]
    pub user: String,
    /// The version of Trino, such as `483`, by whose grammar statements are read. Without it Trino is asked for it.
    #[serde(default)]
    pub trino_version: Option<u32>,
    /// A file with the password of `user`, sent on each request over TLS.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A file with a token (JWT) of `user`, sent on each request over TLS; read anew when it changes.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// A certificate chain by which Sluice proves itself, as PEM; read anew when it changes.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// The private key of that certificate.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// Whether HTTP/2 is offered to Trino in TLS. Where Trino does not choose it, HTTP/1.1 is spoken. For an https `url`.
    #[serde(default)]
    pub http2: bool,
    /// How long a connection may take to be made, TLS included.
    #[serde(default = "five_seconds")]
    #[schemars(with = "String")]
    pub connect_timeout: SignedDuration,
    /// How long Trino may take to begin an answer. Trino itself answers after a second at most.
    #[serde(default = "two_minutes")]
    #[schemars(with = "String")]
    pub answer_timeout: SignedDuration,
    /// Whether it gets no new statements; those that run there go on. For one of `clusters`.
    #[serde(default)]
    pub drain: bool,
    /// How many statements it gets beside others where a rule says `least_used`: twice as many as one of half its weight.
    /// For one of `clusters`.
    #[serde(default = "one")]
    pub weight: u32,
    /// Results in segments, for clients that ask for them. Without it all results come on pages.
    #[serde(default)]
    pub spooling: Option<Spooling>,
}

impl Upstream {
    /// A server that is asked without a credential.
    pub fn at(url: String) -> Upstream {
        Upstream {
            url,
            ca: None,
            user: service_user(),
            trino_version: None,
            password_file: None,
            token_file: None,
            certificate: None,
            key: None,
            http2: false,
            connect_timeout: five_seconds(),
            answer_timeout: two_minutes(),
            drain: false,
            weight: 1,
            spooling: None,
        }
    }
}

/// Where decisions are written down.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The folder of the decision log.
    pub folder: PathBuf,
    /// A file is closed and a new one begun when it has this many bytes.
    #[serde(default = "rotate_bytes")]
    pub rotate_bytes: u64,
    /// What has to have happened to a record before the statement is forwarded.
    #[serde(default)]
    pub sync: Sync,
}

/// What has to have happened to a record before the statement is forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sync {
    /// The operating system has it: it survives the end of Sluice.
    #[default]
    Write,
    /// The disk has it: it survives the end of the machine.
    Disk,
}

/// Health and metrics, on a listener of their own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Address and port.
    pub address: SocketAddr,
}

impl Default for Console {
    fn default() -> Console {
        Console { address: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

/// How long answers about tables are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogCache {
    /// Most entries.
    pub entries: u64,
    /// How long a table's columns are kept. A change through Sluice is seen at once, one beside it after this time.
    #[schemars(with = "String")]
    pub keep: SignedDuration,
    /// How long it is remembered that something does not exist.
    #[schemars(with = "String")]
    pub keep_missing: SignedDuration,
}

impl Default for CatalogCache {
    fn default() -> CatalogCache {
        CatalogCache {
            entries: 50_000,
            keep: SignedDuration::from_secs(60),
            keep_missing: SignedDuration::from_secs(2),
        }
    }
}

/// Limits of a request and of the whole.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most bytes of a statement. Trino's own limit is a million characters.
    pub statement_bytes: usize,
    /// Most bytes of a request's headers together.
    pub header_bytes: usize,
    /// Most connections at once.
    pub connections: usize,
    /// Most connections at once from one address. Clients behind a proxy or an ingress all have its address.
    pub connections_per_peer: Option<usize>,
    /// Most statements that run at once, in all.
    pub statements: usize,
    /// Most statements that run at once for one principal. A principal that acts for others has one count for all of them.
    pub statements_per_principal: usize,
    /// How long a client may take to send a request's headers.
    #[schemars(with = "String")]
    pub header_timeout: SignedDuration,
    /// How long a client may take to send a statement.
    #[schemars(with = "String")]
    pub body_timeout: SignedDuration,
    /// How long a client may take nothing of an answer before its connection is closed.
    #[schemars(with = "String")]
    pub send_timeout: SignedDuration,
    /// How long a connection may stay without a request.
    #[schemars(with = "String")]
    pub idle_timeout: SignedDuration,
    /// How long it may take to prove who a client is.
    #[schemars(with = "String")]
    pub identify_timeout: SignedDuration,
    /// Most bytes of the parts of a page that Sluice reads: all but columns, data and statistics.
    pub envelope_bytes: usize,
    /// Bytes of memory, about, for the texts of running statements, by which places in errors are mapped back.
    pub remembered_bytes: usize,
    /// Bytes of memory, about, for decisions that are used again for an equal statement of the same user, and a quarter as much
    /// each for what tables are to users and for what was proved of guards; 0 keeps none of these.
    pub decision_cache_bytes: u64,
    /// How long running queries are served on after a signal to stop.
    #[schemars(with = "String")]
    pub drain: SignedDuration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            statement_bytes: 1_000_000,
            header_bytes: 64 * 1024,
            connections: 10_000,
            connections_per_peer: None,
            statements: 10_000,
            statements_per_principal: 2_000,
            header_timeout: SignedDuration::from_secs(10),
            body_timeout: SignedDuration::from_secs(30),
            send_timeout: SignedDuration::from_mins(5),
            idle_timeout: SignedDuration::from_mins(5),
            identify_timeout: SignedDuration::from_secs(10),
            envelope_bytes: 1024 * 1024,
            remembered_bytes: 64 * 1024 * 1024,
            decision_cache_bytes: 64 * 1024 * 1024,
            drain: SignedDuration::from_secs(30),
        }
    }
}

/// What Sluice says of itself on standard error. Decisions are not said here, but written to the decision log.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// Which messages, as `tracing` filters are written: `info`, or `warn,sluice::proxy=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Log {
        Log { format: LogFormat::Human, filter: "info".to_owned() }
    }
}

/// For whom messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A line for people.
    Human,
    /// A JSON object a line.
    Json,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn service_user() -> String {
    "sluice".to_owned()
}

fn five_seconds() -> SignedDuration {
    SignedDuration::from_secs(5)
}

fn two_minutes() -> SignedDuration {
    SignedDuration::from_mins(2)
}

fn rotate_bytes() -> u64 {
    256 * 1024 * 1024
}
