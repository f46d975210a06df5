"""Views and materialized views: made through Sluice as through Trino for who may, read by each with the reader's own rights."""

import json
import pathlib

from tests.writes import outcome

POLICIES = pathlib.Path(__file__).with_name("policies")

PEOPLE = [(1, "Ann", "EU"), (2, "Bob", "EU"), (3, "Cleopatra", "US")]
SEEN = [[1, "***n", "EU"], [2, "***b", "EU"]]
STORE = "lake.v_staff.\"m_people$materialized_view_storage\""

# For who may do all: the same through Sluice and straight, `{}` being the schema of each.
SAME = [
    "CREATE SCHEMA {}",
    "CREATE TABLE {}.t AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(id, v)",
    "CREATE VIEW {}.v COMMENT 'some' AS SELECT t.id, upper(v) AS u /* kept */ FROM {}.t WHERE id > 1",
    "CREATE VIEW {}.v AS SELECT 1 AS x",
    "SELECT * FROM {}.v",
    "SHOW CREATE VIEW {}.v",
    "CREATE OR REPLACE VIEW {}.v SECURITY INVOKER AS WITH a AS (TABLE {}.t) SELECT a.*, count(*) OVER () AS n FROM a",
    "SHOW CREATE VIEW {}.v",
    "SELECT * FROM {}.v ORDER BY id",
    "COMMENT ON VIEW {}.v IS 'others'",
    "COMMENT ON COLUMN {}.v.id IS 'key'",
    "DESCRIBE {}.v",
    "ALTER VIEW {}.v RENAME TO {}.w",
    "SELECT * FROM {}.v",
    "SELECT count(*) FROM {}.w",
    "CREATE MATERIALIZED VIEW {}.m COMMENT 'x' WITH (format = 'ORC') AS SELECT id, v FROM {}.t",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS {}.m AS SELECT 1 AS x",
    "REFRESH MATERIALIZED VIEW {}.m",
    "SELECT * FROM {}.m ORDER BY id",
    "INSERT INTO {}.t VALUES (3, 'c')",
    "REFRESH MATERIALIZED VIEW {}.m",
    "SELECT * FROM {}.m ORDER BY id",
    "ALTER MATERIALIZED VIEW {}.m RENAME TO {}.n",
    "SELECT count(*) FROM {}.n",
    "CREATE VIEW {}.broken AS SELECT nothing FROM {}.t",
    "CREATE VIEW {}.broken AS SELECT * FROM {}.nowhere",
    "DROP MATERIALIZED VIEW {}.n",
    "DROP VIEW {}.w",
    "DROP TABLE {}.t",
    "DROP SCHEMA {}",
]

# Refused for the analyst, with a word of the reason.
REFUSED = [
    ("CREATE VIEW lake.v_sandbox.no AS SELECT id, name FROM lake.v_staff.people", "create it with SECURITY INVOKER"),
    ("CREATE OR REPLACE VIEW lake.v_sandbox.no SECURITY DEFINER AS SELECT (SELECT max(name) FROM lake.v_staff.people) AS x", "create it with SECURITY INVOKER"),
    ("CREATE VIEW lake.v_sandbox.no SECURITY INVOKER AS SELECT * FROM lake.v_staff.pay", "may not read each column"),
    ("CREATE VIEW lake.v_sandbox.no SECURITY INVOKER AS SELECT salary FROM lake.v_staff.pay", "Cannot select from columns"),
    ("CREATE VIEW lake.v_sandbox.no SECURITY INVOKER AS SELECT * FROM lake.v_staff.secrets", "no policy grants it"),
    ("CREATE VIEW lake.v_staff.no AS SELECT 1 AS x", "Cannot create table"),
    ("CREATE MATERIALIZED VIEW lake.v_sandbox.no AS SELECT id, name FROM lake.v_staff.people", "would store what"),
    ("CREATE MATERIALIZED VIEW lake.v_sandbox.no AS SELECT * FROM lake.v_sandbox.own o JOIN lake.v_staff.secrets s ON true", "no policy grants it"),
    ("REFRESH MATERIALIZED VIEW lake.v_staff.m_people", "without mask or filter"),
    ("EXPLAIN ANALYZE REFRESH MATERIALIZED VIEW lake.v_staff.m_people", "without mask or filter"),
    (f"SELECT * FROM {STORE}", "no policy grants it"),
    (f"CREATE TABLE lake.v_sandbox.no AS SELECT * FROM {STORE}", "no policy grants it"),
    ("SELECT * FROM lake.v_staff.\"m_people$files\"", "no policy grants it"),
    ("SHOW CREATE MATERIALIZED VIEW lake.v_staff.m_people", "Cannot show create"),
    ("ALTER VIEW lake.v_staff.v_masked RENAME TO lake.v_sandbox.masked", "may hold under its new name"),
    ("ALTER VIEW lake.v_sandbox.shared SET AUTHORIZATION admin", "not supported"),
    ("CREATE MATERIALIZED VIEW lake.v_sandbox.no WITH (storage_schema = 'v_staff') AS SELECT 1 AS x", "a property that may name a place"),
]


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    for schema in ["lake.v_staff", "lake.v_sandbox"]:
        trino.rows(f"CREATE SCHEMA {schema}")
    trino.rows("CREATE TABLE lake.v_staff.people (id bigint, name varchar, region varchar)")
    trino.rows("INSERT INTO lake.v_staff.people VALUES " + ", ".join(map(str, PEOPLE)))
    trino.rows("CREATE TABLE lake.v_staff.pay AS SELECT 1 AS id, 7777 AS salary")
    trino.rows("CREATE TABLE lake.v_staff.secrets AS SELECT 'hidden' AS word")
    trino.rows("CREATE TABLE lake.v_sandbox.own AS SELECT * FROM (VALUES (1, 'x'), (2, 'y')) t(id, v)")
    with stack.sluice("views", POLICIES) as sluice:
        yield "who may do all makes views as without Sluice", lambda: same(trino, sluice)
        yield "a view keeps its maker's text, and each reader sees by own rights", lambda: shared(trino, sluice)
        yield "what a materialized view stores counts as its bases", lambda: stored(trino, sluice)
        yield "the session of whoever refreshes a view chooses none of its tables", lambda: refreshed(trino, sluice)
        yield "a mask and a filter of the view itself hold over those of its bases", lambda: own_rules(trino, sluice)
        yield "short names in a view's text mean what they mean to Trino", lambda: short_names(trino, sluice)
        yield "what a maker may not read whole is made no view of", lambda: refused(trino, sluice.client("analyst"))
    with stack.sluice("views-definer", POLICIES, settings={"views": "definer"}) as sluice:
        yield "a reader of an owner's view sees what the owner does", lambda: by_owner(trino, sluice)
        yield "an owner's view tells nothing of what it hides", lambda: barrier(trino, sluice)
        yield "a view that has got another owner shows nothing", lambda: new_owner(trino, sluice)
    for schema in ["lake.v_staff", "lake.v_sandbox"]:
        trino.rows(f"DROP SCHEMA {schema} CASCADE")


def denied(client, sql):
    """The message of a statement that has to be refused."""
    error = client.query(sql).error
    assert error and error["errorName"] == "PERMISSION_DENIED", f"{sql}: {error}"
    return error["message"]


def same(trino, sluice):
    """Each statement on two schemas of names of one length, so that places in errors are equal."""
    straight, through = trino.client(), sluice.client("admin")
    failed = 0
    for statement in SAME:
        direct = outcome(straight, statement.replace("{}", "lake.v_one"))
        passed = outcome(through, statement.replace("{}", "lake.v_two"))
        passed, direct = json.loads(json.dumps(passed).replace("v_two", "v_one")), json.loads(json.dumps(direct))
        assert passed == direct, f"{statement}\n  straight {direct}\n  through  {passed}"
        failed += direct["error"] is not None
    assert 3 <= failed <= 5, failed


def shared(trino, sluice):
    """A view of the analyst's over a masked and filtered table."""
    analyst = sluice.client("analyst")
    analyst.rows("CREATE VIEW lake.v_sandbox.shared SECURITY INVOKER AS SELECT id, name, region FROM lake.v_staff.people")
    kept = trino.rows("SHOW CREATE VIEW lake.v_sandbox.shared")[0][0]
    assert "sluice_" not in kept and "***" not in kept, kept
    for reader, rows in [("analyst", SEEN), ("anna", SEEN), ("admin", [list(row) for row in PEOPLE])]:
        assert sluice.client(reader).rows("SELECT * FROM lake.v_sandbox.shared ORDER BY id") == rows, reader
    # Olga may read the view, and not what it reads.
    assert "no policy grants" not in denied(sluice.client("olga"), "SELECT count(*) FROM lake.v_sandbox.shared")
    # A view over it, another name, another text.
    analyst.rows("CREATE OR REPLACE VIEW lake.v_sandbox.over SECURITY INVOKER AS SELECT name FROM lake.v_sandbox.shared")
    analyst.rows("ALTER VIEW lake.v_sandbox.over RENAME TO lake.v_sandbox.upper")
    assert sluice.client("anna").rows("SELECT max(name) FROM lake.v_sandbox.upper") == [["***n"]]
    assert sluice.client("anna").query("SELECT 1 FROM lake.v_sandbox.over").error["errorName"] == "TABLE_NOT_FOUND"
    analyst.rows("CREATE OR REPLACE VIEW lake.v_sandbox.upper AS SELECT v FROM lake.v_sandbox.own")
    assert sluice.client("olga").rows("SELECT * FROM lake.v_sandbox.upper ORDER BY 1") == [["x"], ["y"]]
    analyst.rows("DROP VIEW lake.v_sandbox.upper")


def stored(trino, sluice):
    """The owner stores all rows; readers see what they see of the table."""
    sluice.client("admin").rows("CREATE MATERIALIZED VIEW lake.v_staff.m_people AS SELECT id, name, region FROM lake.v_staff.people")
    assert outcome(sluice.client("admin"), "REFRESH MATERIALIZED VIEW lake.v_staff.m_people")["count"] == 3
    assert len(trino.rows(f"SELECT * FROM {STORE}")) == 3
    assert sluice.client("analyst").rows("SELECT * FROM lake.v_staff.m_people ORDER BY id") == SEEN
    assert len(sluice.client("admin").rows("SELECT * FROM lake.v_staff.m_people")) == 3
    denied(sluice.client("olga"), "SELECT count(*) FROM lake.v_staff.m_people")
    denied(sluice.client("admin"), f"SELECT * FROM {STORE}")


def refreshed(trino, sluice):
    """Trino looks short names up in the refresher's session; seen here on Trino itself, so that the rule goes when it does."""
    trino.client().rows("CREATE MATERIALIZED VIEW lake.v_sandbox.short AS SELECT id FROM own", {"X-Trino-Catalog": "lake", "X-Trino-Schema": "v_sandbox"})
    trino.rows("CREATE TABLE lake.v_staff.own AS SELECT 4711 AS id")
    elsewhere = {"X-Trino-Catalog": "lake", "X-Trino-Schema": "v_staff"}
    for user in ["analyst", "admin"]:
        error = sluice.client(user).query("REFRESH MATERIALIZED VIEW lake.v_sandbox.short", elsewhere).error
        assert error["errorName"] == "PERMISSION_DENIED", error
        denied(sluice.client(user), "SELECT * FROM lake.v_sandbox.short")
    trino.client().rows("REFRESH MATERIALIZED VIEW lake.v_sandbox.short", elsewhere)
    assert trino.rows("SELECT * FROM lake.v_sandbox.short") == [[4711]]
    error = sluice.client("analyst").query("CREATE MATERIALIZED VIEW s AS SELECT id FROM own", {"X-Trino-Catalog": "lake", "X-Trino-Schema": "v_sandbox"}).error
    assert "whoever refreshes" in error["message"], error
    trino.rows("DROP MATERIALIZED VIEW lake.v_sandbox.short")


def own_rules(trino, sluice):
    """Both those of the table and those of the view apply."""
    trino.rows("CREATE VIEW lake.v_staff.v_masked AS SELECT id, name, region FROM lake.v_staff.people")
    assert sluice.client("analyst").rows("SELECT * FROM lake.v_staff.v_masked") == [[1, "***n", "?"]]
    assert len(sluice.client("admin").rows("SELECT * FROM lake.v_staff.v_masked")) == 3


def short_names(trino, sluice):
    """The view stands in another schema than the one in which it was made, and that one has a table of the same name."""
    made_in = {"X-Trino-Catalog": "lake", "X-Trino-Schema": "v_staff"}
    trino.rows("CREATE TABLE lake.v_sandbox.people AS SELECT BIGINT '5' AS id, VARCHAR 'Other' AS name")
    trino.client().rows("CREATE VIEW lake.v_sandbox.named AS WITH p AS (TABLE people) SELECT p.id, people.name FROM p JOIN people USING (id)".replace("p.id", "id"), made_in)
    for session in [{}, {"X-Trino-Catalog": "lake", "X-Trino-Schema": "v_sandbox"}]:
        assert sluice.client("analyst").rows("SELECT * FROM lake.v_sandbox.named ORDER BY id", session) == [row[:2] for row in SEEN]
        assert len(sluice.client("admin").rows("SELECT * FROM lake.v_sandbox.named", session)) == 3
    denied(sluice.client("olga"), "SELECT * FROM lake.v_sandbox.named")
    analyst = sluice.client("analyst")
    assert analyst.query("CREATE VIEW v_sandbox.mine SECURITY INVOKER AS SELECT name FROM people", made_in).error is None
    assert sluice.client("anna").rows("SELECT * FROM lake.v_sandbox.mine ORDER BY name") == [["***b"], ["***n"]]


def refused(trino, analyst):
    """Each names a reason, and makes nothing."""
    before = trino.rows("SELECT table_schema, table_name FROM lake.information_schema.tables ORDER BY 1, 2")
    wrong = []
    for statement, reason in REFUSED:
        error = analyst.query(statement).error
        if error is None or error["errorName"] not in ("PERMISSION_DENIED", "NOT_SUPPORTED") or reason not in error["message"]:
            wrong.append(f"{statement}: {error and error['message']}")
    assert not wrong, "\n".join(wrong)
    assert trino.rows("SELECT table_schema, table_name FROM lake.information_schema.tables ORDER BY 1, 2") == before


def by_owner(trino, sluice):
    """Olga may read the view of one who may read all, and no more of what it reads than before."""
    sluice.client("admin").rows("CREATE VIEW lake.v_staff.v_two AS SELECT id, name, region FROM lake.v_staff.people WHERE id < 3")
    whole = [list(row) for row in PEOPLE[:2]]
    for reader in ["olga", "analyst", "admin"]:
        assert sluice.client(reader).rows("SELECT * FROM lake.v_staff.v_two ORDER BY id") == whole, reader
    denied(sluice.client("olga"), "SELECT 1 FROM lake.v_staff.people")
    assert sluice.client("anna").rows("SELECT * FROM lake.v_staff.people ORDER BY id") == SEEN
    # The view's own policies are its reader's.
    trino.rows("DROP VIEW IF EXISTS lake.v_staff.v_masked")
    sluice.client("admin").rows("CREATE VIEW lake.v_staff.v_masked AS SELECT id, name, region FROM lake.v_staff.people WHERE id < 3")
    seen = sluice.client("olga").rows("SELECT * FROM lake.v_staff.v_masked ORDER BY id")
    assert seen == [[1, "Ann", "?"]], seen
    # Names that the view's schema completes, and readers' rights where the view says so.
    trino.client().rows("CREATE VIEW lake.v_staff.v_short AS SELECT count(*) AS n FROM people", {"X-Trino-Catalog": "lake", "X-Trino-Schema": "v_staff"})
    assert sluice.client("olga").rows("SELECT n FROM lake.v_staff.v_short") == [[3]]
    trino.rows("CREATE VIEW lake.v_staff.v_reader SECURITY INVOKER AS SELECT id, name, region FROM lake.v_staff.people")
    assert sluice.client("analyst").rows("SELECT * FROM lake.v_staff.v_reader ORDER BY id") == SEEN
    denied(sluice.client("olga"), "SELECT 1 FROM lake.v_staff.v_reader")
    # An owner with a mask and a filter of his own vouches for nothing.
    trino.client("analyst").rows("CREATE VIEW lake.v_staff.v_of_analyst AS SELECT id, name FROM lake.v_staff.people")
    for reader in ["olga", "anna"]:
        message = denied(sluice.client(reader), "SELECT 1 FROM lake.v_staff.v_of_analyst")
        assert ("with its owner's rights" in message) == (reader == "olga"), message


def barrier(trino, sluice):
    """What fails over a row that the view's own text leaves out does not fail, as it does on Trino itself."""
    sluice.client("admin").rows("CREATE VIEW lake.v_staff.v_some AS SELECT id FROM lake.v_staff.people WHERE region IN (SELECT region FROM lake.v_staff.people WHERE id < 3)")
    failing = "SELECT 1 / (id - 3) FROM lake.v_staff.v_some WHERE 1 / (id - 3) < 5"
    assert (trino.client().query(failing).error or {}).get("errorName") == "DIVISION_BY_ZERO", "Trino holds by itself, so this case says nothing"
    olga = sluice.client("olga")
    assert sorted(olga.rows(failing)) == [[-1], [0]], failing
    for sql in ["EXPLAIN SELECT * FROM lake.v_staff.v_two", "SHOW STATS FOR lake.v_staff.v_two", "SHOW CREATE VIEW lake.v_staff.v_two"]:
        assert "people" not in denied(olga, sql)
    *_, last = (page["stats"] for page, _ in olga.pages("SELECT count(*) FROM lake.v_staff.v_two"))
    assert last["state"] == "FINISHED" and last["processedRows"] == 0, last
    seen = olga.rows("SELECT table_name FROM lake.information_schema.tables WHERE table_schema = 'v_staff'")
    assert ["people"] not in seen and ["v_two"] in seen, seen


def new_owner(trino, sluice):
    """What Sluice knows of the view is a minute old, and Trino says with whose rights it reads."""
    olga = sluice.client("olga")
    text = "AS SELECT id, name FROM lake.v_staff.people WHERE id < 2"
    trino.rows(f"CREATE VIEW lake.v_staff.v_given {text}")
    assert olga.rows("SELECT name FROM lake.v_staff.v_given") == [["Ann"]]
    trino.rows("DROP VIEW lake.v_staff.v_given")
    trino.client("analyst").rows(f"CREATE VIEW lake.v_staff.v_given {text}")
    error = olga.query("SELECT name FROM lake.v_staff.v_given").error
    assert error["errorName"] == "PERMISSION_DENIED" and "is not what it was" in error["message"], error
    message = denied(olga, "SELECT name FROM lake.v_staff.v_given")
    assert "with its owner's rights" in message, message
