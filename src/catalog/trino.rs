//! A small client of Trino, for Sluice's own questions.
//!
//! In: one statement that Sluice wrote. Out: its rows, within bounds of rows, bytes and time, or why there are none. It
//! asks as the service user, and it stops the query on Trino if the caller goes away. A `nextUri` gives it a path; the
//! address is always the configured one.

use crate::config::Upstream;
use crate::proxy::connect::{HttpClient, SendError, empty, full};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most questions at once, so that one statement over many tables does not crowd out the users' own queries.
const AT_ONCE: usize = 16;

/// Most attempts to read one page, as Trino asks of clients for 502, 503 and 504.
const ATTEMPTS: u32 = 4;

/// Most bytes of what Trino says of itself, and the longest time to wait for it.
const INFO_BYTES: usize = 64 * 1024;
const INFO_TIME: Duration = Duration::from_secs(5);

/// Bounds of one answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// Most rows.
    pub rows: usize,
    /// Most bytes of all pages together.
    pub bytes: usize,
    /// Longest time, waiting for a turn included.
    pub time: Duration,
}

impl Default for AnswerLimits {
    fn default() -> AnswerLimits {
        AnswerLimits { rows: 100_000, bytes: 16 * 1024 * 1024, time: Duration::from_secs(30) }
    }
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum TrinoError {
    /// No answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The connection broke in mid-answer.
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    /// An answer that is no page of a query.
    #[error("Trino answered {status}: {text}")]
    Status {
        /// HTTP status.
        status: StatusCode,
        /// The first of the answer's text.
        text: String,
    },
    /// A page that can't be read.
    #[error("a page of the answer can't be read: {0}")]
    Page(String),
    /// The query failed.
    #[error("{name}: {message}")]
    Failed {
        /// Trino's name of the error, such as `CATALOG_NOT_FOUND`.
        name: String,
        /// Trino's text.
        message: String,
    },
    /// More rows or bytes than allowed.
    #[error("the answer is larger than {} rows or {} bytes", .0.rows, .0.bytes)]
    TooLarge(AnswerLimits),
    /// No whole answer in time.
    #[error("no whole answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The service user's name can't be sent.
    #[error("upstream.user can't be sent as a header")]
    User,
}

/// Runs one statement at a time as the service user. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct TrinoClient {
    http: HttpClient,
    user: HeaderValue,
    limits: AnswerLimits,
    turns: Arc<Semaphore>,
}

/// What Trino says of itself, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    node_version: NodeVersion,
}

#[derive(Deserialize)]
struct NodeVersion {
    version: String,
}

/// A page of a query's answer, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    id: String,
    next_uri: Option<String>,
    #[serde(default)]
    data: Option<Vec<Vec<Value>>>,
    error: Option<PageError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageError {
    error_name: String,
    #[serde(default)]
    message: String,
}

/// Stops the query on Trino when it is dropped before the last page.
struct Running {
    client: TrinoClient,
    next: Option<PathAndQuery>,
}

impl TrinoClient {
    /// A client that asks through `http` as the configured service user.
    ///
    /// # Errors
    /// [`TrinoError::User`], if the user's name is not one that a header can carry.
    pub fn new(http: HttpClient, upstream: &Upstream) -> Result<TrinoClient, TrinoError> {
        let user = HeaderValue::from_str(&upstream.user).map_err(|_| TrinoError::User)?;
        Ok(TrinoClient { http, user, limits: AnswerLimits::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// The service user.
    pub(super) fn user(&self) -> &[u8] {
        self.user.as_bytes()
    }

    /// The same client with other bounds.
    pub fn with_limits(self, limits: AnswerLimits) -> TrinoClient {
        TrinoClient { limits, ..self }
    }

    /// Runs a statement and collects its rows.
    ///
    /// # Errors
    /// [`TrinoError`]; the query is then stopped on Trino.
    pub async fn rows(&self, sql: String) -> Result<Vec<Vec<Value>>, TrinoError> {
        let collect = async { self.collect(sql).await.map(|(_, rows)| rows) };
        tokio::time::timeout(self.limits.time, collect).await.unwrap_or(Err(TrinoError::Late(self.limits.time)))
    }

    /// Runs a statement and answers what Trino tells of the query once it has ended, as JSON.
    ///
    /// # Errors
    /// [`TrinoError`], also if Trino does not tell the service user of its own queries.
    pub async fn info_of(&self, sql: String) -> Result<Bytes, TrinoError> {
        let ask = async {
            let (id, _) = self.collect(sql).await?;
            let path = format!("/v1/query/{id}");
            let path = path.parse::<PathAndQuery>().map_err(|error| TrinoError::Page(error.to_string()))?;
            let _turn = self.turns.acquire().await;
            self.body(&path, None, self.limits.bytes).await
        };
        tokio::time::timeout(self.limits.time, ask).await.unwrap_or(Err(TrinoError::Late(self.limits.time)))
    }

    /// The version that Trino gives of itself, such as `483`.
    ///
    /// # Errors
    /// [`TrinoError`], if it does not answer, or not so.
    pub async fn version(&self) -> Result<String, TrinoError> {
        let page = |error: &dyn Display| TrinoError::Page(error.to_string());
        let ask = async {
            let request = self.request(Method::GET, &PathAndQuery::from_static("/v1/info")).body(empty());
            let response = self.http.send(request.map_err(|error| page(&error))?).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), INFO_BYTES).collect().await;
            let body = body.map_err(|error| TrinoError::BrokenOff(error.to_string()))?.to_bytes();
            if status != StatusCode::OK {
                let text = String::from_utf8_lossy(&body).chars().take(200).collect();
                return Err(TrinoError::Status { status, text });
            }
            let info: Info = serde_json::from_slice(&body).map_err(|error| page(&error))?;
            Ok(info.node_version.version)
        };
        tokio::time::timeout(INFO_TIME, ask).await.unwrap_or(Err(TrinoError::Late(INFO_TIME)))
    }

    /// The query's id and its rows.
    async fn collect(&self, sql: String) -> Result<(String, Vec<Vec<Value>>), TrinoError> {
        let _turn = self.turns.acquire().await;
        let mut running = Running { client: self.clone(), next: None };
        let mut rows = Vec::new();
        let mut bytes = self.limits.bytes;
        let mut path = PathAndQuery::from_static("/v1/statement");
        let mut statement = Some(Bytes::from(sql));
        loop {
            let (page, size) = self.page(&path, statement.take(), bytes).await?;
            bytes -= size;
            running.next = page.next_uri.as_deref().map(next_path).transpose()?;
            if let Some(error) = page.error {
                return Err(TrinoError::Failed { name: error.error_name, message: error.message });
            }
            rows.extend(page.data.unwrap_or_default());
            if rows.len() > self.limits.rows {
                return Err(TrinoError::TooLarge(self.limits));
            }
            match &running.next {
                Some(next) => path = next.clone(),
                None => return Ok((page.id, rows)),
            }
        }
    }

    /// One page of at most `most` bytes, with its size. A page is asked for again where Trino's protocol allows it; a
    /// statement never is.
    async fn page(
        &self,
        path: &PathAndQuery,
        statement: Option<Bytes>,
        most: usize,
    ) -> Result<(Page, usize), TrinoError> {
        let body = self.body(path, statement, most).await?;
        let page = serde_json::from_slice(&body).map_err(|error| TrinoError::Page(error.to_string()))?;
        Ok((page, body.len()))
    }

    /// The body of an answer, as [`TrinoClient::page`] asks for it.
    async fn body(&self, path: &PathAndQuery, statement: Option<Bytes>, most: usize) -> Result<Bytes, TrinoError> {
        let attempts = if statement.is_some() { 1 } else { ATTEMPTS };
        let mut attempt = 1;
        loop {
            let request = match &statement {
                Some(text) => self.request(Method::POST, path).body(full(text.clone())),
                None => self.request(Method::GET, path).body(empty()),
            };
            let request = request.map_err(|error| TrinoError::Page(error.to_string()))?;
            let again = match self.http.send(request).await {
                Err(error) => TrinoError::Send(error),
                Ok(response) => {
                    let status = response.status();
                    let body = match Limited::new(response.into_body(), most).collect().await {
                        Ok(body) => body.to_bytes(),
                        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                            return Err(TrinoError::TooLarge(self.limits));
                        }
                        Err(error) => return Err(TrinoError::BrokenOff(error.to_string())),
                    };
                    if status == StatusCode::OK {
                        return Ok(body);
                    }
                    let text = String::from_utf8_lossy(&body).chars().take(200).collect();
                    let error = TrinoError::Status { status, text };
                    if !matches!(status.as_u16(), 429 | 502..=504) {
                        return Err(error);
                    }
                    error
                }
            };
            if attempt >= attempts {
                return Err(again);
            }
            tokio::time::sleep(Duration::from_millis(50 * u64::from(attempt))).await;
            attempt += 1;
        }
    }

    fn request(&self, method: Method, path: &PathAndQuery) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(Uri::from(path.clone()))
            .header("x-trino-user", self.user.clone())
            .header("x-trino-source", "sluice")
            .header(USER_AGENT, concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let (Some(path), Ok(runtime)) = (self.next.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let client = self.client.clone();
        runtime.spawn(async move {
            if let Ok(request) = client.request(Method::DELETE, &path).body(empty())
                && let Err(error) = client.http.send(request).await
            {
                tracing::debug!(%error, "could not stop a query of Sluice's own");
            }
        });
    }
}

/// The path of a `nextUri`, whatever address Trino believes to be its own.
fn next_path(uri: &str) -> Result<PathAndQuery, TrinoError> {
    let path = uri.parse::<Uri>().ok().and_then(|uri| uri.into_parts().path_and_query);
    match path {
        Some(path) if path.path().starts_with("/v1/statement/") => Ok(path),
        _ => Err(TrinoError::Page("its nextUri leads elsewhere".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fake::{Fake, Reply};
    use serde_json::json;

    #[tokio::test]
    async fn the_rows_of_all_pages_come_in_order_whatever_address_trino_names() {
        let fake = Fake::start(|_| Reply::pages([vec![json!(["a"])], vec![], vec![json!(["b"]), json!(["c"])]])).await;
        let rows = fake.client().rows("SELECT x".to_owned()).await.unwrap();
        assert_eq!(rows, [[json!("a")], [json!("b")], [json!("c")]]);
        assert_eq!(fake.statements(), ["SELECT x"]);
        assert_eq!(fake.header("x-trino-user"), "sluice");
        assert_eq!(fake.header("x-trino-source"), "sluice");
    }

    #[tokio::test]
    async fn a_failed_query_gives_trinos_error() {
        let fake = Fake::start(|_| Reply::error("CATALOG_NOT_FOUND", "Catalog 'x' not found")).await;
        let error = fake.client().rows("SELECT x".to_owned()).await.unwrap_err();
        assert_eq!(error.to_string(), "CATALOG_NOT_FOUND: Catalog 'x' not found");
    }

    #[tokio::test]
    async fn a_busy_trino_is_asked_again_for_a_page_but_never_for_a_statement() {
        let fake = Fake::start(|_| Reply::pages([vec![], vec![json!([1])]])).await;
        fake.fail_next_pages(2);
        assert_eq!(fake.client().rows("SELECT 1".to_owned()).await.unwrap(), [[json!(1)]]);
        fake.fail_next_statements(1);
        let error = fake.client().rows("SELECT 2".to_owned()).await.unwrap_err();
        assert!(matches!(error, TrinoError::Status { status: StatusCode::SERVICE_UNAVAILABLE, .. }), "{error:?}");
    }

    #[tokio::test]
    async fn an_answer_beyond_a_bound_is_an_error_and_the_query_is_stopped() {
        let limits = AnswerLimits { rows: 3, bytes: 10_000, time: Duration::from_millis(300) };
        type Case = (&'static str, fn(&str) -> Reply);
        let cases: [Case; 3] = [
            ("rows", |_| Reply::pages([vec![json!([1]), json!([2]), json!([3]), json!([4])], vec![]])),
            ("bytes", |_| Reply::pages([vec![], vec![json!(["x".repeat(10_000)])], vec![]])),
            ("time", |_| Reply::pages([vec![], vec![]]).slow_after_first()),
        ];
        for (what, reply) in cases {
            let fake = Fake::start(reply).await;
            let error = fake.client().with_limits(limits).rows("SELECT 1".to_owned()).await.unwrap_err();
            assert!(matches!(error, TrinoError::TooLarge(_) | TrinoError::Late(_)), "{what}: {error:?}");
            fake.stopped_queries(1).await;
        }
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_stops_the_query() {
        let fake = Fake::start(|_| Reply::pages([vec![], vec![]]).slow_after_first()).await;
        let client = fake.client();
        let asking = tokio::spawn(async move { client.rows("SELECT 1".to_owned()).await });
        fake.page_requests(1).await;
        asking.abort();
        fake.stopped_queries(1).await;
    }

    #[test]
    fn a_next_uri_that_leads_out_of_the_protocol_is_refused() {
        for uri in ["http://trino/ui/api/query", "http://trino/v1/query/1", "", "::", "http://trino"] {
            assert!(next_path(uri).is_err(), "{uri}");
        }
        assert_eq!(next_path("https://evil.example/v1/statement/queued/a?x=1").unwrap(), "/v1/statement/queued/a?x=1");
    }
}
