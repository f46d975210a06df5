"""A Trino that answers anything, and keeps each request as it came, byte by byte.

A statement with `'paged'` in it has a page without end; any other ends at once.
"""

import contextlib
import json
import re
import socket
import threading

from tests.stack import process

QUERY = "20260101_000000_00001_hosti"
PAGE = f"/v1/statement/executing/{QUERY}/yslug/1"
# What stands behind each path that Sluice must not ask for.
SECRET = b"behind the gate"


class Request:
    """A request that came: its first line, headers as (name, value), and body. `garbage` is what could not be read."""

    def __init__(self, head, body=b"", garbage=b""):
        self.line, *lines = head.decode("latin-1").split("\r\n")
        self.headers = [tuple(part.strip() for part in line.partition(":")[::2]) for line in lines]
        self.body = body
        self.garbage = garbage

    def all(self, name):
        """The values of a header."""
        return [value for given, value in self.headers if given.lower() == name]


class Stub:
    """The server, on a free port of loopback."""

    def __init__(self):
        self.seen = []
        # One that is not given to others while nobody listens there: some tests go away and come back.
        self.port = process.free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Closing alone would let a connection in as long as a thread waits for one. Not each system knows it of a listener.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def take(self):
        """What came since the last call."""
        seen, self.seen = self.seen, []
        return seen

    def accept(self):
        """Takes connections until the listener is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        """Answers requests of one connection until one is not HTTP."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            try:
                while (request := read(stream)) and not request.garbage:
                    self.keep(request)
                    connection.sendall(self.answer(request))
                if request:
                    self.keep(request)
            except OSError:
                return

    def keep(self, request):
        """Notes it, unless Sluice or a client asks for the server's state."""
        if not re.match(r"(GET|HEAD) /v1/info(/state)? ", request.line):
            self.seen.append(request)

    def answer(self, request):
        """The bytes of an answer."""
        method, target, *_ = request.line.split(" ") + ["", ""]
        page = {"id": QUERY, "infoUri": f"{self.url}/ui/", "stats": {"state": "RUNNING"}, "warnings": []}
        if target == "/v1/info":
            body = {"nodeVersion": {"version": "476"}, "environment": "test", "coordinator": True, "starting": False, "uptime": "1.00m"}
        elif target == "/v1/info/state":
            body = "ACTIVE"
        elif target.startswith("/v1/statement"):
            if b"'paged'" in request.body or method in ("GET", "HEAD"):
                page["nextUri"] = self.url + PAGE
            body = page
        else:
            body = SECRET.decode()
        body = json.dumps(body).encode()
        if method == "DELETE":
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        return head if method == "HEAD" else head + body


def read(stream):
    """The next request of a connection; None at its end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(1 << 20)
        if not line:
            return Request(b"", garbage=head) if head else None
        head += line
    request = Request(head[:-4])
    coding, lengths = request.all("transfer-encoding"), request.all("content-length")
    try:
        if coding:
            request.body = chunks(stream)
        elif lengths:
            request.body = stream.read(int(lengths[0]))
    except ValueError as error:
        request.garbage = str(error).encode()
    return request


def chunks(stream):
    """A chunked body."""
    body = b""
    while size := int(stream.readline().partition(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    while stream.readline().strip():
        pass
    return body
