"""A Trino that only answers, with pages as large as a test likes, and that counts what it could send.

The table's name says what a query yields: `x_3_64` three pages of 64 MB of rows. Sluice's own questions about tables are
answered too.
"""

import http.server
import json
import re
import zlib

from tests.stack.serving import Serving

MEGABYTE = 1 << 20
QUERY = "20260101_000000_00001_strea"
COLUMNS = [{"name": "id", "type": "bigint", "typeSignature": {"rawType": "bigint", "arguments": []}},
           {"name": "text", "type": "varchar", "typeSignature": {"rawType": "varchar", "arguments": []}}]


def rows():
    """A MB of rows, each followed by a comma."""
    row = b'[1,"' + b"0123456789\\\"\xc3\xa4]}{[," * 46 + b'"],'
    count = MEGABYTE // len(row)
    return row * (count - 1) + row[:3] + b'"' + b"x" * (MEGABYTE - len(row) * count + len(row) - 7) + b'"],'


ROWS = rows()
LAST = b'[2,"end"]]'


def checksum(megabytes):
    """The CRC-32 of the rows of a page, from the first row's bracket to the end of the last."""
    value = 0
    for _ in range(megabytes):
        value = zlib.crc32(ROWS, value)
    return zlib.crc32(LAST, value)


def data_length(megabytes):
    """The bytes that `checksum` is of."""
    return megabytes * len(ROWS) + len(LAST)


class Upstream(Serving):
    """The server, on a free port of loopback."""

    def __init__(self):
        self.sent = 0
        self.table = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"upstream": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of Sluice's."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Says nothing."""

    def do_POST(self):
        """Starts a query."""
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode() if self.headers["Content-Length"] else self.chunks().decode()
        if self.headers["X-Trino-Source"] == "sluice":
            named = re.search(r"table_name IN \((.*?)\)", sql)
            rows = [[0, "BASE TABLE", ""], [1, "id", "bigint"], [2, "text", "varchar"]]
            data = [[name.strip("'"), *row] for name in named[1].split(", ") for row in rows] if named else []
            return self.answer(json.dumps({"id": QUERY, "stats": {"state": "FINISHED"}, "data": data}).encode())
        pages, megabytes = re.search(r"x_(\d+)_(\d+)", sql).groups()
        self.upstream.table = f"x_{pages}_{megabytes}"
        return self.answer(json.dumps({"id": QUERY, "infoUri": f"{self.upstream.url}/ui/", "nextUri": self.next(1, pages, megabytes),
                                       "stats": {"state": "QUEUED"}, "warnings": []}).encode())

    def do_GET(self):
        """A page, or the state of the server."""
        if self.path.startswith("/v1/info"):
            # Sluice asks for it every few seconds; it is no part of what a client's reading lets through.
            body = b'{"nodeVersion":{"version":"476"},"starting":false}'
            self.head(200, len(body))
            return self.connection.sendall(body)
        if self.path.startswith("/v1/query/"):
            table = {"catalog": "lake", "schema": "streaming", "table": self.upstream.table, "authorization": "anna", "referenceChain": []}
            body = json.dumps({"queryId": QUERY, "state": "RUNNING", "referencedTables": [table]}).encode()
            self.head(200, len(body))
            return self.connection.sendall(body)
        pages, megabytes, page = map(int, re.search(r"/y(\d+)x(\d+)/(\d+)", self.path).groups())
        last = page == pages
        link = b"" if last else b'"nextUri":' + json.dumps(self.next(page + 1, pages, megabytes)).encode() + b","
        head = b'{"id":"' + QUERY.encode() + b'",' + link + b'"columns":' + json.dumps(COLUMNS).encode() + b',"data":['
        tail = b',"stats":{"state":"' + (b"FINISHED" if last else b"RUNNING") + b'"},"warnings":[]}'
        self.head(200, len(head) + data_length(megabytes) + len(tail))
        for piece in [head, *[ROWS] * megabytes, LAST + tail]:
            self.pass_on(piece)
        return None

    def do_DELETE(self):
        """The end of a query."""
        self.head(204, 0)

    def next(self, page, pages, megabytes):
        """The address of a page."""
        return f"{self.upstream.url}/v1/statement/executing/{QUERY}/y{pages}x{megabytes}/{page}"

    def answer(self, body):
        """A whole answer."""
        self.head(200, len(body))
        self.pass_on(body)

    def head(self, status, length):
        """Status and headers."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def pass_on(self, body):
        """Sends bytes and counts those that the other side's buffers took."""
        view = memoryview(body)
        while view:
            try:
                count = self.connection.send(view)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                return
            self.upstream.sent += count
            view = view[count:]

    def chunks(self):
        """A chunked body."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
