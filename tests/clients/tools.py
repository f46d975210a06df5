"""What tools that people work with send to Trino, word for word and with their headers: DBeaver, Tableau, Metabase, Superset.

Each statement is sent straight and through Sluice by one who sees all, and has to end alike; and through Sluice by the
analyst, who sees what is shown and learns of nothing else. Power BI's community connector is the one that can't work.
"""

import http.client
import json
import pathlib
import re
import ssl

from tests.stack.client import Client
from tests.stack.sluice import password

TOLD = pathlib.Path(__file__).with_name("tools.json")
HIDDEN = ("payments", "notes", "Kim Example", "jon@example.test")


def cases(trino, sluice):
    """A case for each tool and user."""
    for told in json.loads(TOLD.read_text(encoding="utf-8")):
        yield f"{told['tool']}'s statements end as without Sluice", lambda t=told: alike(trino, sluice, t)
        yield f"{told['tool']}'s statements show the analyst what is shown", lambda t=told: narrowed(sluice, t)
    yield "Power BI's community connector is asked to log in, and no page is given without that", lambda: power_bi(sluice)


def headers(told, user):
    """A tool's headers for a user."""
    return {name: text.replace("{user}", user) for name, text in told["headers"].items()}


def outcome(client, sql):
    """What a statement ended in: columns and rows, or the name and place of its error."""
    result = client.query(sql)
    if result.error:
        return result.error["errorName"], result.error.get("errorLocation")
    # Sluice does not say how long the longest name of a catalog is: that is of hidden ones too.
    return [(column["name"], re.sub(r"^varchar\(\d+\)$", "varchar", column["type"])) for column in result.columns], result.rows


def alike(trino, sluice, told):
    """By one who sees all."""
    for sql in told["statements"]:
        there, here = (outcome(server.client("admin", headers=headers(told, "admin")), sql) for server in (trino, sluice))
        assert there == here, f"{sql}: {there} without Sluice, {here} with it"


def narrowed(sluice, told):
    """By the analyst: statements over people work, and nothing tells of the rest."""
    client = sluice.client("analyst", headers=headers(told, "analyst"))
    shown = 0
    for sql in told["statements"]:
        result = client.query(sql)
        if "people" in sql and "CREATE" not in sql:
            assert not result.error, (sql, result.error)
            shown += bool(result.rows)
        text = json.dumps([result.rows, result.columns])
        assert not [word for word in HIDDEN if word in text], (sql, text)
    assert shown, "no statement showed anything"


def power_bi(sluice):
    """It sends `Basic user:password` as it is, without base64, and asks for pages without any header."""
    connection = http.client.HTTPSConnection("localhost", sluice.port, timeout=20, context=ssl.create_default_context(cafile=str(sluice.ca)))
    connection.request("POST", "/v1/statement", "SHOW CATALOGS", {"X-Trino-User": "Trino", "Authorization": f"Basic analyst:{password('analyst')}"})
    answer = connection.getresponse()
    assert (answer.status, "error" in answer.read().decode()) == (401, False), answer.status
    # Whoever has not read a body when it answers closes the connection.
    connection.close()
    page = next(Client(sluice.url, "analyst", password("analyst"), sluice.ca).pages("SELECT 1"))[0]
    connection.request("GET", page["nextUri"].split(f":{sluice.port}", 1)[1])
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 401, answer.status
