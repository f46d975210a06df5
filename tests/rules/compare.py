"""What one statement shows through each of the two: the same, less by a known reason, or more."""

import dataclasses

# Why Sluice answers in another way than Trino with file rules; none of these shows more than the rules let a user see.
REASONS = {
    "star-leaves-out": "`*` over a table with columns that the rules hide: Trino refuses, Sluice shows the others. Checked: Trino shows the same for the columns by name.",
    "nothing-listed": "SHOW of what the user may not know of: Trino refuses, Sluice lists nothing, or says that there is no such thing.",
    "list-narrower": "Lists of names: Trino lists catalogs and schemas in which some rule gives anything, and all tables to a schema's owner; Sluice those in which the user has something.",
    "schema-of-names": "Sluice lists the schema information_schema of each catalog that it lists: each catalog has it, and it holds what the user may know of. Trino lists it only by a rule that is about it.",
    "describe-narrower": "DESCRIBE: Trino shows columns whose values the user can't read to those with INSERT and the like; Sluice those that can be read.",
    "not-supported": "A statement that Sluice does not decide yet.",
    "plan-hidden": "EXPLAIN and SHOW STATS of a table with a mask or filter: they would quote hidden values, so Sluice refuses.",
    "definition-hidden": "SHOW CREATE needs `show` and each row and column in Sluice; in Trino ownership alone.",
    "not-mapped": "The importer said that a part of these rules has no counterpart.",
    "reads-nothing": "A statement that reads no table, by a user who may run no queries: Sluice has no such rule.",
    "refused-both": "Both refuse, for reasons of their own: Trino for the rules, Sluice since it does not decide the statement.",
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


def judge(statement, trino, sluice, mapped, by_name):
    """`same`, a key of REASONS, or `MORE` or `LESS`: what has no explanation.

    `mapped` says that the importer had nothing to say about these rules. `by_name(columns)` is Trino's answer to the same
    statement with columns in place of `*`.
    """
    kind = statement["kind"]
    if trino.error is None and sluice.error is None:
        return both_answer(kind, trino, sluice, mapped)
    if trino.error and sluice.error:
        if trino.error == sluice.error:
            return "same"
        return "refused-both" if {trino.error, sluice.error} <= {"PERMISSION_DENIED", "NOT_SUPPORTED", "TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND"} else "MORE"
    if sluice.error:
        return less(kind, sluice, mapped)
    return more(kind, trino, sluice, by_name)


def both_answer(kind, trino, sluice, mapped):
    """Both show something."""
    if (trino.columns, trino.rows) == (sluice.columns, sluice.rows):
        return "same"
    names = [name for name, _ in trino.columns] == [name for name, _ in sluice.columns]
    if kind in ("list", "describe") and names and trino.rows == sluice.rows:
        return "same"
    narrower = names and all(row in trino.rows for row in sluice.rows)
    if kind == "list" and names and ["information_schema"] in sluice.rows and all(row in [*trino.rows, ["information_schema"]] for row in sluice.rows):
        return "schema-of-names"
    if kind in ("list", "describe") and narrower:
        return "list-narrower" if kind == "list" else "describe-narrower"
    if kind == "explain":
        # Plans name the identity and the handles of each server's own.
        return "same"
    if kind == "definition" and len(trino.rows) == len(sluice.rows) == 1:
        # The text holds the folder of each server's own.
        return "same"
    if kind == "star" and not mapped and names_within(sluice, trino) and not trino.error:
        return "not-mapped" if rows_of(trino, sluice) else "MORE"
    if not mapped and names and narrower:
        return "not-mapped"
    if not mapped and names and len(trino.rows) >= len(sluice.rows) and all(masked(sluice.rows, trino.rows)):
        return "not-mapped"
    return "MORE"


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


def less(kind, sluice, mapped):
    """Trino shows something, Sluice does not."""
    if sluice.error == "NOT_SUPPORTED":
        return "not-supported"
    if kind in ("explain", "statistics") and sluice.refused and ("Cannot explain" in sluice.message or "Cannot show stats" in sluice.message):
        return "plan-hidden"
    if kind == "definition" and sluice.refused:
        return "definition-hidden"
    if kind == "list":
        return "list-narrower"
    if kind == "describe":
        return "describe-narrower"
    return "LESS" if mapped else "not-mapped"


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
