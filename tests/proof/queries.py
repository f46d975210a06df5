"""Queries with columns of given types: relations, joins, sub-queries, CTEs, set operations, grouping, windows."""

from .data import DECIMAL, DENIED_COLUMNS, DENIED_TABLE, NUMBER, RESTRICTED, TABLES, TEXT
from .expressions import ARRAY, BOOLEAN, Column, Expressions

KEYS = {"id": "employee", "employee_id": "employee", "manager_id": "employee", "customer_id": "customer", "order_id": "order", "nationkey": "nation"}


class Queries(Expressions):
    """Makes queries. `tables` are those to read; `schema` is the schema of the session, where there is one."""

    def __init__(self, chance, tables=None, denied=0.02, schema=None):
        super().__init__(chance)
        self.tables = tables or TABLES
        self.denied = denied
        self.schema = schema
        self.ctes = []
        self.own_names = set()
        self.once = set()

    def types(self, most=4):
        """Types of the columns of a query."""
        return [self.chance.choice([NUMBER, NUMBER, TEXT, TEXT, DECIMAL, BOOLEAN]) for _ in range(self.chance.randint(1, most))]

    def table(self):
        """A table to read."""
        if self.likely(self.denied / 2):
            return DENIED_TABLE
        return self.chance.choices(self.tables, [table.weight for table in self.tables])[0]

    def written(self, name):
        """A table's name as the session lets it be written."""
        catalog, schema, table = name.split(".")
        if self.schema == schema and self.likely(0.5):
            return table
        if self.schema and catalog == "lake" and self.likely(0.3):
            return f"{schema}.{table}"
        return self.chance.choice([name, name, name, f'"{catalog}"."{schema}"."{table}"', name.upper()]) if self.likely(0.2) else name

    # ── relations ──

    def relation(self, depth, outer=()):
        """A relation behind FROM: its text, and its columns."""
        drawn = self.chance.random()
        if depth > 0 and drawn < 0.14:
            return self.derived(depth - 1)
        if self.ctes and drawn < 0.40:
            name, columns = self.chance.choice(self.ctes)
            if name in self.once:
                # Each use of a recursive one is planned to its full depth.
                self.ctes.remove((name, columns))
            alias = self.fresh("w")
            return f"{name} {alias}", [Column(f"{alias}.{column}", type_) for column, type_ in columns]
        if drawn < 0.46:
            return self.other_relation(depth)
        return self.base()

    def base(self, plain=False):
        """A table under an alias."""
        table = self.table()
        name, alias = self.written(table.name), self.fresh("t")
        columns = list(table.columns)
        if plain:
            return f"{name} {alias}", [Column(f"{alias}.{column}", type_) for column, type_ in columns]
        behind = ""
        if self.likely(0.04) and table.name.startswith("lake.") and not table.name.endswith(("directory", "big_orders")):
            # Trino takes a time of the same millisecond for one that is not past.
            behind = " FOR TIMESTAMP AS OF current_timestamp - INTERVAL '1' SECOND"
        sample = self.chance.choice([" TABLESAMPLE BERNOULLI (100)", " TABLESAMPLE SYSTEM (100)", " TABLESAMPLE BERNOULLI (0)"]) if self.likely(0.04) else ""
        if table.whole and self.likely(0.1):
            columns = [(self.fresh("n"), type_) for _, type_ in columns]
            names = f"{alias} ({', '.join(column for column, _ in columns)})"
            return f"{name}{behind} AS {names}{sample}", [Column(f"{alias}.{column}", type_) for column, type_ in columns]
        if table.name in DENIED_COLUMNS and self.likely(self.denied):
            columns = [*columns, (self.chance.choice(DENIED_COLUMNS[table.name]), TEXT)] * 2
        if not behind and not sample and self.likely(0.06):
            # Columns qualified by the table's own name.
            short = name.rpartition(".")[2]
            self.names += 1
            if not self.used(short):
                return name, [Column(f"{short}.{column}", type_) for column, type_ in columns]
        return f"{name}{behind} {self.chance.choice(['', 'AS '])}{alias}{sample}", [Column(f"{alias}.{column}", type_) for column, type_ in columns]

    def used(self, name):
        """Whether a table's own name qualifies already; two of them would be ambiguous."""
        if name.lower() in self.own_names:
            return True
        self.own_names.add(name.lower())
        return False

    def derived(self, depth):
        """A sub-query as a relation."""
        types = self.types()
        names = [self.fresh("c") for _ in types]
        alias = self.fresh("d")
        if self.likely(0.5):
            return f"({self.query(types, depth)}) {alias} ({', '.join(names)})", self.columns(alias, names, types)
        return f"({self.query(types, depth, names=names)}) AS {alias}", self.columns(alias, names, types)

    @staticmethod
    def columns(alias, names, types):
        """Columns under an alias."""
        return [Column(f"{alias}.{name}", type_) for name, type_ in zip(names, types, strict=True)]

    def other_relation(self, depth):
        """VALUES, UNNEST, table functions, MATCH_RECOGNIZE, JSON_TABLE, `TABLE t`."""
        alias, a, b = self.fresh("r"), self.fresh("a"), self.fresh("b")
        table = self.chance.choice([table for table in self.tables if table.whole])
        key = table.columns[0][0]
        kind = self.chance.randrange(8)
        if kind == 0:
            rows = ", ".join(f"({self.literal(NUMBER)}, {self.literal(TEXT)})" for _ in range(self.chance.randint(1, 3)))
            return f"(VALUES (BIGINT '1', 'x'), {rows}) AS {alias} ({a}, {b})", self.columns(alias, [a, b], [NUMBER, TEXT])
        if kind == 1:
            return f"UNNEST({self.of([], ARRAY, 1, False)}) WITH ORDINALITY AS {alias} ({a}, {b})", self.columns(alias, [a, b], [NUMBER, NUMBER])
        if kind == 2:
            return f"TABLE(sequence(1, {self.chance.randint(1, 4)})) AS {alias} ({a})", self.columns(alias, [a], [NUMBER])
        if kind == 3:
            drop, keep = table.columns[-1][0], table.columns[:-1]
            return (f"TABLE(exclude_columns(input => TABLE({table.name}), columns => DESCRIPTOR({drop}))) {alias}", self.columns(alias, [n for n, _ in keep], [t for _, t in keep]))
        if kind == 4:
            return (f"{table.name} MATCH_RECOGNIZE (ORDER BY {key} MEASURES X.{key} AS {a}, count(*) AS {b} {self.chance.choice(['ONE ROW PER MATCH', 'ALL ROWS PER MATCH'])} "
                    f"AFTER MATCH SKIP PAST LAST ROW PATTERN ({self.chance.choice(['X Y*', 'X+', 'X Y?', '(X | Y)+'])}) DEFINE Y AS Y.{key} > PREV(Y.{key})) AS {alias}",
                    self.columns(alias, [a, b], [NUMBER, NUMBER]))
        if kind == 5:
            return (f"JSON_TABLE('[1, 2, {self.chance.randint(3, 9)}]', 'lax $[*]' COLUMNS ({a} bigint PATH 'lax $', {b} FOR ORDINALITY)) AS {alias}",
                    self.columns(alias, [a, b], [NUMBER, NUMBER]))
        if kind == 6:
            return f"(TABLE {table.name}) {alias}", self.columns(alias, [n for n, _ in table.columns], [t for _, t in table.columns])
        text, columns = self.base(plain=True)
        number = self.of(columns, NUMBER, 0)
        return f"({text} CROSS JOIN UNNEST(ARRAY[{number}, 7]) AS {alias} ({a}))", columns + self.columns(alias, [a], [NUMBER])

    def sources(self, depth, most=3):
        """All behind FROM: its text, and what is in scope."""
        text, scope = self.relation(depth)
        for _ in range(self.chance.choices([0, 1, 2], [55, 33, 12])[0] if most > 1 else 0):
            drawn = self.chance.random()
            if drawn < 0.08:
                alias, a = self.fresh("l"), self.fresh("a")
                inner, columns = self.base(plain=True)
                link = self.equal(scope, columns)
                text = f"{text} {self.chance.choice(['CROSS JOIN', 'LEFT JOIN'])} LATERAL (SELECT count(*) AS {a} FROM {inner} WHERE {link}) {alias}"
                text += " ON true" if "LEFT JOIN LATERAL" in text[-len(inner) - len(link) - 80:] else ""
                scope = scope + [Column(f"{alias}.{a}", NUMBER)]
                continue
            if drawn < 0.14:
                alias, a = self.fresh("u"), self.fresh("a")
                text = f"{text} CROSS JOIN UNNEST({self.of(scope, ARRAY, 1, False)}) AS {alias} ({a})"
                scope = scope + [Column(f"{alias}.{a}", NUMBER)]
                continue
            other, columns = self.relation(depth - 1)
            if drawn < 0.22:
                text, scope = f"{text} CROSS JOIN {other}", scope + columns
            elif drawn < 0.28:
                text, scope = f"{text}, {other}", scope + columns
            else:
                how = self.chance.choice(["JOIN", "INNER JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT OUTER JOIN"])
                more = f" AND {self.of(scope + columns, BOOLEAN, 1, False)}" if self.likely(0.25) and "FULL" not in how else ""
                text, scope = f"{text} {how} {other} ON {self.equal(scope, columns)}{more}", scope + columns
        return text, scope

    def equal(self, left, right):
        """A condition that links two relations, by the same key where there is one."""
        def key(column):
            return KEYS.get(column.ref.rpartition(".")[2])

        pairs = [(a, b) for a in left for b in right if a.type == b.type and a.type in (NUMBER, TEXT)]
        keys = [(a, b) for a, b in pairs if key(a) and key(a) == key(b)]
        if not pairs:
            return "true"
        a, b = self.chance.choice(keys or pairs)
        return f"{a.ref} = {b.ref}"

    # ── sub-queries in expressions ──

    def scalar_subquery(self, scope, type_):
        """A sub-query of one value."""
        text, columns = self.base(plain=True)
        where = f" WHERE {self.equal(scope, columns)}" if scope and self.likely(0.5) else ""
        if type_ in (BOOLEAN, ARRAY, DECIMAL):
            return f"(SELECT {self.aggregate(columns, type_)} FROM {text}{where})"
        return f"(SELECT {self.chance.choice(['max', 'min'])}({self.of(columns, type_, 1, False)}) FROM {text}{where})"

    def subquery_condition(self, scope, one):
        """EXISTS, IN and comparisons with all or any."""
        text, columns = self.base(plain=True)
        inner = self.of(columns, BOOLEAN, 1, False)
        linked = f"{self.equal(scope, columns)} AND {inner}" if scope else inner
        type_ = self.chance.choice([NUMBER, TEXT])
        value = self.of(columns, type_, 1, False)
        return self.chance.choice([
            f"EXISTS (SELECT 1 FROM {text} WHERE {linked})",
            f"NOT EXISTS (SELECT * FROM {text} WHERE {linked})",
            f"{one(type_)} IN (SELECT {value} FROM {text} WHERE {inner})",
            f"{one(type_)} NOT IN (SELECT {value} FROM {text})",
            f"{one(type_)} {self.chance.choice(['=', '<', '>='])} {self.chance.choice(['ANY', 'ALL', 'SOME'])} (SELECT {value} FROM {text})",
        ])

    # ── queries ──

    def statement(self, types):
        """A whole query, perhaps with CTEs, an order and a limit."""
        depth = self.chance.choice([1, 1, 2])
        self.own_names = set()
        text = ""
        if self.likely(0.25):
            text = self.with_(depth)
        names = [self.fresh("o") for _ in types]
        body = self.query(types, depth, names if self.likely(0.6) else None)
        return text + body + self.end(types, names if f"AS {names[0]}" in body else None)

    def end(self, types, names):
        """ORDER BY, OFFSET, LIMIT; a cut only behind an order by all columns."""
        if self.likely(0.45):
            return ""
        ordinals = list(range(1, len(types) + 1))
        self.chance.shuffle(ordinals)
        keys = [names[i - 1] if names and self.likely(0.4) else str(i) for i in ordinals]
        text = " ORDER BY " + ", ".join(f"{key}{self.chance.choice(['', '', ' DESC', ' ASC', ' NULLS FIRST', ' DESC NULLS LAST'])}" for key in keys)
        return text + self.chance.choice(["", "", " LIMIT 3", " OFFSET 1", " OFFSET 1 ROW LIMIT 2", " FETCH FIRST 2 ROWS ONLY", " FETCH FIRST 1 ROW WITH TIES", " LIMIT ALL", " LIMIT 100"])

    def with_(self, depth):
        """CTEs in front."""
        if self.likely(0.1):
            return self.recursive()
        made = []
        for _ in range(self.chance.randint(1, 2)):
            types = self.types(3)
            names, name = [self.fresh("k") for _ in types], self.fresh("cte")
            if self.likely(0.08):
                # A CTE may have the name of a table.
                name = self.chance.choice(["employees", "orders", "payments"])
            query = self.query(types, depth - 1, names)
            if all(name != known for known, _ in self.ctes):
                made.append(f"{name} AS ({query})")
                self.ctes.append((name, list(zip(names, types, strict=True))))
        return f"WITH {', '.join(made)} "

    def recursive(self):
        """A recursive CTE."""
        name, n, v = self.fresh("cte"), self.fresh("k"), self.fresh("k")
        self.ctes.append((name, [(n, NUMBER), (v, NUMBER)]))
        self.once.add(name)
        if self.likely(0.5):
            return (f"WITH RECURSIVE {name} ({n}, {v}) AS (SELECT id, BIGINT '0' FROM lake.hr.employees WHERE manager_id IS NULL UNION ALL "
                    f"SELECT e.id, {v} + 1 FROM lake.hr.employees e JOIN {name} ON e.manager_id = {n} WHERE {v} < 3) ")
        text, columns = self.base(plain=True)
        return (f"WITH RECURSIVE {name} ({n}, {v}) AS (SELECT {self.of(columns, NUMBER, 0)}, BIGINT '1' FROM {text} UNION ALL "
                f"SELECT {n} + 1, {v} * 2 FROM {name} WHERE {v} < {self.chance.randint(2, 8)}) ")

    def query(self, types, depth, names=None):
        """A query body with columns of these types."""
        if depth > 0 and self.likely(0.1):
            how = self.chance.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "UNION ALL", "INTERSECT ALL", "EXCEPT ALL", "UNION DISTINCT"])
            return f"{self.select(types, depth - 1, names)} {how} {self.select(types, depth - 1, names)}"
        if self.likely(0.02):
            return f"({self.select(types, depth, names)})"
        return self.select(types, depth, names)

    def select(self, types, depth, names):
        """SELECT … FROM … WHERE … GROUP BY … HAVING."""
        if self.likely(0.03):
            return "SELECT " + self.items([self.of([], type_, 2) for type_ in types], names)
        text, scope = self.sources(depth)
        where = f" WHERE {self.of(scope, BOOLEAN, 2)}" if self.likely(0.55) else ""
        drawn = self.chance.random()
        if drawn < 0.3:
            return self.grouped(types, names, text, scope, where)
        values = [self.of(scope, type_, 2) for type_ in types]
        if drawn < 0.45:
            values = [self.window(scope, type_) if self.likely(0.6) else value for type_, value in zip(types, values, strict=True)]
        distinct = self.chance.choice(["DISTINCT ", "ALL "]) if self.likely(0.12) else ""
        return f"SELECT {distinct}{self.items(values, names)} FROM {text}{where}"

    def grouped(self, types, names, text, scope, where):
        """A query that groups."""
        keys = [column for column in scope if column.type in (NUMBER, TEXT)]
        having = f" HAVING {self.aggregate(scope, NUMBER)} {self.chance.choice(['>', '<', '='])} {self.chance.randint(0, 3)}" if self.likely(0.2) else ""
        if not keys or self.likely(0.3):
            return f"SELECT {self.items([self.aggregate(scope, type_) for type_ in types], names)} FROM {text}{where}{having}"
        chosen = self.chance.sample(keys, min(len(keys), self.chance.randint(1, 2)))
        values, ordinals = [], []
        for place, type_ in enumerate(types, 1):
            same = [column for column in chosen if column.type == type_]
            if same and self.likely(0.6):
                values.append(same[0].ref)
                ordinals.append((same[0], place))
            else:
                values.append(self.aggregate(scope, type_))
        refs = [column.ref for column in chosen]
        if ordinals and self.likely(0.3):
            refs = [next((str(place) for known, place in ordinals if known == column), column.ref) for column in chosen]
            by = ", ".join(refs)
        else:
            by = self.chance.choice([", ".join(refs)] * 4 + [f"ROLLUP ({', '.join(refs)})", f"CUBE ({', '.join(refs)})", f"GROUPING SETS (({', '.join(refs)}), ({refs[0]}), ())", "ALL " + ", ".join(refs),
                                                            f"{refs[0]}, GROUPING SETS (({refs[-1]}), ())"])
            if by.startswith(("ROLLUP", "CUBE", "GROUPING")) and NUMBER in types and self.likely(0.5):
                values[types.index(NUMBER)] = f"grouping({', '.join(refs)})"
        return f"SELECT {self.items(values, names)} FROM {text}{where} GROUP BY {by}{having}"

    @staticmethod
    def items(values, names):
        """The select list."""
        if names is None:
            return ", ".join(values)
        return ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))


def restricted(chance):
    """A generator over masked and filtered tables alone, for aggregates, joins and windows."""
    return Queries(chance, [*RESTRICTED, *(table for table in TABLES if table.name == "lake.sales.customers")], denied=0)
