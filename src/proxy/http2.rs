//! HTTP/2 on connections whose client chose it by ALPN, within the times and limits of HTTP/1.
//!
//! In: a connection under TLS. Out: the same requests to the same [`Proxy::answer`], their authority where HTTP/1 has
//! its `Host`. There is no HTTP/2 without TLS, and no change to it within a connection.

use super::answer::{self, Answer};
use super::head::{self, Wrong};
use super::http1::Asked;
use super::kept::Kept;
use super::patience::{Answering, AnsweringOne, Patient, Times};
use super::response_headers;
use super::routes::Target;
use super::serve::{self, Proxy};
use super::tls::Presented;
use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Uri, header};
use http_body::{Body, Frame, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

/// Requests of one connection at once. Clients have one or two statements on a connection.
const STREAMS: u32 = 32;
/// Streams that a client has begun and taken back before they were answered; more end the connection.
const TAKEN_BACK: usize = 20;
/// Bytes that a client may send ahead: on one stream, and on all of a connection.
const AHEAD: (u32, u32) = (256 * 1024, 1024 * 1024);
/// Bytes of one stream's answer that wait in memory for the client.
const WAITING: usize = 256 * 1024;
/// How often a client that is waited for is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);

impl Proxy {
    /// Serves a connection until its end, or until `close` and what is being answered.
    pub(super) async fn speak_http2(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        presented: Option<Presented>,
        close: CancellationToken,
    ) {
        let limits = Arc::clone(&self.live().limits);
        let (idle, send) = (limits.idle_timeout.unsigned_abs(), limits.send_timeout.unsigned_abs());
        // Frames come without a request too, so bytes are no sign that a request's head has begun.
        let times = Times { idle, head: idle, send };
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_pending_accept_reset_streams(TAKEN_BACK)
            .max_local_error_reset_streams(TAKEN_BACK)
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(AHEAD.0)
            .initial_connection_window_size(AHEAD.1)
            .max_send_buf_size(WAITING)
            .keep_alive_interval(PING)
            .keep_alive_timeout(send);
        let answering = Answering::new();
        let given = Given::default();
        let stream = TokioIo::new(Patient::new(stream, times, answering.clone()));
        let (proxy, presented, streams) = (Arc::clone(&self), presented.map(Arc::new), given.clone());
        let service = service_fn(move |request| {
            let (proxy, presented) = (Arc::clone(&proxy), presented.clone());
            let (one, stream) = (answering.one(), streams.stream());
            async move {
                let mut response = match as_http1(request) {
                    Ok(request) => {
                        let (head, body) = request.into_parts();
                        let (peer, target) = (peer.ip().to_canonical(), Target::of(&head.uri));
                        let (method, headers, kept) = (&head.method, &head.headers, &Kept::default());
                        let request = serve::Request { method, target, headers, kept };
                        proxy.answer(&peer, presented.as_deref(), request, Asked::Streamed(body)).await
                    }
                    Err(wrong) => answer::wrong(wrong),
                };
                let more = answer::of_body(response.body());
                response_headers::add(more, response.headers_mut());
                response.headers_mut().remove(header::CONNECTION);
                Ok::<_, Infallible>(response.map(|body| Streamed { body, stream, _one: one }))
            }
        });
        let connection = http.serve_connection(stream, service);
        tokio::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = given.not_taken(send) => return tracing::debug!(%peer, "a client takes nothing of an answer"),
            () = close.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, %peer, "a connection ended");
        }
    }
}

/// A request with its path as target and its authority as `Host`, as HTTP/1 has them.
///
/// # Errors
/// [`Wrong`], if it says two hosts, or is meant for another scheme.
fn as_http1<B>(mut request: Request<B>) -> Result<Request<B>, Wrong> {
    let mut parts = request.uri().clone().into_parts();
    if parts.scheme.take().is_some_and(|scheme| scheme != Scheme::HTTPS) {
        return Err(head::doubtful("The scheme is https"));
    }
    let Some(path) = parts.path_and_query.take() else {
        return Ok(request);
    };
    if let Some(authority) = parts.authority.take() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| head::doubtful("The authority is no host"))?;
        let same = |given: &HeaderValue| given.as_bytes().eq_ignore_ascii_case(host.as_bytes());
        if !request.headers().get_all(header::HOST).iter().all(same) {
            return Err(head::doubtful("Host and authority differ"));
        }
        request.headers_mut().insert(header::HOST, host);
    }
    *request.uri_mut() = target(path);
    Ok(request)
}

fn target(path: PathAndQuery) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).unwrap_or_default()
}

/// When each answer of a connection was last taken from, while it waits for its client.
#[derive(Clone, Debug, Default)]
struct Given(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    since: HashMap<u64, Instant>,
}

/// One answer of those.
#[derive(Debug)]
struct OfStream {
    given: Given,
    number: u64,
}

impl Given {
    fn stream(&self) -> OfStream {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next += 1;
        OfStream { given: self.clone(), number: waiting.next }
    }

    /// Comes back when a client takes nothing of an answer for so long, though it is there on the connection. HTTP/2's own
    /// windows hold such an answer up, which the connection does not show.
    async fn not_taken(&self, most: Duration) {
        loop {
            tokio::time::sleep(most / 4).await;
            let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.since.values().any(|since| since.elapsed() > most) {
                return;
            }
        }
    }
}

impl OfStream {
    fn waits(&self, waits: bool) {
        let mut waiting = self.given.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waits {
            waiting.since.insert(self.number, Instant::now());
        } else {
            waiting.since.remove(&self.number);
        }
    }
}

impl Drop for OfStream {
    fn drop(&mut self) {
        self.waits(false);
    }
}

/// An answer on its stream.
struct Streamed {
    body: Answer,
    stream: OfStream,
    _one: AnsweringOne,
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = <Answer as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // It is asked for more when the client has taken what it was given.
        self.stream.waits(matches!(frame, Poll::Ready(Some(Ok(_)))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn asked(uri: &str, hosts: &[&str]) -> Option<(String, Vec<String>)> {
        let mut request = Request::new(());
        *request.uri_mut() = uri.parse().unwrap();
        for host in hosts {
            request.headers_mut().append(header::HOST, host.parse().unwrap());
        }
        let request = as_http1(request).ok()?;
        let hosts = request.headers().get_all(header::HOST).iter();
        Some((request.uri().to_string(), hosts.map(|host| host.to_str().unwrap().to_owned()).collect()))
    }

    #[test]
    fn a_request_is_the_one_that_http1_has() {
        let path = "/v1/info?x=1".to_owned();
        let host = vec!["a.example:8443".to_owned()];
        assert_eq!(asked("https://a.example:8443/v1/info?x=1", &[]), Some((path.clone(), host.clone())));
        assert_eq!(asked("https://a.example:8443/v1/info?x=1", &["A.example:8443"]), Some((path, host)));
        assert_eq!(asked("/v1/info", &["a", "b"]), Some(("/v1/info".to_owned(), vec!["a".to_owned(), "b".to_owned()])));
    }

    #[test]
    fn two_hosts_or_another_scheme_are_refused() {
        assert_eq!(asked("https://a.example/v1/info", &["b.example"]), None);
        assert_eq!(asked("https://a.example/v1/info", &["a.example", "b.example"]), None);
        assert_eq!(asked("http://a.example/v1/info", &[]), None);
        let mut connect = Request::new(());
        *connect.method_mut() = Method::CONNECT;
        *connect.uri_mut() = "a.example:80".parse().unwrap();
        assert!(as_http1(connect).unwrap().uri().authority().is_some());
    }
}
