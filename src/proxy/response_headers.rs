//! Which of Trino's response headers a client gets.
//!
//! In: the headers of an answer of Trino's. Out: those that change the client's session, and none that tells of Trino
//! itself. A header that comes several times goes on several times.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers that change a client's session. `Set-Path` and `Set-Role` are none of them: statements that set them don't pass.
/// The user of `Set-Authorization-User` is the one that later requests ask to act as, for which each needs a policy.
const SESSION: [HeaderName; 10] = [
    HeaderName::from_static("x-trino-set-authorization-user"),
    HeaderName::from_static("x-trino-reset-authorization-user"),
    HeaderName::from_static("x-trino-set-catalog"),
    HeaderName::from_static("x-trino-set-schema"),
    HeaderName::from_static("x-trino-set-session"),
    HeaderName::from_static("x-trino-clear-session"),
    HeaderName::from_static("x-trino-added-prepare"),
    HeaderName::from_static("x-trino-deallocated-prepare"),
    HeaderName::from_static("x-trino-started-transaction-id"),
    HeaderName::from_static("x-trino-clear-transaction-id"),
];

/// Adds those that change the session to the headers of a page.
pub(crate) fn add_session(trino: &HeaderMap, headers: &mut HeaderMap) {
    for (name, value) in trino {
        if name.as_str().starts_with("x-trino-") && SESSION.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// A header as it is written.
pub(crate) type Written = (&'static str, &'static str);

/// The headers of each JSON answer. Those of HTTP itself, such as the length, come beside them.
pub(crate) const OF_RESULTS: [Written; 3] = [
    ("content-type", "application/json"),
    ("cache-control", "no-store, max-age=0"),
    ("x-content-type-options", "nosniff"),
];

/// Adds headers that are there as they are written.
pub(crate) fn add(written: &[Written], headers: &mut HeaderMap) {
    for (name, value) in written {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// The headers of each JSON answer, and none else.
pub(crate) fn of_results() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(OF_RESULTS.len());
    add(&OF_RESULTS, &mut headers);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_headers_pass_and_trinos_own_do_not() {
        let mut trino = HeaderMap::new();
        for (name, value) in [
            ("x-trino-set-session", "a=1"),
            ("x-trino-set-session", "b=2"),
            ("x-trino-clear-transaction-id", "true"),
            ("x-trino-set-authorization-user", "anna"),
            ("x-trino-set-role", "system=ROLE"),
            ("x-trino-new-thing", "x"),
            ("server", "Trino/476"),
            ("via", "1.1 trino"),
            ("set-cookie", "a=b"),
            ("location", "http://trino"),
            ("content-length", "5"),
        ] {
            trino.append(name, value.parse().unwrap());
        }
        let mut shown = of_results();
        add_session(&trino, &mut shown);
        assert_eq!(shown.get_all("x-trino-set-session").iter().count(), 2);
        let mut names: Vec<&str> = shown.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "cache-control",
                "content-type",
                "x-content-type-options",
                "x-trino-clear-transaction-id",
                "x-trino-set-authorization-user",
                "x-trino-set-session"
            ]
        );
    }
}
