"""What Trino's answers tell besides rows: errors and statistics of restricted tables, which tell of no hidden row or value and of no policy."""

import json
import pathlib

POLICIES = pathlib.Path(__file__).with_name("policies")

# Two files; the hidden row is in the second, beside one that is seen.
FILES = [
    """(1, 'CANARY-NAME-1', 'EU', '{"a": 1}', '2001-01-01', ARRAY['x', 'y']), (2, 'CANARY-NAME-2', 'EU', 'CANARY-DOC-2 (', 'CANARY-BORN-2', ARRAY['x'])""",
    """(4, 'CANARY-NAME-4', 'EU', '{}', '2004-01-01', ARRAY['x']), (1000, 'CANARY-NAME-1000', 'US', 'CANARY-DOC-1000', 'CANARY-BORN-1000', ARRAY[])""",
]
# The ways to the table: by its name, by a view, by a named query.
SOURCES = ["lake.t_told.people", "lake.t_told.v_people", "(WITH p AS (TABLE lake.t_told.people) SELECT * FROM p)"]

# What fails over some row, with the name of the error.
FAILING = [
    ("SELECT 1 / (id - 4) FROM {}", "DIVISION_BY_ZERO"),
    ("SELECT id FROM {} WHERE 1 / (id - 4) < 5", "DIVISION_BY_ZERO"),
    ("SELECT CAST(name AS bigint) FROM {}", "INVALID_CAST_ARGUMENT"),
    ("SELECT CAST(doc AS bigint) FROM {}", "INVALID_CAST_ARGUMENT"),
    ("SELECT CAST(born AS date) FROM {}", "INVALID_CAST_ARGUMENT"),
    ("SELECT json_parse(doc) FROM {}", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT JSON_VALUE(doc, 'strict $.a' ERROR ON EMPTY ERROR ON ERROR) FROM {} WHERE id = 2", "JSON_INPUT_CONVERSION_ERROR"),
    ("SELECT regexp_like('x', doc) FROM {} WHERE id = 2", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT date_parse(born, '%Y-%m-%d') FROM {}", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT from_iso8601_date(born) FROM {}", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT tags[2] FROM {}", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT map(ARRAY['a'], ARRAY[1])[name] FROM {}", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT CAST(id * 10000000000 AS integer) FROM {}", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT id * 9223372036854775807 FROM {}", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT fail(name) FROM {}", "GENERIC_USER_ERROR"),
]

# What Trino finds in the text, whose place is that of the user's own; whether its words pass as they are.
WRONG = [
    ("SELECT id,\n  name + 1 FROM {}", False),
    ("SELECT id FROM {} WHERE name", False),
    ("SELECT a.id,\n  id FROM {} a JOIN {} b ON a.id = b.id", True),
    ("SELECT name, count(*) FROM {}", True),
    ("SELECT id FROM {} WHERE max(id) = 1", True),
    ("SELECT max(count(*)) FROM {}", True),
    ("SELECT upper(id) FROM {}", True),
    ("SELECT CAST(name AS nothing) FROM {}", False),
    ("SELECT id FROM {} ORDER BY 99", True),
    ("SELECT sum(id) OVER (ORDER BY name RANGE 1 PRECEDING) FROM {}", False),
    ("SELECT id, name FROM {} UNION SELECT 1 FROM {}", False),
    ("SELECT id, name FROM {} EXCEPT SELECT name, id FROM {}", False),
    ("SELECT IF(name = 'x', 1, 'y') FROM {}", False),
    ("SELECT id FROM {} WHERE name IN (1, 2)", False),
    ("SELECT id FROM {} WHERE name BETWEEN 1 AND DATE '2001-01-01'", False),
    ("SELECT id FROM {} WHERE (id, name) IN (SELECT id FROM {})", False),
    ("SELECT (SELECT id FROM {}) FROM {}", True),
]

# What no answer may hold.
SECRETS = ["canary", "sluice_", ".java:"]
# What a client could measure by itself.
TIMES = ["planningTimeMillis", "analysisTimeMillis", "queuedTimeMillis", "elapsedTimeMillis", "finishingTimeMillis"]
# What counts rows, work or places where there is work.
COUNTS = ["processedRows", "processedBytes", "physicalInputBytes", "physicalWrittenBytes", "internalNetworkInputBytes", "peakMemoryBytes", "spilledBytes",
          "cpuTimeMillis", "wallTimeMillis", "physicalInputTimeMillis"]


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    trino.rows("CREATE SCHEMA lake.t_told")
    trino.rows("CREATE TABLE lake.t_told.people (id bigint, name varchar, region varchar, doc varchar, born varchar, tags array(varchar))")
    for rows in FILES:
        trino.rows(f"INSERT INTO lake.t_told.people VALUES {rows}")
    trino.rows("CREATE VIEW lake.t_told.v_people AS SELECT * FROM lake.t_told.people")
    trino.rows("CREATE TABLE lake.t_told.copy (id bigint)")
    with stack.sluice("told", POLICIES) as sluice:
        analyst = sluice.client("analyst")
        yield "statistics tell of no hidden row", lambda: counts(trino, analyst)
        yield "statistics of each statement that reads a restricted table count nothing", lambda: counted(trino, analyst)
        yield "progress of a restricted query is seen", lambda: progress(analyst)
        yield "statistics are Trino's own where nothing is restricted", lambda: unrestricted(trino, sluice.client("admin"))
        yield "an error of a row quotes nothing", lambda: failing(trino, analyst)
        yield "an error of the text has the user's own place and quotes no policy", lambda: wrong(trino, analyst)
        yield "an error of a prepared text has the place in it", lambda: prepared(trino, analyst)
    trino.rows("DROP SCHEMA lake.t_told CASCADE")


def statistics(client, sql):
    """The statistics of each page."""
    found = []
    for page, _ in client.pages(sql):
        assert "error" not in page, page
        found.append(page["stats"])
    return found


def without_times(last):
    """All that a page says but times."""
    return {name: value for name, value in last.items() if name not in TIMES}


def counts(trino, analyst):
    """A condition that the hidden row meets, and one that no row meets: Trino's own counts differ, those through Sluice do not."""
    hit, miss = ("id IN (2, 1000)", "id IN (2, 2000)")
    own = [statistics(trino.client(), f"SELECT id FROM (SELECT * FROM lake.t_told.people WHERE region = 'EU') WHERE {where}")[-1] for where in (hit, miss)]
    assert own[0]["processedRows"] != own[1]["processedRows"], "Trino's counts do not tell, so this case says nothing"
    assert own[0]["totalSplits"] != own[1]["totalSplits"], own
    for where in SOURCES:
        seen = [statistics(analyst, f"SELECT id FROM {where} t WHERE {condition}")[-1] for condition in (hit, miss)]
        assert seen[0]["state"] == "FINISHED" and seen[0]["elapsedTimeMillis"] > 0, seen[0]
        assert without_times(seen[0]) == without_times(seen[1]), (where, seen)


def zero(stats):
    """Nothing is counted, in no stage."""
    wrong_ones = {name: stats[name] for name in COUNTS if stats.get(name)}
    assert not wrong_ones and stats["nodes"] <= 1 and stats["totalSplits"] in (0, 100), (wrong_ones, stats)
    for stage in [stats["rootStage"]] if stats.get("rootStage") else stats.get("subStages", []):
        zero(stage)


def counted(trino, analyst):
    """Queries by each way to the table, prepared ones, and writes that read it."""
    read = [f"SELECT count(*), max(id) FROM {source} t" for source in SOURCES]
    write = [f"INSERT INTO lake.t_told.copy SELECT id FROM {source} t" for source in SOURCES]
    for sql in [*read, *write, "EXECUTE IMMEDIATE 'SELECT id FROM lake.t_told.people WHERE id < ?' USING 5", "SHOW TABLES FROM lake.t_told"]:
        pages = statistics(analyst, sql)
        assert len(pages) > 1, sql
        for stats in pages:
            zero(stats)
    assert trino.rows("SELECT count(*) FROM lake.t_told.copy") == [[9]]


def progress(analyst):
    """Parts of a hundred, which only grow until all is done."""
    # Tables of several sizes, whose splits do not all end at once.
    comments = " UNION ALL ".join(f"SELECT comment FROM tpch.sf1.{table}" for table in ("customer", "orders", "lineitem"))
    pages = statistics(analyst, f"SELECT count(*), max(comment) FROM ({comments}), lake.t_told.people")
    seen = [stats["progressPercentage"] for stats in pages if "progressPercentage" in stats]
    assert len(set(seen)) > 2 and seen[-1] == 100 and all(part == int(part) for part in seen), seen
    assert "RUNNING" in {stats["state"] for stats in pages}
    assert any(stats.get("rootStage", {}).get("subStages") for stats in pages)


def unrestricted(trino, admin):
    """The same fields and counts for who may see all."""
    sql = "SELECT id FROM lake.t_told.people WHERE id IN (2, 1000)"
    straight, through = statistics(trino.client(), sql)[-1], statistics(admin, sql)[-1]
    assert straight.keys() == through.keys() and straight["rootStage"].keys() == through["rootStage"].keys()
    assert straight["processedRows"] == through["processedRows"] > 0


def silent(sql, error):
    """The error of a statement, in which nothing is told."""
    assert error, f"{sql} did not fail"
    text = json.dumps(error).lower()
    told = [secret for secret in SECRETS if secret in text]
    assert not told, f"{sql} tells {told}: {text}"
    return error


def failing(trino, analyst):
    """Trino's own text quotes a value in some of these; through Sluice none does."""
    quoting = 0
    differing = []
    for sql, name in FAILING:
        own = trino.client().query(sql.replace("{}", SOURCES[0])).error
        quoting += "canary" in json.dumps(own).lower()
        for source in SOURCES:
            error = silent(sql, analyst.query(sql.replace("{}", f"{source} t")).error)
            if error["errorName"] != name or "withheld" not in error["message"]:
                differing.append((sql, error["errorName"], error["message"]))
    assert not differing, differing
    assert quoting >= 5, quoting


def wrong(trino, analyst):
    """The place is Trino's for the same text; words that pass are Trino's too."""
    differing = []
    for sql, passes in WRONG:
        for source in SOURCES:
            text = sql.replace("{}", source)
            own = trino.client().query(text).error
            assert own, f"{text} does not fail on Trino"
            error = silent(text, analyst.query(text).error)
            if (own["errorName"], own.get("errorLocation")) != (error["errorName"], error.get("errorLocation")):
                differing.append((text, own["message"], own.get("errorLocation"), error["message"], error.get("errorLocation")))
            withheld = "withheld" in error["message"]
            if withheld is passes or not withheld and error["message"] != own["message"]:
                differing.append((text, own["message"], error["message"]))
    assert not differing, "\n".join(map(str, differing))


def prepared(trino, analyst):
    """The text of EXECUTE is another than the one that has the error."""
    text = "SELECT p.id,\n  upper(p.id) FROM lake.t_told.people p"
    headers = {"X-Trino-Prepared-Statement": "q=" + text.replace(" ", "%20").replace("\n", "%0A").replace(",", "%2C")}
    for sql, more in [("EXECUTE q", headers), (f"EXECUTE IMMEDIATE '{text}'", {}), ("EXECUTE IMMEDIATE 'SELECT name, FROM lake.t_told.people'", {}),
                      ("EXECUTE IMMEDIATE 'SELECT name + 1 FROM lake.t_told.people'", {})]:
        own = trino.client().query(sql, more).error
        error = silent(sql, analyst.query(sql, more).error)
        assert (own["errorName"], own.get("errorLocation")) == (error["errorName"], error.get("errorLocation")), (sql, own["message"], error["message"])
