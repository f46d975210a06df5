"""The tables that statements are about, what the analyst may see of each, and the same intent in two other forms.

The intent is that of the attack corpus (intent.json), written by hand: as SQL that makes tables of just the permitted, masked
data, and as rules of Trino's file-based access control. Nothing here comes from Sluice's own rewriting.
"""

import dataclasses

NUMBER, TEXT, DECIMAL = "number", "text", "decimal"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table and its columns that the analyst may read, each with its type; the first is its key."""
    name: str
    columns: tuple
    whole: bool = True
    weight: int = 4


TABLES = [
    Table("lake.hr.employees", (("id", NUMBER), ("name", TEXT), ("email", TEXT), ("salary", NUMBER), ("region", TEXT), ("manager_id", NUMBER)), whole=False, weight=10),
    Table("lake.hr.reviews", (("id", NUMBER), ("employee_id", NUMBER), ("score", NUMBER), ("note", TEXT)), weight=8),
    Table("lake.hr.directory", (("id", NUMBER), ("name", TEXT), ("email", TEXT)), weight=4),
    Table("lake.sales.customers", (("customer_id", NUMBER), ("company", TEXT), ("region", TEXT)), weight=3),
    Table("lake.sales.orders", (("order_id", NUMBER), ("customer_id", NUMBER), ("amount", DECIMAL), ("card_number", TEXT)), weight=6),
    Table("lake.sales.big_orders", (("order_id", NUMBER), ("amount", DECIMAL), ("card_number", TEXT)), weight=2),
    Table("lake.scratch.proof", (("id", NUMBER), ("v", TEXT)), weight=2),
    Table("tpch.tiny.nation", (("nationkey", NUMBER), ("name", TEXT), ("regionkey", NUMBER)), whole=False, weight=2),
    Table("tpch.tiny.region", (("regionkey", NUMBER), ("name", TEXT)), whole=False, weight=1),
]
# With a mask or a filter for the analyst.
RESTRICTED = [table for table in TABLES if table.name.startswith("lake.hr.") or table.name.endswith("orders")]
# What the analyst may not read; used now and then.
DENIED_COLUMNS = {"lake.hr.employees": ("ssn", "address.street", "phones[1]", "notes['note']")}
DENIED_TABLE = Table("lake.finance.payments", (("payment_id", NUMBER), ("iban", TEXT)))

OWN = ["CREATE TABLE lake.scratch.proof AS SELECT * FROM (VALUES (BIGINT '1', 'one'), (BIGINT '2', 'two'), (BIGINT '12', '12')) AS t (id, v)"]

# Just the permitted, masked data of the analyst, under the same names in a catalog `seen`.
EMPLOYEES = """SELECT id, name, CAST('***@' || split_part(email, '@', 2) AS varchar) AS email, CAST(NULL AS bigint) AS salary, region, manager_id
 FROM lake.hr.employees WHERE region = 'EU'"""
ORDERS = "SELECT order_id, customer_id, amount, CAST('XXXX' AS varchar) AS card_number FROM lake.sales.orders"
SEEN = [
    "CREATE SCHEMA seen.hr",
    "CREATE SCHEMA seen.sales",
    "CREATE SCHEMA seen.scratch",
    f"CREATE TABLE seen.hr.employees AS {EMPLOYEES}",
    "CREATE TABLE seen.hr.reviews AS SELECT * FROM lake.hr.reviews WHERE employee_id IN (SELECT id FROM lake.hr.employees WHERE region = 'EU')",
    f"CREATE TABLE seen.hr.directory AS SELECT id, name, email FROM ({EMPLOYEES})",
    "CREATE TABLE seen.sales.customers AS SELECT * FROM lake.sales.customers",
    f"CREATE TABLE seen.sales.orders AS {ORDERS}",
    f"CREATE TABLE seen.sales.big_orders AS SELECT order_id, amount, card_number FROM ({ORDERS}) WHERE amount > 10",
    "CREATE TABLE seen.scratch.proof AS SELECT * FROM lake.scratch.proof",
]
# The same in memory, where no condition is run by what the connector knows of its files.
KEPT = [f"CREATE SCHEMA kept.{schema}" for schema in ("hr", "sales", "scratch")] + [
    f"CREATE TABLE kept.{table} AS TABLE seen.{table}"
    for table in ("hr.employees", "hr.reviews", "hr.directory", "sales.customers", "sales.orders", "sales.big_orders", "scratch.proof")]

# The same intent for one user of Trino's file-based access control; who comes through Sluice may do all there. A definer's view is read with its owner's rights there, so what
# shall reach through `directory` is said of `directory` itself.
EU = "region = 'EU'"
OF_EU = "employee_id IN (SELECT id FROM lake.hr.employees WHERE region = 'EU')"
MASKED_MAIL = {"name": "email", "mask": "'***@' || split_part(email, '@', 2)"}
RULED = "ruled"
READ = {"user": RULED, "privileges": ["SELECT"]}
ALL = ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"]
RULES = {
    "schemas": [{"user": RULED, "catalog": "lake", "schema": "scratch", "owner": True}, {"user": RULED, "owner": False}, {"owner": True}],
    "tables": [
        {**READ, "catalog": "lake", "schema": "hr", "table": "employees", "filter": EU,
         "columns": [MASKED_MAIL, {"name": "salary", "mask": "NULL"}, *({"name": name, "allow": False} for name in ("ssn", "address", "phones", "notes"))]},
        {**READ, "catalog": "lake", "schema": "hr", "table": "reviews", "filter": OF_EU},
        {**READ, "catalog": "lake", "schema": "hr", "table": "directory", "filter": "id IN (SELECT id FROM lake.hr.employees WHERE region = 'EU')", "columns": [MASKED_MAIL]},
        {**READ, "catalog": "lake", "schema": "sales", "table": "customers"},
        {**READ, "catalog": "lake", "schema": "sales", "table": "orders", "columns": [{"name": "card_number", "mask": "'XXXX'"}]},
        {**READ, "catalog": "lake", "schema": "sales", "table": "big_orders"},
        {"user": RULED, "catalog": "lake", "schema": "scratch", "privileges": ALL},
        {**READ, "catalog": "tpch"},
        {**READ, "catalog": "system"},
        {"user": RULED, "privileges": []},
        {"privileges": ALL},
    ],
    "functions": [{"privileges": ["EXECUTE"]}],
}
