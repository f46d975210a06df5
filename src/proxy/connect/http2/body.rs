//! The body of an answer on a stream of HTTP/2, read as its reader reads on.

use super::Room;
use crate::proxy::connect::ReceiveError;
use bytes::Bytes;
use h2::RecvStream;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue};
use http_body::SizeHint;
use std::task::{Context, Poll, ready};

/// The body. A stream that is given up before its end is taken back, and Trino told so.
#[derive(Debug)]
pub(in crate::proxy::connect) struct StreamBody {
    /// Gone at the end. The stream before its room, so that it is taken back first.
    open: Option<(RecvStream, Room)>,
    /// Bytes that are to come, where the answer says so.
    left: Option<u64>,
}

impl StreamBody {
    /// Of an answer with these headers. h2 holds Trino to the length that they say.
    pub(super) fn new(stream: RecvStream, headers: &HeaderMap, room: Room) -> StreamBody {
        let length = headers.get(CONTENT_LENGTH).and_then(|length: &HeaderValue| length.to_str().ok()?.parse().ok());
        let ended = stream.is_end_stream();
        StreamBody { open: (!ended).then_some((stream, room)), left: length }
    }

    /// One without a byte.
    pub(super) fn none() -> StreamBody {
        StreamBody { open: None, left: None }
    }

    /// What comes next, or `None` at the end. Trino may send as much more as was taken.
    pub(in crate::proxy::connect) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, ReceiveError>> {
        while let Some((stream, room)) = &mut self.open {
            let Some(data) = ready!(stream.poll_data(context)) else {
                self.open = None;
                break;
            };
            let data = data.map_err(|error| ReceiveError::Stream(room.why(&error)))?;
            // It fails for a stream that is over, whose window nobody needs.
            let _ = stream.flow_control().release_capacity(data.len());
            self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
            if stream.is_end_stream() {
                self.open = None;
            }
            if !data.is_empty() {
                return Poll::Ready(Ok(Some(data)));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Gives up what is left of it.
    pub(in crate::proxy::connect) fn give_up(&mut self) {
        self.open = None;
    }

    /// Whether nothing more comes.
    pub(in crate::proxy::connect) fn is_ended(&self) -> bool {
        self.open.is_none()
    }

    /// How much comes.
    pub(in crate::proxy::connect) fn size_hint(&self) -> SizeHint {
        match (&self.open, self.left) {
            (None, _) => SizeHint::with_exact(0),
            (Some(_), Some(left)) => SizeHint::with_exact(left),
            (Some(_), None) => SizeHint::default(),
        }
    }
}
