"""Compares answers to one statement, and says why two may differ."""

import re

# Sluice against Trino for a user without restrictions.
SAME = "same"
AS_TRINO = {
    "not-supported": "Sluice does not decide the statement, or something in it, yet.",
    "own-words": "Both refuse with the same error name; Sluice finds the error itself and says it in other words or at another place.",
    "varies": "One of the two answers differently when asked again.",
    "came-and-went": "Tables of other statements came and went between the two. Checked: asked again, both answer the same.",
    "catalogs-type": "SHOW CATALOGS is of type varchar; in Trino of varchar(n), n being the length of the longest name there is, hidden or not. Checked: the rows are the same.",
    "server": "A plan, a size or a path that is each execution's own.",
}
# Restricted answers against the same statement over just the permitted data, or under Trino's own rules.
STRICTER = {
    "denied": "The statement names what the user may not read: Sluice says so, where there are only the permitted data the name is not known.",
    "not-supported": "Sluice does not decide the statement, or something in it, yet.",
    "not-over-restricted": "Hidden columns, metadata tables, time travel and plans of a table with a mask or a filter are refused.",
    "refused-both": "Both refuse, in other words.",
    "trino-fails": "Under its own rules Trino fails over rows that are hidden, or over the mask's place. Checked: Sluice's answer is that over the permitted data alone.",
    "trino-shows": "Under its own rules Trino shows more. Checked: Sluice's answer is that over the permitted data alone.",
    "trino-rule": "Trino's own rules refuse what Sluice allows, such as `*` over a table with hidden columns. Checked: Sluice's answer is that over the permitted data alone.",
    "error-of-the-data": "Both fail, over different rows first.",
    "origin": "DESCRIBE OUTPUT names no catalog, schema and table of a column of a table with a mask or a filter, and of a column that a view passes on the table behind the view. Checked: the names and types of the columns are the same.",
    "fails-first": "An expression fails over permitted rows that a connector's statistics leave out over the permitted data. Checked: it fails alike over them in memory.",
    "trino-breaks": "Trino's planner ends the statement over the permitted data with an internal error. Checked: so it does under its own rules, or it answers the same as Sluice there.",
    "fails-last": "An expression that fails over the permitted data is not run, since a mask's constant decides the condition beside it.",
    "varies": "One of the two answers differently when asked again.",
}
# What a decision names as read, against what Trino's analysis does.
NAMED = {
    "table-hidden": "`TABLE t` reads hidden columns such as $path for Trino; they are not among its output.",
    "through-view": "Of a table that a statement reads both itself and through a view, Trino also names the columns that the view reads.",
    "table-argument": "Of a table that is an argument of a table function or the input of MATCH_RECOGNIZE, Sluice counts each column as read: more than Trino.",
}
# What views read of their tables.
VIEWED = {"lake.hr.employees": {"id", "name", "email"}, "lake.sales.orders": {"order_id", "amount", "card_number"}}
REASONS = {"as-trino": AS_TRINO, "over-seen": STRICTER, "restricted": STRICTER, "rules": STRICTER, "analysis": NAMED}


def as_trino(kind, sluice, trino):
    """`same`, a key of AS_TRINO, or a text in capitals for a difference without a reason."""
    if sluice.error is None and trino.error is None:
        if sluice.table() == trino.table():
            return SAME
        if kind == "explain" or any("CREATE TABLE" in str(row) for row in trino.rows[:1]):
            return "server" if sluice.columns == trino.columns else "OTHER COLUMNS"
        if sluice.columns == [("Catalog", "varchar")] and sluice.rows == trino.rows and [name for name, _ in trino.columns] == ["Catalog"]:
            return "catalogs-type"
        return "OTHER ROWS"
    if sluice.error and trino.error:
        if sluice.whole_error() == trino.whole_error():
            return SAME
        if sluice.error_name == trino.error_name:
            return "own-words"
        return "not-supported" if unsupported(sluice) else "OTHER ERROR"
    if sluice.error:
        return "not-supported" if unsupported(sluice) else "REFUSED"
    return "ALLOWED"


def unsupported(answer):
    """Whether Sluice says that it does not know how to decide."""
    return answer.error_name == "NOT_SUPPORTED" and "by Sluice" in answer.message


# What is refused of a table with a mask or a filter, by the words of the refusal.
NOT_OVER = re.compile(r"mask|filter|restrict|hidden column|metadata table|plan|EXPLAIN|\$", re.IGNORECASE)
FAILURES = ("DIVISION_BY_ZERO", "INVALID_CAST_ARGUMENT", "INVALID_FUNCTION_ARGUMENT", "NUMERIC_VALUE_OUT_OF_RANGE", "GENERIC_USER_ERROR", "SUBQUERY_MULTIPLE_ROWS")
UNKNOWN = ("COLUMN_NOT_FOUND", "TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "TYPE_MISMATCH", "EXPRESSION_NOT_SCALAR", "CATALOG_NOT_FOUND")


def over_seen(sluice, seen):
    """Sluice's restricted answer against the same statement over the permitted data alone."""
    if sluice.error is None and seen.error is None:
        return SAME if sluice.table() == seen.table() else "origin" if origin_left_out(sluice, seen) else "OTHER ROWS"
    if sluice.error and seen.error:
        if sluice.error_name == seen.error_name:
            return SAME
        if sluice.error_name == "PERMISSION_DENIED" and seen.error_name in UNKNOWN:
            return "denied"
        if sluice.error_name == "PERMISSION_DENIED" or unsupported(sluice):
            return "refused-both"
        if fails(sluice) and fails(seen):
            return "error-of-the-data"
        return "OTHER ERROR"
    if sluice.error:
        if unsupported(sluice):
            return "not-supported"
        if not_over_restricted(sluice):
            return "not-over-restricted"
        return "REFUSED"
    return "ALLOWED"


def not_over_restricted(answer):
    """Whether Sluice refused what it shows of whole tables only."""
    unknown = answer.error_name == "TABLE_NOT_FOUND" and "$" in answer.message
    return unknown or answer.error_name == "PERMISSION_DENIED" and bool(NOT_OVER.search(answer.message))


# The table behind a view.
BEHIND = {"directory": "employees", "big_orders": "orders"}


def origin_left_out(sluice, other):
    """Whether two answers to DESCRIBE OUTPUT differ only where a column comes from, and Sluice says less."""
    if [name for name, _ in sluice.columns[:4]] != ["Column Name", "Catalog", "Schema", "Table"] or len(sluice.rows) != len(other.rows):
        return False
    return all(a[0] == b[0] and a[4:] == b[4:] and (a[1:4] == ["", "", ""] or a[2] == b[2] and a[3] in (b[3], BEHIND.get(b[3]))) for a, b in zip(sluice.rows, other.rows, strict=True))


def fails(answer):
    """Whether an answer is an error of the values, not of the statement."""
    return answer.error is not None and answer.error.get("errorType") == "USER_ERROR" and answer.error_name in FAILURES


def breaks(answer):
    """Whether an answer is an error of Trino's own planner, which it may be for one plan of a statement and not for another."""
    return answer.error_name == "GENERIC_INTERNAL_ERROR" and "partitioning" in answer.message


def under_rules(sluice, rules, seen):
    """Sluice's restricted answer against that of a Trino with its own rules of the same intent."""
    right = over_seen(sluice, seen) == SAME
    if sluice.error is None and rules.error is None:
        if sluice.table() == rules.table():
            return SAME
        if origin_left_out(sluice, rules):
            return "origin"
        return "trino-shows" if right else "OTHER ROWS"
    if sluice.error and rules.error:
        return SAME if sluice.error_name == rules.error_name else "refused-both"
    if sluice.error:
        if unsupported(sluice):
            return "not-supported"
        if not_over_restricted(sluice):
            return "not-over-restricted"
        return "error-of-the-data" if right else "REFUSED"
    if breaks(rules) and breaks(seen):
        return "trino-breaks"
    if not right:
        return "ALLOWED"
    if rules.error_name != "PERMISSION_DENIED":
        return "trino-fails"
    return "trino-rule"


def analysis(text, sluice, trino):
    """`same`, a key of NAMED, or a text in capitals for what a decision and Trino's analysis name as read."""
    if sluice == trino:
        return SAME
    if sluice is None or trino is None or set(sluice) != set(trino):
        return "OTHER TABLES"
    reasons = set()
    for table, columns in sluice.items():
        more = trino[table] - columns
        # `row_number` is the hidden column of the connector `tpch`.
        hidden = {column for column in more if column.startswith("$") or table.startswith("tpch.") and column == "row_number"}
        if hidden and "TABLE " in text and '"$' not in text:
            reasons.add("table-hidden")
            more -= hidden
        if more and more <= VIEWED.get(table, set()) and re.search("directory|big_orders", text, re.IGNORECASE):
            reasons.add("through-view")
            more = set()
        if columns - trino[table] and re.search(r"TABLE\(exclude_columns|MATCH_RECOGNIZE", text):
            reasons.add("table-argument")
        elif columns - trino[table]:
            more = columns
        if more:
            return "OTHER COLUMNS"
    return " and ".join(sorted(reasons))


def by_sluice(objects):
    """What a decision says that is read: table to columns."""
    found = {}
    for one in objects:
        if one["privilege"] == "select":
            found.setdefault(one["object"], set()).update(one.get("columns") or [])
    return found


def by_trino(info):
    """What Trino's analysis says that is read: table to columns; what views read in their turn is left out."""
    found = {}
    for table in info["referencedTables"]:
        if table.get("directlyReferenced", True):
            found.setdefault(f"{table['catalog']}.{table['schema']}.{table['table']}", set()).update(column["column"] for column in table["columns"])
    return found
