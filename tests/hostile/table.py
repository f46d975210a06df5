"""docs/hostile-http.md: what is sent, what Sluice does with it, and what nginx does beside it."""

import pathlib
import re

from . import nginx
from .stub import PAGE

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs/hostile-http.md"
HEAD = """# Hostile HTTP

What Sluice does with requests that nobody should send, and what nginx {version} (`proxy_pass` and keep-alive, nothing else set)
does with the same bytes. `make test` sends each of them to Sluice before an upstream that keeps what reaches it
(tests/hostile), and this page is made of what was seen: `python3 -m tests.hostile --write`.

For each of them holds, too: no more requests reach Trino than were accepted; each of those is built by Sluice, with headers of a
short list, its own `Host` and one length; no answer tells where Trino is; the next request on a connection that stays open, and
one on another connection, is answered.

*Answer*: the statuses, in order; *none* where the connection is closed without one. *Sent on*: the requests that reached the
upstream. *closed* or *open*: the connection afterwards. nginx closes most connections after an error, and knows neither
Trino's paths nor users; what it sends on here, Trino would judge.
"""


def made(run):
    """The page."""
    if run.thread:
        run.thread.join()
    lines = [HEAD.format(version=nginx.version(run.program))]
    section = None
    for case in run.cases:
        if case["section"] != section:
            section = case["section"]
            lines.append(f"\n## {section}\n\n| sent | Sluice: answer | sent on | | nginx: answer | sent on | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
        name = case["name"] + (f" ({case['note']})" if "note" in case else "")
        lines.append(f"| {name} | {row(run.sluice_did[case['name']])} | {row(run.nginx_did[case['name']])} |\n".replace("|  |", "| |"))
    return "".join(lines)


def row(seen):
    """Three cells."""
    statuses = ", ".join(map(str, seen.statuses)) or "none"
    requests = "; ".join(f"`{short(line)}`" for line in seen.requests)
    return f"{statuses} | {requests} | {'closed' if seen.closed else 'open'}"


def short(line):
    """A first line that fits into a table."""
    line = re.sub(r" HTTP/1\.[01]$", "", line)
    line = re.sub(r"A{20,}", "AAA…", line).replace(PAGE, "A PAGE")
    line = line.replace("|", "\\|")
    return "".join(c if c.isprintable() and c != "`" else f"\\x{ord(c):02x}" for c in line)


def check(run):
    """The page in the repository is the one that was made, where nginx is of the same version."""
    there = DOCS.read_text(encoding="utf-8") if DOCS.exists() else ""
    now = made(run)
    if f"nginx {nginx.version(run.program)} " in there:
        assert there == now, "what was seen is not what docs/hostile-http.md says: python3 -m tests.hostile --write"
