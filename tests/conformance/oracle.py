"""Trino's own parser, and what it said before."""

import base64
import contextlib
import gzip
import hashlib
import json
import pathlib
import subprocess

from tests.clients.drivers import any_java
from tests.stack import cache, fetch
from tests.stack.progress import step

HERE = pathlib.Path(__file__).parent
SOURCES = sorted(HERE.glob("*.java"))
LIBRARIES = {
    "476": ("io.trino:trino-parser:476", "io.trino:trino-grammar:476", "org.antlr:antlr4-runtime:4.13.2",
            "com.google.guava:guava:33.4.8-jre", "com.google.guava:failureaccess:1.0.3"),
    "483": ("io.trino:trino-parser:483", "io.trino:trino-grammar:483", "org.antlr:antlr4-runtime:4.13.2",
            "com.google.guava:guava:33.6.0-jre", "com.google.guava:failureaccess:1.0.3"),
}


def digest(*parts):
    """A few digits that stand for bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part + b"\0")
    return found.hexdigest()[:16]


def digest_of(text):
    """What the oracle's own program has for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def program():
    """What stands for the oracle's own source."""
    return digest(*(source.read_bytes() for source in SOURCES))


def command(version, *arguments):
    """The command that runs the oracle of a version."""
    home = any_java("bin/javac")

    def build(folder):
        fetch.run([str(home / "bin/javac"), "-d", str(folder), *map(str, SOURCES)], "javac", "install a JDK")

    classes = cache.entry(f"conformance-oracle-{fetch.java_version(home)}-{program()}", build)
    path = ":".join([str(classes), *(str(fetch.maven(library)) for library in LIBRARIES[version])])
    return [str(fetch.java() / "bin/java"), "-cp", path, "Oracle", *arguments]


def ask(version, texts, *arguments):
    """The oracle's lines about texts."""
    lines = "".join(base64.b64encode(text.encode()).decode() + "\n" for text in texts)
    return subprocess.run(command(version, *arguments), input=lines, capture_output=True, text=True, check=True).stdout


def trees(version, texts):
    """The trees that Trino makes of texts."""
    return ask(version, texts, "trees").split("\n")[:len(texts)]


def verdicts(version, name, texts):
    """What the oracle says of texts, which `name` stands for: one object a text, kept in the cache by both."""

    def fill(folder):
        with step(f"asking Trino {version}'s parser about {len(texts)} texts"), \
                gzip.open(folder / "verdicts.jsonl.gz", "wt", encoding="utf-8", compresslevel=5) as file:
            file.write(ask(version, texts))

    key = digest(program().encode(), *(text.encode() for text in texts))
    kept = cache.entry(f"conformance-{name}-{version}-{key}", fill)
    with contextlib.closing(gzip.open(kept / "verdicts.jsonl.gz", "rt", encoding="utf-8")) as file:
        found = [json.loads(line) for line in file]
    assert len(found) == len(texts), (len(found), len(texts))
    return found
