"""What clients' programs need, each kept in the cache under the hash of its lock file and sources."""

import dataclasses
import hashlib
import pathlib
import shutil
import sys

from tests.stack import cache, fetch
from tests.stack.progress import Problem, step

PROGRAMS = pathlib.Path(__file__).parent / "programs"


@dataclasses.dataclass
class Program:
    """What runs a client."""
    command: list


def python(name="python"):
    """The interpreter of a virtual environment with what `programs/python/NAME.lock` pins by hash."""
    lock = PROGRAMS / f"python/{name}.lock"

    def build(folder):
        with step(f"installing Python packages of {lock.name}"):
            fetch.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], "python3 -m venv", "install Python's venv module")
            fetch.run([sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "-q", "--no-deps", "--only-binary", ":all:",
                       "--require-hashes", "-r", str(lock)], "pip", "install pip")

    return Program([str(cache.entry(f"client-{name}-{sys.version_info.major}.{sys.version_info.minor}-{digest(lock)}", build, 1) / "bin/python")])


def java(driver):
    """The Java program with a version of trino-jdbc."""
    source = PROGRAMS / "java/Client.java"
    jars = [fetch.maven(f"io.trino:trino-jdbc:{driver}"), fetch.maven("com.google.code.gson:gson:2.13.2")]
    home = any_java("bin/javac")
    path = ":".join(map(str, jars))

    def build(folder):
        with step(f"compiling the client of trino-jdbc {driver}"):
            fetch.run([str(home / "bin/javac"), "-cp", path, "-d", str(folder), str(source)], "javac", "install a JDK")

    classes = cache.entry(f"client-jdbc-{driver}-{fetch.java_version(home)}-{digest(source)}", build)
    return Program([str(home / "bin/java"), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{path}", "Client"])


def go():
    """The Go program, built from its sources and go.sum."""
    sources = sorted((PROGRAMS / "go").iterdir())

    def build(folder):
        with step("building the Go client"):
            copy(sources, folder)
            fetch.run(["go", "build", "-C", str(folder), "-mod=readonly", "-o", "client", "."], "go", "install Go (Debian: apt-get install golang-go)")

    return Program([str(cache.entry(f"client-go-{digest(*sources)}", build) / "client")])


def node():
    """The Node program beside the packages of its lock file."""
    sources = [PROGRAMS / f"node/{name}" for name in ("client.js", "package.json", "package-lock.json")]

    def build(folder):
        with step("installing the Node client"):
            copy(sources, folder)
            fetch.run(["npm", "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], "npm", "install Node.js (Debian: apt-get install nodejs npm)")

    return Program(["node", str(cache.entry(f"client-node-{digest(*sources)}", build) / "client.js")])


def rust():
    """The Rust program, built by its Cargo.lock."""
    sources = [PROGRAMS / f"rust/{name}" for name in ("Cargo.toml", "Cargo.lock", "src/main.rs")]

    def build(folder):
        with step("building the Rust client"):
            copy(sources[:2], folder)
            (folder / "src").mkdir()
            copy(sources[2:], folder / "src")
            fetch.run(["cargo", "build", "-q", "--locked", "--manifest-path", str(folder / "Cargo.toml"), "--target-dir", str(folder / "target")],
                      "cargo", "install Rust by rustup (https://rustup.rs)")
            (folder / "target/debug/client").rename(folder / "client")
            shutil.rmtree(folder / "target")

    return Program([str(cache.entry(f"client-rust-{digest(*sources)}", build, 2) / "client")])


def any_java(tool):
    """The home of a Java 17 or newer that has a tool."""
    for home in [*fetch.installed_java(), fetch.java()]:
        if fetch.java_version(home) >= 17 and (home / tool).exists():
            return home
    raise Problem(f"no Java 17 or newer with {tool} is installed: install a JDK (Debian: apt-get install openjdk-17-jdk-headless)")


def copy(files, folder):
    """Copies files into a folder."""
    for file in files:
        shutil.copy(file, folder)


def digest(*files):
    """A short name for the contents of files."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
