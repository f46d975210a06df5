//! HTTP/1.1 on connections of clients, and HTTP/1.0 for those who speak it.
//!
//! In: a connection. Out: one request after another to [`Proxy::answer`], and what it answers. All of a connection is one
//! task's work: while a request is answered it is also looked at whether its client is still there, and it is let go of
//! where that is not so. Only what one read or one frame gave is kept, and the last head, lest it be read again (`again`).

mod again;
mod asked;
mod given;
mod head;
pub(super) mod probe;
#[cfg(test)]
mod tests;

use self::again::Heads;
use self::asked::{Feed, Progress};
use self::given::{Connected, Date, End};
use self::head::{Head, Unreadable};
use super::answer::{self, Answer};
use super::patience::{Answering, Patient, Times};
use super::placed::placed;
use super::serve::Proxy;
use super::tls::Presented;
pub(super) use asked::Asked;
use bytes::{Buf, Bytes, BytesMut};
use http::header::CONNECTION;
use http::{Method, Response};
use http_body::Body;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroize;

/// Most that one read takes.
const ROOM: usize = 4 * 1024;
/// Data up to this size is sent in one piece with what stands before it.
const TOGETHER: usize = 16 * 1024;
/// What is left of a body that nobody takes is read up to this size, so that the connection can be used on.
const SKIPPED: usize = 64 * 1024;
/// For how long more is read of what a client sends after the last answer.
const LINGERS: Duration = Duration::from_secs(1);

impl Proxy {
    /// Serves a connection until its end, or until `close` and what is being answered.
    pub(super) async fn speak(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: SocketAddr,
        presented: Option<Presented>,
        close: CancellationToken,
    ) {
        let limits = Arc::clone(&self.live().limits);
        let times = Times {
            idle: limits.idle_timeout.unsigned_abs(),
            head: limits.header_timeout.unsigned_abs(),
            send: limits.send_timeout.unsigned_abs(),
        };
        let client = Client { proxy: self, peer: peer.ip().to_canonical(), presented };
        let served = Connection::new(stream, times, limits.header_bytes).serve(&close, &client).await;
        if let Err(error) = served {
            tracing::debug!(%error, %peer, "a connection ended");
        }
    }
}

/// An answer that is on its way.
type OnItsWay<'a> = Pin<Box<dyn Future<Output = Response<Answer>> + Send + 'a>>;

/// Who answers what is asked on a connection.
trait Answers: Sync {
    fn answer<'a>(&'a self, head: &'a Head, body: Asked) -> OnItsWay<'a>;
}

/// The client of a connection, for whom the proxy answers.
struct Client {
    proxy: Arc<Proxy>,
    peer: IpAddr,
    presented: Option<Presented>,
}

impl Answers for Client {
    fn answer<'a>(&'a self, head: &'a Head, body: Asked) -> OnItsWay<'a> {
        let Client { proxy, peer, presented } = self;
        Box::into_pin(placed(|| proxy.answer(peer, presented.as_ref(), head.request(), body)))
    }
}

/// Why a connection ends before a client or Sluice wants it to.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the client went away")]
    Gone,
    #[error("the request can't be read: {0}")]
    Unreadable(&'static str),
    #[error("the answer was cut off")]
    CutOff,
}

/// A connection.
struct Connection<S> {
    stream: Patient<S>,
    answering: Answering,
    /// What came and was not taken yet.
    read: BytesMut,
    heads: Heads,
    /// Most bytes of a head.
    most: usize,
    /// What is sent next: this, then what is too large to be copied into it, then what comes behind that.
    out: BytesMut,
    large: Bytes,
    behind: BytesMut,
    date: Date,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(stream: S, times: Times, most: usize) -> Connection<S> {
        let answering = Answering::new();
        Connection {
            stream: Patient::new(stream, times, answering.clone()),
            answering,
            read: BytesMut::new(),
            heads: Heads::default(),
            most,
            out: BytesMut::new(),
            large: Bytes::new(),
            behind: BytesMut::new(),
            date: Date::default(),
        }
    }

    /// Answers one request after another.
    async fn serve(mut self, close: &CancellationToken, client: &impl Answers) -> Result<(), Broken> {
        let mut closing = pin!(close.cancelled());
        let mut unread = false;
        while let Some(head) = self.next(closing.as_mut()).await? {
            let Head { length, current, kept, waits, .. } = head;
            let method = head.method.clone();
            let (body, mut feed) = asked::body(length);
            let one = self.answering.one();
            // A connection that is idle must not hold the room that an answer takes on its way.
            let response = self.answered(client.answer(&head, body), &mut feed, waits).await?;
            self.heads.give_back(head);
            let says_close = response.headers().get(CONNECTION).is_some_and(|value| value == "close");
            // Who waited for word in vain may send the body or not, so nobody knows what comes next.
            let doubtful = waits && !feed.is_wanted();
            let closes = says_close || !kept || doubtful || close.is_cancelled();
            let closes = closes | self.give(response, &method, Connected { current, closes }).await?;
            drop(one);
            if closes || !self.skip(&mut feed).await? {
                unread = !feed.is_whole();
                break;
            }
            self.stream.waits_anew();
            self.rest();
        }
        self.stream.shutdown().await?;
        if unread {
            self.linger().await;
        }
        Ok(())
    }

    /// The head of the next request; `None` at the end of the connection.
    async fn next(&mut self, mut closing: Pin<&mut impl Future<Output = ()>>) -> Result<Option<Head>, Broken> {
        loop {
            if !self.read.is_empty() {
                match self.heads.take(&mut self.read, self.most) {
                    Ok(Some(head)) => return Ok(Some(head)),
                    Ok(None) => {}
                    Err(unreadable) => return Err(self.refuse(unreadable).await?),
                }
            }
            let idle = self.read.is_empty();
            let reading = |context: &mut Context<'_>| match self.poll_read(context) {
                Poll::Pending if idle => closing.as_mut().poll(context).map(|()| Ok(0)),
                came => came,
            };
            if poll_fn(reading).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Says why nothing more is read.
    async fn refuse(&mut self, unreadable: Unreadable) -> Result<Broken, Broken> {
        let response = answer::text(unreadable.status, unreadable.reason);
        self.give(response, &Method::GET, Connected { current: true, closes: true }).await?;
        self.stream.shutdown().await?;
        self.linger().await;
        Ok(Broken::Unreadable(unreadable.reason))
    }

    /// Waits for the answer, and hands on the request's body meanwhile.
    async fn answered(
        &mut self,
        mut answering: OnItsWay<'_>,
        feed: &mut Feed,
        mut waits: bool,
    ) -> Result<Response<Answer>, Broken> {
        poll_fn(|context| {
            loop {
                if let Poll::Ready(response) = answering.as_mut().poll(context) {
                    return Poll::Ready(Ok(response));
                }
                if waits && feed.is_wanted() {
                    waits = false;
                    self.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                ready!(self.poll_send(context))?;
                ready!(self.poll_fed(context, feed))?;
            }
        })
        .await
    }

    /// Ready when there is something new of the body.
    fn poll_fed(&mut self, context: &mut Context<'_>, feed: &mut Feed) -> Poll<Result<(), Broken>> {
        loop {
            match feed.feed(&mut self.read) {
                Ok(Progress::Fed) | Err(_) => return Poll::Ready(Ok(())),
                Ok(Progress::Full) => return Poll::Pending,
                Ok(Progress::Whole) => return self.poll_gone(context).map(Err),
                Ok(Progress::Short) => {
                    if ready!(self.poll_read(context))? == 0 {
                        feed.break_off();
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }

    /// Ready when the client has gone away.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Broken> {
        while self.read.len() < self.most {
            match ready!(self.poll_read(context)) {
                Ok(0) => return Poll::Ready(Broken::Gone),
                Ok(_) => {}
                Err(error) => return Poll::Ready(error.into()),
            }
        }
        Poll::Pending
    }

    /// Sends an answer. Whether the connection has to end after it.
    async fn give(
        &mut self,
        response: Response<Answer>,
        method: &Method,
        connected: Connected,
    ) -> Result<bool, Broken> {
        let (parts, body) = response.into_parts();
        let mut body = pin!(body);
        let end = End::of(method, parts.status, body.size_hint().exact(), connected.current);
        let connected = Connected { closes: connected.closes || end == End::Closed, ..connected };
        self.out.reserve(512 + body.size_hint().lower().min(TOGETHER as u64) as usize);
        let more = answer::of_body(&body);
        given::write(&mut self.out, (&parts, more), end, connected, &mut self.date);
        if !matches!(end, End::NoBody(_)) {
            // The end of a chunk is written with the next one: by itself it would be a packet of two bytes.
            let mut ended = "";
            while let Some(data) = poll_fn(|context| self.poll_data(context, body.as_mut())).await? {
                if end == End::Chunked && !data.is_empty() {
                    let begins = format!("{ended}{:x}\r\n", data.len());
                    self.last().extend_from_slice(begins.as_bytes());
                    ended = "\r\n";
                }
                self.put(data).await?;
                // The body does what is left to do at its end when it is dropped, once all is sent.
                if body.is_end_stream() {
                    break;
                }
                // What is there already goes along with it.
                if !self.large.is_empty() && body.size_hint().lower() == 0 {
                    poll_fn(|context| self.poll_send(context)).await?;
                }
            }
            if end == End::Chunked {
                self.last().extend_from_slice(format!("{ended}0\r\n\r\n").as_bytes());
            }
        }
        self.flush().await?;
        Ok(connected.closes)
    }

    /// The next data of an answer. What waits to be sent is sent before it is waited for.
    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
        mut body: Pin<&mut Answer>,
    ) -> Poll<Result<Option<Bytes>, Broken>> {
        loop {
            match body.as_mut().poll_frame(context) {
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(Broken::CutOff)),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Poll::Pending => {
                    ready!(self.poll_send(context))?;
                    ready!(self.poll_flush(context))?;
                    return self.poll_gone(context).map(Err);
                }
            }
        }
    }

    /// Puts data behind what waits to be sent, and sends what waits where it is much.
    async fn put(&mut self, data: Bytes) -> Result<(), Broken> {
        let much = if data.len() <= TOGETHER {
            self.last().extend_from_slice(&data);
            self.last().len() > TOGETHER
        } else {
            !self.large.is_empty()
        };
        if much {
            poll_fn(|context| self.poll_send(context)).await?;
        }
        if data.len() > TOGETHER {
            self.large = data;
        }
        Ok(())
    }

    /// Where the last of what waits to be sent stands.
    fn last(&mut self) -> &mut BytesMut {
        if self.large.is_empty() { &mut self.out } else { &mut self.behind }
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        poll_fn(|context| self.poll_send(context)).await?;
        Ok(poll_fn(|context| self.poll_flush(context)).await?)
    }

    /// Sends what waits, until nothing is left of it.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let (out, large, behind) = (&mut self.out, &mut self.large, &mut self.behind);
            let stream = Pin::new(&mut self.stream);
            let mut sent = match (out.is_empty(), large.is_empty(), behind.is_empty()) {
                (true, true, true) => return Poll::Ready(Ok(())),
                (false, true, true) => ready!(stream.poll_write(context, out))?,
                _ => {
                    let parts = [IoSlice::new(out), IoSlice::new(large), IoSlice::new(behind)];
                    ready!(stream.poll_write_vectored(context, &parts))?
                }
            };
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            for part in [out as &mut dyn Buf, large, behind] {
                let of_it = sent.min(part.remaining());
                part.advance(of_it);
                sent -= of_it;
            }
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Reads what there is. It is read beside and then kept, so that a connection on which nothing comes holds no room for it.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [MaybeUninit::uninit(); ROOM];
        let mut came = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut came))?;
        let came = came.filled_mut();
        self.read.extend_from_slice(came);
        // It may hold what a client proves with who it is.
        came.zeroize();
        Poll::Ready(Ok(came.len()))
    }

    /// Reads over what is left of a request's body. Whether the next request can be read.
    async fn skip(&mut self, feed: &mut Feed) -> Result<bool, Broken> {
        let mut skipped = 0;
        loop {
            match feed.skip(&mut self.read) {
                Ok(true) => return Ok(true),
                Err(_) => return Ok(false),
                Ok(false) => {}
            }
            let came = poll_fn(|context| self.poll_read(context)).await?;
            skipped += came;
            if came == 0 || skipped > SKIPPED {
                return Ok(false);
            }
        }
    }

    /// Reads on for a while after the last answer: a connection that is closed while its client still sends takes the answer
    /// along (RFC 9112, section 9.6).
    async fn linger(&mut self) {
        let reading = async {
            while poll_fn(|context| self.poll_read(context)).await.is_ok_and(|came| came > 0) {
                self.read.clear();
            }
        };
        // A client that goes on for longer is not waited for.
        let _ = tokio::time::timeout(LINGERS, reading).await;
    }

    /// Gives back what a request and its answer took.
    fn rest(&mut self) {
        if self.read.is_empty() {
            self.read = BytesMut::new();
        }
        self.out = BytesMut::new();
        self.behind = BytesMut::new();
    }
}
