//! Tokens that clients hold: sealed, so that they tell nothing, and another can be had when the issuer's has ended.

use crate::identity::sealer::Sealer;
use serde::{Deserialize, Serialize};

/// What a client's sealed token begins with, so that it is told from all others.
pub(in crate::identity::oidc) const PREFIX: &str = "sluice_";

/// What a client holds whose token can be renewed.
#[derive(Clone, Deserialize, Serialize)]
pub(in crate::identity::oidc) struct Held {
    /// The issuer's access token.
    pub(in crate::identity::oidc) access: String,
    /// By which another can be had.
    pub(in crate::identity::oidc) refresh: String,
    /// Who logged in.
    pub(in crate::identity::oidc) user: String,
    /// When, in seconds since 1970.
    pub(in crate::identity::oidc) at: i64,
}

impl Sealer {
    /// Of the tokens that clients hold.
    pub(in crate::identity::oidc) fn of_tokens(secret: &[u8]) -> Sealer {
        Sealer::new(secret, "sluice token v1")
    }

    /// The token for a client.
    pub(super) fn seal_token(&self, held: &Held) -> Option<String> {
        Some(format!("{PREFIX}{}", self.seal(held)?))
    }

    /// What stands in a client's token. Outer `None`: it is no sealed one.
    pub(in crate::identity::oidc) fn open_token(&self, token: &str) -> Option<Option<Held>> {
        token.strip_prefix(PREFIX).map(|sealed| self.open(sealed))
    }
}
