//! What `tests/fuzz` tries of this room: connections, heads of requests and pages of results, made of any bytes.

use super::client_headers::ClientHeaders;
use super::connect;
use super::http1;
use super::mark::{Facts, MarkKey, Owner};
use super::origin::Origins;
use super::results::page::{Page, PageContext};
use super::routes::{Route, Target, route};
use crate::config::cluster_id::ClusterId;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;
use uuid::Uuid;

/// Under what name Sluice is reached in these.
pub const ORIGIN: &str = "https://sluice.example";
/// The query whose pages are made.
pub const QUERY: &str = "20260101_000000_00001_trino";

/// Reads the head of a request as lines: whether it would be answered by more than a refusal.
///
/// # Errors
/// The rule that is broken.
pub fn head(bytes: &[u8]) -> Result<bool, String> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let mut words = first.splitn(2, |byte| *byte == b' ');
    let (Some(Ok(method)), Some(Ok(target))) = (words.next().map(Method::from_bytes), words.next().map(Uri::try_from))
    else {
        return Ok(false);
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().map(HeaderName::from_bytes);
        let value = parts.next().map(<[u8]>::trim_ascii).map(HeaderValue::from_bytes);
        if let (Some(Ok(name)), Some(Ok(value))) = (name, value) {
            headers.append(name, value);
        }
    }
    let routed = routed(&method, &target)?;
    let origin = Origins::new(None, true).of(&headers);
    if let Some(origin) = &origin {
        let host = origin.as_str().strip_prefix("https://").unwrap_or_default();
        let parsed = origin.as_str().parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
        if parsed.is_none_or(|authority| authority.as_str() != host) {
            return Err(format!("{origin:?} is no origin"));
        }
    }
    Ok(forwarded(&headers)? && routed && origin.is_some())
}

/// What is asked of Trino has no byte that could end a line or begin another part.
fn routed(method: &Method, target: &Uri) -> Result<bool, String> {
    match route(method, Target::of(target)) {
        Ok(Route::Page(path, query)) => {
            let asked = query.upstream(path.as_str());
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.?=&".contains(&byte);
            if !asked.bytes().all(plain) || path.as_str().contains('.') || asked.contains("sluice=") {
                return Err(format!("Trino is asked for {asked:?}"));
            }
            Ok(true)
        }
        other => Ok(other.is_ok()),
    }
}

/// What goes on is of the protocol, and says to Trino what it says to Sluice.
fn forwarded(headers: &HeaderMap) -> Result<bool, String> {
    let Ok(read) = ClientHeaders::read(headers) else {
        return Ok(false);
    };
    let forward = read.forward();
    for (name, value) in forward {
        let own = ["x-trino-user", "x-trino-original-user", "x-trino-prepared-statement", "x-trino-extra-credential"];
        if !name.as_str().starts_with("x-trino-") || own.contains(&name.as_str()) || value.to_str().is_err() {
            return Err(format!("{name} goes on as {value:?}"));
        }
    }
    let again = ClientHeaders::read(forward).map_err(|error| format!("what goes on is not read: {error:?}"))?;
    let same = again.forward() == forward
        && again.session.catalog == read.session.catalog
        && again.session.schema == read.session.schema
        && again.session.properties == read.session.properties
        && again.client_tags == read.client_tags;
    if same { Ok(true) } else { Err(format!("what goes on is read as another: {forward:?}")) }
}

/// Most bytes of a head in these.
const HEAD: usize = 8 * 1024;

/// Reads a connection of a client's, or one to Trino, on which bytes come in pieces that end at `cuts`: whether a message is
/// read on it.
///
/// # Errors
/// The rule that is broken.
pub fn connection(bytes: &[u8], cuts: &[usize], client: bool) -> Result<bool, String> {
    let read = |cuts: &[usize]| {
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([bytes.len()]);
        let pieces = starts.zip(ends).map(|(start, end)| bytes.get(start..end).unwrap_or_default());
        if client { http1::probe::all(pieces, HEAD) } else { connect::probe::all(pieces) }
    };
    let whole = read(&[]);
    if whole != read(cuts) {
        return Err(format!("cut at {cuts:?} other messages are read"));
    }
    // Headers are shown as a map, a name that comes twice with both of its values.
    let doubtful =
        |message: &&String| message.contains("\"transfer-encoding\": ") && message.contains("\"content-length\": ");
    if let Some(message) = whole.iter().find(doubtful) {
        return Err(format!("where it ends is said in two ways: {message}"));
    }
    Ok(whole.iter().any(|message| message.ends_with(']')))
}

/// Shows a page that comes in pieces which end at `cuts`: whether it can be shown.
///
/// # Errors
/// The rule that is broken.
pub fn page(bytes: &[u8], cuts: &[usize], restricted: bool) -> Result<bool, String> {
    let key = MarkKey::load(None).map_err(|error| error.to_string())?;
    let whole = shown(bytes, &[], restricted, &key)?;
    let pieces = shown(bytes, cuts, restricted, &key)?;
    if whole != pieces {
        return Err(format!("cut at {cuts:?} it is another page"));
    }
    let Some(shown) = whole else {
        return Ok(false);
    };
    let Ok(Value::Object(came)) = serde_json::from_slice::<Value>(bytes) else {
        return Ok(true);
    };
    let Ok(Value::Object(shown)) = serde_json::from_slice::<Value>(&shown) else {
        return Err("an object is shown as none".to_owned());
    };
    for (name, value) in &shown {
        match name.as_str() {
            "nextUri" | "infoUri" | "partialCancelUri" => {
                if !value.as_str().is_some_and(|address| address.starts_with(ORIGIN)) {
                    return Err(format!("{name} leads to {value}"));
                }
            }
            "columns" | "data" | "updateType" | "updateCount" if came.get(name) != Some(value) => {
                return Err(format!("{name} is changed"));
            }
            "columns" | "data" | "updateType" | "updateCount" | "id" | "stats" | "error" | "warnings" => {}
            _ => return Err(format!("{name} is shown")),
        }
    }
    Ok(true)
}

/// What is shown of a page, or `None` if it is refused.
fn shown(bytes: &[u8], cuts: &[usize], restricted: bool, key: &MarkKey) -> Result<Option<Vec<u8>>, String> {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::HOST, HeaderValue::from_static("sluice.example"));
    let origin = Origins::new(Some(ORIGIN), true).of(&headers).ok_or("no origin")?;
    let facts = Facts {
        restricted,
        rewritten: restricted,
        redefines: false,
        unresolved: false,
        by_address: false,
        cluster: ClusterId::UPSTREAM,
        decision: Uuid::nil(),
    };
    let mut page = Page::new(PageContext {
        origin,
        key: key.clone(),
        owner: Owner { principal: "anna".to_owned(), user: "anna".to_owned() },
        facts,
        mark: None,
        positions: None,
        query: None,
        segments: None,
        envelope_bytes: 1 << 16,
    });
    let (mut out, mut from): (Vec<Bytes>, usize) = (Vec::new(), 0);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let piece = bytes.get(from..end).unwrap_or_default();
        from = end.max(from);
        if page.push(&Bytes::copy_from_slice(piece), &mut out).is_err() {
            return Ok(None);
        }
    }
    Ok(page.finish().is_ok().then(|| out.concat()))
}
