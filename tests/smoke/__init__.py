"""The harness itself: a Trino that answers, and the ways it can be ended and begun again."""

from tests.stack import cache, fetch, process
from tests.stack.client import TrinoError
from tests.stack.progress import Problem


def cases(stack):
    """The cases of this suite."""
    yield "Trino answers on each catalog", lambda: catalogs(stack.trino)
    yield "an error is told by its name", lambda: error(stack.trino)
    yield "too little memory is told in a sentence", lambda: told("Trino needs 1e+06 GB of memory", process.need_memory, 1e6, "Trino")
    yield "too little disk is told in a sentence", lambda: told("make room or set SLUICE_CACHE", cache.need_disk, 1e6)
    yield "a taken port is told in a sentence", lambda: told(f"port {stack.trino.port}, where", process.need_port, stack.trino.port, "Trino", "choose another")
    yield "a missing tool is told in a sentence", lambda: told("a tool is missing: get it", fetch.run, ["no-such-tool"], "a tool", "get it")
    yield "an entry of the cache is whole or not there", lambda: whole_or_not_there(stack.folder)


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


def told(sentence, function, *arguments):
    """A Problem whose text holds a sentence."""
    try:
        function(*arguments)
    except Problem as problem:
        assert sentence in str(problem) and "\n" not in str(problem), problem
    else:
        raise AssertionError("nothing was told")


def whole_or_not_there(folder):
    """What fails in the middle leaves nothing; the next run makes it anew."""
    def fails(half):
        (half / "part").touch()
        raise Problem("in the middle")

    name = f"smoke-{folder.stat().st_mtime_ns}"
    told("in the middle", cache.entry, name, fails)
    assert not (cache.root() / name).exists()
    made = cache.entry(name, lambda half: (half / "whole").touch())
    assert (made / "whole").exists()
    assert cache.entry(name, fails) == made
    (made / "whole").unlink()
    made.rmdir()
