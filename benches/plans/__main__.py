"""What policies do to Trino's plans and times: the same statements direct, with row filters and masks of Trino's own file rules, and
through Sluice with the same ones, on Iceberg and on PostgreSQL, in turns. Prints Markdown.

    make bench-plans [ARGS="--rounds N --only TEXT"]
"""

import argparse
import dataclasses
import json
import pathlib
import re
import statistics
import sys
import time
import urllib.request

from benches.arguments import at_least
from tests.stack.postgres import Postgres
from benches.plans.rules import rules
from benches.proxy.__main__ import build, machine
from tests.stack import process, sluice
from tests.stack.progress import Problem, main, say
from tests.stack.trino import Trino

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = pathlib.Path("target/bench-plans").resolve()
TABLES = ("lake.shop.orders", "lake.shop.customer", "pg.shop.orders", "pg.shop.customer")
MAKE = (
    "CREATE SCHEMA lake.shop",
    "CREATE TABLE lake.shop.orders WITH (partitioning = ARRAY['year(orderdate)'], sorted_by = ARRAY['orderdate']) AS SELECT * FROM tpch.sf1.orders",
    "CREATE TABLE lake.shop.customer AS SELECT * FROM tpch.sf1.customer",
    "CREATE TABLE pg.shop.orders AS SELECT * FROM tpch.tiny.orders WHERE false",
    "INSERT INTO pg.shop.orders SELECT * FROM tpch.\"sf0.1\".orders",
    "CREATE TABLE pg.shop.customer AS SELECT * FROM tpch.\"sf0.1\".customer",
)


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement over the tables of a catalog, and the form that Sluice is to give to its filters."""
    name: str
    sql: str
    guarded: bool = False


STATEMENTS = (
    Statement("a range of the partition column", "SELECT count(*), max(totalprice) FROM orders WHERE orderdate >= DATE '1998-01-01'"),
    Statement("one key", "SELECT orderkey, orderdate, totalprice FROM orders WHERE custkey = 1234"),
    Statement("a masked column", "SELECT clerk, count(*) FROM orders WHERE orderdate < DATE '1992-04-01' GROUP BY clerk"),
    Statement("the first rows of an order", "SELECT orderkey, clerk FROM orders WHERE orderstatus = 'F' ORDER BY orderkey LIMIT 20"),
    Statement("groups of all", "SELECT orderstatus, count(*), min(orderdate), max(totalprice) FROM orders GROUP BY orderstatus"),
    Statement("a join", "SELECT c.nationkey, count(*) FROM orders o JOIN customer c ON o.custkey = c.custkey WHERE c.mktsegment = 'BUILDING' "
                        "AND o.orderdate < DATE '1993-01-01' GROUP BY c.nationkey"),
    Statement("a semi-join", "SELECT count(*) FROM customer WHERE custkey IN (SELECT custkey FROM orders WHERE orderdate >= DATE '1998-06-01')"),
    Statement("a sum", "SELECT orderstatus, sum(totalprice) FROM orders WHERE orderdate >= DATE '1997-01-01' GROUP BY orderstatus", True),
    Statement("a quotient", "SELECT count(*) FROM orders WHERE totalprice / (shippriority + 1) > 1000 AND orderdate >= DATE '1998-01-01'", True),
)


@dataclasses.dataclass
class Way:
    """How a statement gets to Trino."""
    name: str
    client: object
    catalog: str

    def run(self, sql):
        """The result and the seconds to its last page."""
        begun = time.perf_counter()
        result = self.client.query(sql, {"X-Trino-Catalog": self.catalog, "X-Trino-Schema": "shop"})
        if result.error:
            raise Problem(f"{self.name}: {sql}: {result.error['message']}")
        return result, time.perf_counter() - begun


def text_of(trino, query):
    """The text that Trino got of a query."""
    (text,), = trino.rows(f"SELECT query FROM system.runtime.queries WHERE query_id = '{query}'")
    return text


def plan(trino, way, query):
    """What of the plan policies must not change: the tables in their order, each with the columns by which the source narrows it."""
    user = "ruled" if way.name == "own rules" else "admin"
    (text,), = trino.client(user).rows("EXPLAIN (TYPE DISTRIBUTED) " + text_of(trino, query), {"X-Trino-Catalog": way.catalog, "X-Trino-Schema": "shop"})
    scans = []
    for handle in re.findall(r"\[table = \w+:(.*)", text):
        table = re.match(r"(?:Query\[|shop\.)?(.*?)[\s$,\]]", handle)
        narrowed = re.search(r"constraint on \[(.*?)\]", handle)
        name = "the source's own query" if handle.startswith("Query[") else table.group(1)
        scans.append((name, narrowed.group(1) if narrowed else ""))
    return scans, text


def read(trino, query):
    """How many rows Trino read from the source, by its own account."""
    request = urllib.request.Request(f"{trino.url}/v1/query/{query}", headers={"X-Trino-User": "admin"})
    return json.load(urllib.request.urlopen(request, timeout=30))["queryStats"]["physicalInputPositions"]


def measure(trino, ways, statement, rounds):
    """One row of the table: for each way the median of the seconds, the rows read, and the scans of the plan."""
    results, times = {}, {way.name: [] for way in ways}
    for way in ways:
        for _ in range(2):
            results[way.name], _ = way.run(statement.sql)
    for number in range(rounds):
        turn = number % len(ways)
        for way in (*ways[turn:], *ways[:turn]):
            times[way.name].append(way.run(statement.sql)[1])
    rows = {name: sorted(map(str, result.rows)) for name, result in results.items()}
    if rows["own rules"] != rows["Sluice"]:
        raise Problem(f"{statement.name}: Trino's own rules give other rows than Sluice: {rows['own rules'][:3]} and {rows['Sluice'][:3]}")
    sent = text_of(trino, results["Sluice"].query_id)
    guarded = " IF(" in sent or "LIMIT 9223372036854775807" in sent
    if guarded != statement.guarded:
        raise Problem(f"{statement.name}: the form is another one than is said here: {sent}")
    plans = {way.name: plan(trino, way, results[way.name].query_id) for way in ways}
    reads = {name: read(trino, result.query_id) for name, result in results.items()}
    between = statistics.median(ours / theirs for ours, theirs in zip(times["Sluice"], times["own rules"]))
    return {"times": {name: statistics.median(values) for name, values in times.items()}, "between": between, "plans": plans, "reads": reads, "sent": sent}


def shown(scans):
    """Scans for the table."""
    return ", ".join(f"{table} by {columns}" if columns else table for table, columns in scans)


def report(results):
    """The tables, and the medians over all statements."""
    print("| catalog | statement | form | direct | Trino's own rules | Sluice | Sluice to own rules | rows read: direct, own rules, Sluice |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (catalog, statement), row in results.items():
        cells = [f"{row['times'][name] * 1000:,.0f} ms" for name in ("direct", "own rules", "Sluice")]
        reads = ", ".join(f"{row['reads'][name]:,}" for name in ("direct", "own rules", "Sluice"))
        print(f"| {catalog} | {statement.name} | {'guarded' if statement.guarded else 'plain'} | {' | '.join(cells)} | {row['between']:.2f} | {reads} |")
    print("\n| catalog | statement | scans, in order, with the columns that the source narrows: direct | own rules | Sluice |\n| --- | --- | --- | --- | --- |")
    for (catalog, statement), row in results.items():
        print(f"| {catalog} | {statement.name} | {' | '.join(shown(row['plans'][name][0]) for name in ('direct', 'own rules', 'Sluice'))} |")
    for guarded in (False, True):
        ratios = [row["between"] for (_, statement), row in results.items() if statement.guarded == guarded]
        if ratios:
            print(f"\n{'guarded' if guarded else 'plain'} form, {len(ratios)} statements: median of Sluice to Trino's own rules {statistics.median(ratios):.3f} "
                  f"(least {min(ratios):.2f}, most {max(ratios):.2f})")


def command():
    """Builds, starts all, measures, prints."""
    options = argparse.ArgumentParser(prog="make bench-plans", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=at_least(1), default=15, help="measurements of each statement and way")
    options.add_argument("--only", default="", help="statements whose name contains this")
    options.add_argument("--plans", action="store_true", help="print the whole plans too")
    chosen = options.parse_args()
    process.end_children_on_signals()
    sluice.os.environ["SLUICE_BINARY"] = str(build() / "sluice")
    files = {"access-control.properties": f"access-control.name=file\nsecurity.config-file={FOLDER / 'trino/etc/rules.json'}\n", "rules.json": json.dumps(rules())}
    with Postgres(FOLDER / "postgres") as postgres, Trino(FOLDER / "trino", catalogs={"pg": postgres.catalog()}, files=files, measured=True) as trino, \
            sluice.Sluice(FOLDER / "sluice", trino.url, HERE / "policies") as ours:
        for sql in (*MAKE, *(f"ANALYZE {table}" for table in TABLES if table.startswith("lake"))):
            trino.rows(sql)
        postgres.run("CREATE INDEX ON shop.orders (custkey); ANALYZE")
        results = {}
        for catalog in ("lake", "pg"):
            ways = [Way("direct", trino.client(), catalog), Way("own rules", trino.client("ruled"), catalog), Way("Sluice", ours.client("analyst"), catalog)]
            for statement in STATEMENTS:
                if chosen.only in statement.name:
                    say(f"  … {catalog}: {statement.name}")
                    row = results[catalog, statement] = measure(trino, ways, statement, chosen.rounds)
                    if chosen.plans:
                        print(row["sent"], *(f"{name}:\n{text}" for name, (_, text) in row["plans"].items()), sep="\n")
        print(f"{machine()}; Trino {version(trino)}; medians of {chosen.rounds} rounds\n")
        report(results)
    return 0


def version(trino):
    """Trino's version."""
    return trino.rows("SELECT version()")[0][0]


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
