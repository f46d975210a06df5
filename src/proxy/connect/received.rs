//! The body of an answer, read from its connection as its reader reads on.

use super::head::Length;
use super::http2::StreamBody;
use super::pool::Idle;
use super::wire::Connection;
use crate::proxy::framing::{Chunks, WrongChunk};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Why a body ends too early.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The connection broke.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// It was closed before the body's end.
    #[error("it was closed before the end of the answer")]
    Closed,
    /// The body is no HTTP.
    #[error("{0}")]
    Unreadable(&'static str),
    /// Its stream of HTTP/2 was ended before.
    #[error("{0}")]
    Stream(String),
}

impl From<WrongChunk> for ReceiveError {
    fn from(wrong: WrongChunk) -> ReceiveError {
        ReceiveError::Unreadable(wrong.0)
    }
}

/// The body.
#[derive(Debug)]
pub struct Received(By);

#[derive(Debug)]
enum By {
    Http1(Alone),
    Http2(StreamBody),
}

/// One that has its connection to itself. The connection is used again if it was read to its end, and closed otherwise.
#[derive(Debug)]
struct Alone {
    /// Gone at the end.
    connection: Option<Box<Connection>>,
    left: Left,
    /// Whether the connection can take another request.
    kept: bool,
    idle: Arc<Idle>,
}

/// What is left of it.
#[derive(Debug)]
enum Left {
    Bytes(u64),
    Chunks(Chunks),
    UntilClose,
}

impl Received {
    pub(super) fn new(connection: Box<Connection>, length: Length, kept: bool, idle: Arc<Idle>) -> Received {
        let left = match length {
            Length::Known(bytes) => Left::Bytes(bytes),
            Length::Chunked => Left::Chunks(Chunks::Size { first: true }),
            Length::UntilClose => Left::UntilClose,
        };
        let mut alone = Alone { connection: Some(connection), left, kept, idle };
        if matches!(alone.left, Left::Bytes(0)) {
            alone.end();
        }
        Received(By::Http1(alone))
    }

    pub(super) fn of_stream(body: StreamBody) -> Received {
        Received(By::Http2(body))
    }
}

impl Alone {
    /// What comes next, or `None` at the end.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ReceiveError>> {
        loop {
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(Ok(None));
            };
            let whole = if let Left::Bytes(left) = self.left { Some(left) } else { None };
            let data = match &mut self.left {
                Left::Bytes(left) => Some(left),
                Left::UntilClose => None,
                Left::Chunks(chunks) => match (chunks.advance(&mut connection.read)?, chunks) {
                    (true, Chunks::Data { left }) => Some(left),
                    (true, _) => {
                        self.end();
                        continue;
                    }
                    (false, _) => match ready!(connection.poll_fill(context, None))? {
                        0 => return Poll::Ready(Err(ReceiveError::Closed)),
                        _ => continue,
                    },
                },
            };
            if connection.read.is_empty() {
                match (ready!(connection.poll_fill(context, whole))?, data) {
                    (0, None) => self.end(),
                    (0, Some(_)) => return Poll::Ready(Err(ReceiveError::Closed)),
                    _ => {}
                }
                continue;
            }
            let there = connection.read.len();
            let taken = data.as_deref().map_or(there, |left| usize::try_from(*left).unwrap_or(usize::MAX).min(there));
            let bytes = connection.read.split_to(taken).freeze();
            if let Some(left) = data {
                *left = left.saturating_sub(taken as u64);
            }
            self.look_for_end()?;
            return Poll::Ready(Ok(Some(bytes)));
        }
    }

    /// Takes note of an end that has come with what was read, so that nobody waits to hear of it.
    fn look_for_end(&mut self) -> Result<(), ReceiveError> {
        let (Some(connection), left) = (&mut self.connection, &mut self.left) else {
            return Ok(());
        };
        let ended = match left {
            Left::Bytes(left) => *left == 0,
            Left::Chunks(chunks) => chunks.advance(&mut connection.read)? && *chunks == Chunks::Ended,
            Left::UntilClose => false,
        };
        if ended {
            self.end();
        }
        Ok(())
    }

    /// Gives the connection back, unless something came that nobody asked for.
    fn end(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.kept
            && connection.read.is_empty()
        {
            self.idle.keep(connection);
        }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = ReceiveError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReceiveError>>> {
        let next = match &mut self.0 {
            By::Http1(alone) => ready!(alone.poll_next(context)).inspect_err(|_| alone.connection = None),
            By::Http2(stream) => ready!(stream.poll_next(context)).inspect_err(|_| stream.give_up()),
        };
        Poll::Ready(next.transpose().map(|next| next.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            By::Http1(alone) => alone.connection.is_none(),
            By::Http2(stream) => stream.is_ended(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            By::Http1(Alone { connection: None, .. }) => SizeHint::with_exact(0),
            By::Http1(Alone { left: Left::Bytes(left), .. }) => SizeHint::with_exact(*left),
            By::Http1(_) => SizeHint::default(),
            By::Http2(stream) => stream.size_hint(),
        }
    }
}
