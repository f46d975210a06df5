//! Signatures by keys of OpenPGP (RFC 9580), as `git commit -S` makes them with GnuPG.
//!
//! A key counts while it is neither expired nor revoked, and if its own signatures say that it signs. The file holds keys
//! of people who are trusted; no web of trust is asked.

use jiff::Timestamp;
use pgp::composed::{Deserializable, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey, Signature, SignatureType};
use pgp::types::KeyDetails;

/// Hashes that nobody can make two texts for.
const HASHES: [HashAlgorithm; 5] = [
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha3_256,
    HashAlgorithm::Sha3_512,
];

/// Those who may sign.
#[derive(Debug)]
pub(super) struct OpenPgpKeys(Vec<Key>);

#[derive(Debug)]
struct Key {
    signing: Signing,
    /// In seconds of Unix time.
    expires: Option<i64>,
}

#[derive(Debug)]
enum Signing {
    Primary(PublicKey),
    Sub(PublicSubkey),
}

impl OpenPgpKeys {
    /// Reads armored keys.
    pub(super) fn parse(text: &str) -> Result<OpenPgpKeys, String> {
        let unreadable = |error| format!("the keys can't be read: {error}");
        let mut keys = Vec::new();
        for block in text.split_inclusive("-----END PGP PUBLIC KEY BLOCK-----").filter(|block| block.contains("BEGIN"))
        {
            let (found, _) = SignedPublicKey::from_armor_many(block.as_bytes()).map_err(unreadable)?;
            for key in found {
                usable(&key.map_err(unreadable)?, &mut keys)?;
            }
        }
        if keys.is_empty() { Err("holds no key that signs".to_owned()) } else { Ok(OpenPgpKeys(keys)) }
    }

    /// Whether one of them signed.
    pub(super) fn check(&self, signature: &str, signed: &[u8], now: Timestamp) -> Result<(), String> {
        let (signature, _) = DetachedSignature::from_armor_single(signature.as_bytes())
            .map_err(|error| format!("its signature can't be read: {error}"))?;
        let made = &signature.signature;
        if made.typ() != Some(SignatureType::Binary) || !made.hash_alg().is_some_and(|hash| HASHES.contains(&hash)) {
            return Err("its signature is of a kind that is not taken".to_owned());
        }
        let from = made.created().map_or(i64::MAX, |time| i64::from(time.as_secs()));
        let lasts = made.signature_expiration_time().map(|lasts| i64::from(lasts.as_secs())).filter(|lasts| *lasts > 0);
        if lasts.is_some_and(|lasts| from.saturating_add(lasts) <= now.as_second()) {
            return Err("its signature has expired".to_owned());
        }
        let signer = self.0.iter().find(|key| match &key.signing {
            Signing::Primary(key) => signature.verify(key, signed).is_ok(),
            Signing::Sub(key) => signature.verify(key, signed).is_ok(),
        });
        match signer {
            None => Err("it is signed by no key that is allowed to sign, or its signature is wrong".to_owned()),
            Some(key) if key.expires.is_some_and(|expires| expires <= now.as_second()) => {
                Err("it is signed by a key that has expired".to_owned())
            }
            Some(_) => Ok(()),
        }
    }
}

/// The parts of a key that sign, with the end of their time. The key's own signatures are checked first.
fn usable(key: &SignedPublicKey, keys: &mut Vec<Key>) -> Result<(), String> {
    let name = format!("{:?}", key.primary_key.fingerprint());
    key.verify_bindings().map_err(|error| format!("{name}: its own signatures are wrong: {error}"))?;
    if !key.details.revocation_signatures.is_empty() {
        return Err(format!("{name}: is revoked"));
    }
    let own = key.details.users.iter().flat_map(|user| &user.signatures).chain(&key.details.direct_signatures);
    let newest = own.filter(|made| made.typ() != Some(SignatureType::CertRevocation)).max_by_key(|made| created(made));
    let newest = newest.ok_or_else(|| format!("{name}: has no signature of its own"))?;
    let whole = expiry(i64::from(key.primary_key.created_at().as_secs()), newest);
    if newest.key_flags().sign() {
        keys.push(Key { signing: Signing::Primary(key.primary_key.clone()), expires: whole });
    }
    for sub in &key.public_subkeys {
        if let Some(binding) = binding(sub) {
            let own = expiry(i64::from(sub.key.created_at().as_secs()), binding);
            let expires = own.into_iter().chain(whole).min();
            keys.push(Key { signing: Signing::Sub(sub.key.clone()), expires });
        }
    }
    Ok(())
}

/// The signature that makes a sub-key one that signs; `None` for one that does not, or that is revoked.
fn binding(sub: &SignedPublicSubKey) -> Option<&Signature> {
    let revoked = sub.signatures.iter().any(|made| made.typ() == Some(SignatureType::SubkeyRevocation));
    let newest = sub.signatures.iter().max_by_key(|made| created(made))?;
    (!revoked && newest.key_flags().sign()).then_some(newest)
}

fn created(made: &Signature) -> Option<u32> {
    made.created().map(|time| time.as_secs())
}

fn expiry(born: i64, made: &Signature) -> Option<i64> {
    made.key_expiration_time()
        .map(|lasts| i64::from(lasts.as_secs()))
        .filter(|lasts| *lasts > 0)
        .map(|lasts| born + lasts)
}
