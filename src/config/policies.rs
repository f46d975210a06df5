//! Where policies come from: the types of `policies` in `sluice.yaml`, and what they can't say.

use http::Uri;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Where policies come from: one `folder`, or several `sources`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// A folder of YAML and JSON documents, read with its sub-folders and watched.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Folders and Git repositories whose documents make one set together.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// A folder of Sluice's own, in which the last good set is kept for a start without Git.
    #[serde(default)]
    pub state: Option<PathBuf>,
    /// Statements are refused when it was not known for so long that the policies are those of their sources.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub max_staleness: Option<SignedDuration>,
    /// Whether running queries are cancelled that new policies decide about in another way.
    #[serde(default = "yes")]
    pub cancel_running: bool,
    /// A call of the Git server's by which repositories are looked at at once.
    #[serde(default)]
    pub webhook: Option<Webhook>,
}

/// One place that documents come from: `folder` or `git`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is called in messages and in front of its files' paths. Without it, the last part of the folder or URL.
    #[serde(default)]
    pub name: Option<String>,
    /// The only domain that its documents may be of.
    #[serde(default)]
    pub domain: Option<String>,
    /// A folder, watched.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// A Git repository.
    #[serde(default)]
    pub git: Option<Git>,
}

/// A Git repository. Only the newest commit is fetched, without its history.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Git {
    /// `https://…`, `ssh://user@host/…`, `user@host:path`, or the path of a repository on this machine.
    pub url: String,
    /// The branch to follow. Without `branch`, `tag` and `commit`: the repository's default branch.
    #[serde(default)]
    pub branch: Option<String>,
    /// The tag to follow.
    #[serde(default)]
    pub tag: Option<String>,
    /// The commit to stay at: 40 hexadecimal digits.
    #[serde(default)]
    pub commit: Option<String>,
    /// The folder of the repository that holds the documents; without it the whole.
    #[serde(default)]
    pub folder: Option<String>,
    /// How often it is looked whether there is something new; up to a fifth is added or taken by chance.
    #[serde(default = "one_minute")]
    #[schemars(with = "String")]
    pub poll: SignedDuration,
    /// How long a look, and how long a fetch, may take.
    #[serde(default = "one_minute")]
    #[schemars(with = "String")]
    pub timeout: SignedDuration,
    /// Https: certificates that the server's own leads to, as PEM; the public ones without it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Https: the user that goes with `password_file`.
    #[serde(default = "git_user")]
    pub user: String,
    /// Https: a file with the password or access token.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Ssh: a file with the private key.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Ssh: the keys of hosts that are trusted, in the form of OpenSSH's `known_hosts`.
    #[serde(default)]
    pub known_hosts_file: Option<PathBuf>,
    /// By whom commits must be signed; unsigned ones are taken without it.
    #[serde(default)]
    pub signed_by: Option<Signatures>,
}

/// Whose signatures of commits count. One of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    /// Keys of SSH, in the form of OpenSSH's `allowed_signers`.
    #[serde(default)]
    pub allowed_signers_file: Option<PathBuf>,
    /// Public keys of OpenPGP, armored.
    #[serde(default)]
    pub openpgp_keys_file: Option<PathBuf>,
}

/// A call of the Git server's: `POST /hooks/policies` on the console's listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// A file with the secret that the Git server has too: 16 bytes or more.
    pub secret_file: PathBuf,
}

/// What of a repository is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// The default branch.
    Default,
    /// A branch.
    Branch(&'a str),
    /// A tag.
    Tag(&'a str),
    /// A commit.
    Commit(&'a str),
}

impl Policies {
    /// All sources: the one folder, or the list.
    pub fn all(&self) -> Vec<Source> {
        let folder = |folder: &PathBuf| Source { name: None, domain: None, folder: Some(folder.clone()), git: None };
        self.folder.iter().map(folder).chain(self.sources.iter().cloned()).collect()
    }

    /// The paths in it, to be resolved.
    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        let Policies { folder, sources, state, webhook, .. } = self;
        let mut paths: Vec<&mut PathBuf> = folder.iter_mut().chain(state).collect();
        paths.extend(webhook.iter_mut().map(|webhook| &mut webhook.secret_file));
        for Source { folder, git, .. } in sources {
            paths.extend(folder);
            if let Some(Git { ca, password_file, key_file, known_hosts_file, signed_by, .. }) = git {
                paths.extend([ca, password_file, key_file, known_hosts_file].into_iter().flatten());
                if let Some(Signatures { allowed_signers_file, openpgp_keys_file }) = signed_by {
                    paths.extend([allowed_signers_file, openpgp_keys_file].into_iter().flatten());
                }
            }
        }
        paths
    }

    /// What does not go together.
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if self.folder.is_some() != self.sources.is_empty() {
            problems.push("policies: give either folder or sources".to_owned());
        }
        if self.max_staleness.is_some_and(|most| most <= SignedDuration::ZERO) {
            problems.push("policies.max_staleness: must be more than nothing".to_owned());
        }
        let mut names = BTreeSet::new();
        for (number, source) in self.sources.iter().enumerate() {
            let field = format!("policies.sources[{number}]");
            source.check(&field, problems);
            let name = source.label();
            if name.is_empty() || name.contains(['/', '\\']) || name.chars().any(char::is_control) {
                problems.push(format!("{field}.name: `{name}` is no name of a folder"));
            }
            if !names.insert(name.clone()) {
                problems.push(format!("{field}.name: `{name}` is taken; give each source a name of its own"));
            }
        }
    }
}

impl Source {
    /// What it is called.
    pub fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        match (&self.git, &self.folder) {
            (Some(git), _) => {
                let url = git.url.trim_end_matches('/');
                let url = url.strip_suffix(".git").unwrap_or(url).trim_end_matches('/');
                url.rsplit(['/', ':']).next().unwrap_or_default().to_owned()
            }
            (None, Some(folder)) => folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            (None, None) => String::new(),
        }
    }

    fn check(&self, field: &str, problems: &mut Vec<String>) {
        match (&self.folder, &self.git) {
            (Some(_), None) => {}
            (None, Some(git)) => git.check(&format!("{field}.git"), problems),
            _ => problems.push(format!("{field}: give either folder or git")),
        }
    }
}

impl Git {
    /// What of the repository is followed.
    pub fn reference(&self) -> Reference<'_> {
        match (&self.branch, &self.tag, &self.commit) {
            (Some(branch), _, _) => Reference::Branch(branch),
            (None, Some(tag), _) => Reference::Tag(tag),
            (None, None, Some(commit)) => Reference::Commit(commit),
            (None, None, None) => Reference::Default,
        }
    }

    fn check(&self, field: &str, problems: &mut Vec<String>) {
        let mut say = |text: String| problems.push(format!("{field}{text}"));
        if [&self.branch, &self.tag, &self.commit].into_iter().flatten().count() > 1 {
            say(": give one of branch, tag and commit".to_owned());
        }
        if self.commit.as_ref().is_some_and(|id| id.len() != 40 || !id.bytes().all(|b| b.is_ascii_hexdigit())) {
            say(".commit: a commit is written as 40 hexadecimal digits".to_owned());
        }
        for (name, value) in [("branch", &self.branch), ("tag", &self.tag)] {
            if value.as_ref().is_some_and(|value| !is_reference(value)) {
                say(format!(".{name}: can't be the name of one"));
            }
        }
        if self.poll <= SignedDuration::ZERO || self.timeout <= SignedDuration::ZERO {
            say(": poll and timeout must be more than nothing".to_owned());
        }
        let way = Way::of(&self.url);
        let https = [("ca", &self.ca), ("password_file", &self.password_file)];
        let ssh = [("key_file", &self.key_file), ("known_hosts_file", &self.known_hosts_file)];
        let mut only = |settings: [(&str, &Option<PathBuf>); 2], what: &str| {
            for (name, _) in settings.iter().filter(|(_, value)| value.is_some()) {
                say(format!(".{name}: is for {what} alone"));
            }
        };
        match way {
            Some(Way::Https) => only(ssh, "ssh"),
            Some(Way::Ssh) => only(https, "https"),
            Some(Way::Loopback | Way::Path) => {
                only(ssh, "ssh");
                only(https, "https");
            }
            None => {}
        }
        match way {
            None => say(
                ".url: is neither https:// (without user and password), ssh://, user@host:path nor an absolute path"
                    .to_owned(),
            ),
            Some(Way::Ssh) if self.key_file.is_none() || self.known_hosts_file.is_none() => {
                say(": ssh needs key_file and known_hosts_file".to_owned());
            }
            Some(_) => {}
        }
        if self.signed_by.as_ref().is_some_and(|by| *by == Signatures::default()) {
            say(".signed_by: name allowed_signers_file or openpgp_keys_file".to_owned());
        }
        let outside = |folder: &String| folder.split('/').any(|part| matches!(part, "" | "." | ".."));
        if self.folder.as_ref().is_some_and(outside) {
            say(".folder: is a path within the repository, such as `teams/policies`".to_owned());
        }
    }
}

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By TLS.
    Https,
    /// In clear, on this machine alone.
    Loopback,
    /// By SSH.
    Ssh,
    /// On this machine's disk.
    Path,
}

impl Way {
    /// The way to a URL; `None` for one that can't be gone.
    pub(crate) fn of(url: &str) -> Option<Way> {
        let clean = |text: &str| !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace);
        if url.starts_with("https://") || url.starts_with("http://") {
            let uri: Uri = url.parse().ok()?;
            let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
            let bare = uri.query().is_none() && uri.path() != "/";
            let local = authority.host().trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
            return match uri.scheme_str() {
                Some("https") if bare => Some(Way::Https),
                Some("http") if bare && local => Some(Way::Loopback),
                _ => None,
            };
        }
        if let Some(rest) = url.strip_prefix("ssh://") {
            let (host, path) = rest.split_once('/')?;
            return (clean(host) && clean(path)).then_some(Way::Ssh);
        }
        if Path::new(url.strip_prefix("file://").unwrap_or(url)).is_absolute() {
            return Some(Way::Path);
        }
        let (host, path) = url.split_once(':')?;
        (host.contains('@') && clean(host) && clean(path) && !path.starts_with("//")).then_some(Way::Ssh)
    }
}

/// What Git lets a branch or tag be called, but for rare forms that it takes too.
fn is_reference(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with(".lock");
    name.split('/').all(part)
        && !name.contains("..")
        && !name.ends_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '#' | '='))
}

fn yes() -> bool {
    true
}

fn git_user() -> String {
    "git".to_owned()
}

fn one_minute() -> SignedDuration {
    SignedDuration::from_mins(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let policies: Policies = serde_saphyr::from_str(text).unwrap();
        let mut problems = Vec::new();
        policies.check(&mut problems);
        problems.join("\n")
    }

    #[test]
    fn what_goes_together_is_taken() {
        for right in [
            "folder: policies",
            "sources: [{folder: /p}, {git: {url: 'https://git/x/policies.git', tag: v1, password_file: token}}]",
            "sources: [{git: {url: 'git@host:a/b.git', branch: team/main, key_file: k, known_hosts_file: h}}]",
            "sources: [{git: {url: 'ssh://git@host:2222/b.git', key_file: k, known_hosts_file: h, folder: a/b}}]",
            "sources: [{git: {url: 'http://127.0.0.1:80/b.git'}}, {git: {url: /b, }, name: other}]",
        ] {
            assert_eq!(found(right), "", "{right}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        for (wrong, said) in [
            ("{}", "give either folder or sources"),
            ("{folder: p, sources: [{folder: q}]}", "give either folder or sources"),
            ("{sources: [{}]}", "give either folder or git"),
            ("{sources: [{folder: a/x}, {folder: b/x}]}", "is taken"),
            ("{folder: p, max_staleness: 0s}", "max_staleness: must be more"),
            ("{sources: [{git: {url: 'http://git.example.com/x'}}]}", "neither https://"),
            ("{sources: [{git: {url: 'https://me:secret@git/x'}}]}", "neither https://"),
            ("{sources: [{git: {url: 'git://host/x'}}]}", "neither https://"),
            ("{sources: [{git: {url: 'ssh://-oProxyCommand=x/y'}}]}", "neither https://"),
            ("{sources: [{git: {url: 'git@host:x'}}]}", "ssh needs key_file and known_hosts_file"),
            ("{sources: [{git: {url: /x, key_file: k}}]}", "key_file: is for ssh alone"),
            ("{sources: [{git: {url: 'https://git/x', key_file: k}}]}", "key_file: is for ssh alone"),
            ("{sources: [{git: {url: /x, branch: a, tag: b}}]}", "give one of branch, tag and commit"),
            ("{sources: [{git: {url: /x, branch: '--upload-pack=x'}}]}", "branch: can't be the name of one"),
            ("{sources: [{git: {url: /x, commit: abc}}]}", "40 hexadecimal digits"),
            ("{sources: [{git: {url: /x, folder: ../y}}]}", "folder: is a path within"),
            ("{sources: [{git: {url: /x, signed_by: {}}}]}", "signed_by: name allowed_signers_file"),
            ("{sources: [{git: {url: /x, poll: 0s}}]}", "poll and timeout must be more"),
        ] {
            assert!(found(wrong).contains(said), "{wrong}: {}", found(wrong));
        }
    }
}
