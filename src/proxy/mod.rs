//! The listener, the protocol, and the way to Trino and back.
//!
//! In: connections of clients. Out: statements to Trino, each a [`crate::rewrite::Guarded`] and nothing else, and pages of
//! results back. `listen` takes connections and gives each to one of `threads`, which stay `awake` in short waits, `http1` and `http2` speak HTTP on them, `serve` answers requests, `statement` is the
//! way of a statement, which `outlive` goes to its end, `pages` that of its pages, `login` that of a log-in by a browser. What a request says is read by
//! `head`, `routes`, `client_headers` and `origin`; what goes to Trino is built by `upstream`; `mark` says whose a page
//! is, `results` changes pages on their way, `spooled` gives what Trino puts into a storage. `resolved` gives none before
//! Trino has said what the names in the statement stand for. `decide` asks the core for decisions, and `beside` reads for it. `asking` and `clusters` say which cluster a statement goes to, by
//! `routing`, `health` and `transactions`.
//!
//! Nothing is kept that another replica would need: `started` only helps.

mod answer;
mod asking;
mod awake;
mod beside;
mod characters;
mod client_headers;
mod clock;
mod clusters;
pub mod connect;
mod decide;
mod framing;
mod head;
mod health;
mod http1;
mod http2;
mod journal;
mod kept;
mod linger;
mod listen;
mod live;
mod login;
mod mark;
mod origin;
mod outlive;
mod pages;
mod patience;
mod placed;
mod places;
mod prepared;
#[doc(hidden)]
pub mod probe;
mod query_id;
mod refused;
mod resolved;
mod response_headers;
mod results;
mod revoke;
mod routes;
mod routing;
mod seldom;
mod serve;
mod spooled;
mod started;
mod statement;
#[cfg(test)]
mod tests;
mod threads;
mod tls;
mod told;
mod transactions;
mod upstream;
mod whole;

pub use beside::{ReadBeside, Readers};
pub use clusters::{Clusters, Member};
pub(crate) use decide::views;
pub use live::{Cluster, Live, Proofs};
pub use mark::{MarkKeyError, page_key};
pub use query_id::QueryId;
pub use serve::{Proxy, Rooms};
pub use spooled::Spooling;
pub use threads::{Threads, serve as serve_by_threads};
pub use tls::{Acceptor, TlsError};
