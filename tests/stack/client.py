"""A small client of the Trino protocol in plain Python, for tests that look at pages, headers and errors themselves."""

import base64
import dataclasses
import http.client
import json
import ssl
import time
import urllib.parse


class TrinoError(Exception):
    """The error a statement ended in, with Trino's own fields."""

    def __init__(self, error):
        super().__init__(f"{error.get('errorName')}: {error.get('message')}")
        self.name = error.get("errorName")
        self.message = error.get("message", "")
        self.fields = error


@dataclasses.dataclass
class Result:
    """What a statement ended in."""
    columns: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    error: dict | None = None
    query_id: str | None = None
    headers: list = dataclasses.field(default_factory=list)

    @property
    def names(self):
        """The names of the columns."""
        return [c["name"] for c in self.columns]


class Client:
    """One user at one endpoint, Trino itself or Sluice. Headers are kept from one statement to the next."""

    def __init__(self, url, user="admin", password=None, ca=None, headers=None, timeout=120):
        self.url = urllib.parse.urlsplit(url)
        self.timeout = timeout
        self.headers = {"X-Trino-User": user, "X-Trino-Source": "sluice-tests", "X-Trino-Time-Zone": "UTC", "Content-Type": "text/plain; charset=utf-8",
                        **(headers or {})}
        if password is not None:
            self.headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.tls = ssl.create_default_context(cafile=str(ca)) if self.url.scheme == "https" else None

    def connect(self):
        """A new connection to the endpoint."""
        if self.tls:
            return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=self.timeout, context=self.tls)
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=self.timeout)

    def pages(self, sql, headers=None):
        """Yields each page as (fields, response headers), asking for the next only when the caller wants it.

        An answer that is no page raises TrinoError with errorName `HTTP <status>`. Leaving early leaves the query: `cancel` ends it.
        """
        connection = self.connect()
        method, target, body = "POST", "/v1/statement", sql.encode("utf-8", "surrogatepass")
        try:
            while target:
                connection.request(method, target, body, {**self.headers, **(headers or {})})
                response = connection.getresponse()
                data = response.read()
                if response.status != 200:
                    raise TrinoError({"errorName": f"HTTP {response.status}", "message": data[:2000].decode("utf-8", "replace")})
                page = json.loads(data)
                yield page, response.getheaders()
                target = page.get("nextUri")
                if target:
                    target = self.own(target)
                method, body = "GET", None
        finally:
            connection.close()

    def own(self, uri):
        """The path and query of a URI that must lead to this endpoint."""
        there = urllib.parse.urlsplit(uri)
        if (there.scheme, there.hostname, there.port) != (self.url.scheme, self.url.hostname, self.url.port):
            raise TrinoError({"errorName": "NEXTURI", "message": f"the URI leaves the endpoint: {uri}"})
        return there.path + (f"?{there.query}" if there.query else "")

    def query(self, sql, headers=None):
        """Runs a statement to its end. An error is in the result."""
        result = Result()
        try:
            for page, received in self.pages(sql, headers):
                result.query_id = page.get("id", result.query_id)
                result.columns = page.get("columns") or result.columns
                result.rows += page.get("data") or []
                result.headers += received
                result.error = page.get("error") or result.error
        except TrinoError as e:
            result.error = e.fields
        return result

    def rows(self, sql, headers=None):
        """The rows of a statement that must end well."""
        result = self.query(sql, headers)
        if result.error:
            raise TrinoError(result.error)
        return result.rows

    def cancel(self, uri):
        """Cancels by DELETE of a page's nextUri; the answer's status."""
        connection = self.connect()
        connection.request("DELETE", self.own(uri), headers=self.headers)
        status = connection.getresponse().status
        connection.close()
        return status


def wait_for(what, check, seconds=60, every=0.1):
    """Waits until `check()` is truthy and returns what it gave; an AssertionError that names `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"not seen in {seconds} s: {what}"
        time.sleep(every)
