//! The one HTTP client to Trino, for users' statements and for Sluice's own questions.
//!
//! In: `upstream` of the configuration, then requests. Out: answers whose bodies are read as the caller reads on, so that
//! a slow client slows Trino down. It speaks to the configured address alone, whatever a request or an answer names, and
//! it never sends a credential other than Sluice's own.

mod asked;
mod credential;
mod head;
mod http2;
mod pool;
pub(super) mod probe;
mod received;
#[cfg(test)]
mod tests;
mod timer;
mod wire;
mod written;

use self::asked::Asked;
use self::http2::Bounds;
use self::pool::{Pool, PoolError};
use self::written::{To, Written};
use super::characters::{Kind, are_all};
use crate::config::Upstream;
use bytes::Bytes;
use credential::{Credential, OwnCertificate};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::client::{Resumption, WantsClientCert};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The body of a request, which is there before it is sent.
pub type Body = Bytes;

/// A body without a byte.
pub fn empty() -> Body {
    Bytes::new()
}

/// A body of these bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    bytes.into()
}

pub use self::received::{ReceiveError, Received};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `upstream.url` is not scheme, host and port.
    #[error("upstream.url `{url}` must be http:// or https:// with host and port, without a path, user or password")]
    Url {
        /// As configured.
        url: String,
    },
    /// A file can't be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Sluice would prove itself over the wire in clear.
    #[error("upstream.{field} needs an https:// upstream.url: Sluice does not prove itself in clear")]
    WithoutTls {
        /// By what.
        field: &'static str,
    },
    /// HTTP/2 without TLS, in which alone Trino can say that it speaks it.
    #[error(
        "upstream.http2 needs an https:// upstream.url: HTTP/2 is chosen in TLS, and over http:// HTTP/1.1 is spoken"
    )]
    Http2WithoutTls,
    /// A user's name with a colon can't be sent in HTTP's Basic scheme.
    #[error("upstream.user `{user}` can't be sent with a password: it has a colon")]
    User {
        /// As configured.
        user: String,
    },
    /// TLS can't be set up.
    #[error("TLS to the upstream: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection could be made: Trino has seen nothing of the request.
    #[error("Trino can't be reached: {0}")]
    Unreachable(String),
    /// The connection broke after the request had begun to be sent: Trino may have taken it.
    #[error("the connection to Trino broke: {0}")]
    Broken(String),
    /// No answer began in time: Trino may have taken the request.
    #[error("Trino did not begin to answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The request's path is none.
    #[error("`{0}` is no path of a request")]
    Path(String),
}

impl SendError {
    /// Whether Trino may have seen the request, so that it must not be sent again.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self, SendError::Broken(_) | SendError::Late(_))
    }

    /// Whether there was no connection, so that another server may be asked.
    pub fn never_connected(&self) -> bool {
        matches!(self, SendError::Unreachable(_))
    }
}

/// The client: pooled connections to the one configured address. Cloning it is cheap and shares the pool.
#[derive(Clone, Debug)]
pub struct HttpClient {
    pool: Pool,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
    authorization: Arc<Credential>,
    answer_timeout: Duration,
}

/// Makes the client.
///
/// # Errors
/// [`ClientError`], if the configuration does not say where Trino is or how to trust it.
pub fn http_client(upstream: &Upstream) -> Result<HttpClient, ClientError> {
    within(upstream, Bounds::DEFAULT)
}

fn within(upstream: &Upstream, bounds: Bounds) -> Result<HttpClient, ClientError> {
    let (scheme, authority) = address(&upstream.url)?;
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let connect_timeout = upstream.connect_timeout.unsigned_abs();
    tcp.set_connect_timeout(Some(connect_timeout));
    let mut tls = tls(upstream)?;
    if upstream.http2 {
        if scheme != Scheme::HTTPS {
            return Err(ClientError::Http2WithoutTls);
        }
        tls.alpn_protocols = pool::offered();
    }
    let connector = HttpsConnector::from((tcp, tls));
    let wrong = || ClientError::Url { url: upstream.url.clone() };
    let target = Uri::builder().scheme(scheme.clone()).authority(authority.clone()).path_and_query("/").build();
    let http2 = upstream.http2.then_some(bounds);
    let pool = Pool::new(connector, target.map_err(|_| wrong())?, connect_timeout, http2);
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
    let authorization = Arc::new(Credential::of(upstream, &scheme)?);
    let answer_timeout = upstream.answer_timeout.unsigned_abs();
    Ok(HttpClient { pool, scheme, authority, host, authorization, answer_timeout })
}

impl HttpClient {
    /// Sends a request and waits for the head of the answer. Only the path and the query of the request's URI count; the
    /// address, `Host` and `Authorization` are those of the configuration.
    ///
    /// # Errors
    /// [`SendError`], which tells whether Trino may have seen the request.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Received>, SendError> {
        let own = self.authorization.header().await;
        self.send_by(request, own).await
    }

    /// The same with another credential, or with none.
    ///
    /// # Errors
    /// As of `send`.
    pub(crate) async fn send_by(
        &self,
        request: Request<Body>,
        authorization: Option<HeaderValue>,
    ) -> Result<Response<Received>, SendError> {
        let to = self.to(authorization.as_ref());
        if self.pool.offers_http2() {
            return self.exchange_by_either(Asked::Any(&request), to).await;
        }
        self.exchange(Written::of(request, to)).await
    }

    /// Asks with these headers for a page, or for the end of a query. `target` is path and query.
    /// Headers of the answer that don't count for a page may be left out.
    ///
    /// # Errors
    /// As of `send`; a target that is none.
    pub(crate) async fn page(
        &self,
        method: Method,
        target: &str,
        headers: &[(HeaderName, &HeaderValue)],
    ) -> Result<Response<Received>, SendError> {
        if !target.starts_with('/') || !are_all(target.as_bytes(), Kind::Graphic) {
            return Err(SendError::Path(target.to_owned()));
        }
        let own = self.authorization.header().await;
        let to = self.to(own.as_ref());
        if self.pool.offers_http2() {
            let target = target.parse::<PathAndQuery>().map_err(|_| SendError::Path(target.to_owned()))?;
            return self.exchange_by_either(Asked::Page(&method, &target, headers), to).await;
        }
        self.exchange(Written::of_page(method, target, headers, to)).await
    }

    fn to<'a>(&'a self, authorization: Option<&'a HeaderValue>) -> To<'a> {
        To { host: &self.host, authorization }
    }

    async fn exchange(&self, request: Written) -> Result<Response<Received>, SendError> {
        self.pool.send(&request, self.deadline()).await.map_err(|error| self.told(error))
    }

    async fn exchange_by_either(&self, asked: Asked<'_>, to: To<'_>) -> Result<Response<Received>, SendError> {
        self.pool.send_by_either(asked, to, self.deadline()).await.map_err(|error| self.told(error))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.answer_timeout
    }

    fn told(&self, error: PoolError) -> SendError {
        match error {
            PoolError::Unreachable(reason) => SendError::Unreachable(reason),
            PoolError::Broken(reason) => SendError::Broken(reason),
            PoolError::Late => SendError::Late(self.answer_timeout),
        }
    }

    /// Scheme, host and port of Trino, such as `http://trino:8080`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Whether the way to Trino is encrypted.
    pub fn encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

/// An error with its causes, which hyper keeps apart.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn address(url: &str) -> Result<(Scheme, Authority), ClientError> {
    let wrong = || ClientError::Url { url: url.to_owned() };
    let parts = url.parse::<Uri>().map_err(|_| wrong())?.into_parts();
    let bare = parts.path_and_query.is_none_or(|path| path == "/");
    match (parts.scheme, parts.authority) {
        (Some(scheme), Some(authority))
            if bare
                && (scheme == Scheme::HTTP || scheme == Scheme::HTTPS)
                && !authority.host().is_empty()
                && !authority.as_str().contains('@') =>
        {
            Ok((scheme, authority))
        }
        _ => Err(wrong()),
    }
}

/// TLS to a server whose certificate leads to those of a file, or to the public ones, without one of our own.
///
/// # Errors
/// [`ClientError::File`].
pub fn client_tls(ca: Option<&Path>) -> Result<ClientConfig, ClientError> {
    Ok(trusting(ca)?.with_no_client_auth())
}

fn trusting(ca: Option<&Path>) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, ClientError> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path)? {
                let wrong =
                    |error: rustls::Error| ClientError::File { path: path.to_owned(), reason: error.to_string() };
                roots.add(certificate).map_err(wrong)?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots))
}

fn tls(upstream: &Upstream) -> Result<ClientConfig, ClientError> {
    let config = trusting(upstream.ca.as_deref())?;
    let (Some(certificate), Some(key)) = (&upstream.certificate, &upstream.key) else {
        return Ok(config.with_no_client_auth());
    };
    let mut config = config.with_client_cert_resolver(Arc::new(OwnCertificate::open(certificate, key)?));
    // A session that is resumed would go on with the certificate that it began with.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The certificates in a file, of which there is at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let wrong = |reason: String| ClientError::File { path: path.to_owned(), reason };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() { Err(wrong("has no certificate in it".to_owned())) } else { Ok(found) }
}
