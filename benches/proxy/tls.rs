//! TLS for the servers, by the certificates of one run.

use super::Failure;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Either side of it.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) client: ClientConfig,
}

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Tls {
    /// From a folder with `server.pem`, `server.key` and `ca.pem`.
    pub(super) fn of(folder: &Path) -> Result<Tls, Failure> {
        let read = |name: &str| CertificateDer::pem_file_iter(folder.join(name))?.collect::<Result<Vec<_>, _>>();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(read("server.pem")?, PrivateKeyDer::from_pem_file(folder.join("server.key"))?)?;
        let mut roots = RootCertStore::empty();
        for certificate in read("ca.pem")? {
            roots.add(certificate)?;
        }
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(server)), client })
    }
}

/// A connection that was taken, as hyper wants it.
pub(super) async fn taken(stream: TcpStream, tls: Option<TlsAcceptor>) -> Result<TokioIo<Box<dyn Stream>>, Failure> {
    stream.set_nodelay(true)?;
    Ok(TokioIo::new(match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(tls.accept(stream).await?),
    }))
}
