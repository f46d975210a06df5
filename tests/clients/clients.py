"""The clients of clients.json, each with the command that runs its program."""

import dataclasses
import json
import pathlib
import sys

from tests.clients import drivers
from tests.stack import fetch

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Client:
    """A client.

    `cannot` has the cells that are not tried with it and why; `fails` those that fail without Sluice as well, and why. `source` is what it
    says of itself whatever it is told.
    """
    name: str
    title: str
    short: str
    version: str
    program: list
    about: str
    cannot: dict
    fails: dict
    all_of_tpch: bool = False
    source: str | None = None

    def fails_with(self, cell):
        """Why it fails with a cell, if it is said to."""
        return self.fails.get(cell.name)

    def command(self):
        """The words that run its program, which is built where it has to be."""
        kind, *words = self.program
        if kind == "python":
            environment, program = words
            return [*drivers.python(environment).command, str(HERE / f"programs/python/{program}.py")]
        if kind == "cli":
            jar = fetch.maven(f"io.trino:trino-cli:{words[0]}:jar:executable")
            return [sys.executable, str(HERE / "programs/python/cli.py"), str(drivers.any_java("bin/java") / "bin/java"), str(jar)]
        return getattr(drivers, kind)(*words).command


def all_clients():
    """All of them."""
    return [Client(**told) for told in json.loads((HERE / "clients.json").read_text(encoding="utf-8"))]
