//! Certificates of clients: by whom they are signed, and whether that still holds.

use super::{Acceptor, TlsError, files};
use crate::config::Tls;
use crate::identity::Certificate;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::CertificateDer;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How long, in seconds, a chain is believed without being looked at again: an authority's certificate or a list of
/// those taken back may have ended meanwhile.
const LOOKED_AT: i64 = 60;

/// What checks clients' certificates; `None` where they are not asked for one.
///
/// With lists of certificates taken back, each certificate below an authority of `client_ca` must be covered by a list
/// that is signed by its issuer and current: what is not known to be good is refused.
pub(super) fn verifier(
    settings: &Tls,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let Some(ca) = &settings.client_ca else {
        return Ok(None);
    };
    let mut roots = RootCertStore::empty();
    for certificate in files::certificates(ca)? {
        roots.add(certificate).map_err(|error| files::wrong(ca, error))?;
    }
    let mut crls = Vec::new();
    for path in &settings.client_crls {
        crls.extend(files::crls(path)?);
    }
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    if !crls.is_empty() {
        builder = builder.with_crls(crls).enforce_revocation_expiration();
    }
    if !settings.client_certificate_required {
        builder = builder.allow_unauthenticated();
    }
    Ok(Some(builder.build()?))
}

/// The certificate that a client showed when its connection began.
#[derive(Debug)]
pub(in crate::proxy) struct Presented {
    certificate: Certificate,
    chain: Vec<CertificateDer<'static>>,
    acceptor: Arc<Acceptor>,
    /// By which reading of the files the chain was looked at last.
    number: AtomicU64,
    /// When.
    looked_at: AtomicI64,
}

impl Presented {
    pub(super) fn new(
        certificate: Certificate,
        chain: Vec<CertificateDer<'static>>,
        acceptor: Arc<Acceptor>,
        number: u64,
    ) -> Presented {
        let looked_at = AtomicI64::new(i64::MIN);
        Presented { certificate, chain, acceptor, number: AtomicU64::new(number), looked_at }
    }

    /// What it says.
    pub(in crate::proxy) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether it is good now, in seconds since 1970.
    pub(in crate::proxy) fn holds(&self, now: i64) -> bool {
        if self.certificate.ended(now) {
            return false;
        }
        let current = self.acceptor.current.load();
        let age = now.saturating_sub(self.looked_at.load(Ordering::Acquire));
        if self.number.load(Ordering::Acquire) == current.number && (0..LOOKED_AT).contains(&age) {
            return true;
        }
        let trusted = u64::try_from(now).is_ok_and(|now| current.trusts(&self.chain, now));
        if trusted {
            self.number.store(current.number, Ordering::Release);
            self.looked_at.store(now, Ordering::Release);
        }
        trusted
    }
}
