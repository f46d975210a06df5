//! How long Sluice waits for a client on a connection.
//!
//! [`Patient`] stands between the connection and HTTP: it ends a connection that has been idle for too long, one whose
//! request's head comes too slowly, and one that takes nothing of an answer. While a request is being answered the
//! client need not say anything.

use super::{awake, threads};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// The three times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Without a request.
    pub(super) idle: Duration,
    /// For a request's head, from its first byte.
    pub(super) head: Duration,
    /// Without taking anything of an answer.
    pub(super) send: Duration,
}

/// How many requests of a connection are being answered, HTTP/1.1 has one at a time, and when the last answer was given.
#[derive(Clone, Debug)]
pub(super) struct Answering(Arc<Busy>);

#[derive(Debug)]
struct Busy {
    requests: AtomicUsize,
    begun: Instant,
    /// Milliseconds after `begun`; 0 before the first answer.
    given: AtomicU64,
}

/// Counts a request until its answer has been given.
#[derive(Debug)]
pub(super) struct AnsweringOne(Arc<Busy>);

impl Answering {
    pub(super) fn new() -> Answering {
        Answering(Arc::new(Busy { requests: AtomicUsize::new(0), begun: Instant::now(), given: AtomicU64::new(0) }))
    }

    pub(super) fn one(&self) -> AnsweringOne {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        AnsweringOne(Arc::clone(&self.0))
    }

    fn any(&self) -> bool {
        self.0.requests.load(Ordering::Relaxed) > 0
    }

    /// When the connection began to wait for a request.
    fn idle_since(&self) -> Instant {
        self.0.begun + Duration::from_millis(self.0.given.load(Ordering::Relaxed))
    }
}

impl Drop for AnsweringOne {
    fn drop(&mut self) {
        let since = Instant::from_std(threads::about_now()).saturating_duration_since(self.0.begun);
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.0.given.store(millis, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that is not waited for forever.
#[derive(Debug)]
pub(super) struct Patient<C> {
    connection: C,
    times: Times,
    answering: Answering,
    /// Whether a part of a request's head has come, and since when the rest of it is waited for.
    head_begun: bool,
    head_since: Option<Instant>,
    /// When a write began to wait.
    send_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    send_timer: Pin<Box<Sleep>>,
}

impl<C> Patient<C> {
    pub(super) fn new(connection: C, times: Times, answering: Answering) -> Patient<C> {
        let far = Instant::now() + times.idle;
        Patient {
            connection,
            times,
            answering,
            head_begun: false,
            head_since: None,
            send_since: None,
            timer: Box::pin(sleep_until(far)),
            send_timer: Box::pin(sleep_until(far)),
        }
    }

    /// What has come is of no request that is waited for.
    pub(super) fn waits_anew(&mut self) {
        (self.head_begun, self.head_since) = (false, None);
    }

    /// Whether a client that sends nothing has been waited for long enough.
    fn out_of_patience(&mut self, context: &mut Context<'_>) -> bool {
        if self.answering.any() {
            self.waits_anew();
            // Nobody reads on when the answer has been given, so the timer goes on meanwhile.
            while self.timer.as_mut().poll(context).is_ready() {
                self.timer.as_mut().reset(Instant::now() + self.times.idle);
            }
            return false;
        }
        // Most heads come as a whole, and no time is taken for those.
        let deadline = if self.head_begun {
            *self.head_since.get_or_insert_with(Instant::now) + self.times.head
        } else {
            self.answering.idle_since() + self.times.idle
        };
        // A timer that ends before the deadline is set anew when it does, not for each request.
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            self.timer.as_mut().reset(deadline);
        }
        false
    }

    fn sent<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.send_since = None;
            return result;
        }
        if self.send_since.is_none() {
            let now = Instant::now();
            self.send_since = Some(now);
            self.send_timer.as_mut().reset(now + self.times.send);
        }
        self.send_timer.as_mut().poll(context).map(|()| Err(late("the client takes nothing of the answer")))
    }
}

fn late(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl<C: AsyncRead + Unpin> AsyncRead for Patient<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.connection).poll_read(context, buffer) {
            Poll::Ready(result) => {
                awake::found();
                self.head_begun |= buffer.filled().len() > before && !self.answering.any();
                Poll::Ready(result)
            }
            Poll::Pending if self.out_of_patience(context) => Poll::Ready(Err(late("the client sends no request"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Patient<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.sent(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.connection).poll_write_vectored(context, parts);
        self.sent(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.connection).poll_flush(context);
        self.sent(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.connection).poll_shutdown(context);
        self.sent(context, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const TIMES: Times =
        Times { idle: Duration::from_millis(600), head: Duration::from_millis(200), send: Duration::from_millis(400) };

    fn took(began: Instant, times: Duration) -> bool {
        (times..times + Duration::from_millis(190)).contains(&began.elapsed())
    }

    #[tokio::test]
    async fn an_idle_connection_ends() {
        let (_client, server) = duplex(64);
        let mut server = Patient::new(server, TIMES, Answering::new());
        let began = Instant::now();
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(took(began, TIMES.idle));
    }

    #[tokio::test]
    async fn what_a_client_sends_is_what_a_thread_waits_for() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server, TIMES, Answering::new());
        assert!(tokio::time::timeout(TIMES.head / 10, server.read_u8()).await.is_err());
        assert!(!awake::take_found());
        client.write_u8(b'x').await.unwrap();
        server.read_u8().await.unwrap();
        assert!(awake::take_found());
    }

    #[tokio::test]
    async fn a_head_that_comes_byte_by_byte_ends() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server, TIMES, Answering::new());
        let sending = tokio::spawn(async move {
            while client.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let began = Instant::now();
        while server.read_u8().await.is_ok() {}
        assert!(took(began, TIMES.head));
        drop(server);
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_waits_for_its_answer_is_left_alone() {
        let (_client, server) = duplex(64);
        let answering = Answering::new();
        let mut server = Patient::new(server, TIMES, answering.clone());
        let one = answering.one();
        assert!(tokio::time::timeout(TIMES.idle * 2, server.read_u8()).await.is_err());
        drop(one);
        assert!(server.read_u8().await.is_err());
    }

    #[tokio::test]
    async fn a_connection_is_idle_again_after_an_answer() {
        let (_client, server) = duplex(64);
        let answering = Answering::new();
        let mut server = Patient::new(server, TIMES, answering.clone());
        let one = answering.one();
        // Nobody asks for more while the answer is given, nor when it has been.
        let reading = tokio::spawn(async move { server.read_u8().await.unwrap_err().kind() });
        tokio::time::sleep(TIMES.idle / 2).await;
        let given = Instant::now();
        drop(one);
        assert_eq!(reading.await.unwrap(), io::ErrorKind::TimedOut);
        assert!(took(given, TIMES.idle));
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_ends() {
        let (_client, server) = duplex(64);
        let mut server = Patient::new(server, TIMES, Answering::new());
        let began = Instant::now();
        assert_eq!(server.write_all(&[0; 1000]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(took(began, TIMES.send));
    }
}
