//! A file of `user:hash` lines, as `htpasswd -B` writes them.
//!
//! Hashes are of bcrypt (cost 8 to 16) or argon2.

use super::user_file::{self, UserFileError};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use std::collections::HashMap;
use std::path::Path;

/// Least cost of bcrypt, as Trino's own password file asks for.
const LEAST_COST: u32 = 8;
/// Most cost of bcrypt: one more doubles the seconds that a try takes.
const MOST_COST: u32 = 16;
/// Most memory of argon2, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;

/// The hashes by user.
#[derive(Clone, Debug)]
pub(super) struct PasswordFile {
    index: HashMap<String, usize>,
    hashes: Vec<Hash>,
}

/// A hash that has been looked at once.
#[derive(Clone)]
pub(super) enum Hash {
    Bcrypt(String),
    Argon2(String),
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash")
    }
}

impl PasswordFile {
    /// Reads a file.
    pub(super) fn load(path: &Path) -> Result<PasswordFile, UserFileError> {
        PasswordFile::parse(&user_file::read(path)?, path)
    }

    fn parse(text: &str, path: &Path) -> Result<PasswordFile, UserFileError> {
        let mut file = PasswordFile { index: HashMap::new(), hashes: Vec::new() };
        user_file::each(text, path, |user, hash| {
            let hash = Hash::parse(hash)?;
            if file.index.insert(user.to_owned(), file.hashes.len()).is_some() {
                return Err("this user has a line already");
            }
            file.hashes.push(hash);
            Ok(())
        })?;
        Ok(file)
    }

    /// Whether a user is in it.
    pub(super) fn knows(&self, user: &str) -> bool {
        self.index.contains_key(user)
    }

    /// The user's hash, or that of someone else, chosen by `lot`, where there is no such user: trying a password takes
    /// as long for a user that is not there.
    pub(super) fn hash(&self, user: &str, lot: u64) -> (Option<&Hash>, bool) {
        match self.index.get(user) {
            Some(at) => (self.hashes.get(*at), true),
            None => {
                let count = self.hashes.len().max(1) as u64;
                (self.hashes.get((lot % count) as usize), false)
            }
        }
    }
}

impl Hash {
    fn parse(text: &str) -> Result<Hash, &'static str> {
        if text.starts_with("$argon2") {
            let hash = PasswordHash::new(text).map_err(|_| "no hash of argon2")?;
            let memory = hash.params.get_decimal("m").ok_or("no hash of argon2")?;
            if memory > MOST_MEMORY {
                return Err("a hash of argon2 that takes more than 256 MiB");
            }
            return Ok(Hash::Argon2(text.to_owned()));
        }
        if ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            let parts = text.parse::<bcrypt::HashParts>().map_err(|_| "no hash of bcrypt")?;
            return match parts.get_cost() {
                LEAST_COST..=MOST_COST => Ok(Hash::Bcrypt(text.to_owned())),
                _ => Err("a hash of bcrypt whose cost is not from 8 to 16"),
            };
        }
        Err("a hash that is neither of bcrypt ($2y$…) nor of argon2 ($argon2id$…)")
    }

    /// Whether a password leads to the hash. Slow on purpose.
    pub(super) fn fits(&self, password: &str) -> bool {
        match self {
            Hash::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Hash::Argon2(hash) => PasswordHash::new(hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PasswordFile, UserFileError> {
        PasswordFile::parse(text, Path::new("passwords"))
    }

    const ANNA: &str = "$2b$08$lSSmSiwE1lS9dF7fY9h0IuF3qk1m7KzD2g5j5W3f0xJmL5ZVz8e1K";

    #[test]
    fn a_line_that_says_nothing_is_refused_with_its_number() {
        for (text, reason) in [
            ("", "there is no user"),
            ("# only this", "there is no user"),
            ("anna", "not of the form"),
            (":$2b$", "no user in front"),
            ("anna:plain", "neither of bcrypt"),
            ("anna:$2b$04$lSSmSiwE1lS9dF7fY9h0IuF3qk1m7KzD2g5j5W3f0xJmL5ZVz8e1K", "from 8 to 16"),
            ("anna:$2b$31$lSSmSiwE1lS9dF7fY9h0IuF3qk1m7KzD2g5j5W3f0xJmL5ZVz8e1K", "from 8 to 16"),
            ("anna:$2b$08$short", "no hash of bcrypt"),
            (
                "anna:$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g",
                "256 MiB",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let twice = format!("\nanna:{ANNA}\nanna:{ANNA}\n");
        assert!(parse(&twice).unwrap_err().to_string().starts_with("passwords:3: this user has a line"));
    }

    #[test]
    fn passwords_fit_their_own_hashes() {
        let bcrypt = Hash::parse(&bcrypt::hash("secret", 8).unwrap()).unwrap();
        assert!(bcrypt.fits("secret") && !bcrypt.fits("Secret") && !bcrypt.fits(""));
        let salt = argon2::password_hash::SaltString::encode_b64(b"saltsaltsalt").unwrap();
        let params = argon2::Params::new(1024, 1, 1, None).unwrap();
        let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let hash = argon2::PasswordHasher::hash_password(&argon, b"secret", &salt).unwrap().to_string();
        let argon = Hash::parse(&hash).unwrap();
        assert!(argon.fits("secret") && !argon.fits("other"));
    }

    #[test]
    fn an_unknown_user_is_tried_against_the_hash_of_another() {
        let file = parse(&format!("anna:{ANNA}\n")).unwrap();
        assert!(matches!(file.hash("anna", 7), (Some(_), true)));
        assert!(matches!(file.hash("bob", 7), (Some(_), false)));
    }
}
