"""Texts that are SQL, or look like it, from Trino's published test sources and documentation."""

import gzip
import hashlib
import json
import pathlib
import re
import textwrap
import zipfile

from tests.stack import cache, fetch
from tests.stack.progress import step

# 483's parser tests and documentation are not published; those of 476 stand in.
SOURCES = {
    "476": ("trino-parser:476:jar:test-sources", "trino-main:476:jar:test-sources", "trino-testing:476:jar:sources"),
    "483": ("trino-parser:476:jar:test-sources", "trino-main:483:jar:test-sources", "trino-testing:483:jar:sources"),
}
DOCS = "trino-docs:476:zip"
# The texts of TPC-DS, and of TPC-H in another form than that of the parser's tests.
BENCHMARKS = "trino-benchto-benchmarks:352:jar"

# A text block, a string literal, or what else may hold a quote: a character literal or a comment.
JAVA = re.compile(r'"""[ \t]*\n(.*?)"""|"((?:[^"\\\n]|\\.)*)"|\'(?:[^\'\\\n]|\\.)+\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " ", "0": "\0", "\n": ""}
LONGEST = 60_000


def gathered(version):
    """All candidates of a version, kept in the cache."""
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:16]

    def gather(folder):
        with step(f"gathering SQL from the sources of Trino {version}"):
            texts = list(dict.fromkeys(candidates(version)))
            with gzip.open(folder / "texts.json.gz", "wt", encoding="utf-8") as file:
                json.dump(texts, file)

    with gzip.open(cache.entry(f"conformance-texts-{version}-{digest}", gather) / "texts.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def candidates(version):
    """All texts, each once: literals, chains of literals joined by `+`, files of SQL, blocks of the documentation."""
    found = {}
    for source in (*SOURCES[version], BENCHMARKS):
        with zipfile.ZipFile(fetch.maven("io.trino:" + source)) as archive:
            for name in archive.namelist():
                if name.endswith(".java"):
                    found.update(dict.fromkeys(java_strings(archive.read(name).decode())))
                elif name.endswith(".sql"):
                    found.update(dict.fromkeys(statements(archive.read(name).decode())))
    with zipfile.ZipFile(fetch.maven("io.trino:" + DOCS)) as archive:
        for name in archive.namelist():
            if name.endswith(".md.txt"):
                for indent, block in re.findall(r"^([ ]*)```[a-z-]*\n(.*?)^[ ]*```", archive.read(name).decode(), re.DOTALL | re.MULTILINE):
                    block = textwrap.dedent(block) if indent else block
                    found.update(dict.fromkeys([block, *statements(block)]))
    whole = [text for text in found if text.strip() and len(text) < LONGEST]
    return whole + ["SELECT " + text for text in whole]


def java_strings(source):
    """String literals and text blocks of a Java file, and what they make where they are joined."""
    chain, end = [], 0
    for match in JAVA.finditer(source):
        block, literal = match.group(1), match.group(2)
        if block is None and literal is None:
            continue
        text = unescape(stripped(block) if block is not None else literal)
        yield text
        if not re.fullmatch(r"\s*\+\s*", source[end:match.start()]):
            if len(chain) > 1:
                yield "".join(chain)
            chain = []
        chain.append(text)
        end = match.end()
    if len(chain) > 1:
        yield "".join(chain)


def stripped(block):
    """A text block without the indentation that Java takes away; that of the closing quotes counts."""
    last = block.rsplit("\n", 1)[-1]
    if last.strip():
        return textwrap.dedent(block)
    return textwrap.dedent(block + ".")[:-1]


def unescape(text):
    """A Java string's escapes undone."""
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.|\n)", lambda match: one_escape(match.group(1)), text, flags=re.DOTALL) \
        .encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_escape(escape):
    """What one escape stands for."""
    if escape[0] == "u" and len(escape) == 5:
        return chr(int(escape[1:], 16))
    return ESCAPES.get(escape, escape)


def statements(text):
    """The statements of a file or block, without their semicolons."""
    return [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", text) if part.strip()]
