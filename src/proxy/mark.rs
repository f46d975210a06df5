//! The mark that makes a page its owner's, so that no replica has to remember who started a query.
//!
//! `nextUri` carries `?sluice=MARK`. A mark is what is known of the query (flags, the decision's id, the cluster that has
//! it) and a MAC over that and over the principal, the effective user and the query's id. Only who started the query can use it, only for that
//! query, and what it says of the query can be believed.

use super::query_id::QueryId;
use super::routes::cut;
use crate::config::cluster_id::{self, ClusterId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

const TAG: usize = 16;
/// Flags and the decision's id.
const SAID: usize = 1 + 16;
/// The longest mark, with a cluster's id.
const LENGTH: usize = SAID + cluster_id::BYTES + TAG;
const RESTRICTED: u8 = 1;
const REWRITTEN: u8 = 2;
const REDEFINES: u8 = 4;
const UNRESOLVED: u8 = 8;
const BY_ADDRESS: u8 = 16;
/// In front of what is sealed, where a mark has its flags: neither can be taken for the other.
const SEALED: u8 = 0x80;

/// What a mark says of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Whether a mask, a filter or a narrowing applies: texts of Trino's errors may quote what is hidden.
    pub(crate) restricted: bool,
    /// Whether Trino has another text than the user: places in its errors are not places in the user's.
    pub(crate) rewritten: bool,
    /// Whether what is known of tables may not hold any more once it has run.
    pub(crate) redefines: bool,
    /// Whether it is not known yet that Trino resolved the names in it to what they were proved to be.
    pub(crate) unresolved: bool,
    /// Whether its pages are given without a log-in too, to whoever has their address.
    pub(crate) by_address: bool,
    /// The cluster that has it.
    pub(crate) cluster: ClusterId,
    /// The decision by which it was forwarded.
    pub(crate) decision: Uuid,
}

/// Whose a query is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    /// Who proved to be who.
    pub(crate) principal: String,
    /// As whom the query runs.
    pub(crate) user: String,
}

/// The secret by which marks are made. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct MarkKey(Arc<Hmac<Sha256>>);

impl std::fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkKey")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum MarkKeyError {
    /// The file can't be read.
    #[error("listen.page_key_file {0}: {1}")]
    Read(String, #[source] std::io::Error),
    /// It is too short to be a secret.
    #[error("listen.page_key_file {0}: at least 32 bytes are needed")]
    Short(String),
    /// The operating system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The secret of the file, or without one a new one, which is as good as long as this process lives.
///
/// # Errors
/// [`MarkKeyError`].
pub fn page_key(file: Option<&Path>) -> Result<Vec<u8>, MarkKeyError> {
    let Some(path) = file else {
        let mut secret = vec![0; 32];
        getrandom::fill(&mut secret).map_err(MarkKeyError::Random)?;
        return Ok(secret);
    };
    let name = path.display().to_string();
    let secret = std::fs::read(path).map_err(|error| MarkKeyError::Read(name.clone(), error))?;
    if secret.len() < 32 { Err(MarkKeyError::Short(name)) } else { Ok(secret) }
}

impl MarkKey {
    /// The key of a file, or a new one.
    pub(crate) fn load(file: Option<&Path>) -> Result<MarkKey, MarkKeyError> {
        MarkKey::of(&page_key(file)?)
    }

    /// The key of a secret.
    pub(crate) fn of(secret: &[u8]) -> Result<MarkKey, MarkKeyError> {
        Hmac::new_from_slice(secret).map(Arc::new).map(MarkKey).map_err(|_| MarkKeyError::Short("the key".to_owned()))
    }

    /// The mark of a query.
    pub(crate) fn mark(&self, owner: &Owner, query: &QueryId, facts: &Facts) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        let flags = [
            (facts.restricted, RESTRICTED),
            (facts.rewritten, REWRITTEN),
            (facts.redefines, REDEFINES),
            (facts.unresolved, UNRESOLVED),
            (facts.by_address, BY_ADDRESS),
        ];
        bytes.push(flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag));
        bytes.extend_from_slice(facts.decision.as_bytes());
        bytes.extend_from_slice(facts.cluster.as_bytes());
        let tag = self.mac(owner, query, &bytes).finalize().into_bytes();
        bytes.extend(tag.iter().take(TAG));
        written(&bytes, owner, facts.by_address)
    }

    /// What a mark says, if it was made for this owner and this query.
    pub(crate) fn read(&self, mark: &str, owner: &Owner, query: &QueryId) -> Option<Facts> {
        let said = self.proved(mark, owner, query, |flags| flags & SEALED == 0)?;
        let (known, cluster) = said.split_at_checked(SAID)?;
        let (flags, decision) = known.split_first()?;
        Some(Facts {
            restricted: flags & RESTRICTED != 0,
            rewritten: flags & REWRITTEN != 0,
            redefines: flags & REDEFINES != 0,
            unresolved: flags & UNRESOLVED != 0,
            by_address: flags & BY_ADDRESS != 0,
            cluster: ClusterId::from_bytes(cluster)?,
            decision: Uuid::from_slice(decision).ok()?,
        })
    }

    /// Bytes that only an owner can bring back, and only for a query.
    pub(crate) fn seal(&self, owner: &Owner, query: &QueryId, by_address: bool, said: &[u8]) -> String {
        let mut bytes = vec![SEALED | if by_address { BY_ADDRESS } else { 0 }];
        bytes.extend_from_slice(said);
        let tag = self.mac(owner, query, &bytes).finalize().into_bytes();
        bytes.extend(tag.iter().take(TAG));
        written(&bytes, owner, by_address)
    }

    /// What was sealed for this owner and this query, and whether it is given by its address alone.
    pub(crate) fn open(&self, sealed: &str, owner: &Owner, query: &QueryId) -> Option<(bool, Vec<u8>)> {
        let said = self.proved(sealed, owner, query, |flags| flags & SEALED != 0)?;
        let (flags, said) = said.split_first()?;
        Some((flags & BY_ADDRESS != 0, said.to_vec()))
    }

    /// What a text says that was written here for this owner and this query, to the letter. `kind` tells by its flags whether
    /// it is looked for, before it is proved.
    fn proved(&self, text: &str, owner: &Owner, query: &QueryId, kind: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(without_owner(text)).ok()?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let flags = said.first().copied().filter(|flags| kind(*flags))?;
        self.mac(owner, query, said).verify_truncated_left(tag).ok()?;
        if written(&bytes, owner, flags & BY_ADDRESS != 0) != text {
            return None;
        }
        bytes.truncate(bytes.len() - TAG);
        Some(bytes)
    }

    /// Each part with its length in front, so that no two lists of parts look alike.
    fn mac(&self, owner: &Owner, query: &QueryId, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::clone(&self.0);
        for part in [owner.principal.as_bytes(), owner.user.as_bytes(), query.as_str().as_bytes(), said] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// What stands in an address. The owner's names stand behind what the address alone has to tell.
fn written(bytes: &[u8], owner: &Owner, by_address: bool) -> String {
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    if by_address {
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(format!("{}\0{}", owner.principal, owner.user), &mut text);
    }
    text
}

fn without_owner(mark: &str) -> &str {
    cut(mark, b'.').map_or(mark, |(mark, _)| mark)
}

/// Whose a mark says it is. Nothing proves it before the mark is read for that owner.
pub(crate) fn named_owner(mark: &str) -> Option<Owner> {
    let (_, owner) = cut(mark, b'.')?;
    let names = String::from_utf8(URL_SAFE_NO_PAD.decode(owner).ok()?).ok()?;
    let (principal, user) = names.split_once('\0')?;
    Some(Owner { principal: principal.to_owned(), user: user.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(principal: &str, user: &str) -> Owner {
        Owner { principal: principal.to_owned(), user: user.to_owned() }
    }

    fn query(id: &str) -> QueryId {
        QueryId::parse(id).unwrap()
    }

    fn facts() -> Facts {
        Facts {
            restricted: true,
            rewritten: false,
            redefines: true,
            unresolved: true,
            by_address: false,
            cluster: ClusterId::of("adhoc"),
            decision: Uuid::from_u128(7),
        }
    }

    #[test]
    fn a_mark_tells_its_owner_what_was_put_in() {
        let key = MarkKey::load(None).unwrap();
        let mark = key.mark(&owner("anna", "anna"), &query("q_1"), &facts());
        assert_eq!(key.read(&mark, &owner("anna", "anna"), &query("q_1")), Some(facts()));
    }

    #[test]
    fn a_mark_is_no_use_to_anyone_else_or_for_another_query() {
        let key = MarkKey::load(None).unwrap();
        let mark = key.mark(&owner("anna", "ann"), &query("q_1"), &facts());
        for (principal, user, id) in
            [("bob", "ann", "q_1"), ("anna", "bob", "q_1"), ("anna", "ann", "q_2"), ("annaann", "", "q_1")]
        {
            assert_eq!(key.read(&mark, &owner(principal, user), &query(id)), None);
        }
        assert_eq!(MarkKey::load(None).unwrap().read(&mark, &owner("anna", "ann"), &query("q_1")), None);
    }

    #[test]
    fn no_bit_of_a_mark_can_be_changed() {
        let key = MarkKey::load(None).unwrap();
        let mark = key.mark(&owner("anna", "anna"), &query("q_1"), &facts());
        let bytes = URL_SAFE_NO_PAD.decode(&mark).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = URL_SAFE_NO_PAD.encode(forged);
            assert_eq!(key.read(&forged, &owner("anna", "anna"), &query("q_1")), None, "bit {bit}");
        }
        for short in ["", "AA", mark.get(..mark.len() - 1).unwrap()] {
            assert_eq!(key.read(short, &owner("anna", "anna"), &query("q_1")), None);
        }
    }

    #[test]
    fn what_is_sealed_comes_back_to_its_owner_for_its_query_alone() {
        let key = MarkKey::load(None).unwrap();
        let sealed = key.seal(&owner("anna", "ann"), &query("q_1"), false, b"said");
        assert_eq!(key.open(&sealed, &owner("anna", "ann"), &query("q_1")), Some((false, b"said".to_vec())));
        for (principal, user, id) in
            [("bob", "ann", "q_1"), ("anna", "bob", "q_1"), ("anna", "ann", "q_2"), ("annaann", "", "q_1")]
        {
            assert_eq!(key.open(&sealed, &owner(principal, user), &query(id)), None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = URL_SAFE_NO_PAD.encode(forged);
            assert_eq!(key.open(&forged, &owner("anna", "ann"), &query("q_1")), None, "bit {bit}");
        }
        for short in ["", "AA"] {
            assert_eq!(key.open(short, &owner("anna", "ann"), &query("q_1")), None);
        }
    }

    #[test]
    fn a_mark_leads_to_the_cluster_that_has_the_query() {
        let (key, anna, id) = (MarkKey::load(None).unwrap(), owner("anna", "anna"), query("q_1"));
        let of = |name: &str| Facts { cluster: ClusterId::of(name), ..facts() };
        for name in ["adhoc", "etl", "upstream"] {
            assert_eq!(key.read(&key.mark(&anna, &id, &of(name)), &anna, &id), Some(of(name)));
        }
        // One that names another cluster, or none, is not one that Sluice has made.
        let bytes = URL_SAFE_NO_PAD.decode(key.mark(&anna, &id, &of("adhoc"))).unwrap();
        let (said, tag) = bytes.split_at(bytes.len() - TAG);
        for cluster in [ClusterId::of("etl"), ClusterId::UPSTREAM] {
            let forged = [said.get(..SAID).unwrap(), cluster.as_bytes(), tag].concat();
            assert_eq!(key.read(&URL_SAFE_NO_PAD.encode(forged), &anna, &id), None);
        }
    }

    /// As Sluice made them before there were several clusters, and makes them where there is one.
    #[test]
    fn a_mark_without_a_cluster_is_of_the_one_upstream() {
        let (key, anna, id) = (MarkKey::of(&[7; 32]).unwrap(), owner("anna", "anna"), query("q_1"));
        let mark = "DQAAAAAAAAAAAAAAAAAAAAe4ZmElPu6luUU1cfPdzBX5";
        assert_eq!(key.read(mark, &anna, &id), Some(Facts { cluster: ClusterId::UPSTREAM, ..facts() }));
        assert_eq!(key.mark(&anna, &id, &Facts { cluster: ClusterId::UPSTREAM, ..facts() }), mark);
    }

    #[test]
    fn an_address_tells_its_owner_where_it_stands_for_a_log_in() {
        let (key, anna, id) = (MarkKey::load(None).unwrap(), owner("anna", "ann"), query("q_1"));
        let told = Facts { by_address: true, ..facts() };
        let mark = key.mark(&anna, &id, &told);
        assert_eq!(named_owner(&mark), Some(anna.clone()));
        assert_eq!(key.read(&mark, &anna, &id), Some(told));
        let sealed = key.seal(&anna, &id, true, b"said");
        assert_eq!(named_owner(&sealed), Some(anna.clone()));
        assert_eq!(key.open(&sealed, &anna, &id), Some((true, b"said".to_vec())));
        // Whoever has the address of another query can't make it one that stands for a log-in.
        let other = key.mark(&anna, &id, &facts());
        let made = format!("{other}.{}", mark.split_once('.').unwrap().1);
        assert_eq!((named_owner(&other), named_owner(&made)), (None, Some(anna.clone())));
        assert_eq!(key.read(&made, &anna, &id), None);
        // What was not made here is none, though its front is.
        for more in [".", ".x", ".AAAA"] {
            assert_eq!(key.read(&format!("{other}{more}"), &anna, &id), None, "{more}");
            assert_eq!(key.read(&format!("{mark}{more}"), &anna, &id), None, "{more}");
            assert_eq!(key.open(&format!("{sealed}{more}"), &anna, &id), None, "{more}");
        }
        assert_eq!(key.read(mark.split_once('.').unwrap().0, &anna, &id), None);
        assert_eq!(named_owner("a.b\u{e9}"), None);
    }

    #[test]
    fn a_mark_and_what_is_sealed_are_not_taken_for_each_other() {
        let (key, anna) = (MarkKey::load(None).unwrap(), owner("anna", "anna"));
        let mark = key.mark(&anna, &query("q_1"), &facts());
        assert_eq!(key.open(&mark, &anna, &query("q_1")), None);
        let sealed = key.seal(&anna, &query("q_1"), false, &[0; 20]);
        assert_eq!(sealed.len(), mark.len());
        assert_eq!(key.read(&sealed, &anna, &query("q_1")), None);
    }

    #[test]
    fn a_short_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(MarkKey::load(Some(&path)), Err(MarkKeyError::Short(_))));
        std::fs::write(&path, [7; 32]).unwrap();
        let (one, other) = (MarkKey::load(Some(&path)).unwrap(), MarkKey::load(Some(&path)).unwrap());
        let mark = one.mark(&owner("a", "a"), &query("q"), &facts());
        assert_eq!(other.read(&mark, &owner("a", "a"), &query("q")), Some(facts()));
    }
}
