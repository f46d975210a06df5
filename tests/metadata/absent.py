"""A name to which a user has no right gets one answer, whether it is there or not: each statement is asked twice, with a
name that is there for `{}` and with one of the same length that is not, and the answers differ in that name alone."""

import json
import re

SETUP = [
    "CREATE TABLE lake.meta_finance.secrets (x bigint, y varchar)",
    "CREATE VIEW lake.meta_finance.summary AS SELECT payment_id FROM lake.meta_finance.payments",
    "CREATE MATERIALIZED VIEW lake.meta_finance.stored AS SELECT payment_id FROM lake.meta_finance.payments",
    "CREATE SCHEMA memory.meta_functions",
    "CREATE FUNCTION memory.meta_functions.twice(x bigint) RETURNS bigint RETURN 2 * x",
    "CREATE CATALOG metahidden USING tpch",
]
TEARDOWN = ["DROP CATALOG metahidden", "DROP FUNCTION memory.meta_functions.twice(bigint)", "DROP SCHEMA memory.meta_functions"]

# What names a table, a view or a materialized view.
RELATIONS = """
SELECT * FROM {}
TABLE {}
SELECT count(*) FROM {}
SELECT payment_id FROM {}
SELECT nothing FROM {}
SELECT f.payment_id FROM tpch.tiny.nation n LEFT JOIN {} f ON n.nationkey = f.payment_id
SELECT (SELECT max(payment_id) FROM {})
WITH q AS (SELECT * FROM {}) SELECT 1
SELECT * FROM {} FOR VERSION AS OF 1
SELECT * FROM {} FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'
SELECT * FROM {} TABLESAMPLE BERNOULLI (1)
SELECT * FROM {} MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)
INSERT INTO {} VALUES 1
INSERT INTO {} (nothing) VALUES 1
INSERT INTO {} SELECT 1
DELETE FROM {}
DELETE FROM {} WHERE payment_id = 1
UPDATE {} SET payment_id = 1
MERGE INTO {} t USING tpch.tiny.nation n ON true WHEN MATCHED THEN DELETE
TRUNCATE TABLE {}
DROP TABLE {}
DROP TABLE IF EXISTS {}
DROP VIEW {}
DROP VIEW IF EXISTS {}
DROP MATERIALIZED VIEW {}
DROP MATERIALIZED VIEW IF EXISTS {}
ALTER TABLE {} ADD COLUMN z int
ALTER TABLE IF EXISTS {} ADD COLUMN IF NOT EXISTS payment_id bigint
ALTER TABLE {} DROP COLUMN nothing
ALTER TABLE {} RENAME COLUMN payment_id TO id
ALTER TABLE {} RENAME TO lake.meta_finance.other
ALTER TABLE lake.meta_hr.employees RENAME TO {}
ALTER TABLE {} EXECUTE optimize
ALTER TABLE {} SET PROPERTIES format = 'ORC'
ALTER TABLE {} SET AUTHORIZATION analyst
ALTER VIEW {} RENAME TO lake.meta_finance.other
ALTER VIEW lake.meta_hr.directory RENAME TO {}
ALTER VIEW {} SET AUTHORIZATION analyst
ALTER MATERIALIZED VIEW {} RENAME TO lake.meta_finance.other
REFRESH MATERIALIZED VIEW {}
COMMENT ON TABLE {} IS 'x'
COMMENT ON VIEW {} IS 'x'
COMMENT ON COLUMN {}.payment_id IS 'x'
ANALYZE {}
SHOW STATS FOR {}
SHOW STATS FOR (SELECT * FROM {})
SHOW CREATE TABLE {}
SHOW CREATE VIEW {}
SHOW CREATE MATERIALIZED VIEW {}
SHOW COLUMNS FROM {}
DESCRIBE {}
SHOW GRANTS ON {}
SHOW BRANCHES FROM TABLE {}
GRANT SELECT ON {} TO USER analyst
REVOKE SELECT ON {} FROM USER analyst
DENY SELECT ON {} TO USER analyst
CREATE TABLE {} (x int)
CREATE TABLE IF NOT EXISTS {} (x int)
CREATE OR REPLACE TABLE {} (x int)
CREATE TABLE {} AS SELECT 1 AS x
CREATE TABLE IF NOT EXISTS {} AS SELECT 1 AS x
CREATE TABLE lake.meta_hr.mine (LIKE {})
CREATE VIEW {} AS SELECT 1 AS x
CREATE OR REPLACE VIEW {} AS SELECT 1 AS x
CREATE VIEW lake.meta_hr.mine AS SELECT * FROM {}
CREATE MATERIALIZED VIEW {} AS SELECT 1 AS x
EXPLAIN SELECT * FROM {}
EXPLAIN (TYPE VALIDATE) SELECT * FROM {}
EXPLAIN (TYPE IO) INSERT INTO {} VALUES 1
EXPLAIN ANALYZE SELECT * FROM {}
EXPLAIN DROP TABLE {}
EXECUTE IMMEDIATE 'SELECT * FROM {} WHERE payment_id = ?' USING 1
EXECUTE IMMEDIATE 'DROP TABLE IF EXISTS {}'
PREPARE p FROM SELECT * FROM {}
DESCRIBE OUTPUT (SELECT * FROM {})
"""

# Other statements, each with a name that is there.
OTHERS = [
    ('SELECT * FROM lake.meta_finance."{}$files"', "secrets"),
    ('SELECT * FROM lake.meta_finance."{}$snapshots"', "secrets"),
    ('SELECT * FROM lake.meta_finance."{}$nothing"', "secrets"),
    ('SELECT * FROM lake.meta_finance."{}$materialized_view_storage"', "stored"),
    ('SELECT * FROM lake.meta_finance."secrets${}"', "files"),
    ('SELECT * FROM lake.meta_hr."employees${}"', "files"),
    ('SELECT * FROM lake.meta_hr."directory${}"', "files"),
    ('DESCRIBE lake.meta_finance."{}$files"', "secrets"),
    ('SHOW STATS FOR lake.meta_finance."{}$files"', "secrets"),
    ('SHOW CREATE TABLE lake.meta_finance."{}$files"', "secrets"),
    ('INSERT INTO lake.meta_finance."{}@main" VALUES 1', "secrets"),
    ("SELECT * FROM TABLE(lake.system.table_changes(schema_name => 'meta_finance', table_name => '{}', start_snapshot_id => 1, end_snapshot_id => 2))", "secrets"),
    ("SELECT * FROM TABLE(lake.system.{}('a', 'b', 1, 2))", "table_changes"),
    ("SELECT * FROM TABLE({}.system.query(query => 'SELECT 1'))", "memory"),
    ("SELECT memory.meta_functions.{}(1)", "twice"),
    ("SELECT memory.{}.twice(1)", "meta_functions"),
    ("SELECT {}.meta_functions.twice(1)", "memory"),
    ("SELECT memory.meta_functions.{}('a', 2)", "twice"),
    ("SHOW CREATE FUNCTION memory.meta_functions.{}", "twice"),
    ("DROP FUNCTION memory.meta_functions.{}(bigint)", "twice"),
    ("DROP FUNCTION IF EXISTS memory.meta_functions.{}(bigint)", "twice"),
    ("CREATE FUNCTION memory.meta_functions.{}(x bigint) RETURNS bigint RETURN 2 * x", "twice"),
    ("CREATE OR REPLACE FUNCTION memory.meta_functions.{}(x bigint) RETURNS bigint RETURN 2 * x", "twice"),
    ("CREATE FUNCTION memory.{}.f(x bigint) RETURNS bigint RETURN 2 * x", "meta_functions"),
    ("SHOW FUNCTIONS FROM memory.{}", "meta_functions"),
    ("SHOW FUNCTIONS FROM lake.{}", "meta_finance"),
    ("SHOW FUNCTIONS LIKE '{}'", "twice"),
    ("CALL lake.system.{}('a', 'b')", "register_table"),
    ("CALL lake.{}.register_table('a', 'b')", "system"),
    ("CALL {}.system.flush_metadata_cache()", "metahidden"),
    ("SHOW TABLES FROM lake.{}", "meta_finance"),
    ("SHOW CREATE SCHEMA lake.{}", "meta_finance"),
    ("USE lake.{}", "meta_finance"),
    ("CREATE SCHEMA lake.{}", "meta_finance"),
    ("CREATE SCHEMA IF NOT EXISTS lake.{}", "meta_finance"),
    ("DROP SCHEMA lake.{}", "meta_finance"),
    ("DROP SCHEMA IF EXISTS lake.{} CASCADE", "meta_finance"),
    ("ALTER SCHEMA lake.{} RENAME TO other", "meta_finance"),
    ("ALTER SCHEMA lake.{} SET AUTHORIZATION analyst", "meta_finance"),
    ("GRANT CREATE ON SCHEMA lake.{} TO USER analyst", "meta_finance"),
    ("SHOW GRANTS ON SCHEMA lake.{}", "meta_finance"),
    ("SELECT * FROM lake.{}.secrets", "meta_finance"),
    ("SELECT * FROM lake.information_schema.tables WHERE table_schema = '{}'", "meta_finance"),
    ("SELECT * FROM lake.information_schema.columns WHERE table_name = '{}'", "secrets"),
    ("SELECT * FROM lake.information_schema.columns WHERE column_name = '{}'", "ssn"),
    ("SELECT * FROM lake.information_schema.views WHERE table_name = '{}'", "summary"),
    ("SELECT * FROM system.jdbc.tables WHERE table_schem = '{}'", "meta_finance"),
    ("SELECT * FROM system.jdbc.columns WHERE table_name = '{}'", "secrets"),
    ("SELECT * FROM system.metadata.table_comments WHERE catalog_name = 'lake' AND schema_name = '{}'", "meta_finance"),
    ("SELECT * FROM system.metadata.table_comments WHERE catalog_name = '{}' AND schema_name = 'tiny'", "metahidden"),
    ("SELECT * FROM system.metadata.materialized_views WHERE name = '{}'", "stored"),
    ("SHOW SCHEMAS FROM {}", "metahidden"),
    ("SHOW TABLES FROM {}.tiny", "metahidden"),
    ("USE {}.tiny", "metahidden"),
    ("SELECT * FROM {}.tiny.nation", "metahidden"),
    ("SELECT * FROM {}.information_schema.tables", "metahidden"),
    ("SHOW CATALOGS LIKE '{}'", "metahidden"),
    ("SHOW SESSION LIKE '{}.%'", "metahidden"),
    ("SET SESSION {}.splits_per_node = 1", "metahidden"),
    ("SET SESSION metahidden.{} = 1", "splits_per_node"),
    ("SET SESSION {} = '1'", "query_max_run_time"),
    ("RESET SESSION {}.splits_per_node", "metahidden"),
    ("CREATE SCHEMA {}.s", "metahidden"),
    ("CREATE CATALOG {} USING memory", "metahidden"),
    ("CREATE CATALOG IF NOT EXISTS {} USING memory", "metahidden"),
    ("DROP CATALOG {}", "metahidden"),
    ("DROP CATALOG IF EXISTS {}", "metahidden"),
    ("SHOW ROLES FROM {}", "metahidden"),
    ("SHOW CURRENT ROLES FROM {}", "metahidden"),
    ("SHOW ROLE GRANTS FROM {}", "metahidden"),
    ("CREATE ROLE r IN {}", "metahidden"),
    ("SET ROLE r IN {}", "metahidden"),
    ("GRANT r TO USER analyst IN {}", "metahidden"),
    ("CREATE ROLE {}", "admin"),
    ("DROP ROLE {}", "admin"),
    ("DROP ROLE IF EXISTS {}", "admin"),
    ("SET ROLE {}", "admin"),
    ("GRANT {} TO USER analyst", "admin"),
    ("REVOKE {} FROM USER analyst", "admin"),
    ("GRANT SELECT ON lake.meta_finance.secrets TO ROLE {}", "admin"),
    ("SET SESSION AUTHORIZATION {}", "admin"),
    ("SELECT {} FROM lake.meta_hr.employees", "ssn"),
    ("SELECT e.{} FROM lake.meta_hr.employees e", "ssn"),
    ("SELECT 1 FROM lake.meta_hr.employees ORDER BY {}", "ssn"),
    ("SELECT 1 FROM lake.meta_hr.employees WHERE {} LIKE '1%'", "ssn"),
    ("SELECT 1 FROM lake.meta_hr.employees e JOIN lake.meta_hr.employees f USING ({})", "ssn"),
    ("SELECT (SELECT {}) FROM lake.meta_hr.employees", "ssn"),
    ('SELECT "${}" FROM lake.meta_hr.employees', "path"),
    ("SELECT address.{} FROM lake.meta_hr.employees WHERE ssn = ''", "city"),
    ("SHOW COLUMNS FROM lake.meta_hr.employees LIKE '{}'", "ssn"),
    ("SHOW STATS FOR (SELECT {} FROM lake.meta_hr.employees)", "ssn"),
    ("UPDATE lake.meta_hr.employees SET {} = '1'", "ssn"),
    ("INSERT INTO lake.meta_hr.employees ({}) VALUES '1'", "ssn"),
    ("ALTER TABLE lake.meta_hr.employees DROP COLUMN {}", "ssn"),
    ("ALTER TABLE lake.meta_hr.employees ADD COLUMN {} varchar", "ssn"),
    ("COMMENT ON COLUMN lake.meta_hr.employees.{} IS 'x'", "ssn"),
    ("CREATE VIEW lake.meta_hr.mine SECURITY INVOKER AS SELECT {} FROM lake.meta_hr.employees", "ssn"),
]

# For one who has no right to anything.
OUTSIDE = [
    ("SHOW SESSION LIKE '{}.%'", "lake"),
    ("SHOW SCHEMAS FROM {}", "lake"),
    ("SHOW TABLES FROM {}.information_schema", "lake"),
    ("SELECT * FROM {}.information_schema.tables", "lake"),
    ("SELECT * FROM system.jdbc.catalogs WHERE table_cat = '{}'", "lake"),
    ("SET SESSION {}.compression_codec = 'ZSTD'", "lake"),
    ("SHOW CURRENT ROLES FROM {}", "lake"),
]

# Statements in a session that names what is hidden: headers, and the name that is there.
SESSIONS = [
    ("SELECT 1", {"X-Trino-Catalog": "{}"}, "metahidden"),
    ("SELECT current_catalog, current_schema", {"X-Trino-Catalog": "lake", "X-Trino-Schema": "{}"}, "meta_finance"),
    ("SHOW TABLES", {"X-Trino-Catalog": "lake", "X-Trino-Schema": "{}"}, "meta_finance"),
    ("SHOW SCHEMAS", {"X-Trino-Catalog": "{}"}, "metahidden"),
    ("SHOW GRANTS", {"X-Trino-Catalog": "{}"}, "metahidden"),
    ("SHOW FUNCTIONS LIKE 'twice'", {"X-Trino-Catalog": "memory", "X-Trino-Schema": "{}"}, "meta_functions"),
    ("SELECT twice(1)", {"X-Trino-Catalog": "memory", "X-Trino-Schema": "{}"}, "meta_functions"),
    ("SELECT {}(1)", {"X-Trino-Catalog": "memory", "X-Trino-Schema": "meta_functions"}, "twice"),
    ("SELECT * FROM secrets", {"X-Trino-Catalog": "lake", "X-Trino-Schema": "{}"}, "meta_finance"),
    ("SHOW COLUMNS FROM nation", {"X-Trino-Catalog": "{}", "X-Trino-Schema": "tiny"}, "metahidden"),
    ("SHOW ROLES", {"X-Trino-Catalog": "{}"}, "metahidden"),
    ("SHOW CURRENT ROLES", {"X-Trino-Catalog": "{}"}, "metahidden"),
    ("SHOW SESSION LIKE 'x'", {"X-Trino-Catalog": "{}"}, "metahidden"),
    ("SELECT 1", {"X-Trino-Session": "{}.splits_per_node=1"}, "metahidden"),
    ("SELECT 1", {"X-Trino-Role": "{}=ROLE%7Badmin%7D"}, "metahidden"),
    ("SELECT 1", {"X-Trino-Role": "{}=NONE"}, "metahidden"),
    ("SELECT 1", {"X-Trino-Path": "{}.meta_functions"}, "memory"),
    ("EXECUTE p", {"X-Trino-Prepared-Statement": "p=SELECT+*+FROM+lake.meta_finance.{}"}, "secrets"),
    ("DESCRIBE OUTPUT p", {"X-Trino-Prepared-Statement": "p=SELECT+*+FROM+lake.meta_finance.{}"}, "secrets"),
    ("DESCRIBE INPUT p", {"X-Trino-Prepared-Statement": "p=SELECT+*+FROM+lake.meta_finance.{}"}, "secrets"),
]


def statements(outside):
    """Statement, headers and the name that is there."""
    for sql in RELATIONS.strip().splitlines():
        for relation in ["secrets", "summary", "stored"]:
            yield sql.replace("{}", "lake.meta_finance.{}"), {}, relation
    for sql, name in OTHERS + OUTSIDE * outside:
        yield sql, {}, name
    yield from SESSIONS


def check(client, outside):
    """No answer tells whether a name is there."""
    told, asked = [], 0
    for sql, headers, name in statements(outside):
        absent = name[:-1] + "q"
        found, missing = (answer(client, sql, headers, one) for one in (name, absent))
        asked += 1
        if found != missing:
            told.append(f"{sql} [{name}] {headers}\n    there     {found[:900]}\n    not there {missing[:900]}")
    assert not told, f"{len(told)} of {asked} tell:\n" + "\n".join(told)


def is_told(client):
    """One who has the right is told, so that the comparison can fail."""
    for sql, name in [("SELECT * FROM lake.meta_finance.{}", "secrets"), ("SHOW TABLES FROM {}.tiny", "metahidden"), ("SHOW SESSION LIKE '{}.%'", "lake")]:
        assert answer(client, sql, {}, name) != answer(client, sql, {}, name[:-1] + "q"), sql


def answer(client, sql, headers, name):
    """All of the answer's pages as a text, `{}` in the place of the name, without what no two queries have alike."""
    told = {}
    for page, received in client.pages(sql.replace("{}", name), {key: value.replace("{}", name) for key, value in headers.items()}):
        for key, value in page.items():
            if key == "data":
                told["data"] = told.get("data", []) + value
            elif key == "stats":
                told["stats"] = {**value, **dict.fromkeys([key for key in value if isinstance(value[key], (int, float)) and not isinstance(value[key], bool)])}
                told["stats"].pop("rootStage", None)
            elif key not in ("id", "infoUri", "nextUri", "partialCancelUri"):
                told[key] = value
        told["headers"] = sorted(told.get("headers", []) + [list(header) for header in received if header[0].lower().startswith("x-trino")])
    text = re.sub(r"Decision: [0-9a-f-]+", "Decision", json.dumps(told))
    text = re.sub(r"\d{8}_\d{6}_\d{5}_\w{5}", "ID", text)
    return text.replace(name, "{}")
