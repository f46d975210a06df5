//! What comes from Trino, as long as it goes on coming.

use super::body::PageError;
use crate::proxy::connect::Received;
use bytes::Bytes;
use http_body::{Body, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// The body of an answer whose bytes are not waited for forever.
#[derive(Debug)]
pub(crate) struct Steady {
    received: Received,
    stall: Duration,
    /// Runs while nothing comes.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Steady {
    /// `stall` bounds how long nothing may come.
    pub(crate) fn new(received: Received, stall: Duration) -> Steady {
        Steady { received, stall, timer: None }
    }

    /// What comes next, or `None` at the end.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PageError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.received).poll_frame(context) else {
            let stall = self.stall;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(stall)));
            return timer.as_mut().poll(context).map(|()| Some(Err(PageError::Stalled(stall))));
        };
        self.timer = None;
        let data = frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default()));
        Poll::Ready(data.map(|data| data.map_err(PageError::from)))
    }

    /// Whether nothing more comes.
    pub(crate) fn is_ended(&self) -> bool {
        self.received.is_end_stream()
    }

    /// How much comes.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.received.size_hint()
    }
}
