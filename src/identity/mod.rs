//! Who is asking.
//!
//! In: a request's headers and the address that it came from. Out: a [`Principal`], or why there is none. Each way to
//! prove who one is stands behind [`Identify`]; a claim (`X-Trino-User`, `X-Trino-Original-User`, `X-Forwarded-*`) is
//! never a proof. Acting for another user is decided by policy, not here.

mod password_file;
mod passwords;
mod trusted_header;

pub use password_file::PasswordFileError;
pub use passwords::Passwords;
pub use trusted_header::TrustedPeers;

use http::HeaderMap;
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
    /// Whether it is the client itself that is connected, not a peer that speaks for it.
    pub direct: bool,
}

/// What a proof is looked for in.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
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

    /// Whether its proofs tell of groups. Then those of a user who has not logged in are not known.
    fn tells_groups(&self) -> bool;
}

/// All ways that are configured.
#[derive(Clone, Debug)]
pub struct Ways(Vec<Arc<dyn Identify>>);

impl Ways {
    /// The ways, in the order in which they are asked.
    pub fn new(ways: Vec<Arc<dyn Identify>>) -> Ways {
        Ways(ways)
    }

    /// Whether proofs tell of groups.
    pub fn tell_groups(&self) -> bool {
        self.0.iter().any(|way| way.tells_groups())
    }

    /// Who is asking. A request that carries several proofs must prove the same user by each.
    ///
    /// # Errors
    /// [`Unidentified`].
    pub async fn identify(&self, asking: Asking<'_>) -> Result<Principal, Unidentified> {
        let mut found: Option<Principal> = None;
        for way in &self.0 {
            match (way.identify(asking).await?, &mut found) {
                (None, _) => {}
                (Some(principal), None) => found = Some(principal),
                (Some(principal), Some(before)) if principal.name == before.name => {
                    before.groups.extend(principal.groups);
                }
                (Some(_), Some(_)) => return Err(Unidentified::Conflicting),
            }
        }
        found.ok_or(Unidentified::Nothing)
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
            let principal =
                |name: &str| Principal { name: name.to_owned(), groups: vec![format!("of-{name}")], direct: true };
            Box::pin(async move { self.0.map(|name| name.map(principal)) })
        }

        fn tells_groups(&self) -> bool {
            true
        }
    }

    async fn asked(ways: &[Result<Option<&'static str>, Unidentified>]) -> Result<String, Unidentified> {
        let ways = Ways::new(ways.iter().map(|way| Arc::new(Always(*way)) as Arc<dyn Identify>).collect());
        let asking = Asking { headers: &HeaderMap::new(), peer: IpAddr::from([127, 0, 0, 1]) };
        ways.identify(asking).await.map(|principal| principal.name)
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
}
