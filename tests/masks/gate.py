"""Masks by name through Sluice: what each shows, where one can't hold, and that nobody comes to the key."""

import hashlib
import hmac
import json
import pathlib
import uuid

POLICIES = pathlib.Path(__file__).with_name("policies")
KEY = hashlib.sha256(b"a key of the tests").digest()
REF = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")

SETUP = [
    "CREATE SCHEMA lake.masked",
    """CREATE TABLE lake.masked.people (id bigint, name varchar, card varchar, mail varchar, born date, seen timestamp(6), pay double,
       amount decimal(10, 2), ref uuid, active boolean, tags array(varchar), labels map(varchar, varchar),
       address row(street varchar, city varchar, phones array(row(kind varchar, number varchar))))""",
    f"""INSERT INTO lake.masked.people VALUES (7, 'Zoë', '4111111111111111', 'zoe@example.org', DATE '1984-05-06',
        TIMESTAMP '2024-02-29 12:00:00.123456', 5432.1, 1999.99, UUID '{REF}', true, ARRAY['red', NULL], MAP(ARRAY['k'], ARRAY['v']),
        ROW('Main Street 1', 'berlin', ARRAY[ROW('home', '030123456'), NULL]))""",
    "INSERT INTO lake.masked.people (id, name) VALUES (8, NULL), (9, 'hidden')",
    "CREATE TABLE lake.masked.visits AS SELECT id, name FROM lake.masked.people",
    "CREATE VIEW lake.masked.cards AS SELECT card FROM lake.masked.people",
    "CREATE TABLE lake.masked.counts (id bigint, count bigint)",
    "CREATE VIEW lake.masked.leak AS SELECT name, key FROM memory.masks.keys",
]
TEARDOWN = ["DROP SCHEMA lake.masked CASCADE"]


def digest(value):
    """The HMAC that a pseudonym is made of."""
    return hmac.new(KEY, value, "sha256").digest()


# What the analyst sees of the first person, and what it is without masks.
SEEN = [
    ("id", 7, 7),
    ("name", digest("Zoë".encode()).hex().upper(), "Zoë"),
    ("ref", str(uuid.UUID(bytes=digest(REF.bytes)[:16])), str(REF)),
    ("card", "****1111", "4111111111111111"),
    ("mail", "z****@example.org", "zoe@example.org"),
    ("born", "1984-01-01", "1984-05-06"),
    ("CAST(seen AS varchar)", "2024-01-01 00:00:00.000000", "2024-02-29 12:00:00.123456"),
    ("pay", 5000.0, 5432.1),
    ("amount", "1000.00", "1999.99"),
    ("active", None, True),
    ("tags", ["r", None], ["red", None]),
    ("labels", {"k": None}, {"k": "v"}),
    ("address", ["****", "B", [["home", "****56"], None]], ["Main Street 1", "berlin", [["home", "030123456"], None]]),
    ("address.city", "B", "berlin"),
    ("address.phones[1].number", "****56", "030123456"),
]

# What must not lead to the key.
REFUSED = [
    "SELECT * FROM memory.masks.keys",
    "TABLE memory.masks.keys",
    "SELECT count(*) FROM memory.masks.keys",
    "SELECT * FROM lake.masked.leak",
    "SHOW CREATE TABLE memory.masks.keys",
    "SHOW COLUMNS FROM memory.masks.keys",
    "SHOW STATS FOR memory.masks.keys",
    "INSERT INTO memory.masks.keys VALUES ('customers', X'00')",
    "DELETE FROM memory.masks.keys",
    "DROP TABLE memory.masks.keys",
    "ALTER TABLE memory.masks.keys RENAME TO memory.masks.mine",
    "CREATE VIEW lake.masked.mine AS SELECT key FROM memory.masks.keys",
    "EXPLAIN SELECT name FROM lake.masked.people",
    "EXPLAIN ANALYZE SELECT name FROM lake.masked.people",
]


def cases(stack):
    """The cases, while the schema of the keys is there."""
    trino = stack.trino
    for sql in SETUP:
        trino.rows(sql)
    try:
        with stack.sluice("masks", POLICIES) as sluice:
            analyst, partner = sluice.client("analyst"), sluice.client("hr_partner")
            yield "through Sluice, masks with names show what they should", lambda: seen(analyst, partner)
            yield "through Sluice, masked columns keep their types", lambda: same_types(analyst, partner)
            yield "through Sluice, pseudonyms of two tables meet", lambda: meet(analyst)
            yield "through Sluice, NULL stays NULL", lambda: nulls(analyst)
            yield "through Sluice, a view shows masks", lambda: shows(analyst, "SELECT card FROM lake.masked.cards WHERE card IS NOT NULL", [["****1111"]])
            yield "through Sluice, a statement that can fail tells nothing of hidden rows", lambda: shows(analyst, "SELECT address.street, 9 / (id - 9) FROM lake.masked.people WHERE id <> 8", [["****", -4]])
            yield "through Sluice, a mask that can't hold refuses and says why", lambda: cannot_hold(analyst, partner)
            for sql in REFUSED:
                yield f"through Sluice, {sql} is refused", lambda s=sql: refused(analyst, s)
            yield "through Sluice, the table of keys is in no list", lambda: unlisted(analyst)
            yield "through Sluice, the key is in no plan, no list of queries and no decision", lambda: unseen(trino, sluice, analyst)
    finally:
        for sql in TEARDOWN:
            trino.rows(sql)


def shows(client, sql, rows):
    """A statement's rows."""
    got = client.rows(sql)
    assert got == rows, got


def seen(analyst, partner):
    """Each column of one person, masked and not."""
    items = ", ".join(item for item, _, _ in SEEN)
    sql = f"SELECT {items} FROM lake.masked.people WHERE id = 7"
    for client, place in [(analyst, 1), (partner, 2)]:
        for case, got in zip(SEEN, client.rows(sql)[0], strict=True):
            assert got == case[place], f"{case[0]} shows {got!r}, not {case[place]!r}"


def same_types(analyst, partner):
    """The columns are as without masks."""
    sql = "SELECT * FROM lake.masked.people LIMIT 0"
    columns = [[(column["name"], column["type"]) for column in client.query(sql).columns] for client in (analyst, partner)]
    assert columns[0] == columns[1] and len(columns[0]) == 13, columns


def meet(analyst):
    """The same value has the same pseudonym in each table; its own value meets nothing."""
    shows(analyst, "SELECT p.id FROM lake.masked.people p JOIN lake.masked.visits v ON p.name = v.name", [[7]])
    shows(analyst, "SELECT count(*) FROM lake.masked.people WHERE name = 'Zoë'", [[0]])


def nulls(analyst):
    """Each masked column of a row of nulls."""
    assert analyst.rows("SELECT * FROM lake.masked.people WHERE id = 8") == [[8] + [None] * 12]


def cannot_hold(analyst, partner):
    """Policy, column, type and reason are named; whom the mask is not for reads on."""
    error = analyst.query("SELECT id FROM lake.masked.counts").error
    assert error and error["errorName"] == "PERMISSION_DENIED", error
    expected = "policy all/what-can-not-hold can't be applied to column count: the mask `email` can't hold for the type bigint: it is for texts"
    assert expected in error["message"], error["message"]
    shows(partner, "SELECT id FROM lake.masked.counts", [])


def refused(client, sql):
    """A statement that Sluice refuses, be it with all of its kind."""
    error = client.query(sql).error or {}
    assert error.get("errorName") in ("PERMISSION_DENIED", "TABLE_NOT_FOUND") or "not supported by Sluice" in error.get("message", ""), (sql, error)


def unlisted(client):
    """Lists of tables and columns are without it, though all of the schema is granted."""
    assert client.rows("SHOW TABLES FROM memory.masks LIKE 'keys'") == []
    assert client.rows("SELECT column_name FROM memory.information_schema.columns WHERE table_name = 'keys'") == []


def unseen(trino, sluice, analyst):
    """Neither Trino's plans of what was sent, nor its list of queries, nor the decision log hold the key."""
    analyst.rows("SELECT name, ref FROM lake.masked.people")
    records = sluice.records()
    sent = [record["rewritten"] for record in records if record.get("rewritten") and "hmac_sha256" in record["rewritten"]]
    assert sent, "no pseudonym was asked for"
    told = [trino.rows(f"{how} {sent[-1]}") for how in ["EXPLAIN", "EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON)", "EXPLAIN ANALYZE VERBOSE"]]
    told.append(trino.rows("SELECT query FROM system.runtime.queries"))
    text = (repr(told) + json.dumps(records) + sluice.log.read_text(encoding="utf-8", errors="replace")).lower().replace(" ", "")
    assert sent[-1].lower().replace(" ", "")[:40] in text
    for form in [KEY.hex(), KEY.hex()[:16], repr(KEY).lower()[2:20]]:
        assert form not in text, "the key is seen"
    names = [mask["names"] for record in records for mask in record.get("masks", []) if mask["to"] == "lake.masked.people.name"]
    assert names and names[-1] == ["pseudonym"], names
