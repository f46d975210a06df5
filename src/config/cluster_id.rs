//! What a mark calls a cluster, so that every replica leads a query's pages to the cluster that has it.
//!
//! It is made from the cluster's name alone, so it is the same at each replica and after each start, whatever other
//! clusters there are. Two names of one id are refused in the configuration.

use super::clusters::UPSTREAM;
use sha2::{Digest, Sha256};

/// How long it is in a mark.
pub(crate) const BYTES: usize = 4;

/// The id of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClusterId([u8; BYTES]);

impl ClusterId {
    /// That of the one cluster of `upstream`. A mark leaves it out, as all marks did before there were several clusters.
    pub(crate) const UPSTREAM: ClusterId = ClusterId([0; BYTES]);

    /// That of a cluster of this name.
    pub(crate) fn of(name: &str) -> ClusterId {
        if name == UPSTREAM {
            return ClusterId::UPSTREAM;
        }
        let mut id = [0; BYTES];
        id.iter_mut().zip(Sha256::digest(name)).for_each(|(byte, hashed)| *byte = hashed);
        ClusterId(id)
    }

    /// What stands in a mark: nothing for the cluster of `upstream`.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        if *self == ClusterId::UPSTREAM { &[] } else { &self.0 }
    }

    /// What a mark says.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<ClusterId> {
        match bytes {
            [] => Some(ClusterId::UPSTREAM),
            bytes => bytes.try_into().ok().map(ClusterId).filter(|id| *id != ClusterId::UPSTREAM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_that_of_the_name_for_good() {
        // Marks of running queries have it, also those that another version of Sluice made.
        assert_eq!(ClusterId::of("adhoc").as_bytes(), [0x3f, 0xcb, 0x85, 0x86]);
        assert_eq!(ClusterId::of(UPSTREAM), ClusterId::UPSTREAM);
        assert_ne!(ClusterId::of("adhoc"), ClusterId::of("etl"));
    }

    #[test]
    fn an_id_is_read_in_one_way() {
        for id in [ClusterId::UPSTREAM, ClusterId::of("adhoc")] {
            assert_eq!(ClusterId::from_bytes(id.as_bytes()), Some(id));
        }
        for wrong in [&[0; BYTES][..], &[1, 2, 3], &[1, 2, 3, 4, 5]] {
            assert_eq!(ClusterId::from_bytes(wrong), None);
        }
    }
}
