//! Why statements are not started, in words for clients and for operators.

use super::connect::SendError;
use super::decide::refusal;
use super::places::Full;
use super::serve::Proxy;
use crate::enforce::{ErrorCode, Refusal};
use crate::store::Stale;

impl Proxy {
    /// Why a statement is not started, said to the operators too.
    pub(super) fn too_many(&self, full: Full, principal: &str) -> Refusal {
        let limit = match full {
            Full::All => "statements",
            Full::Each => "statements_per_principal",
        };
        self.rooms.metrics.limit_reached(limit);
        if self.seldom.now(limit) {
            tracing::warn!(limit, principal, "statements are refused, since as many run as may");
        }
        too_many(limit)
    }

    /// Why a statement goes nowhere, said to the operators too.
    pub(super) fn no_cluster(&self) -> Refusal {
        const LIMIT: &str = "clusters";
        self.rooms.metrics.limit_reached(LIMIT);
        if self.seldom.now(LIMIT)
            && let Some((_, told)) = self.live().clusters.health()
        {
            tracing::warn!("statements are refused, since no cluster of their rule takes any: {told}");
        }
        refusal(
            ErrorCode::QueryQueueFull,
            "No cluster takes the statement at the moment; it was not run, try again later",
        )
    }

    /// Why a large statement is not read, said to the operators too.
    pub(super) fn no_turn(&self) -> Refusal {
        const LIMIT: &str = "large_statements";
        self.rooms.metrics.limit_reached(LIMIT);
        if self.seldom.now(LIMIT) {
            tracing::warn!("large statements are refused, since too many of them wait to be read");
        }
        let message = "Too many large statements wait to be read; try again when some have been";
        refusal(ErrorCode::QueryQueueFull, message)
    }
}

/// The policies may be out of date.
pub(super) fn out_of_date(stale: &Stale) -> String {
    tracing::warn!("a statement is refused: {stale}");
    "Sluice could not make sure for too long that its policies are current, so it starts no statement; tell the \
     operators"
        .to_owned()
}

/// In Trino's words for its own queue, which no client sends the statement again for.
pub(super) fn too_many(limit: &str) -> Refusal {
    let whose = if limit == "statements" { "" } else { " of yours" };
    let message = format!("Too many statements{whose} run at once (limits.{limit}); try again when some have ended");
    refusal(ErrorCode::QueryQueueFull, message)
}

/// Trino has the same limit.
pub(super) fn too_large_for(most: usize, size: usize) -> Refusal {
    refusal(
        ErrorCode::ExceededLimit,
        format!("Query text length ({size} bytes) exceeds the maximum length ({most} bytes)"),
    )
}

/// Trino can't be reached. It is no 502, 503 or 504: for these clients send the statement again, three times in all,
/// and Trino may have taken the first.
pub(super) fn unreached(error: &SendError) -> Refusal {
    tracing::warn!(%error, "a statement did not get to Trino");
    let message = if error.may_have_arrived() {
        "Trino did not answer; whether the statement runs is not known"
    } else {
        "Trino can't be reached at the moment; the statement was not run"
    };
    refusal(ErrorCode::ServerStartingUp, message)
}
