"""What asking Trino about a query costs: a small SELECT through two builds of Sluice, in turns.

    python3 -m tests.resolved.cost BINARY_BEFORE BINARY_NOW [pairs]

Prints the median time of each, and of their difference pair by pair.
"""

import os
import pathlib
import statistics
import sys
import time

from tests.stack import process
from tests.stack.progress import main
from tests.stack.sluice import Sluice
from tests.stack.trino import Trino

POLICIES = pathlib.Path(__file__).with_name("policies")
FOLDER = pathlib.Path("target/stack/cost")
STATEMENTS = {"a table": "SELECT name FROM tpch.tiny.nation LIMIT 5", "no table": "SELECT 1"}


def command():
    """Starts a Trino and the two, and measures."""
    process.end_children_on_signals()
    before, now = sys.argv[1:3]
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    with Trino(FOLDER / "trino", measured=True) as trino, started(trino, before, "before") as one, started(trino, now, "now") as other:
        clients = [one.client("analyst"), other.client("analyst")]
        for what, sql in STATEMENTS.items():
            for _ in range(30):
                for client in clients:
                    assert not client.query(sql).error
            times = [], []
            for pair in range(pairs):
                for place in (0, 1) if pair % 2 else (1, 0):
                    times[place].append(took(clients[place], sql))
            middle = [statistics.median(part) * 1000 for part in times]
            between = statistics.median(after - first for first, after in zip(*times)) * 1000
            print(f"{what}: {pairs} pairs, before {middle[0]:.1f} ms, now {middle[1]:.1f} ms, difference of a pair {between:+.1f} ms", flush=True)


def started(trino, binary, name):
    """A Sluice of this binary, made but not started: `with` starts it."""
    os.environ["SLUICE_BINARY"] = str(pathlib.Path(binary).resolve())
    sluice = Sluice(FOLDER / name, trino.url, POLICIES)
    sluice.__enter__()
    return Running(sluice)


class Running:
    """One that runs already, ended with its `with` block."""

    def __init__(self, sluice):
        self.sluice = sluice

    def __enter__(self):
        return self.sluice

    def __exit__(self, *_):
        self.sluice.stop()


def took(client, sql):
    """Seconds to the last page."""
    begun = time.perf_counter()
    assert not client.query(sql).error
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(command)
