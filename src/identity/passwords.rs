//! Passwords by HTTP Basic, against a file of hashes.
//!
//! A hash is slow on purpose, and a client sends its password with each poll for a page. So a password that was proved
//! is remembered for a while, as a keyed hash, and hashes are computed beside the tasks that serve requests, a few at
//! once. A password that is wrong is never remembered.

use super::authorization::credentials;
use super::fingerprint::Fingerprints;
use super::password_file::PasswordFile;
use super::user_file::{self, UserFileError};
use super::{Asking, Identify, Identifying, Principal, Proof, Unidentified, is_user};
use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use moka::sync::Cache;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// How long a proved password is remembered.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Most proved passwords that are remembered.
const MOST_REMEMBERED: u64 = 10_000;
/// Longest password. bcrypt itself reads 72 bytes.
const LONGEST: usize = 1024;

/// The passwords of a file.
pub struct Passwords {
    path: PathBuf,
    file: ArcSwap<Version>,
    proved: Cache<[u8; 32], ()>,
    fingerprints: Fingerprints,
    at_once: Semaphore,
    timeout: Duration,
    /// Whether a user who is not in the file may prove a password in another way.
    not_alone: bool,
}

/// A file's contents, with a number that no other reading of the file has.
struct Version {
    number: u64,
    file: PasswordFile,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Passwords {
    /// Reads the file. `timeout` bounds one proof.
    ///
    /// # Errors
    /// [`UserFileError`], with the line.
    pub fn open(path: &Path, timeout: Duration) -> Result<Passwords, UserFileError> {
        let file = PasswordFile::load(path)?;
        let fingerprints =
            Fingerprints::new().map_err(|source| UserFileError::Read { path: path.to_owned(), source })?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Passwords {
            path: path.to_owned(),
            file: ArcSwap::from_pointee(Version { number: 0, file }),
            proved: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build(),
            fingerprints,
            at_once: Semaphore::new(cores),
            timeout,
            not_alone: false,
        })
    }

    /// The same, beside another way that knows passwords of users who are not in the file.
    pub fn beside_another(self) -> Passwords {
        Passwords { not_alone: true, ..self }
    }

    /// Whether a user is in the file.
    pub(super) fn knows(&self, user: &str) -> bool {
        self.file.load().file.knows(user)
    }

    /// Follows changes of the file until `cancel`. A broken file does not replace a good one.
    pub async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        user_file::follow(&self.path, cancel, || self.reload()).await;
    }

    /// Reads the file again.
    pub fn reload(&self) {
        match PasswordFile::load(&self.path) {
            Ok(file) => {
                self.file.rcu(|old| Version { number: old.number + 1, file: file.clone() });
                self.proved.invalidate_all();
                tracing::info!(file = %self.path.display(), "passwords were read again");
            }
            Err(error) => tracing::error!(%error, "the password file is broken; the passwords read before stay"),
        }
    }

    async fn prove(&self, asking: Asking<'_>) -> Result<Option<Principal>, Unidentified> {
        let Some(encoded) = credentials(asking.headers, "basic")? else {
            return Ok(None);
        };
        let (user, password) = basic(encoded).ok_or(Unidentified::Wrong)?;
        let version = self.file.load_full();
        if self.not_alone && !version.file.knows(&user) {
            return Ok(None);
        }
        let fingerprint = self.fingerprint(&user, &password, version.number);
        if self.proved.contains_key(&fingerprint) {
            return Ok(Some(Principal::new(user, Proof::Password)));
        }
        let lot =
            u64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at: usize| fingerprint.get(at).copied().unwrap_or(0)));
        let proof = async {
            // The permit is held until the hash is done, also when the client has gone meanwhile.
            let _permit = self.at_once.acquire().await.map_err(|_| Unidentified::Unavailable)?;
            let name = user.clone();
            tokio::task::spawn_blocking(move || {
                let (hash, known) = version.file.hash(&name, lot);
                let fits = hash.is_some_and(|hash| hash.fits(&password));
                fits & known
            })
            .await
            .map_err(|_| Unidentified::Unavailable)
        };
        match tokio::time::timeout(self.timeout, proof).await {
            Ok(Ok(true)) => {
                self.proved.insert(fingerprint, ());
                Ok(Some(Principal::new(user, Proof::Password)))
            }
            Ok(Ok(false)) => Err(Unidentified::Wrong),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Unidentified::Unavailable),
        }
    }

    /// What a proved password is remembered by, bound to the file's contents at the time.
    fn fingerprint(&self, user: &str, password: &str, version: u64) -> [u8; 32] {
        self.fingerprints.of(&[&version.to_be_bytes(), user.as_bytes(), password.as_bytes()])
    }
}

impl Identify for Passwords {
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a> {
        Box::pin(self.prove(asking))
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Basic")
    }
}

/// Reads `base64(user:password)`. The password is overwritten when it is dropped.
pub(super) fn basic(encoded: &str) -> Option<(String, Zeroizing<String>)> {
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let right = is_user(user) && (1..=LONGEST).contains(&password.len());
    right.then(|| (user.to_owned(), Zeroizing::new(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use http::header::AUTHORIZATION;
    use std::net::IpAddr;

    fn open(folder: &tempfile::TempDir) -> Passwords {
        let path = folder.path().join("passwords");
        std::fs::write(&path, format!("anna:{}\n", bcrypt::hash("secret", 8).unwrap())).unwrap();
        Passwords::open(&path, Duration::from_secs(60)).unwrap()
    }

    async fn asked(passwords: &Passwords, values: &[&str]) -> Result<Option<String>, Unidentified> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let asking = Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None };
        passwords.identify(asking).await.map(|found| found.map(|principal| principal.name))
    }

    fn header(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }

    #[tokio::test]
    async fn the_right_password_proves_who_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = open(&folder);
        assert_eq!(asked(&passwords, &[]).await, Ok(None));
        assert_eq!(asked(&passwords, &[&header("anna", "secret")]).await, Ok(Some("anna".to_owned())));
        for wrong in [
            header("anna", "Secret"),
            header("anna", ""),
            header("bob", "secret"),
            header("Anna", "secret"),
            "Basic !!!".to_owned(),
            "Basic".to_owned(),
        ] {
            assert_eq!(asked(&passwords, &[&wrong]).await, Err(Unidentified::Wrong), "{wrong}");
        }
        assert_eq!(asked(&passwords, &["Bearer abc"]).await, Ok(None));
        let right = header("anna", "secret");
        assert_eq!(asked(&passwords, &[&right, &right]).await, Err(Unidentified::Wrong));
    }

    #[tokio::test]
    async fn a_proved_password_is_remembered_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = open(&folder);
        asked(&passwords, &[&header("anna", "secret")]).await.unwrap();
        passwords.proved.run_pending_tasks();
        assert_eq!(passwords.proved.entry_count(), 1);
        let _ = asked(&passwords, &[&header("anna", "wrong")]).await;
        passwords.proved.run_pending_tasks();
        assert_eq!(passwords.proved.entry_count(), 1);
        std::fs::write(&passwords.path, format!("anna:{}\n", bcrypt::hash("new", 8).unwrap())).unwrap();
        passwords.reload();
        assert_eq!(asked(&passwords, &[&header("anna", "secret")]).await, Err(Unidentified::Wrong));
        assert_eq!(asked(&passwords, &[&header("anna", "new")]).await, Ok(Some("anna".to_owned())));
    }

    #[tokio::test]
    async fn a_broken_file_does_not_replace_a_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = open(&folder);
        std::fs::write(&passwords.path, "anna").unwrap();
        passwords.reload();
        assert_eq!(asked(&passwords, &[&header("anna", "secret")]).await, Ok(Some("anna".to_owned())));
    }
}
