//! Connections to Trino on which HTTP/2 is spoken, where `upstream.http2` offers it and Trino chooses it.
//!
//! In: who wants to ask. Out: a [`Room`] on a connection, on which a request and its answer are one stream of many. There
//! are as many on a connection as Trino lets there be, and no more than fit into its window, so that no answer that waits
//! for its reader holds up another. A request is sent anew only where Trino says that it has done nothing for it.

mod body;
mod connection;
#[cfg(test)]
mod tests;

pub(super) use self::body::StreamBody;
pub(super) use self::connection::{Connection, Failed};

use super::pool::PoolError;
use super::wire;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Requests of one connection at once, if Trino takes as many.
const STREAMS: usize = 32;

/// How long connections are there, and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Most connections at once to which requests are given.
    pub(super) connections: usize,
    /// How often a connection is asked whether it is still there.
    pub(super) ping: Duration,
    /// How long it may take to answer that. A Java that collects its garbage answers nothing for a while.
    pub(super) pong: Duration,
    /// One without a request for this time is closed.
    pub(super) idle: Duration,
    /// One gets no more requests after this time, so that addresses and certificates that have changed come into use.
    pub(super) age: Duration,
}

impl Bounds {
    pub(super) const DEFAULT: Bounds = Bounds {
        connections: 256,
        ping: Duration::from_secs(15),
        pong: Duration::from_secs(30),
        idle: Duration::from_secs(60),
        age: Duration::from_secs(600),
    };
}

/// All connections to one address.
#[derive(Debug)]
pub(super) struct Streams {
    /// Host and port, for the log.
    address: String,
    bounds: Bounds,
    state: Mutex<State>,
    /// Told when there may be room.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Those that get requests.
    connections: Vec<Arc<Connection>>,
    /// Whether one is being made. The requests that come meanwhile wait for it.
    connecting: bool,
    speaks: Speaks,
}

/// What was chosen last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Speaks {
    #[default]
    Unknown,
    Http1,
    Http2,
}

/// What a request goes by.
pub(super) enum Way {
    /// HTTP/1.1, and a connection on which nothing was asked yet, if one had to be made to know.
    Http1(Option<Box<wire::Connection>>),
    /// A stream.
    Http2(Room),
}

/// A connection that was made.
pub(super) enum Made {
    Http1(Box<wire::Connection>),
    Http2(Box<wire::Stream>),
}

enum Next {
    Room(Room),
    Http1,
    /// A connection has to be made.
    Connect(Connecting),
    Wait,
}

impl Streams {
    pub(super) fn new(address: String, bounds: Bounds) -> Streams {
        Streams { address, bounds, state: Mutex::default(), changed: Notify::new() }
    }

    /// The way of a request, by a connection that `connect` makes if need be.
    ///
    /// # Errors
    /// [`PoolError::Unreachable`], also if there is no room until `until`.
    pub(super) async fn way<F: Future<Output = Result<Made, PoolError>>>(
        self: &Arc<Self>,
        connect: impl Fn() -> F,
        until: Instant,
    ) -> Result<Way, PoolError> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.next() {
                Next::Room(room) => return Ok(Way::Http2(room)),
                Next::Http1 => return Ok(Way::Http1(None)),
                Next::Connect(_connecting) => match connect().await? {
                    Made::Http1(connection) => {
                        self.speaks(Speaks::Http1);
                        return Ok(Way::Http1(Some(connection)));
                    }
                    Made::Http2(stream) => return self.add(stream, until).await.map(Way::Http2),
                },
                Next::Wait => timeout_at(until, changed).await.map_err(|_| {
                    PoolError::Unreachable("no connection had room for one more request in time".to_owned())
                })?,
            }
        }
    }

    /// Speaks HTTP/2 on a new connection, once Trino has said how many requests it takes.
    ///
    /// # Errors
    /// [`PoolError::Unreachable`]: nothing was asked on it.
    pub(super) async fn add(self: &Arc<Self>, stream: Box<wire::Stream>, until: Instant) -> Result<Room, PoolError> {
        let opened = timeout_at(until, Connection::open(stream, self)).await;
        let silent = || Err("it chose HTTP/2, and takes no request by it".to_owned());
        let connection = opened.unwrap_or_else(|_| silent()).map_err(PoolError::Unreachable)?;
        connection.take();
        self.state().connections.push(Arc::clone(&connection));
        self.speaks(Speaks::Http2);
        Ok(Room { streams: Arc::clone(self), connection })
    }

    fn next(self: &Arc<Self>) -> Next {
        let mut state = self.state();
        state.connections.retain(|connection| connection.is_new_enough(self.bounds.age));
        if let Some(connection) = state.connections.iter().find(|connection| connection.has_room()) {
            connection.take();
            return Next::Room(Room { streams: Arc::clone(self), connection: Arc::clone(connection) });
        }
        if state.speaks == Speaks::Http1 {
            return Next::Http1;
        }
        if state.connecting || state.connections.len() >= self.bounds.connections {
            return Next::Wait;
        }
        state.connecting = true;
        Next::Connect(Connecting(Arc::clone(self)))
    }

    /// Closes a connection that has been without a request for too long, once nobody has it.
    fn let_go_if_idle(&self, connection: &Arc<Connection>) {
        let mut state = self.state();
        if connection.is_idle_for(self.bounds.idle) {
            state.connections.retain(|one| !Arc::ptr_eq(one, connection));
        }
    }

    fn speaks(&self, speaks: Speaks) {
        let before = std::mem::replace(&mut self.state().speaks, speaks);
        if before != speaks {
            let protocol = if speaks == Speaks::Http2 { "HTTP/2" } else { "HTTP/1.1" };
            tracing::info!(trino = %self.address, protocol, "Trino chose the protocol");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by who makes a connection.
struct Connecting(Arc<Streams>);

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.state().connecting = false;
        self.0.changed.notify_waiters();
    }
}

/// Room for a request on a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    streams: Arc<Streams>,
    connection: Arc<Connection>,
}

impl Room {
    /// What an error of a stream comes from, as far as is known.
    fn why(&self, error: &h2::Error) -> String {
        match self.connection.why() {
            Some(why) if error.is_io() => why.to_owned(),
            _ => told(error),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.connection.give_back();
        self.streams.changed.notify_waiters();
    }
}

/// An error in words that say who ended what.
fn told(error: &h2::Error) -> String {
    let who = if error.is_remote() { "Trino" } else { "Sluice" };
    match error.reason() {
        Some(reason) if error.is_reset() => format!("{who} reset its stream: {reason}"),
        Some(reason) if error.is_go_away() => format!("{who} ended it: {reason}"),
        _ => error.to_string(),
    }
}
