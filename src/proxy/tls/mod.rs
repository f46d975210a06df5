//! TLS of the listener: its certificate and key, and whose certificates clients may show.
//!
//! In: `listen.tls`. The files are read anew when they change and on SIGHUP: connections that begin from then on are by
//! the new ones, those that are open go on. What a client showed is held against the new files before its next request.
//! Files that don't go together change nothing, and the log says why.

mod clients;
mod files;
#[cfg(test)]
mod tests;

pub(super) use clients::Presented;

use crate::config::Tls;
use crate::identity::Certificate;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read or has nothing of use in it.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificate and key don't go together.
    #[error("listen.tls: {0}")]
    Refused(#[from] rustls::Error),
    /// Clients' certificates can't be checked by what is given.
    #[error("listen.tls.client_ca, client_crls: {0}")]
    Clients(#[from] rustls::server::VerifierBuilderError),
}

/// What connections are taken by.
#[derive(Debug)]
pub struct Acceptor {
    settings: Tls,
    current: ArcSwap<Current>,
}

/// What the files held when they were read.
#[derive(Debug)]
struct Current {
    /// Counts the readings.
    number: u64,
    config: Arc<ServerConfig>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

impl Acceptor {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`], with the file.
    pub fn open(settings: &Tls) -> Result<Acceptor, TlsError> {
        let current = ArcSwap::from_pointee(Current::read(settings, 0)?);
        Ok(Acceptor { settings: settings.clone(), current })
    }

    /// Follows changes of the files until `cancel`.
    pub async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        files::follow(&self.files(), cancel, || self.reload()).await;
    }

    /// Reads the files again.
    pub fn reload(&self) {
        match Current::read(&self.settings, self.current.load().number.wrapping_add(1)) {
            Ok(current) => {
                self.current.store(Arc::new(current));
                tracing::info!("the files of listen.tls were read again");
            }
            Err(error) => tracing::error!(%error, "the files of listen.tls can't be used; those read before stay"),
        }
    }

    /// Makes a connection's TLS, and gives what the client showed.
    pub(super) async fn accept(
        self: &Arc<Self>,
        stream: TcpStream,
    ) -> std::io::Result<(TlsStream<TcpStream>, Option<Presented>)> {
        let current = self.current.load_full();
        let stream = TlsAcceptor::from(Arc::clone(&current.config)).accept(stream).await?;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let presented = match chain.first() {
            None => None,
            Some(own) => {
                let certificate = Certificate::read(own).map_err(std::io::Error::other)?;
                let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
                Some(Presented::new(certificate, chain, Arc::clone(self), current.number))
            }
        };
        Ok((stream, presented))
    }

    fn files(&self) -> Vec<PathBuf> {
        let Tls { certificate, key, client_ca, client_crls, .. } = &self.settings;
        [certificate, key].into_iter().chain(client_ca).chain(client_crls).cloned().collect()
    }
}

impl Current {
    fn read(settings: &Tls, number: u64) -> Result<Current, TlsError> {
        let chain = files::certificates(&settings.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&settings.key).map_err(|error| files::wrong(&settings.key, error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = clients::verifier(settings, &provider)?;
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = match &clients {
            None => config.with_no_client_auth(),
            Some(clients) => config.with_client_cert_verifier(Arc::clone(clients)),
        };
        let mut config = config.with_single_cert(chain, key)?;
        let http2 = settings.http2.then(|| b"h2".to_vec());
        config.alpn_protocols = http2.into_iter().chain([b"http/1.1".to_vec()]).collect();
        if clients.is_some() {
            // A session that is resumed is not looked at again, so it would outlive what takes its certificate back.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Current { number, config: Arc::new(config), clients })
    }

    /// Whether a chain may be a client's, at a time in seconds since 1970.
    fn trusts(&self, chain: &[CertificateDer<'static>], now: u64) -> bool {
        let time = rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
        match (&self.clients, chain.split_first()) {
            (Some(clients), Some((own, others))) => clients.verify_client_cert(own, others, time).is_ok(),
            _ => false,
        }
    }
}
