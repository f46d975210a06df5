"""What users see of catalogs, schemas, tables and columns: all of it as from Trino itself, or only what a policy lets them know of."""

import pathlib

from . import absent

POLICIES = pathlib.Path(__file__).with_name("policies")

SETUP = [
    "CREATE SCHEMA lake.meta_hr",
    "CREATE SCHEMA lake.meta_finance",
    """CREATE TABLE lake.meta_hr.employees (id bigint NOT NULL, name varchar COMMENT 'family name', ssn varchar,
       born date, address row(street varchar, city varchar), seen timestamp(6) with time zone) COMMENT 'people'""",
    "CREATE TABLE lake.meta_finance.payments (payment_id bigint, iban varchar)",
    "CREATE VIEW lake.meta_hr.directory AS SELECT id, name FROM lake.meta_hr.employees",
    "CREATE VIEW lake.meta_hr.names SECURITY INVOKER AS SELECT name FROM lake.meta_hr.employees",
]
TEARDOWN = ["DROP SCHEMA lake.meta_hr CASCADE", "DROP SCHEMA lake.meta_finance CASCADE"]

# Statement, and the session's catalog and schema where it needs them.
SHOWS = [
    ("SHOW CATALOGS",),
    ("SHOW CATALOGS LIKE 'l%'",),
    ("SHOW CATALOGS LIKE 'x' ESCAPE 'ab'",),
    ("SHOW SCHEMAS",),
    ("SHOW SCHEMAS", "lake"),
    ("SHOW SCHEMAS", "LAKE"),
    ("SHOW SCHEMAS FROM lake LIKE 'meta$_%' ESCAPE '$'",),
    ("SHOW SCHEMAS FROM nowhere",),
    ("SHOW TABLES",),
    ("SHOW TABLES", "lake"),
    ("SHOW TABLES", "lake", "META_HR"),
    ("SHOW TABLES", "lake", "nowhere"),
    ("SHOW TABLES FROM meta_hr", "lake"),
    ("SHOW TABLES IN Lake.\"META_HR\"",),
    ("SHOW TABLES FROM lake.meta_hr LIKE 'e%'",),
    ("SHOW TABLES FROM lake.meta_hr LIKE 'it''s'",),
    ("SHOW TABLES FROM lake.meta_hr LIKE 'e$' ESCAPE '$'",),
    ("SHOW TABLES FROM lake.meta_hr LIKE 'e' ESCAPE 'ab'",),
    ("SHOW TABLES FROM lake.information_schema",),
    ("SHOW TABLES FROM system.runtime",),
    ("SHOW TABLES FROM lake.nowhere",),
    ("SHOW TABLES FROM nowhere.nowhere",),
    ("SHOW TABLES FROM a.b.c",),
    ("\n /* a comment */ SHOW TABLES FROM lake.nowhere",),
    ("DESCRIBE lake.meta_hr.employees",),
    ("DESC lake.meta_hr.directory",),
    ("DESCRIBE meta_hr.employees", "lake"),
    ("DESCRIBE employees", "lake", "meta_hr"),
    ("DESCRIBE employees", "lake"),
    ("DESCRIBE employees",),
    ("SHOW COLUMNS FROM lake.meta_hr.employees LIKE '%s%'",),
    ("DESCRIBE lake.information_schema.columns",),
    ("DESCRIBE system.jdbc.types",),
    ("DESCRIBE lake.information_schema.nowhere",),
    ("DESCRIBE lake.meta_hr.nowhere",),
    ("DESCRIBE lake.nowhere.nowhere",),
    ("DESCRIBE nowhere.nowhere.nowhere",),
    ("DESCRIBE a.b.c.d",),
    ("SHOW SESSION",),
    ("SHOW SESSION LIKE 'lake.%'",),
    ("SHOW SESSION LIKE 'x' ESCAPE 'ab'",),
    ("EXECUTE IMMEDIATE 'SHOW TABLES FROM lake.meta_hr'",),
]

# What is the same for one who may not know of an object as for an object that is not there: with the name that is
# hidden, and with one that does not exist.
HIDDEN = [
    ("SHOW TABLES FROM lake.{}", "meta_finance"),
    ("SHOW TABLES FROM {}.default", "memory"),
    ("SHOW SCHEMAS FROM {}", "memory"),
    ("DESCRIBE lake.{}.payments", "meta_finance"),
    ("DESCRIBE {}.default.t", "memory"),
    ("SHOW COLUMNS FROM tpch.{}.nation", "sf1"),
    ("USE lake.{}", "meta_finance"),
    ("USE {}.default", "memory"),
    ("SELECT * FROM {}.information_schema.tables", "memory"),
    ("SHOW CREATE TABLE lake.meta_finance.{}", "payments"),
    ("SHOW CREATE SCHEMA lake.{}", "meta_finance"),
]

# What clients send, from their own query texts.
CLIENTS = [
    """SELECT "schema_name" FROM "information_schema"."schemata\"""",
    """EXECUTE IMMEDIATE 'SELECT "table_name" FROM "information_schema"."tables" WHERE "table_schema" = ? AND "table_type" = ''BASE TABLE''' USING 'meta_hr'""",
    """EXECUTE IMMEDIATE 'SELECT "column_name", "data_type", "column_default", UPPER("is_nullable") AS "is_nullable", "comment"
       FROM "information_schema"."columns" WHERE "table_schema" = ? AND "table_name" = ? ORDER BY "ordinal_position"' USING 'meta_hr', 'employees'""",
    """SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, TABLE_TYPE, REMARKS FROM system.jdbc.tables
       WHERE TABLE_CAT = 'lake' AND TABLE_SCHEM LIKE 'meta\\_hr' ESCAPE '\\' ORDER BY TABLE_TYPE, TABLE_CAT, TABLE_SCHEM, TABLE_NAME""",
    """SELECT * FROM system.jdbc.columns WHERE table_cat = 'lake' AND table_schem = 'meta_hr' ORDER BY table_name, ordinal_position""",
    """SELECT comment FROM system.metadata.table_comments WHERE catalog_name = 'lake' AND schema_name = 'meta_hr' AND table_name = 'employees'""",
    """SELECT t.table_name, m.name IS NULL FROM "lake".INFORMATION_SCHEMA.tables t LEFT JOIN system.metadata.materialized_views m
       ON t.table_catalog = m.catalog_name AND t.table_schema = m.schema_name AND t.table_name = m.name WHERE t.table_schema = 'meta_hr' ORDER BY 1""",
    """SELECT * FROM system.jdbc.types ORDER BY 1, 2""",
]


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    for sql in SETUP + absent.SETUP:
        trino.rows(sql)
    try:
        with stack.sluice("metadata", POLICIES) as sluice:
            for statement in SHOWS:
                yield f"{' '.join(statement).strip()} is as from Trino", lambda s=statement: same(trino, sluice, *s)
            for table in metadata_tables(trino):
                yield f"{table} has its columns and types", lambda t=table: same_columns(trino, sluice, t)
            for number, sql in enumerate(CLIENTS):
                yield f"client's text {number} is answered as by Trino", lambda s=sql: same(trino, sluice, s, "lake", "meta_hr")
            for sql, hidden in HIDDEN:
                yield f"{sql.format(hidden)} tells nothing", lambda s=sql, h=hidden: as_if_absent(sluice, s, h)
            analyst = sluice.client("analyst")
            for name, check in [
                ("lists hold only what is visible", narrow_lists),
                ("columns hold only what may be selected", narrow_columns),
                ("the text of a view needs show and all columns", view_texts),
                ("statements are one's own, without their text", own_statements),
                ("all that a catalog's metadata tables say is visible", nothing_else),
            ]:
                yield name, lambda c=check: c(analyst)
            for user in ["analyst", "outsider"]:
                yield f"no name that {user} has no right to tells whether it is there", lambda u=user: absent.check(sluice.client(u), u == "outsider")
            yield "one who has the right is told whether a name is there", lambda: absent.is_told(sluice.client())
            yield "one without grants sees no catalog", lambda: nothing(sluice.client("outsider"))
    finally:
        for sql in absent.TEARDOWN + TEARDOWN:
            trino.rows(sql)


def metadata_tables(trino):
    """The full name of each metadata table, as Trino lists them."""
    schemas = ["system.jdbc", "system.metadata", "lake.information_schema"]
    return [f"{schema}.{row[0]}" for schema in schemas for row in trino.rows(f"SHOW TABLES FROM {schema}")] + ["system.runtime.queries"]


def ask(client, sql, catalog=None, schema=None):
    """Columns, rows and error, without what differs from run to run."""
    headers = {"X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
    headers |= {"X-Trino-Catalog": catalog} if catalog else {}
    headers |= {"X-Trino-Schema": schema} if schema else {}
    result = client.query(sql, headers)
    error = result.error and (result.error["errorName"], result.error["errorCode"], result.error["errorType"], result.error["message"],
                              result.error.get("errorLocation"))
    return [(c["name"], c["type"]) for c in result.columns], result.rows, error


def same(trino, sluice, sql, catalog=None, schema=None):
    """One who sees everything gets what Trino gives."""
    expected = ask(trino.client(), sql, catalog, schema)
    if sql.startswith("SHOW CATALOGS"):
        # Trino's own type is as wide as its longest name, which a query over a table can't know.
        expected = [("Catalog", "varchar")], *expected[1:]
    found = ask(sluice.client(), sql, catalog, schema)
    if expected[2]:
        assert found[2], f"no error, but {found}"
        expected, found = list(expected[2]), list(found[2])
        found[3] = without_decision(found[3])
        if expected[0] == "INVALID_FUNCTION_ARGUMENT" and "the text is withheld" in found[3]:
            # A function's error can quote a row, so its text is kept back wherever Sluice has changed the statement.
            expected[3] = found[3]
    assert found == expected, f"{found} is not {expected}"


def same_columns(trino, sluice, table):
    """`SELECT *` has the columns of Trino's, for one who sees little."""
    sql = f"SELECT * FROM {table} LIMIT 0"
    assert ask(sluice.client("analyst"), sql) == ask(trino.client(), sql)


def as_if_absent(sluice, sql, hidden):
    """The answer is the one for a name that does not exist."""
    analyst = sluice.client("analyst")
    found, absent = ask(analyst, sql.format(hidden)), ask(analyst, sql.format("nowhere"))
    assert found[2], "no error"
    told = [*found[2][:3], without_decision(found[2][3]).replace(hidden, "nowhere"), found[2][4]]
    assert told == [*absent[2][:3], without_decision(absent[2][3]), absent[2][4]], f"{found} is not {absent}"


def without_decision(message):
    """A message without the id of its decision."""
    return message.partition(". Decision: ")[0]


def narrow_lists(analyst):
    """Catalogs, schemas and tables."""
    names = lambda sql: [row[0] for row in analyst.rows(sql)]
    assert names("SHOW CATALOGS") == ["lake", "tpch"]
    assert names("SHOW SCHEMAS FROM lake") == ["information_schema", "meta_hr"]
    assert names("SHOW SCHEMAS FROM tpch") == ["information_schema", "tiny"]
    assert names("SHOW TABLES FROM lake.meta_hr") == ["directory", "employees", "names"]
    assert names("SELECT table_cat FROM system.jdbc.catalogs ORDER BY 1") == ["lake", "tpch"]
    assert names("SELECT DISTINCT catalog_name FROM system.metadata.table_properties ORDER BY 1") == ["lake"]
    rows = analyst.rows("SELECT schema_name, table_name, comment FROM system.metadata.table_comments WHERE catalog_name = 'lake' AND schema_name <> 'information_schema' ORDER BY 2")
    assert rows == [["meta_hr", "directory", None], ["meta_hr", "employees", "people"], ["meta_hr", "names", None]], rows


def narrow_columns(analyst):
    """Columns."""
    names = lambda sql: [row[0] for row in analyst.rows(sql)]
    granted = ["id", "name", "born", "address", "seen"]
    assert names("DESCRIBE lake.meta_hr.employees") == granted
    assert names("SELECT column_name FROM lake.information_schema.columns WHERE table_name = 'employees' ORDER BY ordinal_position") == granted
    assert names("SELECT column_name FROM system.jdbc.columns WHERE table_cat = 'lake' AND table_name = 'employees' ORDER BY ordinal_position") == granted


def view_texts(analyst):
    """`show` and `select` on all columns of a view show its text."""
    rows = analyst.rows("SELECT table_name, view_definition FROM lake.information_schema.views ORDER BY 1")
    assert [row[0] for row in rows] == ["directory", "names"]
    assert rows[0][1] is None and "employees" in rows[1][1], rows


def own_statements(analyst):
    """Nobody else's, and no text."""
    rows = analyst.rows("SELECT \"user\", query FROM system.runtime.queries")
    assert rows and all(row == ["analyst", None] for row in rows), rows


def nothing_else(analyst):
    """No metadata table names what is hidden."""
    for table in ["system.metadata.catalogs", "system.metadata.table_comments", "system.metadata.materialized_views", "system.jdbc.catalogs", "system.jdbc.schemas",
                  "system.jdbc.tables", "system.jdbc.columns", "lake.information_schema.schemata", "lake.information_schema.tables",
                  "lake.information_schema.columns", "lake.information_schema.table_privileges"]:
        text = str(analyst.rows(f"SELECT * FROM {table}"))
        for hidden in ["finance", "payments", "iban", "ssn", "memory", "jmx", "sf1"]:
            assert hidden not in text, f"{hidden} in {table}"


def nothing(outsider):
    """An empty list, and no error."""
    assert outsider.rows("SHOW CATALOGS") == []
    assert outsider.rows("SELECT * FROM system.jdbc.tables") == []
