"""Statements that change rows, tables and schemas: as through Trino itself for who may, masked and filtered where they read, refused else."""

import json
import pathlib

from tests.stack.client import wait_for

POLICIES = pathlib.Path(__file__).with_name("policies")

PEOPLE = [(1, "Ann", "EU", "11", 10), (2, "Bob", "EU", "22", 20), (3, "Cleopatra", "US", "33", 300)]
SEEN = [[1, "***n"], [2, "***b"]]

# For who may do all: the same through Sluice and straight, `{}` being the schema of each.
SAME = [
    "CREATE SCHEMA IF NOT EXISTS {}",
    "CREATE TABLE {}.t (id bigint COMMENT 'key', v varchar) COMMENT 'things' WITH (format = 'ORC')",
    "CREATE TABLE {}.t (id bigint)",
    "INSERT INTO {}.t VALUES (1, 'a'), (2, 'b'), (3, NULL)",
    "INSERT INTO {}.t (v) SELECT name FROM tpch.tiny.region",
    "INSERT INTO {}.t SELECT 1",
    "INSERT INTO {}.nowhere SELECT 1",
    "EXECUTE IMMEDIATE 'INSERT INTO {}.t VALUES (?, ?)' USING 4, 'it''s'",
    "UPDATE {}.t SET v = upper(v) WHERE id IN (SELECT regionkey FROM tpch.tiny.region)",
    "UPDATE {}.t SET nothing = 1",
    "DELETE FROM {}.t WHERE id = 2 AND v = 'B'",
    "MERGE INTO {}.t AS t USING (VALUES (1, 'merged'), (9, 'new')) s(id, v) ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)",
    "SELECT * FROM {}.t ORDER BY id, v",
    "CREATE TABLE {}.copy AS SELECT *, length(v) AS l FROM {}.t",
    "CREATE TABLE IF NOT EXISTS {}.copy AS SELECT 1 AS x",
    "CREATE OR REPLACE TABLE {}.copy AS SELECT id, v FROM {}.t WHERE id < 5",
    "ALTER TABLE {}.copy ADD COLUMN w double",
    "SELECT * FROM {}.copy ORDER BY id",
    "ALTER TABLE {}.copy RENAME COLUMN v TO u",
    "SELECT u, w FROM {}.copy ORDER BY id",
    "ALTER TABLE {}.copy ALTER COLUMN w SET DATA TYPE double",
    "ALTER TABLE {}.copy DROP COLUMN w",
    "ALTER TABLE {}.copy SET PROPERTIES format = 'PARQUET'",
    "ALTER TABLE {}.copy EXECUTE optimize",
    "COMMENT ON COLUMN {}.copy.u IS 'a text'",
    "COMMENT ON TABLE {}.copy IS NULL",
    "ANALYZE {}.copy",
    "CREATE TABLE {}.alike (LIKE {}.copy, more int)",
    "DESCRIBE {}.alike",
    "ALTER TABLE {}.alike RENAME TO {}.other",
    "SELECT * FROM {}.alike",
    "SELECT count(*) FROM {}.other",
    "TRUNCATE TABLE {}.copy",
    "DELETE FROM {}.t",
    "DROP TABLE {}.copy",
    "DROP TABLE {}.copy",
    "DROP TABLE IF EXISTS {}.copy",
    "DROP SCHEMA {}",
    "DROP TABLE {}.t",
    "DROP TABLE {}.other",
    "DROP SCHEMA {}",
]

# Refused for the analyst, with a word of the reason.
REFUSED = [
    ("INSERT INTO lake.w_staff.people VALUES (4, 'Dan', 'EU', '44', 1)", "a mask or a row filter applies"),
    ("UPDATE lake.w_staff.people SET region = 'EU'", "without mask or filter"),
    ("UPDATE lake.w_staff.people SET name = ssn", "without mask or filter"),
    ("DELETE FROM lake.w_staff.people", "a mask or a row filter applies"),
    ("DELETE FROM lake.w_staff.people WHERE ssn LIKE '3%'", "without mask or filter"),
    ("MERGE INTO lake.w_staff.people p USING tpch.tiny.region r ON p.id = r.regionkey WHEN MATCHED THEN DELETE", "without mask or filter"),
    ("TRUNCATE TABLE lake.w_staff.people", "a mask or a row filter applies"),
    ("ALTER TABLE lake.w_staff.people RENAME COLUMN ssn TO note", "may not change its columns"),
    ("ALTER TABLE lake.w_staff.people DROP COLUMN region", "may not change its columns"),
    ("ALTER TABLE lake.w_staff.people RENAME TO lake.w_sandbox.people", "without mask or filter"),
    ("CREATE TABLE lake.w_sandbox.x (LIKE lake.w_staff.people)", "without mask or filter"),
    ("DROP TABLE lake.w_staff.people", "no policy grants it"),
    ("CREATE TABLE lake.w_sandbox.x AS SELECT ssn FROM lake.w_staff.people", "Cannot select from columns [ssn]"),
    ("CREATE TABLE lake.w_sandbox.x WITH (location = 's3://lake/w_staff/people') AS SELECT 1 AS x", "a property that may name a place"),
    ("ALTER TABLE lake.w_sandbox.copy EXECUTE add_files(location => 's3://lake/w_staff', format => 'PARQUET')", "beyond the table"),
    ("CALL lake.system.register_table('w_sandbox', 'y', 's3://lake/w_staff/people')", "Cannot execute procedure"),
    ("INSERT INTO lake.w_sandbox.copy SELECT id, (SELECT max(ssn) FROM lake.w_staff.people) FROM lake.w_sandbox.copy", "Cannot select from columns [ssn]"),
    ("CREATE SCHEMA lake.w_more", "Cannot create schema"),
    ("DROP SCHEMA lake.w_staff", "Cannot drop schema"),
    ("CREATE TABLE lake.w_staff.mine (x int)", "Cannot create table"),
    ("CREATE VIEW lake.w_sandbox.v AS SELECT * FROM lake.w_staff.people", "may not read each column"),
    ("EXPLAIN INSERT INTO lake.w_sandbox.copy SELECT id, name FROM lake.w_staff.people", "Cannot explain"),
]


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    for schema in ["lake.w_staff", "lake.w_sandbox", "memory.w_sandbox"]:
        trino.rows(f"CREATE SCHEMA {schema}")
    trino.rows("CREATE TABLE lake.w_staff.people (id bigint, name varchar, region varchar, ssn varchar, salary bigint)")
    trino.rows("INSERT INTO lake.w_staff.people VALUES " + ", ".join(map(str, PEOPLE)))
    trino.rows("CREATE TABLE lake.w_staff.visits (id bigint)")
    with stack.sluice("writes", POLICIES) as sluice:
        analyst, admin = sluice.client("analyst"), sluice.client("admin")
        yield "who may do all does all as without Sluice", lambda: same(trino, admin)
        yield "a copy holds what its maker sees", lambda: copies(trino, analyst)
        yield "rows that are changed by others see those as their maker does", lambda: changes(trino, analyst)
        yield "a value that does not fit tells nothing of hidden rows", lambda: fits(trino, analyst)
        yield "a prepared change is decided when it runs", lambda: prepared(trino, analyst)
        yield "a change of a restricted table is refused", lambda: refused(trino, analyst)
        yield "who may only add rows adds rows", lambda: adds(trino, sluice.client("anna"))
        yield "whole schemas and functions are made and dropped by who may", lambda: wholes(trino, admin, analyst)
        yield "who may explain a statement is who may run it", lambda: explained(analyst, admin)
        yield "one's own queries are ended, and nobody else's", lambda: killed(sluice, analyst, admin)
        yield "a session asks to act as another user where a policy grants it", lambda: acts(sluice)
        yield "roles are told of to whom they belong", lambda: roles(analyst, admin)
        yield "passwords of a catalog are not in the log", lambda: catalogs(sluice, analyst, admin)
        yield "the log names what was changed, by its privilege", lambda: logged(sluice)
    for schema in ["lake.w_staff", "lake.w_sandbox", "memory.w_sandbox"]:
        trino.rows(f"DROP SCHEMA {schema} CASCADE")


def outcome(client, sql):
    """What a client sees of a statement in the end: rows, columns, kind and count of changes, or the error."""
    last = {}
    rows = []
    for page, _ in client.pages(sql):
        rows += page.get("data") or []
        last.update({key: page[key] for key in ("updateType", "updateCount", "error", "columns") if key in page})
    error = last.get("error")
    told = error and (error["errorName"], error["message"].partition(". Decision: ")[0], error.get("errorLocation"))
    columns = [(column["name"], column["type"]) for column in last.get("columns") or []]
    # Of a statement that fails, Trino tells the kind when the client asks late.
    kind = None if error else last.get("updateType")
    return {"rows": rows, "columns": columns, "kind": kind, "count": last.get("updateCount"), "error": told}


def same(trino, admin):
    """Each statement on two schemas of names of one length, so that places in errors are equal."""
    straight = trino.client()
    failed = 0
    for statement in SAME:
        direct = outcome(straight, statement.replace("{}", "lake.w_one"))
        through = outcome(admin, statement.replace("{}", "lake.w_two"))
        through = json.loads(json.dumps(through).replace("w_two", "w_one"))
        direct = json.loads(json.dumps(direct))
        assert through == direct, f"{statement}\n  straight {direct}\n  through  {through}"
        failed += direct["error"] is not None
    assert 5 <= failed <= 12, failed


def copies(trino, analyst):
    """CREATE TABLE AS and INSERT write masked values of visible rows."""
    assert outcome(analyst, "CREATE TABLE lake.w_sandbox.copy AS SELECT id, name FROM lake.w_staff.people")["count"] == 2
    assert trino.rows("SELECT * FROM lake.w_sandbox.copy ORDER BY id") == SEEN
    assert outcome(analyst, "INSERT INTO lake.w_sandbox.copy WITH p AS (TABLE lake.w_staff.people) SELECT id, name FROM p")["count"] == 2
    assert trino.rows("SELECT DISTINCT * FROM lake.w_sandbox.copy ORDER BY id") == SEEN


def changes(trino, analyst):
    """Sub-queries of UPDATE and DELETE and the source of MERGE are guarded."""
    analyst.rows("CREATE OR REPLACE TABLE lake.w_sandbox.own AS SELECT * FROM (VALUES (BIGINT '1', VARCHAR 'x'), (2, 'y'), (3, 'z')) t(id, v)")
    analyst.rows("UPDATE lake.w_sandbox.own SET v = (SELECT name FROM lake.w_staff.people p WHERE p.id = own.id)")
    assert trino.rows("SELECT * FROM lake.w_sandbox.own ORDER BY id") == [*SEEN, [3, None]]
    analyst.rows("DELETE FROM lake.w_sandbox.own WHERE id IN (SELECT id FROM lake.w_staff.people)")
    assert trino.rows("SELECT id FROM lake.w_sandbox.own") == [[3]]
    analyst.rows("MERGE INTO lake.w_sandbox.own o USING lake.w_staff.people p ON o.id = p.id"
                 " WHEN MATCHED THEN UPDATE SET v = p.name WHEN NOT MATCHED THEN INSERT (id, v) VALUES (p.id, p.name)")
    assert trino.rows("SELECT * FROM lake.w_sandbox.own ORDER BY id") == [*SEEN, [3, None]]


def fits(trino, analyst):
    """The hidden row alone has a salary that a tinyint can't hold, and a name too long."""
    analyst.rows("CREATE TABLE memory.w_sandbox.small (region varchar(2), salary tinyint)")
    statement = "INSERT INTO memory.w_sandbox.small SELECT substr(name, 1, 2), CAST(salary AS tinyint) FROM lake.w_staff.people"
    assert outcome(analyst, statement)["count"] == 2
    assert trino.client().query(statement).error, "it has to fail where nothing is hidden"


def prepared(trino, analyst):
    """The text that goes along is rewritten; PREPARE itself runs nothing."""
    analyst.rows("CREATE OR REPLACE TABLE lake.w_sandbox.kept (id bigint, v varchar)")
    analyst.rows("PREPARE p FROM INSERT INTO lake.w_sandbox.kept SELECT id, ? || name FROM lake.w_staff.people WHERE id > ?")
    text = "INSERT INTO lake.w_sandbox.kept SELECT id, ? || name FROM lake.w_staff.people WHERE id > ?"
    header = {"X-Trino-Prepared-Statement": "p=" + text.replace(" ", "%20").replace("?", "%3F").replace(",", "%2C").replace("|", "%7C").replace(">", "%3E")}
    assert analyst.query("EXECUTE p USING '#', 1", header).error is None
    assert trino.rows("SELECT * FROM lake.w_sandbox.kept") == [[2, "#***b"]]
    hidden = {"X-Trino-Prepared-Statement": "p=DELETE%20FROM%20lake.w_staff.people"}
    assert analyst.query("EXECUTE p", hidden).error["errorName"] == "PERMISSION_DENIED"


def refused(trino, analyst):
    """Each names a reason, and changes nothing."""
    wrong = []
    for statement, reason in REFUSED:
        error = analyst.query(statement).error
        if error is None or error["errorName"] not in ("PERMISSION_DENIED", "NOT_SUPPORTED") or reason not in error["message"]:
            wrong.append(f"{statement}: {error and error['message']}")
    assert not wrong, "\n".join(wrong)
    assert sorted(map(tuple, trino.rows("SELECT * FROM lake.w_staff.people"))) == PEOPLE


def adds(trino, anna):
    """Inserting needs no right to read, and gives none."""
    assert outcome(anna, "INSERT INTO lake.w_staff.visits VALUES 1, 2")["count"] == 2
    for statement in ["SELECT * FROM lake.w_staff.visits", "INSERT INTO lake.w_staff.visits SELECT id FROM lake.w_staff.visits",
                      "DELETE FROM lake.w_staff.visits", "INSERT INTO lake.w_staff.people VALUES (1, 'x', 'EU', '1', 1)"]:
        error = anna.query(statement).error
        assert error and error["errorName"] == "PERMISSION_DENIED", (statement, error)
    assert trino.rows("SELECT count(*) FROM lake.w_staff.visits") == [[2]]


def logged(sluice):
    """A decision about MERGE has all that it needs."""
    merges = [record for record in sluice.records() if record["kind"] == "decision" and record["statement"] == "Merge" and record["outcome"] == "rewrite"]
    assert merges, "no MERGE in the log"
    found = {(used["object"], used["privilege"]) for used in merges[0]["objects"]}
    expected = {("lake.w_sandbox.own", "update"), ("lake.w_sandbox.own", "insert"), ("lake.w_sandbox.own", "select"), ("lake.w_staff.people", "select")}
    assert found == expected, found


def denied(client, sql, reason):
    """The statement is refused for this reason."""
    error = client.query(sql).error
    assert error and error["errorName"] in ("PERMISSION_DENIED", "NOT_SUPPORTED") and reason in error["message"], (sql, error)


def wholes(trino, admin, analyst):
    """CASCADE drops what is in a schema, for who may drop each table of it."""
    admin.rows("CREATE SCHEMA memory.w_whole")
    admin.rows("CREATE TABLE memory.w_whole.a (x int)")
    denied(analyst, "DROP SCHEMA memory.w_whole CASCADE", "Cannot drop schema")
    admin.rows("CREATE FUNCTION memory.w_whole.twice(x bigint) RETURNS bigint RETURN 2 * abs(x)")
    assert admin.rows("SELECT memory.w_whole.twice(-4)") == [[8]]
    denied(analyst, "SELECT memory.w_whole.twice(-4)", "Cannot execute function")
    denied(analyst, "CREATE OR REPLACE FUNCTION memory.w_whole.twice(x bigint) RETURNS bigint RETURN 1", "Cannot create function")
    denied(admin, "CREATE FUNCTION memory.w_whole.f() RETURNS bigint RETURN (SELECT count(*) FROM tpch.tiny.region)", "a query in a function")
    shown = admin.rows("SHOW CREATE FUNCTION memory.w_whole.twice")
    assert "abs(x)" in shown[0][0], shown
    denied(analyst, "SHOW CREATE FUNCTION memory.w_whole.twice", "Cannot show create function")
    denied(analyst, "DROP FUNCTION memory.w_whole.twice(bigint)", "Cannot drop function")
    admin.rows("DROP FUNCTION memory.w_whole.twice(bigint)")
    admin.rows("DROP SCHEMA memory.w_whole CASCADE")
    assert ["w_whole"] not in trino.rows("SHOW SCHEMAS FROM memory")


def explained(analyst, admin):
    """EXPLAIN needs what the statement needs, and tells nothing of what is hidden."""
    for sql in ["EXPLAIN CREATE SCHEMA lake.w_more", "EXPLAIN SELECT * FROM lake.w_staff.people", "EXPLAIN EXECUTE IMMEDIATE 'SELECT * FROM lake.w_staff.people'",
                "EXPLAIN ANALYZE INSERT INTO lake.w_sandbox.copy SELECT id, name FROM lake.w_staff.people"]:
        assert analyst.query(sql).error["errorName"] == "PERMISSION_DENIED", sql
    for sql in ["EXPLAIN SHOW TABLES FROM tpch.tiny", "EXPLAIN CREATE SCHEMA lake.w_more", "EXPLAIN EXECUTE IMMEDIATE 'SELECT 1'",
                "EXPLAIN ANALYZE SELECT * FROM lake.w_staff.people", "EXPLAIN (TYPE VALIDATE) SELECT 1"]:
        assert admin.query(sql).error is None, (sql, admin.query(sql).error)


def killed(sluice, analyst, admin):
    """By the id of a query, which its pages carry."""
    endless = "SELECT count(*) FROM tpch.sf1000.lineitem a, tpch.sf1000.lineitem b WHERE a.comment < b.comment"
    pages = admin.pages(endless)
    page, _ = next(pages)
    query = page["id"]
    denied(analyst, f"CALL system.runtime.kill_query('{query}')", "it is not yours, or there is no such query")
    denied(analyst, "CALL system.runtime.kill_query('20200101_000000_00000_aaaaa')", "it is not yours, or there is no such query")
    # Trino lists a query a moment after its first page is given.
    wait_for("the query to be ended", lambda: admin.query(f"CALL system.runtime.kill_query(query_id => '{query}', message => 'enough')").error is None)
    last = page
    for page, _ in pages:
        last = page
    assert last["error"]["errorName"] == "ADMINISTRATIVELY_KILLED", last.get("error")


def acts(sluice):
    """SET SESSION AUTHORIZATION reaches Trino for who may act as that user. Its default access control lets nobody, in its own words."""
    admin, analyst = sluice.client("admin"), sluice.client("analyst")
    able = {"X-Trino-Client-Capabilities": "SESSION_AUTHORIZATION"}
    error = admin.query("SET SESSION AUTHORIZATION anna", able).error
    assert error and error["message"].partition(". Decision: ")[0] == "Access Denied: User admin cannot impersonate user anna", error
    denied(analyst, "SET SESSION AUTHORIZATION admin", "cannot impersonate user admin: no policy grants it to you")
    assert admin.query("RESET SESSION AUTHORIZATION", able).error is None


def roles(analyst, admin):
    """Trino without roles has none to tell of."""
    for client in (analyst, admin):
        for sql in ["SHOW ROLES", "SHOW CURRENT ROLES", "SHOW ROLE GRANTS"]:
            assert client.rows(sql) == [], sql
    assert analyst.query("SHOW GRANTS ON lake.w_staff.people").error is None, analyst.query("SHOW GRANTS ON lake.w_staff.people").error
    error = analyst.query("SHOW GRANTS ON lake.w_staff.visits").error
    assert error["errorName"] == "TABLE_NOT_FOUND", error
    assert analyst.query("SHOW ROLES FROM nowhere").error["errorName"] == "CATALOG_NOT_FOUND"


def catalogs(sluice, analyst, admin):
    """The values of properties, and texts that can't be read."""
    admin.rows("CREATE CATALOG w_memory USING memory WITH (\"memory.max-data-per-node\" = '77MB')")
    assert ["w_memory"] in admin.rows("SHOW CATALOGS")
    admin.rows("DROP CATALOG w_memory")
    assert "77MB" not in json.dumps(list(sluice.records()))
    denied(analyst, "CREATE CATALOG c USING memory WITH (\"a\" = 's3cret')", "Cannot create catalog")
    assert analyst.query("CREATE CATALOG c USING memory WITH (a = 's3cret' 's3cret')").error["errorName"] == "SYNTAX_ERROR"
    assert "s3cret" not in json.dumps(list(sluice.records()))
