"""What Sluice makes of texts, in the oracle's form."""

import json
import re
import subprocess

from tests.conformance import oracle
from tests.stack import sluice

PLACE = re.compile(r',"at":\[\d+,\d+\]')
NAME = re.compile(r'\{"is":"Identifier","at":\[(\d+),(\d+)\],"value":("(?:[^"\\]|\\.)*")')


def ask(command, version, texts):
    """The lines that `sluice sql COMMAND` prints about texts."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    words = [str(sluice.binary()), "sql", *command, "--jsonl", "--trino-version", version]
    answer = subprocess.run(words, input=lines, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    assert len(answer) == len(texts), (version, len(answer), len(texts))
    return answer


def readings(version, texts):
    """One object a text, as the oracle's."""
    found = []
    for text, said, tree in zip(texts, ask(["parse"], version, texts), ask(["tree", "--spans"], version, texts)):
        reading = json.loads(said)
        if reading["ok"]:
            reading["relations"] = [[relation["start"], relation["end"]] for relation in reading["relations"]]
            reading["tree"] = oracle.digest_of(PLACE.sub("", tree))
            reading["names"] = oracle.digest_of(names(text, tree))
        else:
            reading.update(reading.pop("error"))
        found.append(reading)
    return found


def names(text, tree):
    """Line, column and value of each identifier, its value read from its span of the text."""
    raw = text.encode()
    simple = len(raw) == len(text)
    lines = []
    for start, end, value in NAME.findall(tree):
        start, end = int(start), int(end)
        before = text[:start] if simple else raw[:start].decode(errors="replace")
        written = unquoted(text[start:end] if simple else raw[start:end].decode(errors="replace"))
        if written != json.loads(value):
            written += " is not the text of " + value
        lines.append(f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}:{written}\n")
    return "".join(lines)


def unquoted(written):
    """The name that a piece of text stands for."""
    if written[:1] in ('"', "'"):
        return written[1:-1].replace(2 * written[0], written[0])
    return written


def printed(version, texts):
    """How Sluice prints texts that it can read."""
    return [json.loads(line) for line in ask(["format"], version, texts)]
