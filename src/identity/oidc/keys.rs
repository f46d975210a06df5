//! An issuer's keys: kept, fetched anew from time to time, and once for a key that is not known.
//!
//! Who waits for a fetch waits for the same one. A fetch is not begun soon after another, whoever asks for it, so that
//! tokens with made-up key ids are no load for the issuer. While it can't be had, the keys that are known go on, up to an
//! age.

use super::Refused;
use super::fetch::{Documents, FetchError};
use arc_swap::ArcSwap;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How soon a fetch is tried again that failed.
const AGAIN: Duration = Duration::from_secs(10);

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: String,
    documents: Documents,
    known: ArcSwap<Known>,
    /// When the last fetch ended; held while one runs.
    fetching: Arc<Mutex<Option<Instant>>>,
    pace: Pace,
}

/// How often is asked, and how long an answer is good for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How often keys are fetched though all are known, so that one that was taken back is not believed for long.
    pub(super) refresh: Duration,
    /// Least time between two fetches.
    pub(super) gap: Duration,
    /// How long keys go on while the issuer can't be asked.
    pub(super) keep: Duration,
}

/// What an issuer's last answer held.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Counts the answers.
    answers: u64,
    /// Counts the answers that differed from the one before.
    pub(super) generation: u64,
    keys: HashMap<String, Vec<Arc<Key>>>,
    answered: Option<Instant>,
}

/// A public key, and what may be signed by it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
    jwk: Jwk,
}

impl Known {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Jwk> {
        self.keys.values().flatten().map(|key| &key.jwk)
    }

    fn find(&self, id: &str, algorithm: Algorithm) -> Option<Arc<Key>> {
        self.keys.get(id)?.iter().find(|key| key.algorithms.contains(&algorithm)).cloned()
    }
}

impl Keys {
    pub(super) fn new(issuer: &str, documents: Documents, pace: Pace) -> Arc<Keys> {
        let (known, fetching) = (ArcSwap::default(), Arc::default());
        Arc::new(Keys { issuer: issuer.to_owned(), documents, known, fetching, pace })
    }

    /// What is known and not too old to go on.
    pub(super) fn known(&self) -> Option<Arc<Known>> {
        let known = self.known.load_full();
        known.answered.is_some_and(|at| at.elapsed() <= self.pace.keep).then_some(known)
    }

    /// The key of an id, with the generation that it is of.
    ///
    /// # Errors
    /// [`Refused::Key`], if the issuer has no such key; [`Refused::Unavailable`], if it can't be asked, or not yet again.
    pub(super) async fn find(self: &Arc<Self>, id: &str, algorithm: Algorithm) -> Result<(Arc<Key>, u64), Refused> {
        let before = self.known();
        let found = |known: &Known| known.find(id, algorithm).map(|key| (key, known.generation));
        if let Some(found) = before.as_deref().and_then(found) {
            return Ok(found);
        }
        self.ask(self.known.load().answers.min(before.map_or(u64::MAX, |known| known.answers))).await?;
        let now = self.known().ok_or(Refused::Unavailable)?;
        found(&now).ok_or(Refused::Key)
    }

    /// Makes sure that there was an answer after the one of this number.
    async fn ask(self: &Arc<Self>, before: u64) -> Result<(), Refused> {
        let mut last = Arc::clone(&self.fetching).lock_owned().await;
        if self.known.load().answers > before {
            return Ok(());
        }
        if last.is_some_and(|last| last.elapsed() < self.pace.gap) {
            return Err(Refused::Unavailable);
        }
        // Goes on when whoever asked has gone: others wait for it.
        let keys = Arc::clone(self);
        let fetching = tokio::spawn(async move {
            let fetched = keys.fetch().await;
            *last = Some(Instant::now());
            fetched
        });
        match fetching.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(issuer = self.issuer, %error, "an issuer's keys can't be fetched");
                Err(Refused::Unavailable)
            }
            Err(_) => Err(Refused::Unavailable),
        }
    }

    async fn fetch(&self) -> Result<(), FetchError> {
        let keys = read(self.documents.keys().await?);
        if keys.is_empty() {
            return Err(FetchError::NoKeys);
        }
        let before = self.known.load_full();
        let same = before.keys.len() == keys.len()
            && keys.iter().all(|(id, keys)| before.keys.get(id).is_some_and(|before| same(before, keys)));
        let generation = before.generation + u64::from(!same);
        if !same {
            tracing::info!(issuer = self.issuer, keys = keys.len(), "an issuer's keys are new");
        }
        self.known.store(Arc::new(Known {
            answers: before.answers + 1,
            generation,
            keys,
            answered: Some(Instant::now()),
        }));
        Ok(())
    }

    /// Fetches the keys now and from time to time, until `cancel`.
    pub(super) async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        let mut told = false;
        loop {
            let mut last = Arc::clone(&self.fetching).lock_owned().await;
            let fetched = cancel.run_until_cancelled(self.fetch()).await;
            *last = Some(Instant::now());
            drop(last);
            let wait = match fetched {
                None => return,
                Some(Ok(())) => {
                    told = false;
                    self.pace.refresh
                }
                Some(Err(error)) => {
                    if !told {
                        tracing::error!(
                            issuer = self.issuer, %error,
                            "an issuer's keys can't be fetched; those that are known go on for now"
                        );
                    }
                    told = true;
                    self.pace.refresh.min(AGAIN)
                }
            };
            if cancel.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }
}

fn same(one: &[Arc<Key>], other: &[Arc<Key>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.jwk == other.jwk)
}

/// The keys that tokens can be signed by. What is no such key is left out, as are secrets, which have no place there.
fn read(set: Vec<Jwk>) -> HashMap<String, Vec<Arc<Key>>> {
    let mut keys: HashMap<String, Vec<Arc<Key>>> = HashMap::new();
    for jwk in set {
        let signs = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        if let (true, Some(id)) = (signs, jwk.common.key_id.clone())
            && let Some(key) = read_key(jwk)
        {
            keys.entry(id).or_default().push(Arc::new(key));
        }
    }
    keys
}

fn read_key(jwk: Jwk) -> Option<Key> {
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    let of_kind = match decoding.family() {
        AlgorithmFamily::Rsa => AlgorithmFamily::Rsa.algorithms().to_vec(),
        AlgorithmFamily::Ec => vec![on_curve(&jwk)?],
        AlgorithmFamily::Ed => vec![Algorithm::EdDSA],
        AlgorithmFamily::Hmac => return None,
    };
    let algorithms: Vec<Algorithm> = match jwk.common.key_algorithm {
        None => of_kind,
        Some(only) => of_kind.into_iter().filter(|algorithm| KeyAlgorithm::from(*algorithm) == only).collect(),
    };
    (!algorithms.is_empty()).then_some(Key { decoding, algorithms, jwk })
}

fn on_curve(jwk: &Jwk) -> Option<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Some(Algorithm::ES256),
            EllipticCurve::P384 => Some(Algorithm::ES384),
            _ => None,
        },
        _ => None,
    }
}
