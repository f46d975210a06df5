//! The way of a statement: read, decide, write down, forward, answer.

use super::answer::{self, Answer};
use super::client_headers::{ClientHeaders, HeaderError};
use super::connect::Received;
use super::decide::{Asked, Basis, Memory, Weighed, decide, refusal};
use super::head;
use super::http1;
use super::live::{Cluster, Live};
use super::mark::{Facts, Owner};
use super::outlive::Outliving;
use super::pages;
use super::places::{Most, Place};
use super::query_id::QueryId;
use super::refused::{out_of_date, too_large_for, unreached};
use super::resolved;
use super::results::own_error;
use super::results::page::{PageContext, Summary};
use super::results::scanner::Malformed;
use super::revoke;
use super::serve::{Caller, Proxy};
use super::started::{End, Start};
use super::told;
use super::whole::{Shown, Whole};
use crate::config::Limits;
use crate::config::cluster_id::ClusterId;
use crate::enforce::{ErrorCode, Outcome, Refusal};
use crate::rewrite::Guarded;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// A statement that is too large is still read up to so many times the limit, so that the client gets the answer rather
/// than a broken connection.
const READ_ON: usize = 16;
/// Most bytes of Trino's text for a refused request that a client is shown.
const REASON: usize = 1000;

/// Why there is no statement in a request.
enum NoStatement {
    /// Not the protocol.
    Status(StatusCode, &'static str),
    /// It was not read to its end, so nothing more is read on the connection.
    Unread(StatusCode, &'static str),
    /// Not UTF-8, with the offset of the first byte that is not.
    NotUtf8(usize),
    /// Too large, with its size as far as it was read.
    TooLarge(usize),
}

/// Answers `POST /v1/statement`.
pub(super) async fn answer(
    proxy: &Arc<Proxy>,
    live: &Arc<Live>,
    caller: Caller,
    headers: Result<ClientHeaders, HeaderError>,
    (sent, body): (&HeaderMap, http1::Asked),
) -> Response<Answer> {
    let arrived = Instant::now();
    if let Err(wrong) = head::text(sent) {
        return answer::wrong(wrong);
    }
    let (sql, too_large) = match read(&live.limits, body).await {
        Ok(sql) => (sql, None),
        Err(NoStatement::Status(status, reason)) => return answer::text(status, reason),
        Err(NoStatement::Unread(status, reason)) => return answer::closing(answer::text(status, reason)),
        Err(NoStatement::NotUtf8(offset)) => {
            let reason = format!("A statement is UTF-8, and the byte at offset {offset} is not");
            return answer::text(StatusCode::BAD_REQUEST, &reason);
        }
        Err(NoStatement::TooLarge(size)) => (String::new(), Some(size)),
    };
    let (headers, unsupported) = match headers {
        Ok(headers) => (headers, None),
        Err(HeaderError::Unsupported(reason)) => (ClientHeaders::default(), Some(reason)),
        Err(HeaderError::Malformed(reason)) => return answer::text(StatusCode::BAD_REQUEST, &reason),
    };
    if proxy.draining() {
        let refusal = refusal(ErrorCode::ServerShuttingDown, "Sluice is shutting down and starts no more statements");
        let (owner, error) = (proxy.owner(&caller, &headers), own_error::error(&refusal, None));
        return told::answer(proxy, &owner, &caller.origin, &QueryId::for_sluice(), error);
    }
    let agent = sent.get(header::USER_AGENT).cloned();
    let owner = proxy.owner(&caller, &headers);
    let place = proxy.started.place(&owner.principal, most(&live.limits));
    let place = place.map_err(|full| proxy.too_many(full, &owner.principal));
    let (asked, early) = proxy.asked(live, None, &caller, &owner, (sql, headers), arrived);
    let stale = proxy.rooms.store.stale().map(|stale| refusal(ErrorCode::ServerStartingUp, out_of_date(&stale)));
    let early = stale
        .or_else(|| place.as_ref().err().cloned())
        .or(early)
        .or_else(|| unsupported.map(|reason| refusal(ErrorCode::NotSupported, reason)))
        .or_else(|| too_large.map(|size| too_large_for(live.limits.statement_bytes, size)));
    let ready = early.map_or(place, Err);
    let mut way =
        Way { proxy: Arc::clone(proxy), live: Arc::clone(live), caller, owner, agent, asked: Arc::new(asked) };
    // The way is gone to its end even if the client goes away: what was decided is written down, and what Trino has
    // taken is not left running for nobody.
    let origin = way.caller.origin.clone();
    let going = Outliving::new(
        &proxy.tasks,
        async move {
            let (response, started) = way.go(ready).await;
            (response, started, way)
        },
        async |(_, started, way): (Response<Answer>, Started, Way)| {
            if let Some((summary, statement)) = started
                && let Some(next) = summary.next
            {
                pages::cancel(&way.proxy, &statement, &next, End::ClientGone).await;
            }
        },
    );
    going.await.map_or_else(
        || {
            let refusal = refusal(ErrorCode::GenericInternalError, "Sluice broke down while it served the statement");
            answer::results(own_error::page(&origin, &QueryId::for_sluice(), own_error::error(&refusal, None)))
        },
        |(response, _, _)| response,
    )
}

/// A statement on its way.
struct Way {
    proxy: Arc<Proxy>,
    live: Arc<Live>,
    caller: Caller,
    owner: Owner,
    agent: Option<HeaderValue>,
    asked: Arc<Asked>,
}

/// Nothing was sent, and another cluster takes it.
struct Elsewhere {
    cluster: Arc<Cluster>,
    place: Place<String>,
}

/// What came of an attempt to run it.
type Attempt = Result<(Response<Answer>, Started), Elsewhere>;

type Started = Option<(Summary, Arc<super::started::Statement>)>;

impl Way {
    /// `ready`: its place, which is held until its end, or why it is not even looked at.
    async fn go(&mut self, ready: Result<Place<String>, Refusal>) -> (Response<Answer>, Started) {
        let _flying = self.proxy.rooms.metrics.in_flight();
        let mut place = match ready {
            Ok(place) => place,
            Err(refusal) => {
                let decision = self.written(&Weighed::refused(refusal.clone())).await;
                return (
                    decision.map_or_else(|| self.unwritten(), |decision| self.refuse(&refusal, Some(decision))),
                    None,
                );
            }
        };
        let mut tried = Vec::new();
        loop {
            tried.push(self.asked.cluster.id);
            match self.attempt(place, &tried).await {
                Ok(answered) => return answered,
                // It is decided anew, by what the other one says of tables.
                Err(Elsewhere { cluster, place: kept }) => {
                    let Asked { cluster: from, .. } = &*self.asked;
                    if self.proxy.seldom.now("moved") {
                        tracing::warn!(from = %from.name, to = %cluster.name, "statements go to another cluster");
                    }
                    from.counts.moved.inc();
                    self.asked = Arc::new(Asked { cluster, ..Asked::clone(&self.asked) });
                    place = kept;
                }
            }
        }
    }

    async fn attempt(&self, place: Place<String>, tried: &[ClusterId]) -> Attempt {
        let weighed = match self.asked.cluster.grammar.now() {
            Some(grammar) => decide(&self.proxy, &self.asked, grammar).await,
            None => {
                let message = "Trino has not told its version yet, by which statements are read; try again";
                Weighed::refused(refusal(ErrorCode::ServerStartingUp, message))
            }
        };
        if weighed.unasked
            && let Some(cluster) = self.elsewhere(tried)
        {
            return Err(Elsewhere { cluster, place });
        }
        let Some(decision) = self.written(&weighed).await else {
            return Ok((self.unwritten(), None));
        };
        match &weighed.decision.outcome {
            Outcome::Forward(guarded) => self.forward(guarded, decision, place, tried).await,
            Outcome::Refuse(refusal) => Ok((self.refuse(refusal, Some(decision)), None)),
        }
    }

    /// The id of a decision that was written down; `None` if it could not be.
    async fn written(&self, weighed: &Weighed) -> Option<Uuid> {
        self.proxy.journal.decided(&self.asked, weighed).await.ok()
    }

    fn unwritten(&self) -> Response<Answer> {
        let message = "Sluice could not write its decision down, so the statement is not run";
        self.refuse(&refusal(ErrorCode::GenericInternalError, message), None)
    }

    /// Another cluster that takes the statement, of which nothing was sent yet.
    fn elsewhere(&self, tried: &[ClusterId]) -> Option<Arc<Cluster>> {
        if self.asked.stays {
            return None;
        }
        self.live.clusters.route(self.asked.sender(), tried).cloned()
    }

    fn refuse(&self, refusal: &Refusal, decision: Option<Uuid>) -> Response<Answer> {
        self.told(&QueryId::for_sluice(), refusal, decision)
    }

    fn told(&self, query: &QueryId, refusal: &Refusal, decision: Option<Uuid>) -> Response<Answer> {
        let error = own_error::error(refusal, decision);
        told::answer(&self.proxy, &self.owner, &self.caller.origin, query, error)
    }

    async fn forward(&self, guarded: &Guarded, decision: Uuid, place: Place<String>, tried: &[ClusterId]) -> Attempt {
        let not_taken = |refusal: Refusal, maybe: bool| {
            let name = refusal.code.parts().0;
            self.proxy.journal.not_started(decision, maybe, name, self.asked.arrived.elapsed());
            Ok((self.refuse(&refusal, Some(decision)), None))
        };
        let Ok(user) = HeaderValue::from_str(&self.owner.user) else {
            let message = "The user's name has characters that can't be sent to Trino";
            return not_taken(refusal(ErrorCode::NotSupported, message), false);
        };
        let cluster = &self.asked.cluster;
        let encodings = cluster.spooling.as_ref().and_then(|spooling| spooling.asked(&self.asked.headers.encodings));
        let sent = cluster.upstream.start(guarded, &self.asked.headers, &user, self.agent.as_ref(), encodings).await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                let refused = not_taken(unreached(&error), error.may_have_arrived());
                return match self.elsewhere(tried).filter(|_| error.never_connected()) {
                    Some(cluster) => Err(Elsewhere { cluster, place }),
                    None => refused,
                };
            }
        };
        let (parts, body) = response.into_parts();
        match parts.status {
            StatusCode::OK => match self.first_page(guarded, decision, Response::from_parts(parts, body)).await {
                Ok(first) => Ok(self.started(guarded, decision, place, first).await),
                Err(error) => {
                    tracing::warn!(%decision, %error, "Trino's first answer can't be read");
                    let message = "Trino's first answer could not be read; whether the statement runs is not known";
                    not_taken(refusal(ErrorCode::GenericInternalError, message), true)
                }
            },
            StatusCode::BAD_REQUEST => {
                let reason = reason(body, guarded.restricted()).await;
                self.proxy.journal.not_started(decision, false, "BAD_REQUEST", self.asked.arrived.elapsed());
                Ok((answer::text(StatusCode::BAD_REQUEST, &reason), None))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                tracing::error!(status = %parts.status, user = self.owner.user, "Trino does not accept Sluice");
                let message = "Trino does not accept Sluice, or not that it acts for this user; tell the operators";
                not_taken(refusal(ErrorCode::GenericInternalError, message), false)
            }
            status => {
                tracing::warn!(%status, "Trino did not take a statement");
                let message = format!("Trino did not take the statement: it answered {status}");
                not_taken(refusal(ErrorCode::ServerStartingUp, message), false)
            }
        }
    }

    /// Reads the first page.
    async fn first_page(
        &self,
        guarded: &Guarded,
        decision: Uuid,
        response: Response<Received>,
    ) -> Result<(Whole, Shown), Malformed> {
        let page = Whole::read(&self.asked.cluster, &self.live.limits, response).await?;
        let shown = page.shown(PageContext {
            origin: self.caller.origin.clone(),
            key: self.proxy.key.clone(),
            owner: self.owner.clone(),
            facts: self.facts(guarded, decision),
            mark: None,
            positions: Some(Arc::new(guarded.positions().clone())),
            query: None,
            segments: self.proxy.spooled(self.asked.cluster.spooling.as_ref()),
            envelope_bytes: self.live.limits.envelope_bytes,
        })?;
        Ok((page, shown))
    }

    fn facts(&self, guarded: &Guarded, decision: Uuid) -> Facts {
        let rewritten = !guarded.positions().unchanged() || guarded.text() != self.asked.sql;
        Facts {
            restricted: guarded.restricted(),
            rewritten,
            redefines: guarded.redefines(),
            unresolved: !guarded.relations().is_empty(),
            by_address: self.proxy.gives_by_address(&self.owner),
            cluster: self.asked.cluster.id,
            decision,
        }
    }

    async fn started(
        &self,
        guarded: &Guarded,
        decision: Uuid,
        place: Place<String>,
        (page, mut shown): (Whole, Shown),
    ) -> (Response<Answer>, Started) {
        let facts = self.facts(guarded, decision);
        let positions = facts.rewritten.then(|| Arc::new(guarded.positions().clone()));
        let memory = self.proxy.cancel_running.then(|| self.memory(guarded));
        let (query, owner) = (shown.summary.query.clone(), self.owner.clone());
        let (began, cluster) = (self.asked.arrived, Arc::clone(&self.asked.cluster));
        let start = Start { positions, memory, began, cluster, place };
        let statement = self.proxy.started.insert(query, owner, facts, start);
        if facts.unresolved {
            statement.may_resolve(Arc::new(guarded.relations().clone()));
            let origin = &self.caller.origin;
            shown = match resolved::follow(&self.proxy, &statement, origin, page, resolved::HOLD).await {
                Ok(shown) => shown,
                Err(refusal) => return (self.told(&statement.query, &refusal, Some(decision)), None),
            };
        } else if guarded.only_reads() {
            shown = resolved::lead(&self.proxy, &statement, &self.caller.origin, shown).await;
        }
        let summary = shown.summary.clone();
        let response = pages::given(&self.proxy, &statement, shown);
        // Policies that came, or a time that was passed, while it was started have reviewed what ran before it.
        let (proxy, again) = (Arc::clone(&self.proxy), Arc::clone(&statement));
        if revoke::is_outdated(&proxy, &again) {
            self.proxy.tasks.spawn(async move { revoke::review(&proxy, &again).await.ok() });
        }
        (response, Some((summary, statement)))
    }

    fn memory(&self, guarded: &Guarded) -> Memory {
        Memory {
            caller: self.caller.clone(),
            headers: self.asked.headers.clone(),
            sql: self.asked.sql.clone(),
            sent: (guarded.text() != self.asked.sql).then(|| guarded.text().to_owned()),
            prepared: guarded.prepared().map(|(name, text)| (name.to_owned(), text.to_owned())),
            restricted: guarded.restricted(),
            basis: Basis::of(&self.asked.snapshot, self.asked.now),
        }
    }
}

/// How many statements may run.
fn most(limits: &Limits) -> Most {
    Most { all: limits.statements, each: Some(limits.statements_per_principal) }
}

async fn read(limits: &Limits, body: http1::Asked) -> Result<String, NoStatement> {
    let most = limits.statement_bytes;
    let reading = async {
        let mut body = body;
        let mut text = Vec::new();
        let mut size = 0_usize;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| NoStatement::Unread(StatusCode::BAD_REQUEST, "The statement broke off"))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            size += data.len();
            if size > most.saturating_mul(READ_ON) {
                return Err(NoStatement::Unread(StatusCode::PAYLOAD_TOO_LARGE, "The statement is too large"));
            }
            if size <= most {
                text.extend_from_slice(&data);
            } else {
                text = Vec::new();
            }
        }
        if size > most { Err(NoStatement::TooLarge(size)) } else { Ok(text) }
    };
    let text = tokio::time::timeout(limits.body_timeout.unsigned_abs(), reading)
        .await
        .map_err(|_| NoStatement::Unread(StatusCode::REQUEST_TIMEOUT, "The statement was sent too slowly"))??;
    let text = String::from_utf8(text).map_err(|error| NoStatement::NotUtf8(error.utf8_error().valid_up_to()))?;
    if text.is_empty() {
        return Err(NoStatement::Status(StatusCode::BAD_REQUEST, "SQL statement is empty"));
    }
    Ok(text)
}

/// Trino's text for a request that it refuses, where it can't quote what is hidden.
async fn reason(body: Received, restricted: bool) -> String {
    const PLAIN: &str = "Trino refused the request's headers";
    if restricted {
        return PLAIN.to_owned();
    }
    match Limited::new(body, 16 * 1024).collect().await {
        Ok(bytes) => String::from_utf8_lossy(&bytes.to_bytes()).chars().take(REASON).collect(),
        Err(_) => PLAIN.to_owned(),
    }
}
