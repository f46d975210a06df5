"""Names that stand for something else at Trino than when Sluice looked at them: nothing is shown that the policies hide."""

import json
import pathlib
import secrets

POLICIES = pathlib.Path(__file__).with_name("policies")

SCHEMAS = ["lake.r_open", "lake.r_secret", "lake.r_part", "lake.r_sandbox"]
CANARY = "CANARY"
SECRET = "SELECT name, region FROM lake.r_secret.people"

# What analyst may do over things that nobody changes: Trino tells of each in another way, and none is taken for changed.
UNCHANGED = [
    "SELECT 1",
    "SELECT * FROM lake.r_open.still",
    "TABLE lake.r_open.still",
    "SELECT count(*) FROM lake.r_open.still a, lake.r_open.still b, lake.r_open.still_view c",
    "SELECT * FROM lake.r_open.still_view",
    "SELECT * FROM lake.r_open.still_deep",
    "SELECT * FROM lake.r_open.fresh",
    "SELECT * FROM lake.r_open.stale",
    "SELECT name FROM lake.r_secret.people",
    "SELECT max(length(name)) FROM lake.r_secret.people",
    "SELECT p.name FROM lake.r_part.people p JOIN lake.r_open.still s ON true",
    "WITH unused AS (SELECT * FROM lake.r_open.still) SELECT 1",
    "WITH still AS (SELECT 1 AS x) SELECT * FROM still",
    "WITH RECURSIVE r (n) AS (SELECT count(*) FROM lake.r_open.still UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r",
    "SELECT * FROM TABLE(exclude_columns(input => TABLE(lake.r_open.still), columns => DESCRIPTOR(region)))",
    "SELECT (SELECT max(name) FROM lake.r_open.still_view), name FROM lake.r_open.still WHERE name IN (SELECT name FROM lake.r_open.fresh)",
    "SELECT * FROM lake.r_open.still LIMIT 0",
    "SELECT * FROM lake.r_open.still WHERE false",
    "SELECT count(*) FROM lake.r_open.\"still$files\"",
    "SELECT * FROM lake.r_open.still FOR TIMESTAMP AS OF current_timestamp - INTERVAL '1' SECOND",
    "SELECT * FROM lake.r_open.still TABLESAMPLE BERNOULLI (100)",
    "EXECUTE IMMEDIATE 'SELECT * FROM lake.r_open.still_view WHERE name = ?' USING 'open'",
    "EXPLAIN SELECT * FROM lake.r_open.still_view",
    "EXPLAIN (TYPE VALIDATE) SELECT * FROM lake.r_secret.people",
    "EXPLAIN ANALYZE SELECT * FROM lake.r_open.still",
    "SHOW STATS FOR lake.r_open.still",
    "SHOW STATS FOR (SELECT * FROM lake.r_open.still)",
    "SHOW CREATE TABLE lake.r_open.still",
    "SHOW CREATE VIEW lake.r_open.still_view",
    "SHOW CATALOGS",
    "SHOW SCHEMAS FROM lake",
    "SHOW TABLES FROM lake.r_open",
    "DESCRIBE lake.r_open.still",
    "SHOW FUNCTIONS LIKE 'abs'",
    "SELECT count(*) FROM lake.information_schema.columns WHERE table_schema = 'r_open'",
    "SELECT count(*) FROM system.jdbc.tables WHERE table_cat = 'lake'",
    "SELECT count(*) FROM system.metadata.table_comments WHERE catalog_name = 'lake' AND schema_name = 'r_open'",
    "CREATE TABLE lake.r_sandbox.copy AS SELECT * FROM lake.r_open.still_view",
    "CREATE TABLE IF NOT EXISTS lake.r_sandbox.copy AS SELECT * FROM lake.r_open.still",
    "CREATE TABLE lake.r_sandbox.alike (LIKE lake.r_sandbox.copy)",
    "INSERT INTO lake.r_sandbox.alike SELECT name, region FROM lake.r_secret.people",
    "UPDATE lake.r_sandbox.alike SET name = (SELECT max(name) FROM lake.r_open.still)",
    "DELETE FROM lake.r_sandbox.alike WHERE name IN (SELECT name FROM lake.r_open.still_view)",
    "MERGE INTO lake.r_sandbox.alike a USING lake.r_open.fresh f ON a.name = f.name WHEN NOT MATCHED THEN INSERT (name, region) VALUES (f.name, f.region)",
    "EXPLAIN ANALYZE INSERT INTO lake.r_sandbox.alike SELECT * FROM lake.r_open.still",
    "ANALYZE lake.r_sandbox.alike",
    "ALTER TABLE lake.r_sandbox.alike EXECUTE optimize",
    "DROP TABLE lake.r_sandbox.alike",
    "DROP TABLE lake.r_sandbox.copy",
]


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    set_up(trino)
    key = pathlib.Path(stack.folder) / "resolved-page-key"
    key.write_text(secrets.token_hex(32), encoding="ascii")
    # What is known of a table stays as it was until a case is done with it.
    replicas = {"listen": {"page_key_file": str(key)}, "catalog": {"keep": "1h"}}
    with stack.sluice("resolved", POLICIES, settings=replicas) as one, stack.sluice("resolved-other", POLICIES, settings=replicas) as other:
        yield "what nobody changes is never taken for changed", lambda: unchanged(trino, one)
        for number, (what, before, after) in enumerate(CHANGES):
            name = f"lake.{'r_part' if 'filter' in what else 'r_open'}.t{number}"
            yield f"{what} opens nothing, whichever replica is asked", lambda n=name, b=before, a=after: changed(trino, one, other, n, b, a)
        yield "what a materialized view stores is not to be read by its name", lambda: storage(trino, one)
        yield "a table that is made anew as a table is answered", lambda: made_anew(trino, one)
        yield "a change, a plan and statistics are made of what is there when they are sent", lambda: asked_anew(trino, one)
        yield "an answer that was withheld is counted and written down", lambda: told(one)
    for schema in SCHEMAS:
        trino.rows(f"DROP SCHEMA {schema} CASCADE")


# What changes, what it is before, and what is done beside Sluice. `{t}` is a name of the case's own: what is known of a name outlives a case.
CHANGES = [
    ("a table that has become a view",
     ["CREATE TABLE {t} AS SELECT * FROM lake.r_open.still"],
     ["DROP TABLE {t}", "CREATE VIEW {t} AS {secret}"]),
    ("a table that has become a materialized view",
     ["CREATE TABLE {t} AS SELECT * FROM lake.r_open.still"],
     ["DROP TABLE {t}", "CREATE MATERIALIZED VIEW {t} AS {secret}", "REFRESH MATERIALIZED VIEW {t}"]),
    ("a view of another text",
     ["CREATE VIEW {t} AS SELECT * FROM lake.r_open.still"],
     ["CREATE OR REPLACE VIEW {t} AS {secret}"]),
    ("a view whose table has become a view",
     ["CREATE TABLE {t}_base AS SELECT * FROM lake.r_open.still", "CREATE VIEW {t} AS SELECT * FROM {t}_base"],
     ["DROP TABLE {t}_base", "CREATE VIEW {t}_base AS {secret}"]),
    ("a materialized view of another text",
     ["CREATE MATERIALIZED VIEW {t} AS SELECT * FROM lake.r_open.still", "REFRESH MATERIALIZED VIEW {t}"],
     ["CREATE OR REPLACE MATERIALIZED VIEW {t} AS {secret}", "REFRESH MATERIALIZED VIEW {t}"]),
    ("a table with a filter that has become a view",
     ["CREATE TABLE {t} AS SELECT * FROM lake.r_open.still"],
     ["DROP TABLE {t}", "CREATE VIEW {t} AS {secret}"]),
]


def set_up(trino):
    """What is there from the start. The rows of `people` that analyst may not see hold a canary, and so do the names that are masked."""
    for statement in [
        *[f"CREATE SCHEMA {schema}" for schema in SCHEMAS],
        f"CREATE TABLE lake.r_secret.people AS SELECT * FROM (VALUES ('{CANARY}-masked', 'EU'), ('{CANARY}-hidden', 'US')) t(name, region)",
        "CREATE TABLE lake.r_open.still AS SELECT 'open' AS name, 'EU' AS region",
        "CREATE VIEW lake.r_open.still_view AS SELECT * FROM lake.r_open.still",
        "CREATE VIEW lake.r_open.still_deep AS SELECT name FROM lake.r_open.still_view",
        "CREATE MATERIALIZED VIEW lake.r_open.fresh AS SELECT * FROM lake.r_open.still",
        "REFRESH MATERIALIZED VIEW lake.r_open.fresh",
        "CREATE MATERIALIZED VIEW lake.r_open.stale AS SELECT * FROM lake.r_open.still",
        # What a policy reads may be a view over anything.
        "CREATE TABLE lake.r_secret.regions AS SELECT 'EU' AS region",
        "CREATE VIEW lake.r_part.regions AS SELECT region FROM lake.r_secret.regions",
        "CREATE TABLE lake.r_part.people AS SELECT * FROM lake.r_open.still",
    ]:
        trino.rows(statement)


def withheld(sluice, found):
    """How many answers were withheld for this reason."""
    return sluice.metrics()[f'sluice_answers_withheld_total{{found="{found}"}}']


def unchanged(trino, sluice):
    """Each twice: by what is known then, and by what is cached."""
    analyst = sluice.client("analyst")
    wrong = []
    for _ in range(2):
        for statement in UNCHANGED:
            error = analyst.query(statement).error
            if error:
                wrong.append(f"{statement}: {error['errorName']}: {error['message']}")
    assert not wrong, "\n".join(wrong)
    for found in ("changed", "changed_late", "unknown"):
        assert withheld(sluice, found) == 0, found
    assert trino.rows("SELECT count(*) FROM lake.r_open.still") == [[1]]


def answer(client, sql):
    """All that a client is given for a statement, as text, and the error."""
    pages = [page for page, _ in client.pages(sql)]
    return json.dumps(pages), next((page["error"] for page in pages if page.get("error")), None)


def changed(trino, one, other, name, before, after):
    """It is read through both replicas, changed beside them, and read again."""
    sql = f"SELECT name, region FROM {name}"
    for statement in before:
        trino.rows(statement.format(t=name))
    for sluice in (one, other):
        assert sluice.client("analyst").rows(sql) == [["open", "EU"]]
    for statement in after:
        trino.rows(statement.format(t=name, secret=SECRET))
    assert CANARY in json.dumps(trino.rows(f"SELECT name FROM {name}", user="analyst")), "the change opens nothing by itself"
    for sluice in (one, other):
        before_it = withheld(sluice, "changed")
        text, error = answer(sluice.client("analyst"), sql)
        assert CANARY not in text, text
        assert error and error["errorName"] == "PERMISSION_DENIED" and "is not what it was" in error["message"], text
        assert withheld(sluice, "changed") == before_it + 1
        text, error = answer(sluice.client("analyst"), sql)
        assert CANARY not in text and (error is None or error["errorName"] == "PERMISSION_DENIED"), text
        assert withheld(sluice, "changed") == before_it + 1, "what it is now is known, so it is decided by that"


def storage(trino, sluice):
    """By a name that is kept as that of a table, and by one that is known as what it is."""
    analyst = sluice.client("analyst")
    sql = 'SELECT * FROM lake.r_open."stored$materialized_view_storage"'
    trino.rows("CREATE TABLE lake.r_open.stored AS SELECT 'open' AS name")
    assert analyst.rows("SELECT name FROM lake.r_open.stored") == [["open"]]
    trino.rows("DROP TABLE lake.r_open.stored")
    trino.rows(f"CREATE MATERIALIZED VIEW lake.r_open.stored AS {SECRET}")
    trino.rows("REFRESH MATERIALIZED VIEW lake.r_open.stored")
    assert CANARY in json.dumps(trino.rows(sql, user="analyst")), "Trino does not read it by itself"
    for _ in range(2):
        text, error = answer(analyst, sql)
        assert CANARY not in text and error["errorName"] == "PERMISSION_DENIED", text
        analyst.query("SELECT name FROM lake.r_open.stored")
    trino.rows("DROP MATERIALIZED VIEW lake.r_open.stored")


def made_anew(trino, sluice):
    """With other rows, and with other columns."""
    analyst = sluice.client("analyst")
    trino.rows("CREATE TABLE lake.r_open.anew AS SELECT 1 AS x")
    assert analyst.rows("SELECT x FROM lake.r_open.anew") == [[1]]
    trino.rows("DROP TABLE lake.r_open.anew")
    trino.rows("CREATE TABLE lake.r_open.anew AS SELECT 2 AS x, 3 AS y")
    assert analyst.rows("SELECT x FROM lake.r_open.anew") == [[2]]
    trino.rows("DROP TABLE lake.r_open.anew")


def asked_anew(trino, sluice):
    """What is kept of the name says that it is a table. The view is taken for what it is, so its rows are masked and filtered."""
    analyst = sluice.client("analyst")
    later = [
        (["CREATE TABLE lake.r_sandbox.copy AS SELECT * FROM {t}"], [["masked", "EU"]]),
        (["CREATE TABLE lake.r_sandbox.copy (name varchar, region varchar)", "INSERT INTO lake.r_sandbox.copy SELECT * FROM {t}"], [["masked", "EU"]]),
        (["EXPLAIN SELECT * FROM {t}"], None),
        (["EXPLAIN ANALYZE SELECT * FROM {t}"], None),
        (["SHOW STATS FOR {t}"], None),
        (["SHOW STATS FOR (SELECT * FROM {t})"], None),
        (["SHOW CREATE VIEW {t}"], None),
    ]
    for number, (statements, copied) in enumerate(later):
        name = f"lake.r_open.later{number}"
        trino.rows(f"CREATE TABLE {name} AS SELECT * FROM lake.r_open.still")
        assert analyst.rows(f"SELECT name FROM {name}") == [["open"]]
        trino.rows(f"DROP TABLE {name}")
        trino.rows(f"CREATE VIEW {name} AS {SECRET}")
        text, error = "", None
        for statement in statements:
            text, error = answer(analyst, statement.format(t=name))
            assert CANARY not in text and "r_secret" not in text, text
        if copied is None:
            assert error and error["errorName"] == "PERMISSION_DENIED", text
        else:
            assert error is None, error
            assert trino.rows("SELECT * FROM lake.r_sandbox.copy") == copied
            trino.rows("DROP TABLE lake.r_sandbox.copy")


def told(sluice):
    """The completion record says what was found."""
    found = [record for record in sluice.records() if record["kind"] == "completion" and record.get("reason")]
    assert len(found) >= len(CHANGES), found
    assert {record["state"] for record in found} == {"canceled"}
    assert any("lake.r_open.t0 is not what it was proved to be" in record["reason"] for record in found), found
    decisions = {record["id"]: record for record in sluice.records() if record["kind"] == "decision"}
    assert all(decisions[record["decision"]]["user"] == "analyst" for record in found)
