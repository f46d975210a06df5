//! What of a request's head is refused whatever is asked for: where programs in front of Sluice may read it in another way,
//! and where a page of another site has made a browser send it.
//!
//! In: method, headers, whether a body follows, and under what name the client reached Sluice. Out: nothing, or a
//! [`Wrong`], after which the connection is closed where it is in doubt what follows on it.

use super::origin::Origin;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
    /// Whether it is in doubt where the next request begins.
    pub(crate) closes: bool,
}

pub(crate) const fn doubtful(reason: &'static str) -> Wrong {
    Wrong { status: StatusCode::BAD_REQUEST, reason, closes: true }
}

const fn refused(status: StatusCode, reason: &'static str) -> Wrong {
    Wrong { status, reason, closes: false }
}

/// Whether a request may have a body where it has one.
///
/// # Errors
/// [`Wrong`], if other programs could see its end elsewhere.
pub(crate) fn body(method: &Method, body: bool) -> Result<(), Wrong> {
    if body && (method == Method::GET || method == Method::HEAD || method == Method::DELETE) {
        return Err(doubtful("This request has no body"));
    }
    Ok(())
}

/// Whether no page of another site had a browser send it, which adds the password that it keeps.
///
/// # Errors
/// [`Wrong`], if one did.
pub(crate) fn sender(headers: &HeaderMap, origin: &Origin) -> Result<(), Wrong> {
    let own = headers.get_all(header::ORIGIN).iter().all(|value| value.as_bytes() == origin.as_str().as_bytes());
    let sites = headers.get_all(&SEC_FETCH_SITE).iter();
    let here = |value: &[u8]| matches!(value, b"same-origin" | b"none");
    if own && sites.map(http::HeaderValue::as_bytes).all(here) {
        return Ok(());
    }
    Err(refused(StatusCode::FORBIDDEN, "Pages of other sites may not send requests"))
}

/// Whether a body is the plain UTF-8 that it is read as.
///
/// # Errors
/// [`Wrong`], if its headers say something else.
pub(crate) fn text(headers: &HeaderMap) -> Result<(), Wrong> {
    const UNSUPPORTED: StatusCode = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(refused(UNSUPPORTED, "A statement is sent without Content-Encoding"));
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(first) = types.next() else {
        return Ok(());
    };
    if types.next().is_some() {
        return Err(refused(StatusCode::BAD_REQUEST, "Content-Type is given more than once"));
    }
    let utf8 = |charset: &str| {
        let charset = charset.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(charset);
        charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
    };
    let right = first.to_str().is_ok_and(|value| {
        let parameters = value.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        let charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        charsets.map(|(_, charset)| charset.trim()).all(utf8)
    });
    if right { Ok(()) } else { Err(refused(UNSUPPORTED, "A statement is UTF-8, and Content-Type says something else")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::origin::Origins;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn a_body_is_a_statement_s_alone() {
        for (method, body, right) in [
            (Method::POST, true, true),
            (Method::GET, true, false),
            (Method::HEAD, true, false),
            (Method::DELETE, true, false),
            (Method::DELETE, false, true),
        ] {
            let wrong = super::body(&method, body);
            assert_eq!(wrong.is_ok(), right, "{method}");
            assert!(wrong.is_ok() || wrong.unwrap_err().closes);
        }
    }

    #[test]
    fn a_page_of_another_site_sends_nothing() {
        let origin = Origins::new(Some("https://trino.example.com"), true);
        let origin = origin.of(&headers(&[("host", "trino.example.com")])).unwrap();
        for (lines, right) in [
            (&[][..], true),
            (&[("origin", "https://trino.example.com")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://trino.example.com")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("origin", "https://trino.example.com.evil.example")], false),
            (&[("origin", "http://trino.example.com")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://trino.example.com"), ("origin", "https://evil.example")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
        ] {
            assert_eq!(sender(&headers(lines), &origin).is_ok(), right, "{lines:?}");
        }
    }

    #[test]
    fn a_statement_is_utf8_and_says_nothing_else() {
        for (lines, status) in [
            (&[][..], 200),
            (&[("content-type", "text/plain")], 200),
            (&[("content-type", "text/plain; charset=UTF-8")], 200),
            (&[("content-type", "text/plain;charset=\"utf-8\"")], 200),
            (&[("content-type", "application/x-www-form-urlencoded")], 200),
            (&[("content-type", "text/plain; charset=utf-16")], 415),
            (&[("content-type", "text/plain; CHARSET = latin1")], 415),
            (&[("content-type", "text/plain; charset=utf-8; charset=utf-7")], 415),
            (&[("content-type", "text/plain; charset=\"utf-8")], 415),
            (&[("content-encoding", "identity")], 415),
            (&[("content-type", "text/plain"), ("content-type", "text/plain")], 400),
        ] {
            let got = text(&headers(lines)).map_or_else(|wrong| wrong.status.as_u16(), |()| 200);
            assert_eq!(got, status, "{lines:?}");
        }
    }
}
