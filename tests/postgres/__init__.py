"""Restricted tables of a PostgreSQL, which runs by itself what Trino pushes down to it: no condition of the user's may run over hidden rows."""

import pathlib

from tests.stack.postgres import Postgres

POLICIES = pathlib.Path(__file__).with_name("policies")

# The fourth person and the fourth note are hidden, and `1 / (id - 4)` fails over them.
MAKE = [
    "CREATE TABLE shop.people (id bigint, name text, email text, region text, salary numeric(38,0), born date, at timestamp)",
    """INSERT INTO shop.people VALUES
       (1, 'Ann', 'ann@mail.test', 'EU', 100, '2001-01-01', '2001-01-01'), (2, 'Bob', 'bob@mail.test', 'EU', 200, '2002-01-01', '2002-01-01'),
       (3, 'Cleo', 'cleo@mail.test', 'eu', 300, '2003-01-01', '2003-01-01'),
       (4, 'CANARY-NAME-4', 'CANARY@secret.test', 'US', 99999999999999999999999999999999999999, '9999-12-31', '9999-12-31')""",
    "CREATE TABLE shop.notes (id bigint, person bigint, note text)",
    "INSERT INTO shop.notes VALUES (1, 1, '10'), (2, 1, '20'), (3, 2, '30'), (4, 4, 'CANARY-NOTE-4')",
    "CREATE SCHEMA seen",
    "CREATE TABLE seen.people AS SELECT id, name, '***@' || split_part(email, '@', 2) AS email, region, salary, born, at FROM shop.people WHERE lower(region) = 'eu'",
    "CREATE TABLE seen.notes AS SELECT * FROM shop.notes WHERE person IN (SELECT id FROM shop.people WHERE region = 'EU')",
    "CREATE INDEX ON shop.people (id)",
    "ANALYZE",
]

# What fails over the hidden row, wherever it is run. `{}` is the schema.
STATEMENTS = [
    "SELECT id FROM pg.{}.people WHERE 1 / (id - 4) < 5",
    "SELECT id FROM pg.{}.people WHERE mod(7, id - 4) < 5",
    "SELECT id FROM pg.{}.people WHERE id > 2 AND 1 / (id - 4) < 5 ORDER BY id",
    "SELECT id FROM pg.{}.people WHERE CAST(name AS bigint) IS NULL OR id > 0",
    "SELECT id FROM pg.{}.people WHERE id = 4 AND CAST(name AS bigint) = 1",
    "SELECT id FROM pg.{}.people WHERE id = 4 AND CAST(name AS date) = DATE '2001-01-01'",
    "SELECT count(*) FROM pg.{}.people WHERE salary + 1 > 5",
    "SELECT count(*) FROM pg.{}.people WHERE salary * salary > 5",
    "SELECT sum(salary) FROM pg.{}.people",
    "SELECT sum(salary + 1), max(1 / (id - 4)) FROM pg.{}.people",
    "SELECT region, count(*) FROM pg.{}.people GROUP BY region HAVING min(1 / (id - 4)) < 5 ORDER BY 1",
    "SELECT count(*) FILTER (WHERE 1 / (id - 4) < 5) FROM pg.{}.people",
    "SELECT 1 / (id - 4) AS x, count(*) FROM pg.{}.people GROUP BY 1 ORDER BY 1",
    "SELECT id FROM pg.{}.people ORDER BY 1 / (id - 4), id",
    "SELECT id FROM pg.{}.people ORDER BY 1 / (id - 4), id LIMIT 2",
    "SELECT id FROM pg.{}.people WHERE 1 / (id - 4) < 5 ORDER BY id LIMIT 1",
    "SELECT DISTINCT 1 / (id - 4) AS x FROM pg.{}.people ORDER BY 1",
    "SELECT p.id FROM pg.{}.people p JOIN pg.{}.notes n ON n.person = 4 / (5 - p.id) ORDER BY 1, n.id",
    "SELECT p.id, n.note FROM pg.{}.people p JOIN pg.{}.notes n ON n.person = p.id WHERE CAST(n.note AS bigint) > 10 ORDER BY 1, 2",
    "SELECT p.id FROM pg.{}.people p LEFT JOIN pg.{}.notes n ON n.person = p.id AND 1 / (n.id - 4) < 5 ORDER BY 1",
    "SELECT id FROM pg.{}.people p WHERE EXISTS (SELECT 1 FROM pg.{}.notes n WHERE n.person = 1 / (p.id - 4))",
    "SELECT id FROM pg.{}.people WHERE id IN (SELECT 1 / (n.id - 4) FROM pg.{}.notes n) ORDER BY 1",
    "SELECT id FROM pg.{}.notes WHERE CAST(note AS bigint) > 5 ORDER BY 1",
    "SELECT id FROM pg.{}.notes WHERE id > 3 AND CAST(note AS bigint) > 5",
    "SELECT sum(CAST(note AS bigint)) FROM pg.{}.notes",
    "SELECT max(CAST(note AS bigint)) FROM pg.{}.notes GROUP BY person ORDER BY 1",
    "SELECT id, sum(CAST(note AS bigint)) OVER (ORDER BY id) FROM pg.{}.notes ORDER BY 1",
    "SELECT CAST(note AS bigint) FROM pg.{}.notes UNION SELECT id FROM pg.{}.people ORDER BY 1",
    "SELECT id FROM pg.{}.notes TABLESAMPLE BERNOULLI (100) WHERE CAST(note AS bigint) > 5 ORDER BY 1",
    "SELECT id FROM pg.{}.people WHERE CAST(born AS timestamp(3) with time zone) > TIMESTAMP '2000-01-01 00:00:00 UTC' ORDER BY 1",
    "SELECT id FROM pg.{}.people WHERE date_add('year', 5000, at) > TIMESTAMP '2000-01-01 00:00:00' ORDER BY 1",
    "SELECT id FROM pg.{}.people WHERE CAST(salary AS bigint) > 5 ORDER BY 1",
    "SELECT id FROM pg.{}.people WHERE salary IN (CAST(100 AS decimal(38,10)), 200) ORDER BY 1",
    "SELECT id FROM pg.{}.people WHERE CAST(split_part(email, '@', 1) AS varchar) = '***' ORDER BY 1",
    "SELECT id FROM pg.{}.people WHERE email LIKE '%secret%' OR 1 / (id - 4) > 5",
    "WITH p AS (SELECT * FROM pg.{}.people), q AS (SELECT id, 1 / (id - 4) AS x FROM p) SELECT max(x) FROM q WHERE id > 2",
    "SELECT (SELECT max(1 / (n.id - 4)) FROM pg.{}.notes n WHERE n.person = p.id) FROM pg.{}.people p ORDER BY p.id",
    "SELECT approx_distinct(1 / (id - 4)), bool_or(1 / (id - 4) > 0) FROM pg.{}.people",
    "SELECT id FROM pg.{}.people p CROSS JOIN UNNEST(sequence(1, 1 / (p.id - 4) + 2)) AS t (x) ORDER BY 1, x",
]
# What can't fail, and goes down to PostgreSQL as the user wrote it.
PUSHED = [
    ("SELECT id FROM pg.shop.people WHERE id = 2", "constraint on [id]"),
    ("SELECT id, email FROM pg.shop.people WHERE id BETWEEN 2 AND 3 AND region = 'EU'", "constraint on [id"),
    ("SELECT id FROM pg.shop.notes WHERE id > 2", 'WHERE "id" > ?'),
]


def cases(stack):
    """A PostgreSQL, which Trino gets as a catalog for as long as this lasts."""
    trino = stack.trino
    with Postgres(stack.folder / "postgres/data") as postgres:
        for sql in MAKE:
            postgres.run(sql)
        properties = postgres.catalog()
        connector = properties.pop("connector.name")
        told = ", ".join(f"\"{name}\" = '{value}'" for name, value in properties.items())
        trino.rows(f"CREATE CATALOG pg USING {connector} WITH ({told})")
        try:
            with stack.sluice("postgres/sluice", POLICIES) as sluice:
                yield "what fails over a hidden row gives what the permitted rows give", lambda: hold(trino, sluice)
                yield "some of them fail where the filter is a plain sub-select, so they say something", lambda: leak(trino)
                yield "conditions that can't fail are run by PostgreSQL", lambda: pushed(trino, sluice)
        finally:
            trino.rows("DROP CATALOG pg")


def ended(client, sql):
    """The rows, or the name of the error."""
    result = client.query(sql)
    return result.error["errorName"] if result.error else result.rows


def hold(trino, sluice):
    """The analyst's answer is that over a table with the permitted, masked rows alone."""
    wrong = []
    for statement in STATEMENTS:
        result = sluice.client("analyst").query(statement.replace("{}", "shop"))
        got, right = result.error["errorName"] if result.error else result.rows, ended(trino.client(), statement.replace("{}", "seen"))
        if got != right or "canary" in str((result.error, result.rows)).lower():
            wrong.append(f"{statement}\n    Sluice {got} {result.error}\n    right  {right}")
    assert not wrong, "\n  ".join([f"{len(wrong)} of {len(STATEMENTS)}", *wrong])


def leak(trino):
    """What the plain form would do."""
    plain = {
        "pg.{}.people": "(SELECT id, name, '***@' || split_part(email, '@', 2) AS email, region, salary, born, at FROM pg.shop.people WHERE lower(region) = 'eu')",
        "pg.{}.notes": "(SELECT * FROM pg.shop.notes WHERE person IN (SELECT id FROM pg.shop.people WHERE region = 'EU'))",
    }
    failed = 0
    for statement in STATEMENTS:
        sql = statement
        for name, text in plain.items():
            sql = sql.replace(name, text)
        failed += ended(trino.client(), sql) != ended(trino.client(), statement.replace("{}", "seen"))
    assert failed >= 5, f"{failed} of {len(STATEMENTS)}"


def pushed(trino, sluice):
    """The plan of what is sent tells of the constraint at the table."""
    for statement, told in PUSHED:
        sluice.client("analyst").rows(statement)
        record = [one for one in sluice.records() if one["kind"] == "decision"][-1]
        plan = trino.rows(f"EXPLAIN {record['rewritten']}")[0][0]
        assert told in plan, f"{statement}\n{record['rewritten']}\n{plan}"
