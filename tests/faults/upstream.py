"""A Trino that breaks off, lies or never ends, at each phase of an answer: the client gets an answer or an end, and Sluice is whole afterwards.

Each fault is what comes in the place of an answer to a statement, and to a request for a page.
"""

import json
import pathlib
import resource
import socket
import struct
import time

from tests.hostile.stub import Stub
from tests.stack.client import wait_for

POLICIES = pathlib.Path(__file__).resolve().parents[1] / "hostile/policies"
# How long Sluice waits in these tests for an answer to begin, and for more of it.
TIMEOUT = 2
# By when it is over on a slow machine. What has no end is sent for longer.
END, ENDLESS = 12, 40
QUERY = "20260101_000000_00001_fault"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PIECE = b"x" * 65536


def page(**more):
    """A page."""
    return json.dumps({"id": QUERY, "infoUri": "http://trino/ui/", "stats": {"state": "RUNNING"}, "warnings": [], **more}).encode()


def sized(body, length=None):
    """An answer with a length, which may be a lie."""
    return HEAD + f"Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def chunk(data):
    """A chunk."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
# What is sent, and then: `reset`, `close`, `half` (no more is sent, and the connection stays), `stay`, or bytes that are sent again and again.
FAULTS = {
    "it is reset before anything": (b"", "reset"),
    "it is closed before anything": (b"", "close"),
    "it is half closed before anything": (b"", "half"),
    "nothing comes": (b"", "stay"),
    "it is reset in the status line": (b"HTTP/1.", "reset"),
    "it is reset within the headers": (HEAD, "reset"),
    "it stops within the headers": (HEAD, "stay"),
    "it is reset after the headers": (sized(b"", 100), "reset"),
    "it stops after the headers": (sized(b"", 100), "stay"),
    "it is half closed after the headers": (sized(b"", 100), "half"),
    "it is reset within the page": (sized(page()[:40], 100), "reset"),
    "it is closed within the page": (sized(page()[:40], 100), "close"),
    "it stops within the page": (sized(page()[:40], 100), "stay"),
    "it is closed within a chunk": (CHUNKED + b"100\r\n" + page()[:40], "close"),
    "a chunk has no size": (CHUNKED + b"zz\r\n", "close"),
    "the first bytes are no HTTP": (b"\x15\x03\x01\x00\x02\x02\x16", "close"),
    "the page is HTML": (sized(b"<html>" * 10), "close"),
    "the page is half of one": (sized(page()[:60]), "close"),
    "the page is two": (sized(page() + page()), "close"),
    "the page has no id": (sized(b"{}"), "close"),
    "the page is a list": (sized(b"[" + page() + b"]"), "close"),
    "the page is nested without end": (CHUNKED + chunk(b'{"id":'), chunk(b"[" * 65536)),
    "the page has a name without end": (CHUNKED + chunk(b'{"'), chunk(PIECE)),
    "the page has a text without end": (CHUNKED + chunk(b'{"id":"'), chunk(PIECE)),
    "the page has spaces without end": (CHUNKED + chunk(b'{"id":'), chunk(b" " * 65536)),
    "the page has warnings without end": (CHUNKED + chunk(page()[:-2] + b"0"), chunk(b",0" * 30000)),
    "the page has an unknown part without end": (CHUNKED + chunk(page()[:-1] + b',"new":[0'), chunk(b",0" * 30000)),
    "the headers have no end": (HEAD, b"X: " + b"x" * 60000 + b"\r\n"),
    "a header has no end": (HEAD + b"X: ", PIECE),
    "the chunk's size has no end": (CHUNKED, b"0" * 65536),
    "the chunk's extension has no end": (CHUNKED + b"1;", PIECE),
    "interim answers have no end": (b"", b"HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n" * 1000),
}


class Faulty(Stub):
    """A Trino that answers rightly, but for what is asked for by `fault`: statements (`POST`) or pages (`GET`)."""

    def __init__(self):
        super().__init__()
        self.method, self.fault = None, None

    def answer(self, request):
        method, target, *_ = request.line.split(" ") + ["", ""]
        if target.startswith("/v1/info"):
            return super().answer(request)
        if method == "DELETE":
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if method == self.method:
            raise Fault
        return sized(page(nextUri=f"{self.url}/v1/statement/executing/{QUERY}/yslug/1") if method == "POST" else page())

    def serve(self, connection):
        """As a right one does, until a fault comes."""
        try:
            super().serve(Kept(connection))
        except Fault:
            with connection:
                commit(connection, *self.fault)


class Fault(Exception):
    """Here a fault is to come."""


class Kept:
    """A connection that stays open when a fault comes."""

    def __init__(self, connection):
        self.connection = connection

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not Fault:
            self.connection.close()


def commit(connection, first, then):
    """Sends a fault."""
    try:
        connection.sendall(first)
        if then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif then == "half":
            connection.shutdown(socket.SHUT_WR)
        if then in ("stay", "half"):
            connection.settimeout(ENDLESS)
            connection.recv(1)
        if isinstance(then, bytes):
            connection.settimeout(ENDLESS)
            end = time.monotonic() + ENDLESS
            while time.monotonic() < end:
                connection.sendall(then)
    except OSError:
        return


def cases(sluice, trino):
    """The cases, for a Sluice before a faulty Trino."""
    for name, fault in FAULTS.items():
        yield f"instead of a statement's answer {name}", lambda fault=fault: statement(sluice, trino, fault)
    for name, fault in FAULTS.items():
        yield f"instead of a page {name}", lambda fault=fault: a_page(sluice, trino, fault)
    yield "all file descriptors are used up, and given back", lambda: no_descriptors(sluice)


def right(sluice, trino):
    """All is well."""
    trino.method = None
    result = sluice.client("analyst").query("SELECT 1")
    assert result.error is None, result.error


def memory(sluice):
    """Resident bytes."""
    pages = int(pathlib.Path(f"/proc/{sluice.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def statement(sluice, trino, fault):
    """A Trino error, in time, of which no client sends the statement again."""
    right(sluice, trino)
    before, began = memory(sluice), time.monotonic()
    trino.method, trino.fault = "POST", fault
    result = sluice.client("analyst", timeout=30).query("SELECT 1")
    seconds = time.monotonic() - began
    assert result.error and result.error["errorName"] in ("SERVER_STARTING_UP", "GENERIC_INTERNAL_ERROR"), result
    assert seconds < END, f"{seconds:.1f} s"
    grown(sluice, before)
    right(sluice, trino)


def a_page(sluice, trino, fault):
    """An error of Trino's kind, a status by which a client asks again, or a connection that breaks: never a page that looks whole."""
    right(sluice, trino)
    before = memory(sluice)
    client = sluice.client("analyst", timeout=30)
    pages = client.pages("SELECT 1")
    first, _ = next(pages)
    trino.method, trino.fault = "GET", fault
    began = time.monotonic()
    connection = client.connect()
    connection.request("GET", client.own(first["nextUri"]), headers=client.headers)
    try:
        response = connection.getresponse()
        data = response.read()
        whole = response.status == 200 and not json.loads(data).get("error")
        assert not whole and response.status in (200, 503), (response.status, data[:300])
    except (OSError, ValueError) as error:
        assert not isinstance(error, TimeoutError), "no end"
    except Exception as error:  # pylint: disable=broad-exception-caught
        assert type(error).__module__ == "http.client", error
    seconds = time.monotonic() - began
    assert seconds < END, f"{seconds:.1f} s"
    grown(sluice, before)
    right(sluice, trino)


def grown(sluice, before):
    """A fault of any size takes no more memory than the parts of a page that are read, and its copies."""
    more = memory(sluice) - before
    assert more < 32 << 20, f"{more >> 20} MiB more"


def descriptors(sluice):
    """How many it has."""
    return len(list(pathlib.Path(f"/proc/{sluice.process.pid}/fd").iterdir()))


def steady(sluice):
    """How many it has, if they stay as many."""
    first = descriptors(sluice)
    time.sleep(1)
    return first if first == descriptors(sluice) else None


def no_descriptors(sluice):
    """Clients take all of them: who is connected is served on as far as it needs none, nobody breaks anything, and then all is as before."""
    used = wait_for("nothing of what was before goes on", lambda: steady(sluice))
    limits = resource.prlimit(sluice.process.pid, resource.RLIMIT_NOFILE)
    client = sluice.client("analyst")
    held, connection = [], client.connect()
    ask = lambda: (connection.request("GET", "/v1/info/state", headers=client.headers), connection.getresponse().read())[1]
    assert ask() == b'"ACTIVE"'
    resource.prlimit(sluice.process.pid, resource.RLIMIT_NOFILE, (used + 20, limits[1]))
    try:
        for _ in range(60):
            held.append(socket.create_connection(("127.0.0.1", sluice.port), timeout=5))
        wait_for("the log says so", lambda: "a connection could not be taken" in sluice.log.read_text(encoding="utf-8"))
        assert ask() in (b'"ACTIVE"', b"Trino can't be reached at the moment")
        result = sluice.process.alive()
        assert result, "Sluice has ended"
        for one in held:
            one.close()
        wait_for("statements are answered again", lambda: client.query("SELECT 1").error is None)
    finally:
        resource.prlimit(sluice.process.pid, resource.RLIMIT_NOFILE, limits)
    assert client.query("SELECT 1").error is None
