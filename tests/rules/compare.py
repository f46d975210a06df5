"""What one statement shows through each of the two: the same, less by a known reason, or more."""

import dataclasses
import re

from . import model

# Why Sluice answers in another way than Trino with file rules; none of these shows more than the rules let a user see.
REASONS = {
    "star-leaves-out": "`*` over a table with columns that the rules hide: Trino refuses, Sluice shows the others. Checked: Trino shows the same for the columns by name.",
    "nothing-listed": "SHOW of what the user may not know of: one of them refuses or says that there is no such thing, the other lists nothing.",
    "list-narrower": "Lists of names: Trino lists catalogs and schemas in which some rule gives anything, and all tables to a schema's owner; Sluice those in which the user has something. Checked: by the rules the user can do nothing with what is missing.",
    "schema-of-names": "Sluice lists the schema information_schema of each catalog that it lists: each catalog has it, and it holds what the user may know of. Trino lists it only by a rule that is about it.",
    "describe-narrower": "DESCRIBE: Trino shows columns whose values the user can't read to those with INSERT and the like; Sluice those that can be read. Checked: by the rules the user can't read what is missing.",
    "not-supported": "A statement that Sluice does not decide yet.",
    "plan-hidden": "EXPLAIN and SHOW STATS of a table with a mask or filter: they would quote hidden values, so Sluice refuses. Checked: the rule has one.",
    "definition-hidden": "SHOW CREATE needs `show` and each row and column in Sluice; in Trino ownership alone. Checked: by the rules some of it can't be read.",
    "write-restricted": "A change of a table of which some row or column is not shown as it is: Sluice refuses it; Trino refuses some, in other words. Checked: by the rules some of the table can't be read as it is.",
    "not-mapped": "The importer named the rule that decides here, or one before it, as one that can't be told as policies. Sluice shows less of the same.",
    "reads-nothing": "A statement that reads no table, by a user who may run no queries: Sluice has no such rule.",
    "refused-both": "Both refuse: Trino for the rules, Sluice as if there were no such thing, or since it does not decide the statement.",
}


@dataclasses.dataclass
class Answer:
    """What came of a statement."""
    columns: list
    rows: list
    error: str | None
    message: str

    @classmethod
    def of(cls, result):
        """The answer in a client's result."""
        error = result.error or {}
        return cls([(c["name"], c["type"]) for c in result.columns], sorted(result.rows, key=repr), error.get("errorName"), error.get("message", ""))

    @property
    def refused(self):
        """Whether access was refused."""
        return self.error == "PERMISSION_DENIED"

    def __str__(self):
        return f"{self.error}: {self.message[:160]}" if self.error else f"{[c for c, _ in self.columns]} {self.rows[:6]}{' …' if len(self.rows) > 6 else ''}"


@dataclasses.dataclass
class Asked:
    """A statement, who sent it, and the rules by which it is judged."""
    statement: dict
    user: str
    model: object

    @property
    def kind(self):
        """What sort of statement it is."""
        return self.statement["kind"]

    def tables(self):
        """The tables that it is about."""
        return model.tables(self.statement["sql"])

    def named(self):
        """Whether the importer named a rule that it depends on."""
        return self.model.named(self.user, self.statement)


def judge(asked, trino, sluice, by_name):
    """`same`, a key of REASONS, or `MORE`, `LESS` or `MODEL`: what has no explanation.

    `by_name(columns)` is Trino's answer to the same statement with columns in place of `*`.
    """
    if asked.kind == "count" and len(asked.tables()) == 1:
        reads = "SELECT" in asked.model.privileges(asked.user, asked.tables()[0])
        if reads == trino.refused:
            return "MODEL"
    if trino.error is None and sluice.error is None:
        return both_answer(asked, trino, sluice)
    if trino.error and sluice.error:
        if trino.error == sluice.error:
            return "same"
        if write_restricted(asked, sluice):
            return "write-restricted"
        return "refused-both" if trino.refused and sluice.error in ("NOT_SUPPORTED", "TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND") else "MORE"
    if sluice.error:
        return less(asked, trino, sluice)
    return more(asked.kind, trino, sluice, by_name)


def both_answer(asked, trino, sluice):
    """Both show something."""
    kind = asked.kind
    if (trino.columns, trino.rows) == (sluice.columns, sluice.rows):
        return "same"
    names = [name for name, _ in trino.columns] == [name for name, _ in sluice.columns]
    if kind in ("list", "describe") and names:
        return listed(asked, trino.rows, sluice.rows)
    if kind == "explain":
        # Handles and sizes are each server's own.
        return "same" if plan(trino) == plan(sluice) else "MORE"
    if kind == "definition" and len(trino.rows) == len(sluice.rows) == 1:
        # The text holds the folder of each server's own.
        return "same"
    if not asked.named():
        return "MORE"
    if kind == "star" and names_within(sluice, trino):
        return "not-mapped" if rows_of(trino, sluice) else "MORE"
    if names and (all(row in trino.rows for row in sluice.rows) or len(trino.rows) >= len(sluice.rows) and all(masked(sluice.rows, trino.rows))):
        return "not-mapped"
    return "MORE"


def plan(answer):
    """A plan without handles and sizes."""
    return [[re.sub(r"\d+", "0", re.sub(r"Estimates:.*", "", text)) for text in row] for row in answer.rows]


def listed(asked, trino, sluice):
    """Lists of names that differ, each name in the first column."""
    missing = [row[0] for row in trino if row not in sluice]
    more = [row[0] for row in sluice if row not in trino]
    if any(name != "information_schema" or "SHOW SCHEMAS" not in asked.statement["sql"] for name in more):
        return "MORE"
    owed = [name for name in missing if has(asked, name)]
    if owed:
        return "not-mapped" if all(owing(asked, name) for name in owed) else "LESS"
    if missing:
        return "describe-narrower" if asked.kind == "describe" else "list-narrower"
    return "schema-of-names" if more else "same"


def listed_in(asked):
    """The schema whose tables a statement lists, if it does that."""
    sql = asked.statement["sql"]
    found = re.search(r"SHOW TABLES FROM lake\.(\w+)|table_schema = '(\w+)'$", sql)
    return found and (found[1] or found[2])


def has(asked, name):
    """Whether by the rules the user has anything of what a list leaves out."""
    sql, user = asked.statement["sql"], asked.user
    if asked.kind == "describe":
        return name in asked.model.readable(user, asked.tables()[0])
    if sql == "SHOW CATALOGS":
        return asked.model.catalog(user, name)
    if sql.startswith("SHOW SCHEMAS"):
        return asked.model.schema(user, "lake", name)
    return bool(asked.model.privileges(user, f"lake.{listed_in(asked)}.{name}"))


def owing(asked, name):
    """Whether the importer named a rule that is about what a list leaves out."""
    sql = asked.statement["sql"]
    if asked.kind == "describe":
        return asked.named()
    if sql == "SHOW CATALOGS":
        places = [(name, schema) for schema in model.SCHEMAS]
    else:
        places = [("lake", name if sql.startswith("SHOW SCHEMAS") else listed_in(asked))]
    tables = [f"{catalog}.{schema}.{table}" for catalog, schema in places for table in model.NAMES]
    if listed_in(asked):
        tables = [f"lake.{listed_in(asked)}.{name}"]
    owed = [table for table in tables if asked.model.privileges(asked.user, table)]
    return all(asked.model.table_named(asked.user, table) for table in owed)


def names_within(sluice, trino):
    """Whether Sluice shows only columns that Trino shows."""
    return set(sluice.columns) <= set(trino.columns)


def rows_of(trino, sluice):
    """Whether Sluice's rows are those of Trino's, of fewer columns."""
    places = [trino.columns.index(column) for column in sluice.columns]
    cut = [[row[place] for place in places] for row in trino.rows]
    return all(row in cut for row in sluice.rows)


def masked(rows, others):
    """For each row whether it is one of the others, but for values that are NULL."""
    for row in rows:
        yield any(all(value is None or value == there for value, there in zip(row, other)) for other in others)


def less(asked, trino, sluice):
    """Trino shows something, Sluice does not."""
    kind, user = asked.kind, asked.user
    if sluice.error == "NOT_SUPPORTED":
        return "not-supported"
    restricted = any(asked.model.restricted(user, table) for table in asked.tables())
    if kind in ("explain", "statistics") and sluice.refused and restricted and ("Cannot explain" in sluice.message or "Cannot show stats" in sluice.message):
        return "plan-hidden"
    if kind == "definition" and sluice.refused and restricted:
        return "definition-hidden"
    if kind in ("list", "describe"):
        return listed(asked, trino.rows, []) if trino.rows else "nothing-listed"
    if write_restricted(asked, sluice):
        return "write-restricted"
    return "not-mapped" if asked.named() else "LESS"


def write_restricted(asked, sluice):
    """Whether Sluice refuses a change because of a mask, a filter or a column that can't be read, and there is one by the rules."""
    restricted = any(asked.model.restricted(asked.user, table) for table in asked.tables())
    return asked.kind == "write" and sluice.refused and "Cannot change table" in sluice.message and restricted


def more(kind, trino, sluice, by_name):
    """Sluice shows something, Trino does not."""
    if kind in ("list", "describe") and not sluice.rows:
        return "nothing-listed"
    if kind == "star" and trino.refused:
        named = by_name([name for name, _ in sluice.columns])
        return "star-leaves-out" if (named.error, named.columns, named.rows) == (None, sluice.columns, sluice.rows) else "MORE"
    if "Cannot execute query" in trino.message and kind in ("property", "acting", "list", "describe", "function"):
        return "reads-nothing" if kind != "function" or not sluice.rows else "MORE"
    return "MORE"
