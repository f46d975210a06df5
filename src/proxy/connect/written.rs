//! Requests as they are written to Trino.
//!
//! How long a body is, where a request goes and who sends it say the parts that are made here alone, whatever its headers do.

use super::Body;
use super::head::Keeps;
use bytes::{BufMut, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request};

/// A body up to this size is sent in one piece with its head.
const TOGETHER: usize = 64 * 1024;

/// A request.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) method: Method,
    /// Its head, and its body where that is small.
    pub(super) head: BytesMut,
    /// Its body otherwise.
    pub(super) apart: Body,
    /// Which headers of the answer are kept.
    pub(super) keeps: Keeps,
}

/// Where requests go, and what Sluice proves itself by.
#[derive(Clone, Copy, Debug)]
pub(super) struct To<'a> {
    pub(super) host: &'a HeaderValue,
    pub(super) authorization: Option<&'a HeaderValue>,
}

impl Written {
    /// Any request. Only the path and the query of its URI count.
    pub(super) fn of(request: Request<Body>, to: To<'_>) -> Written {
        let (parts, body) = request.into_parts();
        let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let (together, apart) = if body.len() > TOGETHER { (Body::new(), body) } else { (body, Body::new()) };
        let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let mut head = begun(&parts.method, target, to, headers + together.len());
        let ours = [HOST, AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING];
        for (name, value) in parts.headers.iter().filter(|(name, _)| !ours.contains(name)) {
            field(&mut head, name, value);
        }
        let length = together.len().max(apart.len());
        if length > 0 || parts.method == Method::POST || parts.method == Method::PUT {
            head.put_slice(b"content-length: ");
            head.put_slice(itoa::Buffer::new().format(length).as_bytes());
            head.put_slice(b"\r\n");
        }
        head.put_slice(b"\r\n");
        head.put_slice(&together);
        Written { method: parts.method, head, apart, keeps: Keeps::All }
    }

    /// The request for a page, or for a query's end. `target` is path and query.
    pub(super) fn of_page(method: Method, target: &str, headers: &[(HeaderName, &HeaderValue)], to: To<'_>) -> Written {
        let more: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let mut head = begun(&method, target, to, more);
        for (name, value) in headers {
            field(&mut head, name, value);
        }
        head.put_slice(b"\r\n");
        Written { method, head, apart: Body::new(), keeps: Keeps::OfPage }
    }
}

/// The first line and the headers that each request has. `more`: bytes that come behind it.
fn begun(method: &Method, target: &str, to: To<'_>, more: usize) -> BytesMut {
    let own = to.host.len() + to.authorization.map_or(0, HeaderValue::len);
    let mut head = BytesMut::with_capacity(target.len() + own + more + 128);
    for part in [method.as_str(), " ", target, " HTTP/1.1\r\n"] {
        head.put_slice(part.as_bytes());
    }
    field(&mut head, &HOST, to.host);
    if let Some(authorization) = to.authorization {
        field(&mut head, &AUTHORIZATION, authorization);
    }
    head
}

fn field(head: &mut BytesMut, name: &HeaderName, value: &HeaderValue) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        head.put_slice(part);
    }
}
