"""The harness itself: a Trino that answers, and the ways it can be ended and begun again."""

from tests.stack.client import TrinoError


def cases(stack):
    """The cases of this suite."""
    yield "Trino answers on each catalog", lambda: catalogs(stack.trino)
    yield "an error is told by its name", lambda: error(stack.trino)


def catalogs(trino):
    """The catalogs that every suite counts on."""
    assert [row[0] for row in trino.rows("SHOW CATALOGS")] == ["jmx", "lake", "memory", "system", "tpch"]
    trino.rows("CREATE SCHEMA lake.smoke")
    trino.rows("CREATE TABLE lake.smoke.nation AS SELECT * FROM tpch.tiny.nation")
    assert trino.rows("SELECT count(*) FROM lake.smoke.nation") == [[25]]
    trino.rows("DROP SCHEMA lake.smoke CASCADE")
    kinds = trino.client().query("SELECT quantity FROM tpch.tiny.lineitem LIMIT 1").columns
    assert kinds[0]["type"].startswith("decimal"), kinds


def error(trino):
    """Trino's error names come through the client."""
    try:
        trino.rows("SELECT nobody FROM tpch.tiny.nation")
    except TrinoError as e:
        assert e.name == "COLUMN_NOT_FOUND", e
    else:
        raise AssertionError("no error")
