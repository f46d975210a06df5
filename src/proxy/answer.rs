//! Answers to clients, apart from pages of Trino's.

use super::head::Wrong;
use super::response_headers;
use super::results::body::PageBody;
use super::spooled::SegmentBody;
use crate::identity::Challenge;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use std::collections::BTreeSet;

/// The body of an answer: there already, or on its way from Trino.
pub(super) type Answer = Either<Full<Bytes>, Either<Box<PageBody>, Box<SegmentBody>>>;

/// The headers that an answer has by what its body is, beside those that are given with it: a page's are the same for each, and are
/// written as they are rather than put together each time.
pub(super) fn of_body(body: &Answer) -> &'static [response_headers::Written] {
    match body {
        Either::Right(Either::Left(_)) => &response_headers::OF_RESULTS,
        Either::Left(_) | Either::Right(Either::Right(_)) => &[],
    }
}

/// A body that is there already.
pub(super) fn full(bytes: impl Into<Bytes>) -> Answer {
    Either::Left(Full::new(bytes.into()))
}

/// A page of results that is there already.
pub(super) fn results(page: Vec<u8>) -> Response<Answer> {
    let mut response = Response::new(full(page));
    *response.headers_mut() = response_headers::of_results();
    response
}

/// Why a request's head is refused.
pub(super) fn wrong(wrong: Wrong) -> Response<Answer> {
    let response = text(wrong.status, wrong.reason);
    if wrong.closes { closing(response) } else { response }
}

/// A status and a sentence.
pub(super) fn text(status: StatusCode, text: &str) -> Response<Answer> {
    let mut response = Response::new(full(text.to_owned()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, max-age=0"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A status with its own name.
pub(super) fn status(status: StatusCode) -> Response<Answer> {
    text(status, status.canonical_reason().unwrap_or_default())
}

/// A status, since a path has other methods than the one that was used. Nothing lets pages of other sites read it.
pub(super) fn other_method(allowed: &'static str) -> Response<Answer> {
    let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// A status without a body.
pub(super) fn bare(status: StatusCode) -> Response<Answer> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// An answer after which the connection is closed.
pub(super) fn closing(mut response: Response<Answer>) -> Response<Answer> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The request to log in, by these schemes, or by a browser. It is given for nothing else: clients begin their log-in anew
/// for it.
pub(super) fn unauthorized(
    reason: &str,
    schemes: &BTreeSet<&'static str>,
    browser: Option<&Challenge>,
) -> Response<Answer> {
    let mut response = text(StatusCode::UNAUTHORIZED, reason);
    let basic = BTreeSet::from(["Basic"]);
    for scheme in if schemes.is_empty() { &basic } else { schemes } {
        // Clients read one challenge of this scheme, whichever comes first.
        let challenge = match browser.filter(|_| *scheme == "Bearer") {
            Some(Challenge { redirect: Some(redirect), token }) => {
                format!("Bearer x_redirect_server=\"{redirect}\", x_token_server=\"{token}\"")
            }
            Some(Challenge { redirect: None, token }) => format!("Bearer x_token_server=\"{token}\""),
            None => format!("{scheme} realm=\"Trino\""),
        };
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
        }
    }
    response
}
