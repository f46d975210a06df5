//! Who signed a commit.
//!
//! In: the files of those who may sign, and a commit as Git keeps it. Out: that one of them signed it, or why
//! not. A commit without a signature, with one that is wrong, or by somebody else is refused; what can't be read is too.

mod openpgp;
mod ssh;

use super::GitError;
use crate::config::Signatures;
use crate::store::hex;
use gix::objs::CommitRefIter;
use openpgp::OpenPgpKeys;
use sha2::{Digest, Sha256};
use ssh::AllowedSigners;
use std::path::Path;

/// Who may sign.
#[derive(Debug)]
pub(super) struct Signers {
    ssh: Option<AllowedSigners>,
    openpgp: Option<OpenPgpKeys>,
    fingerprint: String,
}

impl Signers {
    /// Reads the files of those who may sign.
    ///
    /// # Errors
    /// [`GitError::File`], if one can't be read or names nobody.
    pub(super) fn load(config: &Signatures) -> Result<Signers, GitError> {
        let mut hash = Sha256::new();
        let ssh = config.allowed_signers_file.as_deref();
        let ssh = ssh.map(|path| load(path, &mut hash, AllowedSigners::parse)).transpose()?;
        let openpgp = config.openpgp_keys_file.as_deref();
        let openpgp = openpgp.map(|path| load(path, &mut hash, OpenPgpKeys::parse)).transpose()?;
        Ok(Signers { ssh, openpgp, fingerprint: hex(&hash.finalize()) })
    }

    /// Another one for other files.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Checks a commit, and says why it is not taken.
    pub(super) fn check(&self, commit: &[u8]) -> Result<(), String> {
        let found = CommitRefIter::signature(commit, gix::hash::Kind::Sha1)
            .map_err(|_| "it can't be read".to_owned())?
            .ok_or("it is not signed")?;
        let (signature, signed) = found;
        let (signature, signed) = (signature.to_string(), signed.to_bstring());
        let now = jiff::Timestamp::now();
        if signature.starts_with("-----BEGIN SSH SIGNATURE-----") {
            let signers = self.ssh.as_ref().ok_or("it is signed by SSH, for which no signers are configured")?;
            return signers.check(&signature, &signed, now);
        }
        if signature.starts_with("-----BEGIN PGP SIGNATURE-----") {
            let keys = self.openpgp.as_ref().ok_or("it is signed by OpenPGP, for which no keys are configured")?;
            return keys.check(&signature, &signed, now);
        }
        Err("its signature is neither of SSH nor of OpenPGP".to_owned())
    }
}

fn load<T>(path: &Path, hash: &mut Sha256, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, GitError> {
    let wrong = |reason: String| GitError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(&text);
    parse(&text).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits as git(1) made them with ssh-keygen(1) and gpg(1).
    fn commit(name: &str) -> Vec<u8> {
        std::fs::read(fixture(&format!("{name}.commit"))).unwrap()
    }

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/git/signature/fixtures").join(name)
    }

    fn signers(ssh: Option<&str>, openpgp: Option<&str>) -> Signers {
        let config = Signatures { allowed_signers_file: ssh.map(fixture), openpgp_keys_file: openpgp.map(fixture) };
        Signers::load(&config).unwrap()
    }

    fn both() -> Signers {
        signers(Some("allowed_signers"), Some("openpgp-keys.asc"))
    }

    #[test]
    fn who_may_sign_is_believed() {
        for name in ["ssh", "ssh-ecdsa", "ssh-rsa", "openpgp-good", "openpgp-sub"] {
            assert_eq!(both().check(&commit(name)), Ok(()), "{name}");
        }
    }

    #[test]
    fn nobody_else_is() {
        let refused = |signers: Signers, name: &str| signers.check(&commit(name)).unwrap_err();
        assert_eq!(refused(both(), "unsigned"), "it is not signed");
        assert!(refused(both(), "ssh-other").contains("SHA256:"), "{}", refused(both(), "ssh-other"));
        assert!(refused(both(), "openpgp-other").contains("no key that is allowed to sign"));
        assert!(refused(signers(None, Some("openpgp-keys.asc")), "ssh").contains("no signers are configured"));
        assert!(refused(signers(Some("allowed_signers"), None), "openpgp-good").contains("no keys are configured"));
        let expired = signers(None, Some("openpgp-expired.asc"));
        assert_eq!(refused(expired, "openpgp-expired"), "it is signed by a key that has expired");
    }

    #[test]
    fn a_commit_that_was_changed_after_it_was_signed_is_refused() {
        for name in ["ssh", "ssh-ecdsa", "ssh-rsa", "openpgp-good", "openpgp-sub"] {
            let right = String::from_utf8(commit(name)).unwrap();
            for (old, new) in [("Own the mesh", "Own the mess"), ("tree ", "tree 0"), ("1767323045", "1767323046")] {
                let wrong = right.replace(old, new);
                assert_ne!(wrong, right);
                assert!(both().check(wrong.as_bytes()).is_err(), "{name}: {new}");
            }
        }
    }

    #[test]
    fn files_that_name_nobody_are_refused() {
        for name in ["unsigned.commit", "absent"] {
            let config = Signatures { allowed_signers_file: None, openpgp_keys_file: Some(fixture(name)) };
            assert!(Signers::load(&config).is_err(), "{name}");
        }
    }
}
