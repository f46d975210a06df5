//! What Sluice proves itself to Trino by: a password, a token or a certificate of its own, and only over TLS.
//!
//! Tokens and certificates are made for a short while, so their files are read anew when they change. A file that can't
//! be used changes nothing, and the log says why.

use super::{ClientError, certificates};
use crate::config::Upstream;
use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::uri::Scheme;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

/// How often the file of a token is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What stands in `Authorization`.
#[derive(Debug)]
pub(super) enum Credential {
    /// Nothing.
    None,
    /// The same for as long as the process lives.
    Fixed(HeaderValue),
    /// What a file holds.
    Token(Token),
}

/// A token in a file.
#[derive(Debug)]
pub(super) struct Token {
    path: PathBuf,
    header: ArcSwap<HeaderValue>,
    /// The file's state when it was read last.
    seen: Mutex<Stamp>,
    since: Instant,
    /// When the file was looked at last, in milliseconds since `since`.
    looked_at: AtomicU64,
}

/// What changes when a file changes.
type Stamp = Option<(SystemTime, u64)>;

impl Credential {
    /// What the configuration says.
    pub(super) fn of(upstream: &Upstream, scheme: &Scheme) -> Result<Credential, ClientError> {
        let secret = |field: &'static str, path: &Option<PathBuf>| match path {
            Some(_) if *scheme != Scheme::HTTPS => Err(ClientError::WithoutTls { field }),
            path => Ok(path.clone()),
        };
        secret("certificate", &upstream.certificate)?;
        if let Some(path) = secret("token_file", &upstream.token_file)? {
            return Ok(Credential::Token(Token::open(&path)?));
        }
        let Some(path) = secret("password_file", &upstream.password_file)? else {
            return Ok(Credential::None);
        };
        if upstream.user.contains(':') {
            return Err(ClientError::User { user: upstream.user.clone() });
        }
        let text = read(&path)?;
        let encoded = STANDARD.encode(format!("{}:{}", upstream.user, text.trim_end_matches(['\r', '\n'])));
        Ok(Credential::Fixed(header(&path, &format!("Basic {encoded}"))?))
    }

    /// The header as it is now.
    pub(super) async fn header(&self) -> Option<HeaderValue> {
        match self {
            Credential::None => None,
            Credential::Fixed(header) => Some(header.clone()),
            Credential::Token(token) => {
                token.look().await;
                Some(HeaderValue::clone(&token.header.load()))
            }
        }
    }
}

impl Token {
    fn open(path: &Path) -> Result<Token, ClientError> {
        let seen = Mutex::new(stamp(path));
        let header = ArcSwap::from_pointee(token(path)?);
        Ok(Token { path: path.to_owned(), header, seen, since: Instant::now(), looked_at: AtomicU64::new(0) })
    }

    /// Reads the file anew if it has changed; it is looked at now and then.
    async fn look(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = self.looked_at.load(Ordering::Relaxed);
        let due = u128::from(now.saturating_sub(before)) >= LOOK.as_millis();
        let mine = due && self.looked_at.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !mine {
            return;
        }
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || (stamp(&path), token(&path))).await;
        let Ok((stamp, read)) = read else { return };
        let changed = self.seen.lock().is_ok_and(|mut seen| std::mem::replace(&mut *seen, stamp) != stamp);
        match read {
            Ok(header) if changed => {
                self.header.store(Arc::new(header));
                tracing::info!(file = %self.path.display(), "the token for Trino was read again");
            }
            Err(error) if changed => {
                tracing::error!(%error, "the token for Trino can't be read; the one read before stays")
            }
            _ => {}
        }
    }
}

/// A certificate by which Sluice proves itself, with its key.
#[derive(Debug)]
pub(super) struct OwnCertificate {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<[Stamp; 2]>,
}

impl OwnCertificate {
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<OwnCertificate, ClientError> {
        let seen = Mutex::new([stamp(certificate), stamp(key)]);
        let current = ArcSwap::from_pointee(certified(certificate, key)?);
        Ok(OwnCertificate { certificate: certificate.to_owned(), key: key.to_owned(), current, seen })
    }

    /// Reads the files anew if they have changed. A connection is made seldom, and the files are small.
    fn look(&self) {
        let stamps = [stamp(&self.certificate), stamp(&self.key)];
        let changed = self.seen.lock().is_ok_and(|mut seen| std::mem::replace(&mut *seen, stamps) != stamps);
        if !changed {
            return;
        }
        match certified(&self.certificate, &self.key) {
            Ok(certified) => {
                self.current.store(Arc::new(certified));
                tracing::info!("the certificate for Trino was read again");
            }
            Err(error) => tracing::error!(%error, "the certificate for Trino can't be used; the one read before stays"),
        }
    }
}

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.look();
        Some(self.current.load_full())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, ClientError> {
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| ClientError::File { path: key.to_owned(), reason: error.to_string() })?;
    Ok(CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())?)
}

fn token(path: &Path) -> Result<HeaderValue, ClientError> {
    let text = read(path)?;
    let token = text.trim();
    if token.is_empty() {
        return Err(ClientError::File { path: path.to_owned(), reason: "has no token in it".to_owned() });
    }
    header(path, &format!("Bearer {token}"))
}

fn header(path: &Path, text: &str) -> Result<HeaderValue, ClientError> {
    let wrong = |reason: String| ClientError::File { path: path.to_owned(), reason };
    let mut header = HeaderValue::from_str(text).map_err(|error| wrong(error.to_string()))?;
    header.set_sensitive(true);
    Ok(header)
}

fn read(path: &Path) -> Result<String, ClientError> {
    std::fs::read_to_string(path)
        .map_err(|error| ClientError::File { path: path.to_owned(), reason: error.to_string() })
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
