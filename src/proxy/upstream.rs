//! Requests to Trino, built from scratch.
//!
//! A statement is sent by [`Upstream::start`] alone, which takes a [`Guarded`] and nothing else, so that no text of a
//! client's can reach Trino on another way. No header of a client's goes on as it came, and no address of a client's is
//! told to Trino, which would refuse the request (`http-server.process-forwarded`).

use super::client_headers::{ClientHeaders, prepared_header};
use super::connect::{self, HttpClient, Received, SendError};
use crate::console::OfCluster;
use crate::rewrite::Guarded;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};

/// What is read has to be plain.
const PLAIN: HeaderValue = HeaderValue::from_static("identity");
const USER: HeaderName = HeaderName::from_static("x-trino-user");
const ENCODING: HeaderName = HeaderName::from_static("x-trino-query-data-encoding");
const PREPARED: HeaderName = HeaderName::from_static("x-trino-prepared-statement");

/// The way to Trino.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    client: HttpClient,
    counts: OfCluster,
}

impl Upstream {
    /// Over this client to the cluster that these count.
    pub(crate) fn new(client: HttpClient, counts: OfCluster) -> Upstream {
        Upstream { client, counts }
    }

    /// Starts a query.
    ///
    /// # Errors
    /// [`SendError`], which tells whether Trino may have taken it.
    pub(crate) async fn start(
        &self,
        guarded: &Guarded,
        headers: &ClientHeaders,
        user: &HeaderValue,
        agent: Option<&HeaderValue>,
        encodings: Option<HeaderValue>,
    ) -> Result<Response<Received>, SendError> {
        let mut all = headers.forward().clone();
        all.insert(USER, user.clone());
        if let Some(encodings) = encodings {
            all.insert(ENCODING, encodings);
        }
        if let Some((name, text)) = guarded.prepared() {
            let value =
                prepared_header(name, text).ok_or_else(|| SendError::Path("a prepared statement".to_owned()))?;
            all.append(PREPARED, value);
        }
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Some(agent) = agent {
            all.insert(header::USER_AGENT, agent.clone());
        }
        self.send(Method::POST, "/v1/statement", all, connect::full(guarded.text().to_owned())).await
    }

    /// Asks for a page, or by DELETE for the end of a query. `path` is one of Trino's own.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) async fn page(
        &self,
        method: Method,
        path: &str,
        user: &HeaderValue,
    ) -> Result<Response<Received>, SendError> {
        let headers = [(USER, user), (header::ACCEPT_ENCODING, &PLAIN)];
        self.counted(self.client.page(method, path, &headers).await)
    }

    /// Asks for a segment of a result, or that it be forgotten.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) async fn segment(
        &self,
        path: &str,
        mut headers: HeaderMap,
        user: &HeaderValue,
    ) -> Result<Response<Received>, SendError> {
        headers.insert(USER, user.clone());
        self.send(Method::GET, path, headers, connect::empty()).await
    }

    /// Asks for `/v1/info` or `/v1/info/state`.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) async fn info(&self, method: Method, path: &'static str) -> Result<Response<Received>, SendError> {
        self.send(method, path, HeaderMap::new(), connect::empty()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: connect::Body,
    ) -> Result<Response<Received>, SendError> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(|_| SendError::Path(path.to_owned()))?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::ACCEPT_ENCODING, PLAIN);
        self.counted(self.client.send(request).await)
    }

    fn counted<T>(&self, result: Result<T, SendError>) -> Result<T, SendError> {
        match &result {
            Ok(_) => self.counts.answered(),
            Err(error) => self.counts.failed(error),
        }
        result
    }
}
