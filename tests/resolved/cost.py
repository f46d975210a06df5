"""What asking Trino about a query and its tables costs: statements through two builds of Sluice, in turns.

    python3 -m tests.resolved.cost BINARY_BEFORE BINARY_NOW [pairs]

Prints the median time of each, and of their difference pair by pair. Two of the statements go through a Sluice that forgets
at once what it knows of tables, so that they wait for it each time.
"""

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
TABLES = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]
UNKNOWN = {
    "a table that is not known": STATEMENTS["a table"],
    "eight tables that are not known": f"SELECT 1 FROM {', '.join(f'tpch.tiny.{table}' for table in TABLES)} WHERE false",
}
AT_ONCE = {"catalog": {"keep": "1ms"}}


def command():
    """Starts a Trino and the two, and measures."""
    process.end_children_on_signals()
    before, now = (pathlib.Path(program).resolve() for program in sys.argv[1:3])
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    with Trino(FOLDER / "trino", measured=True) as trino:
        for statements, settings in (STATEMENTS, {}), (UNKNOWN, AT_ONCE):
            one, other = (Sluice(FOLDER / str(number), trino.url, POLICIES, settings=settings, program=program) for number, program in enumerate((before, now)))
            with one, other:
                clients = [one.client("analyst"), other.client("analyst")]
                for what, sql in statements.items():
                    compare(what, sql, clients, pairs)


def compare(what, sql, clients, pairs):
    """Prints what a statement takes through the one and the other."""
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


def took(client, sql):
    """Seconds to the last page."""
    begun = time.perf_counter()
    assert not client.query(sql).error
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(command)
