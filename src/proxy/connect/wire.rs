//! One connection to Trino, which takes one request after another.
//!
//! Whoever sends a request also writes it and reads its answer: no task stands beside it, so that no page waits for one task
//! to wake another. A request or an answer that is given up takes its connection with it.

use super::head::{self, Head, Unreadable};
use super::timer::Timer;
use super::written::Written;
use crate::proxy::awake;
use bytes::BytesMut;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;
use tokio_util::io::poll_read_buf;

/// What a read makes room for at first; more where reads fill it, or where so much is known to come.
const ROOM: usize = 8 * 1024;
/// How much more, each time.
const GROWTH: usize = 4;
/// Most that one read makes room for: what is read has to be still near when it is looked at and when it is sent on. It is less
/// than a segment over loopback: reads of as much, and of 128 KB, took the kernel half as much time again.
const MOST_ROOM: usize = 62 * 1024;
/// The same of TLS, which gives a record at a time, 16 KB at most.
const MOST_ROOM_OF_TLS: usize = 32 * 1024;

/// What is spoken over.
pub(super) type Stream = TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>;

/// The connection.
pub(super) struct Connection {
    stream: Stream,
    /// What came and was not taken yet.
    pub(super) read: BytesMut,
    room: usize,
    most_room: usize,
    /// Kept for the next request.
    pub(super) timer: Option<Timer>,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// Not a byte of it was sent; over TLS not the last, so that it can't have been taken.
    #[error("{0}")]
    Unsent(io::Error),
    /// Some of it may have arrived.
    #[error("{0}")]
    Broken(io::Error),
    #[error("it was closed before an answer")]
    Closed,
    #[error("no answer began in time")]
    Late,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Connection {
    pub(super) fn new(stream: Stream) -> Connection {
        let plain = matches!(stream.inner(), MaybeHttpsStream::Http(_));
        let most_room = if plain { MOST_ROOM } else { MOST_ROOM_OF_TLS };
        Connection { stream, read: BytesMut::new(), room: ROOM, most_room, timer: None }
    }

    /// Whether it can take a request: it has not ended, and nothing came on it that nobody asked for.
    pub(super) async fn is_fresh(&mut self) -> bool {
        let mut byte = [0];
        let mut looked = ReadBuf::new(&mut byte);
        let look = |context: &mut Context<'_>| {
            Poll::Ready(Pin::new(&mut self.stream).poll_read(context, &mut looked).is_pending())
        };
        // A read that is put off for other tasks' sake would look like one that found nothing.
        unconstrained(poll_fn(look)).await && self.read.is_empty()
    }

    /// Sends a request and reads the head of its answer.
    pub(super) async fn exchange(&mut self, request: &Written) -> Result<Head, ExchangeError> {
        self.send(request).await?;
        let mut announced = 0;
        loop {
            if let Some(head) = head::take(&mut self.read, &request.method, request.keeps, &mut announced)? {
                return Ok(head);
            }
            if poll_fn(|context| self.poll_fill(context, None)).await.map_err(ExchangeError::Broken)? == 0 {
                return Err(ExchangeError::Closed);
            }
        }
    }

    async fn send(&mut self, request: &Written) -> Result<(), ExchangeError> {
        let begun = self.stream.write(&request.head).await.map_err(ExchangeError::Unsent)?;
        let rest = async {
            self.stream.write_all(request.head.get(begun..).unwrap_or_default()).await?;
            if !request.apart.is_empty() {
                self.stream.write_all(&request.apart).await?;
            }
            self.stream.flush().await
        };
        rest.await.map_err(ExchangeError::Broken)
    }

    /// Reads what there is, of an answer of which so many bytes are left if that is known. Gives how much came: none when Trino
    /// closed.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>, left: Option<u64>) -> Poll<io::Result<usize>> {
        if let Some(left) = left {
            // A read that leaves room has found all there is; one that fills it would be followed by another that finds nothing.
            let all = usize::try_from(left).unwrap_or(usize::MAX).saturating_add(1);
            self.room = all.clamp(ROOM, self.most_room);
        }
        self.read.reserve(self.room);
        let came = ready!(poll_read_buf(Pin::new(&mut self.stream), context, &mut self.read))?;
        awake::found();
        if came >= self.room {
            self.room = (self.room * GROWTH).min(self.most_room);
        }
        Poll::Ready(Ok(came))
    }

    /// Gives back the room that a large answer took.
    pub(super) fn shrink(&mut self) {
        if self.room > ROOM {
            self.room = ROOM;
            self.read = BytesMut::new();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
