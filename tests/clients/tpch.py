"""The 22 TPC-H queries as Trino runs them, from the texts in the test sources of Trino's own parser.

Those texts are templates: `:1` is a parameter, `:n 100` a limit, `:s` a suffix. The parameters here are the ones that the
TPC-H specification names for validating an answer.
"""

import re
import zipfile

from tests.stack import fetch

PARAMETERS = {
    1: ["90"], 2: ["15", "BRASS", "EUROPE"], 3: ["BUILDING", "1995-03-15"], 4: ["1993-07-01"], 5: ["ASIA", "1994-01-01"],
    6: ["1994-01-01", "0.06", "24"], 7: ["FRANCE", "GERMANY"], 8: ["BRAZIL", "AMERICA", "ECONOMY ANODIZED STEEL"], 9: ["green"],
    10: ["1993-10-01"], 11: ["GERMANY", "0.0001"], 12: ["MAIL", "SHIP", "1994-01-01"], 13: ["special", "requests"], 14: ["1995-09-01"],
    15: ["1996-01-01"], 16: ["Brand#45", "MEDIUM POLISHED", "49", "14", "23", "45", "19", "3", "36", "9"], 17: ["Brand#23", "MED BOX"],
    18: ["300"], 19: ["Brand#12", "Brand#23", "Brand#34", "1", "10", "20"], 20: ["forest", "1994-01-01", "CANADA"], 21: ["SAUDI ARABIA"],
    22: ["13", "31", "23", "29", "30", "18", "17"],
}


def queries():
    """The texts by name, `q01` to `q22`."""
    with zipfile.ZipFile(fetch.maven("io.trino:trino-parser:476:jar:test-sources")) as archive:
        return {f"q{number:02}": statement(archive.read(f"tpch/queries/{number}.sql").decode(), values) for number, values in PARAMETERS.items()}


def statement(template, values):
    """One template as a statement of Trino's grammar."""
    limit = re.search(r"^:n (-?\d+)", template, re.MULTILINE)
    text = re.sub(r"^:[xon].*\n?", "", template, flags=re.MULTILINE)
    text = re.sub(r":(\d+)", lambda found: values[int(found.group(1)) - 1], text.replace(":s", ""))
    text = text.replace("day (3)", "day").strip()
    # Query 15 makes a view, reads it and drops it: here it is a common table expression.
    view = re.search(r"create view (revenue \([^)]*\)) as(.*?);(.*?);\s*drop view.*", text, re.DOTALL)
    if view:
        text = text[:view.start()] + f"with {view.group(1)} as ({view.group(2)}\n){view.group(3)}"
    text = text.rstrip().removesuffix(";")
    return f"{text}\nlimit {limit.group(1)}" if limit and int(limit.group(1)) > 0 else text
