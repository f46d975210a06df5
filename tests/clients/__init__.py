"""Clients as people have them: each runs the TPC-H queries through Sluice as without it, and shows masks, filters and denials.

What a client shows directly is compared with what the same client shows through Sluice: rows (in any order, since equal
keys of an ORDER BY may change places), column names and types.
"""

import pathlib

from tests.clients import tpch
from tests.clients.drivers import Endpoint, all_clients
from tests.stack.client import wait_for
from tests.stack.sluice import password

POLICIES = pathlib.Path(__file__).with_name("policies")
MESH = [
    "CREATE SCHEMA lake.clients",
    """CREATE TABLE lake.clients.people AS SELECT * FROM (VALUES
       (BIGINT '1', 'Iris Example', 'iris@example.test', 'EU'), (BIGINT '2', 'Jon Example', 'jon@example.test', 'EU'),
       (BIGINT '3', 'Kim Example', 'kim@example.test', 'US')) AS t (id, name, email, region)""",
    "CREATE TABLE lake.clients.payments AS SELECT BIGINT '1' AS id, 'XX00 EXAMPLE' AS iban",
]
PEOPLE = "SELECT id, name, email FROM lake.clients.people"
SHOWN = [["1", "Iris Example", "***@example.test"], ["2", "Jon Example", "***@example.test"]]


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    trino.rows("CREATE CATALOG tpch_standard USING tpch WITH (\"tpch.double-type-mapping\" = 'DECIMAL', \"tpch.column-naming\" = 'STANDARD')")
    for statement in MESH:
        trino.rows(statement)
    with stack.sluice("clients", POLICIES) as sluice:
        def through(user, **more):
            return Endpoint(sluice.port, user, password(user), sluice.ca, **more)

        direct = Endpoint(trino.port, "admin")
        for client in all_clients():
            yield f"{client.name} gives the TPC-H queries as without Sluice", lambda c=client: same(c, direct, through("admin"))
            yield f"{client.name} shows masked cells and no hidden rows", lambda c=client: guarded(c, through("analyst"))
            yield f"{client.name} shows them to a statement with a parameter", lambda c=client: parameter(c, through("analyst"))
            yield f"{client.name} shows a denial with its reason", lambda c=client: denied(c, through("analyst"))
            yield f"{client.name} cancels a query on Trino", lambda c=client: cancelled(c, through("admin"), trino)
            if client.name == "trino-cli":
                yield "trino-cli shows the progress of a filtered query", lambda c=client: progress(c, through("analyst"))
            if client.name in ("trino-jdbc", "Python client with SQLAlchemy"):
                yield f"{client.name} lists the tables that its user may know of", lambda c=client: tables(c, through("analyst", catalog="lake", schema="clients"))
    trino.rows("DROP SCHEMA lake.clients CASCADE")
    trino.rows("DROP CATALOG tpch_standard")


def same(client, direct, through):
    """All 22 queries, two ways."""
    texts = tpch.queries()
    here, there = client.answers(direct, texts.values()), client.answers(through, texts.values())
    assert len(here) == len(there) == len(texts), f"{len(here)} answers directly, {len(there)} through Sluice: {there[-1]}"
    for name, a, b in zip(texts, here, there):
        assert "error" not in a, f"{name} directly: {a['error']}"
        assert "error" not in b, f"{name} through Sluice: {b['error']}"
        assert a["rows"] and a["types"], f"{name} gave nothing"
        for part in ("names", "types"):
            assert a[part] == b[part], f"{part} of {name}: {a[part]} directly, {b[part]} through Sluice"
        assert sorted(map(str, a["rows"])) == sorted(map(str, b["rows"])), f"rows of {name}: {a['rows'][:3]} directly, {b['rows'][:3]} through Sluice"


def guarded(client, endpoint):
    """The e-mail is masked, the row outside the EU is not there."""
    answer = client.answers(endpoint, [PEOPLE + " ORDER BY id"])[0]
    assert answer.get("rows") == SHOWN, answer


def progress(client, endpoint):
    """It divides by counts that are zero here."""
    printed = client.progress(endpoint, PEOPLE + " ORDER BY id")
    assert "***@example.test" in printed and "FINISHED" in printed and "100 total, 100 done (100.00%)" in printed, printed


def parameter(client, endpoint):
    """Parameters go by PREPARE and EXECUTE or by EXECUTE IMMEDIATE, as each client has it."""
    answer = client.prepared(endpoint, PEOPLE + " WHERE id = ?")
    assert answer.get("rows") == SHOWN[:1], answer


def denied(client, endpoint):
    """The reason names the table."""
    answer = client.answers(endpoint, ["SELECT iban FROM lake.clients.payments"])[0]
    assert "Access Denied: Cannot select from table lake.clients.payments" in answer.get("error", ""), answer


def tables(client, endpoint):
    """The table that no policy grants is not listed."""
    answer = client.answers(endpoint, ["tables"], "tables")[0]
    listed = {cell for row in answer["rows"] for cell in row}
    assert "people" in listed and "payments" not in listed, answer


def cancelled(client, endpoint, trino):
    """Trino ends the query as one that its user cancelled."""
    mark = f"cancelled by {client.name}"
    client.cancel(endpoint, f"SELECT l_orderkey, l_comment, '{mark}' FROM tpch_standard.sf1000.lineitem")
    ended = f"SELECT error_code FROM system.runtime.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%runtime%' AND state = 'FAILED'"
    assert wait_for("the query ended on Trino", lambda: trino.rows(ended)) == [["USER_CANCELED"]]
