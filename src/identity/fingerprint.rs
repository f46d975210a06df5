//! What a proved secret is remembered by.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Keyed hashes: of no use without the key, which lives as long as the process.
#[derive(Clone)]
pub(super) struct Fingerprints(Hmac<Sha256>);

impl Fingerprints {
    /// With a new key.
    pub(super) fn new() -> Result<Fingerprints, std::io::Error> {
        let mut secret = [0; 32];
        let key = getrandom::fill(&mut secret).ok().and_then(|()| Hmac::new_from_slice(&secret).ok());
        key.map(Fingerprints).ok_or_else(|| std::io::Error::other("no random bytes"))
    }

    /// Of these parts, in this order.
    pub(super) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
