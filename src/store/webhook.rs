//! The Git server's call that something was pushed.
//!
//! In: a request's headers and body. Out: whether the caller has the secret. What the body says is not read: the call only
//! makes a look happen now.

use crate::config;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::PathBuf;
use subtle::ConstantTimeEq as _;

/// A shorter secret could be guessed.
const LEAST: usize = 16;

/// Knows the secret.
pub struct Webhook(Vec<u8>);

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The file can't be read.
    #[error("policies.webhook.secret_file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It could be guessed.
    #[error("policies.webhook.secret_file {}: at least {LEAST} bytes are needed", path.display())]
    Short {
        /// The file.
        path: PathBuf,
    },
}

impl Webhook {
    /// Reads the secret. A line end behind it is no part of it.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn load(config: &config::Webhook) -> Result<Webhook, WebhookError> {
        let path = &config.secret_file;
        let mut secret = std::fs::read(path).map_err(|source| WebhookError::Read { path: path.clone(), source })?;
        while secret.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            secret.pop();
        }
        if secret.len() < LEAST { Err(WebhookError::Short { path: path.clone() }) } else { Ok(Webhook(secret)) }
    }

    /// Whether a request was made by who has the secret: GitHub, Gitea and Forgejo sign the body with it
    /// (`X-Hub-Signature-256`, `X-Gitea-Signature`), GitLab sends it (`X-Gitlab-Token`).
    pub fn is_from_server(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(signature) = header("x-hub-signature-256") {
            return signature.strip_prefix("sha256=").is_some_and(|digits| self.signed(digits, body));
        }
        if let Some(digits) = header("x-gitea-signature") {
            return self.signed(digits, body);
        }
        // Hashes are compared, so that not even the secret's length can be measured.
        header("x-gitlab-token")
            .is_some_and(|token| Sha256::digest(token).as_slice().ct_eq(&Sha256::digest(&self.0)).into())
    }

    fn signed(&self, digits: &str, body: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return false };
        mac.update(body);
        unhex(digits).is_some_and(|tag| mac.verify_slice(&tag).is_ok())
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";

    fn webhook() -> Webhook {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, format!("{SECRET}\n")).unwrap();
        Webhook::load(&config::Webhook { secret_file: path }).unwrap()
    }

    fn call(name: &'static str, value: &str, body: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        webhook().is_from_server(&headers, body.as_bytes())
    }

    /// The example of GitHub's documentation ("Validating webhook deliveries").
    const SIGNATURE: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn who_has_the_secret_is_known_in_each_servers_way() {
        assert!(call("x-hub-signature-256", &format!("sha256={SIGNATURE}"), "Hello, World!"));
        assert!(call("x-gitea-signature", SIGNATURE, "Hello, World!"));
        assert!(call("x-gitlab-token", SECRET, "{}"));
    }

    #[test]
    fn nobody_else_is() {
        assert!(!call("x-hub-signature-256", &format!("sha256={SIGNATURE}"), "Hello, World?"));
        assert!(!call("x-hub-signature-256", SIGNATURE, "Hello, World!"));
        assert!(!call("x-hub-signature-256", "sha256=", "Hello, World!"));
        assert!(!call("x-gitea-signature", SIGNATURE.get(..62).unwrap(), "Hello, World!"));
        assert!(!call("x-gitlab-token", "It's a Secret to Everybod", "{}"));
        assert!(!call("x-other", SECRET, "{}"));
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "short\n").unwrap();
        assert!(matches!(Webhook::load(&config::Webhook { secret_file: path }), Err(WebhookError::Short { .. })));
    }
}
