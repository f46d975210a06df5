//! Tokens of services, against a file of their hashes: `Authorization: Bearer …`, where the token is no JWT.
//!
//! The hash is SHA-256, in hex. A token is long and made by chance, so a fast hash keeps it as well as a slow one, and
//! looking for it takes as long for a wrong one as for a right one. A user may have several lines: the old token and the
//! new one, while a service changes over.

use super::authorization::credentials;
use super::user_file::{self, UserFileError};
use super::{Asking, Identify, Identifying, Principal, Proof, Unidentified};
use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Shortest token: 128 bits in hex.
const SHORTEST: usize = 32;
/// Longest token.
const LONGEST: usize = 512;

/// Users by the hashes of their tokens.
type Users = HashMap<[u8; 32], String>;

/// The tokens of a file.
pub struct ServiceTokens {
    path: PathBuf,
    users: ArcSwap<Users>,
}

impl std::fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceTokens").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ServiceTokens {
    /// Reads the file.
    ///
    /// # Errors
    /// [`UserFileError`], with the line.
    pub fn open(path: &Path) -> Result<ServiceTokens, UserFileError> {
        let users = ArcSwap::from_pointee(parse(&user_file::read(path)?, path)?);
        Ok(ServiceTokens { path: path.to_owned(), users })
    }

    /// Follows changes of the file until `cancel`. A broken file does not replace a good one.
    pub async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        user_file::follow(&self.path, cancel, || self.reload()).await;
    }

    /// Reads the file again.
    pub fn reload(&self) {
        match user_file::read(&self.path).and_then(|text| parse(&text, &self.path)) {
            Ok(users) => {
                self.users.store(Arc::new(users));
                tracing::info!(file = %self.path.display(), "service tokens were read again");
            }
            Err(error) => tracing::error!(%error, "the token file is broken; the tokens read before stay"),
        }
    }

    /// Whether a token is one of these.
    pub(super) fn know(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(token).into();
        (SHORTEST..=LONGEST).contains(&token.len()) && self.users.load().contains_key(&hash)
    }

    fn find(&self, asking: Asking<'_>) -> Result<Option<Principal>, Unidentified> {
        let Some(token) = credentials(asking.headers, "bearer")? else {
            return Ok(None);
        };
        if !(SHORTEST..=LONGEST).contains(&token.len()) {
            return Ok(None);
        }
        let hash: [u8; 32] = Sha256::digest(token).into();
        let user = self.users.load().get(&hash).cloned();
        Ok(user.map(|user| Principal::new(user, Proof::ServiceToken)))
    }
}

fn parse(text: &str, path: &Path) -> Result<Users, UserFileError> {
    let mut users = Users::new();
    user_file::each(text, path, |user, hash| {
        let hash = bytes(hash).ok_or("no SHA-256 of a token: 64 hexadecimal digits")?;
        // A digest that everybody can find: of no token at all.
        if hash == <[u8; 32]>::from(Sha256::digest("")) {
            return Err("the hash of an empty token");
        }
        match users.insert(hash, user.to_owned()) {
            None => Ok(()),
            Some(_) => Err("this token has a line already"),
        }
    })?;
    Ok(users)
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

impl Identify for ServiceTokens {
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a> {
        Box::pin(async move { self.find(asking) })
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Bearer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use http::header::AUTHORIZATION;
    use std::fmt::Write;
    use std::net::IpAddr;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn line(user: &str, token: &str) -> String {
        let mut line = format!("{user}:");
        Sha256::digest(token).iter().for_each(|byte| write!(line, "{byte:02x}").unwrap());
        line
    }

    fn asked(tokens: &ServiceTokens, values: &[&str]) -> Result<Option<String>, Unidentified> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let found = tokens.find(Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None });
        found.map(|found| found.map(|principal| principal.name))
    }

    #[test]
    fn a_token_is_its_services() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let new = TOKEN.replace('0', "f");
        std::fs::write(
            &path,
            format!("# two for the time of the change\n{}\n{}\n", line("etl", TOKEN), line("etl", &new)),
        )
        .unwrap();
        let tokens = ServiceTokens::open(&path).unwrap();
        for token in [TOKEN, &new] {
            assert_eq!(asked(&tokens, &[&format!("Bearer {token}")]), Ok(Some("etl".to_owned())));
        }
        let hash = line("", TOKEN).replace(':', "");
        for other in [String::new(), "x".to_owned(), TOKEN.to_uppercase(), format!("{TOKEN}0"), hash] {
            assert_eq!(asked(&tokens, &[&format!("Bearer {other}")]), Ok(None), "{other}");
        }
        assert_eq!(asked(&tokens, &[]), Ok(None));
        assert_eq!(asked(&tokens, &[&format!("Basic {TOKEN}")]), Ok(None));
        let twice = format!("Bearer {TOKEN}");
        assert_eq!(asked(&tokens, &[&twice, &twice]), Err(Unidentified::Wrong));
    }

    #[test]
    fn a_token_that_was_taken_back_is_refused_and_a_broken_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, line("etl", TOKEN)).unwrap();
        let tokens = ServiceTokens::open(&path).unwrap();
        std::fs::write(&path, "etl:plain").unwrap();
        tokens.reload();
        assert_eq!(asked(&tokens, &[&format!("Bearer {TOKEN}")]), Ok(Some("etl".to_owned())));
        std::fs::write(&path, line("etl", &TOKEN.replace('0', "f"))).unwrap();
        tokens.reload();
        assert_eq!(asked(&tokens, &[&format!("Bearer {TOKEN}")]), Ok(None));
    }

    #[test]
    fn a_line_that_is_no_hash_is_refused_with_its_number() {
        let right = line("etl", TOKEN);
        for (text, reason) in [
            (String::new(), "there is no user"),
            ("etl".to_owned(), ":1: not of the form user:hash"),
            (format!("\n\n:{}", "0".repeat(64)), ":3: no user in front"),
            (format!("etl:{TOKEN}"), ":1: no SHA-256 of a token"),
            (format!("etl:{}", "g".repeat(64)), ":1: no SHA-256 of a token"),
            (line("etl", ""), ":1: the hash of an empty token"),
            (format!("{right}\n{}", right.replace("etl", "other")), ":2: this token has a line already"),
        ] {
            let error = parse(&text, Path::new("tokens")).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
