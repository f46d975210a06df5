//! TLS of the listener.

use crate::config::Tls;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

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
}

/// Reads certificate and key.
///
/// # Errors
/// [`TlsError`], with the file.
pub fn acceptor(tls: &Tls) -> Result<TlsAcceptor, TlsError> {
    let wrong = |path: &PathBuf, reason: String| TlsError::File { path: path.clone(), reason };
    let mut chain = Vec::new();
    let certificates = CertificateDer::pem_file_iter(&tls.certificate);
    for certificate in certificates.map_err(|error| wrong(&tls.certificate, error.to_string()))? {
        chain.push(certificate.map_err(|error| wrong(&tls.certificate, error.to_string()))?);
    }
    if chain.is_empty() {
        return Err(wrong(&tls.certificate, "has no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| wrong(&tls.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
