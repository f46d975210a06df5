"""What a file of rules gives, read rule by rule as Trino's documentation says: which rule decides, and what that one says.

It explains differences; it excuses none that Trino's own answers don't show.
"""

import re

from . import data

# Names of tables that no rule of generate.py tells apart from others of the same schema.
NAMES = ("employees", "reviews", "orders", "customers", "revised", "ores", "ox", "xs", "ex", "order1", "employees_1", "zebra")
SCHEMAS = ("rules_hr", "rules_sales", "rules_other", "other")
# What of a note of the importer gives less than the rule does.
LESS = ("not-mapped", "known-users-only")


def groups(user):
    """The groups of a user."""
    lines = [line.partition(":") for line in data.GROUPS.splitlines()]
    return [group for group, _, members in lines if user in members.split(",")]


class Model:
    """One file of rules, and what the importer said about it."""

    def __init__(self, rules, notes):
        self.rules = rules
        self.noted = {note["rule"] for note in notes if note["code"] in LESS}

    def about(self, rule, user):
        """Whether a rule is about a user; nobody has a role here."""
        name = rule.get("user", rule.get("original_user", ".*"))
        in_group = "group" not in rule or any(re.fullmatch(rule["group"], group) for group in groups(user))
        return bool(re.fullmatch(name, user)) and in_group and "role" not in rule

    def decides(self, key, user, **names):
        """The place of the rule of a list that decides, and the rule; `None` if there is none."""
        for place, rule in enumerate(self.rules.get(key, [])):
            if self.about(rule, user) and all(re.fullmatch(rule.get(part, ".*"), name) for part, name in names.items()):
                return place, rule
        return None

    def says(self, key, user, **names):
        """Whether a note is about the rule that decides or one before it, so that it may be the reason for less."""
        found = self.decides(key, user, **names)
        last = found[0] if found else len(self.rules.get(key, [])) - 1
        return any(f"{key}[{place}]" in self.noted for place in range(last + 1))

    def executes(self, user):
        """Whether a user may run queries."""
        found = self.decides("queries", user)
        return "queries" not in self.rules or bool(found and "execute" in found[1]["allow"])

    def mode(self, user, catalog):
        """What a user may do with a catalog."""
        if "catalogs" not in self.rules:
            return "all"
        found = self.decides("catalogs", user, catalog=catalog)
        if not found:
            return "all" if catalog == "system" else "none"
        return found[1]["allow"]

    def table(self, user, table):
        """The rule that decides about a table."""
        catalog, schema, name = table.split(".")
        found = self.decides("tables", user, catalog=catalog, schema=schema, table=name)
        return found[1] if found else {"privileges": []}

    def hidden(self, user, table):
        """The columns that may not be read."""
        return {column["name"] for column in self.table(user, table).get("columns", []) if not column.get("allow", True)}

    def privileges(self, user, table):
        """What a user may do with a table, in the words of the rules."""
        rule, mode, hidden = self.table(user, table), self.mode(user, table.split(".")[0]), self.hidden(user, table)
        given = set(rule["privileges"])
        if "GRANT_SELECT" in given:
            given.add("SELECT")
        # Trino asks for what masks and filters read as if the user read it.
        texts = [rule.get("filter", "")] + [column.get("mask", "") for column in rule.get("columns", []) if column.get("allow", True)]
        if any(set(re.findall(r"\w+", text)) & hidden for text in texts):
            given -= {"SELECT", "GRANT_SELECT"}
        if not self.executes(user) or mode == "none":
            return set()
        return given & {"SELECT", "GRANT_SELECT"} if mode == "read-only" else given

    def readable(self, user, table):
        """The columns that may be read."""
        if "SELECT" not in self.privileges(user, table):
            return set()
        return set(dict(data.COLUMNS).get(table, [])) - self.hidden(user, table)

    def restricted(self, user, table):
        """Whether a row or a column is not shown as it is."""
        rule = self.table(user, table)
        return bool("SELECT" not in self.privileges(user, table) or rule.get("columns") or rule.get("filter"))

    def schema(self, user, catalog, schema):
        """Whether a user may do anything with any table of a schema."""
        return any(self.privileges(user, f"{catalog}.{schema}.{name}") for name in NAMES)

    def catalog(self, user, catalog):
        """Whether a user may do anything with any table of a catalog."""
        return any(self.schema(user, catalog, schema) for schema in SCHEMAS)

    def named(self, user, statement):
        """Whether the importer named a rule that is about what a statement does."""
        sql, found = statement["sql"], [self.says("queries", user)]
        if statement["kind"] == "acting":
            found.append(self.says("impersonation", user, new_user=statement["as"]))
        elif statement["kind"] == "property":
            name = re.match(r"SET SESSION (\S+)", sql)[1]
            catalog, dot, inner = name.partition(".")
            found.append(self.says("catalog_session_properties", user, catalog=catalog, property=inner) or self.says("catalogs", user, catalog=catalog)
                         if dot else self.says("system_session_properties", user, property=name))
        elif statement["kind"] == "function":
            found += [self.says("functions", user, catalog="memory", schema="default", function="triple"), self.says("catalogs", user, catalog="memory")]
        else:
            found += [self.table_named(user, table) for table in tables(sql)]
        return any(found)

    def table_named(self, user, table):
        """Whether the importer named a rule that is about a table."""
        catalog, schema, name = table.split(".")
        return self.says("tables", user, catalog=catalog, schema=schema, table=name) or self.says("catalogs", user, catalog=catalog)


def tables(sql):
    """The tables that a statement is about."""
    found = re.findall(r"\b(?:lake\.rules_\w+|tpch\.tiny)\.\w+", sql)
    of = re.search(r"table_schema = '(\w+)' AND table_name = '(\w+)'", sql)
    return [*found, f"lake.{of[1]}.{of[2]}"] if of else found
