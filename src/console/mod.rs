//! The operator's listener: health and metrics.
//!
//! In: what the other rooms count, and their state when asked. Out: `/health/live`, `/health/ready` and `/metrics`, on a
//! listener of their own, which also takes the Git server's call that policies were pushed. It tells nothing of users, statements or policies.

mod clusters;
mod metrics;
mod server;

pub use clusters::{ClusterMetrics, OfCluster};
pub use metrics::{InFlight, Metrics};
pub use server::{Answers, Check, Hook, PoliciesInUse, Readiness, ReadinessProbe, SourceInUse, serve};
