//! A request of which it is not known yet by which protocol it goes.

use super::Body;
use super::written::{To, Written};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

/// The request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// Any. Only the path and the query of its URI count.
    Any(&'a Request<Body>),
    /// One for a page, or for a query's end.
    Page(&'a Method, &'a PathAndQuery, &'a [(HeaderName, &'a HeaderValue)]),
}

/// What says of HTTP/1.1 how a request goes, which HTTP/2 has no such headers for (RFC 9113, section 8.2.2), and what is
/// made here alone.
const OURS: [HeaderName; 9] = [
    HOST,
    AUTHORIZATION,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    UPGRADE,
    TE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

impl Asked<'_> {
    /// As it goes over HTTP/1.1.
    pub(super) fn written(&self, to: To<'_>) -> Written {
        match *self {
            Asked::Any(request) => Written::of(request.clone(), to),
            Asked::Page(method, target, headers) => Written::of_page(method.clone(), target.as_str(), headers, to),
        }
    }

    /// As it goes over HTTP/2, and its body. `address` has scheme and authority.
    ///
    /// # Errors
    /// What of it HTTP/2 can't have.
    pub(super) fn framed(&self, address: &Uri, to: To<'_>) -> Result<(Request<()>, Body), http::Error> {
        let (method, target, body) = match *self {
            Asked::Any(request) => (request.method(), request.uri().path_and_query(), request.body().clone()),
            Asked::Page(method, target, _) => (method, Some(target), Body::new()),
        };
        let mut parts = address.clone().into_parts();
        parts.path_and_query = target.cloned().or(parts.path_and_query);
        let mut framed = Request::new(());
        *framed.method_mut() = method.clone();
        *framed.uri_mut() = Uri::from_parts(parts)?;
        *framed.headers_mut() = self.headers();
        if let Some(authorization) = to.authorization {
            framed.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if !body.is_empty() || method == Method::POST || method == Method::PUT {
            framed.headers_mut().insert(CONTENT_LENGTH, body.len().into());
        }
        Ok((framed, body))
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match *self {
            Asked::Any(request) => {
                for (name, value) in request.headers().iter().filter(|(name, _)| !OURS.contains(name)) {
                    headers.append(name.clone(), value.clone());
                }
            }
            Asked::Page(_, _, given) => {
                headers.extend(given.iter().map(|(name, value)| (name.clone(), HeaderValue::clone(value))));
            }
        }
        headers
    }

    /// Whether its answer has no body, whatever the answer says.
    pub(super) fn is_head(&self) -> bool {
        match self {
            Asked::Any(request) => request.method() == Method::HEAD,
            Asked::Page(method, ..) => *method == Method::HEAD,
        }
    }
}
