//! Under what name a client reached Sluice: all addresses in answers begin with it.
//!
//! In: `listen.public_url`, or the request's `Host`. What a client says of forwarding (`Forwarded`, `X-Forwarded-*`) is
//! not read.

use super::routes::cut;
use http::{HeaderMap, header};
use std::sync::Arc;

/// Scheme, host and port, such as `https://trino.example.com:8443`. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(Arc<str>);

/// How origins are found.
#[derive(Clone, Debug)]
pub(crate) enum Origins {
    /// The one of `listen.public_url`.
    Fixed(Origin),
    /// The name that the client used.
    OfHost {
        /// `https` or `http`.
        scheme: &'static str,
    },
}

impl Origins {
    /// From the configuration.
    pub(crate) fn new(public_url: Option<&str>, tls: bool) -> Origins {
        match public_url {
            Some(url) => Origins::Fixed(Origin(url.trim_end_matches('/').into())),
            None => Origins::OfHost { scheme: if tls { "https" } else { "http" } },
        }
    }

    /// The origin of one request, or `None` if its `Host` is missing, given twice or no host.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<Origin> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next()?.to_str().ok()?;
        if hosts.next().is_some() || !is_host(host) {
            return None;
        }
        Some(match self {
            Origins::Fixed(origin) => origin.clone(),
            Origins::OfHost { scheme } => Origin([scheme, "://", host].concat().into()),
        })
    }
}

impl Origin {
    /// The text, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is `host` or `host:port`, the host a name, an IPv4 address or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, after)) => {
                if address.parse::<std::net::Ipv6Addr>().is_err() {
                    return false;
                }
                match after.strip_prefix(':') {
                    Some(port) => ("v6", Some(port)),
                    None if after.is_empty() => ("v6", None),
                    None => return false,
                }
            }
            None => return false,
        },
        None => match cut(text, b':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port_right = port.is_none_or(|port| {
        port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0)
    });
    let host_right = (1..=253).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    port_right && host_right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &'static str, public: Option<&str>) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        headers.insert("x-forwarded-host", "evil.example".parse().unwrap());
        headers.insert("forwarded", "host=evil.example".parse().unwrap());
        Origins::new(public, true).of(&headers).map(|origin| origin.as_str().to_owned())
    }

    #[test]
    fn a_client_is_answered_under_the_name_that_it_used() {
        assert_eq!(of("trino.example.com:8443", None).unwrap(), "https://trino.example.com:8443");
        assert_eq!(of("[::1]:80", None).unwrap(), "https://[::1]:80");
        assert_eq!(of("10.0.0.1", None).unwrap(), "https://10.0.0.1");
    }

    #[test]
    fn the_public_url_wins() {
        assert_eq!(of("other:1", Some("https://public.example/")).unwrap(), "https://public.example");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in
            ["", "a b", "a/b", "a@b", "a?b", "a#b", "a:b", "a:", "a:0", "a:99999", "a:1:2", "[::1", "[x]", "[::1]x"]
        {
            assert_eq!(of(host, None), None, "{host}");
        }
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "a".parse().unwrap());
        headers.append(header::HOST, "b".parse().unwrap());
        assert_eq!(Origins::new(None, false).of(&headers), None);
    }
}
