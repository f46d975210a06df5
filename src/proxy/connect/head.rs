//! The head of an answer of Trino's, and how long its body is.
//!
//! What can be read in two ways is refused (RFC 9112, section 6.3): a length beside `Transfer-Encoding`, lengths that differ,
//! a coding other than `chunked`. A connection on which that came is not used again.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use std::mem::MaybeUninit;

/// Most bytes of a head. Trino's own limit for requests is far below.
const LONGEST: usize = 400 * 1024;
/// Most headers of an answer.
const HEADERS: usize = 100;

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

/// Takes a head off the front of what was read, if all of it is there. Heads that only announce another are passed over.
pub(super) fn take(read: &mut BytesMut, method: &Method) -> Result<Option<Head>, Unreadable> {
    loop {
        let Some((length, fields, head)) = parse(read)? else {
            return if read.len() > LONGEST { Err(Unreadable("is too long")) } else { Ok(None) };
        };
        let bytes = read.split_to(length).freeze();
        match head.status {
            StatusCode::SWITCHING_PROTOCOLS => return Err(Unreadable("speaks another protocol")),
            status if status.is_informational() => {}
            _ => return finish(&bytes, &fields, &head, method).map(Some),
        }
    }
}

/// Where a header's name and value stand.
type Field = (std::ops::Range<usize>, std::ops::Range<usize>);

struct Line {
    status: StatusCode,
    /// HTTP/1.1, else 1.0.
    current: bool,
}

fn parse(read: &[u8]) -> Result<Option<(usize, Vec<Field>, Line)>, Unreadable> {
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
    let place = |part: &[u8]| {
        let start = (part.as_ptr() as usize).saturating_sub(read.as_ptr() as usize);
        start..start + part.len()
    };
    let fields = response.headers.iter().map(|field| (place(field.name.as_bytes()), place(field.value))).collect();
    Ok(Some((length, fields, Line { status, current: response.version == Some(1) })))
}

fn finish(bytes: &Bytes, fields: &[Field], line: &Line, method: &Method) -> Result<Head, Unreadable> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let name = bytes.get(name.clone()).and_then(|name| HeaderName::from_bytes(name).ok());
        let value = bytes.get(value.clone()).map(|value| bytes.slice_ref(value));
        let value = value.and_then(|value| HeaderValue::from_maybe_shared(value).ok());
        let (Some(name), Some(value)) = (name, value) else {
            return Err(Unreadable("has a header that is none"));
        };
        headers.append(name, value);
    }
    let length = length(&headers, line.status, method)?;
    let closes = headers.get_all(CONNECTION).iter().any(|value| has_token(value, "close"));
    let kept = line.current && !closes && length != Length::UntilClose;
    let mut response = Response::new(());
    *response.status_mut() = line.status;
    *response.headers_mut() = headers;
    Ok(Head { response, length, kept })
}

fn length(headers: &HeaderMap, status: StatusCode, method: &Method) -> Result<Length, Unreadable> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let known = lengths.next();
    if lengths.any(|other| Some(other) != known) {
        return Err(Unreadable("has two lengths"));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let coding = codings.next();
    if method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        return Ok(Length::Known(0));
    }
    match (coding, known) {
        (None, None) => Ok(Length::UntilClose),
        (None, Some(known)) => {
            digits(known.as_bytes()).map(Length::Known).ok_or(Unreadable("has a length that is none"))
        }
        (Some(_), Some(_)) => Err(Unreadable("has a length and a transfer coding")),
        (Some(coding), None) if codings.next().is_none() && coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Ok(Length::Chunked)
        }
        (Some(_), None) => Err(Unreadable("has an unknown transfer coding")),
    }
}

/// A number, without a sign or a space.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn has_token(value: &HeaderValue, token: &str) -> bool {
    let same = |part: &[u8]| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes());
    value.as_bytes().split(|byte| *byte == b',').any(same)
}

/// Reads the ends of chunks: what stands between the data of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// Before a line with a size, the first one of all if so.
    Size { first: bool },
    /// Within data.
    Data { left: u64 },
    /// After the last chunk, before the empty line.
    Trailers { bytes: usize },
    /// After it.
    Ended,
}

/// Longest line with a size, extensions included.
const SIZE_LINE: usize = 1024;
/// Most bytes of trailers, which are left out.
const TRAILERS: usize = 16 * 1024;

impl Chunks {
    /// Goes on to the next data or the end, as far as what was read goes. Whether it got there.
    pub(super) fn advance(&mut self, read: &mut BytesMut) -> Result<bool, Unreadable> {
        loop {
            match *self {
                Chunks::Data { left: 1.. } | Chunks::Ended => return Ok(true),
                Chunks::Data { left: 0 } => *self = Chunks::Size { first: false },
                Chunks::Size { first } => match size(read, first)? {
                    None => return Ok(false),
                    Some(0) => *self = Chunks::Trailers { bytes: 0 },
                    Some(left) => *self = Chunks::Data { left },
                },
                Chunks::Trailers { bytes } => {
                    let Some(end) = line(read, TRAILERS - bytes.min(TRAILERS))? else {
                        return Ok(false);
                    };
                    read.advance(end + 2);
                    *self = if end == 0 { Chunks::Ended } else { Chunks::Trailers { bytes: bytes + end + 2 } };
                }
            }
        }
    }
}

/// The size of the next chunk. Data ends with a line end of its own.
fn size(read: &mut BytesMut, first: bool) -> Result<Option<u64>, Unreadable> {
    const WRONG: Unreadable = Unreadable("has a chunk without a size");
    let before = if first { 0 } else { 2 };
    if !first && !b"\r\n".starts_with(read.get(..before.min(read.len())).unwrap_or_default()) {
        return Err(WRONG);
    }
    let Some(after) = read.get(before..) else {
        return Ok(None);
    };
    let Some(end) = line(after, SIZE_LINE)? else {
        return Ok(None);
    };
    let text = after.get(..end).unwrap_or_default();
    let number = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    if number.is_empty() || number.len() > 16 || !number.iter().all(u8::is_ascii_hexdigit) {
        return Err(WRONG);
    }
    let size = std::str::from_utf8(number).ok().and_then(|number| u64::from_str_radix(number, 16).ok()).ok_or(WRONG)?;
    read.advance(before + end + 2);
    Ok(Some(size))
}

/// Where a line ends, if its end is there. A line feed alone ends none.
fn line(read: &[u8], most: usize) -> Result<Option<usize>, Unreadable> {
    const LONG: Unreadable = Unreadable("has a chunk's line that is too long");
    match memchr::memchr(b'\n', read) {
        Some(end) if end > most + 1 => Err(LONG),
        Some(end) if end > 0 && read.get(end - 1) == Some(&b'\r') => Ok(Some(end - 1)),
        Some(_) => Err(Unreadable("has a chunk's line without its end")),
        None if read.len() > most + 1 => Err(LONG),
        None => Ok(None),
    }
}
