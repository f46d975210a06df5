//! The stream of a segment from where it is to the client.
//!
//! It asks for more only when the client has taken what was there, and keeps nothing.

use crate::proxy::connect::Received;
use crate::proxy::results::body::PageError;
use crate::proxy::started::Statement;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;

/// The stream.
pub(crate) struct SegmentBody {
    incoming: Received,
    stall: Duration,
    /// Runs while nothing comes.
    timer: Option<Pin<Box<Sleep>>>,
    /// The statement, where it is known, and its end by new policies.
    statement: Option<(Arc<Statement>, Pin<Box<WaitForCancellationFutureOwned>>)>,
}

impl SegmentBody {
    /// `stall` bounds how long nothing may come. Nothing is given from when new policies end the statement.
    pub(super) fn new(incoming: Received, stall: Duration, statement: Option<Arc<Statement>>) -> SegmentBody {
        let statement = statement.map(|statement| {
            let revoking = Box::pin(statement.revoked.clone().cancelled_owned());
            (statement, revoking)
        });
        SegmentBody { incoming, stall, timer: None, statement }
    }
}

impl Body for SegmentBody {
    type Data = Bytes;
    type Error = PageError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PageError>>> {
        let this = &mut *self;
        if let Some((_, revoking)) = &mut this.statement
            && revoking.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Some(Err(PageError::Revoked)));
        }
        let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(context) else {
            let stall = this.stall;
            let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
            return timer.as_mut().poll(context).map(|()| Some(Err(PageError::Stalled(stall))));
        };
        this.timer = None;
        if let (Some(Ok(frame)), Some((statement, _))) = (&frame, &this.statement) {
            statement.count(0, frame.data_ref().map_or(0, |data| data.len() as u64));
        }
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| {
                let error = PageError::from(error);
                tracing::warn!(%error, "a segment was cut off");
                error
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
