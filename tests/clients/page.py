"""What came of each cell, and docs/clients.md, which is made from it.

    python3 -m tests.clients        runs the suite and writes the page, as `make clients` does
"""

import json
import pathlib

from tests.clients.checks import DECISION, QUERY_ID

RESULTS = pathlib.Path("target/clients/results.json")
PAGE = pathlib.Path("docs/clients.md")
NOT_POSSIBLE = "—"

HEAD = """# Clients

Each client here is run by its own library against a real Trino 476, once straight and once through Sluice, and what it gives
its user is compared: names and types of columns, values as the client's language has them, messages of errors. This page is
made from such a run (`make clients`), and `make test` fails where a run differs from it.

**yes**: the same as without Sluice, or what the row says. **—**: nothing to try, or the client fails without Sluice in the
same way; [below](#what-clients-cant-do) is why.
"""


class Results:
    """What came of each cell."""

    def __init__(self, clients, groups):
        self.clients = clients
        self.groups = groups
        self.cells = {}
        self.denials = {}
        self.seconds = {}

    def keep(self, client, cell, check):
        """Runs a cell's check, and keeps how it ended."""
        came = self.cells.setdefault(client.name, {})
        came[cell.name] = "failed"
        told = check()
        came[cell.name] = NOT_POSSIBLE if client.fails_with(cell) else "yes"
        if told and cell.name == "denied":
            self.denials[client.name] = DECISION.sub("01990000-0000-7000-8000-000000000000", QUERY_ID.sub("20260101_000000_00000_sluic", told)).strip()

    def write(self):
        """Writes what came, and how long each client took, for this run."""
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps({"cells": self.cells, "denials": self.denials, "seconds": self.seconds}, indent=1) + "\n", encoding="utf-8")

    def page(self):
        """The page."""
        parts = [HEAD, "## Which\n", table(["client", "version", "how it is used here"], [[c.title, c.version, c.about] for c in self.clients])]
        for group in self.groups:
            parts += [f"## {group.title}\n", table(["", *(client.short for client in self.clients)], [self.row(cell) for cell in group.cells])]
        parts += ["## A denial, as each shows it\n", *(self.denial(client) for client in self.clients)]
        parts += ["## What clients can't do\n", *(self.reasons(client) for client in self.clients)]
        return "\n".join(parts).rstrip() + "\n"

    def row(self, cell):
        """A cell's row."""
        return [cell.title, *(NOT_POSSIBLE if cell.name in client.cannot else self.cells[client.name][cell.name] for client in self.clients)]

    def denial(self, client):
        """What a client shows of a denial."""
        return f"{client.title}:\n\n```text\n{self.denials[client.name]}\n```\n"

    def reasons(self, client):
        """Why a client's cells are not possible, alike ones together."""
        titles = {cell.name: cell.title for group in self.groups for cell in group.cells}
        by_reason = {}
        for name, reason in {**client.cannot, **client.fails}.items():
            by_reason.setdefault(reason, []).append(titles[name])
        lines = [f"- {', '.join(names)}: {reason}" for reason, names in by_reason.items()]
        return f"**{client.title}**\n\n" + ("\n".join(lines) if lines else "- nothing of the above") + "\n"


def table(head, rows):
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def same(results):
    """The page that is committed is the one that this run makes."""
    made = results.page()
    committed = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    different = [f"{a!r} is written, {b!r} ran" for a, b in zip(committed.splitlines(), made.splitlines()) if a != b]
    assert made == committed, f"docs/clients.md is not of this run (make clients writes it): {different[:3] or 'its length'}"


def write(results):
    """Writes the page anew."""
    PAGE.write_text(results.page(), encoding="utf-8")
