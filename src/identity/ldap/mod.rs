//! Passwords of a directory (LDAP, Active Directory), by HTTP Basic.
//!
//! In: a name and a password. Out: whose it is, with the groups and attributes that the directory has. A password is
//! asked for once by all who wait for the same, and what was proved is remembered for a while as a keyed hash, so that a
//! client's polls are no load. While the directory is away, what was proved goes on until it is too old.

mod directory;
mod names;
#[cfg(test)]
mod tests;

use super::authorization::credentials;
use super::fingerprint::Fingerprints;
use super::oidc::Names;
use super::passwords::{Passwords, basic};
use super::{Asking, Identify, Identifying, Principal, Proof, Unidentified};
use crate::config;
use directory::{Directory, Found};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// Most proved passwords that are remembered.
const MOST_REMEMBERED: u64 = 10_000;
/// Most wrong passwords of a user within [`WATCHED`]; further ones are not tried.
const MOST_WRONG: u32 = 10;
/// How long wrong passwords are counted.
const WATCHED: Duration = Duration::from_secs(60);

/// Why a directory can't be asked as configured.
#[derive(Debug, thiserror::Error)]
#[error("identity.ldap {url}: {reason}")]
pub struct LdapSettingError {
    url: String,
    reason: String,
}

/// Why a password proves nothing. Operators are told by the log; a client is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("the directory does not take it")]
    Password,
    #[error("there is not exactly one user of that name")]
    NotOne,
    #[error("the directory spells the user's name in another way")]
    Spelled,
    #[error("the directory may not speak for the user")]
    User,
    #[error("too many wrong ones were tried")]
    TooMany,
    #[error("the directory does not take Sluice's own password")]
    Service,
    #[error("the directory says {0}, as RFC 4511 numbers its results")]
    Code(u32),
    #[error("{0}")]
    Secret(String),
    #[error("the directory does not answer within identity.ldap.timeout")]
    Late,
    #[error("the proof is not made within limits.identify_timeout")]
    Slow,
    #[error("the directory can't be reached: {0}")]
    Unreachable(String),
    #[error("the directory could not be reached just now")]
    Away,
    #[error("the directory's answer can't be read")]
    Unreadable,
}

impl Refused {
    /// Whether it is the client's fault.
    fn is_wrong(&self) -> bool {
        use Refused::{NotOne, Password, Spelled, TooMany, User};
        matches!(self, Password | NotOne | Spelled | User | TooMany)
    }
}

/// A directory, and what was proved by it.
pub struct Ldap {
    directory: Arc<Directory>,
    users: Option<Names>,
    groups: Option<Names>,
    proved: moka::future::Cache<[u8; 32], Arc<Principal>>,
    wrong: moka::sync::Cache<String, Arc<AtomicU32>>,
    fingerprints: Fingerprints,
    timeout: Duration,
    /// Users of the password file prove themselves by that alone.
    file: Option<Arc<Passwords>>,
}

impl std::fmt::Debug for Ldap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ldap").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Ldap {
    /// The directory of a configuration; it is not asked yet. `timeout` bounds one proof. Users of `file` are not looked
    /// for in the directory.
    ///
    /// # Errors
    /// [`LdapSettingError`].
    pub fn open(
        ldap: &config::Ldap,
        timeout: Duration,
        file: Option<Arc<Passwords>>,
    ) -> Result<Ldap, LdapSettingError> {
        let directory = Arc::new(Directory::new(ldap)?);
        let no_chance = |error: std::io::Error| LdapSettingError { url: ldap.url.clone(), reason: error.to_string() };
        let names = |patterns: &Option<Vec<String>>| patterns.as_deref().map(Names::new);
        let remembered = moka::future::Cache::builder().max_capacity(MOST_REMEMBERED);
        Ok(Ldap {
            directory,
            users: names(&ldap.speaks_for.users),
            groups: names(&ldap.speaks_for.groups),
            proved: remembered.time_to_live(ldap.maximum_age.unsigned_abs()).build(),
            wrong: moka::sync::Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(WATCHED).build(),
            fingerprints: Fingerprints::new().map_err(no_chance)?,
            timeout,
            file,
        })
    }

    async fn prove(&self, asking: Asking<'_>) -> Result<Option<Principal>, Unidentified> {
        let Some(encoded) = credentials(asking.headers, "basic")? else {
            return Ok(None);
        };
        let (user, password) = basic(encoded).ok_or(Unidentified::Wrong)?;
        if self.is_in_file(&user) {
            return Ok(None);
        }
        let fingerprint = self.fingerprints.of(&[user.as_bytes(), password.as_bytes()]);
        let asked = self.proved.try_get_with(fingerprint, self.ask(&user, &password));
        let refused = match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(principal)) => return Ok(Some(Principal::clone(&principal))),
            Ok(Err(refused)) => refused,
            Err(_) => Arc::new(Refused::Slow),
        };
        let directory = self.directory.url();
        if refused.is_wrong() {
            tracing::info!(directory, peer = %asking.peer, reason = %refused, "a password is refused");
            return Err(Unidentified::Wrong);
        }
        tracing::warn!(directory, peer = %asking.peer, reason = %refused, "a password can't be tried");
        Err(Unidentified::Unavailable)
    }

    async fn ask(&self, user: &str, password: &str) -> Result<Arc<Principal>, Refused> {
        if !self.may_speak_for(user) {
            return Err(Refused::User);
        }
        // Names that differ in case are one to the directory, which may lock them.
        let tries = self.wrong.get_with(user.to_lowercase(), Arc::default);
        // Counted as wrong until it is known not to be, so that many at once are no more.
        if tries.fetch_add(1, Ordering::Relaxed) >= MOST_WRONG {
            tries.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused::TooMany);
        }
        let (directory, name, password) =
            (Arc::clone(&self.directory), user.to_owned(), Zeroizing::new(password.to_owned()));
        // Its end is waited for when nobody waits for the proof any more, or a slow directory would lock users out.
        let asking = tokio::spawn(async move {
            let asked = directory.ask(&name, &password).await;
            if !asked.as_ref().is_err_and(Refused::is_wrong) {
                tries.fetch_sub(1, Ordering::Relaxed);
            }
            asked
        });
        asking.await.unwrap_or(Err(Refused::Unreadable)).map(|found| Arc::new(self.principal(user, found)))
    }

    fn principal(&self, user: &str, found: Found) -> Principal {
        let Found { groups, more_groups, attributes } = found;
        let mine = |group: &String| self.groups.as_ref().is_none_or(|groups| groups.take_in(group));
        let groups = groups.into_iter().filter(mine).collect();
        Principal { groups, more_groups, attributes, ..Principal::new(user.to_owned(), Proof::Directory) }
    }

    fn may_speak_for(&self, user: &str) -> bool {
        self.users.as_ref().is_none_or(|users| users.take_in(user))
    }

    fn is_in_file(&self, user: &str) -> bool {
        self.file.as_ref().is_some_and(|file| file.knows(user))
    }
}

impl Identify for Ldap {
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a> {
        Box::pin(self.prove(asking))
    }

    fn tells_groups_of(&self, user: &str) -> bool {
        self.directory.tells_groups() && self.may_speak_for(user) && !self.is_in_file(user)
    }

    fn tells_groups(&self) -> bool {
        self.directory.tells_groups()
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Basic")
    }
}
