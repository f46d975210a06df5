//! Who is asking.
//!
//! In: a request's headers and the address that it came from. Out: a [`Principal`], or why there is none. Each way to
//! prove who one is stands behind [`Identify`]; a claim (`X-Trino-User`, `X-Trino-Original-User`, `X-Forwarded-*`) is
//! never a proof. Acting for another user is decided by policy, not here.

mod authorization;
mod certificate;
mod fingerprint;
mod group_feed;
mod ldap;
mod oidc;
mod password_file;
mod passwords;
mod sealer;
mod service_tokens;
mod trusted_header;
mod user_file;

pub use certificate::{Certificate, CertificateRuleError, ClientCertificates, Shown};
pub use group_feed::{FeedError, GroupFeed};
pub use ldap::{Ldap, LdapSettingError};
pub(crate) use oidc::{CameBack, Challenge, Polled, Wrong};
pub use oidc::{Login, Oidc, OidcError};
pub use passwords::Passwords;
pub(crate) use sealer::Sealer;
pub use service_tokens::ServiceTokens;
pub use trusted_header::TrustedPeers;
pub use user_file::UserFileError;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

/// Who proved to be who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name; case matters.
    pub name: String,
    /// Groups that the proof itself tells of.
    pub groups: Vec<String>,
    /// Attributes that the proof itself tells of.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// Whether another proof of the same user could have told of more groups.
    pub more_groups: bool,
    /// Whether it is the client itself that is connected, not a peer that speaks for it.
    pub direct: bool,
    /// How this was proved.
    pub proofs: Vec<Proof>,
}

/// What is known of a user beside the name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Groups.
    pub groups: Vec<String>,
    /// Attributes.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// Whether the user may be in more groups than these.
    pub more_groups: bool,
}

/// How somebody proved to be who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a password of the password file.
    Password,
    /// By a password of the directory.
    Directory,
    /// By a token of the token file.
    ServiceToken,
    /// By the word of a trusted peer.
    TrustedHeader,
    /// By an access token.
    Token {
        /// Who issued it.
        issuer: String,
    },
    /// By a certificate.
    Certificate(Arc<Shown>),
}

impl Principal {
    /// Somebody who is connected and has proved a name, and no more.
    pub fn new(name: String, proof: Proof) -> Principal {
        let (groups, attributes) = (Vec::new(), BTreeMap::new());
        Principal { name, groups, attributes, more_groups: false, direct: true, proofs: vec![proof] }
    }
}

/// What a proof is looked for in.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// The certificate that the client showed, if it is good.
    pub certificate: Option<&'a Certificate>,
}

/// Why there is no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// Nothing was given that could be a proof.
    #[error("Authentication is needed")]
    Nothing,
    /// A proof was given that proves nothing. Which part is wrong is not said.
    #[error("Access Denied: Invalid credentials")]
    Wrong,
    /// Two proofs of different people.
    #[error("Access Denied: Two proofs of different users")]
    Conflicting,
    /// No answer could be found now.
    #[error("Authentication is not possible at the moment")]
    Unavailable,
}

/// A future of a way to identify.
pub type Identifying<'a> = Pin<Box<dyn Future<Output = Result<Option<Principal>, Unidentified>> + Send + 'a>>;

/// One way to prove who one is.
pub trait Identify: fmt::Debug + Send + Sync {
    /// Looks for a proof of this way. `None`: there is none in the request.
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a>;

    /// Whether a proof of this way could tell of groups of this user. Then they are not known without one.
    fn tells_groups_of(&self, _user: &str) -> bool {
        false
    }

    /// Whether a proof of this way could tell of groups of anybody.
    fn tells_groups(&self) -> bool {
        false
    }

    /// The scheme of `Authorization` that it reads.
    fn scheme(&self) -> Option<&'static str> {
        None
    }
}

/// All ways that are configured.
#[derive(Clone, Debug)]
pub struct Ways {
    ways: Vec<Arc<dyn Identify>>,
    feed: Option<Arc<GroupFeed>>,
}

impl Ways {
    /// The ways, in the order in which they are asked.
    pub fn new(ways: Vec<Arc<dyn Identify>>) -> Ways {
        Ways { ways, feed: None }
    }

    /// The same, with a feed that knows groups of users, however they prove to be who.
    pub fn with_feed(self, feed: Option<Arc<GroupFeed>>) -> Ways {
        Ways { feed, ..self }
    }

    /// What is known of a user whom another acts as, without a proof: who could have told more may be in any group.
    pub fn told_of(&self, user: &str) -> Told {
        let mut told = Told { more_groups: self.ways.iter().any(|way| way.tells_groups_of(user)), ..Told::default() };
        if let Some(feed) = &self.feed {
            feed.tell(user, &mut told);
        }
        told
    }

    /// Whether groups of anybody are told at all.
    pub fn tell_groups(&self) -> bool {
        self.feed.is_some() || self.ways.iter().any(|way| way.tells_groups())
    }

    /// The schemes of `Authorization` by which one can log in.
    pub fn schemes(&self) -> BTreeSet<&'static str> {
        self.ways.iter().filter_map(|way| way.scheme()).collect()
    }

    /// Who is asking. A request that carries several proofs must prove the same user by each.
    ///
    /// # Errors
    /// [`Unidentified`].
    pub async fn identify(&self, asking: Asking<'_>) -> Result<Principal, Unidentified> {
        let mut found: Option<Principal> = None;
        let mut silent = Vec::new();
        let mut read =
            !asking.headers.contains_key(AUTHORIZATION) || self.ways.iter().all(|way| way.scheme().is_none());
        for way in &self.ways {
            let Some(principal) = way.identify(asking).await? else {
                silent.push(way);
                continue;
            };
            read |= way.scheme().is_some();
            match &mut found {
                None => found = Some(principal),
                Some(before) if before.name == principal.name => before.join(principal),
                Some(_) => return Err(Unidentified::Conflicting),
            }
        }
        // Credentials that no way reads prove nothing, whatever else there is.
        if !read {
            return Err(Unidentified::Wrong);
        }
        let mut found = found.ok_or(Unidentified::Nothing)?;
        // Who has a choice of proofs must not get around a denial by the one that tells less.
        found.more_groups |= silent.iter().any(|way| way.tells_groups_of(&found.name));
        if let Some(feed) = &self.feed {
            let mut told = Told {
                groups: std::mem::take(&mut found.groups),
                attributes: std::mem::take(&mut found.attributes),
                more_groups: found.more_groups,
            };
            feed.tell(&found.name, &mut told);
            Told { groups: found.groups, attributes: found.attributes, more_groups: found.more_groups } = told;
        }
        Ok(found)
    }
}

impl Principal {
    /// Takes in what another proof of the same user tells. What was told of an attribute stays.
    fn join(&mut self, other: Principal) {
        self.groups.extend(other.groups);
        for (attribute, values) in other.attributes {
            self.attributes.entry(attribute).or_insert(values);
        }
        self.more_groups |= other.more_groups;
        self.proofs.extend(other.proofs);
    }
}

/// Whether a name can be a user's: not empty, bounded, without control characters.
fn is_user(name: &str) -> bool {
    (1..=256).contains(&name.len()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Always(Result<Option<&'static str>, Unidentified>);

    impl Identify for Always {
        fn identify<'a>(&'a self, _asking: Asking<'a>) -> Identifying<'a> {
            let principal = |name: &str| Principal {
                groups: vec![format!("of-{name}")],
                ..Principal::new(name.to_owned(), Proof::Password)
            };
            Box::pin(async move { self.0.map(|name| name.map(principal)) })
        }

        fn tells_groups_of(&self, user: &str) -> bool {
            user == "anna"
        }

        fn scheme(&self) -> Option<&'static str> {
            Some("Basic")
        }
    }

    async fn found(
        ways: &[Result<Option<&'static str>, Unidentified>],
        header: &str,
    ) -> Result<Principal, Unidentified> {
        let ways = Ways::new(ways.iter().map(|way| Arc::new(Always(*way)) as Arc<dyn Identify>).collect());
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        ways.identify(Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None }).await
    }

    async fn asked(ways: &[Result<Option<&'static str>, Unidentified>]) -> Result<String, Unidentified> {
        found(ways, "").await.map(|principal| principal.name)
    }

    #[tokio::test]
    async fn each_proof_that_is_given_must_hold_and_be_of_one_user() {
        assert_eq!(asked(&[Ok(None), Ok(Some("anna"))]).await, Ok("anna".to_owned()));
        assert_eq!(asked(&[Ok(Some("anna")), Ok(Some("anna"))]).await, Ok("anna".to_owned()));
        assert_eq!(asked(&[Ok(Some("anna")), Ok(Some("bob"))]).await, Err(Unidentified::Conflicting));
        assert_eq!(asked(&[Ok(Some("anna")), Err(Unidentified::Wrong)]).await, Err(Unidentified::Wrong));
        assert_eq!(asked(&[Ok(None)]).await, Err(Unidentified::Nothing));
        assert_eq!(asked(&[]).await, Err(Unidentified::Nothing));
    }

    #[tokio::test]
    async fn credentials_that_no_way_reads_prove_nothing() {
        assert_eq!(found(&[Ok(None)], "Digest x").await, Err(Unidentified::Wrong));
        assert!(found(&[Ok(Some("anna"))], "Basic x").await.is_ok());
        // Where nobody logs in by that header, it is none of ours.
        assert_eq!(found(&[], "Basic x").await, Err(Unidentified::Nothing));
    }

    #[tokio::test]
    async fn groups_that_another_way_could_tell_are_not_known_without_it() {
        let more = async |ways: &[_]| found(ways, "").await.map(|principal| principal.more_groups);
        assert_eq!(more(&[Ok(Some("anna")), Ok(None)]).await, Ok(true));
        assert_eq!(more(&[Ok(None), Ok(Some("anna"))]).await, Ok(true));
        assert_eq!(more(&[Ok(Some("anna")), Ok(Some("anna"))]).await, Ok(false));
        assert_eq!(more(&[Ok(Some("bob")), Ok(None)]).await, Ok(false));
    }
}
