"""Rules and statements made from a seed: the same ones on each machine.

A rule is made of what people write: names, alternatives, `.*` and prefixes; one seed in five also has what can't be told as
names. A statement is what a client sends. Both name the tables of data.py.
"""

import random

from . import data

# Who asks. Their groups are in data.GROUPS.
USERS = ("analyst", "hr_partner", "outsider", "superset")
STATEMENTS = 20
# Acts as whom the case is called, and tells by that which rules are in force.
PROBE = "probe"

PRIVILEGES = [["SELECT"]] * 6 + [["SELECT", "INSERT", "DELETE"], ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP"], ["GRANT_SELECT"], ["INSERT"], []]
FILTERS = ["region = 'EU'", "id > 1", "owner = current_user", "region IN ('EU', 'US') AND id <> 3", "NOT (region = 'EU')"]
MASKS = {
    "name": ["upper(substr(name, 1, 1))", "'***'", "NULL", "name || '!'"],
    "email": ["'***@' || split_part(email, '@', 2)", "NULL", "lower(region)"],
    "salary": ["NULL", "salary / 1000 * 1000", "CAST(0 AS bigint)"],
    "card_number": ["'XXXX' || substr(card_number, -4)", "NULL"],
    "region": ["'?'", "substr(region, 1, 1)"],
}


def case(seed):
    """The rules and the statements of one seed; a statement is a dict with `kind` and `sql`."""
    chance = random.Random(seed)
    return rules(chance, seed), [statement(chance) for _ in range(STATEMENTS)]


def rules(chance, seed):
    """A file of rules."""
    odd = seed % 5 == 0
    made = {"tables": [table(chance, odd) for _ in range(chance.randint(2, 5))]}
    if chance.random() < 0.6:
        made["tables"].append({"catalog": chance.choice(["lake", ".*", "tpch"]), "privileges": ["SELECT"]})
    if chance.random() < 0.4:
        made["catalogs"] = [{**who(chance, odd), "catalog": chance.choice(["lake", "tpch", "lake|tpch", ".*", "t.*"]),
                             "allow": chance.choice(["all", "read-only", "all", "none"])} for _ in range(chance.randint(1, 2))]
        made["catalogs"].append({"catalog": chance.choice(["lake", ".*"]), "allow": chance.choice(["all", "read-only"])})
    if chance.random() < 0.3:
        made["schemas"] = [{**who(chance, odd), "schema": chance.choice(["rules_.*", "rules_hr"]), "owner": chance.random() < 0.5}]
    if chance.random() < 0.15:
        made["queries"] = [{**who(chance, odd), "allow": chance.choice([["view"], ["execute"]])}, {"allow": ["execute", "view", "kill"]}]
    if chance.random() < 0.6:
        made["functions"] = [{**who(chance, odd), "catalog": "memory", "schema": chance.choice(["default", ".*"]), "function": chance.choice(["triple", ".*", "t.*", "other"]),
                              "privileges": chance.choice([["EXECUTE"], ["EXECUTE"], []])} for _ in range(chance.randint(1, 2))]
    made["impersonation"] = [{"original_user": PROBE, "new_user": name(seed)}]
    if chance.random() < 0.6:
        made["impersonation"] += [impersonation(chance) for _ in range(chance.randint(1, 3))]
    for key, properties in (("system_session_properties", ["query_max_run_time", "query_max_.*", ".*", "join_distribution_type"]),
                            ("catalog_session_properties", ["compression_codec", ".*", "compression.*"])):
        if chance.random() < 0.6:
            made[key] = [session(chance, odd, key, properties) for _ in range(chance.randint(0, 3))]
    return made


def name(seed):
    """What the case is called."""
    return f"case_{seed}"


def who(chance, odd):
    """Whom a rule is about."""
    drawn = chance.random()
    if odd and drawn < 0.3:
        return chance.choice([{"user": "[a-h].*"}, {"user": "super.*", "group": "staff"}, {"group": ".*"}, {"user": "(?!outsider).*"}, {"role": "admin"}])
    if drawn < 0.35:
        return {}
    if drawn < 0.6:
        return {"group": chance.choice(["analysts", "hr", "staff", "analysts|hr"])}
    if drawn < 0.7:
        return {"user": chance.choice(["analyst|superset", ".*"]), "group": chance.choice(["staff", "analysts"])}
    return {"user": chance.choice(["analyst", "hr_partner", "outsider", "analyst|hr_partner", "(superset|outsider)", "superset"])}


def table(chance, odd):
    """A rule about tables."""
    made = {**who(chance, odd), "catalog": chance.choice(["lake", "lake", "lake", "la.*"])}
    schema, names = chance.choice([("rules_hr", ["employees", "employees|reviews", "rev.*", ".*"]), ("rules_sales", ["orders", "customers|orders", "o.*", ".*"]),
                                   ("rules_.*", ["employees", "orders|employees", ".*s", ".*"])])
    if chance.random() < 0.9:
        made["schema"] = schema
    if chance.random() < 0.8:
        made["table"] = chance.choice(names)
    if odd and chance.random() < 0.2:
        made["table"] = chance.choice(["[eo].*", "order.", "employees(_\\d+)?"])
    made["privileges"] = chance.choice(PRIVILEGES)
    columns = {}
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        column = chance.choice(list(MASKS))
        columns[column] = {"name": column, "mask": chance.choice(MASKS[column])}
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        column = chance.choice(list(MASKS))
        columns[column] = {"name": column, "allow": False}
    if columns:
        made["columns"] = list(columns.values())
    if chance.random() < 0.3:
        made["filter"] = chance.choice(FILTERS)
    return made


def impersonation(chance):
    """A rule about acting as another user."""
    made = {"original_user": chance.choice(["superset", "analyst|superset", ".*", "hr_partner"]), "new_user": chance.choice(["analyst", "analyst|hr_partner", ".*", "out.*"])}
    return {**made, "allow": False} if chance.random() < 0.3 else made


def session(chance, odd, key, properties):
    """A rule about session properties."""
    made = {**who(chance, odd), "property": chance.choice(properties), "allow": chance.random() < 0.7}
    if key.startswith("catalog"):
        made["catalog"] = chance.choice(["lake", ".*"])
    return made


def statement(chance):
    """What a client sends."""
    table_name, columns = chance.choice(data.COLUMNS)
    other, _ = chance.choice(data.COLUMNS)
    some = ", ".join(chance.sample(columns, chance.randint(1, 3)))
    one = chance.choice(columns)
    schema = table_name.rpartition(".")[0]
    kind, sql = chance.choice([
        ("star", f"SELECT * FROM {table_name}"),
        ("star", f"SELECT * FROM {table_name}"),
        ("star", f"SELECT t.* FROM {table_name} t WHERE id < 4"),
        ("columns", f"SELECT {some} FROM {table_name}"),
        ("columns", f"SELECT {some} FROM {table_name} WHERE region = 'EU'"),
        ("columns", f"SELECT {some} FROM {table_name} ORDER BY {one} DESC NULLS LAST, id LIMIT 3"),
        ("columns", f"SELECT {one} FROM {table_name} WHERE id IN (SELECT id FROM {other})"),
        ("columns", f"WITH t AS (SELECT {some} FROM {table_name}) SELECT count(*), count(DISTINCT {some.partition(',')[0]}) FROM t"),
        ("columns", f"SELECT a.{one}, b.id FROM {table_name} a JOIN {other} b ON a.id = b.id"),
        ("columns", f"SELECT {one}, count(*) FROM {table_name} GROUP BY 1"),
        ("count", f"SELECT count(*) FROM {table_name}"),
        ("count", f"SELECT count(*) FROM {table_name} a CROSS JOIN {other} b"),
        ("sample", f"SELECT max(id), min({one}) FROM {table_name}"),
        ("other", "SELECT name, regionkey FROM tpch.tiny.nation WHERE nationkey < 5"),
        ("list", f"SHOW TABLES FROM {schema}"),
        ("list", "SHOW SCHEMAS FROM lake"),
        ("list", "SHOW CATALOGS"),
        ("list", f"SELECT table_name FROM lake.information_schema.tables WHERE table_schema = '{schema.rpartition('.')[2]}'"),
        ("describe", f"DESCRIBE {table_name}"),
        ("describe", f"SELECT column_name FROM lake.information_schema.columns WHERE table_schema = '{schema.rpartition('.')[2]}' AND table_name = '{table_name.rpartition('.')[2]}'"),
        ("write", f"INSERT INTO {table_name} SELECT * FROM {table_name} WHERE false"),
        ("write", f"DELETE FROM {table_name} WHERE false"),
        ("property", "SET SESSION query_max_run_time = '1h'"),
        ("property", "SET SESSION join_distribution_type = 'BROADCAST'"),
        ("property", "SET SESSION lake.compression_codec = 'ZSTD'"),
        ("function", "SELECT memory.default.triple(14)"),
        ("explain", f"EXPLAIN (TYPE LOGICAL) SELECT {one} FROM {table_name}"),
        ("definition", f"SHOW CREATE TABLE {table_name}"),
        ("statistics", f"SHOW STATS FOR {table_name}"),
        ("acting", chance.choice(["analyst", "hr_partner", "outsider"])),
    ])
    return {"kind": kind, "sql": "SELECT current_user", "as": sql} if kind == "acting" else {"kind": kind, "sql": sql}
