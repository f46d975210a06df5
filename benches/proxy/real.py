"""Whole statements on a real Trino, straight to it and through Sluice, in pairs."""

import statistics
import time

from deploy.release.load import IDENTITY
from tests.clients import tpch
from tests.stack import sluice, trino
from tests.stack.progress import Problem, say

from .bars import ratio
from .servers import HERE

# With the names of columns that the queries have, and sums that are the same in each order.
CATALOG = "CREATE CATALOG tpch_standard USING tpch WITH (\"tpch.double-type-mapping\" = 'DECIMAL', \"tpch.column-naming\" = 'STANDARD')"
SESSION = {"X-Trino-Catalog": "tpch_standard"}


def timed(client, sql, schema):
    """Seconds from the statement to its last row, and the rows."""
    began = time.perf_counter()
    rows = client.rows(sql, {**SESSION, "X-Trino-Schema": schema})
    return time.perf_counter() - began, rows


def pair(clients, sql, turn, schema="tiny"):
    """Seconds straight and through Sluice, either first by turns; the rows must be the same."""
    order = (0, 1) if turn % 2 else (1, 0)
    taken = {which: timed(clients[which], sql, schema) for which in order}
    if sorted(map(str, taken[0][1])) != sorted(map(str, taken[1][1])):
        raise Problem(f"other rows through Sluice for {sql[:200]}")
    return taken[0][0], taken[1][0]


def measure(bars, folder, pairs, powers, scale):
    """The bars of whole statements. `scale` is the schema of the power runs."""
    queries = list(tpch.queries().values())
    with trino.Trino(folder / "trino", measured=True) as real, sluice.Sluice(folder / "before", real.url, HERE / "readers", settings={"listen": {"tls": None}, "identity": IDENTITY}) as ours:
        real.client("reader").rows(CATALOG)
        clients = [real.client("reader"), ours.client("reader", password=None, headers={"X-Authenticated-User": "reader"})]
        say("  … warming up")
        for turn in range(30):
            pair(clients, "SELECT 1", turn)
        for sql in queries * 2:
            pair(clients, sql, 0)
        for number, sql in enumerate(queries):
            pair(clients, sql, number, scale)
        say(f"  … SELECT 1, {pairs} pairs")
        ones = [pair(clients, "SELECT 1", turn) for turn in range(pairs)]
        runs = []
        for turn in range(powers):
            # A pair is two whole runs; within them the queries take turns, so that a slow moment of Trino's meets both.
            runs.append([sum(side) for side in zip(*(pair(clients, sql, turn + number, scale) for number, sql in enumerate(queries)))])
            say(f"  … the 22 queries of TPC-H, scale {scale}, pair {turn + 1} of {powers}: {runs[-1][0]:.2f} s straight, {runs[-1][1]:.2f} s through Sluice")
    direct, through = zip(*ones)
    bars.at_most("SELECT 1 on Trino: time, of the direct one's", ratio(through, direct), 1.02)
    power_direct, power_through = zip(*runs)
    bars.at_most(f"22 queries of TPC-H, scale {scale}, on Trino: time, of the direct one's", ratio(power_through, power_direct), 1.01)
    median = statistics.median
    return (f"`SELECT 1`: {median(direct) * 1e3:.1f} ms straight, {median(through) * 1e3:.1f} ms through Sluice. "
            f"TPC-H (scale {scale}): {median(power_direct):.2f} s and {median(power_through):.2f} s.")
