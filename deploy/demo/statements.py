"""The five statements of the demo and the four users who run them."""

USERS = {
    "anna": "an analyst",
    "hugo": "of HR",
    "felix": "of finance",
    "olga": "whom no policy names",
}

# Title, statement. A result's rows are told apart by their first column.
STATEMENTS = [
    ("One statement, four answers", """\
SELECT id, name, email, salary, region
FROM lake.hr.employees
WHERE id <= 6 ORDER BY id"""),
    ("A column that is not granted is refused by name", """\
SELECT name, ssn FROM lake.hr.employees
WHERE id <= 4 ORDER BY id"""),
    ("… and a star leaves it out", """\
SELECT * FROM lake.sales.orders
WHERE order_id <= 5 ORDER BY order_id"""),
    ("Filters reach through views, joins and aggregates", """\
SELECT d.region, count(DISTINCT d.id) AS people, round(avg(r.score), 1) AS score
FROM lake.hr.directory d JOIN lake.hr.reviews r ON r.employee_id = d.id
GROUP BY d.region ORDER BY d.region"""),
    ("Even the list of tables shows only what its reader may know of", """\
SELECT table_schema || '.' || table_name AS tables
FROM lake.information_schema.tables
WHERE table_schema IN ('hr', 'sales', 'finance') ORDER BY tables"""),
]
