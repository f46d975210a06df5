//! Git's protocol over SSH, by OpenSSH's own client.
//!
//! `ssh` is started with arguments and no shell, reads no configuration but what is given here, asks nobody anything,
//! and is ended when the time is over. The host must be known before.

use super::GitError;
use super::limit::{Limited, MOST_BYTES};
use crate::config;
use gix_transport::Protocol;
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most bytes of what `ssh` says when it fails.
const WORDS: u64 = 2000;

/// A server that is reached by SSH.
#[derive(Clone, Debug)]
pub(super) struct Ssh {
    program: PathBuf,
    url: String,
    /// `user@host`.
    destination: String,
    port: Option<String>,
    path: String,
    key: PathBuf,
    known_hosts: PathBuf,
}

impl Ssh {
    /// The server of a repository.
    pub(super) fn new(git: &config::Git) -> Ssh {
        let (destination, port, path) = parts(&git.url);
        Ssh {
            program: PathBuf::from("ssh"),
            url: git.url.clone(),
            destination,
            port,
            path,
            key: git.key_file.clone().unwrap_or_default(),
            known_hosts: git.known_hosts_file.clone().unwrap_or_default(),
        }
    }

    /// One with a stand-in for `ssh`.
    #[cfg(test)]
    pub(super) fn by(mut self, program: PathBuf) -> Ssh {
        self.program = program;
        self
    }

    /// A connection, for one look or one fetch; it ends with the [`Session`].
    pub(super) fn connect(
        &self,
        time: Duration,
    ) -> Result<(Connection<Limited<ChildStdout>, ChildStdin>, Session), GitError> {
        let wrong = |reason: String| GitError::Unreachable { url: self.url.clone(), reason };
        let mut child = self.command(time).spawn().map_err(|error| {
            wrong(format!("`{}` can't be started, which SSH needs: {error}", self.program.display()))
        })?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(wrong("ssh has no input or output".to_owned()));
        };
        let session = Session::watch(child, time);
        let read = Limited::new(stdout, MOST_BYTES);
        let host: Option<(String, Option<u16>)> = None;
        let connection =
            Connection::new(read, stdin, Protocol::V2, self.path.as_str(), host, ConnectMode::Process, false);
        Ok((connection, session))
    }

    fn command(&self, time: Duration) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("GIT_PROTOCOL", "version=2").envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.args(["-F", "none", "-T", "-a", "-x", "-i"]).arg(&self.key);
        if let Some(port) = &self.port {
            command.args(["-p", port]);
        }
        let known_hosts = format!("UserKnownHostsFile=\"{}\"", self.known_hosts.display());
        let connect = format!("ConnectTimeout={}", time.as_secs().clamp(1, 30));
        for option in [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=yes",
            "GlobalKnownHostsFile=none",
            "UpdateHostKeys=no",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "SendEnv=GIT_PROTOCOL",
            "LogLevel=ERROR",
            &known_hosts,
            &connect,
        ] {
            command.args(["-o", option]);
        }
        command.arg("--").arg(&self.destination).arg(format!("git-upload-pack {}", quoted(&self.path)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A running `ssh`, which is ended at the latest when this is dropped.
#[derive(Debug)]
pub(super) struct Session {
    done: Option<Sender<()>>,
    watcher: Option<JoinHandle<Outcome>>,
}

/// How `ssh` came to its end.
#[derive(Debug)]
pub(super) struct Outcome {
    late: bool,
    words: String,
}

impl Session {
    fn watch(mut child: Child, time: Duration) -> Session {
        let (done, wait) = mpsc::channel();
        let watcher = std::thread::spawn(move || {
            let stderr = child.stderr.take();
            let reader = std::thread::spawn(move || {
                let mut words = Vec::new();
                if let Some(mut stderr) = stderr {
                    let _ = stderr.by_ref().take(WORDS).read_to_end(&mut words);
                    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
                }
                String::from_utf8_lossy(&words).trim().to_owned()
            });
            let late = matches!(wait.recv_timeout(time), Err(RecvTimeoutError::Timeout));
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
            Outcome { late, words: reader.join().unwrap_or_default() }
        });
        Session { done: Some(done), watcher: Some(watcher) }
    }

    /// Ends it, and says what it had to say.
    pub(super) fn end(mut self, why: &str) -> String {
        self.done = None;
        match self.watcher.take().and_then(|watcher| watcher.join().ok()) {
            Some(Outcome { late: true, .. }) => "the server took too long".to_owned(),
            Some(Outcome { words, .. }) if !words.is_empty() => format!("{why}: {words}"),
            _ => why.to_owned(),
        }
    }
}

/// User and host, port and path of a URL.
fn parts(url: &str) -> (String, Option<String>, String) {
    if let Some((host, path)) = url.strip_prefix("ssh://").and_then(|rest| rest.split_once('/')) {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port.to_owned())),
            _ => (host, None),
        };
        let home = path.starts_with('~');
        return (name.to_owned(), port, if home { path.to_owned() } else { format!("/{path}") });
    }
    let (host, path) = url.split_once(':').unwrap_or((url, ""));
    (host.to_owned(), None, path.to_owned())
}

/// A word for the shell on the server.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''").replace('!', "'\\!'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_url_are_read() {
        for (url, destination, port, path) in [
            ("ssh://git@host:2222/a/b.git", "git@host", Some("2222"), "/a/b.git"),
            ("ssh://git@host/~me/b.git", "git@host", None, "~me/b.git"),
            ("git@host:a/b.git", "git@host", None, "a/b.git"),
        ] {
            assert_eq!(parts(url), (destination.to_owned(), port.map(str::to_owned), path.to_owned()));
        }
    }

    #[test]
    fn a_path_is_one_word_for_the_servers_shell() {
        assert_eq!(quoted("a b'; rm -rf x"), r"'a b'\''; rm -rf x'");
    }
}
