"""Runs suites of real-server tests on one Trino and ends with the line `N passed, N failed`.

    python3 -m tests.stack.suites [suite …] [--only TEXT]

A suite is a module tests.NAME with `cases(stack)`, a generator of (name, function). What stands before the first `yield`
sets up, `with` blocks around the yields tear down. A case fails when its function raises.
"""

import argparse
import contextlib
import importlib
import pathlib
import sys
import threading
import time
import traceback

from . import process
from .progress import Problem, main, say
from .sluice import Sluice
from .trino import Trino

# Those that work most come first, and those that wait most last: `lanes` begins at both ends.
SUITES = ["smoke", "proof", "clients", "attacks", "rules", "masks", "resolved", "metadata", "catalog", "writes", "postgres", "views", "told", "conformance", "demo", "howto", "certificates", "identity", "spooling", "clusters", "full", "replicas", "clock", "release", "measures", "ldap", "feeds", "repositories", "reload", "faults", "hostile", "streaming"]
# Suites that must not run beside others (`lanes`), and why.
ALONE = {"streaming": "it waits until an upstream can send no more, and measures memory meanwhile"}
FOLDER = pathlib.Path("target/stack")


class Stack:
    """What suites share."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.server = None

    @property
    def trino(self):
        """The one Trino of the run, started when the first suite asks. A suite may kill it if it starts it again."""
        if self.server is None:
            self.server = Trino(self.folder / "trino")
            self.server.__enter__()
        return self.server

    def sluice(self, name, policies, **more):
        """A new Sluice before that Trino, its files in a folder `name`."""
        return Sluice(self.folder / name, self.trino.url, policies, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.stop()


class Tally:
    """Counts cases and says how each ended."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.counting = threading.Lock()

    def add(self, passed, failed):
        """Counts cases that were run elsewhere."""
        with self.counting:
            self.passed += passed
            self.failed += failed

    def run(self, name, function):
        """Runs one case."""
        started = time.monotonic()
        try:
            function()
        except Exception as error:
            self.add(0, [name])
            told = isinstance(error, (AssertionError, Problem)) and str(error)
            reason = error if told else "".join(traceback.format_exception(error))
            print(f"FAILED {name}: {reason}", flush=True)
        else:
            self.add(1, [])
            print(f"ok     {name} ({time.monotonic() - started:.1f} s)", flush=True)

    def close(self):
        """Prints what failed and the closing line; the exit code."""
        for name in self.failed:
            print(f"failed: {name}")
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def run(stack, names, tally, only=""):
    """Runs the cases of suites whose `suite: name` holds `only`."""
    for suite in names:
        say(f"\n── {suite} ──")
        started = time.monotonic()
        try:
            cases = importlib.import_module(f"tests.{suite}").cases(stack)
            with contextlib.closing(cases):
                for name, function in cases:
                    if only in f"{suite}: {name}":
                        tally.run(f"{suite}: {name}", function)
        except Exception:
            tally.add(0, [f"{suite}: set-up"])
            print(f"FAILED {suite}: set-up: {traceback.format_exc()}", flush=True)
        say(f"  {suite} took {time.monotonic() - started:.0f} s")


def command():
    """Reads the arguments and runs the suites they name."""
    options = argparse.ArgumentParser(prog="python3 -m tests.stack.suites", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("suites", nargs="*", default=SUITES, help=f"which; {' '.join(SUITES)} without any")
    options.add_argument("--only", default="", help="run the cases whose `suite: name` holds this text")
    chosen = options.parse_args()
    process.end_children_on_signals()
    tally = Tally()
    with Stack(FOLDER) as stack:
        run(stack, chosen.suites, tally, chosen.only)
    return tally.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
