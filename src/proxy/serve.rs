//! One request: what is asked for, who asks, and who answers it.

use super::answer::{self, Answer};
use super::client_headers::{ClientHeaders, HeaderError};
use super::clock::Clock;
use super::decide::{Enforce, Enforcer};
use super::head;
use super::http1::Asked;
use super::journal::Journal;
use super::kept::{Kept, Sender};
use super::linger::linger;
use super::live::{Live, Proofs};
use super::login;
use super::mark::{MarkKey, MarkKeyError, Owner, named_owner, page_key};
use super::origin::{Origin, Origins};
use super::pages::{self, PageRequest};
use super::places::Places;
use super::routes::{NoRoute, Route, Target, route};
use super::seldom::Seldom;
use super::spooled::{self, Asker};
use super::started::{Ended, Started};
use super::statement;
use super::tls::Presented;
use crate::audit::Log;
use crate::config::{Compression, Config};
use crate::console::Metrics;
use crate::enforce::enforce;
use crate::identity::{Asking, Principal, Sealer, Shown, Unidentified};
use crate::store::Store;
use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::task::TaskTracker;

/// The rooms that a statement meets on its way, and that stay.
#[derive(Clone, Debug)]
pub struct Rooms {
    /// The policies.
    pub store: Arc<Store>,
    /// Where decisions are written down.
    pub log: Arc<Log>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The proxy: all that requests share.
#[derive(Debug)]
pub struct Proxy {
    pub(super) rooms: Rooms,
    pub(super) enforcer: Enforcer,
    live: Arc<ArcSwap<Live>>,
    /// Whether queries are ended that new policies decide about in another way.
    pub(super) cancel_running: bool,
    pub(super) origins: Origins,
    pub(super) key: MarkKey,
    /// Seals the addresses of segments.
    pub(super) segments: Arc<Sealer>,
    pub(super) journal: Arc<Journal>,
    /// The time by which is decided.
    pub(super) clock: Clock,
    pub(super) started: Started,
    /// Connections, by where they come from.
    pub(super) peers: Places<IpAddr>,
    /// When it is said that a limit is reached.
    pub(super) seldom: Seldom,
    /// What goes on when a client has gone: cancelling, writing down.
    pub(super) tasks: TaskTracker,
    draining: AtomicBool,
    /// Whether pages are packed for clients that take it.
    packs: bool,
    /// Whether clients come by TLS.
    encrypted: bool,
}

/// A request without its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a Method,
    /// `None` for a target that is no path.
    pub(super) target: Option<Target<'a>>,
    pub(super) headers: &'a HeaderMap,
    /// What is kept of a head that says the same as these headers, apart from what they prove.
    pub(super) kept: &'a Kept,
}

/// Who sent a request, and under what name.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) principal: Principal,
    pub(super) peer: IpAddr,
    pub(super) origin: Origin,
}

impl Proxy {
    /// Puts a proxy together.
    ///
    /// # Errors
    /// [`MarkKeyError`], if there is no key to mark pages with.
    pub fn new(config: &Config, rooms: Rooms, live: Live) -> Result<Arc<Proxy>, MarkKeyError> {
        Proxy::with_enforcer(config, rooms, live, Clock::system(), enforce)
    }

    /// One that decides by `enforce`, or by a stand-in for it, and by a clock.
    pub(super) fn with_enforcer(
        config: &Config,
        rooms: Rooms,
        live: Live,
        clock: Clock,
        enforce: impl Enforce,
    ) -> Result<Arc<Proxy>, MarkKeyError> {
        live.clusters.tell(&rooms.metrics);
        let secret = page_key(config.listen.page_key_file.as_deref())?;
        let tasks = TaskTracker::new();
        let journal = Arc::new(Journal::new(Arc::clone(&rooms.log), Arc::clone(&rooms.metrics), tasks.clone()));
        let live = Arc::new(ArcSwap::from_pointee(live));
        let (ends, others) = (Arc::clone(&journal), Arc::clone(&live));
        let ended = move |ended: Ended| {
            if ended.statement.facts.redefines {
                ended.statement.cluster.catalog.invalidate_all();
                // Other clusters may have the same tables.
                others.load().clusters.clusters().for_each(|cluster| cluster.catalog.invalidate_all());
            }
            ends.ended(&ended);
        };
        Ok(Arc::new(Proxy {
            enforcer: Enforcer::new(enforce, config),
            live,
            cancel_running: config.policies.cancel_running,
            origins: Origins::new(config.listen.public_url.as_deref(), config.listen.tls.is_some()),
            key: MarkKey::of(&secret)?,
            segments: Arc::new(Sealer::new(&secret, spooled::PURPOSE)),
            started: Started::new(config.limits.remembered_bytes, Arc::new(ended)),
            peers: Places::new(),
            seldom: Seldom::default(),
            journal,
            clock,
            tasks,
            draining: AtomicBool::new(false),
            packs: config.listen.compression == Compression::Gzip,
            encrypted: config.listen.tls.is_some(),
            rooms,
        }))
    }

    /// What requests go by now.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Requests that come from now on go by this.
    pub fn replace(&self, live: Live) {
        let clusters = Arc::clone(&live.clusters);
        let before = self.live.swap(Arc::new(live));
        before.clusters.leave_for(&clusters, &self.rooms.metrics);
        clusters.tell(&self.rooms.metrics);
    }

    /// Whether Trino is there as far as is known, for operators: it answered the last request, or one of several clusters is
    /// healthy.
    pub fn reaches_trino(&self) -> (bool, String) {
        let live = self.live();
        live.clusters.health().unwrap_or_else(|| {
            let reachable = live.clusters.clusters().any(|cluster| cluster.counts.is_reachable());
            let told = if reachable { "answered the last request" } else { "did not answer the last request" };
            (reachable, told.to_owned())
        })
    }

    /// From now on no statement is started.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Whether no statement is started any more.
    pub(super) fn draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Whether pages of an owner's queries are given to whoever has their address, without a log-in.
    pub(super) fn gives_by_address(&self, owner: &Owner) -> bool {
        self.live.load().proofs.by_address.contains(&owner.principal)
    }

    /// Answers a request.
    pub(super) async fn answer(
        self: &Arc<Self>,
        peer: &IpAddr,
        presented: Option<&Presented>,
        request: Request<'_>,
        body: Asked,
    ) -> Response<Answer> {
        let mut response = self.answered(peer, presented, request, body).await;
        if self.encrypted {
            response
                .headers_mut()
                .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        response
    }

    async fn answered(
        self: &Arc<Self>,
        peer: &IpAddr,
        presented: Option<&Presented>,
        request: Request<'_>,
        body: Asked,
    ) -> Response<Answer> {
        let Request { method, target, headers, kept } = request;
        let route = match route(method, target) {
            Ok(route) => route,
            Err(NoRoute::Status(status)) => return answer::status(status),
            Err(NoRoute::Method(allowed)) => return answer::other_method(allowed),
            Err(NoRoute::NoPath) => return answer::closing(answer::status(StatusCode::BAD_REQUEST)),
        };
        // HTTP/2 may end a request that has no body by a frame of its own, as OkHttp does for DELETE.
        let has_body = !body.is_end_stream() && body.size_hint().exact() != Some(0);
        if let Err(wrong) = head::body(method, has_body) {
            return answer::wrong(wrong);
        }
        // A browser comes back from the issuer, which is another site.
        let visited = matches!(&route, Route::Login(asked) if asked.is_visited());
        let origin = match kept.origin(&self.origins, headers, visited) {
            Ok(origin) => origin,
            Err(Sender::Nowhere) => {
                let reason = "The Host header is missing, doubled or no host";
                return answer::closing(answer::text(StatusCode::BAD_REQUEST, reason));
            }
            Err(Sender::Elsewhere(wrong)) => {
                tracing::info!(%peer, "a request of another site's page is refused");
                return answer::wrong(wrong);
            }
        };
        let live = self.live();
        let client = Client { peer: *peer, presented, proofs: &live.proofs };
        match route {
            Route::Info(path) => apart(pages::info(self, method.clone(), path)).await,
            Route::Login(asked) => {
                let (login, metrics) = (live.proofs.login.as_deref(), &self.rooms.metrics);
                apart(login::answer(login, metrics, asked, headers)).await
            }
            Route::Statement => apart(self.statement(client, &live, origin, (headers, body))).await,
            Route::Kill(query) => match self.asked_by(client, headers, kept).await {
                Ok(owner) => apart(pages::kill(self, &query, &owner)).await,
                Err(declined) => apart(declined.answer(self, client, headers)).await,
            },
            Route::Page(path, query) => {
                let asker = self.asked_by(client, headers, kept).await;
                let (owner, unproved) = match (asker, query.mark.as_deref().and_then(named_owner)) {
                    (Ok(owner), _) => (owner, false),
                    (Err(Declined::Unidentified(Unidentified::Nothing)), Some(owner))
                        if self.gives_by_address(&owner) =>
                    {
                        (owner, true)
                    }
                    (Err(declined), _) => return apart(declined.answer(self, client, headers)).await,
                };
                let (method, packs) = (method.clone(), self.packs && kept.packs(headers));
                let asked = PageRequest { method, path, query, owner, unproved, packs, origin };
                pages::answer(self, asked, &kept.last).await
            }
            Route::Segment(part, sealed) => apart(self.segment(client, part, &sealed, headers)).await,
        }
    }

    async fn segment(
        self: &Arc<Self>,
        client: Client<'_>,
        part: spooled::Part,
        sealed: &str,
        headers: &HeaderMap,
    ) -> Response<Answer> {
        let segment: Option<spooled::Segment> = self.segments.open(sealed);
        let user = match ClientHeaders::acting_user(headers) {
            Ok(user) => user,
            Err(error) => return Declined::from(error).answer(self, client, headers).await,
        };
        let asker = |principal| Asker { principal, user: user.as_deref(), headers };
        match self.principal(client, headers).await {
            Ok(principal) => {
                let own = segment.filter(|segment| segment.is_for(asker(Some(&principal.name)), false));
                spooled::answer(self, part, own).await
            }
            Err(Declined::Unidentified(Unidentified::Nothing))
                if segment.as_ref().is_some_and(|segment| spooled::for_no_log_in(self, segment, asker(None))) =>
            {
                spooled::answer(self, part, segment).await
            }
            Err(declined) => declined.answer(self, client, headers).await,
        }
    }

    async fn statement(
        self: &Arc<Self>,
        client: Client<'_>,
        live: &Arc<Live>,
        origin: Origin,
        (sent, body): (&HeaderMap, Asked),
    ) -> Response<Answer> {
        let principal = match self.principal(client, sent).await {
            Ok(principal) => principal,
            Err(declined) => {
                // On a stream of HTTP/2; HTTP/1 reads over what is left when the answer has been given.
                if let Asked::Streamed(body) = body {
                    linger(body).await;
                }
                return declined.answer(self, client, sent).await;
            }
        };
        let headers = ClientHeaders::read(sent);
        if let Err(HeaderError::Malformed(reason)) = &headers {
            return answer::text(StatusCode::BAD_REQUEST, reason);
        }
        statement::answer(self, live, Caller { principal, peer: client.peer, origin }, headers, (sent, body)).await
    }

    async fn principal(&self, client: Client<'_>, headers: &HeaderMap) -> Result<Principal, Declined> {
        if client.presented.is_some_and(|presented| !presented.holds(self.clock.now().as_second())) {
            return Err(Declined::Ended);
        }
        let certificate = client.presented.map(Presented::certificate);
        Ok(client.proofs.ways.identify(Asking { headers, peer: client.peer, certificate }).await?)
    }

    /// Whose a request about a running query is.
    async fn asked_by(&self, client: Client<'_>, headers: &HeaderMap, kept: &Kept) -> Result<Owner, Declined> {
        let principal = self.principal(client, headers).await?.name;
        let user = kept.acting_user(headers)?;
        Ok(Owner { user: user.unwrap_or_else(|| principal.clone()), principal })
    }
}

/// An answer that is not on the way of a page. It takes room of its own, since it takes much more, and its code stands elsewhere: within
/// that of the page's way it would part what processors read as one.
pub(super) fn apart<'a>(
    answering: impl Future<Output = Response<Answer>> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Response<Answer>> + Send + 'a>> {
    Box::pin(answering)
}

/// The other end of a connection.
#[derive(Clone, Copy)]
struct Client<'a> {
    peer: IpAddr,
    presented: Option<&'a Presented>,
    proofs: &'a Proofs,
}

/// Why a request is not looked at any further.
#[derive(Debug, thiserror::Error)]
enum Declined {
    #[error("a client's certificate has ended or was taken back")]
    Ended,
    #[error(transparent)]
    Unidentified(#[from] Unidentified),
    #[error(transparent)]
    Headers(#[from] HeaderError),
}

impl Declined {
    async fn answer(self, proxy: &Proxy, client: Client<'_>, headers: &HeaderMap) -> Response<Answer> {
        let Client { peer, presented, proofs } = client;
        let metrics = &proxy.rooms.metrics;
        match &self {
            Declined::Ended => {
                let shown = presented.map(|presented| presented.certificate().shown());
                let (issuer, serial) = shown.map_or(("", ""), |Shown { issuer, serial, .. }| (issuer, serial));
                tracing::info!(%peer, issuer, serial, "{self}");
                answer::closing(unidentified(Unidentified::Wrong, peer, proofs, metrics, headers).await)
            }
            Declined::Unidentified(error) => unidentified(*error, peer, proofs, metrics, headers).await,
            Declined::Headers(error) => answer::text(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }
}

async fn unidentified(
    error: Unidentified,
    peer: IpAddr,
    proofs: &Proofs,
    metrics: &Metrics,
    headers: &HeaderMap,
) -> Response<Answer> {
    match error {
        Unidentified::Unavailable => {
            tracing::warn!(%peer, "a client could not be identified in time");
            answer::text(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
        Unidentified::Nothing | Unidentified::Wrong | Unidentified::Conflicting => {
            if error != Unidentified::Nothing {
                tracing::info!(%peer, %error, "a client is not who it says");
            }
            let browser = match &proofs.login {
                Some(login) => Box::pin(login::challenge(metrics, login, headers)).await,
                None => None,
            };
            answer::unauthorized(&error.to_string(), &proofs.ways.schemes(), browser.as_ref())
        }
    }
}
