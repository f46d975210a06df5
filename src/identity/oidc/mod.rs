//! Access tokens of OpenID Connect issuers, by `Authorization: Bearer …`.
//!
//! In: a token. Out: who it is of, or that it proves nothing. What a token says is looked at first, so that one that
//! can't be right costs no request to its issuer; what it says counts only after its signature was checked. About a token
//! that says nothing, its issuer can be asked. A token is never forwarded, logged or kept: what is remembered of a proved
//! one is a keyed hash.

mod claims;
mod discovery;
mod fetch;
mod introspection;
mod issuer;
mod keys;
mod login;
mod signature;
#[cfg(test)]
mod tests;

pub(super) use claims::Names;

use super::authorization::credentials;
use super::fingerprint::Fingerprints;
use super::{Asking, Identify, Identifying, Principal, ServiceTokens, Unidentified};
use crate::config;
use crate::identity::Sealer;
use claims::{Claims, Validity};
use introspection::Introspection;
use issuer::Issuer;
use jiff::Timestamp;
pub use login::Login;
pub(crate) use login::{CameBack, Challenge, Polled, Wrong};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest token.
const LONGEST: usize = 16 * 1024;
/// Least time between two fetches of an issuer's keys.
const GAP: Duration = Duration::from_secs(5);
/// How long a proved token is remembered, at most.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Most proved tokens that are remembered.
const MOST_REMEMBERED: u64 = 10_000;

/// Why tokens can't be taken as configured.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// A template of users that can't be read.
    #[error(
        "identity.oidc {issuer}: user: `{template}` is no text with {{claims}} in it, such as {{preferred_username}}"
    )]
    Template {
        /// The issuer.
        issuer: String,
        /// As configured.
        template: String,
    },
    /// An issuer that can't be asked as configured.
    #[error("identity.oidc {issuer}: {reason}")]
    Client {
        /// The issuer.
        issuer: String,
        /// Why not.
        reason: String,
    },
    /// No random bytes, or other cryptography in the same process.
    #[error("identity.oidc: signatures can't be checked")]
    Cryptography,
}

/// Why a token proves nothing. Operators are told by the log; a client is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("it is too long")]
    Long,
    #[error("it can't be read, or is of an algorithm that is never taken")]
    Unreadable,
    #[error("it is of an issuer that is not configured")]
    Issuer,
    #[error("its algorithm is not one of the issuer's")]
    Algorithm,
    #[error("it is no access token")]
    Kind,
    #[error("it is bound to a key of its holder's")]
    Bound,
    #[error("it is for another audience")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    Early,
    #[error("its claim `{0}` is missing or not of the right type")]
    Claim(String),
    #[error("its email is not verified")]
    Unverified,
    #[error("the issuer may not speak for its user")]
    User,
    #[error("it names no key of the issuer's")]
    Key,
    #[error("its signature is wrong")]
    Signature,
    #[error("its issuer does not know it, or no more")]
    Inactive,
    #[error("its issuer can't be asked now")]
    Unavailable,
}

/// The issuers, and what was proved by their tokens.
pub struct Oidc {
    issuers: Vec<Arc<Issuer>>,
    proved: Cache<[u8; 32], Arc<Proved>>,
    fingerprints: Fingerprints,
    /// Who is asked about tokens that tell nothing themselves.
    introspection: Option<(Arc<Issuer>, Introspection)>,
    /// Whose tokens no issuer may see.
    services: Option<Arc<ServiceTokens>>,
    /// Opens the tokens that Sluice gives to clients itself.
    sealer: Option<Sealer>,
    timeout: Duration,
    now: fn() -> i64,
}

/// What a token proved, for as long as it is valid and its issuer's keys stay.
#[derive(Debug)]
struct Proved {
    principal: Principal,
    validity: Validity,
    issuer: Arc<Issuer>,
    generation: u64,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

impl Oidc {
    /// The issuers of a configuration; nobody is asked yet. `timeout` bounds one proof.
    ///
    /// # Errors
    /// [`OidcError`].
    pub fn open(issuers: &[config::Oidc], timeout: Duration) -> Result<Oidc, OidcError> {
        Oidc::with(issuers, timeout, GAP, || Timestamp::now().as_second())
    }

    fn with(issuers: &[config::Oidc], timeout: Duration, gap: Duration, now: fn() -> i64) -> Result<Oidc, OidcError> {
        if !signature::install() {
            return Err(OidcError::Cryptography);
        }
        let mut opened = Vec::new();
        let mut introspection = None;
        for oidc in issuers {
            let issuer = Arc::new(Issuer::new(oidc, gap)?);
            if let Some(asked) = Introspection::new(oidc, now)? {
                introspection = Some((Arc::clone(&issuer), asked));
            }
            opened.push(issuer);
        }
        let fingerprints = Fingerprints::new().map_err(|_| OidcError::Cryptography)?;
        let proved = Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build();
        let (services, sealer) = (None, None);
        Ok(Oidc { issuers: opened, proved, fingerprints, introspection, services, sealer, timeout, now })
    }

    /// Leaves tokens of services alone: no issuer is asked about them.
    #[must_use]
    pub fn leaving(self, services: Option<Arc<ServiceTokens>>) -> Oidc {
        Oidc { services, ..self }
    }

    /// Reads tokens as well that were sealed by this secret.
    #[must_use]
    pub fn opening_by(self, secret: &[u8]) -> Oidc {
        Oidc { sealer: Some(Sealer::of_tokens(secret)), ..self }
    }

    /// Keeps the issuers' keys current, until `cancel`.
    pub async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        let mut watching = tokio::task::JoinSet::new();
        for issuer in &self.issuers {
            watching.spawn(Arc::clone(&issuer.keys).watch(cancel.clone()));
        }
        watching.join_all().await;
    }

    async fn prove(&self, asking: Asking<'_>) -> Result<Option<Principal>, Unidentified> {
        let Some(token) = credentials(asking.headers, "bearer")? else {
            return Ok(None);
        };
        let held = match self.sealer.as_ref().and_then(|sealer| sealer.open_token(token)) {
            Some(Some(held)) => Some(held),
            Some(None) => return Err(Unidentified::Wrong),
            None if is_jwt(token) || (self.introspection.is_some() && !self.is_of_service(token)) => None,
            None => return Ok(None),
        };
        let token = held.as_ref().map_or(token, |held| &held.access);
        let refused = match tokio::time::timeout(self.timeout, self.principal(token)).await {
            Ok(Ok(principal)) => return Ok(Some(principal)),
            Ok(Err(refused)) => refused,
            Err(_) => Refused::Unavailable,
        };
        tracing::info!(peer = %asking.peer, reason = %refused, "a token is refused");
        Err(if refused == Refused::Unavailable { Unidentified::Unavailable } else { Unidentified::Wrong })
    }

    async fn principal(&self, token: &str) -> Result<Principal, Refused> {
        if token.len() > LONGEST {
            return Err(Refused::Long);
        }
        let fingerprint = self.fingerprints.of(&[token.as_bytes()]);
        let asked = self.introspection.as_ref();
        if !is_jwt(token) {
            let (issuer, introspection) = asked.ok_or(Refused::Unreadable)?;
            let told = introspection.ask(token, fingerprint).await?;
            let claims = told.claims.as_ref().ok_or(Refused::Inactive)?;
            issuer.check_told(claims, (self.now)())?;
            return self.of_claims(issuer, claims);
        }
        let proved = self.signed(token, fingerprint).await?;
        let asked = asked
            .filter(|(issuer, introspection)| introspection.of_all_tokens() && Arc::ptr_eq(issuer, &proved.issuer));
        if let Some((issuer, introspection)) = asked {
            let told = introspection.ask(token, fingerprint).await?;
            issuer.check_told(told.claims.as_ref().ok_or(Refused::Inactive)?, (self.now)())?;
        }
        Ok(proved.principal.clone())
    }

    /// Who a claim's user is, as far as this issuer's token tells.
    fn of_claims(&self, issuer: &Issuer, claims: &Claims) -> Result<Principal, Refused> {
        let mut principal = issuer.principal(claims)?;
        let mut others = self.issuers.iter().filter(|other| other.name != issuer.name);
        principal.more_groups |= others.any(|other| other.tells_groups_of(&principal.name));
        Ok(principal)
    }

    fn is_of_service(&self, token: &str) -> bool {
        self.services.as_ref().is_some_and(|services| services.know(token))
    }

    /// What a token proves that its issuer signed.
    async fn signed(&self, token: &str, fingerprint: [u8; 32]) -> Result<Arc<Proved>, Refused> {
        if let Some(proved) = self.proved.get(&fingerprint) {
            let known = proved.issuer.keys.known();
            if known.is_some_and(|known| known.generation == proved.generation) {
                proved.validity.holds((self.now)(), proved.issuer.skew)?;
                return Ok(proved);
            }
        }
        let proved = Arc::new(self.proved_anew(token).await?);
        self.proved.insert(fingerprint, Arc::clone(&proved));
        Ok(proved)
    }

    async fn proved_anew(&self, token: &str) -> Result<Proved, Refused> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Unreadable)?;
        let said = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| Refused::Unreadable)?;
        let said = Claims(said);
        let named = said.text("iss").ok_or(Refused::Issuer)?;
        let issuer = self.issuers.iter().find(|issuer| issuer.name == named).ok_or(Refused::Issuer)?;
        let validity = issuer.check(&header, &said, (self.now)())?;
        let id = header.kid.as_deref().ok_or(Refused::Key)?;
        let (key, generation) = issuer.keys.find(id, header.alg).await?;
        let proved = jsonwebtoken::decode(token, &key.decoding, &issuer.validation(header.alg));
        let claims = Claims(proved.map_err(|_| Refused::Signature)?.claims);
        let principal = self.of_claims(issuer, &claims)?;
        Ok(Proved { principal, validity, issuer: Arc::clone(issuer), generation })
    }
}

/// Whether a token has the form of a signed JWT.
fn is_jwt(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl Identify for Oidc {
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a> {
        Box::pin(self.prove(asking))
    }

    fn tells_groups_of(&self, user: &str) -> bool {
        self.issuers.iter().any(|issuer| issuer.tells_groups_of(user))
    }

    fn tells_groups(&self) -> bool {
        self.issuers.iter().any(|issuer| issuer.tells_groups())
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Bearer")
    }
}
