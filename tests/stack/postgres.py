"""A PostgreSQL of our own: one process on a free port, with fresh data, gone when the `with` block ends."""

import os
import pathlib
import pwd
import shutil
import subprocess

from . import process
from .progress import Problem


class Postgres:
    """A PostgreSQL server that trusts whoever comes from this machine."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.port = process.free_port()
        self.process = None

    def __enter__(self):
        if not shutil.which("psql"):
            raise Problem("psql is missing: install the package postgresql")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        data, programs = self.folder / "data", home()
        # The server refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if user:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        subprocess.run([*user, programs / "initdb", "-D", data, "-A", "trust", "-U", "sluice"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        command = [*user, str(programs / "postgres"), "-D", str(data), "-p", str(self.port), "-k", str(data), "-c", "listen_addresses=127.0.0.1"]
        self.process = process.Process("PostgreSQL", command, self.folder / "postgres.log", None, "/")
        self.process.wait_until(lambda: self.run("SELECT 1", check=False), 90)
        self.run("CREATE SCHEMA shop")
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.stop()

    def run(self, sql, check=True):
        """Runs a statement; whether it ended well."""
        command = ["psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sluice", "-d", "postgres", "-c", sql]
        return subprocess.run(command, check=check, capture_output=True).returncode == 0

    def catalog(self):
        """The properties of a catalog of Trino."""
        return {"connector.name": "postgresql", "connection-url": f"jdbc:postgresql://127.0.0.1:{self.port}/postgres", "connection-user": "sluice",
                "statistics.enabled": "true"}


def home():
    """The folder of the server's programs, which Debian keeps off the PATH."""
    beside = shutil.which("initdb")
    if beside:
        return pathlib.Path(beside).resolve().parent
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise Problem("initdb is missing: install the package postgresql")
    return found[-1].parent
