"""What Sluice asks Trino about tables: those of a schema together, and those in use again before they are forgotten."""

import pathlib
import time

POLICIES = pathlib.Path(__file__).with_name("policies")

TABLES = ["orders", "lines", "customers", "parts"]
SETUP = [
    "CREATE SCHEMA lake.c_shop",
    *[f"CREATE TABLE lake.c_shop.{table} AS SELECT 1 AS id, '{table}' AS name" for table in TABLES],
    "CREATE VIEW lake.c_shop.sales AS SELECT o.id, l.name FROM lake.c_shop.orders o JOIN lake.c_shop.lines l ON o.id = l.id",
    "CREATE VIEW lake.c_shop.stock SECURITY INVOKER AS SELECT id, name FROM lake.c_shop.parts",
    "CREATE MATERIALIZED VIEW lake.c_shop.totals AS SELECT count(*) AS n FROM lake.c_shop.lines",
]
# How long a table is known; one that is in use is asked for again after half of it.
KEEP = 6


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    for statement in SETUP:
        trino.rows(statement)
    with stack.sluice("catalog", POLICIES, settings={"catalog": {"keep": "10m"}}) as sluice:
        yield "tables of a schema are asked for together", lambda: together(trino, sluice)
        yield "what is not there spoils no table beside it", lambda: beside(trino, sluice)
    with stack.sluice("catalog-kept", POLICIES, settings={"catalog": {"keep": f"{KEEP}s"}}) as sluice:
        yield "no statement waits for tables that are in use", lambda: in_use(trino, sluice)
    trino.rows("DROP SCHEMA lake.c_shop CASCADE")


def asked(trino):
    """Sluice's own questions about tables of this suite, as far as Trino remembers."""
    rows = trino.rows("SELECT query FROM system.runtime.queries WHERE source = 'sluice' ORDER BY created")
    return [sql for sql, in rows if "'c_shop'" in sql and "information_schema" in sql]


def together(trino, sluice):
    """Four tables take one question; two views and a materialized view one more for what they are, and one for the views' texts."""
    analyst = sluice.client("analyst")
    before = len(asked(trino))
    joined = " JOIN ".join(f"lake.c_shop.{table}" + (" USING (id)" if number else "") for number, table in enumerate(TABLES))
    assert analyst.rows(f"SELECT count(*) FROM {joined}") == [[1]]
    questions = asked(trino)[before:]
    assert len(questions) == 1 and all(f"'{table}'" in questions[0] for table in TABLES), questions
    assert analyst.rows("SELECT s.id, t.n FROM lake.c_shop.sales s, lake.c_shop.stock k, lake.c_shop.totals t WHERE k.id = s.id") == [[1, 1]]
    questions = asked(trino)[before + 1:]
    assert len(questions) == 2 and "information_schema.views" in questions[1], questions
    assert "'sales', 'stock'" in questions[1] and "'totals'" not in questions[1], questions
    assert sluice.metrics()["sluice_catalog_cache_renewals_total"] == 0


def beside(trino, sluice):
    """A statement over a table that is not there is refused as Trino refuses it, and the others are known by then."""
    trino.rows("CREATE TABLE lake.c_shop.new AS SELECT 1 AS id")
    analyst = sluice.client("analyst")
    error = analyst.query("SELECT 1 FROM lake.c_shop.new, lake.c_shop.nowhere").error
    assert error["errorName"] == "TABLE_NOT_FOUND" and "nowhere" in error["message"], error
    before = sluice.metrics()["sluice_catalog_cache_misses_total"]
    assert analyst.rows("SELECT id FROM lake.c_shop.new") == [[1]]
    assert sluice.metrics()["sluice_catalog_cache_misses_total"] == before


def in_use(trino, sluice):
    """For three times as long as a table is known. A change beside Sluice is seen within that time, as ever."""
    analyst = sluice.client("analyst")
    sql = "SELECT * FROM lake.c_shop.orders o JOIN lake.c_shop.parts p ON o.id = p.id"
    analyst.rows(sql)
    misses, questions = sluice.metrics()["sluice_catalog_cache_misses_total"], len(asked(trino))
    end, changed, seen = time.monotonic() + 3 * KEEP, None, None
    while time.monotonic() < end:
        width = len(analyst.rows(sql)[0])
        if changed is None and time.monotonic() > end - 2 * KEEP:
            trino.rows("ALTER TABLE lake.c_shop.parts ADD COLUMN more bigint")
            changed = time.monotonic()
        if seen is None and width == 5:
            seen = time.monotonic()
        time.sleep(0.2)
    # What was asked last is answered by then.
    time.sleep(2)
    metrics = sluice.metrics()
    assert metrics["sluice_catalog_cache_misses_total"] == misses, "a statement has waited"
    renewals = metrics["sluice_catalog_cache_renewals_total"]
    assert renewals >= 4 and renewals % 2 == 0, "both tables are asked for each time"
    assert len(asked(trino)) - questions == renewals / 2, "and by one question"
    assert seen and seen - changed < KEEP + 2, (changed, seen)
