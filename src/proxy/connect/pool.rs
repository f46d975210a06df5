//! Connections to the one Trino, kept while they are idle.
//!
//! In: requests. Out: heads of answers, and bodies that give their connection back once they were read to their end. A
//! request is sent anew only where not a byte of it can have reached Trino: on a kept connection that had ended.

use super::chain;
use super::received::Received;
use super::timer::Timer;
use super::wire::{Connection, ExchangeError};
use super::written::Written;
use http::{Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

/// A connection that was idle for this time is closed; Trino closes its own after 200 s.
const IDLE: Duration = Duration::from_secs(60);

/// The connections that are idle, those that became so last at the end.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<VecDeque<(Box<Connection>, Instant)>>);

/// Connections to one address.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector>,
    address: Uri,
    idle: Arc<Idle>,
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
    /// Connections to this address, of which there are none yet.
    pub(super) fn new(connector: HttpsConnector<HttpConnector>, address: Uri) -> Pool {
        Pool { connector, address, idle: Arc::default() }
    }

    /// Sends a request and waits for the head of the answer, until `deadline`.
    ///
    /// # Errors
    /// [`PoolError`].
    pub(super) async fn send(&self, request: &Written, deadline: Instant) -> Result<Response<Received>, PoolError> {
        while let Some(mut kept) = self.idle.take() {
            if !kept.is_fresh().await {
                continue;
            }
            match self.exchange(kept, request, deadline).await {
                Err(ExchangeError::Unsent(_)) => {}
                Err(ExchangeError::Late) => return Err(PoolError::Late),
                answered => return answered.map_err(|error| PoolError::Broken(error.to_string())),
            }
        }
        let connection = timeout_at(deadline, self.connect()).await.map_err(|_| PoolError::Late)??;
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

    async fn connect(&self) -> Result<Box<Connection>, PoolError> {
        let mut connector = self.connector.clone();
        let ready = std::future::poll_fn(|context| Service::<Uri>::poll_ready(&mut connector, context)).await;
        ready.map_err(|error| PoolError::Unreachable(chain(error.as_ref())))?;
        let stream = connector.call(self.address.clone()).await;
        let stream = stream.map_err(|error| PoolError::Unreachable(chain(error.as_ref())))?;
        Ok(Box::new(Connection::new(TokioIo::new(stream))))
    }
}

impl Idle {
    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, mut connection: Box<Connection>) {
        connection.shrink();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back((connection, Instant::now()));
    }

    /// The connection that became idle last. Those that have been so for too long are closed.
    fn take(&self) -> Option<Box<Connection>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|(_, since)| since.elapsed() > IDLE) {
            idle.pop_front();
        }
        idle.pop_back().map(|(connection, _)| connection)
    }
}
