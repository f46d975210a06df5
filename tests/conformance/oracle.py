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
LIBRARIES = {
    "476": ("io.trino:trino-parser:476", "io.trino:trino-grammar:476", "org.antlr:antlr4-runtime:4.13.2",
            "com.google.guava:guava:33.4.8-jre", "com.google.guava:failureaccess:1.0.3"),
    "483": ("io.trino:trino-parser:483", "io.trino:trino-grammar:483", "org.antlr:antlr4-runtime:4.13.2",
            "com.google.guava:guava:33.6.0-jre", "com.google.guava:failureaccess:1.0.3"),
}


def command(version):
    """The command that runs the oracle of a version."""
    source = HERE / "Oracle.java"
    home = any_java("bin/javac")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]

    def build(folder):
        fetch.run([str(home / "bin/javac"), "-d", str(folder), str(source)], "javac", "install a JDK")

    classes = cache.entry(f"conformance-oracle-{fetch.java_version(home)}-{digest}", build)
    path = ":".join([str(classes), *(str(fetch.maven(library)) for library in LIBRARIES[version])])
    return [str(fetch.java() / "bin/java"), "-cp", path, "Oracle"]


def verdicts(version, name, texts):
    """What the oracle says of texts, which `name` stands for: one object a text, kept in the cache by both."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    digest.update((HERE / "Oracle.java").read_bytes())

    def ask(folder):
        with step(f"asking Trino {version}'s parser about {len(texts)} texts"):
            lines = "\n".join(base64.b64encode(text.encode()).decode() for text in texts) + "\n"
            answer = subprocess.run(command(version), input=lines, capture_output=True, text=True, check=True).stdout
            with gzip.open(folder / "verdicts.jsonl.gz", "wt", encoding="utf-8") as file:
                file.write(answer)

    kept = cache.entry(f"conformance-{name}-{version}-{digest.hexdigest()[:16]}", ask)
    with contextlib.closing(gzip.open(kept / "verdicts.jsonl.gz", "rt", encoding="utf-8")) as file:
        found = [json.loads(line) for line in file]
    assert len(found) == len(texts), (len(found), len(texts))
    return found
