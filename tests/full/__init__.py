"""What clients do where as many statements run as may: each shows the error, and none sends the statement again by itself.

    python3 -m tests.stack.suites full
"""

import collections
import json
import os
import pathlib
import subprocess

from tests.clients.clients import all_clients
from tests.clients.runs import CONNECTION
from tests.hostile.stub import Stub
from tests.stack.client import wait_for
from tests.stack.sluice import Sluice, password

POLICIES = pathlib.Path(__file__).parents[1] / "hostile/policies"
SETTINGS = {"limits": {"statements_per_principal": 1}}
SAID = "Too many statements of yours run at once (limits.statements_per_principal)"


def cases(stack):
    """The cases of this suite."""
    with Stub() as stub, Sluice(stack.folder / "full", stub.url, POLICIES, settings=SETTINGS) as sluice:
        pages = sluice.client("analyst").pages("SELECT 'paged'")
        running, _ = next(pages)
        for client in all_clients():
            yield f"{client.title} shows it, and sends the statement once", lambda client=client: refused(sluice, stub, client)
        yield "once the statement has ended, the next is answered", lambda: answered(sluice, running)


def refused(sluice, stub, client):
    """By its own program, as tests/clients runs it."""
    before, posts = len(decisions(sluice)), statements(stub)
    reached = sluice.metrics()['sluice_limits_reached_total{limit="statements_per_principal"}']
    connection = {**CONNECTION, "host": "localhost", "port": sluice.port, "user": "analyst", "source": client.name, "ca": str(sluice.ca), "password": password("analyst")}
    line = {"cell": "full", "way": "sluice", "alone": True, "connection": connection, "steps": [{"op": "query", "sql": f"SELECT '{client.name}' AS one"}]}
    kept = {key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")}
    done = subprocess.run(client.command(), input=json.dumps(line) + "\n", capture_output=True, text=True, check=False, timeout=300, env={**kept, "TZ": "UTC"})
    answers = [json.loads(said) for said in done.stdout.splitlines() if said.startswith('{"cell"')]
    assert answers, f"exit code {done.returncode}: {done.stderr[-1500:]}"
    [outcome] = answers[0]["outcomes"]
    assert SAID in json.dumps(outcome), outcome
    sent = collections.Counter(record["sql"] for record in decisions(sluice)[before:])
    assert sent and set(sent.values()) == {1}, sent
    assert statements(stub) == posts, "a statement reached Trino"
    assert sluice.metrics()['sluice_limits_reached_total{limit="statements_per_principal"}'] == reached + len(sent)
    assert "statements are refused, since as many run as may" in sluice.log.read_text(encoding="utf-8")


def decisions(sluice):
    """The decisions that were written down."""
    return [record for record in sluice.records() if record["kind"] == "decision"]


def statements(stub):
    """How many statements have reached Trino."""
    return sum(request.line.startswith("POST") for request in stub.seen)


def answered(sluice, running):
    """By its end the place is given back."""
    client = sluice.client("analyst")
    assert client.query("SELECT 1").error["errorName"] == "QUERY_QUEUE_FULL"
    assert client.cancel(running["nextUri"]) == 204
    wait_for("an answer", lambda: client.query("SELECT 1").error is None)
