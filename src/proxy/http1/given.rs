//! The head of an answer, and where its body ends.

use crate::proxy::response_headers::Written;
use bytes::{BufMut, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{Method, StatusCode, response};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How a client knows the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There is no body, whatever the length says that it would have.
    NoBody(Option<u64>),
    /// After so many bytes.
    Known(u64),
    /// By the last chunk.
    Chunked,
    /// By the end of the connection.
    Closed,
}

impl End {
    /// That of the answer to a request by `method`, whose body has `exact` bytes if that is known, and goes to a client of
    /// HTTP/1.1 or not.
    pub(super) fn of(method: &Method, status: StatusCode, exact: Option<u64>, current: bool) -> End {
        if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED || status.is_informational() {
            return End::NoBody(None);
        }
        match exact {
            // What is not sent has no length that is known.
            length if *method == Method::HEAD => End::NoBody(length.filter(|length| *length > 0)),
            Some(length) => End::Known(length),
            None if current => End::Chunked,
            None => End::Closed,
        }
    }
}

/// What is said of the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connected {
    /// HTTP/1.1, else 1.0.
    pub(super) current: bool,
    /// Whether it ends after the answer.
    pub(super) closes: bool,
}

/// Writes a head, whose headers are those of `parts` and `more`. What those of `parts` say of length, coding and connection does not
/// count.
pub(super) fn write(
    out: &mut BytesMut,
    (parts, more): (&response::Parts, &[Written]),
    end: End,
    connected: Connected,
    date: &mut Date,
) {
    out.put_slice(if connected.current { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
    out.put_slice(parts.status.as_str().as_bytes());
    out.put_u8(b' ');
    out.put_slice(parts.status.canonical_reason().unwrap_or_default().as_bytes());
    out.put_slice(b"\r\n");
    for (name, value) in &parts.headers {
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING && name != CONNECTION && name != DATE {
            field(out, name.as_str(), value.as_bytes());
        }
    }
    for (name, value) in more {
        field(out, name, value.as_bytes());
    }
    match end {
        End::Known(length) | End::NoBody(Some(length)) => {
            field(out, "content-length", itoa::Buffer::new().format(length).as_bytes());
        }
        End::Chunked => field(out, "transfer-encoding", b"chunked"),
        End::NoBody(None) | End::Closed => {}
    }
    match connected {
        Connected { closes: true, .. } => field(out, "connection", b"close"),
        Connected { current: false, .. } => field(out, "connection", b"keep-alive"),
        Connected { .. } => {}
    }
    field(out, "date", date.now().as_bytes());
    out.put_slice(b"\r\n");
}

fn field(out: &mut BytesMut, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.put_slice(part);
    }
}

/// The date as headers have it, made once a second.
#[derive(Debug, Default)]
pub(super) struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &str {
        let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if self.second != second || self.text.is_empty() {
            self.second = second;
            self.text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        }
        &self.text
    }
}
