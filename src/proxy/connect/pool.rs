//! Connections to the one Trino, kept while they are idle.
//!
//! In: requests. Out: heads of answers, and bodies that give their connection back once they were read to their end. A
//! request is sent anew only where not a byte of it can have reached Trino: on a kept connection that had ended.

use super::{Body, chain};
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower_service::Service;

/// A connection that was idle for this time is closed; Trino closes its own after 200 s.
const IDLE: Duration = Duration::from_secs(60);

/// The connections that are idle, those that became so last at the end.
type Idle = Mutex<VecDeque<(SendRequest<Body>, Instant)>>;

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
}

/// The body of an answer. Its connection is used again if it was read to its end, and closed otherwise.
#[derive(Debug)]
pub struct Received {
    body: Incoming,
    connection: Option<SendRequest<Body>>,
    idle: Arc<Idle>,
}

impl Pool {
    /// Connections to this address, of which there are none yet.
    pub(super) fn new(connector: HttpsConnector<HttpConnector>, address: Uri) -> Pool {
        Pool { connector, address, idle: Arc::default() }
    }

    /// Sends a request, whose target has no address, and waits for the head of the answer.
    ///
    /// # Errors
    /// [`PoolError`].
    pub(super) async fn send(&self, mut request: Request<Body>) -> Result<Response<Received>, PoolError> {
        while let Some(mut connection) = self.kept() {
            if connection.ready().await.is_err() {
                continue;
            }
            match connection.try_send_request(request).await {
                Ok(response) => return Ok(self.received(response, connection)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(PoolError::Broken(chain(error.error()))),
                },
            }
        }
        let mut connection = self.connect().await?;
        let broken = |error: hyper::Error| PoolError::Broken(chain(&error));
        let response = connection.send_request(request).await.map_err(broken)?;
        Ok(self.received(response, connection))
    }

    /// The connection that became idle last. Those that have been so for too long are closed.
    fn kept(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|(_, since)| since.elapsed() > IDLE) {
            idle.pop_front();
        }
        std::iter::from_fn(|| idle.pop_back()).map(|(connection, _)| connection).find(|kept| !kept.is_closed())
    }

    async fn connect(&self) -> Result<SendRequest<Body>, PoolError> {
        let mut connector = self.connector.clone();
        let ready = std::future::poll_fn(|context| Service::<Uri>::poll_ready(&mut connector, context)).await;
        ready.map_err(|error| PoolError::Unreachable(chain(error.as_ref())))?;
        let stream = connector.call(self.address.clone()).await;
        let stream = stream.map_err(|error| PoolError::Unreachable(chain(error.as_ref())))?;
        let (connection, ends) = handshake(stream).await.map_err(|error| PoolError::Unreachable(chain(&error)))?;
        tokio::spawn(async move {
            if let Err(error) = ends.await {
                tracing::debug!(%error, "a connection to Trino ended");
            }
        });
        Ok(connection)
    }

    fn received(&self, response: Response<Incoming>, connection: SendRequest<Body>) -> Response<Received> {
        let idle = Arc::clone(&self.idle);
        response.map(|body| Received { body, connection: Some(connection), idle })
    }
}

impl Received {
    fn keep_connection(&mut self) {
        if let Some(connection) = self.connection.take().filter(|connection| !connection.is_closed()) {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push_back((connection, Instant::now()));
        }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match &frame {
            Poll::Ready(None) => self.keep_connection(),
            Poll::Ready(Some(Err(_))) => self.connection = None,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.keep_connection();
        }
    }
}
