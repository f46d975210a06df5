//! The two halves of a log-in's address: the id by which a client polls, and the ticket that its browser opens.
//!
//! Both say when the log-in is over and are signed, so nothing has to be remembered of a log-in that nobody goes on with.
//! The ticket holds the id's SHA-256: who sees what a browser does can't poll.

use super::Wrong;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

const TIME: usize = 8;
const TAG: usize = 16;
const HALF: usize = 32;

/// The SHA-256 of an id.
pub(super) type Hash = [u8; HALF];

/// Makes and reads addresses of this replica.
pub(super) struct Addresses {
    replica: Option<String>,
    key: Hmac<Sha256>,
}

/// A log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its id's hash.
    pub(super) hash: Hash,
    /// When it is over, in seconds since 1970.
    pub(super) until: i64,
}

/// Which half.
#[derive(Clone, Copy)]
enum Half {
    Id,
    Ticket,
}

impl Addresses {
    /// `None`, if the secret can't be a key.
    pub(super) fn new(secret: &[u8], replica: Option<String>) -> Option<Addresses> {
        Hmac::new_from_slice(secret).ok().map(|key| Addresses { replica, key })
    }

    /// The id and the ticket of a new log-in; `None` if there are no random bytes.
    pub(super) fn fresh(&self, until: i64) -> Option<(String, String, Named)> {
        let mut chance = [0; HALF];
        getrandom::fill(&mut chance).ok()?;
        let named = Named { hash: Sha256::digest(chance).into(), until };
        Some((self.write(Half::Id, &chance, until), self.write(Half::Ticket, &named.hash, until), named))
    }

    /// The log-in of an id.
    pub(super) fn of_id(&self, id: &str, now: i64) -> Result<Named, Wrong> {
        let (chance, until) = self.read(Half::Id, id, now)?;
        Ok(Named { hash: Sha256::digest(chance).into(), until })
    }

    /// The log-in of a ticket.
    pub(super) fn of_ticket(&self, ticket: &str, now: i64) -> Result<Named, Wrong> {
        let (hash, until) = self.read(Half::Ticket, ticket, now)?;
        Ok(Named { hash, until })
    }

    /// A text behind this replica's name.
    pub(super) fn mine(&self, text: &str) -> String {
        self.replica.as_ref().map_or_else(|| text.to_owned(), |name| format!("{name}.{text}"))
    }

    /// What stands behind this replica's name.
    pub(super) fn without_name<'a>(&self, text: &'a str) -> Result<&'a str, Wrong> {
        match (text.split_once('.'), &self.replica) {
            (None, None) => Ok(text),
            (Some((name, rest)), Some(replica)) if name == replica => Ok(rest),
            _ => Err(Wrong::Elsewhere),
        }
    }

    fn write(&self, half: Half, bytes: &Hash, until: i64) -> String {
        let mut all = until.to_be_bytes().to_vec();
        all.extend(bytes);
        let tag = self.mac(half, &all).finalize().into_bytes();
        all.extend(tag.iter().take(TAG));
        self.mine(&URL_SAFE_NO_PAD.encode(all))
    }

    fn read(&self, half: Half, text: &str, now: i64) -> Result<(Hash, i64), Wrong> {
        let bytes = URL_SAFE_NO_PAD.decode(self.without_name(text)?).map_err(|_| Wrong::Unknown)?;
        let (said, tag) = bytes.split_at_checked(TIME + HALF).ok_or(Wrong::Unknown)?;
        if tag.len() != TAG {
            return Err(Wrong::Unknown);
        }
        self.mac(half, said).verify_truncated_left(tag).map_err(|_| Wrong::Unknown)?;
        let (time, half) = said.split_at_checked(TIME).ok_or(Wrong::Unknown)?;
        let until = i64::from_be_bytes(time.try_into().map_err(|_| Wrong::Unknown)?);
        if now >= until {
            return Err(Wrong::Over);
        }
        Ok((half.try_into().map_err(|_| Wrong::Unknown)?, until))
    }

    fn mac(&self, half: Half, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(match half {
            Half::Id => b"sluice log-in id v1",
            Half::Ticket => b"sluice log-in ticket v1",
        });
        mac.update(said);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(replica: Option<&str>) -> Addresses {
        Addresses::new(&[7; 32], replica.map(str::to_owned)).unwrap()
    }

    #[test]
    fn an_id_and_its_ticket_name_one_log_in_until_it_is_over() {
        let one = addresses(None);
        let (id, ticket, named) = one.fresh(100).unwrap();
        assert_eq!(one.of_id(&id, 99), Ok(named));
        assert_eq!(one.of_ticket(&ticket, 99), Ok(named));
        assert_eq!(one.of_id(&id, 100), Err(Wrong::Over));
        assert_eq!(one.of_ticket(&ticket, 100), Err(Wrong::Over));
    }

    #[test]
    fn neither_half_can_be_made_changed_or_used_for_the_other() {
        let one = addresses(None);
        let (id, ticket, _) = one.fresh(100).unwrap();
        for made_up in [ticket.as_str(), "", "AAAA", id.get(1..).unwrap(), &format!("{id}AA"), &"A".repeat(id.len())] {
            assert_eq!(one.of_id(made_up, 0), Err(Wrong::Unknown), "{made_up}");
        }
        assert_eq!(one.of_ticket(&id, 0), Err(Wrong::Unknown));
        for text in [&id, &ticket] {
            let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut forged = bytes.clone();
                forged[bit / 8] ^= 1 << (bit % 8);
                let forged = URL_SAFE_NO_PAD.encode(forged);
                assert_eq!(one.of_id(&forged, 0), Err(Wrong::Unknown));
                assert_eq!(one.of_ticket(&forged, 0), Err(Wrong::Unknown));
            }
        }
    }

    #[test]
    fn a_replica_knows_what_another_began() {
        let (one, other) = (addresses(Some("one")), addresses(Some("other")));
        let (id, ticket, named) = one.fresh(100).unwrap();
        assert!(id.starts_with("one.") && ticket.starts_with("one."));
        assert_eq!(one.of_id(&id, 0), Ok(named));
        assert_eq!(other.of_id(&id, 0), Err(Wrong::Elsewhere));
        assert_eq!(other.of_ticket(&ticket, 0), Err(Wrong::Elsewhere));
        assert_eq!(addresses(None).of_id(&id, 0), Err(Wrong::Elsewhere));
    }
}
