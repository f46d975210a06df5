"""A Sluice of our own before a Trino: the built binary with a generated `sluice.yaml`, over TLS, with a password file."""

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys

from . import process, tls
from .client import Client
from .progress import Problem, step

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORDS = pathlib.Path(__file__).with_name("passwords.txt")


class Sluice:
    """A Sluice server.

    `folder` keeps its settings, certificates, decision log and output; it is emptied at the first start. `policies` is
    the folder of policy documents. `settings` is laid over the generated configuration, section by section. `program` is
    another one than the built `sluice`.
    """

    def __init__(self, folder, upstream, policies, port=None, settings=None, environment=None, program=None):
        self.folder = pathlib.Path(folder).resolve()
        self.upstream = upstream
        self.policies = pathlib.Path(policies).resolve()
        self.port = port or process.free_port()
        self.console_port = process.free_port()
        self.settings = settings or {}
        self.environment = environment or {}
        self.program = program
        self.process = None

    @property
    def url(self):
        """Scheme, host and port for clients."""
        return f"{'https' if self.configuration()['listen'].get('tls') else 'http'}://localhost:{self.port}"

    @property
    def ca(self):
        """The certificate that Sluice's own leads to."""
        return self.folder / "tls/ca.pem"

    @property
    def log(self):
        """What the server wrote."""
        return self.folder / "sluice.log"

    @property
    def audit(self):
        """The folder of the decision log."""
        return self.folder / "audit"

    def __enter__(self):
        self.write_settings()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def client(self, user="admin", **more):
        """A client that logs in as `user`; `password=None` for one that doesn't."""
        return Client(self.url, user, **{"password": password(user), "ca": self.ca, **more})

    def configuration(self):
        """What stands in `sluice.yaml`."""
        base = {
            "listen": {"address": f"127.0.0.1:{self.port}", "tls": {"certificate": "tls/server.pem", "key": "tls/server.key"}},
            "upstream": {"url": self.upstream, "user": "sluice"},
            "identity": {"password_file": str(PASSWORDS)},
            "policies": {"folder": str(self.policies)},
            "audit": {"folder": str(self.audit)},
            "console": {"address": f"127.0.0.1:{self.console_port}"},
        }
        for section, value in self.settings.items():
            base[section] = {**base.get(section, {}), **value} if isinstance(value, dict) else value
        return base

    def write_settings(self):
        """Makes the folder anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.audit.mkdir(parents=True)
        tls.make(self.folder / "tls")
        self.write_configuration()

    def write_configuration(self):
        """Writes `sluice.yaml` (JSON is YAML)."""
        (self.folder / "sluice.yaml").write_text(json.dumps(self.configuration(), indent=2), encoding="utf-8")

    def start(self, wait=True):
        """Starts the server, or starts it again after `stop` or `kill`; `wait=False` does not wait until it is ready."""
        process.need_port(self.port, "Sluice", "end what listens there or choose another port")
        self.process = process.Process("Sluice", [str(self.program or binary()), "serve", "--config", str(self.folder / "sluice.yaml")], self.log, self.environment)
        if wait:
            self.process.wait_until(self.ready, 180)

    def ready(self):
        """Whether it says that it takes statements."""
        return self.console("/health/ready")[0] == 200

    def console(self, path):
        """Status and text of a page of the admin listener; status 0 where nobody answers."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.console_port, timeout=5)
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    def metrics(self):
        """The metrics by name with labels, as in `sluice_decisions_total{outcome="deny"}`."""
        lines = (line.rpartition(" ") for line in self.console("/metrics")[1].splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def records(self):
        """The records of the decision log, oldest first."""
        files = sorted(f for f in self.audit.rglob("*") if f.is_file())
        lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
        return [json.loads(line) for line in lines if line.strip()]

    def stop(self, seconds=40):
        """Asks the server to end; its exit code."""
        return self.process.stop(seconds) if self.process else None

    def kill(self):
        """Ends the server as a crash would."""
        self.process.kill()


def password(user):
    """The password of a user in tests and in the demo."""
    return f"{user}-password"


def binary():
    """The built `sluice`: $SLUICE_BINARY, else what `cargo build` makes of the checkout (at once where nothing changed)."""
    given = os.environ.get("SLUICE_BINARY")
    if given:
        return pathlib.Path(given)
    built = target() / "debug/sluice"
    if not built.exists():
        with step("building Sluice (a few minutes the first time)"):
            cargo_build()
    else:
        cargo_build()
    return built


def target():
    """Where cargo builds."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def cargo_build():
    """Builds the command in the profile that the tests use."""
    try:
        subprocess.run(["cargo", "build", "-q", "--locked", "--bin", "sluice"], check=True, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except FileNotFoundError as e:
        raise Problem("cargo is missing: install Rust by rustup (https://rustup.rs)") from e
    except subprocess.CalledProcessError as e:
        raise Problem("Sluice does not build: see the compiler's lines above") from e
