"""The masks that Sluice brings, on a real Trino: each mask of each type on values at the edges of the type.

The expressions are those of `expressions.snap`, which a unit test of `src/policy/mask` holds to the code. Then the same
through Sluice, by policies that name masks (`gate`).
"""

import hmac
import pathlib

from . import gate

SCHEMA = "memory.masks"

TEXTS = ["''", "'a'", "'ab'", "'abc'", "'abcd'", "'abcde'", "'a@b.org'", "'ann@b.org'", "'@'", "'a@b@c'", "' x '", "'ü\U0001f600é'", "U&'\\0000\\000A'"]
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "-14:00"]
DAYS = ["-290307-01-02", "-9999-01-01", "-0001-06-15", "0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31", "294246-12-31"]
ZONED_DAYS = ["-69386-02-02", *DAYS[1:-1], "73325-12-31"]
VALUES = {
    "varchar": [*TEXTS, "rpad('', 100000, 'x@')", "from_utf8(X'61FF62', '?')"],
    "varchar(0)": ["''"],
    "char(1)": ["''", "'a'", "'ü'"],
    "tinyint": ["-128", "-1", "0", "127"],
    "smallint": ["-32768", "-1001", "-1", "0", "999", "32767"],
    "integer": ["-2147483648", "-1", "0", "1000", "2147483647"],
    "bigint": ["-9223372036854775808", "-1", "0", "999", "9223372036854775807"],
    "decimal(5,2)": ["-999.99", "-0.01", "0", "999.99"],
    "decimal(18,0)": ["-999999999999999999", "-1", "0", "999999999999999999"],
    "decimal(38,0)": ["DECIMAL '-99999999999999999999999999999999999999'", "-1", "0", "DECIMAL '99999999999999999999999999999999999999'"],
    "decimal(38,38)": ["DECIMAL '-0.99999999999999999999999999999999999999'", "0", "DECIMAL '0.99999999999999999999999999999999999999'"],
    "real": ["-infinity()", "REAL '-3.4028235E38'", "-1e0", "0e0", "REAL '1.4E-45'", "REAL '3.4028235E38'", "infinity()", "nan()"],
    "double": ["-infinity()", "-1.7976931348623157E308", "-1e0", "0e0", "4.9E-324", "1.7976931348623157E308", "infinity()", "nan()"],
    "boolean": ["true", "false"],
    "date": ["DATE '-5877641-06-23'", *(f"DATE '{day}'" for day in DAYS), "DATE '5881580-07-11'"],
    "timestamp": [f"TIMESTAMP '{day} {time}'" for day in DAYS for time in ["00:00:00", "23:59:59.999999"]],
    "timestamp with time zone": [f"TIMESTAMP '{day} 23:59:59.999 {zone}'" for day in ZONED_DAYS for zone in ZONES],
    "time": ["TIME '00:00:00'", "TIME '23:59:59.999'"],
    "time with time zone": ["TIME '00:00:00-14:00'", "TIME '23:59:59.999+14:00'"],
    "varbinary": ["X''", "X'00'", "X'FFFE'"],
    "uuid": ["UUID 'ffffffff-ffff-ffff-ffff-ffffffffffff'", "UUID '00000000-0000-0000-0000-000000000001'"],
    "ipaddress": ["IPADDRESS '255.255.255.255'", "IPADDRESS '2001:db8::1'"],
    "json": ["JSON '{\"a\": [1]}'", "JSON '\"x\"'"],
    "interval day to second": ["INTERVAL '-1' DAY", "INTERVAL '106751' DAY"],
    "interval year to month": ["INTERVAL '-1' YEAR", "INTERVAL '11' MONTH"],
    "row(a bigint, b varchar(3))": ["ROW(1, 'abc')", "ROW(NULL, NULL)"],
    'row(a bigint, "b "" C" varchar)': ["ROW(1, 'abcdef')", "ROW(1, NULL)"],
    "row(a bigint, b row(c varchar, d date))": ["ROW(1, ROW('x', DATE '1969-12-31'))", "ROW(1, NULL)", "ROW(1, ROW('x', NULL))"],
    "row(a varchar, b varchar)": ["ROW('x', 'y')", "ROW(NULL, 'y')"],
    "array(varchar(3))": ["ARRAY[]", "ARRAY['abc', NULL, '']"],
    "array(varchar)": ["ARRAY['abc', NULL]"],
    "array(row(a bigint, email varchar))": ["ARRAY[ROW(1, 'ann@b.org'), NULL, ROW(NULL, NULL)]"],
    "array(array(bigint))": ["ARRAY[ARRAY[-1, 1500], NULL, ARRAY[NULL, -9223372036854775808]]"],
    "map(varchar, bigint)": ["MAP()", "MAP(ARRAY['k', 'l'], ARRAY[-9223372036854775808, NULL])"],
    "map(varchar, array(row(a date, b varchar)))": ["MAP(ARRAY['k', 'l'], ARRAY[ARRAY[ROW(DATE '1969-12-31', 'x'), NULL], NULL])"],
    "row(a map(varchar, varchar))": ["ROW(MAP(ARRAY['key'], ARRAY['value']))", "ROW(NULL)"],
}

# What a mask makes of a value: type, mask, value, what is shown.
SHOWN = [
    ("varchar", "redact", "'Ann'", "****"),
    ("varchar(3)", "redact", "'Ann'", "***"),
    ("char(5)", "redact", "'Ann'", "**** "),
    ("varchar", "first(2)", "'secret'", "se****"),
    ("varchar", "first(2)", "'se'", "****"),
    ("varchar(3)", "first(2)", "'sec'", "se*"),
    ("varchar", "first(2)", "'\U0001f600é!'", "\U0001f600é****"),
    ("varchar", "last(4)", "'4111111111111111'", "****1111"),
    ("varchar", "last(4)", "'1111'", "****"),
    ("char(5)", "last(2)", "'abc'", "***bc"),
    ("varchar", "email", "'ann@example.org'", "a****@example.org"),
    ("varchar", "email", "'a@example.org'", "****@example.org"),
    ("varchar", "email", "'\"a@b\"@example.org'", '"****@example.org'),
    ("varchar", "email", "'no address'", "****"),
    ("date", "year", "DATE '1969-12-31'", "1969-01-01"),
    ("date", "year", "DATE '-5877641-06-23'", None),
    ("timestamp(3)", "year", "TIMESTAMP '2024-02-29 12:00:00.123'", "2024-01-01 00:00:00.000"),
    ("timestamp(3) with time zone", "year", "TIMESTAMP '2024-01-01 00:30:00.000 Europe/Berlin'", "2024-01-01 00:00:00.000 Europe/Berlin"),
    ("integer", "bucket(1000)", "1999", 1000),
    ("integer", "bucket(1000)", "-1", -1000),
    ("smallint", "bucket(1000)", "-32768", None),
    ("decimal(5,2)", "bucket(1000)", "999.99", "0.00"),
    ("double", "bucket(1000)", "-0.5e0", -1000.0),
    ("ipaddress", "redact", "IPADDRESS '10.0.0.1'", "::"),
    ("row(a bigint, b varchar(3))", ".b redact", "ROW(1, 'abc')", [1, "***"]),
    ("row(a bigint, b row(c varchar, d date))", ".b.d year", "ROW(1, ROW('x', DATE '1969-12-31'))", [1, ["x", "1969-01-01"]]),
    ("row(a bigint, b row(c varchar, d date))", ".b.d year", "ROW(1, NULL)", [1, None]),
    ("array(row(a bigint, email varchar))", "[].email email", "ARRAY[ROW(1, 'ann@b.org'), NULL]", [[1, "a****@b.org"], None]),
    ("array(array(bigint))", "[][] bucket(1000)", "ARRAY[ARRAY[-1, 1500], NULL]", [[-1000, 1000], None]),
    ("map(varchar, bigint)", "{} bucket(1000)", "MAP(ARRAY['k'], ARRAY[1500])", {"k": 1000}),
    ("row(a map(varchar, varchar))", ".a{} first(2)", "ROW(MAP(ARRAY['key'], ARRAY['value']))", [{"key": "va****"}]),
]

KEY = gate.KEY


def cases(stack):
    """The cases of this suite."""
    trino = stack.trino
    masks = expressions()
    trino.rows(f"CREATE SCHEMA {SCHEMA}")
    trino.rows(f"CREATE TABLE {SCHEMA}.keys (name varchar, key varbinary)")
    trino.rows(f"INSERT INTO {SCHEMA}.keys SELECT name, sha256(to_utf8(secret)) FROM (VALUES ('customers', 'a key of the tests'), ('two', 'x'), ('two', 'y')) t(name, secret)")
    trino.rows(f"INSERT INTO {SCHEMA}.keys VALUES ('empty', X''), ('short', X'00'), ('none', NULL)")
    for number, data_type in enumerate(dict.fromkeys(of for of, _ in masks)):
        chosen = {mask: expression for (of, mask), expression in masks.items() if of == data_type}
        yield f"masks of {data_type} fail for no value", lambda n=number, of=data_type, chosen=chosen: hold(trino, f"{SCHEMA}.t{n}", of, chosen)
    yield "masks show what they should", lambda: shown(trino, masks)
    yield "a hash is an HMAC of the text", lambda: hashed(trino, masks)
    yield "without a good key a hash is NULL", lambda: no_key(trino, masks)
    yield "a key can be made that nobody has seen", lambda: fresh(trino, masks)
    yield "a key is seen in no plan and no query", lambda: unseen(trino, masks)
    yield from gate.cases(stack)
    trino.rows(f"DROP SCHEMA {SCHEMA} CASCADE")


def expressions():
    """Expression by (type, mask)."""
    text = (pathlib.Path(__file__).parent / "expressions.snap").read_text(encoding="utf-8").split("---\n", 2)[2]
    lines = [line.split(" | ", 2) for line in text.splitlines() if " ! " not in line]
    return {(of, mask): expression for of, mask, expression in lines}


def values(data_type):
    """Values at the edges of a type, as SQL."""
    if data_type in VALUES:
        return VALUES[data_type]
    if data_type.startswith(("varchar", "char")):
        return TEXTS
    base, _, rest = data_type.partition("(")
    return VALUES[base + rest.partition(")")[2]]


def masked(expression, data_type):
    """A masked column as rewriting writes it."""
    return f"CAST({expression.replace('{column}', 'c')} AS {data_type})"


def hold(trino, table, data_type, masks):
    """No mask fails, neither for stored values nor for those that the planner evaluates; type and NULL stay."""
    # Without a row around it, VALUES takes a value of a ROW type for several columns.
    rows = ", ".join(f"ROW(CAST({value} AS {data_type}))" for value in [*values(data_type), "NULL"])
    trino.rows(f"CREATE TABLE {table} AS SELECT c FROM (VALUES {rows}) t(c)")
    items = ", ".join(["c", *(masked(expression, data_type) for expression in masks.values())])
    for source in [table, f"(VALUES {rows}) t(c)"]:
        result = trino.client().query(f"SELECT {items} FROM {source}")
        assert result.error is None, (source, result.error and result.error["message"])
        kinds = {column["type"] for column in result.columns}
        assert len(kinds) == 1, f"{data_type} became {kinds}"
        assert len(result.rows) == len(values(data_type)) + 1, result.rows
        for row in result.rows:
            assert row[0] is not None or row == [None] * len(row), row
    # In a filter too, which Trino evaluates in another place.
    nulls = ", ".join(f"{masked(expression, data_type)} IS NULL" for expression in masks.values())
    trino.rows(f"SELECT count(*) FROM {table} WHERE ARRAY[{nulls}] = ARRAY[true]")


def shown(trino, masks):
    """The table of what is shown."""
    wrong = []
    for data_type, mask, value, expected in SHOWN:
        got = trino.rows(f"SELECT {masked(masks[data_type, mask], data_type)} FROM (VALUES ROW(CAST({value} AS {data_type}))) t(c)")
        if got != [[expected]]:
            wrong.append(f"{mask} of {value} shows {got}, not {expected!r}")
    assert not wrong, "\n".join(wrong)


def hashed(trino, masks):
    """The same text has the same hash, which the key alone gives."""
    statement = f"SELECT {masked(masks['varchar', 'hash(customers)'], 'varchar')} FROM (VALUES VARCHAR 'Zoë') t(c)"
    expected = hmac.new(KEY, "Zoë".encode(), "sha256").hexdigest().upper()
    assert trino.rows(statement) == [[expected]], trino.rows(statement)


def no_key(trino, masks):
    """A key that is missing, empty, too short, NULL or not the only one of its name shows nothing."""
    for name in ["missing", "empty", "short", "none", "two"]:
        expression = masks["varchar", "hash(customers)"].replace("'customers'", f"'{name}'")
        assert trino.rows(f"SELECT {masked(expression, 'varchar')} FROM (VALUES VARCHAR 'x') t(c)") == [[None]], name


def fresh(trino, masks):
    """The statement of the documentation makes a key that holds."""
    trino.rows(f"INSERT INTO {SCHEMA}.keys VALUES ('fresh', concat(CAST(uuid() AS varbinary), CAST(uuid() AS varbinary)))")
    assert trino.rows(f"SELECT length(key) FROM {SCHEMA}.keys WHERE name = 'fresh'") == [[32]]
    expression = masks["varchar", "hash(customers)"].replace("'customers'", "'fresh'")
    first = trino.rows(f"SELECT {masked(expression, 'varchar')} FROM (VALUES VARCHAR 'x') t(c)")
    assert first == trino.rows(f"SELECT {masked(expression, 'varchar')} FROM (VALUES VARCHAR 'x') t(c)")
    assert len(first[0][0]) == 64, first


def unseen(trino, masks):
    """Neither EXPLAIN nor the list of queries has the key."""
    statement = f"SELECT {masked(masks['varchar', 'hash(customers)'], 'varchar')} FROM (SELECT name FROM tpch.tiny.nation) t(c)"
    seen = [trino.rows(f"{how} {statement}") for how in ["EXPLAIN", "EXPLAIN (TYPE LOGICAL)", "EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON)", "EXPLAIN (TYPE IO)", "EXPLAIN ANALYZE VERBOSE"]]
    assert len(trino.rows(statement)) == 25
    seen.append(trino.rows("SELECT query FROM system.runtime.queries"))
    text = repr(seen).lower().replace(" ", "")
    assert KEY.hex() not in text and KEY.hex()[:16] not in text, "the key is seen"
