"""What policies/shop.yaml says, as rules of Trino's own for the user `ruled`. Everyone else may do everything."""

FILTERS = {"orders": "orderpriority <> '1-URGENT'", "customer": "mktsegment IN ('BUILDING', 'MACHINERY', 'HOUSEHOLD')"}
MASKS = {"orders": ("clerk", "CAST(substr(clerk, 1, 6) AS varchar(15))"), "customer": ("phone", "CAST(substr(phone, 1, 2) AS varchar(15))")}


def rules():
    """The document of the file rules."""
    tables = [{"user": "ruled", "catalog": "lake|pg", "schema": "shop", "table": table, "privileges": ["SELECT"], "filter": FILTERS[table],
               "columns": [{"name": MASKS[table][0], "mask": MASKS[table][1]}]} for table in FILTERS]
    return {"tables": [*tables, {"privileges": ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"]}]}
