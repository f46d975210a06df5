"""Sends statements over connections that stay, and keeps each byte of the answers."""

import dataclasses
import json
import re
import threading

from tests.stack.client import Client, TrinoError

LONGEST = 2000


@dataclasses.dataclass
class Answer:
    """What came of one text."""
    columns: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    error: dict | None = None
    update: object = None
    query_id: str | None = None
    seen: bytes = b""

    @property
    def error_name(self):
        """The error's name."""
        return self.error and self.error.get("errorName")

    @property
    def message(self):
        """The error's text."""
        return (self.error or {}).get("message", "")

    def table(self):
        """Names, types and rows, in an order that does not depend on the server's."""
        return self.columns, sorted((json.dumps(rounded(row)) for row in self.rows)), self.update

    def whole_error(self):
        """Name, code, text and place of the error."""
        if not self.error:
            return None
        return self.error_name, self.error.get("errorCode"), self.error.get("errorType"), neutral(self.message), json.dumps(self.error.get("errorLocation"))

    def __str__(self):
        if self.error:
            return f"{self.error_name} {self.error.get('errorLocation') or ''}: {self.message}"[:LONGEST]
        return f"{[name for name, _ in self.columns]} {[type_ for _, type_ in self.columns]} {len(self.rows)} rows {sorted(self.rows, key=repr)[:8]}"[:LONGEST]


def rounded(value):
    """A value whose doubles don't depend on the order in which they were added."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return value


def neutral(text):
    """A text without who sent the statement, and without what each query has of its own."""
    text = re.sub(r"(proof\d+_)[a-z]\b", r"\1x", text)
    text = re.sub(r"\d{8}_\d{6}_\d{5}_\w{5}", "QUERY", text)
    return re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID", text)


class Asker:
    """One user at one endpoint, with a connection a thread."""

    def __init__(self, client, name):
        self.client: Client = client
        self.name = name
        self.local = threading.local()

    def ask(self, sql, headers=None):
        """Runs one text to its end."""
        answer = Answer()
        seen = []
        method, target, body = "POST", "/v1/statement", sql.replace("{w}", self.name).encode()
        more = {**self.client.headers, **(headers or {})}
        while target:
            status, received, data = self.exchange(method, target, body, more)
            seen += [str(received).encode(), data]
            if status != 200:
                answer.error = {"errorName": f"HTTP {status}", "message": data[:2000].decode("utf-8", "replace")}
                break
            page = json.loads(data)
            answer.query_id = page.get("id", answer.query_id)
            answer.columns = [(one["name"], one["type"]) for one in page.get("columns") or []] or answer.columns
            answer.rows += page.get("data") or []
            answer.error = page.get("error") or answer.error
            if page.get("updateType"):
                answer.update = page["updateType"], page.get("updateCount")
            target = page.get("nextUri")
            try:
                target = target and self.client.own(target)
            except TrinoError as error:
                answer.error, target = error.fields, None
            method, body = "GET", None
        answer.seen = b"\n".join(seen)
        return answer

    def exchange(self, method, target, body, headers):
        """One request and its answer; a connection that the server closed meanwhile is opened again."""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = self.client.connect()
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        except (ConnectionError, OSError):
            connection.close()
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()

    def get(self, path):
        """The JSON at a path."""
        status, _, data = self.exchange("GET", path, None, self.client.headers)
        return json.loads(data) if status == 200 else None
