//! The way of a page: whose it is, from Trino to the client, and what is noted of it.

use super::answer::{self, Answer};
use super::connect::Received;
use super::mark::{Facts, Owner};
use super::origin::Origin;
use super::placed::placed;
use super::query_id::QueryId;
use super::resolved;
use super::response_headers;
use super::results::body::{OnPassed, PageBody, PageError, Passed};
use super::results::own_error;
use super::results::packer::Packer;
use super::results::page::{Page, PageContext, Summary};
use super::results::scanner::Malformed;
use super::results::segments::ELSEWHERE;
use super::revoke;
use super::routes::{PagePath, PageQuery};
use super::serve::{Proxy, apart};
use super::started::{End, Last, Statement};
use super::told;
use super::transactions;
use super::whole::{Shown, Whole};
use crate::enforce::{ErrorCode, Refusal};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Limited};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Where Trino leads clients to a place that segments are not fetched from.
const UNNAMED: &str = "Trino puts results into a place that Sluice does not fetch from; the operators have to name it in \
    upstream.spooling.origins, or to set protocol.spooling.retrieval-mode=COORDINATOR_PROXY in Trino";

/// A request for a page, or for the end of a query.
#[derive(Debug)]
pub(super) struct PageRequest {
    pub(super) method: Method,
    pub(super) path: PagePath,
    pub(super) query: PageQuery,
    pub(super) owner: Owner,
    /// Whether nothing but the address says whose it is.
    pub(super) unproved: bool,
    /// Whether the client takes pages packed.
    pub(super) packs: bool,
    pub(super) origin: Origin,
}

/// Answers it. To anyone but its owner a query does not exist. `last`: what was asked about before by the same head.
pub(super) async fn answer(proxy: &Arc<Proxy>, asked: PageRequest, last: &Last) -> Response<Answer> {
    if let Some(page) = told::page(&proxy.key, &asked) {
        return if asked.method == Method::DELETE {
            answer::bare(StatusCode::NO_CONTENT)
        } else {
            answer::results(page)
        };
    }
    let (statement, mark, facts) = match of_its_owner(proxy, &asked, last) {
        Ok(known) => known,
        Err(reason) => return answer::text(StatusCode::NOT_FOUND, reason),
    };
    let Some(user) = &statement.user else {
        return answer::text(StatusCode::NOT_FOUND, "Query not found");
    };
    let PageRequest { method, path, query, owner, unproved: _, packs, origin } = asked;
    let target: Arc<str> = query.upstream(path.as_str()).into();
    if method != Method::DELETE
        && let Err(refusal) = revoke::review(proxy, &statement).await
    {
        return revoked(&origin, &statement, &refusal);
    }
    let (response, way) = {
        let mut asking = pin!(statement.cluster.upstream.page(method.clone(), &target, user));
        let begun = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
        // The request is on its way. What its page will go through is made ready while Trino answers.
        let streamed = method == Method::GET && !facts.unresolved;
        let way = streamed.then(|| Way::ready(proxy, &statement, (owner, mark, facts), &origin, &target, packs));
        match begun {
            Poll::Ready(response) => (response, way),
            Poll::Pending => (asking.await, way),
        }
    };
    let response = match response {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(%error, query = %statement.query, "a page could not be asked for");
            // A page is asked for again without harm, which a statement is not.
            return answer::text(StatusCode::SERVICE_UNAVAILABLE, "Trino can't be reached at the moment");
        }
    };
    // Trino ends the query while the page is waited for, and its error is not the one that the client has to see.
    if method != Method::DELETE
        && let Some(refusal) = statement.refusal()
    {
        return revoked(&origin, &statement, refusal);
    }
    match (response.status(), way) {
        (status, _) if method == Method::DELETE => {
            if status.is_success() && !path.is_partial() {
                proxy.started.end(&statement, End::Canceled);
            }
            passed_on(status)
        }
        (StatusCode::OK, Some(way)) => match way.pass(proxy, &statement, response).await {
            Ok(page) => page,
            Err(error) => apart(unpassed(proxy, &statement, &origin, &target, error)).await,
        },
        (StatusCode::OK, None) if method == Method::GET => {
            apart(unresolved(proxy, &origin, &statement, response)).await
        }
        (StatusCode::NOT_FOUND, _) => {
            proxy.started.end(&statement, End::Unknown);
            answer::text(StatusCode::NOT_FOUND, "Query not found")
        }
        (status, _) => passed_on(status),
    }
}

/// The query that is asked for, its mark and what that says, if it is the owner's who asks.
///
/// # Errors
/// What the client is told.
fn of_its_owner(
    proxy: &Proxy,
    asked: &PageRequest,
    last: &Last,
) -> Result<(Arc<Statement>, Arc<str>, Facts), &'static str> {
    const UNKNOWN: &str = "Query not found";
    let (query, owner) = (&asked.path.query, &asked.owner);
    let given = |facts: &Facts| facts.by_address || !asked.unproved;
    let mark = asked.query.mark.as_deref().ok_or(UNKNOWN)?;
    if let Some(proved) = proxy.started.proved(query, owner, mark, last) {
        return Some(proved).filter(|(_, _, facts)| given(facts)).ok_or(UNKNOWN);
    }
    let facts = proxy.key.read(mark, owner, query).filter(given).ok_or(UNKNOWN)?;
    let there = || proxy.live().clusters.by_id(facts.cluster).cloned();
    let found = proxy.started.find(query, owner, facts, there);
    let statement = found.ok_or("Query not found: its cluster is not in the configuration any more")?;
    let mark: Arc<str> = mark.into();
    statement.proved(Arc::clone(&mark), facts);
    Ok((statement, mark, facts))
}

/// Ends a query by its id alone. Without a mark only this Sluice's own memory tells whose the query is, so it works
/// where the query was started; elsewhere, and for others' queries, the query does not exist.
pub(super) async fn kill(proxy: &Proxy, query: &QueryId, owner: &Owner) -> Response<Answer> {
    let statement = proxy.started.owned(query, owner);
    let Some((statement, user)) = statement.as_ref().and_then(|found| Some((found, found.user.as_ref()?))) else {
        return answer::text(StatusCode::NOT_FOUND, "Query not found");
    };
    let path = end_of(query);
    match statement.cluster.upstream.page(Method::DELETE, &path, user).await {
        Ok(response) => {
            if response.status().is_success() {
                proxy.started.end(statement, End::Canceled);
            }
            passed_on(response.status())
        }
        Err(error) => {
            tracing::warn!(%error, %query, "a query could not be cancelled");
            answer::text(StatusCode::SERVICE_UNAVAILABLE, "Trino can't be reached at the moment")
        }
    }
}

fn end_of(query: &QueryId) -> String {
    format!("/v1/query/{query}")
}

/// Asks Trino to end a query of which nothing more is shown.
pub(super) async fn end_at_trino(statement: &Statement) {
    if let Some(user) = &statement.user
        && let Err(error) = statement.cluster.upstream.page(Method::DELETE, &end_of(&statement.query), user).await
    {
        tracing::error!(%error, query = %statement.query, "a query that may not go on could not be ended at Trino");
    }
}

/// A page of a query of which it was not known yet what Trino resolved.
async fn unresolved(
    proxy: &Arc<Proxy>,
    origin: &Origin,
    statement: &Arc<Statement>,
    response: Response<Received>,
) -> Response<Answer> {
    let page = match Whole::read(&statement.cluster, &proxy.live().limits, response).await {
        Ok(page) => page,
        Err(error) => {
            tracing::warn!(%error, query = %statement.query, "a page did not come");
            return answer::text(StatusCode::SERVICE_UNAVAILABLE, "Trino did not give the page");
        }
    };
    match resolved::follow(proxy, statement, origin, page, Duration::ZERO).await {
        Ok(shown) => given(proxy, statement, shown),
        Err(refusal) => revoked(origin, statement, &refusal),
    }
}

/// A page that was read as a whole goes to the client.
pub(super) fn given(proxy: &Proxy, statement: &Arc<Statement>, shown: Shown) -> Response<Answer> {
    statement.count(shown.summary.rows, shown.page.len() as u64);
    seen(proxy, statement, &shown.summary);
    let mut response = Response::new(answer::full(shown.page));
    *response.headers_mut() = response_headers::of_results();
    add_session(proxy, statement, &shown.headers, response.headers_mut());
    response
}

/// Adds to a page's headers those of Trino's that change the client's session.
fn add_session(proxy: &Proxy, statement: &Statement, trino: &HeaderMap, headers: &mut HeaderMap) {
    response_headers::add_session(trino, headers);
    transactions::seal(&proxy.key, &statement.owner, &statement.cluster, headers);
}

/// The error for a query that may not go on.
pub(super) fn revoked(origin: &Origin, statement: &Statement, refusal: &Refusal) -> Response<Answer> {
    answer::results(own_error::page(
        origin,
        &statement.query,
        own_error::error(refusal, Some(statement.facts.decision)),
    ))
}

/// A status of Trino's without its text.
fn passed_on(status: StatusCode) -> Response<Answer> {
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => answer::bare(status),
        StatusCode::NOT_FOUND => answer::text(status, "Query not found"),
        StatusCode::GONE | StatusCode::BAD_REQUEST => answer::status(status),
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => answer::text(StatusCode::SERVICE_UNAVAILABLE, "Trino is not available"),
        _ => {
            tracing::warn!(%status, "Trino answered a request for a page by an unknown status");
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, "Trino did not give the page")
        }
    }
}

/// What a page goes through on its way to the client.
struct Way {
    page: Box<Page>,
    packer: Option<Packer>,
    on_passed: OnPassed,
}

impl Way {
    /// One that nothing has gone through. `target` is path and query, as the page is asked of Trino.
    fn ready(
        proxy: &Arc<Proxy>,
        statement: &Arc<Statement>,
        (owner, mark, facts): (Owner, Arc<str>, Facts),
        origin: &Origin,
        target: &Arc<str>,
        packs: bool,
    ) -> Way {
        let context = PageContext {
            origin: origin.clone(),
            key: proxy.key.clone(),
            owner,
            facts,
            // It holds the same facts for the same owner and query, so it is the next page's as well.
            mark: Some(mark),
            positions: statement.positions(),
            query: Some(statement.query.clone()),
            segments: proxy.spooled(statement.cluster.spooling.as_ref()),
            envelope_bytes: proxy.live().limits.envelope_bytes,
        };
        let on_passed = on_passed(Arc::clone(proxy), Arc::clone(statement), Arc::clone(target));
        Way { page: placed(|| Page::new(context)), packer: packs.then(Packer::new), on_passed }
    }

    /// Lets Trino's answer through until there is something for the client.
    async fn pass(
        self,
        proxy: &Proxy,
        statement: &Statement,
        response: Response<Received>,
    ) -> Result<Response<Answer>, PageError> {
        let (parts, incoming) = response.into_parts();
        if parts.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Malformed("it is packed, though it was asked for plain").into());
        }
        let Way { page, packer, on_passed } = self;
        let (stall, until) = (statement.cluster.answer_timeout, statement.revoked.clone());
        let mut body = placed(|| PageBody::new(incoming, page, packer, stall, until, on_passed));
        body.begin().await?;
        let packed = body.is_packed();
        let mut response = Response::new(Either::Right(Either::Left(body)));
        add_session(proxy, statement, &parts.headers, response.headers_mut());
        if packed {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(response)
    }
}

/// The answer where nothing of a page could be let through.
async fn unpassed(
    proxy: &Proxy,
    statement: &Arc<Statement>,
    origin: &Origin,
    target: &str,
    error: PageError,
) -> Response<Answer> {
    let query = &statement.query;
    match error {
        PageError::Revoked => match statement.refusal() {
            Some(refusal) => revoked(origin, statement, refusal),
            None => answer::text(StatusCode::NOT_FOUND, "Query not found"),
        },
        PageError::Malformed(error) => {
            tracing::warn!(%error, %query, "a page can't be read");
            cancel(proxy, statement, target, End::Failed("GENERIC_INTERNAL_ERROR".to_owned())).await;
            let unreadable = "Sluice can't read Trino's page of results, so nothing of it is shown";
            refused(origin, statement, if error == ELSEWHERE { UNNAMED } else { unreadable })
        }
        error => {
            tracing::warn!(%error, %query, "a page did not come");
            answer::text(StatusCode::SERVICE_UNAVAILABLE, "Trino did not give the page")
        }
    }
}

fn refused(origin: &Origin, statement: &Statement, message: &str) -> Response<Answer> {
    let refusal = Refusal { code: ErrorCode::GenericInternalError, message: message.to_owned(), location: None };
    let error = own_error::error(&refusal, Some(statement.facts.decision));
    answer::results(own_error::page(origin, &statement.query, error))
}

fn on_passed(proxy: Arc<Proxy>, statement: Arc<Statement>, path: Arc<str>) -> OnPassed {
    Box::new(move |passed, bytes| match passed {
        Passed::Whole(summary) => {
            statement.count(summary.rows, bytes);
            seen(&proxy, &statement, &summary);
        }
        Passed::CutOff => statement.count(0, bytes),
        Passed::ClientGone => {
            statement.count(0, bytes);
            let Ok(runtime) = tokio::runtime::Handle::try_current() else {
                return;
            };
            let tasks = proxy.tasks.clone();
            tasks.spawn_on(async move { cancel(&proxy, &statement, &path, End::ClientGone).await }, &runtime);
        }
    })
}

/// Notes what was on a page: after the last one the statement has ended.
fn seen(proxy: &Proxy, statement: &Arc<Statement>, summary: &Summary) {
    if summary.next.is_none() {
        let end = summary.error.clone().map_or(End::Finished, End::Failed);
        proxy.started.end(statement, end);
    }
}

/// Asks Trino to end a query by one of its pages' paths.
pub(super) async fn cancel(proxy: &Proxy, statement: &Arc<Statement>, path: &str, end: End) {
    if let Some(user) = &statement.user
        && let Err(error) = statement.cluster.upstream.page(Method::DELETE, path, user).await
    {
        tracing::warn!(%error, query = %statement.query, "a query could not be cancelled");
    }
    proxy.started.end(statement, end);
}

/// Answers `/v1/info` and `/v1/info/state`, which Trino gives to everyone, with the few fields that clients and load
/// balancers read.
pub(super) async fn info(proxy: &Proxy, method: Method, path: &'static str) -> Response<Answer> {
    let unavailable = || answer::text(StatusCode::SERVICE_UNAVAILABLE, "Trino can't be reached at the moment");
    let live = proxy.live();
    let Some(cluster) = live.clusters.default() else { return unavailable() };
    let Ok(response) = cluster.upstream.info(Method::GET, path).await else {
        return unavailable();
    };
    if response.status() != StatusCode::OK {
        return unavailable();
    }
    let Ok(body) = Limited::new(response.into_body(), 64 * 1024).collect().await else {
        return unavailable();
    };
    let shown = match serde_json::from_slice::<Value>(&body.to_bytes()) {
        Ok(Value::String(_)) if proxy.draining() => json!("SHUTTING_DOWN"),
        Ok(Value::String(state)) if state.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => json!(state),
        Ok(Value::Object(info)) => {
            let field = |name: &str| info.get(name).cloned().unwrap_or_default();
            let version = field("nodeVersion").get("version").cloned().unwrap_or_default();
            json!({
                "nodeVersion": {"version": version},
                "environment": field("environment"),
                "coordinator": field("coordinator"),
                "starting": field("starting"),
                "uptime": field("uptime"),
            })
        }
        _ => return unavailable(),
    };
    let body = if method == Method::HEAD { Vec::new() } else { shown.to_string().into_bytes() };
    answer::results(body)
}
