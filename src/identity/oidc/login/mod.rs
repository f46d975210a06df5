//! Log-in by a browser, for clients that have no token: what Trino calls external authentication.
//!
//! A client that proves nothing is told two addresses. One it opens in a browser, which goes to the issuer and comes back
//! with a code. The other it polls, and is given the token that the code was good for. In: a ticket, what the browser comes
//! back with, an id. Out: where the browser has to go, as whom it logged in, a token. Who polls must have the id; the
//! browser has its hash alone.

mod addresses;
mod exchange;
mod results;
pub(super) mod sealed;
mod state;
#[cfg(test)]
mod tests;

use super::super::Principal;
use super::super::authorization::credentials;
use super::{Oidc, OidcError, Refused};
use crate::config;
use crate::identity::Sealer;
use addresses::{Addresses, Named};
use exchange::{Exchange, ExchangeError, Given};
use http::HeaderMap;
use moka::future::Cache;
pub(crate) use results::Polled;
use results::Results;
use sealed::Held;
use state::Trip;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a log-in may take.
const TIME: i64 = 600;
/// How long a client waits for one answer. Trino's own wait is as long, and clients are made for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most codes that are exchanged at once.
const AT_ONCE: usize = 16;
/// How long one waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// How long a renewed token is given to all who come with the old one.
const RENEWED: Duration = Duration::from_secs(60);
/// Most of them.
const MOST_RENEWED: u64 = 10_000;

/// Why there is no log-in. A browser shows it, or a client does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("This address is of no log-in. Start the log-in again in your program.")]
    Unknown,
    #[error("This log-in is over. Start it again in your program.")]
    Over,
    #[error(
        "This log-in was begun at another replica of Sluice. Its operators find under \"Replicas\" in docs/identity.md \
         how addresses below /oauth2/ have to be led."
    )]
    Elsewhere,
    #[error(
        "This browser did not begin this log-in. Start it again in your program, and open the address in the browser in \
         which you log in."
    )]
    Browser,
    #[error("The issuer did not log you in: {0}. Start the log-in again in your program.")]
    NotLoggedIn(String),
    #[error(
        "You may be logged in at the issuer, but not here: its answer is refused. The operators of Sluice find the reason in \
         its log."
    )]
    Refused,
    #[error("Too many log-ins are under way. Try again in a minute.")]
    Busy,
    #[error("The issuer can't be asked at the moment. Start the log-in again in a minute.")]
    Unavailable,
}

/// What a client without a proof is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// What to open in a browser. `None`: the token waits already.
    pub(crate) redirect: Option<String>,
    /// Where to poll for the token.
    pub(crate) token: String,
}

/// A browser that sets out for the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetOut {
    /// Where it goes.
    pub(crate) url: String,
    /// `Set-Cookie` by which it is known again.
    pub(crate) cookie: String,
}

/// What became of a browser that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CameBack {
    /// As whom it logged in.
    pub(crate) user: Result<String, Wrong>,
    /// `Set-Cookie` that takes the cookie back.
    pub(crate) cookie: Option<String>,
}

/// Log-in at one issuer.
pub struct Login {
    oidc: Arc<Oidc>,
    exchange: Exchange,
    addresses: Addresses,
    states: Sealer,
    /// With `refresh_tokens`.
    tokens: Option<Sealer>,
    results: Results,
    renewed: Cache<[u8; 32], Option<String>>,
    turns: Semaphore,
    base: String,
    session: i64,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Login {
    /// The log-in that is configured, if any. Replicas with one `secret` read each other's states and tokens.
    ///
    /// # Errors
    /// [`OidcError`].
    pub fn open(
        oidc: &Arc<Oidc>,
        issuers: &[config::Oidc],
        listen: &config::Listen,
        secret: &[u8],
    ) -> Result<Option<Login>, OidcError> {
        Login::with(oidc, issuers, listen, secret, PATIENCE)
    }

    fn with(
        oidc: &Arc<Oidc>,
        issuers: &[config::Oidc],
        listen: &config::Listen,
        secret: &[u8],
        patience: Duration,
    ) -> Result<Option<Login>, OidcError> {
        let with_browser = issuers.iter().find_map(|issuer| Some((issuer, issuer.browser.clone()?)));
        let (Some((configured, browser)), Some(base)) = (with_browser, &listen.public_url) else {
            return Ok(None);
        };
        let base = base.trim_end_matches('/').to_owned();
        let issuer =
            oidc.issuers.iter().find(|issuer| issuer.name == configured.issuer).ok_or(OidcError::Cryptography)?;
        let session = browser.session.as_secs();
        let tokens = browser.refresh_tokens.then(|| Sealer::of_tokens(secret));
        let documents = super::fetch::Documents::new(configured)?;
        let exchange = Exchange::new(Arc::clone(issuer), documents, browser, &base)?;
        Ok(Some(Login {
            oidc: Arc::clone(oidc),
            exchange,
            addresses: Addresses::new(secret, listen.replica.clone()).ok_or(OidcError::Cryptography)?,
            states: Sealer::new(secret, "sluice state v1"),
            tokens,
            results: Results::new(patience),
            renewed: Cache::builder().max_capacity(MOST_RENEWED).time_to_live(RENEWED).build(),
            turns: Semaphore::new(AT_ONCE),
            base,
            session,
        }))
    }

    /// What to tell a client that proved nothing. A token that can be renewed is, and then no browser is needed. `None`: no
    /// random bytes.
    pub(crate) async fn challenge(&self, headers: &HeaderMap) -> Option<Challenge> {
        let now = (self.oidc.now)();
        let (id, ticket, named) = self.addresses.fresh(now.saturating_add(TIME))?;
        let token = format!("{}/oauth2/token/{id}", self.base);
        if let Some(renewed) = self.renewed(headers).await
            && let Ok(claim) = self.results.claim(named, self.remaining(named))
        {
            claim.token(renewed);
            return Some(Challenge { redirect: None, token });
        }
        Some(Challenge { redirect: Some(format!("{}/oauth2/token/initiate/{ticket}", self.base)), token })
    }

    /// A browser opens a ticket.
    pub(crate) async fn set_out(&self, ticket: &str) -> Result<SetOut, Wrong> {
        let now = (self.oidc.now)();
        let named = self.addresses.of_ticket(ticket, now)?;
        let trip = Trip::new(named).ok_or(Wrong::Unavailable)?;
        let state = trip.state(&self.states).ok_or(Wrong::Unavailable)?;
        let url = self.exchange.address(&trip, self.addresses.mine(&state)).await.map_err(|error| self.told(&error))?;
        Ok(SetOut { url, cookie: trip.cookie(named.until.saturating_sub(now)) })
    }

    /// A browser comes back from the issuer, with this behind the `?`.
    pub(crate) async fn come_back(&self, query: &str, headers: &HeaderMap) -> CameBack {
        let came = match Came::read(query) {
            Ok(came) => came,
            Err(wrong) => return CameBack { user: Err(wrong), cookie: None },
        };
        match self.trip(&came, headers) {
            Ok(trip) => CameBack { user: self.finish(&came, &trip).await, cookie: Some(trip.no_cookie()) },
            Err(wrong) => CameBack { user: Err(wrong), cookie: None },
        }
    }

    /// A client asks for its token.
    pub(crate) async fn poll(&self, id: &str) -> Polled {
        match self.addresses.of_id(id, (self.oidc.now)()) {
            Ok(named) => self.results.poll(named).await,
            Err(wrong) => Polled::Failed(wrong.to_string()),
        }
    }

    /// A client has its token.
    pub(crate) fn forget(&self, id: &str) {
        if let Ok(named) = self.addresses.of_id(id, (self.oidc.now)()) {
            self.results.forget(named);
        }
    }

    /// Where a client polls that has to wait.
    pub(crate) fn next(&self, id: &str) -> String {
        format!("{}/oauth2/token/{id}", self.base)
    }

    /// The trip that a browser comes back from, if it set out on it.
    fn trip(&self, came: &Came, headers: &HeaderMap) -> Result<Trip, Wrong> {
        let state = self.addresses.without_name(&came.state)?;
        let trip = Trip::open(&self.states, state, (self.oidc.now)())?;
        if trip.is_of(headers) { Ok(trip) } else { Err(Wrong::Browser) }
    }

    /// Takes a log-in to its end. What comes of it is told to the client that waits as well.
    async fn finish(&self, came: &Came, trip: &Trip) -> Result<String, Wrong> {
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(Wrong::Busy);
        };
        let claim = self.results.claim(trip.named(), self.remaining(trip.named()))?;
        match self.token(came, trip).await {
            Ok((token, user)) => {
                tracing::info!(user, "a browser has logged in");
                claim.token(token);
                Ok(user)
            }
            Err(wrong) => {
                claim.failed(wrong.to_string());
                Err(wrong)
            }
        }
    }

    /// The client's token, and whose it is.
    async fn token(&self, came: &Came, trip: &Trip) -> Result<(String, String), Wrong> {
        // An answer of another issuer, which a browser was made to bring here, is none (RFC 9207).
        let named = self.exchange.names_itself().await.map_err(|error| self.told(&error))?;
        if came.iss.as_ref().map_or(named, |iss| *iss != self.exchange.issuer.name) {
            tracing::warn!("a browser came back from another issuer than it was sent to");
            return Err(Wrong::Refused);
        }
        let code = came.code.clone()?;
        let given = self.exchange.of_code(code, trip).await.map_err(|error| self.told(&error))?;
        let principal = self.principal(&given).await.map_err(|error| self.told(&error))?;
        let at = (self.oidc.now)();
        Ok((self.for_client(given, None, &principal.name, at)?, principal.name))
    }

    async fn principal(&self, given: &Given) -> Result<Principal, ExchangeError> {
        self.oidc.principal(&given.access).await.map_err(ExchangeError::AccessToken)
    }

    /// What a client is given: the access token, or that and what renews it, sealed.
    fn for_client(&self, given: Given, before: Option<String>, user: &str, at: i64) -> Result<String, Wrong> {
        match (&self.tokens, given.refresh.or(before)) {
            (Some(sealer), Some(refresh)) => {
                let held = Held { access: given.access, refresh, user: user.to_owned(), at };
                sealer.seal_token(&held).ok_or(Wrong::Unavailable)
            }
            _ => Ok(given.access),
        }
    }

    /// The new token of a client whose own has ended; one for all who come with it.
    async fn renewed(&self, headers: &HeaderMap) -> Option<String> {
        let token = credentials(headers, "bearer").ok().flatten()?;
        let held = self.tokens.as_ref()?.open_token(token)??;
        let ended = matches!(self.oidc.principal(&held.access).await, Err(Refused::Expired));
        if !ended || (self.oidc.now)().saturating_sub(held.at) >= self.session {
            return None;
        }
        let fingerprint = self.oidc.fingerprints.of(&[token.as_bytes()]);
        // An issuer that is away is asked again by the next one.
        self.renewed.try_get_with(fingerprint, self.renew(held)).await.ok().flatten()
    }

    async fn renew(&self, held: Held) -> Result<Option<String>, Wrong> {
        let renewing = async {
            let given = self.exchange.of_refresh(held.refresh.clone()).await?;
            let principal = self.principal(&given).await?;
            if principal.name == held.user { Ok(given) } else { Err(ExchangeError::OtherUser) }
        };
        let _turn = self.turns.acquire().await.map_err(|_| Wrong::Busy)?;
        match renewing.await {
            Ok(given) => self.for_client(given, Some(held.refresh), &held.user, held.at).map(Some),
            Err(error) if error.is_passing() => Err(self.told(&error)),
            Err(error) => {
                self.told(&error);
                Ok(None)
            }
        }
    }

    fn remaining(&self, named: Named) -> Duration {
        let seconds = named.until.saturating_sub((self.oidc.now)());
        Duration::from_secs(seconds.try_into().unwrap_or_default())
    }

    /// Tells the log, and what a person is told.
    fn told(&self, error: &ExchangeError) -> Wrong {
        tracing::warn!(issuer = self.exchange.issuer.name, %error, "a log-in by a browser came to nothing");
        if error.is_passing() { Wrong::Unavailable } else { Wrong::Refused }
    }
}

/// What a browser brings back.
struct Came {
    state: String,
    code: Result<String, Wrong>,
    iss: Option<String>,
}

impl Came {
    fn read(query: &str) -> Result<Came, Wrong> {
        let (mut state, mut code, mut iss, mut error) = (None, None, None, None);
        for (name, value) in openidconnect::url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "state" => &mut state,
                "code" => &mut code,
                "iss" => &mut iss,
                "error" => &mut error,
                // An issuer may say more (`session_state`), which counts for nothing.
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(Wrong::Unknown);
            }
        }
        let code = match (code, error) {
            (Some(code), None) if !code.is_empty() => Ok(code),
            (None, Some(error)) => Err(Wrong::NotLoggedIn(plain(&error))),
            _ => return Err(Wrong::Unknown),
        };
        Ok(Came { state: state.ok_or(Wrong::Unknown)?, code, iss })
    }
}

/// A code of an error as it may be shown: short, and no text of anybody's.
fn plain(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect()
}
