//! Signatures by keys of SSH (<https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig>), and the file
//! that names who may sign, `allowed_signers` (ssh-keygen(1)).
//!
//! An option that is not known here refuses the whole file: leaving it out could take in more than was meant.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::{HashAlg, PublicKey, SshSig};

/// What Git signs for.
const NAMESPACE: &str = "git";

/// Those who may sign.
#[derive(Debug)]
pub(super) struct AllowedSigners(Vec<Signer>);

#[derive(Debug)]
struct Signer {
    key: PublicKey,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl AllowedSigners {
    /// Reads the file.
    pub(super) fn parse(text: &str) -> Result<AllowedSigners, String> {
        let mut signers = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                signers.extend(signer(line).map_err(|reason| format!("line {number}: {reason}"))?);
            }
        }
        if signers.is_empty() { Err("names nobody who may sign".to_owned()) } else { Ok(AllowedSigners(signers)) }
    }

    /// Whether one of them signed.
    pub(super) fn check(&self, signature: &str, signed: &[u8], now: Timestamp) -> Result<(), String> {
        let signature = SshSig::from_pem(signature).map_err(|error| format!("its signature can't be read: {error}"))?;
        let signer = self
            .0
            .iter()
            .filter(|signer| signer.key.key_data() == signature.public_key())
            .max_by_key(|signer| signer.holds(now))
            .ok_or_else(|| {
                let print = signature.public_key().fingerprint(HashAlg::Sha256);
                format!("it is signed by the key {print}, which is not allowed to sign")
            })?;
        if !signer.holds(now) {
            return Err("it is signed by a key whose time to sign is not now".to_owned());
        }
        let wrong = |error| format!("its signature is wrong: {error}");
        signer.key.verify(NAMESPACE, signed, &signature).map_err(wrong)
    }
}

impl Signer {
    fn holds(&self, now: Timestamp) -> bool {
        self.after.is_none_or(|after| after <= now) && self.before.is_none_or(|before| now < before)
    }
}

/// The signer of a line: principals, options, type and key. `None` for one who signs nothing of Git's.
fn signer(line: &str) -> Result<Option<Signer>, String> {
    let (_principals, mut rest) = word(line);
    let mut signer = (None, None);
    let mut for_git = true;
    let first = word(rest).0;
    if !is_key_type(first) {
        rest = rest.trim_start().strip_prefix(first).unwrap_or_default();
        for option in split_options(first) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = value.trim_matches('"');
            match name.to_ascii_lowercase().as_str() {
                "namespaces" => for_git = value.split(',').any(|namespace| namespace == NAMESPACE),
                "valid-after" => signer.0 = Some(time(value)?),
                "valid-before" => signer.1 = Some(time(value)?),
                other => return Err(format!("the option `{other}` is not supported")),
            }
        }
    }
    let key = PublicKey::from_openssh(rest.trim()).map_err(|error| format!("the key can't be read: {error}"))?;
    let (after, before) = signer;
    Ok(for_git.then_some(Signer { key, after, before }))
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| word.starts_with(prefix))
}

/// The first word, in which quoted spaces may stand, and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && c.is_whitespace()
    });
    text.split_at_checked(end.map_or(text.len(), |(at, _)| at)).unwrap_or((text, ""))
}

/// Options, cut at commas that are not quoted.
fn split_options(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        !quoted && c == ','
    })
    .collect()
}

/// `YYYYMMDD[HHMM[SS]]`, in UTC with a `Z` behind it, else in the machine's time zone.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time such as 20260131 or 202601311200Z");
    let (digits, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, TimeZone::UTC),
        None => (text, TimeZone::system()),
    };
    let full = match digits.len() {
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        _ => digits.to_owned(),
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", full).map_err(|_| wrong())?;
    Ok(zone.to_zoned(time).map_err(|_| wrong())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAJAdqUeOuyXwvb0yNBgYqyBRTmyRBYDIMvVfhtAmEqR me@here";

    #[test]
    fn lines_are_read_with_their_options() {
        let text = format!(
            "# who may sign\n\nanna@x,\"b c@x\" {KEY}\n* namespaces=\"file,git\",valid-after=\"20260101Z\" {KEY}\n\
             * namespaces=\"file\" {KEY}\n"
        );
        let signers = AllowedSigners::parse(&text).unwrap();
        assert_eq!(signers.0.len(), 2);
        assert_eq!(signers.0[1].after.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert!(!signers.0[1].holds(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn what_is_not_understood_refuses_the_file() {
        for (wrong, said) in [
            (format!("* cert-authority {KEY}"), "line 1: the option `cert-authority` is not supported"),
            (format!("\n* valid-before=tomorrow {KEY}"), "line 2: `tomorrow` is no time"),
            ("* ssh-ed25519 AAAA".to_owned(), "line 1: the key can't be read"),
            ("# nobody".to_owned(), "names nobody who may sign"),
        ] {
            let error = AllowedSigners::parse(&wrong).unwrap_err();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }
}
