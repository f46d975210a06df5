//! What an issuer is asked: its discovery document and what that names, or a configured URL.
//!
//! What is asked is what is configured: a redirection is not followed, and an answer is bounded in bytes and in time.

use super::OidcError;
use crate::config;
use crate::proxy::connect::{self, ClientError, HttpClient, SendError, http_client};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use jiff::SignedDuration;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::IpAddr;
use std::path::PathBuf;

/// Most bytes of a document of an issuer's.
const MOST_BYTES: usize = 1024 * 1024;

/// One issuer's documents.
#[derive(Clone, Debug)]
pub(super) struct Documents {
    issuer: String,
    keys: Option<String>,
    ca: Option<PathBuf>,
    token_file: Option<PathBuf>,
    timeout: SignedDuration,
}

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("it can't be asked: {0}")]
    Client(#[from] ClientError),
    #[error("`{0}` is not https")]
    InClear(String),
    #[error("it can't be reached: {0}")]
    Unreachable(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("it did not answer in time")]
    Late,
    #[error("it answers from elsewhere ({0}); give that URL")]
    Redirected(StatusCode),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("its answer is no JSON by its own word")]
    Kind,
    #[error("its answer has more than {MOST_BYTES} bytes or broke off")]
    Body,
    #[error("its answer is not what it should be: {0}")]
    Document(String),
    #[error("its discovery document is of another issuer")]
    Issuer,
    #[error("there is no key in its answer by which tokens can be signed")]
    NoKeys,
}

/// What counts of a discovery document.
#[derive(Debug, Deserialize)]
pub(super) struct Discovered {
    issuer: String,
    jwks_uri: String,
    /// Where browsers log in.
    pub(super) authorization_endpoint: Option<String>,
    /// Where tokens are had.
    pub(super) token_endpoint: Option<String>,
    /// Where one asks what a token stands for.
    pub(super) introspection_endpoint: Option<String>,
    /// How a client tells its secret there.
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it says who it is when it sends a browser back (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// What holds keys. One that can't be read is left out.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Documents {
    pub(super) fn new(oidc: &config::Oidc) -> Result<Documents, OidcError> {
        let documents = Documents {
            issuer: oidc.issuer.clone(),
            keys: oidc.jwks_url.clone(),
            ca: oidc.ca.clone(),
            token_file: oidc.jwks_token_file.clone(),
            timeout: oidc.timeout,
        };
        // A file of certificates that can't be used is told of at the start.
        let wrong = |error: FetchError| OidcError::Client { issuer: oidc.issuer.clone(), reason: error.to_string() };
        documents.client(&oidc.issuer).map_err(wrong)?;
        Ok(documents)
    }

    /// The issuer's keys as they are now.
    pub(super) async fn keys(&self) -> Result<Vec<Jwk>, FetchError> {
        let fetching = async {
            let set: Set = match &self.keys {
                Some(url) => self.get(url).await?,
                None => {
                    let discovered = self.discovered_now().await?;
                    self.get(&discovered.jwks_uri).await?
                }
            };
            Ok(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
        };
        self.in_time(fetching).await
    }

    /// The discovery document as it is now.
    pub(super) async fn discovered(&self) -> Result<Discovered, FetchError> {
        self.in_time(self.discovered_now()).await
    }

    /// Sends a request with what it carries, and gives the answer, whatever its status; a redirection is none.
    pub(super) async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, FetchError> {
        self.in_time(async {
            let (mut parts, body) = request.into_parts();
            let client = self.client(&parts.uri.to_string())?;
            let authorization = parts.headers.remove(AUTHORIZATION);
            let request = Request::from_parts(parts, connect::full(body));
            let (parts, body) = client.send_by(request, authorization).await.map_err(told)?.into_parts();
            if parts.status.is_redirection() {
                return Err(FetchError::Redirected(parts.status));
            }
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| FetchError::Body)?.to_bytes();
            Ok(Response::from_parts(parts, body.to_vec()))
        })
        .await
    }

    /// Whether an address of the issuer's can be believed.
    pub(super) fn trusts(&self, url: &str) -> Result<(), FetchError> {
        self.client(url).map(|_| ())
    }

    async fn in_time<T>(&self, fetching: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        tokio::time::timeout(self.timeout.unsigned_abs(), fetching).await.unwrap_or(Err(FetchError::Late))
    }

    async fn discovered_now(&self) -> Result<Discovered, FetchError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovered: Discovered = self.get(&url).await?;
        // Else whoever can be asked in its place could name keys for it.
        if discovered.issuer == self.issuer { Ok(discovered) } else { Err(FetchError::Issuer) }
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, FetchError> {
        let client = self.client(url)?;
        let mut request = Request::new(connect::empty());
        *request.uri_mut() = url.parse().map_err(|_| FetchError::Document("no URL".to_owned()))?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json, application/jwk-set+json"));
        let response = client.send(request).await.map_err(told)?;
        let (parts, body) = response.into_parts();
        match parts.status {
            StatusCode::OK if is_json(&parts.headers) => {}
            StatusCode::OK => return Err(FetchError::Kind),
            status if status.is_redirection() => return Err(FetchError::Redirected(status)),
            status => return Err(FetchError::Status(status)),
        }
        let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| FetchError::Body)?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| FetchError::Document(error.to_string()))
    }

    fn client(&self, url: &str) -> Result<HttpClient, FetchError> {
        let uri: Uri = url.parse().unwrap_or_default();
        let here = |uri: &Uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(is_loopback);
        // Only an issuer on this machine, for tries, names keys that are had in clear, from this machine as well.
        let in_clear = here(&uri) && self.issuer.parse().is_ok_and(|issuer| here(&issuer));
        if uri.scheme_str() != Some("https") && !in_clear {
            return Err(FetchError::InClear(url.to_owned()));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Ok(http_client(&config::Upstream {
            ca: self.ca.clone(),
            // No other address is shown it, whatever the issuer names.
            token_file: self.token_file.clone().filter(|_| self.keys.as_deref() == Some(url)),
            connect_timeout: self.timeout,
            answer_timeout: self.timeout,
            ..config::Upstream::at(format!("{}://{authority}", uri.scheme_str().unwrap_or_default()))
        })?)
    }
}

fn told(error: SendError) -> FetchError {
    match error {
        SendError::Unreachable(reason) => FetchError::Unreachable(reason),
        SendError::Broken(reason) => FetchError::Broken(reason),
        SendError::Late(_) => FetchError::Late,
        SendError::Path(_) => FetchError::Document("no URL".to_owned()),
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["application/json", "application/jwk-set+json"].iter().any(|known| known.eq_ignore_ascii_case(kind))
}
