//! The stream of a segment from where it is to the client.
//!
//! It asks for more only when the client has taken what was there, and keeps nothing.

use crate::proxy::connect::Received;
use crate::proxy::results::body::PageError;
use crate::proxy::results::steady::Steady;
use crate::proxy::started::Statement;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio_util::sync::WaitForCancellationFutureOwned;

/// The stream.
pub(crate) struct SegmentBody {
    incoming: Steady,
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
        SegmentBody { incoming: Steady::new(incoming, stall), statement }
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
        let next = ready!(this.incoming.poll_next(context));
        match (&next, &this.statement) {
            (Some(Ok(data)), Some((statement, _))) => statement.count(0, data.len() as u64),
            (Some(Err(error)), _) => tracing::warn!(%error, "a segment was cut off"),
            _ => {}
        }
        Poll::Ready(next.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_ended()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
