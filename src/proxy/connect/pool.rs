//! Connections to the one Trino, kept while they are idle.
//!
//! In: requests. Out: heads of answers, and bodies that give their connection back once they were read to their end. A
//! request is sent anew only where not a byte of it can have reached Trino, on a kept connection that had ended, or where
//! Trino says over HTTP/2 that it has done nothing for it.

use super::asked::Asked;
use super::chain;
use super::http2::{Bounds, Failed, Made, Streams, Way};
use super::received::Received;
use super::timer::Timer;
use super::wire::{Connection, ExchangeError, Stream};
use super::written::{To, Written};
use crate::proxy::threads;
use http::{Response, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

/// A connection that was idle for this time is closed; Trino closes its own after 200 s.
const IDLE: Duration = Duration::from_secs(60);
/// How often a request is sent for which Trino says that it has done nothing.
const TRIES: usize = 3;
/// HTTP/2, as TLS calls it.
const H2: &[u8] = b"h2";

/// As many threads as keep connections of their own; where there are more, two may have the same ones.
const THREADS: usize = 64;

/// The connections that are idle, by the thread that they belong to.
#[derive(Debug)]
pub(super) struct Idle(Vec<Mutex<OfThread>>);

/// Those of one thread, each with since when it has been idle; those that became so last at the end.
type OfThread = VecDeque<(Box<Connection>, std::time::Instant)>;

/// Connections to one address.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector>,
    address: Uri,
    connect_timeout: Duration,
    idle: Arc<Idle>,
    /// Where HTTP/2 is offered.
    streams: Option<Arc<Streams>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum PoolError {
    /// No connection could be made.
    Unreachable(String),
    /// The connection broke after the request had begun to be sent.
    Broken(String),
    /// No answer began in time.
    Late,
}

impl Pool {
    /// Connections to this address, of which there are none yet; within `http2`, if it is offered.
    pub(super) fn new(
        connector: HttpsConnector<HttpConnector>,
        address: Uri,
        connect_timeout: Duration,
        http2: Option<Bounds>,
    ) -> Pool {
        let host = address.authority().map(ToString::to_string).unwrap_or_default();
        let streams = http2.map(|bounds| Arc::new(Streams::new(host, bounds)));
        Pool { connector, address, connect_timeout, idle: Arc::new(Idle::new()), streams }
    }

    /// Whether HTTP/2 is offered, so that a request may go by either.
    pub(super) fn offers_http2(&self) -> bool {
        self.streams.is_some()
    }

    /// Sends a request by HTTP/1.1, and waits for the head of the answer until `deadline`.
    ///
    /// # Errors
    /// [`PoolError`].
    pub(super) async fn send(&self, request: &Written, deadline: Instant) -> Result<Response<Received>, PoolError> {
        if let Some(answered) = self.by_a_kept_one(request, deadline).await {
            return answered;
        }
        match self.connect(deadline).await? {
            Made::Http1(connection) => self.by(connection, request, deadline).await,
            Made::Http2(_) => Err(PoolError::Unreachable("it chose HTTP/2, which was not offered".to_owned())),
        }
    }

    /// Sends a request by what Trino chooses, and waits for the head of the answer until `deadline`.
    ///
    /// # Errors
    /// [`PoolError`].
    pub(super) async fn send_by_either(
        &self,
        asked: Asked<'_>,
        to: To<'_>,
        deadline: Instant,
    ) -> Result<Response<Received>, PoolError> {
        let Some(streams) = &self.streams else {
            return self.send(&asked.written(to), deadline).await;
        };
        let until = deadline.min(Instant::now() + self.connect_timeout);
        let mut tries = 0;
        loop {
            let room = match streams.way(|| self.connect(deadline), until).await? {
                Way::Http2(room) => room,
                Way::Http1(Some(connection)) => return self.by(connection, &asked.written(to), deadline).await,
                Way::Http1(None) => {
                    let request = asked.written(to);
                    if let Some(answered) = self.by_a_kept_one(&request, deadline).await {
                        return answered;
                    }
                    match self.connect(deadline).await? {
                        Made::Http1(connection) => return self.by(connection, &request, deadline).await,
                        Made::Http2(stream) => streams.add(stream, until).await?,
                    }
                }
            };
            tries += 1;
            match room.exchange(asked, (&self.address, to), deadline).await {
                Ok(response) => return Ok(response.map(Received::of_stream)),
                Err(Failed::Unprocessed(_)) if tries < TRIES => {}
                Err(Failed::Unprocessed(reason)) => return Err(PoolError::Unreachable(reason)),
                Err(Failed::Broken(reason)) => return Err(PoolError::Broken(reason)),
                Err(Failed::Late) => return Err(PoolError::Late),
            }
        }
    }

    /// Sends a request on a connection that is kept; `None` if there is none that has not ended.
    async fn by_a_kept_one(
        &self,
        request: &Written,
        deadline: Instant,
    ) -> Option<Result<Response<Received>, PoolError>> {
        while let Some(mut kept) = self.idle.take() {
            if !kept.is_fresh().await {
                continue;
            }
            match self.exchange(kept, request, deadline).await {
                Err(ExchangeError::Unsent(_)) => {}
                Err(ExchangeError::Late) => return Some(Err(PoolError::Late)),
                answered => return Some(answered.map_err(|error| PoolError::Broken(error.to_string()))),
            }
        }
        None
    }

    /// Sends a request on a connection that was made for it.
    async fn by(
        &self,
        connection: Box<Connection>,
        request: &Written,
        deadline: Instant,
    ) -> Result<Response<Received>, PoolError> {
        self.exchange(connection, request, deadline).await.map_err(|error| match error {
            ExchangeError::Unsent(error) => PoolError::Unreachable(error.to_string()),
            ExchangeError::Late => PoolError::Late,
            error => PoolError::Broken(error.to_string()),
        })
    }

    async fn exchange(
        &self,
        mut connection: Box<Connection>,
        request: &Written,
        deadline: Instant,
    ) -> Result<Response<Received>, ExchangeError> {
        let mut timer = connection.timer.take().unwrap_or_else(|| Timer::new(deadline));
        let head = timer.until(deadline, connection.exchange(request)).await.ok_or(ExchangeError::Late)??;
        connection.timer = Some(timer);
        let body = Received::new(connection, head.length, head.kept, Arc::clone(&self.idle));
        Ok(head.response.map(|()| body))
    }

    /// Makes a connection, TLS included, in `connect_timeout`.
    async fn connect(&self, deadline: Instant) -> Result<Made, PoolError> {
        let mut connector = self.connector.clone();
        let connecting = async {
            let ready = std::future::poll_fn(|context| Service::<Uri>::poll_ready(&mut connector, context)).await;
            ready?;
            connector.call(self.address.clone()).await
        };
        let until = deadline.min(Instant::now() + self.connect_timeout);
        let late = |_| PoolError::Unreachable("no connection was made in time".to_owned());
        let stream = timeout_at(until, connecting).await.map_err(late)?;
        let stream = TokioIo::new(stream.map_err(|error| PoolError::Unreachable(chain(error.as_ref())))?);
        let http2 = self.offers_http2() && speaks_http2(&stream);
        Ok(if http2 { Made::Http2(Box::new(stream)) } else { Made::Http1(Box::new(Connection::new(stream))) })
    }
}

/// Whether TLS has come to HTTP/2.
fn speaks_http2(stream: &Stream) -> bool {
    match stream.inner() {
        MaybeHttpsStream::Http(_) => false,
        MaybeHttpsStream::Https(tls) => tls.inner().get_ref().1.alpn_protocol() == Some(H2),
    }
}

/// What is offered in TLS, in the order of preference.
pub(super) fn offered() -> Vec<Vec<u8>> {
    vec![H2.to_vec(), b"http/1.1".to_vec()]
}

impl Idle {
    fn new() -> Idle {
        Idle((0..THREADS).map(|_| Mutex::default()).collect())
    }

    /// Those of this thread.
    fn own(&self) -> Option<MutexGuard<'_, OfThread>> {
        Some(self.0.get(threads::number() % THREADS)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, mut connection: Box<Connection>) {
        connection.shrink();
        if let Some(mut idle) = self.own() {
            idle.push_back((connection, threads::about_now()));
        }
    }

    /// The connection that became idle last. Those that have been so for too long are closed.
    fn take(&self) -> Option<Box<Connection>> {
        let (mut idle, now) = (self.own()?, threads::about_now());
        while idle.front().is_some_and(|(_, since)| now.saturating_duration_since(*since) > IDLE) {
            idle.pop_front();
        }
        idle.pop_back().map(|(connection, _)| connection)
    }
}
