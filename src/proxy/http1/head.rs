//! The head of a request, and how long its body is.
//!
//! What programs in front of Sluice could read in another way is refused (RFC 9112, section 6.3): a length beside a transfer
//! coding, lengths that differ, a coding other than `chunked`. Nothing is read on a connection after such a head.

use crate::proxy::framing::{digits, has_token};
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, PROXY_AUTHORIZATION, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use std::mem::MaybeUninit;
use std::ops::Range;
use zeroize::{Zeroize, Zeroizing};

/// Most headers of a request.
const HEADERS: usize = 100;
const EXTRA_CREDENTIAL: HeaderName = HeaderName::from_static("x-trino-extra-credential");

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// After so many bytes.
    Known(u64),
    /// By the last chunk.
    Chunked,
}

/// A head that was read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) request: Request<()>,
    pub(super) length: Length,
    /// HTTP/1.1, else 1.0.
    pub(super) current: bool,
    /// Whether the client wants to send another request after it.
    pub(super) kept: bool,
    /// Whether the client waits for word before it sends the body.
    pub(super) waits: bool,
}

/// Why there is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
}

const fn wrong(reason: &'static str) -> Unreadable {
    Unreadable { status: StatusCode::BAD_REQUEST, reason }
}

const LONG: Unreadable =
    Unreadable { status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, reason: "The request's head is too large" };
const NO_HTTP: Unreadable = wrong("This is no HTTP/1.1");
const NO_LENGTH: Unreadable = wrong("Content-Length is one number");

/// Takes a head of at most `most` bytes off the front of what was read, if all of it is there.
pub(super) fn take(read: &mut BytesMut, most: usize) -> Result<Option<Head>, Unreadable> {
    let Some(mut parsed) = parse(read)? else {
        return if read.len() >= most { Err(LONG) } else { Ok(None) };
    };
    if parsed.length > most {
        return Err(LONG);
    }
    parsed.take_secrets(read);
    let bytes = read.split_to(parsed.length).freeze();
    finish(&bytes, parsed).map(Some)
}

/// Where the parts of a head stand.
struct Parsed {
    length: usize,
    method: Method,
    target: Range<usize>,
    current: bool,
    fields: Vec<(Range<usize>, Value)>,
}

enum Value {
    At(Range<usize>),
    /// One that is overwritten when the request is over.
    Secret(Zeroizing<Vec<u8>>),
}

impl Parsed {
    /// Takes the values out by which a client proves who it is. What was read of them is overwritten.
    fn take_secrets(&mut self, read: &mut [u8]) {
        for (name, value) in &mut self.fields {
            let secret = read.get(name.clone()).is_some_and(is_secret);
            if let Value::At(place) = value
                && secret
                && let Some(bytes) = read.get_mut(place.clone())
            {
                *value = Value::Secret(Zeroizing::new(bytes.to_vec()));
                bytes.zeroize();
            }
        }
    }
}

fn is_secret(name: &[u8]) -> bool {
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, EXTRA_CREDENTIAL]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret.as_str().as_bytes()))
}

fn parse(read: &[u8]) -> Result<Option<Parsed>, Unreadable> {
    let mut headers = [MaybeUninit::uninit(); HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(read, &mut headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(LONG),
        Err(_) => return Err(NO_HTTP),
    };
    let place = |part: &[u8]| {
        let start = (part.as_ptr() as usize).saturating_sub(read.as_ptr() as usize);
        start..start + part.len()
    };
    let method = request.method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()).ok_or(NO_HTTP)?;
    let target = request.path.filter(|target| target.bytes().all(|byte| byte.is_ascii_graphic())).ok_or(NO_HTTP)?;
    let target = place(target.as_bytes());
    let fields =
        request.headers.iter().map(|field| (place(field.name.as_bytes()), Value::At(place(field.value)))).collect();
    Ok(Some(Parsed { length, method, target, current: request.version == Some(1), fields }))
}

fn finish(bytes: &Bytes, parsed: Parsed) -> Result<Head, Unreadable> {
    let mut headers = HeaderMap::with_capacity(parsed.fields.len());
    for (name, value) in parsed.fields {
        let name = bytes.get(name).and_then(|name| HeaderName::from_bytes(name).ok());
        let (value, secret) = match value {
            Value::At(place) => (bytes.get(place).map(|value| bytes.slice_ref(value)), false),
            Value::Secret(value) => (Some(Bytes::from_owner(value)), true),
        };
        let mut value = value.and_then(|value| HeaderValue::from_maybe_shared(value).ok()).ok_or(NO_HTTP)?;
        value.set_sensitive(secret);
        headers.append(name.ok_or(NO_HTTP)?, value);
    }
    let length = length(&headers, parsed.current)?;
    let says = |token| headers.get_all(CONNECTION).iter().any(|value| has_token(value.as_bytes(), token));
    let kept = !says("close") && (parsed.current || says("keep-alive"));
    let expected = headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let target = bytes.get(parsed.target).map(|target| bytes.slice_ref(target));
    let mut request = Request::new(());
    *request.method_mut() = parsed.method;
    *request.uri_mut() = target.and_then(|target| Uri::from_maybe_shared(target).ok()).ok_or(NO_HTTP)?;
    *request.headers_mut() = headers;
    Ok(Head { request, length, current: parsed.current, kept, waits: expected && parsed.current })
}

fn length(headers: &HeaderMap, current: bool) -> Result<Length, Unreadable> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(Length::Known(0)),
        (None, Some(known)) if lengths.all(|other| other == known) => {
            let known = digits(known.as_bytes()).filter(|known| *known <= i64::MAX.unsigned_abs());
            known.map(Length::Known).ok_or(NO_LENGTH)
        }
        (None, Some(_)) => Err(NO_LENGTH),
        (Some(_), Some(_)) => Err(wrong("A request has Content-Length or Transfer-Encoding, not both")),
        (Some(coding), None)
            if current && codings.next().is_none() && coding.as_bytes().eq_ignore_ascii_case(b"chunked") =>
        {
            Ok(Length::Chunked)
        }
        (Some(_), None) => Err(wrong("Transfer-Encoding is `chunked` and nothing else")),
    }
}

/// What is left in memory of what was read of a head.
#[cfg(test)]
pub(super) fn overwritten(read: &mut [u8]) {
    if let Ok(Some(mut parsed)) = parse(read) {
        parsed.take_secrets(read);
    }
}
