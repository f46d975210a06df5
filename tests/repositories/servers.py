"""Git repositories, and real servers for them: OpenSSH's own, and git-http-backend behind TLS and a token."""

import base64
import getpass
import hmac
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading

from tests.stack import process
from tests.stack.progress import Problem

# Nothing of who runs the tests.
PLAIN = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Policy Team", "GIT_AUTHOR_EMAIL": "policies@example.com",
    "GIT_COMMITTER_NAME": "Policy Team", "GIT_COMMITTER_EMAIL": "policies@example.com",
}


class Repository:
    """A repository with a work tree."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        """Runs git here; what it prints."""
        done = subprocess.run(["git", *arguments], cwd=self.folder, env={**os.environ, **PLAIN}, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, **files):
        """Commits documents by name, without `.yaml`; the commit."""
        for name, text in files.items():
            (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Change policies")
        return self.git("rev-parse", "HEAD")


class SshServer:
    """OpenSSH's server on a port of its own, for the user who runs the tests, with keys made for it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port = process.free_port()
        self.process = None
        for name in ("host", "other-host", "client", "other-client"):
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name))
        shutil.copy(self.folder / "client.pub", self.folder / "authorized_keys")
        for name in ("host", "other-host"):
            kind, key, _ = (self.folder / f"{name}.pub").read_text(encoding="ascii").split()
            (self.folder / f"known-{name}").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n", encoding="ascii")

    @staticmethod
    def run(*words):
        """Runs a command of OpenSSH's."""
        try:
            subprocess.run(words, check=True, capture_output=True)
        except FileNotFoundError as e:
            raise Problem(f"{words[0]} is missing: install it (Debian: apt-get install openssh-client)") from e

    def url(self, repository):
        """Where a repository is."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository.folder}"

    def start(self, host_key="host"):
        """Starts it with one of its host keys."""
        program = shutil.which("sshd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
        if not program:
            raise Problem("sshd is missing: install it (Debian: apt-get install openssh-server)")
        if os.geteuid() == 0:
            # Where it keeps its unprivileged part from everything; its package makes it at the system's start.
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        settings = {
            "ListenAddress": "127.0.0.1", "Port": self.port, "HostKey": self.folder / host_key, "PidFile": "none", "UsePAM": "no",
            "AuthorizedKeysFile": self.folder / "authorized_keys", "StrictModes": "no", "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no", "PermitRootLogin": "prohibit-password", "AcceptEnv": "GIT_PROTOCOL",
        }
        (self.folder / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="ascii")
        process.need_port(self.port, "sshd", "run the tests again")
        self.process = process.Process("sshd", [program, "-D", "-e", "-f", str(self.folder / "config")], self.folder / "log")
        self.process.wait_until(self.listens, 60)

    def listens(self):
        """Whether it takes connections."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def stop(self):
        """Ends it."""
        if self.process:
            self.process.stop()
            self.process = None


class HttpsServer:
    """git-http-backend behind TLS, for who has the token."""

    def __init__(self, repository, tls):
        self.repository = repository
        self.token = "first-token"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(tls / "server.pem", tls / "server.key")
        self.port = process.free_port()
        self.server = None

    @property
    def url(self):
        """Where the repository is."""
        return f"https://localhost:{self.port}/.git"

    def start(self):
        """Takes connections, on the same port as before."""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request, by the backend."""
            timeout = 20
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                """Asks the backend, if the caller has the token."""
                outer.answer(self)

            do_POST = do_GET

            def log_message(self, *_):  # pylint: disable=arguments-differ
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        # The handshake is made where the request is read, so that one who breaks it off holds up nobody.
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Is gone."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, handler):
        """Answers one request."""
        given = handler.headers.get("Authorization", "")
        right = "Basic " + base64.b64encode(f"git:{self.token}".encode()).decode()
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if not hmac.compare_digest(given, right):
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="git"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        path, _, query = handler.path.partition("?")
        asked = {
            "GIT_PROJECT_ROOT": str(self.repository.folder), "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": handler.command, "PATH_INFO": path,
            "QUERY_STRING": query, "CONTENT_TYPE": handler.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env={**os.environ, **PLAIN, **asked}, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        handler.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            handler.send_header(name, value)
        # Without it the answer would end with the connection, and nobody could tell it from one that was cut off.
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(content)
