//! Files of certificates, as PEM: read, and looked at for changes.

use super::TlsError;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(2);

pub(super) fn wrong(path: &Path, reason: impl ToString) -> TlsError {
    TlsError::File { path: path.to_owned(), reason: reason.to_string() }
}

/// The certificates in a file, of which there is at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = all(path)?;
    if found.is_empty() { Err(wrong(path, "has no certificate in it")) } else { Ok(found) }
}

/// The lists of certificates taken back in a file, of which there is at least one.
pub(super) fn crls(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let found = all(path)?;
    if found.is_empty() {
        Err(wrong(path, "has no list of certificates taken back (X509 CRL) in it"))
    } else {
        Ok(found)
    }
}

fn all<T: PemObject>(path: &Path) -> Result<Vec<T>, TlsError> {
    let found = T::pem_file_iter(path).map_err(|error| wrong(path, error))?;
    found.collect::<Result<_, _>>().map_err(|error| wrong(path, error))
}

/// Calls `reload` for each change of the files, until `cancel`.
pub(super) async fn follow(paths: &[PathBuf], cancel: CancellationToken, reload: impl Fn()) {
    let mut seen = stamps(paths).await;
    while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let now = stamps(paths).await;
        if now != seen {
            seen = now;
            reload();
        }
    }
}

/// What changes when files change.
async fn stamps(paths: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let mut stamps = Vec::new();
    for path in paths {
        let metadata = tokio::fs::metadata(path).await.ok();
        stamps.push(metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len()))));
    }
    stamps
}
