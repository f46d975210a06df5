"""Runs clients' programs: each once for all its cells, two of them at a time."""

import concurrent.futures
import json
import os
import subprocess
import time

from tests.stack.sluice import password

# Longer than any client takes on a busy machine.
SECONDS = 900
# What a program is told of a connection, where nothing else is said.
CONNECTION = {"catalog": "tpch", "schema": "tiny", "tags": [], "properties": {}, "transaction": False, "otherwise": False, "ca": None, "password": None,
              "token": None, "certificate": None, "key": None, "both": None, "browser": None}


class Runs:
    """The runs of all clients; a client's is begun when it is asked for, and the next one's with it."""

    def __init__(self, clients, groups, straight, sluice, apart, token, tables, texts):
        self.clients = clients
        self.cells = [cell for group in groups for cell in group.cells]
        self.straight = straight
        self.sluice = sluice
        self.apart = apart
        self.token = token
        self.tables = tables
        self.texts = texts
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.begun = {}
        self.seconds = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for run in self.begun.values():
            run.cancel()
        self.pool.shutdown()

    def of(self, client, cell):
        """The outcomes of a cell by way."""
        place = self.clients.index(client)
        for near in self.clients[place:place + 2]:
            if near.name not in self.begun:
                self.begun[near.name] = self.pool.submit(self.run, near)
        answers, complaint = self.begun[client.name].result()
        missing = [way for way in cell.ways if (cell.name, way) not in answers]
        assert not missing, f"the program gave no answer by {missing}: {complaint[-2500:]}"
        return {way: answers[cell.name, way] for way in cell.ways}

    def run(self, client):
        """Runs a client's program: outcomes by cell and way, and what it complained of."""
        lines = [self.line(client, cell, way) for cell in self.cells if cell.name not in client.cannot for way in cell.ways]
        # Some programs keep a connection while the next line has the same.
        lines.sort(key=lambda line: json.dumps(line["connection"]))
        # A bundle of certificates that the environment names would come before the one that clients are told to use.
        kept = {key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")}
        started = time.monotonic()
        try:
            done = subprocess.run(client.command(), input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True, check=False,
                                  timeout=SECONDS, env={**kept, "TZ": "UTC"})
            printed, complaint = done.stdout, f"exit code {done.returncode}: {done.stderr}"
        except subprocess.TimeoutExpired as late:
            printed, complaint = (late.stdout or b"").decode(), f"not done after {SECONDS} s: {(late.stderr or b'').decode()}"
        self.seconds[client.name] = round(time.monotonic() - started, 1)
        answers = [json.loads(line) for line in printed.splitlines() if line.startswith('{"cell"')]
        return {(a["cell"], a["way"]): a["outcomes"] for a in answers}, complaint

    def line(self, client, cell, way):
        """A cell as its program reads it."""
        secure = way == "sluice"
        other = secure and cell.login in ("certificate", "browser")
        sluice = self.apart.sluice if other else self.sluice
        secret = {"password": password(cell.user), "wrong": "not the password"}.get(cell.login)
        connection = {
            "host": "localhost", "port": sluice.port if secure else self.straight, "user": cell.user, "catalog": cell.catalog, "schema": cell.schema,
            "source": cell.source.replace("{client}", client.name), "tags": cell.tags, "properties": cell.properties,
            "transaction": cell.transaction, "otherwise": cell.otherwise, "ca": str(sluice.ca) if secure else None,
            "password": secret if secure else None, "token": self.token if secure and cell.login == "token" else None,
            **(self.apart.told(cell.login) if other else {}),
        }
        steps = [self.step(client, way, step) for step in (cell.before if secure else []) + cell.steps]
        return {"cell": cell.name, "way": way, "alone": cell.alone, "connection": {**CONNECTION, **connection}, "steps": [s for some in steps for s in some]}

    def step(self, client, way, step):
        """A step with names put in; TPC-H is many."""
        if step["op"] == "tpch":
            return [{"op": "query", "sql": sql} for name, sql in self.texts.items() if client.all_of_tpch or name in ("q01", "q04", "q13", "q22")]
        if "sql" not in step:
            return [step]
        names = {**self.tables[way], "client": client.name, "own": f"lake.clients.own_{client.name.replace('-', '_')}_{way}"}
        sql = step["sql"]
        for name, text in names.items():
            sql = sql.replace(f"{{{name}}}", text)
        return [{**step, "sql": sql}]
