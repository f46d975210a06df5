"""The sample mesh: the tables that policies/README.md names, some hundred rows, the same at each run.

Everything in it is made up and looks so: people are called Sample or Specimen, mail goes to names under .test, numbers begin
where no issuer's do. Only the amounts are believable.
"""

import concurrent.futures
import datetime
import hashlib
import pathlib
import random

from tests.stack.client import TrinoError
from tests.stack.progress import Problem

FIRST = ["Ada", "Bo", "Cleo", "Dara", "Edda", "Finn", "Gus", "Hana", "Ivo", "Juna", "Kaj", "Lio", "Mona", "Nils", "Odil", "Pia", "Quin", "Rhea", "Sten", "Tova"]
LAST = ["Sample", "Specimen", "Mockup", "Fixture", "Placeholder", "Dummy"]
TRADES = ["Foods", "Freight", "Glass", "Paper", "Pumps", "Solar", "Textiles", "Tools"]
COUNTRIES = {"EU": ["DE", "FR", "PL", "ES"], "US": ["US"], "APAC": ["JP", "SG", "AU"]}
REGIONS = ["EU", "EU", "US", "EU", "APAC", "US"]


def tables():
    """Each table by name: its columns (name to type) and its rows."""
    dice = random.Random(7)
    employees, reviews = staff(dice)
    customers, orders, payments = trade(dice)
    budgets = [(f"CC-{n:03}", region, year, money(dice, 900_000, 0.3)) for n, region in enumerate(("EU", "US", "APAC") * 3, 1) for year in (2025, 2026)]
    return {
        "hr.employees": ({"id": "bigint", "name": "varchar", "email": "varchar", "ssn": "varchar", "salary": "decimal(10,2)", "region": "varchar",
                          "manager_id": "bigint", "hired": "date"}, employees),
        "hr.reviews": ({"id": "bigint", "employee_id": "bigint", "score": "bigint", "note": "varchar", "reviewed": "date"}, reviews),
        "sales.customers": ({"customer_id": "bigint", "company": "varchar", "contact_email": "varchar", "country": "varchar", "region": "varchar"}, customers),
        "sales.orders": ({"order_id": "bigint", "customer_id": "bigint", "amount": "decimal(12,2)", "card_number": "varchar", "ordered": "date"}, orders),
        "finance.payments": ({"payment_id": "bigint", "order_id": "bigint", "iban": "varchar", "amount": "decimal(12,2)", "paid": "date"}, payments),
        "finance.budgets": ({"cost_center": "varchar", "region": "varchar", "year": "bigint", "amount": "decimal(14,2)"}, budgets),
    }


VIEWS = {"hr.directory": "SELECT id, name, email, region FROM lake.hr.employees"}


def staff(dice):
    """Rows of employees and of their reviews."""
    employees, reviews = [], []
    for n in range(1, 61):
        name = f"{FIRST[(n - 1) % len(FIRST)]} {LAST[(n - 1) // len(FIRST) * 2 + n % 2]}"
        base = {"EU": 52_000, "US": 81_000, "APAC": 58_000}[REGIONS[(n - 1) % len(REGIONS)]]
        employees.append((n, name, f"{FIRST[(n - 1) % len(FIRST)].lower()}{n}@mail.test", f"000-00-{1000 + n}", money(dice, base * (2 if n <= 3 else 1), 0.2),
                          REGIONS[(n - 1) % len(REGIONS)], None if n == 1 else max(1, n // 6), day(dice, 2014, 11)))
        for _ in range(2):
            score = min(10, max(1, round(dice.gauss(7, 1.6))))
            reviews.append((len(reviews) + 1, n, score, dice.choice(["on track", "exceeds the role", "needs a plan", "promote"]), day(dice, 2025, 1)))
    return employees, reviews


def trade(dice):
    """Rows of customers, of their orders, and of the payments for those."""
    customers, orders, payments = [], [], []
    for n in range(1, 41):
        region = REGIONS[n % len(REGIONS)]
        company = f"Sample {TRADES[n % len(TRADES)]} {n:02}"
        customers.append((n, company, f"office{n:02}@example.test", dice.choice(COUNTRIES[region]), region))
    for n in range(1, 201):
        amount, ordered = money(dice, 1_400, 0.9), day(dice, 2026, 0.7)
        orders.append((n, dice.randint(1, 40), amount, f"9999{dice.randrange(10 ** 12):012}", ordered))
        if n % 10:
            payments.append((len(payments) + 1, n, f"XX00TEST{dice.randrange(10 ** 14):014}", amount, ordered + datetime.timedelta(days=dice.randint(3, 45))))
    return customers, orders, payments


def money(dice, middle, spread):
    """An amount around `middle`, more often a bit below it than far above."""
    return f"{middle * dice.lognormvariate(0, spread):.2f}"


def day(dice, year, span):
    """A day within `span` years from the begin of `year`."""
    return datetime.date(year, 1, 1) + datetime.timedelta(days=dice.randrange(max(1, int(365 * span))))


def digest():
    """A short name for what this file makes."""
    return hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:8]


def load(client):
    """Makes what is not there yet in the catalog `lake`; how many rows the mesh has."""
    if ["lake"] not in client.rows("SHOW CATALOGS"):
        raise Problem(f"the Trino at {client.url.geturl()} has no catalog `lake`: give it one (an Iceberg catalog will do), or leave TRINO out")
    mesh = tables()
    try:
        for schema in dict.fromkeys(name.split(".")[0] for name in mesh):
            client.rows(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
        with concurrent.futures.ThreadPoolExecutor(3) as several:
            list(several.map(lambda item: client.rows(create(item[0], *item[1])), mesh.items()))
        for name, text in VIEWS.items():
            client.rows(f"CREATE OR REPLACE VIEW lake.{name} AS {text}")
    except TrinoError as e:
        raise Problem(f"the sample mesh can't be made: {e.message}") from e
    return sum(len(rows) for _, rows in mesh.values())


def create(name, columns, rows):
    """The statement that makes a table with its rows."""
    typed = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items())
    values = ",\n".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
    return f"CREATE TABLE IF NOT EXISTS lake.{name} AS SELECT {typed} FROM (VALUES\n{values}) AS t ({', '.join(columns)})"


def literal(value):
    """A value as SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
