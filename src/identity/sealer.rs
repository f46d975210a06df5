//! What Sluice gives away and only Sluice can read: AES-256-GCM, under a key that is made anew for each text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::Serialize;
use serde::de::DeserializeOwned;

const SALT: usize = 32;

/// Seals and opens texts of one purpose.
#[derive(Clone)]
pub(crate) struct Sealer {
    secret: Vec<u8>,
    purpose: &'static [u8],
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// By a secret. What is sealed for one purpose can't be opened for another.
    pub(crate) fn new(secret: &[u8], purpose: &'static str) -> Sealer {
        Sealer { secret: secret.to_vec(), purpose: purpose.as_bytes() }
    }

    /// Seals a value; `None` if there are no random bytes.
    pub(crate) fn seal(&self, value: &impl Serialize) -> Option<String> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).ok()?;
        let mut text = serde_json::to_vec(value).ok()?;
        let (key, nonce) = self.key(&salt)?;
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut text).ok()?;
        Some(URL_SAFE_NO_PAD.encode([&salt[..], &text].concat()))
    }

    /// What was sealed; `None` if it was not sealed here, for this purpose.
    pub(crate) fn open<T: DeserializeOwned>(&self, sealed: &str) -> Option<T> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (salt, text) = bytes.split_at_mut_checked(SALT)?;
        let (key, nonce) = self.key(salt)?;
        serde_json::from_slice(key.open_in_place(nonce, Aad::empty(), text).ok()?).ok()
    }

    /// The key of a salt. It seals one text, so one nonce is enough.
    fn key(&self, salt: &[u8]) -> Option<(LessSafeKey, Nonce)> {
        let of_salt = Salt::new(HKDF_SHA256, salt).extract(&self.secret);
        let key = UnboundKey::from(of_salt.expand(&[self.purpose], &AES_256_GCM).ok()?);
        Some((LessSafeKey::new(key), Nonce::assume_unique_for_key([0; 12])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_the_secret_opens_and_only_for_the_same_purpose() {
        let sealer = Sealer::new(&[7; 32], "one");
        let sealed = sealer.seal(&"a text").unwrap();
        assert_eq!(Sealer::new(&[7; 32], "one").open(&sealed), Some("a text".to_owned()));
        assert_eq!(Sealer::new(&[7; 32], "other").open::<String>(&sealed), None);
        assert_eq!(Sealer::new(&[8; 32], "one").open::<String>(&sealed), None);
        assert_ne!(sealer.seal(&"a text").unwrap(), sealed);
        assert!(!sealed.contains('.'));
    }

    #[test]
    fn no_bit_of_it_can_be_changed() {
        let sealer = Sealer::new(&[7; 32], "one");
        let bytes = URL_SAFE_NO_PAD.decode(sealer.seal(&"a text").unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer.open::<String>(&URL_SAFE_NO_PAD.encode(forged)), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(sealer.open::<String>(&URL_SAFE_NO_PAD.encode(&bytes[..length])), None);
        }
    }
}
