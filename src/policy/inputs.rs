//! What conditions read of a request, as far as a snapshot's conditions read it.
//!
//! What a client merely claims is not known: only a service for which a `Principals` document vouches is believed. What no
//! condition reads is left out, so that it splits no cache of decisions.

use super::access::Subject;
use super::condition::{Circumstances, Input};
use core::net::IpAddr;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What conditions read of a request; `None` is what is not known, or what no condition reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(default)]
pub struct Inputs {
    /// The roles of the user.
    pub roles: Option<BTreeSet<String>>,
    /// What the client calls itself.
    pub source: Option<String>,
    /// The client's tags.
    pub client_tags: Option<BTreeSet<String>>,
    /// The session's catalog.
    pub catalog: Option<String>,
    /// The session's schema.
    pub schema: Option<String>,
    /// What the request is for: the client's tag that begins with `purpose:`.
    pub purpose: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The minute of the request.
    pub minute: Option<Timestamp>,
}

/// What a client says of its request, as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// What it calls itself.
    pub source: Option<String>,
    /// Its tags.
    pub client_tags: BTreeSet<String>,
}

/// Something that a client says of its request: `X-Trino-Source`, `X-Trino-Client-Tags`, or what the request is for, which
/// is the tag that begins with `purpose:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Claim {
    /// What the client calls itself.
    Source,
    /// The client's tags.
    ClientTags,
    /// What the request is for.
    Purpose,
}

impl Inputs {
    /// With what a client claims, as far as it is vouched for.
    pub(super) fn with_claims(mut self, claims: &Claims, vouched: &BTreeSet<Claim>) -> Inputs {
        if vouched.contains(&Claim::Source) {
            self.source.clone_from(&claims.source);
        }
        if vouched.contains(&Claim::ClientTags) {
            self.client_tags = Some(claims.client_tags.clone());
        }
        if vouched.contains(&Claim::Purpose) {
            let mut purposes = claims.client_tags.iter().filter_map(|tag| tag.strip_prefix("purpose:"));
            // Two purposes are none.
            self.purpose = purposes.next().filter(|_| purposes.next().is_none()).map(str::to_owned);
        }
        self
    }

    /// Without what is not read.
    pub(super) fn only(self, read: &BTreeSet<Input>) -> Inputs {
        let reads = |input: Input| read.contains(&input);
        Inputs {
            roles: self.roles.filter(|_| reads(Input::Roles)),
            source: self.source.filter(|_| reads(Input::Source)),
            client_tags: self.client_tags.filter(|_| reads(Input::ClientTags)),
            catalog: self.catalog.filter(|_| reads(Input::SessionCatalog)),
            schema: self.schema.filter(|_| reads(Input::SessionSchema)),
            purpose: self.purpose.filter(|_| reads(Input::Purpose)),
            address: self.address.filter(|_| reads(Input::Address)),
            minute: self.minute.filter(|_| reads(Input::Time)).map(whole_minute),
        }
    }
}

/// The beginning of a time's minute: conditions see no more of it.
pub(super) fn whole_minute(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(time)
}

impl Subject {
    /// What a condition may read.
    pub(super) fn circumstances(&self) -> Circumstances<'_> {
        let Inputs { roles, source, client_tags, catalog, schema, purpose, address, minute } = &self.inputs;
        Circumstances {
            user: Some(&self.user),
            groups: (!self.more_groups).then_some(&self.groups),
            roles: roles.as_ref().filter(|_| !self.more_groups),
            attributes: Some(&self.attributes),
            source: source.as_deref(),
            client_tags: client_tags.as_ref(),
            catalog: catalog.as_deref(),
            schema: schema.as_deref(),
            purpose: purpose.as_deref(),
            address: *address,
            time: *minute,
        }
    }
}
