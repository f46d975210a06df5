//! `sluice.yaml`: its types, defaults and checks.
//!
//! Each room gets its own part of [`Config`]; nothing else is configured from anywhere. Secrets are named by file, never
//! written here.

mod certificates;
mod check;
pub(crate) mod cluster_id;
mod clusters;
mod group_feed;
mod identity;
mod ldap;
mod load;
mod oidc;
mod policies;
mod reload;
mod spooling;
mod types;

pub use certificates::ClientCertificate;
pub use clusters::{Choose, HealthChecks, RoutingCondition, RoutingRule, UPSTREAM};
pub use group_feed::GroupFeed;
pub use identity::{Identity, TrustedHeader};
pub use ldap::{Ldap, LdapGroups};
pub use load::ConfigError;
pub use oidc::{Browser, Introspection, Oidc, SigningAlgorithm, SpeaksFor};
pub(crate) use policies::Way;
pub use policies::{Git, Policies, Reference, Signatures, Source, Webhook};
pub use reload::{InForce, Newer};
pub use spooling::{Downloads, Encoding, SegmentOrigin, Spooling};
pub use types::{
    Audit, CatalogCache, Compression, Config, Console, Limits, Listen, Log, LogFormat, Sync, Tls, Upstream, Views,
};
