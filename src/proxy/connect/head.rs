//! The head of an answer of Trino's, and how long its body is.
//!
//! What can be read in two ways is refused (RFC 9112, section 6.3): a length beside `Transfer-Encoding`, lengths that differ,
//! a coding other than `chunked`. A connection on which that came is not used again.

use crate::proxy::framing::{digits, has_token};
use bytes::{Buf, BytesMut};
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use std::mem::MaybeUninit;

/// Most bytes of a head. Trino's own limit for requests is far below.
const LONGEST: usize = 400 * 1024;
/// Most headers of an answer.
const HEADERS: usize = 100;
/// Most heads that only announce another. Trino sends none.
const ANNOUNCED: usize = 100;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// After so many bytes.
    Known(u64),
    /// By the last chunk.
    Chunked,
    /// When Trino closes the connection.
    UntilClose,
}

/// A head that was read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) response: Response<()>,
    pub(super) length: Length,
    /// Whether the connection can take another request after the body.
    pub(super) kept: bool,
}

/// Why there is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the head of its answer {0}")]
pub(super) struct Unreadable(pub(super) &'static str);

/// Which headers of an answer are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// All.
    All,
    /// Those that count for a page: whether it is packed, and Trino's own.
    OfPage,
}

impl Keeps {
    fn keeps(self, name: &str) -> bool {
        let own = |start: &str| start.eq_ignore_ascii_case("x-trino-");
        self == Keeps::All || name.get(..8).is_some_and(own) || name.eq_ignore_ascii_case(CONTENT_ENCODING.as_str())
    }
}

/// Takes a head off the front of what was read, if all of it is there. Heads that only announce another are passed over;
/// `announced` counts those of one request.
pub(super) fn take(
    read: &mut BytesMut,
    method: &Method,
    keeps: Keeps,
    announced: &mut usize,
) -> Result<Option<Head>, Unreadable> {
    loop {
        let Some((length, head)) = parse(read, method, keeps)? else {
            return if read.len() > LONGEST { Err(Unreadable("is too long")) } else { Ok(None) };
        };
        read.advance(length);
        match head.response.status() {
            StatusCode::SWITCHING_PROTOCOLS => return Err(Unreadable("speaks another protocol")),
            status if status.is_informational() => {
                *announced += 1;
                if *announced > ANNOUNCED {
                    return Err(Unreadable("is announced without end"));
                }
            }
            _ => return Ok(Some(head)),
        }
    }
}

fn parse(read: &[u8], method: &Method, keeps: Keeps) -> Result<Option<(usize, Head)>, Unreadable> {
    let mut headers = [MaybeUninit::uninit(); HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parsed =
        httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut response, read, &mut headers);
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Unreadable("has too many headers")),
        Err(_) => return Err(Unreadable("is no HTTP")),
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Unreadable("has no status"))?;
    let mut framing = Framing::default();
    let mut kept = HeaderMap::new();
    for field in response.headers.iter() {
        framing.note(field)?;
        if keeps.keeps(field.name) {
            let name = HeaderName::from_bytes(field.name.as_bytes()).ok();
            let value = HeaderValue::from_bytes(field.value).ok();
            let (Some(name), Some(value)) = (name, value) else {
                return Err(Unreadable("has a header that is none"));
            };
            kept.append(name, value);
        }
    }
    let end = framing.length(status, method)?;
    let current = response.version == Some(1);
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = kept;
    let kept = current && !framing.closes && end != Length::UntilClose;
    Ok(Some((length, Head { response, length: end, kept })))
}

/// What headers say of where the body ends.
#[derive(Default)]
struct Framing<'a> {
    length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
    /// Whether there are more codings than one.
    codings: bool,
    closes: bool,
}

impl<'a> Framing<'a> {
    fn note(&mut self, field: &httparse::Header<'a>) -> Result<(), Unreadable> {
        let is = |name: &HeaderName| field.name.eq_ignore_ascii_case(name.as_str());
        if is(&CONTENT_LENGTH) {
            if self.length.is_some_and(|length| length != field.value) {
                return Err(Unreadable("has two lengths"));
            }
            self.length = Some(field.value);
        } else if is(&TRANSFER_ENCODING) {
            self.codings = self.coding.is_some();
            self.coding = Some(field.value);
        } else if is(&CONNECTION) {
            self.closes |= has_token(field.value, "close");
        }
        Ok(())
    }

    fn length(&self, status: StatusCode, method: &Method) -> Result<Length, Unreadable> {
        if self.coding.is_some() && self.length.is_some() {
            return Err(Unreadable("has a length and a transfer coding"));
        }
        if method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
            return Ok(Length::Known(0));
        }
        match (self.coding, self.length) {
            (None, None) => Ok(Length::UntilClose),
            (None, Some(length)) => digits(length).map(Length::Known).ok_or(Unreadable("has a length that is none")),
            (Some(coding), _) if !self.codings && coding.eq_ignore_ascii_case(b"chunked") => Ok(Length::Chunked),
            (Some(_), _) => Err(Unreadable("has an unknown transfer coding")),
        }
    }
}
