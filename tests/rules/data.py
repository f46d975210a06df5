"""The tables that rules are about: made alike on both Trinos."""

# Who is in which group, as Trino's file group provider has it.
GROUPS = "analysts:analyst,superset\nhr:hr_partner\nstaff:analyst,hr_partner\n"

COLUMNS = [
    ("lake.rules_hr.employees", ["id", "name", "email", "salary", "region", "owner"]),
    ("lake.rules_hr.reviews", ["id", "name", "region", "owner"]),
    ("lake.rules_sales.orders", ["id", "name", "card_number", "region", "owner"]),
    ("lake.rules_sales.customers", ["id", "name", "email", "region", "owner"]),
]

SETUP = [
    "CREATE SCHEMA lake.rules_hr",
    "CREATE SCHEMA lake.rules_sales",
    "CREATE TABLE lake.rules_hr.employees (id bigint, name varchar, email varchar, salary bigint, region varchar, owner varchar)",
    """INSERT INTO lake.rules_hr.employees VALUES (1, 'Ann', 'ann@a.example', 91000, 'EU', 'analyst'), (2, 'Bo', 'bo@b.example', 72500, 'US', 'hr_partner'),
       (3, 'Cy', 'cy@a.example', NULL, 'EU', 'outsider'), (4, 'Di', NULL, 61200, 'ASIA', 'superset'), (5, 'Ed', 'ed@c.example', 55000, NULL, 'analyst')""",
    "CREATE TABLE lake.rules_hr.reviews (id bigint, name varchar, region varchar, owner varchar)",
    "INSERT INTO lake.rules_hr.reviews VALUES (1, 'good', 'EU', 'hr_partner'), (2, 'fair', 'US', 'analyst'), (3, 'bad', 'EU', 'analyst')",
    "CREATE TABLE lake.rules_sales.orders (id bigint, name varchar, card_number varchar, region varchar, owner varchar)",
    """INSERT INTO lake.rules_sales.orders VALUES (1, 'chairs', '4111111111111111', 'EU', 'analyst'), (2, 'desks', '5500000000000004', 'US', 'superset'),
       (3, 'lamps', NULL, 'EU', 'outsider'), (4, 'rugs', '340000000000009', 'ASIA', 'hr_partner')""",
    "CREATE TABLE lake.rules_sales.customers (id bigint, name varchar, email varchar, region varchar, owner varchar)",
    "INSERT INTO lake.rules_sales.customers VALUES (1, 'Acme', 'a@acme.example', 'EU', 'analyst'), (2, 'Birch', 'b@birch.example', 'US', 'outsider'), (3, 'Cole', NULL, 'EU', 'superset')",
    "CREATE FUNCTION memory.default.triple(x bigint) RETURNS bigint RETURN x * 3",
]
TEARDOWN = ["DROP SCHEMA lake.rules_hr CASCADE", "DROP SCHEMA lake.rules_sales CASCADE", "DROP FUNCTION memory.default.triple(bigint)"]
