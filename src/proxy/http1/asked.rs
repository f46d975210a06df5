//! The body of a request, handed on by its connection as it comes.

use super::head::Length;
use crate::proxy::framing::{Chunks, WrongChunk};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Asked {
    /// There is none.
    Nothing,
    /// Over HTTP/1.1.
    Fed(Fed),
    /// Over HTTP/2.
    Streamed(Incoming),
}

/// A body that its connection feeds.
#[derive(Debug)]
pub(crate) struct Fed {
    parts: mpsc::Receiver<Part>,
    /// Whether anybody asked for it.
    wanted: Arc<AtomicBool>,
    hint: SizeHint,
    ended: bool,
}

#[derive(Debug)]
enum Part {
    Data(Bytes),
    End,
}

/// What feeds it.
#[derive(Debug)]
pub(super) struct Feed {
    /// Gone when nobody takes any more.
    parts: Option<mpsc::Sender<Part>>,
    /// Whether anybody asked for it, if there is one.
    wanted: Option<Arc<AtomicBool>>,
    left: Left,
}

/// What is left of a body on the connection.
#[derive(Debug)]
pub(super) enum Left {
    Bytes(u64),
    Chunks(Chunks),
}

/// What became of feeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// A part was handed on.
    Fed,
    /// What was read is not enough.
    Short,
    /// The last part waits to be taken.
    Full,
    /// The body has been handed on as a whole.
    Whole,
}

/// Why a body ends too early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskedError {
    /// The connection broke, or what came on it is no body.
    #[error("the request's body broke off")]
    BrokenOff,
    /// The same over HTTP/2.
    #[error(transparent)]
    Streamed(#[from] hyper::Error),
}

/// A body of this length, and what feeds it.
pub(super) fn body(length: Length) -> (Asked, Feed) {
    let (left, hint) = match length {
        Length::Known(bytes) => (Left::Bytes(bytes), SizeHint::with_exact(bytes)),
        Length::Chunked => (Left::Chunks(Chunks::Size { first: true }), SizeHint::default()),
    };
    if matches!(left, Left::Bytes(0)) {
        return (Asked::Nothing, Feed { parts: None, wanted: None, left });
    }
    let wanted = Arc::new(AtomicBool::new(false));
    let (sender, parts) = mpsc::channel(1);
    let fed = Fed { parts, wanted: Arc::clone(&wanted), hint, ended: false };
    (Asked::Fed(fed), Feed { parts: Some(sender), wanted: Some(wanted), left })
}

impl Feed {
    /// Whether anybody asked for the body.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.load(Ordering::Relaxed))
    }

    /// Whether nothing of the body is left on the connection.
    pub(super) fn is_whole(&self) -> bool {
        self.left.is_none()
    }

    /// Hands on what was read.
    ///
    /// # Errors
    /// [`WrongChunk`], after which the body has broken off.
    pub(super) fn feed(&mut self, read: &mut BytesMut) -> Result<Progress, WrongChunk> {
        let Some(parts) = self.parts.as_ref().filter(|_| !self.is_whole()) else {
            return Ok(Progress::Whole);
        };
        let Ok(place) = parts.try_reserve() else {
            return Ok(if parts.is_closed() { Progress::Whole } else { Progress::Full });
        };
        match self.left.take(read) {
            Ok(Some(data)) if data.is_empty() => place.send(Part::End),
            Ok(Some(data)) => {
                let known = matches!(self.left, Left::Bytes(0));
                place.send(Part::Data(data));
                // The reader knows by the length that this is all.
                if known {
                    self.parts = None;
                }
            }
            Ok(None) => return Ok(Progress::Short),
            Err(wrong) => {
                drop(place);
                self.break_off();
                return Err(wrong);
            }
        }
        Ok(Progress::Fed)
    }

    /// Throws away what was read of a body that nobody takes. Whether all of it is gone.
    pub(super) fn skip(&mut self, read: &mut BytesMut) -> Result<bool, WrongChunk> {
        self.parts = None;
        while !self.is_whole() {
            if self.left.take(read)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Nothing more of it comes.
    pub(super) fn break_off(&mut self) {
        self.parts = None;
    }
}

impl Left {
    /// Whether it is nothing.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Left::Bytes(0) | Left::Chunks(Chunks::Ended))
    }

    /// The next data, empty at the end of chunks; `None` if more has to be read first.
    pub(super) fn take(&mut self, read: &mut BytesMut) -> Result<Option<Bytes>, WrongChunk> {
        let left = match self {
            Left::Bytes(left) => left,
            Left::Chunks(chunks) => match (chunks.advance(read)?, chunks) {
                (false, _) => return Ok(None),
                (true, Chunks::Data { left }) => left,
                (true, _) => return Ok(Some(Bytes::new())),
            },
        };
        if read.is_empty() {
            return Ok(None);
        }
        let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(read.len());
        *left = left.saturating_sub(taken as u64);
        Ok(Some(read.split_to(taken).freeze()))
    }
}

impl Body for Asked {
    type Data = Bytes;
    type Error = AskedError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AskedError>>> {
        match self.get_mut() {
            Asked::Nothing => Poll::Ready(None),
            Asked::Fed(fed) => fed.poll_part(context),
            Asked::Streamed(body) => {
                Pin::new(body).poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(AskedError::Streamed)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Asked::Nothing => true,
            Asked::Fed(fed) => fed.ended,
            Asked::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Asked::Nothing => SizeHint::with_exact(0),
            Asked::Fed(fed) => fed.hint,
            Asked::Streamed(body) => body.size_hint(),
        }
    }
}

impl Fed {
    fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AskedError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.wanted.store(true, Ordering::Relaxed);
        Poll::Ready(match ready!(self.parts.poll_recv(context)) {
            Some(Part::Data(data)) => {
                if let Some(left) = self.hint.exact() {
                    let left = left.saturating_sub(data.len() as u64);
                    self.hint = SizeHint::with_exact(left);
                    self.ended = left == 0;
                }
                Some(Ok(Frame::data(data)))
            }
            Some(Part::End) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(AskedError::BrokenOff))
            }
        })
    }
}
