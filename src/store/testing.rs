//! What tests of the store share: documents, repositories made by git(1), and a server for them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(super) const DOMAIN: &str = "apiVersion: sluice/v1\nkind: Domain\nmetadata: {name: all}\nspec: {central: true}\n";

/// A policy by which everyone reads a table.
pub(super) fn policy(table: &str) -> String {
    format!(
        "apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: read-{table}, domain: all}}\nspec:\n  tables: \
         [{{catalog: lake, schema: s, table: {table}}}]\n  grants: [{{to: {{everyone: true}}, privileges: [select]}}]\n"
    )
}

/// A repository with a work tree.
pub(super) struct Repository {
    folder: TempDir,
}

impl Repository {
    pub(super) fn new() -> Repository {
        let repository = Repository { folder: TempDir::new().unwrap() };
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        repository
    }

    pub(super) fn path(&self) -> String {
        self.folder.path().to_str().unwrap().to_owned()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        fs::write(self.file(name), text).unwrap();
    }

    /// Commits all files, and gives the commit.
    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, "")
    }

    /// With something on its standard input.
    pub(super) fn git_with(&self, arguments: &[&str], input: &str) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.folder.path()).envs(PLAIN);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// Nothing of who runs the tests.
const PLAIN: [(&str, &str); 7] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_AUTHOR_NAME", "Policy Team"),
    ("GIT_AUTHOR_EMAIL", "policies@example.com"),
    ("GIT_COMMITTER_NAME", "Policy Team"),
    ("GIT_COMMITTER_EMAIL", "policies@example.com"),
];

/// git-http-backend(1) behind a socket.
pub(super) struct GitServer {
    address: SocketAddr,
    /// A status instead of an answer.
    instead: Arc<Mutex<Option<String>>>,
    hang: Arc<AtomicBool>,
}

impl GitServer {
    pub(super) fn of(repository: &Repository) -> GitServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (instead, hang) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (root, answer, hanging) = (repository.path(), Arc::clone(&instead), Arc::clone(&hang));
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if hanging.load(Ordering::SeqCst) {
                    held.push(stream);
                    continue;
                }
                let (root, answer) = (root.clone(), answer.lock().unwrap().clone());
                std::thread::spawn(move || serve(stream, &root, answer));
            }
        });
        GitServer { address, instead, hang }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/.git", self.address)
    }

    /// A status instead of an answer, or answers again.
    pub(super) fn answer_by(&self, status: Option<&str>) {
        *self.instead.lock().unwrap() = status.map(str::to_owned);
    }

    /// Takes connections and says nothing.
    pub(super) fn hang(&self) {
        self.hang.store(true, Ordering::SeqCst);
    }
}

/// One request, and the end of the connection.
fn serve(stream: TcpStream, root: &str, instead: Option<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    let mut head = Vec::new();
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        head.push(std::mem::take(&mut line).trim().to_owned());
    }
    let header = |name: &str| {
        let found =
            head.iter().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut first = head.first().map_or("", |line| line.as_str()).split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut stream = stream;
    if let Some(status) = instead {
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    }
    let mut backend = Command::new("git")
        .arg("http-backend")
        .envs(PLAIN)
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    backend.stdin.take().unwrap().write_all(&body).unwrap();
    let output = backend.wait_with_output().unwrap().stdout;
    let status = output.strip_prefix(b"Status: ").map_or("200 OK".to_owned(), |rest| {
        String::from_utf8_lossy(rest).lines().next().unwrap_or_default().to_owned()
    });
    let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n");
    let _ = stream.write_all(&output);
}
