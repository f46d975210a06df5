//! What the issuer is asked in a log-in: where a browser has to go, and tokens for what it comes back with.

use super::super::discovery::Discovery;
use super::super::fetch::{Discovered, Documents, FetchError};
use super::super::issuer::Issuer;
use super::super::{OidcError, Refused};
use super::state::Trip;
use crate::config;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreJsonWebKey, CoreJwsSigningAlgorithm, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndpointNotSet, EndpointSet, ErrorResponse, HttpRequest, HttpResponse, IssuerUrl, JsonWebKeySet, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    TokenUrl,
};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// Where the issuer is asked.
type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// The issuer, as Sluice is its client.
pub(super) struct Exchange {
    pub(super) issuer: Arc<Issuer>,
    documents: Documents,
    browser: config::Browser,
    redirect: String,
    discovery: Discovery,
}

/// What the issuer gave.
pub(super) struct Given {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
}

/// Why it gave nothing that counts. Operators are told by the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("its discovery document can't be had, or has no authorization_endpoint and token_endpoint")]
    Discovery,
    #[error("{}: {reason}", path.display())]
    Secret { path: PathBuf, reason: String },
    #[error("it refuses: {0}")]
    Refused(String),
    #[error("its answer is no answer of a token endpoint")]
    Answer,
    #[error("its answer has no ID token")]
    NoIdToken,
    #[error("its ID token is refused: {0}")]
    IdToken(String),
    #[error("its access token is refused: {0}")]
    AccessToken(Refused),
    #[error("its access token is of another user than before")]
    OtherUser,
}

impl ExchangeError {
    /// Whether it may go well when it is tried again.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            ExchangeError::Fetch(_) | ExchangeError::Discovery => true,
            ExchangeError::AccessToken(refused) => *refused == Refused::Unavailable,
            _ => false,
        }
    }
}

impl Exchange {
    pub(super) fn new(
        issuer: Arc<Issuer>,
        documents: Documents,
        browser: config::Browser,
        base: &str,
    ) -> Result<Exchange, OidcError> {
        let redirect = format!("{base}/oauth2/callback");
        // A file that can't be read is told of at the start.
        if let Some(path) = &browser.client_secret_file {
            let client = |reason: String| OidcError::Client { issuer: issuer.name.clone(), reason };
            let secret =
                std::fs::read_to_string(path).map_err(|error| client(format!("{}: {error}", path.display())))?;
            if secret.trim().is_empty() {
                return Err(client(format!("{}: no secret in it", path.display())));
            }
        }
        let discovery = Discovery::new(documents.clone());
        Ok(Exchange { issuer, documents, browser, redirect, discovery })
    }

    /// Whether the issuer says who it is when it sends a browser back.
    pub(super) async fn names_itself(&self) -> Result<bool, ExchangeError> {
        Ok(self.discovered().await?.authorization_response_iss_parameter_supported)
    }

    /// Where a browser has to go.
    pub(super) async fn address(&self, trip: &Trip, state: String) -> Result<String, ExchangeError> {
        let client = self.client(Vec::new()).await?;
        let (nonce, verifier) = (Nonce::new(trip.nonce()), PkceCodeVerifier::new(trip.verifier()));
        let (url, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || nonce)
            .add_scopes(self.browser.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url.to_string())
    }

    /// The tokens for a code.
    pub(super) async fn of_code(&self, code: String, trip: &Trip) -> Result<Given, ExchangeError> {
        let client = self.client(Vec::new()).await?;
        let asked = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(trip.verifier()));
        let given = asked.request_async(&self.documents).await.map_err(reason)?;
        let id_token = given.extra_fields().id_token().ok_or(ExchangeError::NoIdToken)?;
        self.check(id_token, given.access_token(), &Nonce::new(trip.nonce())).await?;
        Ok(Given::of(&given))
    }

    /// The tokens for a refresh token.
    pub(super) async fn of_refresh(&self, refresh: String) -> Result<Given, ExchangeError> {
        let client = self.client(Vec::new()).await?;
        let refresh = RefreshToken::new(refresh);
        let given = client.exchange_refresh_token(&refresh).request_async(&self.documents).await.map_err(reason)?;
        Ok(Given::of(&given))
    }

    /// Proves an ID token by the rules for ID tokens, and that the access token came with it.
    async fn check(&self, token: &CoreIdToken, access: &AccessToken, nonce: &Nonce) -> Result<(), ExchangeError> {
        let wrong = |reason: &dyn std::fmt::Display| ExchangeError::IdToken(reason.to_string());
        let header = jsonwebtoken::decode_header(token.to_string()).map_err(|error| wrong(&error))?;
        if !self.issuer.signs_by(header.alg) {
            return Err(wrong(&Refused::Algorithm));
        }
        let key = header.kid.as_deref().ok_or_else(|| wrong(&Refused::Key))?;
        self.issuer.keys.find(key, header.alg).await.map_err(|refused| match refused {
            Refused::Unavailable => ExchangeError::AccessToken(refused),
            refused => wrong(&refused),
        })?;
        let known = self.issuer.keys.known().ok_or(ExchangeError::AccessToken(Refused::Unavailable))?;
        let keys = known.all().filter_map(|jwk| serde_json::from_value(serde_json::to_value(jwk).ok()?).ok()).collect();
        let client = self.client(keys).await?;
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_other_audience_verifier_fn(|audience| self.issuer.is_for(audience));
        let claims = token.claims(&verifier, nonce).map_err(|error| wrong(&error))?;
        // The crate leaves that to its users.
        if claims.authorized_party().is_some_and(|party| **party != self.browser.client_id) {
            return Err(wrong(&"another client asked for it"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|error| wrong(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| wrong(&error))?;
            let found = AccessTokenHash::from_token(access, algorithm, key).map_err(|error| wrong(&error))?;
            if found != *expected {
                return Err(wrong(&"it came with another access token"));
            }
        }
        Ok(())
    }

    async fn client(&self, keys: Vec<CoreJsonWebKey>) -> Result<Client, ExchangeError> {
        let discovered = self.discovered().await?;
        let missing = || ExchangeError::Discovery;
        let authorize = discovered.authorization_endpoint.clone().ok_or_else(missing)?;
        let token = discovered.token_endpoint.clone().ok_or_else(missing)?;
        self.documents.trusts(&authorize)?;
        let issuer = IssuerUrl::new(self.issuer.name.clone()).map_err(|_| missing())?;
        let mut client =
            CoreClient::new(ClientId::new(self.browser.client_id.clone()), issuer, JsonWebKeySet::new(keys))
                .set_auth_uri(AuthUrl::new(authorize).map_err(|_| missing())?)
                .set_token_uri(TokenUrl::new(token).map_err(|_| missing())?)
                .set_redirect_uri(RedirectUrl::new(self.redirect.clone()).map_err(|_| missing())?);
        if let Some(secret) = self.secret().await? {
            let methods = discovered.token_endpoint_auth_methods_supported.as_deref();
            let basic = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
            let by = if basic { AuthType::BasicAuth } else { AuthType::RequestBody };
            client = client.set_client_secret(ClientSecret::new(secret)).set_auth_type(by);
        }
        Ok(client)
    }

    /// Read each time, so that a new one counts at once.
    async fn secret(&self) -> Result<Option<String>, ExchangeError> {
        let Some(path) = &self.browser.client_secret_file else {
            return Ok(None);
        };
        let read = tokio::fs::read_to_string(path).await;
        let text = read.map_err(|error| ExchangeError::Secret { path: path.clone(), reason: error.to_string() })?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn discovered(&self) -> Result<Arc<Discovered>, ExchangeError> {
        self.discovery.get().await.ok_or(ExchangeError::Discovery)
    }
}

impl<'c> AsyncHttpClient<'c> for Documents {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Given {
    fn of(given: &CoreTokenResponse) -> Given {
        let refresh = given.refresh_token().map(|refresh| refresh.secret().clone());
        Given { access: given.access_token().secret().clone(), refresh }
    }
}

/// Those that Sluice knows; the configured ones are among them, and are looked at before.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What may be told of an error: nothing that could hold a token.
fn reason<R: ErrorResponse>(error: RequestTokenError<FetchError, R>) -> ExchangeError {
    match error {
        RequestTokenError::Request(error) => ExchangeError::Fetch(error),
        RequestTokenError::ServerResponse(response) => ExchangeError::Refused(code(&response)),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => ExchangeError::Answer,
    }
}

/// The code of an error by OAuth 2.0, such as `invalid_grant`.
fn code(response: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(response).unwrap_or_default();
    let code = value.get("error").and_then(|error| error.as_str()).unwrap_or("without a code");
    super::plain(code)
}
