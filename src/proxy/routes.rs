//! The paths that are served, and the addresses of a query's pages.
//!
//! In: a request's method and target. Out: a [`Route`], or a [`NoRoute`] that says why there is none. All that is not named
//! here is 404, or 403 where Trino has something there.

use super::characters::{Kind, are_all};
use super::query_id::QueryId;
use super::spooled::Part;
use http::{Method, StatusCode, Uri};
use std::borrow::Cow;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `POST /v1/statement`.
    Statement,
    /// A page of a query, or its end.
    Page(PagePath, PageQuery),
    /// `DELETE /v1/query/ID`, by which trino-go-client cancels.
    Kill(QueryId),
    /// `/v1/info` or `/v1/info/state`.
    Info(&'static str),
    /// A segment of a result, or that it be forgotten, with what stands in the path.
    Segment(Part, String),
    /// A log-in by a browser.
    Login(LoginRoute),
}

/// What is asked for in a log-in by a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginRoute {
    /// A browser opens `/oauth2/token/initiate/TICKET`.
    SetOut(String),
    /// It comes back to `/oauth2/callback?…`.
    ComeBack(String),
    /// A client asks for its token: `GET /oauth2/token/ID`.
    Poll(String),
    /// A client has its token: `DELETE /oauth2/token/ID`.
    Forget(String),
}

impl LoginRoute {
    /// Whether it is a person's browser that is led here.
    pub(crate) fn is_visited(&self) -> bool {
        matches!(self, LoginRoute::SetOut(_) | LoginRoute::ComeBack(_))
    }

    fn parse(method: &Method, target: Target<'_>) -> Result<LoginRoute, NoRoute> {
        let Target { path, query } = target;
        let rest = path.strip_prefix("/oauth2/").ok_or(MISSING)?;
        if rest == "callback" {
            return match *method {
                Method::GET => Ok(LoginRoute::ComeBack(query.unwrap_or_default().to_owned())),
                _ => Err(NoRoute::Method("GET")),
            };
        }
        let forbidden = NoRoute::Status(StatusCode::FORBIDDEN);
        let named = rest.strip_prefix("token/").filter(|_| query.is_none()).ok_or(forbidden)?;
        let (set_out, name) = named.strip_prefix("initiate/").map_or((false, named), |ticket| (true, ticket));
        let right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if !(1..=160).contains(&name.len()) || !name.bytes().all(right) {
            return Err(MISSING);
        }
        match *method {
            Method::GET if set_out => Ok(LoginRoute::SetOut(name.to_owned())),
            Method::GET => Ok(LoginRoute::Poll(name.to_owned())),
            Method::DELETE if !set_out => Ok(LoginRoute::Forget(name.to_owned())),
            _ if set_out => Err(NoRoute::Method("GET")),
            _ => Err(NoRoute::Method("GET, DELETE")),
        }
    }
}

/// Why there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// This status says it.
    Status(StatusCode),
    /// The path has other methods, these.
    Method(&'static str),
    /// The target is no path.
    NoPath,
}

/// Most characters of a sealed segment: an address that a storage has signed is among what is sealed.
const SEALED: usize = 8192;
const MISSING: NoRoute = NoRoute::Status(StatusCode::NOT_FOUND);

/// The path of a page: which query, and Trino's own unguessable parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PagePath {
    /// The query.
    pub(crate) query: QueryId,
    path: String,
}

/// What may stand behind the `?` of a page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageQuery {
    /// Sluice's mark.
    pub(crate) mark: Option<String>,
    /// What Trino understands: `maxWait=…`, `targetResultSize=…`.
    pub(crate) trino: Vec<String>,
}

impl PagePath {
    /// Reads `/v1/statement/{queued,executing}/ID/SLUG/TOKEN` and
    /// `/v1/statement/{partialCancel,executing/partialCancel}/ID/STAGE/SLUG/TOKEN`, the way Trino writes them.
    pub(crate) fn parse(path: &str) -> Option<PagePath> {
        let query = PagePath::query_in(path).and_then(QueryId::parse)?;
        Some(PagePath { query, path: path.to_owned() })
    }

    /// The query's id in such a path.
    pub(crate) fn query_in(path: &str) -> Option<&str> {
        let rest = path.strip_prefix("/v1/statement/")?;
        let after = |name: &str| rest.strip_prefix(name);
        let cancelled = after("executing/partialCancel/").or_else(|| after("partialCancel/"));
        let rest = cancelled.or_else(|| after("queued/")).or_else(|| after("executing/"))?;
        let (query, mut rest) = part(rest).filter(|(id, _)| QueryId::is(id))?;
        if cancelled.is_some() {
            (_, rest) = part(rest).filter(|(stage, _)| is_number(stage))?;
        }
        let (_, token) = part(rest).filter(|(slug, _)| is_word(slug))?;
        is_number(token).then_some(query)
    }

    /// Whether it stands for the end of a stage rather than of the query.
    pub(crate) fn is_partial(&self) -> bool {
        self.path.contains("/partialCancel/")
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.path
    }
}

/// What stands in front of the next slash and behind it.
fn part(path: &str) -> Option<(&str, &str)> {
    cut(path, b'/')
}

/// What stands in front of the first such ASCII character and behind it. As `split_once`, and quicker in short texts.
pub(in crate::proxy) fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn is_word(text: &str) -> bool {
    (1..=128).contains(&text.len()) && are_all(text.as_bytes(), Kind::Word)
}

fn is_number(text: &str) -> bool {
    (1..=19).contains(&text.len()) && are_all(text.as_bytes(), Kind::Digit)
}

impl PageQuery {
    /// Reads what stands behind the `?`; `None` if anything else stands there, or one thing twice.
    pub(crate) fn parse(query: Option<&str>) -> Option<PageQuery> {
        let mut read = PageQuery::default();
        let mut left = query.unwrap_or_default();
        while !left.is_empty() {
            let (part, behind) = cut(left, b'&').unwrap_or((left, ""));
            left = behind;
            if part.is_empty() {
                continue;
            }
            let (name, value) = cut(part, b'=')?;
            match name {
                "sluice" if read.mark.is_none() => read.mark = Some(value.to_owned()),
                "maxWait" | "targetResultSize"
                    if value.len() <= 32
                        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
                        && !read.trino.iter().any(|given| cut(given, b'=').is_some_and(|(given, _)| given == name)) =>
                {
                    read.trino.push(part.to_owned());
                }
                _ => return None,
            }
        }
        Some(read)
    }

    /// Path and query as they are asked of Trino.
    pub(crate) fn upstream<'a>(&self, path: &'a str) -> Cow<'a, str> {
        if self.trino.is_empty() { path.into() } else { format!("{path}?{}", self.trino.join("&")).into() }
    }
}

/// The target of a request: its path, and what stands behind its `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// `None` for one that is no path.
    pub(crate) fn of(uri: &'a Uri) -> Option<Target<'a>> {
        let is_path = uri.authority().is_none() && uri.scheme().is_none();
        is_path.then(|| Target { path: uri.path(), query: uri.query() })
    }

    /// One that is a path of characters that have no other meaning than themselves.
    pub(crate) fn plain(text: &'a str) -> Target<'a> {
        cut(text, b'?').map_or(Target { path: text, query: None }, |(path, query)| Target { path, query: Some(query) })
    }
}

/// Finds the route.
///
/// # Errors
/// [`NoRoute`].
pub(crate) fn route(method: &Method, target: Option<Target<'_>>) -> Result<Route, NoRoute> {
    let target = target.filter(|_| method != Method::CONNECT).ok_or(NoRoute::NoPath)?;
    let reads = method == Method::GET || method == Method::HEAD;
    let Target { path, query } = target;
    let no_query = query.is_none();
    match path {
        "/v1/statement" | "/v1/info" | "/v1/info/state" if !no_query => Err(MISSING),
        "/v1/statement" if method == Method::POST => Ok(Route::Statement),
        "/v1/statement" => Err(NoRoute::Method("POST")),
        "/v1/info" if reads => Ok(Route::Info("/v1/info")),
        "/v1/info/state" if reads => Ok(Route::Info("/v1/info/state")),
        "/v1/info" | "/v1/info/state" => Err(NoRoute::Method("GET, HEAD")),
        _ if path.starts_with("/v1/query/") && method == Method::DELETE && no_query => {
            path.strip_prefix("/v1/query/").and_then(QueryId::parse).map(Route::Kill).ok_or(MISSING)
        }
        _ if path.starts_with("/v1/statement/") => {
            let page = PagePath::parse(path).ok_or(MISSING)?;
            let query = PageQuery::parse(query).ok_or(MISSING)?;
            if reads || method == Method::DELETE {
                Ok(Route::Page(page, query))
            } else {
                Err(NoRoute::Method("GET, HEAD, DELETE"))
            }
        }
        _ if let Some((part, sealed)) = Part::of(path) => segment(method, part, sealed, no_query),
        _ if path.starts_with("/oauth2/") => LoginRoute::parse(method, target).map(Route::Login),
        _ if is_trinos(path) => Err(NoRoute::Status(StatusCode::FORBIDDEN)),
        _ => Err(MISSING),
    }
}

fn segment(method: &Method, part: Part, sealed: &str, no_query: bool) -> Result<Route, NoRoute> {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !no_query || !(1..=SEALED).contains(&sealed.len()) || !sealed.bytes().all(right) {
        return Err(MISSING);
    }
    // HEAD is no way to learn of a segment: Trino gives none of its headers for it.
    if method == Method::GET { Ok(Route::Segment(part, sealed.to_owned())) } else { Err(NoRoute::Method("GET")) }
}

/// Whether Trino 476 serves something under a path. Sluice does not, and says so by 403, so that an operator who looks
/// for a reason finds one.
fn is_trinos(path: &str) -> bool {
    let first_two: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).take(2).collect();
    match first_two.as_slice() {
        ["ui", ..] | ["oauth2", ..] | ["metrics"] => true,
        ["v1", second] => matches!(
            *second,
            "announcement"
                | "cluster"
                | "dynamicFilter"
                | "events"
                | "info"
                | "integrations"
                | "jmx"
                | "maxActiveSplits"
                | "memory"
                | "node"
                | "openmetrics"
                | "query"
                | "queryState"
                | "refreshCatalog"
                | "resourceGroupState"
                | "spooled"
                | "status"
                | "task"
                | "thread"
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, target: &str) -> u16 {
        match route(&method, Target::of(&target.parse().unwrap())) {
            Ok(_) => 200,
            Err(NoRoute::Status(status)) => status.as_u16(),
            Err(NoRoute::Method(_)) => 405,
            Err(NoRoute::NoPath) => 400,
        }
    }

    #[test]
    fn only_the_protocol_is_served() {
        let pages = "/v1/statement/executing/20260101_000000_00000_abcde/y0123/1";
        for (method, target, expected) in [
            (Method::POST, "/v1/statement", 200),
            (Method::GET, "/v1/statement", 405),
            (Method::PUT, "/v1/statement", 405),
            (Method::POST, "/v1/statement/", 404),
            (Method::POST, "/v1/statement?x=1", 404),
            (Method::POST, "/V1/statement", 404),
            (Method::POST, "/v1//statement", 404),
            (Method::POST, "/v1/%73tatement", 404),
            (Method::POST, "http://other/v1/statement", 400),
            (Method::GET, pages, 200),
            (Method::HEAD, pages, 200),
            (Method::DELETE, pages, 200),
            (Method::POST, pages, 405),
            (Method::GET, "/v1/statement/queued/q_1/yabc/0?sluice=x&maxWait=1s", 200),
            (Method::GET, "/v1/statement/queued/q_1/yabc/0?sluice=x&other=1", 404),
            (Method::GET, "/v1/statement/queued/q_1/yabc/0?sluice=x&sluice=y", 404),
            (Method::GET, "/v1/statement/queued/q_1/yabc/0/", 404),
            (Method::GET, "/v1/statement/queued/q_1/yabc", 404),
            (Method::GET, "/v1/statement/queued/q_1/../0", 404),
            (Method::GET, "/v1/statement/queued/q_1/y%2fa/0", 404),
            (Method::GET, "/v1/statement/other/q_1/yabc/0", 404),
            (Method::DELETE, "/v1/statement/partialCancel/q_1/3/yabc/0", 200),
            (Method::DELETE, "/v1/statement/executing/partialCancel/q_1/3/yabc/0", 200),
            (Method::DELETE, "/v1/statement/executing/partialCancel/q_1/x/yabc/0", 404),
            (Method::GET, "/v1/info", 200),
            (Method::GET, "/v1/info/state", 200),
            (Method::GET, "/v1/info/state?x=1", 404),
            (Method::CONNECT, "/v1/statement", 400),
            (Method::PUT, "/v1/info/state", 405),
            (Method::GET, "/v1/info/other", 403),
            (Method::GET, "/ui/", 403),
            (Method::GET, "/ui/query.html?20260101_000000_00000_abcde", 403),
            (Method::GET, "/v1/query", 403),
            (Method::GET, "/v1/query/20260101_000000_00000_abcde", 403),
            (Method::DELETE, "/v1/query/20260101_000000_00000_abcde", 200),
            (Method::DELETE, "/v1/query/20260101_000000_00000_abcde?pruned=true", 403),
            (Method::DELETE, "/v1/query/20260101_000000_00000_abcde/stage", 404),
            (Method::DELETE, "/v1/query/", 404),
            (Method::GET, "/v1/task/x", 403),
            (Method::GET, "/v1/spooled/download/abc-_1", 200),
            (Method::GET, "/v1/spooled/ack/abc-_1", 200),
            (Method::HEAD, "/v1/spooled/download/abc", 405),
            (Method::DELETE, "/v1/spooled/ack/abc", 405),
            (Method::GET, "/v1/spooled/download/", 404),
            (Method::GET, "/v1/spooled/download/abc?x=1", 404),
            (Method::GET, "/v1/spooled/download/abc/", 404),
            (Method::GET, "/v1/spooled/download/a%2fb", 404),
            (Method::GET, "/v1/spooled/download/abc=", 404),
            (Method::GET, "/v1/spooled/other/abc", 403),
            (Method::GET, "/oauth2/token/initiate/a.b-C_1", 200),
            (Method::POST, "/oauth2/token/initiate/abc", 405),
            (Method::DELETE, "/oauth2/token/initiate/abc", 405),
            (Method::GET, "/oauth2/token/abc", 200),
            (Method::DELETE, "/oauth2/token/abc", 200),
            (Method::HEAD, "/oauth2/token/abc", 405),
            (Method::POST, "/oauth2/token/abc", 405),
            (Method::GET, "/oauth2/token/abc?x=1", 403),
            (Method::GET, "/oauth2/token/abc/d", 404),
            (Method::GET, "/oauth2/token/a%2fb", 404),
            (Method::GET, "/oauth2/token/", 404),
            (Method::GET, "/oauth2/callback?code=a&state=b", 200),
            (Method::POST, "/oauth2/callback?code=a&state=b", 405),
            (Method::GET, "/oauth2/callback/", 403),
            (Method::GET, "/oauth2/logout", 403),
            (Method::GET, "/oauth2", 403),
            (Method::GET, "/", 404),
            (Method::GET, "/nothing", 404),
        ] {
            assert_eq!(status(method.clone(), target), expected, "{method} {target}");
        }
    }

    #[test]
    fn a_mark_is_not_sent_to_trino() {
        let path = PagePath::parse("/v1/statement/queued/q_1/yabc/0").unwrap();
        let query = PageQuery::parse(Some("sluice=abc&targetResultSize=1MB")).unwrap();
        assert_eq!(query.upstream(path.as_str()), "/v1/statement/queued/q_1/yabc/0?targetResultSize=1MB");
        assert_eq!(query.mark.as_deref(), Some("abc"));
    }
}
