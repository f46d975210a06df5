//! What a client's headers say, and what of it goes to Trino.
//!
//! In: the headers of a request. Out: [`ClientHeaders`], or why they are refused. Nothing of a client's headers goes on
//! as it came: what Trino gets is built anew from what was read here, so that Sluice and Trino can't read it differently.
//! A header of Trino's protocol that is not named here is refused.

use super::prepared;
use crate::analysis::session::Session;
use crate::config::Encoding;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientHeaders {
    /// What decisions depend on.
    pub(crate) session: Session,
    /// `X-Trino-User`, the user to act as.
    pub(crate) user: Option<String>,
    /// `X-Trino-Source`; a claim.
    pub(crate) source: Option<String>,
    /// `X-Trino-Client-Info`; a claim.
    pub(crate) client_info: Option<String>,
    /// `X-Trino-Client-Tags`; a claim.
    pub(crate) client_tags: Vec<String>,
    /// `X-Trino-Trace-Token`; a claim.
    pub(crate) trace_token: Option<String>,
    /// Encodings in which rows may come in segments, the dearest first.
    pub(crate) encodings: Vec<Encoding>,
    /// Headers for Trino, but prepared statements, encodings and the user.
    forward: HeaderMap,
}

/// Why headers are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// They are not the protocol: a 400 with this text.
    #[error("{0}")]
    Malformed(String),
    /// They ask for what Sluice does not do: an error in the shape of results, so that clients show it well.
    #[error("{0}")]
    Unsupported(String),
}

/// Headers with one value that go on, if they are not empty.
const SINGLE: [&str; 8] = [
    "x-trino-catalog",
    "x-trino-schema",
    "x-trino-source",
    "x-trino-client-info",
    "x-trino-trace-token",
    "x-trino-language",
    "x-trino-time-zone",
    "x-trino-transaction-id",
];

/// Headers that are lists and go on.
const LISTS: [&str; 2] = ["x-trino-client-tags", "x-trino-client-capabilities"];

impl ClientHeaders {
    /// Reads the headers of a request.
    ///
    /// # Errors
    /// [`HeaderError`] for what is unknown, doubled, unreadable or not supported.
    pub(crate) fn read(headers: &HeaderMap) -> Result<ClientHeaders, HeaderError> {
        let mut read = ClientHeaders::default();
        for name in headers.keys() {
            known(name)?;
        }
        for name in SINGLE {
            if let Some(value) = single(headers, name)? {
                read.keep(name, &value)?;
            }
        }
        for name in LISTS {
            let values = list(headers, name)?;
            if !values.is_empty() {
                read.keep(name, &values.join(","))?;
            }
        }
        read.session.catalog = single(headers, "x-trino-catalog")?;
        read.session.schema = single(headers, "x-trino-schema")?;
        if read.session.schema.is_some() && read.session.catalog.is_none() {
            return Err(HeaderError::Malformed("Schema is set but catalog is not".to_owned()));
        }
        read.user = single(headers, "x-trino-user")?;
        single(headers, "x-trino-original-user")?;
        read.source = single(headers, "x-trino-source")?;
        read.client_info = single(headers, "x-trino-client-info")?;
        read.trace_token = single(headers, "x-trino-trace-token")?;
        read.client_tags = list(headers, "x-trino-client-tags")?;
        // Those that are not known are left out; clients read rows on pages as well.
        let encodings = list(headers, "x-trino-query-data-encoding")?;
        read.encodings = encodings.iter().filter_map(|name| Encoding::named(name)).collect();
        read.session.properties = pairs(headers, "x-trino-session")?;
        for (name, value) in &read.session.properties {
            if name.split('.').count() > 2 || name.split('.').any(|part| !is_name(part)) {
                return Err(malformed("x-trino-session"));
            }
            let entry = format!("{name}={}", encode(value));
            read.forward.append("x-trino-session", value_of("x-trino-session", &entry)?);
        }
        for (name, value) in pairs(headers, "x-trino-resource-estimate")? {
            if !is_name(&name) {
                return Err(malformed("x-trino-resource-estimate"));
            }
            let entry = format!("{name}={}", encode(&value));
            read.forward.append("x-trino-resource-estimate", value_of("x-trino-resource-estimate", &entry)?);
        }
        read.roles(headers)?;
        read.prepared(headers)?;
        if single(headers, "x-trino-path")?.is_some() {
            return Err(unsupported("X-Trino-Path", "write functions with their full names"));
        }
        if !pairs(headers, "x-trino-extra-credential")?.is_empty() {
            return Err(unsupported("X-Trino-Extra-Credential", "leave extra credentials out"));
        }
        Ok(read)
    }

    /// The user to act as, from the headers of a request about a running query: nothing else of them counts there.
    ///
    /// # Errors
    /// [`HeaderError`] for a header of the protocol that is unknown, and for a user who is given twice or can't be read.
    pub(crate) fn acting_user(headers: &HeaderMap) -> Result<Option<String>, HeaderError> {
        for name in headers.keys() {
            known(name)?;
        }
        single(headers, "x-trino-user")
    }

    /// Headers for Trino, without the user and without prepared statements.
    pub(crate) fn forward(&self) -> &HeaderMap {
        &self.forward
    }

    /// Gives Trino another id of the transaction.
    pub(crate) fn set_transaction(&mut self, id: HeaderValue) {
        self.forward.insert("x-trino-transaction-id", id);
    }

    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        let session = &self.session;
        let texts = session.properties.iter().chain(&session.prepared).map(|(name, text)| name.len() + text.len());
        let forward = self.forward.iter().map(|(name, value)| name.as_str().len() + value.len());
        texts.chain(forward).map(|bytes| bytes + 64).sum()
    }

    fn keep(&mut self, name: &'static str, value: &str) -> Result<(), HeaderError> {
        self.forward.insert(HeaderName::from_static(name), value_of(name, value)?);
        Ok(())
    }

    fn roles(&mut self, headers: &HeaderMap) -> Result<(), HeaderError> {
        for (catalog, role) in pairs(headers, "x-trino-role")? {
            if !is_name(&catalog) {
                return Err(malformed("x-trino-role"));
            }
            // Trino tells whether there is a catalog of this name.
            if catalog != "system" || role != "NONE" {
                return Err(unsupported(
                    "X-Trino-Role",
                    "no role can be chosen, so it says system=NONE or is left out",
                ));
            }
            self.forward.append("x-trino-role", HeaderValue::from_static("system=NONE"));
        }
        Ok(())
    }

    fn prepared(&mut self, headers: &HeaderMap) -> Result<(), HeaderError> {
        for (name, text) in pairs(headers, "x-trino-prepared-statement")? {
            let name = decode(&name).ok_or_else(|| malformed("x-trino-prepared-statement"))?;
            let text = prepared::unpack(&text).ok_or_else(|| malformed("x-trino-prepared-statement"))?;
            if self.session.prepared.insert(name, text).is_some() {
                return Err(malformed("x-trino-prepared-statement"));
            }
        }
        Ok(())
    }
}

/// The header that carries a prepared statement to Trino.
pub(crate) fn prepared_header(name: &str, text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{}={}", encode(name), encode(text))).ok()
}

/// Refuses headers of the protocol that are not known here, and those of Trino's predecessor.
fn known(name: &HeaderName) -> Result<(), HeaderError> {
    let name = name.as_str();
    if name.starts_with("x-presto-") {
        return Err(HeaderError::Malformed(format!("{name}: only X-Trino-* headers are understood")));
    }
    if !name.starts_with("x-trino-") || SINGLE.contains(&name) || LISTS.contains(&name) {
        return Ok(());
    }
    match name {
        "x-trino-user"
        | "x-trino-original-user"
        | "x-trino-session"
        | "x-trino-role"
        | "x-trino-path"
        | "x-trino-prepared-statement"
        | "x-trino-resource-estimate"
        | "x-trino-extra-credential"
        | "x-trino-query-data-encoding" => Ok(()),
        _ => Err(HeaderError::Malformed(format!("{name}: this header is not known to Sluice"))),
    }
}

/// The one value of a header, without spaces around it; `None` if there is none or it is empty.
pub(crate) fn single(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, HeaderError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(HeaderError::Malformed(format!("{name}: given more than once")));
    }
    let text = value.to_str().map_err(|_| malformed(name))?.trim();
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// The parts of a list that may stand in several headers and is cut at commas.
fn list(headers: &HeaderMap, name: &'static str) -> Result<Vec<String>, HeaderError> {
    let mut parts = Vec::new();
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| malformed(name))?;
        parts.extend(value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    }
    Ok(parts)
}

/// `name=value` pairs, the values decoded. One name with two values is refused, since which of them counts would be a
/// guess.
fn pairs(headers: &HeaderMap, header: &'static str) -> Result<BTreeMap<String, String>, HeaderError> {
    let mut pairs = BTreeMap::new();
    for part in list(headers, header)? {
        let (name, value) = part.split_once('=').ok_or_else(|| malformed(header))?;
        if value.contains('=') {
            return Err(malformed(header));
        }
        let value = decode(value.trim()).ok_or_else(|| malformed(header))?;
        match pairs.entry(name.trim().to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(entry) if *entry.get() == value => {}
            Entry::Occupied(entry) => {
                return Err(HeaderError::Malformed(format!("{header}: `{}` has two values", entry.key())));
            }
        }
    }
    Ok(pairs)
}

/// Decodes `application/x-www-form-urlencoded`, as Trino does; `None` for a `%` without two digits and for bytes that
/// are no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        if !after.get(..2)?.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        rest = after;
    }
    let spaces = text.replace('+', " ");
    percent_decode_str(&spaces).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// What `application/x-www-form-urlencoded` leaves as it is, and the space, which becomes a plus.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Encodes as Java does: Trino bounds the size of headers, so that each byte counts.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string().replace(' ', "+")
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn value_of(name: &'static str, text: &str) -> Result<HeaderValue, HeaderError> {
    HeaderValue::from_str(text).map_err(|_| malformed(name))
}

fn malformed(name: &'static str) -> HeaderError {
    HeaderError::Malformed(format!("{name}: can't be read"))
}

fn unsupported(name: &str, hint: &str) -> HeaderError {
    HeaderError::Unsupported(format!("{name} is not supported by Sluice yet: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Result<ClientHeaders, HeaderError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        ClientHeaders::read(&map)
    }

    #[test]
    fn what_clients_send_is_read_and_built_anew() {
        let read = read(&[
            ("x-trino-user", "anna"),
            ("x-trino-original-user", "eve"),
            ("x-trino-catalog", " lake "),
            ("x-trino-schema", "no_such_schema"),
            ("x-trino-source", "trino-cli"),
            ("x-trino-client-tags", "a, b"),
            ("x-trino-client-tags", "c"),
            ("x-trino-session", "query_max_run_time=2h,lake.compression=ZSTD"),
            ("x-trino-session", "other=a%2Cb+c"),
            ("x-trino-prepared-statement", "st_1=SELECT+%3F"),
            ("x-trino-role", "system=NONE"),
            ("x-trino-extra-credential", ""),
            ("x-trino-query-data-encoding", "json+zstd"),
            ("x-forwarded-for", "1.2.3.4"),
            ("authorization", "Basic x"),
        ])
        .unwrap();
        assert_eq!(read.user.as_deref(), Some("anna"));
        assert_eq!(read.session.catalog.as_deref(), Some("lake"));
        assert_eq!(read.session.properties["other"], "a,b c");
        assert_eq!(read.session.prepared["st_1"], "SELECT ?");
        assert_eq!(read.client_tags, ["a", "b", "c"]);
        let forward = read.forward();
        let all = |name| forward.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(all("x-trino-client-tags"), ["a,b,c"]);
        assert_eq!(all("x-trino-session"), ["lake.compression=ZSTD", "other=a%2Cb+c", "query_max_run_time=2h"]);
        for absent in [
            "x-trino-user",
            "x-trino-original-user",
            "x-trino-prepared-statement",
            "x-trino-query-data-encoding",
            "x-forwarded-for",
            "authorization",
            "x-trino-extra-credential",
        ] {
            assert!(!forward.contains_key(absent), "{absent}");
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_refused() {
        for headers in [
            &[("x-trino-new-thing", "1")][..],
            &[("x-presto-user", "anna")],
            &[("x-trino-user", "anna"), ("x-trino-user", "bob")],
            &[("x-trino-catalog", "a"), ("x-trino-catalog", "a")],
            &[("x-trino-schema", "s")],
            &[("x-trino-session", "a=1,a=2")],
            &[("x-trino-session", "a")],
            &[("x-trino-session", "a=1=2")],
            &[("x-trino-session", "a.b.c=1")],
            &[("x-trino-session", "a%2eb=1")],
            &[("x-trino-session", "a=%zz")],
            &[("x-trino-session", "a=%ff")],
            &[("x-trino-prepared-statement", "a=SELECT+1,%61=SELECT+2")],
        ] {
            assert!(matches!(read(headers), Err(HeaderError::Malformed(_))), "{headers:?}");
        }
    }

    #[test]
    fn a_page_is_asked_for_as_a_user_and_nothing_else_counts() {
        let user = |headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            ClientHeaders::acting_user(&map)
        };
        assert_eq!(user(&[("x-trino-user", "anna"), ("x-trino-role", "system=ALL")]), Ok(Some("anna".to_owned())));
        assert_eq!(user(&[("x-trino-original-user", "eve")]), Ok(None));
        for headers in [&[("x-trino-user", "anna"), ("x-trino-user", "bob")][..], &[("x-trino-new-thing", "1")]] {
            assert!(matches!(user(headers), Err(HeaderError::Malformed(_))), "{headers:?}");
        }
    }

    #[test]
    fn what_sluice_does_not_do_yet_is_said() {
        for headers in [
            &[("x-trino-role", "system=ROLE%7Badmin%7D")][..],
            &[("x-trino-role", "system=ALL")],
            &[("x-trino-role", "system=NONE,hidden=NONE")],
            &[("x-trino-path", "lake.functions")],
            &[("x-trino-extra-credential", "token=abc")],
        ] {
            assert!(matches!(read(headers), Err(HeaderError::Unsupported(_))), "{headers:?}");
        }
    }
}
