"""Statement number N of a seed: always the same text, whatever was made before it."""

import dataclasses
import random
import urllib.parse

from .data import NUMBER, RESTRICTED, TABLES, TEXT
from .queries import Queries, restricted


@dataclasses.dataclass
class Statement:
    """What one user sends: one text or several, one after the other, with headers. `{w}` stands for who sends it."""
    number: int
    kind: str
    texts: list
    headers: dict = dataclasses.field(default_factory=dict)

    @property
    def text(self):
        """All of it, to be shown."""
        return "; ".join(self.texts) + (f" {self.headers}" if self.headers else "")


# Of each sort, so many in 100.
KINDS = {"query": 72, "star": 6, "metadata": 7, "explain": 3, "execute": 3, "immediate": 4, "dollar": 2, "values": 1, "write": 2}


def statement(seed, number):
    """One of the statements of any kind."""
    chance = random.Random(f"{seed}/{number}")
    kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
    schema = chance.choice(["hr", "sales"]) if chance.random() < 0.15 else None
    maker = Queries(chance, schema=schema)
    maker.failing = 1 if chance.random() < 0.2 else 0
    made = MAKERS[kind](maker, number)
    if schema:
        made.headers |= {"X-Trino-Catalog": "lake", "X-Trino-Schema": schema}
    return made


def restricted_statement(seed, number):
    """An aggregate, a join or a window over masked and filtered tables."""
    chance = random.Random(f"{seed}/restricted/{number}")
    maker = restricted(chance)
    while True:
        text = query(maker)
        if any(table.name in text for table in RESTRICTED) and any(word in text for word in (" JOIN ", " OVER (", "GROUP BY", "count(", "sum(", "max(", "listagg(")):
            return Statement(number, "query", [text])


def query(maker):
    """The text of a query."""
    return maker.statement(maker.types())


def star(maker, number):
    """All columns of something."""
    maker.own_names = set()
    table = maker.table()
    text, scope = maker.sources(1, most=1)
    alias = scope[0].ref.rpartition(".")[0]
    return Statement(number, "star", [maker.chance.choice([
        f"SELECT * FROM {table.name}", f"TABLE {table.name}", f"SELECT x.* FROM {table.name} x", f"SELECT * FROM {text}", f"SELECT {alias}.* FROM {text}",
        f"SELECT *, {maker.of(scope, NUMBER)} AS more FROM {text}", f"SELECT * FROM (SELECT * FROM {table.name}) ORDER BY 1",
        f"WITH s AS (SELECT * FROM {table.name}) SELECT * FROM s", f"SELECT count(*) FROM (SELECT DISTINCT {table.columns[0][0]}, {table.columns[1][0]} FROM {table.name})",
        f"SELECT * FROM {table.name} x JOIN lake.sales.customers y ON x.{table.columns[0][0]} = y.customer_id - 9",
        f"SELECT * FROM {table.name} NATURAL JOIN {maker.table().name}", f"SELECT * FROM lake.sales.orders JOIN lake.sales.customers USING (customer_id)",
    ])])


def metadata(maker, number):
    """What there is."""
    table = maker.table().name
    catalog, schema, name = table.split(".")
    return Statement(number, "metadata", [maker.chance.choice([
        f"DESCRIBE {table}", f"SHOW COLUMNS FROM {table}", f"SHOW TABLES FROM {catalog}.{schema}", f"SHOW SCHEMAS FROM {catalog}", "SHOW CATALOGS LIKE 'l%'", f"SHOW TABLES FROM lake.{schema} LIKE '%s'",
        f"SHOW CREATE TABLE {table}", f"SHOW STATS FOR {table}", f"SHOW STATS FOR (SELECT * FROM {table})", "SHOW FUNCTIONS LIKE 'split%'",
        f"SELECT table_schema, table_name, table_type FROM {catalog}.information_schema.tables WHERE table_schema = '{schema}'",
        f"SELECT column_name, ordinal_position, data_type FROM {catalog}.information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{name}'",
        f"SELECT schema_name FROM {catalog}.information_schema.schemata", f"SELECT view_definition FROM lake.information_schema.views WHERE table_schema = '{schema}'",
        f"SELECT table_name, comment FROM system.metadata.table_comments WHERE catalog_name = '{catalog}' AND schema_name = '{schema}'",
        f"SELECT table_schem, table_name FROM system.jdbc.tables WHERE table_cat = '{catalog}' AND table_schem = '{schema}'",
        f"SELECT column_name, type_name FROM system.jdbc.columns WHERE table_cat = '{catalog}' AND table_schem = '{schema}' AND table_name = '{name}'",
        f"SELECT count(*) FROM {catalog}.information_schema.columns WHERE column_name LIKE '%i%' AND table_schema = '{schema}'",
        "SELECT catalog_name FROM system.metadata.catalogs WHERE catalog_name IN ('lake', 'tpch')", "SHOW SESSION LIKE 'join_dist%'",
        f"SELECT t.table_name, c.column_name FROM lake.information_schema.tables t JOIN lake.information_schema.columns c ON t.table_name = c.table_name AND t.table_schema = c.table_schema WHERE t.table_schema = '{schema}'",
    ])])


def explain(maker, number):
    """A plan."""
    text = query(maker)
    how = maker.chance.choice(["", "(TYPE VALIDATE) ", "(TYPE LOGICAL) ", "(TYPE IO, FORMAT JSON) ", "(TYPE DISTRIBUTED) ", "(FORMAT JSON) ", "ANALYZE "])
    return Statement(number, "explain", [f"EXPLAIN {how}{text}"])


def prepared(maker, number):
    """EXECUTE of a statement in a header."""
    text, values = with_parameters(maker)
    using = f" USING {', '.join(values)}" if values else ""
    what = maker.chance.choice([f"EXECUTE q{using}"] * 4 + ["DESCRIBE OUTPUT q", "DESCRIBE INPUT q"])
    return Statement(number, "execute", [what], {"X-Trino-Prepared-Statement": f"q={urllib.parse.quote_plus(text)}"})


def immediate(maker, number):
    """EXECUTE IMMEDIATE."""
    text, values = with_parameters(maker)
    using = f" USING {', '.join(values)}" if values else ""
    quoted = text.replace("'", "''")
    return Statement(number, "immediate", [f"EXECUTE IMMEDIATE '{quoted}'{using}"])


def with_parameters(maker):
    """A query with parameters in its outermost condition, and their values."""
    maker.own_names = set()
    text, scope = maker.sources(1)
    numbers = [column.ref for column in scope if column.type == NUMBER] or ["1"]
    texts = [column.ref for column in scope if column.type == TEXT] or ["'a'"]
    values = [str(maker.chance.randint(0, 5)), f"'{maker.chance.choice(['EU', 'Acme', 'z'])}'"]
    return (f"SELECT {numbers[0]}, {maker.of(scope, TEXT, 1)} FROM {text} WHERE {maker.chance.choice(numbers)} > ? OR {maker.chance.choice(texts)} = ?", values)


def dollar(maker, number):
    """Metadata tables and hidden columns."""
    table = maker.chance.choice([table for table in TABLES if table.name.startswith("lake.") and not table.name.endswith(("directory", "big_orders"))])
    schema, name = table.name.rpartition(".")[::2]
    key = table.columns[0][0]
    return Statement(number, "dollar", [maker.chance.choice([
        f'SELECT count(*) FROM {schema}."{name}${maker.chance.choice(["snapshots", "history", "files", "manifests", "partitions", "refs", "properties", "all_entries"])}"',
        f'SELECT {key}, "$path" IS NULL FROM {table.name}', f'SELECT count(DISTINCT "$file_modified_time") FROM {table.name}',
        f'SELECT {key} FROM {table.name} WHERE "$path" LIKE \'%x%\'', f'SELECT file_format FROM {schema}."{name}$files"', f'DESCRIBE {schema}."{name}$history"',
        f"SELECT {key} FROM {table.name} FOR VERSION AS OF 1", f"SELECT {key} FROM {table.name} FOR TIMESTAMP AS OF TIMESTAMP '2001-01-01 00:00:00 UTC'",
    ])])


def values(maker, number):
    """VALUES."""
    rows = ", ".join(f"({maker.of([], NUMBER, 2)}, {maker.of([], TEXT, 2)})" for _ in range(maker.chance.randint(1, 3)))
    return Statement(number, "values", [f"VALUES {rows}"])


def write(maker, number):
    """A table of one's own: made, changed, read, dropped."""
    types = maker.types(3)
    names = [maker.fresh("col") for _ in types]
    own = f"lake.scratch.proof{number}_{{w}}"
    maker.own_names = set()
    rows = f"SELECT {', '.join(names)} FROM {own}"
    change = maker.chance.choice([f"INSERT INTO {own} {rows}", f"DELETE FROM {own} WHERE {names[0]} IS NULL", f"UPDATE {own} SET {names[0]} = NULL WHERE {names[0]} IS NOT NULL",
                                  f"MERGE INTO {own} x USING lake.hr.employees e ON e.id = 99 WHEN MATCHED THEN DELETE", f"TRUNCATE TABLE {own}", f"INSERT INTO {own} {maker.query(types, 1)}"])
    return Statement(number, "write", [f"CREATE TABLE {own} AS {maker.query(types, 1, names)}", rows, change, rows, f"DESCRIBE {own}", f"DROP TABLE IF EXISTS {own}"])


MAKERS = {"query": lambda maker, number: Statement(number, "query", [query(maker)]), "star": star, "metadata": metadata, "explain": explain, "execute": prepared, "immediate": immediate,
          "dollar": dollar, "values": values, "write": write}
