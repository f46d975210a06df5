//! Connections: taken, bounded, and let go of.

use super::places::Most;
use super::serve::Proxy;
use super::threads::Threads;
use super::tls::Acceptor;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long requests that are being answered may take when all else has been let go of.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How often it is looked at whether statements run, and at what has been idle.
const LOOK: Duration = Duration::from_millis(100);
/// How often entries of statements that nobody asks for are dropped.
const TIDY: Duration = Duration::from_secs(30);
/// After an error of `accept`, such as no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

impl Proxy {
    /// Serves connections until `stop`, by this thread and the others. Then no statement is started, those that run are served until they end or
    /// `limits.drain` is over, what is left is written down as unknown, and it returns.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<Arc<Acceptor>>,
        threads: Threads,
        stop: CancellationToken,
    ) {
        let threads = Arc::new(threads);
        let close = CancellationToken::new();
        let abort = CancellationToken::new();
        let connections = TaskTracker::new();
        let taking = Arc::clone(&self).take(
            (listener, tls),
            Arc::clone(&threads),
            close.clone(),
            abort.clone(),
            connections.clone(),
        );
        let taking = tokio::spawn(taking);
        let tidying = tokio::spawn(Arc::clone(&self).tidy(close.clone()));
        stop.cancelled().await;
        self.drain();
        self.wait_for_statements().await;
        close.cancel();
        connections.close();
        if tokio::time::timeout(LAST_ANSWERS, connections.wait()).await.is_err() {
            abort.cancel();
            connections.wait().await;
        }
        self.started.end_all();
        self.tasks.close();
        if tokio::time::timeout(self.live().clusters.answer_timeout(), self.tasks.wait()).await.is_err() {
            tracing::error!("some completions were not written down in time");
        }
        for task in [taking, tidying] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the listener broke down");
            }
        }
    }

    async fn wait_for_statements(&self) {
        let drain = self.live().limits.drain.unsigned_abs();
        tracing::info!(
            running = self.started.running(),
            "no more statements are started; those that run are served on"
        );
        let ended = async {
            while self.started.running() > 0 || self.starting() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(drain, ended).await.is_err() {
            tracing::warn!(running = self.started.running(), "the time to drain is over");
        }
    }

    /// Whether a statement is on its way that came before draining began.
    fn starting(&self) -> bool {
        !self.tasks.is_empty()
    }

    async fn tidy(self: Arc<Self>, close: CancellationToken) {
        while close.run_until_cancelled(tokio::time::sleep(TIDY)).await.is_some() {
            self.started.tidy();
        }
    }

    async fn take(
        self: Arc<Self>,
        (listener, tls): (TcpListener, Option<Arc<Acceptor>>),
        threads: Arc<Threads>,
        close: CancellationToken,
        abort: CancellationToken,
        connections: TaskTracker,
    ) {
        let places = Arc::new(Semaphore::new(self.live().limits.connections));
        loop {
            let accepted = close.run_until_cancelled(async {
                if places.available_permits() == 0 {
                    self.rooms.metrics.limit_reached("connections");
                    if self.seldom.now("connections") {
                        tracing::warn!("connections wait, since there are as many as may be");
                    }
                }
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            });
            let (stream, peer, place) = match accepted.await {
                None => return,
                Some((Ok((stream, peer)), Ok(place))) => (stream, peer, place),
                Some((Err(error), _)) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Some((_, Err(_))) => return,
            };
            let most = Most { all: usize::MAX, each: self.live().limits.connections_per_peer };
            let Ok(from) = self.peers.take(peer.ip().to_canonical(), most) else {
                self.rooms.metrics.limit_reached("connections_per_peer");
                if self.seldom.now("connections_per_peer") {
                    tracing::warn!(%peer, "connections are closed, since as many come from this address as may");
                }
                continue;
            };
            let (proxy, tls, close, abort) = (Arc::clone(&self), tls.clone(), close.clone(), abort.clone());
            // Boxed, here and below: a future holds room for each that it awaits twice over, and most connections are idle.
            let connection = Box::pin(proxy.connection(stream.into_std(), peer, tls, close));
            let (on_thread, thread) = threads.place();
            let serving = async move {
                let _places = (place, from, on_thread);
                abort.run_until_cancelled(connection).await;
            };
            match thread {
                Some(thread) => connections.spawn_on(serving, thread),
                None => connections.spawn(serving),
            };
        }
    }

    async fn connection(
        self: Arc<Self>,
        stream: io::Result<net::TcpStream>,
        peer: SocketAddr,
        tls: Option<Arc<Acceptor>>,
        close: CancellationToken,
    ) {
        // It belongs to the thread that serves it from here on.
        let stream = stream.and_then(TcpStream::from_std).and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, %peer, "a connection was gone at once");
                return;
            }
        };
        let Some(tls) = tls else {
            return Box::pin(self.speak(stream, peer, None, close)).await;
        };
        let accepting = Box::pin(tls.accept(stream));
        match tokio::time::timeout(self.live().limits.header_timeout.unsigned_abs(), accepting).await {
            Ok(Ok((stream, presented))) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                Box::pin(self.speak_http2(stream, peer, presented, close)).await;
            }
            Ok(Ok((stream, presented))) => Box::pin(self.speak(stream, peer, presented, close)).await,
            Ok(Err(error)) => tracing::debug!(%error, %peer, "no TLS with a client"),
            Err(_) => tracing::debug!(%peer, "a client took too long for TLS"),
        }
    }
}
