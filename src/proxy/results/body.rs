//! The stream of a page from Trino to the client.
//!
//! It asks Trino for more only when the client has taken what was there, and it keeps no more than what one read gave.
//! When it is dropped before the page was given whole, the client has gone away.

use super::packer::{Packer, SMALL};
use super::page::{Page, Summary};
use super::scanner::Malformed;
use super::steady::Steady;
use crate::proxy::connect::{ReceiveError, Received};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Why a page ends too early. The client's connection is closed, so that it can't take the page for whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Trino's connection broke.
    #[error("the connection to Trino broke within a page: {0}")]
    Broken(#[from] ReceiveError),
    /// Trino wrote something else.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Trino stopped writing.
    #[error("Trino stopped within a page for {} s", .0.as_secs())]
    Stalled(Duration),
    /// It could not be packed.
    #[error("a page could not be packed: {0}")]
    Packing(std::io::Error),
    /// New policies ended the query.
    #[error("new policies ended the query within a page")]
    Revoked,
}

/// How a page ended.
pub(crate) enum Passed {
    /// As a whole.
    Whole(Summary),
    /// Trino, or what it wrote, cut it off.
    CutOff,
    /// The client went away.
    ClientGone,
}

/// Told once how the page ended, with the bytes that were given.
pub(crate) type OnPassed = Box<dyn FnOnce(Passed, u64) + Send>;

/// The stream.
pub(crate) struct PageBody {
    incoming: Steady,
    page: Box<Page>,
    /// Until the page has come to its end.
    packer: Option<Packer>,
    packed: bool,
    ready: VecDeque<Bytes>,
    /// Bytes of the page, before they are packed.
    bytes: u64,
    ended: bool,
    summary: Option<Summary>,
    revoked: CancellationToken,
    /// Made when something has to be waited for.
    revoking: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    on_passed: Option<OnPassed>,
}

impl PageBody {
    /// A page of which nothing has been read, to be packed by `packer`. `stall` bounds how long Trino may write nothing; from
    /// `revoked` on nothing more is given.
    pub(crate) fn new(
        incoming: Received,
        page: Box<Page>,
        packer: Option<Packer>,
        stall: Duration,
        revoked: CancellationToken,
        on_passed: OnPassed,
    ) -> PageBody {
        PageBody {
            incoming: Steady::new(incoming, stall),
            page,
            packer,
            packed: false,
            ready: VecDeque::new(),
            bytes: 0,
            ended: false,
            summary: None,
            revoking: None,
            revoked,
            on_passed: Some(on_passed),
        }
    }

    /// Reads until there is something for the client, so that a page that is wrong from its start can still be answered
    /// by an error.
    pub(crate) async fn begin(&mut self) -> Result<(), PageError> {
        poll_fn(|context| self.fill(context)).await
    }

    /// Whether it is packed, which is known once something is ready.
    pub(crate) fn is_packed(&self) -> bool {
        self.packed
    }

    /// Ready when there are bytes, or when the page has ended.
    fn fill(&mut self, context: &mut Context<'_>) -> Poll<Result<(), PageError>> {
        if !self.ended && self.revoked.is_cancelled() {
            return Poll::Ready(Err(self.revoke()));
        }
        while self.ready.is_empty() && !self.ended {
            let Poll::Ready(result) = self.read(context) else {
                let revoked = &self.revoked;
                let revoking = self.revoking.get_or_insert_with(|| Box::pin(revoked.clone().cancelled_owned()));
                return revoking.as_mut().poll(context).map(|()| Err(self.revoke()));
            };
            if result.is_err() {
                self.ended = true;
                self.tell(Passed::CutOff);
                return Poll::Ready(result);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn revoke(&mut self) -> PageError {
        self.ended = true;
        self.ready.clear();
        self.tell(Passed::CutOff);
        PageError::Revoked
    }

    fn read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), PageError>> {
        Poll::Ready(match ready!(self.incoming.poll_next(context)) {
            Some(Ok(data)) => self.take(&data),
            Some(Err(error)) => Err(error),
            None => self.finish(),
        })
    }

    fn take(&mut self, data: &Bytes) -> Result<(), PageError> {
        self.page.push(data, &mut self.ready)?;
        // Where Trino says how long a page is, its end is known with its last byte, and the page is sent as one.
        let ends = self.incoming.is_ended();
        if !self.packed && ends && self.waiting() < SMALL {
            self.packer = None;
        }
        self.pack().map_err(PageError::Packing)?;
        if ends { self.finish() } else { Ok(()) }
    }

    /// Packs what is ready.
    fn pack(&mut self) -> std::io::Result<()> {
        let Some(packer) = &mut self.packer else {
            return Ok(());
        };
        self.packed = true;
        for bytes in std::mem::take(&mut self.ready) {
            self.bytes += bytes.len() as u64;
            self.ready.extend(packer.pack(&bytes)?);
        }
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.ready.iter().map(Bytes::len).sum()
    }

    fn finish(&mut self) -> Result<(), PageError> {
        self.summary = Some(self.page.finish()?);
        if let Some(packer) = self.packer.take() {
            self.ready.push_back(packer.finish().map_err(PageError::Packing)?);
        }
        self.ended = true;
        self.given();
        Ok(())
    }

    /// Tells of the page once all of it was given.
    fn given(&mut self) {
        if self.ready.is_empty()
            && let Some(summary) = self.summary.take()
        {
            self.tell(Passed::Whole(summary));
        }
    }

    /// Whether it is the last page. What follows from the end of a query has to come before its client knows of it, since the client's
    /// next statement may read what this one has defined. Of other pages there is time to tell once the client has them.
    fn ends_query(&self) -> bool {
        self.summary.as_ref().is_some_and(|summary| summary.next.is_none())
    }

    fn tell(&mut self, passed: Passed) {
        if let Some(on_passed) = self.on_passed.take() {
            let waiting = if self.packed { 0 } else { self.waiting() };
            on_passed(passed, self.bytes + waiting as u64);
        }
    }
}

impl Body for PageBody {
    type Data = Bytes;
    type Error = PageError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PageError>>> {
        if let Err(error) = ready!(self.fill(context)) {
            tracing::warn!(%error, "a page was cut off");
            return Poll::Ready(Some(Err(error)));
        }
        let next = self.ready.pop_front();
        if !self.packed {
            self.bytes += next.as_ref().map_or(0, |bytes| bytes.len() as u64);
        }
        if next.is_none() || self.ends_query() {
            self.given();
        }
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.ready.is_empty()
    }

    /// A page that is there as a whole says how long it is, another how much of it is.
    fn size_hint(&self) -> SizeHint {
        let waiting = self.waiting() as u64;
        if self.ended {
            return SizeHint::with_exact(waiting);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(waiting);
        hint
    }
}

impl Drop for PageBody {
    /// A client may close its connection once it has the page's last byte, before the end of the body came from Trino;
    /// trino-go-client does. It has the page and goes on with the query.
    fn drop(&mut self) {
        self.given();
        let told = self.on_passed.is_none();
        let left = !self.ready.is_empty() || self.packer.is_some();
        let whole = if told || left { None } else { self.page.finish().ok() };
        self.tell(whole.map_or(Passed::ClientGone, Passed::Whole));
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::context;
    use super::*;
    use crate::config::Upstream;
    use crate::proxy::connect::{empty, http_client};
    use http::{Request, Response};
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What Trino answers.
    async fn answer(page: &'static str) -> Response<Received> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _asked = stream.read(&mut [0; 1000]).await.unwrap();
            let length = page.len();
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{page}").as_bytes())
                .await
                .unwrap();
        });
        http_client(&Upstream::at(url)).unwrap().send(Request::new(empty())).await.unwrap()
    }

    /// What is told once the last byte of a page was taken, once it is known that none follows, and when it is dropped. `asked`: whether
    /// it is asked for more than there is.
    async fn told(page: &'static str, asked: bool) -> [Vec<&'static str>; 3] {
        let heard: Arc<Mutex<Vec<&str>>> = Arc::default();
        let telling = Arc::clone(&heard);
        let on_passed = move |passed, bytes| {
            assert!(bytes > 0);
            telling.lock().unwrap().push(match passed {
                Passed::Whole(_) => "whole",
                Passed::CutOff => "cut off",
                Passed::ClientGone => "client gone",
            });
        };
        let incoming = answer(page).await.into_body();
        let page = Box::new(Page::new(context(Some("q_1"))));
        let (stall, revoked) = (Duration::from_secs(5), CancellationToken::new());
        let mut body = PageBody::new(incoming, page, None, stall, revoked, Box::new(on_passed));
        let mut next = async || poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        assert!(next().await.is_some_and(|frame| frame.is_ok()));
        let taken = heard.lock().unwrap().clone();
        if asked {
            assert!(next().await.is_none());
        }
        let ended = heard.lock().unwrap().clone();
        assert!(body.is_end_stream());
        drop(body);
        let dropped = heard.lock().unwrap().clone();
        [taken, ended, dropped]
    }

    #[tokio::test]
    async fn a_page_is_told_of_once_and_the_last_one_before_its_client_has_it() {
        const NEXT: &str = r#"{"id":"q_1","nextUri":"http://trino/v1/statement/executing/q_1/y/1","stats":{}}"#;
        const LAST: &str = r#"{"id":"q_1","stats":{"state":"FINISHED"}}"#;
        let (none, whole) = (vec![], vec!["whole"]);
        for asked in [true, false] {
            assert_eq!(told(LAST, asked).await, [whole.clone(), whole.clone(), whole.clone()]);
        }
        assert_eq!(told(NEXT, true).await, [none.clone(), whole.clone(), whole.clone()]);
        assert_eq!(told(NEXT, false).await, [none.clone(), none, whole]);
    }
}
