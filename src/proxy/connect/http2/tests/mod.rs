mod answers;
mod frames;
mod leaving;
mod rooms;

use super::*;
use crate::config::Upstream;
use crate::proxy::connect::{HttpClient, Received, SendError, empty, full, within};
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server that speaks TLS and nothing else, and those who came to it.
struct Server {
    url: String,
    folder: tempfile::TempDir,
    came: UnboundedReceiver<TlsStream<TcpStream>>,
}

impl Server {
    /// One that knows these protocols, the first connection those of the first list, and so on; the last list goes on.
    async fn choosing(protocols: &[&[&str]]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
        let acceptors: Vec<TlsAcceptor> = protocols
            .iter()
            .map(|protocols| {
                let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                let mut config = rustls::ServerConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_no_client_auth()
                    .with_single_cert(vec![cert.der().clone()], key)
                    .unwrap();
                config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
                TlsAcceptor::from(Arc::new(config))
            })
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (send, came) = unbounded_channel();
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptors.get(number).or(acceptors.last()).unwrap();
                number += 1;
                if let Ok(stream) = acceptor.accept(stream).await
                    && send.send(stream).is_err()
                {
                    return;
                }
            }
        });
        Server { url, folder, came }
    }

    async fn new() -> Server {
        Server::choosing(&[&["h2", "http/1.1"]]).await
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn upstream(&self) -> Upstream {
        Upstream {
            http2: true,
            ca: Some(self.ca()),
            connect_timeout: SignedDuration::from_secs(2),
            answer_timeout: SignedDuration::from_secs(5),
            ..Upstream::at(self.url.clone())
        }
    }

    fn client(&self) -> HttpClient {
        self.client_within(Bounds::DEFAULT)
    }

    fn client_within(&self, bounds: Bounds) -> HttpClient {
        within(&self.upstream(), bounds).unwrap()
    }

    /// Answers each request on each connection by a task of its own. Gives how many connections there were.
    fn answering<F: Future<Output = ()> + Send + 'static>(
        mut self,
        http: h2::server::Builder,
        answer: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + 'static,
    ) -> Answering {
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let folder = self.folder;
        tokio::spawn(async move {
            while let Some(stream) = self.came.recv().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (http, answer) = (http.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut connection = http.handshake(stream).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(answer(request, respond));
                    }
                });
            }
        });
        Answering { connections, _folder: folder }
    }
}

struct Answering {
    connections: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Answering {
    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers with this text.
fn say(respond: &mut SendResponse<Bytes>, text: &str) {
    let mut sending = respond.send_response(Response::new(()), false).unwrap();
    sending.send_data(Bytes::copy_from_slice(text.as_bytes()), true).unwrap();
}

async fn body_of(response: Response<Received>) -> Result<String, String> {
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

async fn got(client: &HttpClient) -> String {
    body_of(client.send(Request::new(empty())).await.unwrap()).await.unwrap()
}
