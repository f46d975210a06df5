//! The head of a request, and how long its body is.
//!
//! What programs in front of Sluice could read in another way is refused (RFC 9112, section 6.3): a length beside a transfer
//! coding, lengths that differ, a coding other than `chunked`. Nothing is read on a connection after such a head.

use crate::proxy::characters::{Kind, are_all};
use crate::proxy::framing::{digits, has_token};
use crate::proxy::kept::Kept;
use crate::proxy::routes::Target;
use crate::proxy::serve;
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, PROXY_AUTHORIZATION, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
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
    pub(super) method: Method,
    target: Said,
    pub(super) headers: HeaderMap,
    /// What was found out from the same one before.
    pub(super) found: Kept,
    /// Whether it came before.
    pub(super) again: bool,
    pub(super) length: Length,
    /// HTTP/1.1, else 1.0.
    pub(super) current: bool,
    /// Whether the client wants to send another request after it.
    pub(super) kept: bool,
    /// Whether the client waits for word before it sends the body.
    pub(super) waits: bool,
}

/// What a request is for.
#[derive(Debug)]
enum Said {
    /// A path of characters that have no other meaning than themselves.
    Plain(Bytes),
    Any(Uri),
}

impl Head {
    /// One without a body for a path of characters that have no other meaning than themselves.
    pub(super) fn of_page(path: Bytes, headers: HeaderMap, found: Kept, (current, kept): (bool, bool)) -> Head {
        let (method, target, length) = (Method::GET, Said::Plain(path), Length::Known(0));
        Head { method, target, headers, found, again: true, length, current, kept, waits: false }
    }

    pub(super) fn request(&self) -> serve::Request<'_> {
        let target = match &self.target {
            Said::Plain(path) => std::str::from_utf8(path).ok().map(Target::plain),
            Said::Any(uri) => Target::of(uri),
        };
        serve::Request { method: &self.method, target, headers: &self.headers, kept: &self.found }
    }
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
pub(super) const NO_HTTP: Unreadable = wrong("This is no HTTP/1.1");
const NO_LENGTH: Unreadable = wrong("Content-Length is one number");
const NO_CODING: Unreadable = wrong("Transfer-Encoding is `chunked` and nothing else");

/// How a head was written.
#[derive(Debug)]
pub(super) struct Written {
    /// All of it, without the values by which a client proves who it is.
    pub(super) bytes: Bytes,
    /// Where its target ends.
    pub(super) behind: usize,
    /// Where those values stood.
    pub(super) secrets: Vec<(HeaderName, Range<usize>)>,
}

/// Takes a head of at most `most` bytes off the front of what was read, if all of it is there.
pub(super) fn take(read: &mut BytesMut, most: usize) -> Result<Option<(Head, Written)>, Unreadable> {
    let Some(mut parsed) = parse(read)? else {
        return if read.len() >= most { Err(LONG) } else { Ok(None) };
    };
    if parsed.length > most {
        return Err(LONG);
    }
    parsed.take_secrets(read);
    let bytes = read.split_to(parsed.length).freeze();
    finish(bytes, parsed).map(Some)
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
    /// One that is overwritten when the request is over, and where it stood.
    Secret(Range<usize>, Zeroizing<Vec<u8>>),
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
                *value = Value::Secret(place.clone(), take_secret(bytes));
            }
        }
    }
}

/// A copy of a value that is overwritten when it is dropped. What was read is overwritten now.
pub(super) fn take_secret(read: &mut [u8]) -> Zeroizing<Vec<u8>> {
    let taken = Zeroizing::new(read.to_vec());
    read.zeroize();
    taken
}

fn is_secret(name: &[u8]) -> bool {
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, EXTRA_CREDENTIAL]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret.as_str().as_bytes()))
}

/// Where a part of a text stands in it.
pub(super) fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
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
    let place = |part: &[u8]| place(read, part);
    let method = request.method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()).ok_or(NO_HTTP)?;
    let target = request.path.filter(|target| are_all(target.as_bytes(), Kind::Graphic)).ok_or(NO_HTTP)?;
    let target = place(target.as_bytes());
    let fields =
        request.headers.iter().map(|field| (place(field.name.as_bytes()), Value::At(place(field.value)))).collect();
    Ok(Some(Parsed { length, method, target, current: request.version == Some(1), fields }))
}

fn finish(bytes: Bytes, parsed: Parsed) -> Result<(Head, Written), Unreadable> {
    let mut secrets = Vec::new();
    let mut headers = HeaderMap::with_capacity(parsed.fields.len());
    let mut framing = Framing::default();
    for (name, value) in parsed.fields {
        let name = bytes.get(name).and_then(|name| HeaderName::from_bytes(name).ok());
        let (value, secret) = match value {
            Value::At(place) => (bytes.get(place).map(|value| bytes.slice_ref(value)), None),
            Value::Secret(place, value) => (Some(Bytes::from_owner(value)), Some(place)),
        };
        let (name, value) = name.zip(value).ok_or(NO_HTTP)?;
        framing.note(&name, &value, parsed.current)?;
        let mut value = HeaderValue::from_maybe_shared(value).map_err(|_| NO_HTTP)?;
        value.set_sensitive(secret.is_some());
        secrets.extend(secret.map(|place| (name.clone(), place)));
        headers.append(name, value);
    }
    let behind = parsed.target.end;
    let target = bytes.get(parsed.target).map(|target| bytes.slice_ref(target));
    let uri = target.and_then(|target| Uri::from_maybe_shared(target).ok()).ok_or(NO_HTTP)?;
    let kept = !framing.closes && (parsed.current || framing.keeps);
    let waits = framing.waits && parsed.current;
    let (length, found) = (framing.length()?, Kept::default());
    let (method, target, current) = (parsed.method, Said::Any(uri), parsed.current);
    let head = Head { method, target, headers, found, again: false, length, current, kept, waits };
    Ok((head, Written { bytes, behind, secrets }))
}

/// What headers say of the body and of the connection.
#[derive(Default)]
struct Framing {
    /// The number, and by how many digits it is written.
    length: Option<(u64, usize)>,
    chunked: bool,
    closes: bool,
    keeps: bool,
    /// Whether the client waits for word before it sends the body.
    waits: bool,
}

impl Framing {
    fn note(&mut self, name: &HeaderName, value: &[u8], current: bool) -> Result<(), Unreadable> {
        if *name == CONTENT_LENGTH {
            let length = digits(value).filter(|length| *length <= i64::MAX.unsigned_abs()).ok_or(NO_LENGTH)?;
            let written = (length, value.len());
            if self.length.replace(written).is_some_and(|before| before != written) {
                return Err(NO_LENGTH);
            }
        } else if *name == TRANSFER_ENCODING {
            if !current || self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(NO_CODING);
            }
            self.chunked = true;
        } else if *name == CONNECTION {
            self.closes |= has_token(value, "close");
            self.keeps |= has_token(value, "keep-alive");
        } else if *name == EXPECT {
            self.waits |= value.eq_ignore_ascii_case(b"100-continue");
        }
        Ok(())
    }

    fn length(&self) -> Result<Length, Unreadable> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(wrong("A request has Content-Length or Transfer-Encoding, not both")),
            (true, None) => Ok(Length::Chunked),
            (false, length) => Ok(Length::Known(length.map_or(0, |(length, _)| length))),
        }
    }
}

/// What is left in memory of what was read of a head.
#[cfg(test)]
pub(super) fn overwritten(read: &mut [u8]) {
    if let Ok(Some(mut parsed)) = parse(read) {
        parsed.take_secrets(read);
    }
}
