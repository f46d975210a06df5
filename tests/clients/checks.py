"""When a cell is right: the same by both ways, and what its `check` names."""

import dataclasses
import http.client
import json
import re

from tests.stack.client import wait_for

QUERY_ID = re.compile(r"\b\d{8}_\d{6}_\d{5}_\w{5}\b")
DECISION = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")


@dataclasses.dataclass
class Place:
    """The servers."""
    trino: object
    sluice: object


def check(place, client, cell, answers):
    """Raises AssertionError where a cell is not right; what there is to tell of it."""
    came = answers["sluice"][len(cell.before):]
    if cell.straight:
        compare(client, cell, answers["straight"], came)
    if cell.sees:
        assert cell.sees in json.dumps(came), f"{cell.sees} is not in {shorten(came)}"
    return globals()[cell.check](place, client, cell, came) if cell.check else None


def compare(client, cell, straight, came):
    """The same, but for ids of queries. A cell that is not about errors has none, unless it is said of the client."""
    there, here = (plain(outcomes, cell.any_order) for outcomes in (straight, came))
    failed = any("error" in outcome for outcome in straight)
    own = [outcome for outcome in straight if re.search("no such step|AttributeError|TypeError|NameError", outcome.get("error", ""))]
    assert not own, f"the program is wrong: {shorten(own)}"
    said = client.fails_with(cell)
    if said:
        assert failed, f"clients.json says that it fails without Sluice ({said}), and it gave {shorten(straight)}"
    else:
        assert failed == cell.errors, f"without Sluice it gave {shorten(straight)}, and with it {shorten(came)}"
    for number, (a, b) in enumerate(zip(there, here)):
        assert a == b, f"step {number + 1}: {shorten(a)} without Sluice, {shorten(b)} with it"
    assert len(there) == len(here)


def plain(outcomes, any_order):
    """Outcomes without what differs: ids of queries, names of tables, and of decisions the ids with which Sluice's own errors end."""
    text = re.sub(r"(lake\.clients\.own_\w+)_(straight|sluice)\b", r"\1", json.dumps(outcomes).replace("lake.clients.people_shown", "lake.clients.people"))
    # The Rust client says where in Trino's answer it does not know a type.
    text = re.sub(r"at line 1 column \d+", "", text)
    found = json.loads(re.sub(rf"\.? Decision: {DECISION.pattern}", "", QUERY_ID.sub("ID", text)))
    if any_order:
        for outcome in found:
            outcome["rows"] = sorted(map(json.dumps, outcome.get("rows", [])))
    return found


def shorten(value):
    """A value as text that fits into a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 1500 else text[:1500] + " …"


def error(came):
    """The one error that came."""
    assert len(came) == 1 and "error" in came[0], shorten(came)
    return came[0]["error"]


def refused(_place, _client, _cell, came):
    """The client says that it may not."""
    assert re.search("401|[Uu]nauthorized|credentials|[Aa]uthenticat", error(came)), shorten(came)


def denied(place, _client, _cell, came):
    """The message names the table, what to do, and the decision, which is in the log."""
    text = error(came)
    assert "Access Denied: Cannot select from table lake.clients.payments: no policy grants it to you" in text, text
    in_log(place, text)
    return text


def denied_by(place, _client, _cell, came):
    """The message names the policy too."""
    text = error(came)
    assert "Access Denied: Cannot select from table lake.clients.accounts" in text and "accounts-are-of-finance" in text, text
    in_log(place, text)
    return text


def in_log(place, text):
    """The decision that a message names is one that denied."""
    found = DECISION.search(text)
    assert found, text
    outcomes = [record["outcome"] for record in place.sluice.records() if record["kind"] == "decision" and record["id"] == found.group()]
    assert outcomes == ["deny"], outcomes


def tables(_place, _client, _cell, came):
    """The one table that it may know of."""
    assert len(came) == 1 and "rows" in came[0], shorten(came)
    listed = json.dumps(came[0]["rows"])
    assert "people" in listed and "payments" not in listed and "notes" not in listed, listed


def tagged(place, client, _cell, came):
    """Trino has source and tags of the query."""
    assert "error" not in came[0], shorten(came)
    mark = f"tags of {client.name}"
    [[query, source]] = place.trino.rows(f"SELECT query_id, source FROM system.runtime.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%runtime%' AND query NOT LIKE 'PREPARE%'")
    connection = http.client.HTTPConnection("127.0.0.1", place.trino.port, timeout=20)
    connection.request("GET", f"/v1/query/{query}?pruned=true", headers={"X-Trino-User": "admin"})
    tags = json.loads(connection.getresponse().read())["session"]["clientTags"]
    said = client.source or f"{client.name} of the tests"
    assert (source, sorted(tags)) == (said, ["blue", "green"]), (source, said, tags)


def cancelled(place, client, _cell, came):
    """Trino has ended the query as one that its user cancelled."""
    mark = f"cancelled by {client.name}"
    ended = f"SELECT error_code FROM system.runtime.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%runtime%' AND state = 'FAILED'"
    assert wait_for(f"the query ended on Trino, after {shorten(came)}", lambda: place.trino.rows(ended)) == [["USER_CANCELED"]]


def rises(_place, _client, _cell, came):
    """Numbers that never go down, and end above where they began."""
    numbers = came[0].get("progress")
    assert numbers, shorten(came)
    assert numbers == sorted(numbers) and numbers[-1] > numbers[0], numbers
