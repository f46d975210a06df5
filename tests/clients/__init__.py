"""Clients as people have them, each by its own library: what each gets of Trino through Sluice is what it gets of Trino itself.

`cells.json` and `types.json` say what is tried, `clients.json` which clients there are and what each can't do. A client's
program (`programs/`) reads cells as lines of JSON and prints what came, as that client gives it; here the answers of the two
ways are compared. What came of each cell is written to target/clients/results.json, and docs/clients.md is made from that.
"""

import contextlib
import hashlib
import json
import pathlib

from tests.clients import checks, page, tools
from tests.clients.cells import groups
from tests.clients.clients import all_clients
from tests.clients.logins import logins
from tests.clients.runs import Runs
from tests.clients.tpch import queries

HERE = pathlib.Path(__file__).parent
TOKEN = "a-token-of-the-service-etl-in-tests"
MESH = [
    "CREATE CATALOG tpch_standard USING tpch WITH (\"tpch.double-type-mapping\" = 'DECIMAL', \"tpch.column-naming\" = 'STANDARD')",
    "CREATE SCHEMA lake.clients",
    """CREATE TABLE lake.clients.people AS SELECT * FROM (VALUES
       (BIGINT '1', 'Iris Example', 'iris@example.test', 'EU'), (BIGINT '2', 'Jon Example', 'jon@example.test', 'EU'),
       (BIGINT '3', 'Kim Example', 'kim@example.test', 'US')) AS t (id, name, email, region)""",
    "CREATE TABLE lake.clients.payments AS SELECT BIGINT '1' AS id, 'XX00 EXAMPLE' AS iban",
    "CREATE TABLE lake.clients.accounts AS SELECT BIGINT '1' AS id, 'XX00 EXAMPLE' AS iban",
    "CREATE TABLE lake.clients.notes (id bigint)",
    "CREATE TABLE lake.clients.many_python (id bigint, name varchar)",
    "CREATE SCHEMA memory.clients",
]
# What the analyst sees of a table, for the way without Sluice.
SHOWN = {
    "people": ("lake.clients.people", "SELECT id, name, CAST('***@' || split_part(email, '@', 2) AS varchar) AS email, region FROM lake.clients.people WHERE region = 'EU'"),
    "types": ("memory.clients.types", "SELECT * FROM memory.clients.types WHERE shown"),
    "lineitem": ("tpch_standard.tiny.lineitem", """SELECT l_orderkey, l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, l_discount, l_tax, l_returnflag, l_linestatus,
        l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct, l_shipmode, CAST(upper(l_comment) AS varchar(44)) AS l_comment
        FROM tpch_standard.tiny.lineitem WHERE l_returnflag <> 'R'"""),
}


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    for statement in [*MESH, types_table(), *(f"CREATE VIEW lake.clients.{name}_shown AS {text}" for name, (_, text) in SHOWN.items())]:
        trino.rows(statement)
    tokens = stack.folder / "clients-tokens"
    tokens.write_text(f"etl:{hashlib.sha256(TOKEN.encode()).hexdigest()}\n", encoding="ascii")
    with contextlib.ExitStack() as held:
        held.callback(lambda: [trino.rows(s) for s in ("DROP SCHEMA lake.clients CASCADE", "DROP SCHEMA memory.clients CASCADE", "DROP CATALOG tpch_standard")])
        sluice = held.enter_context(stack.sluice("clients", HERE / "policies", settings={"identity": {"token_file": str(tokens)}}))
        yield from tools.cases(trino, sluice)
        clients = all_clients()
        table = groups()
        apart = held.enter_context(logins(stack, HERE / "policies"))
        runs = held.enter_context(Runs(clients, table, trino.port, sluice, apart, TOKEN, tables(), queries()))
        results = page.Results(clients, table)
        place = checks.Place(trino, sluice)
        for client in clients:
            for cell in [cell for group in table for cell in group.cells]:
                if cell.name not in client.cannot:
                    yield f"{client.title}: {cell.group}: {cell.title}", lambda c=client, e=cell: results.keep(c, e, lambda: checks.check(place, c, e, runs.of(c, e)))
        results.seconds = runs.seconds
        results.write()
        yield "docs/clients.md says what ran (make clients writes it)", lambda: page.same(results)


def tables():
    """What stands for a name in braces, on each way."""
    return {"straight": {name: f"lake.clients.{name}_shown" for name in SHOWN}, "sluice": {name: table for name, (table, _) in SHOWN.items()}}


def types_table():
    """A table with a column for each of Trino's types: its values, a row of nulls, and a row that nobody but admin sees."""
    types = json.loads((HERE / "types.json").read_text(encoding="utf-8"))
    rows = max(map(len, types.values()))

    def row(number):
        return [values[min(number, len(values) - 1)] if number < rows else f"CAST(NULL AS {kind})" for kind, values in types.items()]

    selects = []
    for number in [*range(rows + 1), 0]:
        cells = ", ".join(f'{value} AS "{kind}"' for kind, value in zip(types, row(number)))
        selects.append(f"SELECT {len(selects) + 1} AS id, {'false' if len(selects) > rows else 'true'} AS shown, {cells}")
    return "CREATE TABLE memory.clients.types AS " + " UNION ALL ".join(selects)
