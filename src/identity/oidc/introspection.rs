//! Tokens that tell nothing themselves: their issuer is asked what they stand for (RFC 7662).
//!
//! An answer is used for a while by all who come with the same token, and asked for once for all who wait. What it is
//! kept by is a keyed hash of the token. Anybody can send made-up tokens, so few questions are open at once, and none
//! is asked just after the issuer could not be reached.

use super::claims::{Claims, Validity};
use super::discovery::Discovery;
use super::fetch::{Documents, FetchError};
use super::{OidcError, Refused};
use crate::config;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use moka::Expiry;
use moka::future::Cache;
use openidconnect::url::form_urlencoded;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Most answers that are kept.
const MOST: u64 = 10_000;
/// Most questions at once: many tokens that nobody gave are no load for the issuer.
const AT_ONCE: usize = 32;
/// How long it is believed that a token is none.
const NEGATIVE: Duration = Duration::from_secs(5);
/// How long nobody asks after the issuer could not be reached.
const PAUSE: Duration = Duration::from_secs(1);
/// Most bytes of an answer.
const MOST_BYTES: usize = 64 * 1024;

/// An issuer that is asked.
#[derive(Debug)]
pub(super) struct Introspection {
    issuer: String,
    documents: Documents,
    discovery: Discovery,
    configured: config::Introspection,
    answers: Cache<[u8; 32], Arc<Told>>,
    turns: Semaphore,
    began: Instant,
    /// Until when nobody asks, in milliseconds since `began`.
    away_until: AtomicU64,
    now: fn() -> i64,
}

/// What it told of a token.
#[derive(Debug)]
pub(super) struct Told {
    /// The claims of one that is active.
    pub(super) claims: Option<Claims>,
    keep: Duration,
}

/// Why it told nothing.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("its discovery document can't be had")]
    Discovery,
    #[error("it names no introspection_endpoint: give introspection.url")]
    NoEndpoint,
    #[error("{}: {reason}", path.display())]
    Secret { path: PathBuf, reason: String },
    #[error("it answered {0}; look at introspection.client_id and its secret")]
    Status(StatusCode),
    #[error("its answer has more than {MOST_BYTES} bytes")]
    Long,
    #[error("it could not be reached just now")]
    Away,
    #[error("its answer is none by RFC 7662")]
    Answer,
}

/// How long each answer is kept.
struct Ages;

impl Expiry<[u8; 32], Arc<Told>> for Ages {
    fn expire_after_create(&self, _: &[u8; 32], told: &Arc<Told>, _: Instant) -> Option<Duration> {
        Some(told.keep)
    }
}

impl Introspection {
    /// What is configured, if anything.
    pub(super) fn new(oidc: &config::Oidc, now: fn() -> i64) -> Result<Option<Introspection>, OidcError> {
        let Some(configured) = oidc.introspection.clone() else {
            return Ok(None);
        };
        let documents = Documents::new(oidc)?;
        let introspection = Introspection {
            issuer: oidc.issuer.clone(),
            discovery: Discovery::new(documents.clone()),
            documents,
            configured,
            answers: Cache::builder().max_capacity(MOST).expire_after(Ages).build(),
            turns: Semaphore::new(AT_ONCE),
            began: Instant::now(),
            away_until: AtomicU64::new(0),
            now,
        };
        // A file that can't be read is told of at the start.
        let wrong = |error: AskError| OidcError::Client { issuer: oidc.issuer.clone(), reason: error.to_string() };
        let path = &introspection.configured.client_secret_file;
        introspection.authorization(std::fs::read_to_string(path)).map_err(wrong)?;
        Ok(Some(introspection))
    }

    /// Whether tokens that tell something themselves are asked about as well.
    pub(super) fn of_all_tokens(&self) -> bool {
        self.configured.all_tokens
    }

    /// What a token stands for.
    ///
    /// # Errors
    /// [`Refused::Unavailable`], if the issuer can't be asked.
    pub(super) async fn ask(&self, token: &str, fingerprint: [u8; 32]) -> Result<Arc<Told>, Refused> {
        let asking = async {
            let _turn = self.turns.acquire().await.map_err(|_| Refused::Unavailable)?;
            self.told_unless_away(token).await.map(Arc::new).map_err(|error| {
                tracing::warn!(issuer = self.issuer, %error, "an issuer can't be asked about a token");
                Refused::Unavailable
            })
        };
        self.answers.try_get_with(fingerprint, asking).await.map_err(|refused| (*refused).clone())
    }

    /// An answer that is an error is no reason to wait: a token that the issuer can't bear must not keep others out.
    async fn told_unless_away(&self, token: &str) -> Result<Told, AskError> {
        let now = || u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now() < self.away_until.load(Ordering::Acquire) {
            return Err(AskError::Away);
        }
        let told = self.told(token).await;
        let away =
            |error: &FetchError| matches!(error, FetchError::Unreachable(_) | FetchError::Broken(_) | FetchError::Late);
        if matches!(&told, Err(AskError::Fetch(error)) if away(error)) {
            let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
            self.away_until.store(now().saturating_add(pause), Ordering::Release);
        }
        told
    }

    async fn told(&self, token: &str) -> Result<Told, AskError> {
        let url = match &self.configured.url {
            Some(url) => url.clone(),
            None => {
                let discovered = self.discovery.get().await.ok_or(AskError::Discovery)?;
                discovered.introspection_endpoint.clone().ok_or(AskError::NoEndpoint)?
            }
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        // Read each time, so that a new secret counts at once.
        let secret = tokio::fs::read_to_string(&self.configured.client_secret_file).await;
        let authorization = self.authorization(secret)?;
        let mut request = Request::new(form.into_bytes());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.parse().map_err(|_| AskError::NoEndpoint)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(AUTHORIZATION, authorization);
        let response = self.documents.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(AskError::Status(response.status()));
        }
        if response.body().len() > MOST_BYTES {
            return Err(AskError::Long);
        }
        let claims: Map<String, Value> = serde_json::from_slice(response.body()).map_err(|_| AskError::Answer)?;
        match claims.get("active") {
            Some(Value::Bool(true)) => {
                let claims = Claims(claims);
                Ok(Told { keep: self.kept(&claims), claims: Some(claims) })
            }
            Some(Value::Bool(false)) => Ok(Told { claims: None, keep: NEGATIVE }),
            _ => Err(AskError::Answer),
        }
    }

    /// How long the answer of an active token is kept: no longer than the token is valid.
    pub(super) fn kept(&self, claims: &Claims) -> Duration {
        let left = Validity::of(claims).map_or(Duration::ZERO, |validity| validity.left((self.now)()));
        self.configured.keep.unsigned_abs().min(left)
    }

    /// Who Sluice is, by what was read of the file with its secret.
    fn authorization(&self, read: std::io::Result<String>) -> Result<HeaderValue, AskError> {
        let wrong = |reason: String| AskError::Secret { path: self.configured.client_secret_file.clone(), reason };
        let text = read.map_err(|error| wrong(error.to_string()))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(wrong("no secret in it".to_owned()));
        }
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let both = STANDARD.encode(format!("{}:{}", encoded(&self.configured.client_id), encoded(secret)));
        let mut header = HeaderValue::from_str(&format!("Basic {both}")).map_err(|error| wrong(error.to_string()))?;
        header.set_sensitive(true);
        Ok(header)
    }
}
