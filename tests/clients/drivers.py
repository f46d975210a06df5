"""The four clients, each behind the same few methods: run statements as somebody, somewhere, and say what came."""

import csv
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from tests.stack import cache, fetch
from tests.stack.progress import Problem, step

HERE = pathlib.Path(__file__).parent
CATALOG, SCHEMA = "tpch_standard", "tiny"


@dataclasses.dataclass
class Endpoint:
    """Where a client connects, and as whom. Without a password it is plain HTTP."""
    port: int
    user: str
    password: str | None = None
    ca: pathlib.Path | None = None
    catalog: str = CATALOG
    schema: str = SCHEMA

    def environment(self, name):
        """The environment of a client's process, the password under `name`.

        A bundle of certificates that the environment names would come before the one that the client is told to use.
        """
        kept = {key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
        return {**kept, **({name: self.password} if self.password else {})}


class Driver:
    """A client that is a program of ours beside this file: one JSON object a statement."""

    def __init__(self, name, command):
        self.name = name
        self.command = command

    def answers(self, endpoint, statements, mode="run"):
        """What each statement ended in: names, types, rows (cells as text), or error."""
        words = [*self.command, mode, f"localhost:{endpoint.port}", endpoint.user, str(endpoint.ca or ""), endpoint.catalog, endpoint.schema]
        done = subprocess.run(words, input="".join(f"{s}\0" for s in statements), capture_output=True, text=True, check=False, timeout=300,
                              env=endpoint.environment("CLIENT_PASSWORD"))
        assert done.returncode == 0, f"{self.name} ended with exit code {done.returncode}: {done.stderr[-2000:]}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def prepared(self, endpoint, sql):
        """The answer of a statement whose one parameter is 1."""
        return self.answers(endpoint, [sql], "prepared")[0]

    def cancel(self, endpoint, sql):
        """Begins a statement and cancels it after its first row, as a program does by this client."""
        self.answers(endpoint, [sql], "cancel")


class Cli:
    """The command-line client: statements from a file, results as CSV, told apart by a marker after each."""

    name = "trino-cli"
    marker = "sluice_end"

    def __init__(self):
        self.jar = fetch.maven(f"io.trino:trino-cli:{fetch.TRINO}:jar:executable")
        self.java = any_java("bin/java")

    def command(self, endpoint, progress="--no-progress"):
        """The words of a call."""
        scheme = "https" if endpoint.password else "http"
        secure = ["--password", "--truststore-path", str(endpoint.ca)] if endpoint.password else []
        return [str(self.java / "bin/java"), "-jar", str(self.jar), "--server", f"{scheme}://localhost:{endpoint.port}", "--user", endpoint.user,
                *secure, "--catalog", endpoint.catalog, "--schema", endpoint.schema, "--output-format", "CSV_HEADER", progress]

    def call(self, endpoint, sql):
        """Runs a text of statements: (what it printed, what it complained)."""
        done = subprocess.run([*self.command(endpoint), "--execute", sql], capture_output=True, text=True, check=False, timeout=300,
                              stdin=subprocess.DEVNULL, env=endpoint.environment("TRINO_PASSWORD"))
        return done.stdout, done.stderr if done.returncode else ""

    def progress(self, endpoint, sql):
        """What it prints of a statement whose progress it is asked to show."""
        done = subprocess.run([*self.command(endpoint, "--progress"), "--execute", sql], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=True, timeout=300, env=endpoint.environment("TRINO_PASSWORD"))
        return done.stdout

    def answers(self, endpoint, statements):
        """What each statement ended in. The types are those of DESCRIBE OUTPUT, since the client shows none."""
        end = f"SELECT 1 AS {self.marker};"
        script = "".join(f"{s}\n;{end}PREPARE q FROM {s}\n;DESCRIBE OUTPUT q;{end}" for s in statements)
        printed, complaint = self.call(endpoint, script)
        if complaint:
            return [{"error": complaint}]
        results, lines = [[]], [line for line in csv.reader(io.StringIO(printed)) if line not in (["PREPARE"], ["1"])]
        for line in lines:
            results[-1].append(line)
            if line == [self.marker]:
                results[-1].pop()
                results.append([])
        return [{"names": rows[0], "types": [f"{row[0]} {row[4]}" for row in described[1:]], "rows": rows[1:]}
                for rows, described in zip(results[0::2], results[1::2])]

    def prepared(self, endpoint, sql):
        """The answer of a statement whose one parameter is 1."""
        printed, complaint = self.call(endpoint, f"PREPARE q FROM {sql};EXECUTE q USING 1")
        rows = [line for line in csv.reader(io.StringIO(printed)) if line != ["PREPARE"]]
        return {"error": complaint} if complaint else {"names": rows[0], "rows": rows[1:]}

    def cancel(self, endpoint, sql):
        """Begins a statement and cancels it by Ctrl-C after its first row."""
        with subprocess.Popen([*self.command(endpoint), "--execute", sql], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=endpoint.environment("TRINO_PASSWORD")) as child:
            child.stdout.readline()
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            while child.stdout.read(65536):
                pass


def all_clients():
    """Each client, built where it has to be."""
    return [Cli(), jdbc(), python(), go()]


def jdbc():
    """The JDBC driver, by a program of ours compiled once."""
    source = HERE / "java/Driver.java"
    jar = fetch.maven(f"io.trino:trino-jdbc:{fetch.TRINO}")
    home = any_java("bin/javac")

    def build(folder):
        with step("compiling the JDBC client"):
            fetch.run([str(home / "bin/javac"), "-d", str(folder), str(source)], "javac", "install a JDK")

    classes = cache.entry(f"client-jdbc-{fetch.java_version(home)}-{digest(source)}", build)
    return Driver("trino-jdbc", [str(home / "bin/java"), "-cp", f"{classes}:{jar}", "Driver"])


def python():
    """The Python client and SQLAlchemy in a virtual environment of their own."""
    requirements = HERE / "python/requirements.txt"

    def build(folder):
        with step("installing the Python client and SQLAlchemy"):
            fetch.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], "python3 -m venv", "install Python's venv module")
            fetch.run([sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "-q", "--only-binary", ":all:",
                       "-r", str(requirements)], "pip", "install pip")

    home = cache.entry(f"client-python-{sys.version_info.major}.{sys.version_info.minor}-{digest(requirements)}", build, 0.5)
    return Driver("Python client with SQLAlchemy", [str(home / "bin/python"), str(HERE / "python/driver.py")])


def go():
    """The Go client, by a program of ours built once."""
    sources = [HERE / "go" / name for name in ("main.go", "go.mod", "go.sum")]

    def build(folder):
        with step("building the Go client"):
            for source in sources:
                shutil.copy(source, folder)
            fetch.run(["go", "build", "-C", str(folder), "-mod=readonly", "-o", "client", "."], "go", "install Go (Debian: apt-get install golang-go)")

    return Driver("trino-go-client", [str(cache.entry(f"client-go-{digest(*sources)}", build) / "client")])


def any_java(tool):
    """The home of a Java 17 or newer that has a tool."""
    for home in [*fetch.installed_java(), fetch.java()]:
        if fetch.java_version(home) >= 17 and (home / tool).exists():
            return home
    raise Problem(f"no Java 17 or newer with {tool} is installed: install a JDK (Debian: apt-get install openjdk-17-jdk-headless)")


def digest(*files):
    """A short name for the contents of files."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
