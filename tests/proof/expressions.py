"""Expressions over the columns in scope, each of a type that is asked for."""

import dataclasses

from .data import DECIMAL, NUMBER, TEXT

BOOLEAN, ARRAY = "boolean", "array"
WORDS = ("EU", "US", "Acme", "Anna", "12", "a", "mail.test", "", "***@mail.test", "XXXX", "one")


@dataclasses.dataclass(frozen=True)
class Column:
    """A column as it is written, and its type."""
    ref: str
    type: str


class Expressions:
    """Makes expressions. `self.chance` is the one source of chance; `self.failing` says how many more may fail."""

    def __init__(self, chance):
        self.chance = chance
        self.failing = 0
        self.names = 0

    def fresh(self, prefix):
        """A name that the statement does not have."""
        self.names += 1
        return f"{prefix}{self.names}"

    def likely(self, share):
        """True for this share of the calls."""
        return self.chance.random() < share

    def of(self, scope, type_, depth=2, subqueries=True):
        """An expression of a type."""
        columns = [column for column in scope if column.type == type_]
        if columns and self.likely(0.55 if depth else 0.85):
            return self.chance.choice(columns).ref
        if depth <= 0:
            return self.literal(type_)
        if subqueries and self.likely(0.07):
            return self.scalar_subquery(scope, type_)
        if self.failing > 0 and type_ in (NUMBER, TEXT) and self.likely(0.4):
            self.failing -= 1
            return self.that_may_fail(scope, type_)
        made = {NUMBER: self.number, TEXT: self.text, DECIMAL: self.decimal, BOOLEAN: self.boolean, ARRAY: self.array}[type_]
        return made(lambda wanted: self.of(scope, wanted, depth - 1, subqueries), scope, subqueries)

    def literal(self, type_):
        """A constant."""
        if type_ == NUMBER:
            return self.chance.choice(["0", "1", "2", "3", "10", "100", "BIGINT '4'", "CAST(NULL AS bigint)"])
        if type_ == TEXT:
            return f"'{self.chance.choice(WORDS)}'"
        if type_ == DECIMAL:
            return self.chance.choice(["1.5", "DECIMAL '10.00'", "0.25"])
        if type_ == BOOLEAN:
            return self.chance.choice(["true", "false", "NULL"])
        return self.chance.choice(["ARRAY[1, 2, 3]", "ARRAY[BIGINT '5', NULL]", "sequence(1, 3)"])

    def that_may_fail(self, scope, type_):
        """An expression that fails over some rows."""
        number, text = self.of(scope, NUMBER, 0), self.of(scope, TEXT, 0)
        if type_ == TEXT:
            return self.chance.choice([f"split({text}, 'a')[2]", f"CAST(from_hex({text}) AS varchar)", f"CAST(date({text}) AS varchar)", f"json_format(json_parse({text}))",
                                       f"format('%d', {text})", f"regexp_extract({text}, '(a)', CAST({number} AS integer))", f"chr({number} - 3)"])
        return self.chance.choice([f"1 / ({number} - {self.chance.randint(1, 9)})", f"CAST({text} AS bigint)", f"{number} % ({number} - 4)", f"ARRAY[1, 2][{number}]",
                                   f"CAST({number} * 100 AS tinyint)", f"CAST(CAST(fail('stop') AS varchar) AS bigint)", f"{number} * 4611686018427387904",
                                   f"CAST(json_extract({text}, '$.a') AS bigint)", f"element_at(ARRAY[7], {number} - 1)"])

    def number(self, one, scope, subqueries):
        """A bigint."""
        return self.chance.choice([
            lambda: f"({one(NUMBER)} + {one(NUMBER)})",
            lambda: f"({one(NUMBER)} - {self.chance.randint(1, 5)})",
            lambda: f"({one(NUMBER)} * {self.chance.randint(2, 3)})",
            lambda: f"- {one(NUMBER)}",
            lambda: f"abs({one(NUMBER)})",
            lambda: f"length({one(TEXT)})",
            lambda: f"coalesce({one(NUMBER)}, {one(NUMBER)})",
            lambda: f"nullif({one(NUMBER)}, {one(NUMBER)})",
            lambda: f"greatest({one(NUMBER)}, {one(NUMBER)})",
            lambda: f"CASE WHEN {one(BOOLEAN)} THEN {one(NUMBER)} ELSE {one(NUMBER)} END",
            lambda: f"CASE {one(TEXT)} WHEN {one(TEXT)} THEN {one(NUMBER)} END",
            lambda: f"IF({one(BOOLEAN)}, {one(NUMBER)})",
            lambda: f"cardinality({one(ARRAY)})",
            lambda: f"reduce({one(ARRAY)}, BIGINT '0', (s, x) -> s + coalesce(x, 1), s -> s)",
            lambda: f"TRY(CAST({one(TEXT)} AS bigint))",
            lambda: f"TRY_CAST({one(TEXT)} AS bigint)",
            lambda: f"CAST({one(DECIMAL)} AS bigint)",
            lambda: f"strpos({one(TEXT)}, 'a')",
            lambda: f"position('a' IN {one(TEXT)})",
            lambda: f"date_diff('day', DATE '2024-01-01', date_add('day', CAST({one(NUMBER)} % 1000 AS bigint), DATE '2024-01-01'))",
            lambda: f"extract(YEAR FROM DATE '2024-02-03' + INTERVAL '1' DAY) + {one(NUMBER)}",
            lambda: f"levenshtein_distance({one(TEXT)}, 'abc')",
            lambda: f"JSON_VALUE(JSON_OBJECT('a' : {one(NUMBER)}), 'lax $.a' RETURNING bigint)",
            lambda: f"CAST(ROW({one(NUMBER)}, 'x') AS ROW(a bigint, b varchar)).a",
            lambda: f"MAP(ARRAY['k'], ARRAY[{one(NUMBER)}])['k']",
            lambda: f"bitwise_and({one(NUMBER)}, 7)",
            lambda: f"element_at({one(ARRAY)}, 1)",
        ])()

    def text(self, one, scope, subqueries):
        """A varchar."""
        return self.chance.choice([
            lambda: f"({one(TEXT)} || {one(TEXT)})",
            lambda: f"concat({one(TEXT)}, '-', {one(TEXT)})",
            lambda: f"lower({one(TEXT)})",
            lambda: f"upper({one(TEXT)})",
            lambda: f"substr({one(TEXT)}, {self.chance.randint(1, 3)})",
            lambda: f"substring({one(TEXT)} FROM 2 FOR 3)",
            lambda: f"trim(BOTH 'a' FROM {one(TEXT)})",
            lambda: f"replace({one(TEXT)}, 'a', 'b')",
            lambda: f"reverse({one(TEXT)})",
            lambda: f"split_part({one(TEXT)}, '@', 1)",
            lambda: f"lpad({one(TEXT)}, 6, '.')",
            lambda: f"CAST({one(NUMBER)} AS varchar)",
            lambda: f"coalesce({one(TEXT)}, {one(TEXT)})",
            lambda: f"CASE WHEN {one(BOOLEAN)} THEN {one(TEXT)} ELSE {one(TEXT)} END",
            lambda: f"regexp_replace({one(TEXT)}, '[0-9]', '#')",
            lambda: f"to_hex(md5(to_utf8({one(TEXT)})))",
            lambda: f"json_format(CAST({one(TEXT)} AS json))",
            lambda: f"JSON_QUERY(JSON_ARRAY({one(TEXT)}, {one(NUMBER)}), 'lax $[0]' WITH WRAPPER)",
            lambda: f"JSON_VALUE(JSON_OBJECT(KEY 'k' VALUE {one(TEXT)} ABSENT ON NULL), 'lax $.k' DEFAULT 'none' ON EMPTY)",
            lambda: f"json_extract_scalar(json_format(CAST(MAP(ARRAY['a'], ARRAY[{one(TEXT)}]) AS json)), '$.a')",
            lambda: f"array_join(transform({one(ARRAY)}, x -> CAST(x AS varchar)), ',', 'null')",
            lambda: f"array_join(array_sort(ARRAY[{one(TEXT)}, {one(TEXT)}]), '|')",
            lambda: f"format('%s:%s', {one(TEXT)}, {one(NUMBER)})",
            lambda: f"typeof({one(NUMBER)})",
            lambda: f"IF({one(BOOLEAN)}, {one(TEXT)}, 'no')",
        ])()

    def decimal(self, one, scope, subqueries):
        """A decimal."""
        return self.chance.choice([
            lambda: f"({one(DECIMAL)} + 1.5)",
            lambda: f"round({one(DECIMAL)}, 1)",
            lambda: f"CAST({one(NUMBER)} AS decimal(18, 2))",
            lambda: f"coalesce({one(DECIMAL)}, 0.5)",
            lambda: f"- {one(DECIMAL)}",
            lambda: f"CAST({one(NUMBER)} AS double) / 4e0",
        ])()

    def boolean(self, one, scope, subqueries):
        """A condition."""
        type_ = self.chance.choice([NUMBER, NUMBER, TEXT, TEXT, DECIMAL])
        if subqueries and self.likely(0.25):
            return self.subquery_condition(scope, one)
        return self.chance.choice([
            lambda: f"{one(type_)} {self.chance.choice(['=', '<>', '<', '>', '<=', '>=', '!='])} {one(type_)}",
            lambda: f"{one(type_)} {self.chance.choice(['=', '<', '>='])} {self.literal(type_)}",
            lambda: f"{one(type_)} IN ({self.literal(type_)}, {one(type_)})",
            lambda: f"{one(TEXT)} NOT IN ('EU', 'x')",
            lambda: f"{one(type_)} BETWEEN {one(type_)} AND {one(type_)}",
            lambda: f"{one(type_)} IS NULL",
            lambda: f"{one(type_)} IS NOT NULL",
            lambda: f"{one(type_)} IS DISTINCT FROM {one(type_)}",
            lambda: f"{one(TEXT)} LIKE '{self.chance.choice(['%a%', 'A%', '_e%', '%@%', '%t'])}'",
            lambda: f"{one(TEXT)} NOT LIKE '%!_%' ESCAPE '!'",
            lambda: f"({one(BOOLEAN)} AND {one(BOOLEAN)})",
            lambda: f"({one(BOOLEAN)} OR {one(BOOLEAN)})",
            lambda: f"(NOT {one(BOOLEAN)})",
            lambda: f"any_match({one(ARRAY)}, x -> x > {one(NUMBER)})",
            lambda: f"contains({one(ARRAY)}, {one(NUMBER)})",
            lambda: f"regexp_like({one(TEXT)}, '^[A-M]')",
            lambda: f"starts_with({one(TEXT)}, 'A')",
            lambda: f"JSON_EXISTS(JSON_ARRAY({one(NUMBER)}), 'strict $[0] ? (@ > 2)')",
            lambda: f"({one(NUMBER)}, {one(TEXT)}) = ({one(NUMBER)}, {one(TEXT)})",
        ])()

    def array(self, one, scope, subqueries):
        """An array of bigints."""
        return self.chance.choice([
            lambda: f"ARRAY[{one(NUMBER)}, {one(NUMBER)}]",
            lambda: f"transform({one(ARRAY)}, x -> x + {one(NUMBER)})",
            lambda: f"filter({one(ARRAY)}, y -> y > {one(NUMBER)})",
            lambda: f"array_distinct({one(ARRAY)})",
            lambda: f"zip_with({one(ARRAY)}, {one(ARRAY)}, (a, b) -> coalesce(a, 0) + b)",
            lambda: f"{one(ARRAY)} || {one(NUMBER)}",
            lambda: f"slice({one(ARRAY)}, 1, 2)",
        ])()

    def aggregate(self, scope, type_):
        """An aggregate over the rows in scope."""
        def one(wanted):
            return self.of(scope, wanted, 1, subqueries=False)

        if type_ == NUMBER:
            made = self.chance.choice([
                lambda: "count(*)", lambda: f"count({one(TEXT)})", lambda: f"count(DISTINCT {one(NUMBER)})", lambda: f"sum({one(NUMBER)})", lambda: f"max({one(NUMBER)})",
                lambda: f"min({one(NUMBER)})", lambda: f"count_if({one(BOOLEAN)})", lambda: f"approx_distinct({one(TEXT)})", lambda: f"sum(DISTINCT {one(NUMBER)})",
                lambda: f"cardinality(array_agg({one(TEXT)}))", lambda: f"bitwise_or_agg({one(NUMBER)})", lambda: f"reduce_agg({one(NUMBER)}, BIGINT '0', (a, b) -> a + b, (a, b) -> a + b)",
            ])()
        elif type_ == TEXT:
            made = self.chance.choice([
                lambda: f"max({one(TEXT)})", lambda: f"min({one(TEXT)})", lambda: f"to_hex(checksum({one(TEXT)}))",
                lambda: f"CAST(bool_or({one(BOOLEAN)}) AS varchar)", lambda: f"CAST(every({one(BOOLEAN)}) AS varchar)",
            ])()
            if self.likely(0.2):
                value = one(TEXT)
                return f"listagg({value}, ',') WITHIN GROUP (ORDER BY {value})"
            if self.likely(0.2):
                value = one(TEXT)
                return f"array_join(array_agg({value} ORDER BY {value}), ',', '-')"
        elif type_ == DECIMAL:
            made = self.chance.choice([lambda: f"avg({one(NUMBER)})", lambda: f"sum({one(DECIMAL)})", lambda: f"max({one(DECIMAL)})", lambda: f"avg({one(DECIMAL)})"])()
        elif type_ == BOOLEAN:
            return f"bool_or({one(BOOLEAN)})"
        else:
            value = one(NUMBER)
            return f"array_agg({value} ORDER BY {value})"
        return f"{made} FILTER (WHERE {one(BOOLEAN)})" if self.likely(0.15) else made

    def window(self, scope, type_):
        """A window function; its order takes all columns, so that equal rows alone are alike."""
        if type_ not in (NUMBER, TEXT):
            return self.of(scope, type_)
        by = ", ".join(f"{column.ref}{self.chance.choice(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])}" for column in scope if column.type != ARRAY)
        part = f"PARTITION BY {self.of(scope, self.chance.choice([NUMBER, TEXT]), 1, subqueries=False)} " if self.likely(0.5) else ""
        frame = self.chance.choice(["", "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS UNBOUNDED PRECEDING", " RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
                                    " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING"])
        value = self.of(scope, type_, 1, subqueries=False)
        if type_ == TEXT:
            call, frame = self.chance.choice([(f"lag({value})", ""), (f"first_value({value})", frame), (f"max({value})", frame), (f"lead({value}, 1, 'none')", ""), (f"nth_value({value}, 2)", frame)])
        else:
            call, frame = self.chance.choice([("row_number()", ""), ("rank()", ""), ("dense_rank()", ""), (f"sum({value})", frame), ("count(*)", frame), ("ntile(2)", ""),
                                              (f"lead({value})", ""), (f"max({value})", frame)])
        return f"{call} OVER ({part}ORDER BY {by}{frame})" if by else "CAST(count(*) OVER () AS varchar)" if type_ == TEXT else "count(*) OVER ()"

    def scalar_subquery(self, scope, type_):
        """A sub-query of one value; in queries.py."""
        raise NotImplementedError

    def subquery_condition(self, scope, one):
        """A condition with a sub-query; in queries.py."""
        raise NotImplementedError
