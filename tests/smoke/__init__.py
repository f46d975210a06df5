"""The harness itself: a Trino that answers, and the ways it can be ended and begun again."""

import contextlib
import io
import json
import shutil
import subprocess
import sys

from tests.stack import cache, fetch, lanes, process, suites
from tests.stack.client import TrinoError
from tests.stack.progress import Problem
from tests.stack.sluice import binary


def cases(stack):
    """The cases of this suite."""
    yield "Trino answers on each catalog", lambda: catalogs(stack.trino)
    yield "an error is told by its name", lambda: error(stack.trino)
    yield "too little memory is told in a sentence", lambda: told("Trino needs 1e+06 GB of memory", process.need_memory, 1e6, "Trino")
    yield "too little disk is told in a sentence", lambda: told("make room or set SLUICE_CACHE", cache.need_disk, 1e6)
    yield "a taken port is told in a sentence", lambda: told(f"port {stack.trino.port}, where", process.need_port, stack.trino.port, "Trino", "choose another")
    yield "a missing tool is told in a sentence", lambda: told("a tool is missing: get it", fetch.run, ["no-such-tool"], "a tool", "get it")
    yield "an entry of the cache is whole or not there", lambda: whole_or_not_there(stack.folder)
    yield "a port is given to one program at a time", one_program
    yield "what a lane ran is counted, and what a lane that ended had to run has failed", counted
    yield "a listing of its tables is what policies are checked against", lambda: listing(stack.trino, stack.folder / "listing")


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


def one_program():
    """Another one that asks for this port does not get it."""
    port = process.free_port()
    asks = f"from tests.stack import process; print(process.reserve({port}), process.reserve(process.free_port()))"
    said = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True).stdout
    # A port is given once to the same program, too.
    assert said == "False False\n", said


def counted():
    """Two lanes that end leave a third suite to nobody."""
    ran, shown = suites.Tally(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(io.StringIO()):
        with lanes.Lanes(["smoke.ending"], ran, 1, "passes") as beside:
            beside.wait()
        assert (ran.passed, ran.failed) == (1, []), (ran.failed, shown.getvalue())
        with lanes.Lanes(["smoke.ending"] * 3, ran, 2) as beside:
            beside.wait()
    ended = "smoke.ending: its lane has ended with exit code 7"
    assert (ran.passed, sorted(ran.failed)) == (1, [ended, ended, "smoke.ending: no lane was left to run it"]), (ran.failed, shown.getvalue())
    assert "1│ ok     smoke.ending: passes" in shown.getvalue(), shown.getvalue()


POLICIES = """
apiVersion: sluice/v1
kind: Domain
metadata: {name: smoke}
spec: {owns: [{catalog: lake, schema: listing}]}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: reads, domain: smoke}
spec:
  tables: [{table: nations}, {table: region_names}]
  grants:
    - {to: {groups: [all]}, privileges: [select], columns: {except: [coment]}}
"""


def listing(trino, folder):
    """What `sluice catalog export` reads of tables, views and materialized views, and what other commands make of it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "policies").mkdir(parents=True)
    (folder / "policies/a.yaml").write_text(POLICIES, encoding="utf-8")
    for statement in (
        "CREATE SCHEMA lake.listing",
        "CREATE TABLE lake.listing.nation AS SELECT nationkey, name, regionkey, comment FROM tpch.tiny.nation",
        "CREATE VIEW lake.listing.region_names AS SELECT name, comment FROM tpch.tiny.region",
        "CREATE MATERIALIZED VIEW lake.listing.count AS SELECT count(*) rows FROM lake.listing.nation",
    ):
        trino.rows(statement)

    def sluice(*words):
        found = subprocess.run([binary(), *words], cwd=folder, capture_output=True, text=True, check=False)
        return found.returncode, found.stdout, found.stderr

    try:
        code, text, told = sluice("catalog", "export", "--trino", trino.url, "--trino-user", "admin", "--only", "lake.listing", "--only", "tpch.t*")
        assert (code, told) == (0, ""), told
        tables = json.loads(text)["tables"]
        assert tables["lake.listing.nation"] == {"kind": "table", "columns": [
            {"name": "nationkey", "type": "bigint"}, {"name": "name", "type": "varchar"},
            {"name": "regionkey", "type": "bigint"}, {"name": "comment", "type": "varchar"}]}, tables["lake.listing.nation"]
        assert tables["lake.listing.region_names"]["kind"] == "view", tables
        assert "tpch.tiny.region" in tables["lake.listing.region_names"]["text"].lower(), tables
        assert tables["lake.listing.count"]["kind"] == "materialized_view", tables
        assert {"type": "decimal(12,2)", "name": "quantity"} in tables["tpch.tiny.lineitem"]["columns"], tables["tpch.tiny.lineitem"]
        assert not any(".information_schema." in name for name in tables)
        (folder / "listing.json").write_text(text, encoding="utf-8")
        expected = ("there is no table `lake.listing.nations`", "did you mean `nation`?", "`lake.listing.region_names` has no column `coment`")
        for against in (("--catalog", "listing.json"), ("--against-trino", trino.url, "--trino-user", "admin")):
            code, out, told = sluice("check", "policies", "--color", "never", *against)
            assert code == 0 and "2 warnings" in out and all(words in told for words in expected), (code, out, told)
        code, out, told = sluice("explain", "--user", "a", "--group", "all", "--catalog", "listing.json", "SELECT name FROM lake.listing.region_names")
        # The view reads a table that no policy grants; a reader of it needs no grant of that.
        assert code == 0 and "lake.listing.region_names: may be read" in out, (code, out, told)
        code, out, told = sluice("catalog", "export", "--trino", trino.url, "--trino-user", "")
        assert code == 1 and out == "" and told.startswith("error: "), (code, out, told)
    finally:
        trino.rows("DROP MATERIALIZED VIEW lake.listing.count")
        trino.rows("DROP VIEW lake.listing.region_names")
        trino.rows("DROP SCHEMA lake.listing CASCADE")
