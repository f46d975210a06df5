//! A directory that is asked: one connection a proof, on which nobody else's name is ever bound before.
//!
//! What it says is read in a task of its own: an answer that can't be read ends that task, and no more. References to
//! other directories are not followed.

use super::{LdapSettingError, Refused, names};
use crate::config;
use crate::proxy::connect::client_tls;
use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions};
use rustls::ClientConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Most groups of a user. Of who has more it is not known in which.
const MOST_GROUPS: usize = 1000;
/// How long nobody asks after the directory could not be reached.
const PAUSE: Duration = Duration::from_secs(1);

/// Wrong passwords, by what directories call them: inappropriate authentication, invalid credentials, and what is said of
/// an account that is locked or may not log in.
const WRONG: [u32; 7] = [19, 32, 34, 48, 49, 50, 53];
/// There are more entries than asked for.
const SIZE_LIMIT: u32 = 4;
/// There is no entry of that name.
const NO_SUCH: u32 = 32;

/// A directory, and how users are found in it.
pub(super) struct Directory {
    url: String,
    tls: Arc<ClientConfig>,
    start_tls: bool,
    way: Way,
    user_attribute: String,
    attributes: BTreeMap<String, String>,
    groups: Option<Groups>,
    timeout: Duration,
    places: Semaphore,
    began: Instant,
    /// Until when nobody asks, in milliseconds since `began`.
    away_until: AtomicU64,
}

/// How a user's name in the directory is found.
enum Way {
    /// It is made by one of these.
    Patterns(Vec<String>),
    /// It is looked up.
    Search { dn: String, password_file: PathBuf, base: String, filter: String },
}

/// Where groups are.
enum Groups {
    Found { base: String, filter: String, name: String },
    Listed { attribute: String, base: Vec<names::Step> },
}

/// What is known of a user whose password is right.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) groups: BTreeSet<String>,
    /// Whether there may be more groups than these.
    pub(super) more_groups: bool,
    pub(super) attributes: BTreeMap<String, BTreeSet<String>>,
}

/// What a search gave.
struct Answer {
    entries: Vec<SearchEntry>,
    /// Whether there is more, here or elsewhere.
    more: bool,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Directory {
    pub(super) fn new(ldap: &config::Ldap) -> Result<Directory, LdapSettingError> {
        let wrong = |reason: String| LdapSettingError { url: ldap.url.clone(), reason };
        let tls = client_tls(ldap.ca.as_deref()).map_err(|error| wrong(error.to_string()))?;
        let way = match (&ldap.bind_dn, &ldap.bind_password_file, &ldap.user_base, &ldap.user_filter) {
            (Some(dn), Some(path), Some(base), Some(filter)) => {
                // A file that can't be read is told of at the start.
                own_password(path, std::fs::read_to_string(path)).map_err(wrong)?;
                Way::Search { dn: dn.clone(), password_file: path.clone(), base: base.clone(), filter: filter.clone() }
            }
            _ => Way::Patterns(ldap.bind_patterns.clone()),
        };
        let groups = ldap.groups.as_ref().map(|groups| match (&groups.filter, &groups.member_of) {
            (_, Some(attribute)) => {
                let base = names::steps(&groups.base);
                let base = base.ok_or_else(|| wrong(format!("groups.base: `{}` is no DN", groups.base)))?;
                Ok(Groups::Listed { attribute: attribute.clone(), base })
            }
            (filter, None) => Ok(Groups::Found {
                base: groups.base.clone(),
                filter: filter.clone().unwrap_or_default(),
                name: groups.name.clone(),
            }),
        });
        let filters = [ldap.user_filter.as_ref(), ldap.groups.as_ref().and_then(|groups| groups.filter.as_ref())];
        for filter in filters.into_iter().flatten() {
            if ldap3::parse_filter(names::filter(filter, "x", Some("x"))).is_err() {
                return Err(wrong(format!("`{filter}` is no filter")));
            }
        }
        Ok(Directory {
            url: ldap.url.clone(),
            tls: Arc::new(tls),
            start_tls: ldap.start_tls,
            way,
            user_attribute: ldap.user_attribute.clone(),
            attributes: ldap.attributes.clone(),
            groups: groups.transpose()?,
            timeout: ldap.timeout.unsigned_abs(),
            places: Semaphore::new(ldap.connections),
            began: Instant::now(),
            away_until: AtomicU64::new(0),
        })
    }

    /// What it is called in the configuration.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it tells groups.
    pub(super) fn tells_groups(&self) -> bool {
        self.groups.is_some()
    }

    /// Tries a password, and finds what is known of its user. It is a task of its own, since ldap3 panics over some answers.
    pub(super) async fn ask(self: &Arc<Self>, user: &str, password: &str) -> Result<Found, Refused> {
        let (directory, user, password) = (Arc::clone(self), user.to_owned(), Zeroizing::new(password.to_owned()));
        let asking = tokio::spawn(async move { directory.ask_in_turn(&user, &password).await });
        asking.await.unwrap_or(Err(Refused::Unreadable))
    }

    async fn ask_in_turn(&self, user: &str, password: &str) -> Result<Found, Refused> {
        let _place = self.places.acquire().await.map_err(|_| Refused::Away)?;
        if self.now() < self.away_until.load(Ordering::Acquire) {
            return Err(Refused::Away);
        }
        let asked = self.asked(user, password).await;
        if matches!(asked, Err(Refused::Unreachable(_) | Refused::Late)) {
            let until = self.now().saturating_add(u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX));
            self.away_until.store(until, Ordering::Release);
        }
        asked
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn asked(&self, user: &str, password: &str) -> Result<Found, Refused> {
        let mut connection = self.connect().await?;
        match &self.way {
            Way::Patterns(patterns) => {
                for pattern in patterns {
                    let dn = names::dn(pattern, user);
                    if connection.bind(&dn, password).await? {
                        let entry = self.user_entry(&mut connection, &dn, Scope::Base, "(objectClass=*)", user).await?;
                        return self.found(&mut connection, &entry, user).await;
                    }
                }
                Err(Refused::Password)
            }
            Way::Search { dn, password_file, base, filter } => {
                connection.bind_own(dn, password_file).await?;
                let filter = names::filter(filter, user, None);
                let entry = match self.user_entry(&mut connection, base, Scope::Subtree, &filter, user).await {
                    Ok(entry) => entry,
                    Err(refused) => {
                        // As many questions as for a user who is there, or the time would tell who is. Nothing is made
                        // of the answer.
                        if refused.is_wrong() {
                            connection.bind(&names::nobody(base), password).await?;
                        }
                        return Err(refused);
                    }
                };
                if !connection.bind(&entry.dn, password).await? {
                    return Err(Refused::Password);
                }
                // Users need not see groups.
                if self.asks_for_groups() {
                    connection.bind_own(dn, password_file).await?;
                }
                self.found(&mut connection, &entry, user).await
            }
        }
    }

    fn asks_for_groups(&self) -> bool {
        matches!(self.groups, Some(Groups::Found { .. }))
    }

    async fn connect(&self) -> Result<Connection, Refused> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(self.timeout)
            .set_starttls(self.start_tls)
            .set_config(Arc::clone(&self.tls));
        let (driver, ldap) = LdapConnAsync::with_settings(settings, &self.url).await.map_err(refused)?;
        tokio::spawn(async move {
            if let Err(error) = driver.drive().await {
                tracing::debug!(%error, "a connection to a directory ended");
            }
        });
        Ok(Connection { ldap, timeout: self.timeout })
    }

    /// The one entry of a user, which must spell the name as the user did: directories take names that differ in case or
    /// spaces for the same, and policies don't.
    async fn user_entry(
        &self,
        connection: &mut Connection,
        base: &str,
        scope: Scope,
        filter: &str,
        user: &str,
    ) -> Result<SearchEntry, Refused> {
        let mut wanted = vec![self.user_attribute.as_str()];
        wanted.extend(self.attributes.values().map(String::as_str));
        if let Some(Groups::Listed { attribute, .. }) = &self.groups {
            wanted.push(attribute);
        }
        let Answer { mut entries, more } = connection.search(base, scope, filter, &wanted, 2).await?;
        let entry = entries.pop().filter(|entry| entries.is_empty() && !more && !entry.dn.is_empty());
        let entry = entry.ok_or(Refused::NotOne)?;
        if values(&entry, &self.user_attribute).0.contains(user) { Ok(entry) } else { Err(Refused::Spelled) }
    }

    /// What is known of a user beside the password.
    async fn found(&self, connection: &mut Connection, entry: &SearchEntry, user: &str) -> Result<Found, Refused> {
        let mut found = Found::default();
        for (attribute, own) in &self.attributes {
            let (values, _) = values(entry, own);
            // No value is as good as none: a row filter with a missing attribute shows no rows.
            if !values.is_empty() {
                found.attributes.insert(attribute.clone(), values);
            }
        }
        match &self.groups {
            None => {}
            Some(Groups::Listed { attribute, base }) => {
                let (listed, more) = values(entry, attribute);
                found.groups = listed.iter().filter_map(|dn| names::below(dn, base)).collect();
                found.more_groups = more;
            }
            Some(Groups::Found { base, filter, name }) => {
                let filter = names::filter(filter, user, Some(&entry.dn));
                let wanted = [name.as_str()];
                let Answer { entries, more } =
                    connection.search(base, Scope::Subtree, &filter, &wanted, MOST_GROUPS).await?;
                found.groups = entries.iter().flat_map(|entry| values(entry, name).0).collect();
                found.more_groups = more;
            }
        }
        Ok(found)
    }
}

/// A connection to a directory.
struct Connection {
    ldap: ldap3::Ldap,
    timeout: Duration,
}

impl Connection {
    /// Whether a password is right. Without one a directory takes everybody for a guest (RFC 4513, 5.1.2), so it is not
    /// asked.
    async fn bind(&mut self, dn: &str, password: &str) -> Result<bool, Refused> {
        if dn.is_empty() || password.is_empty() {
            return Ok(false);
        }
        let code = in_time(self.timeout, self.ldap.simple_bind(dn, password)).await?.rc;
        match code {
            0 => Ok(true),
            code if WRONG.contains(&code) => Ok(false),
            code => Err(Refused::Code(code)),
        }
    }

    /// Makes the connection Sluice's own. The password is read each time, so that a new one counts at once.
    async fn bind_own(&mut self, dn: &str, password_file: &Path) -> Result<(), Refused> {
        let text = tokio::fs::read_to_string(password_file).await;
        let password = own_password(password_file, text).map_err(Refused::Secret)?;
        if self.bind(dn, &password).await? { Ok(()) } else { Err(Refused::Service) }
    }

    /// The entries that a filter finds, up to a number.
    async fn search(
        &mut self,
        base: &str,
        scope: Scope,
        filter: &str,
        wanted: &[&str],
        most: usize,
    ) -> Result<Answer, Refused> {
        let timeout = self.timeout;
        in_time(timeout, async {
            let seconds = i32::try_from(timeout.as_secs().max(1)).unwrap_or(i32::MAX);
            let options = SearchOptions::new().sizelimit(i32::try_from(most).unwrap_or(i32::MAX)).timelimit(seconds);
            let mut stream =
                self.ldap.with_search_options(options).streaming_search(base, scope, filter, wanted.to_vec()).await?;
            let mut answer = Answer { entries: Vec::new(), more: false };
            while let Some(entry) = stream.next().await? {
                if entry.is_intermediate() {
                    continue;
                }
                if entry.is_ref() || answer.entries.len() == most {
                    answer.more = true;
                } else {
                    answer.entries.push(SearchEntry::construct(entry));
                }
            }
            let code = stream.finish().await.rc;
            answer.more |= code == SIZE_LIMIT;
            Ok(if matches!(code, 0 | SIZE_LIMIT | NO_SUCH) { Ok(answer) } else { Err(Refused::Code(code)) })
        })
        .await?
    }
}

/// Sluice's own password in what was read of a file, or what is wrong with the file.
fn own_password(path: &Path, read: std::io::Result<String>) -> Result<Zeroizing<String>, String> {
    let text = Zeroizing::new(read.map_err(|error| format!("{}: {error}", path.display()))?);
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("{}: has no password in it", path.display())),
        password => Ok(Zeroizing::new(password.to_owned())),
    }
}

/// An answer, if it comes in time.
async fn in_time<T>(timeout: Duration, asking: impl Future<Output = Result<T, LdapError>>) -> Result<T, Refused> {
    tokio::time::timeout(timeout, asking).await.unwrap_or_else(|elapsed| Err(elapsed.into())).map_err(refused)
}

fn refused(error: LdapError) -> Refused {
    match error {
        LdapError::Timeout { .. } => Refused::Late,
        LdapError::LdapResult { result } => Refused::Code(result.rc),
        error => Refused::Unreachable(error.to_string()),
    }
}

/// The texts of an attribute, by its name in any case, without those in a language of their own; and whether the directory has more of them than it gave.
fn values(entry: &SearchEntry, attribute: &str) -> (BTreeSet<String>, bool) {
    let mut found = BTreeSet::new();
    let mut more = false;
    for (name, values) in &entry.attrs {
        let (name, option) = name.split_once(';').unwrap_or((name, ""));
        // Active Directory gives long lists in parts.
        let part = option.to_ascii_lowercase().starts_with("range=");
        if name.eq_ignore_ascii_case(attribute) && (option.is_empty() || part) {
            more |= part;
            found.extend(values.iter().cloned());
        }
    }
    (found, more)
}
