//! The barest proxy there can be: hyper on both sides, each request and each answer passed on as it is.

use super::Failure;
use super::tls::Tls;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

/// Where requests go.
#[derive(Clone)]
enum Upstream {
    Plain(Client<HttpConnector, Incoming>, Authority),
    Encrypted(Client<HttpsConnector<HttpConnector>, Incoming>, Authority),
}

pub(super) async fn serve(address: SocketAddr, upstream: &str, tls: Option<Tls>) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    let authority = upstream.parse::<Authority>()?;
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let upstream = match &tls {
        None => Upstream::Plain(Client::builder(TokioExecutor::new()).build(tcp), authority),
        Some(tls) => {
            let builder = HttpsConnectorBuilder::new().with_tls_config(tls.client.clone()).https_only().enable_http1();
            Upstream::Encrypted(Client::builder(TokioExecutor::new()).build(builder.wrap_connector(tcp)), authority)
        }
    };
    loop {
        let (stream, _) = listener.accept().await?;
        let (upstream, tls) = (upstream.clone(), tls.as_ref().map(|tls| tls.acceptor.clone()));
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            match tls {
                None => speak(stream, upstream).await,
                Some(tls) => speak(tls.accept(stream).await?, upstream).await,
            }
            Ok::<(), Failure>(())
        });
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, upstream: Upstream) {
    let service = service_fn(move |request| pass(request, upstream.clone()));
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn pass(mut request: Request<Incoming>, upstream: Upstream) -> Result<Response<Incoming>, Failure> {
    let path = request.uri().path_and_query().ok_or("a request without a path")?.clone();
    let leading = |scheme: Scheme, authority: Authority| {
        Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()
    };
    Ok(match upstream {
        Upstream::Plain(client, authority) => {
            *request.uri_mut() = leading(Scheme::HTTP, authority)?;
            client.request(request).await?
        }
        Upstream::Encrypted(client, authority) => {
            *request.uri_mut() = leading(Scheme::HTTPS, authority)?;
            client.request(request).await?
        }
    })
}
