//! One connection on which HTTP/2 is spoken, and the task that reads and writes it.

use super::{Room, STREAMS, StreamBody, Streams, told};
use crate::proxy::connect::asked::Asked;
use crate::proxy::connect::wire;
use crate::proxy::connect::written::To;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, PingPong, Reason};
use http::{Response, StatusCode, Uri};
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Bytes of one answer that Trino may send ahead of its reader.
const AHEAD: u32 = 256 * 1024;
/// The same for a whole connection: no stream takes another one's share.
const AHEAD_IN_ALL: u32 = AHEAD * STREAMS as u32;
/// Most bytes of an answer's headers, as HTTP/2 counts them.
const HEADER_BYTES: u32 = 400 * 1024;
/// Most headers of an answer.
const HEADERS: usize = 100;
/// Streams that were taken back and of which something may still be on its way, and for how long it may be. What comes
/// of others counts against the connection.
const TAKEN_BACK: (usize, Duration) = (1024, Duration::from_secs(30));

/// The connection.
#[derive(Debug)]
pub(in crate::proxy::connect) struct Connection {
    sender: SendRequest<Bytes>,
    /// Most requests at once; none before Trino has said how many it takes.
    most: watch::Receiver<usize>,
    open: AtomicUsize,
    /// Whether it gets no more.
    left: AtomicBool,
    /// Why it was ended, if Sluice did that.
    why: OnceLock<String>,
    begun: Instant,
    /// When the last answer was read, in milliseconds after `begun`.
    given_back: AtomicU64,
}

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::proxy::connect) enum Failed {
    /// Trino says, or Sluice knows, that nothing was done for the request.
    Unprocessed(String),
    /// Trino may have taken it.
    Broken(String),
    /// No answer began in time.
    Late,
}

impl Connection {
    /// Begins to speak on a connection, and waits until Trino has said how many requests it takes.
    pub(super) async fn open(stream: Box<wire::Stream>, streams: &Arc<Streams>) -> Result<Arc<Connection>, String> {
        let handshake = h2::client::Builder::new()
            .enable_push(false)
            .initial_max_send_streams(0)
            .initial_window_size(AHEAD)
            .initial_connection_window_size(AHEAD_IN_ALL)
            .max_header_list_size(HEADER_BYTES)
            .max_concurrent_reset_streams(TAKEN_BACK.0)
            .reset_stream_duration(TAKEN_BACK.1)
            .handshake(stream);
        let (sender, driven) = handshake.await.map_err(|error| told(&error))?;
        let (tell, mut most) = watch::channel(0);
        let connection = Arc::new(Connection {
            sender,
            most: most.clone(),
            open: AtomicUsize::new(0),
            left: AtomicBool::new(false),
            why: OnceLock::new(),
            begun: Instant::now(),
            given_back: AtomicU64::new(0),
        });
        tokio::spawn(drive(driven, tell, Arc::downgrade(&connection), Arc::downgrade(streams)));
        let begun = most.wait_for(|most| *most > 0).await.map(drop);
        begun.map_err(|_| connection.why().unwrap_or("it was closed before a request").to_owned())?;
        Ok(connection)
    }

    /// Whether it takes a request.
    pub(super) fn has_room(&self) -> bool {
        self.open.load(Ordering::Relaxed) < *self.most.borrow()
    }

    /// Whether it gets any more at all.
    pub(super) fn is_new_enough(&self, age: Duration) -> bool {
        !self.left.load(Ordering::Relaxed) && self.begun.elapsed() < age
    }

    /// Counts a request. Called under the lock of who gives room.
    pub(super) fn take(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one less.
    pub(super) fn give_back(&self) {
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.given_back.store(millis, Ordering::Relaxed);
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether nothing was asked on it for so long.
    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        let since = self.begun + Duration::from_millis(self.given_back.load(Ordering::Relaxed));
        self.open.load(Ordering::Relaxed) == 0 && since.elapsed() >= time
    }

    /// It gets no more requests.
    fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    pub(super) fn why(&self) -> Option<&str> {
        self.why.get().map(String::as_str)
    }
}

impl Room {
    /// Sends a request and waits for the head of the answer, until `deadline`.
    pub(in crate::proxy::connect) async fn exchange(
        self,
        asked: Asked<'_>,
        (address, to): (&Uri, To<'_>),
        deadline: Instant,
    ) -> Result<Response<StreamBody>, Failed> {
        let unsent = |error: &dyn std::fmt::Display| Failed::Unprocessed(error.to_string());
        let (request, body) = asked.framed(address, to).map_err(|error| unsent(&error))?;
        let sent = self.connection.sender.clone().send_request(request, body.is_empty());
        let (answer, mut sending) = sent.map_err(|error| {
            self.connection.leave();
            unsent(&told(&error))
        })?;
        if !body.is_empty() {
            // A stream on which it can't be sent is over, and its answer tells why.
            let _ = sending.send_data(body, true);
        }
        let answer = timeout_at(deadline, answer).await.map_err(|_| Failed::Late)?;
        let (parts, stream) = answer.map_err(|error| self.failed(&error))?.into_parts();
        if parts.headers.len() > HEADERS {
            return Err(Failed::Broken("the head of its answer has too many headers".to_owned()));
        }
        let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&parts.status) || asked.is_head();
        let body = if bodiless { StreamBody::none() } else { StreamBody::new(stream, &parts.headers, self) };
        Ok(Response::from_parts(parts, body))
    }

    fn failed(&self, error: &h2::Error) -> Failed {
        let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        // Of the streams that were open when Trino said that it goes away, those end by its word that it did not look at.
        if error.is_remote() && (refused || error.is_go_away()) {
            return Failed::Unprocessed(told(error));
        }
        Failed::Broken(self.why(error))
    }
}

/// Reads and writes it until its end, or until it does not answer.
async fn drive(
    mut driven: h2::client::Connection<Box<wire::Stream>, Bytes>,
    most: watch::Sender<usize>,
    connection: Weak<Connection>,
    streams: Weak<Streams>,
) {
    let pings = driven.ping_pong();
    let told_of = || {
        if let Some(streams) = streams.upgrade() {
            streams.changed.notify_waiters();
        }
    };
    let reading = poll_fn(|context| {
        let ended = Pin::new(&mut driven).poll(context);
        let now = driven.max_concurrent_send_streams().min(STREAMS);
        if most.send_if_modified(|most| std::mem::replace(most, now) != now) {
            told_of();
        }
        ended
    });
    let why = tokio::select! {
        ended = reading => ended.err().map(|error| told(&error)),
        why = watch_over(pings, &connection, &streams) => Some(why),
    };
    if let Some(connection) = connection.upgrade() {
        connection.leave();
        if let Some(why) = why {
            tracing::debug!(%why, "a connection to Trino ended");
            let _ = connection.why.set(why);
        }
    }
    // Its streams hear of the end now, and have the reason.
    drop(driven);
    told_of();
}

/// Asks now and then whether it is still there; comes back when it is not.
async fn watch_over(mut pings: Option<PingPong>, connection: &Weak<Connection>, streams: &Weak<Streams>) -> String {
    let Some((pings, bounds)) = pings.as_mut().zip(streams.upgrade().map(|streams| streams.bounds)) else {
        return pending().await;
    };
    loop {
        sleep(bounds.ping).await;
        if let (Some(streams), Some(connection)) = (streams.upgrade(), connection.upgrade()) {
            streams.let_go_if_idle(&connection);
        }
        match timeout(bounds.pong, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {}
            // It has ended, which who reads it tells.
            Ok(Err(_)) => return pending().await,
            Err(_) => return format!("it did not answer a PING within {} s", bounds.pong.as_secs_f32()),
        }
    }
}
