"""HTTP/2 as nobody should speak it, frame by frame, and as curl and h2load do.

Each line of http2.jsonl is one request on a connection of its own: its headers as they are sent, its body, and the status of the
answer, or `refused` where the stream or the connection is ended without one.
"""

import base64
import collections
import contextlib
import json
import pathlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import time
from concurrent import futures

from tests.stack.client import Client
from tests.stack.sluice import password

from .stub import QUERY

HERE = pathlib.Path(__file__).resolve().parent
PASSWORD = "Basic " + base64.b64encode(b"analyst:analyst-password").decode()
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
REFUSED_STREAM, ENHANCE_YOUR_CALM = 7, 11
# The statuses that HPACK's table has, and its code for digits.
INDEXED = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
DIGITS = {"00000": "0", "00001": "1", "00010": "2", **{f"{0x19 + digit - 3:06b}": str(digit) for digit in range(3, 10)}}


def cases(sluice, stub):
    """(name, function) of each case, for a Sluice with TLS before a stub."""
    for line in (HERE / "http2.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        yield f"HTTP/2: {case['name']}", lambda case=case: one(sluice, stub, case)
    yield "HTTP/2: streams that are taken back at once end the connection", lambda: rapid_reset(sluice, stub)
    yield "HTTP/2: headers without end end the connection", lambda: endless_headers(sluice)
    yield "HTTP/2: a window that stays shut ends the connection", lambda: shut_window(sluice)
    yield "HTTP/2: a connection that only pings is idle", lambda: only_pings(sluice)
    yield "HTTP/2: more streams than allowed are refused, and the others answered", lambda: many_streams(sluice)
    yield "HTTP/2: many more streams than allowed end the connection", lambda: too_many_streams(sluice)
    yield "HTTP/2: curl speaks it", lambda: curl(sluice, "--http2", "2")
    yield "HTTP/2: curl that wants HTTP/1.1 gets it", lambda: curl(sluice, "--http1.1", "1.1")
    if shutil.which("h2load"):
        yield "HTTP/2: h2load's 2,000 requests are answered", lambda: h2load(sluice)
    yield "HTTP/2: headers in many small pieces end the connection", lambda: small_pieces(sluice)
    yield "HTTP/2: a head that comes slowly ends the connection", lambda: slow_head(sluice)
    yield "HTTP/2: a window that is opened byte by byte is answered", lambda: narrow_window(sluice)
    yield "HTTP/2: a Sluice that stops says so, and answers what it took", lambda: stops(sluice)


class Connection:
    """A connection that sends frames as they are, and keeps the kinds that matter."""

    def __init__(self, sluice, settings=b"", certificate=None):
        context = ssl.create_default_context(cafile=str(sluice.ca))
        if certificate:
            context.load_cert_chain(*certificate)
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", sluice.port), timeout=5), server_hostname="localhost")
        assert self.socket.selected_alpn_protocol() == "h2"
        self.buffer = b""
        self.statuses, self.reset, self.away, self.closed, self.ended = {}, {}, None, False, set()
        self.data = collections.defaultdict(bytes)
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends bytes; a server that has enough may have closed before."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def read(self, until, seconds=5):
        """Reads frames until a condition holds or the server closes; whether it holds."""
        end = time.monotonic() + seconds
        while not until() and not self.closed and time.monotonic() < end:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            try:
                more = self.socket.recv(1 << 16)
            except TimeoutError:
                break
            except OSError:
                more = b""
            self.closed = not more
            self.buffer += more
            while self.frame():
                pass
        return until()

    def frame(self):
        """Takes a frame out of what came."""
        if len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            return False
        length, kind, flags = int.from_bytes(self.buffer[:3], "big"), self.buffer[3], self.buffer[4]
        stream = int.from_bytes(self.buffer[5:9], "big") & 0x7FFFFFFF
        payload, self.buffer = self.buffer[9:9 + length], self.buffer[9 + length:]
        if kind == HEADERS:
            self.statuses.setdefault(stream, status(payload))
        elif kind == DATA:
            self.data[stream] += payload
        elif kind == RESET:
            self.reset[stream] = int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            self.away = int.from_bytes(payload[4:8], "big")
        elif kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, 0, payload))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)
        return True


def frame(kind, flags, stream, payload=b""):
    """The bytes of a frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, prefix):
    """HPACK's form of a number."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([value])
    out, value = [most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def packed(headers):
    """Headers as HPACK's literals, as they are."""
    text = lambda value: number(len(value.encode("latin-1")), 7) + value.encode("latin-1")
    return b"".join(b"\x00" + text(name) + text(value) for name, value in headers)


def status(block):
    """The status that a block of headers begins with; the first of its connection at least is written out."""
    while block and block[0] & 0xE0 == 0x20:
        block = block[1:]
    if block[0] in INDEXED:
        return INDEXED[block[0]]
    if block[0] & 0x80:
        return None
    length, value = block[1] & 0x7F, block[2:2 + (block[1] & 0x7F)]
    assert length == len(value)
    if not block[1] & 0x80:
        return int(value)
    bits, digits, code = "".join(f"{byte:08b}" for byte in value), "", ""
    for bit in bits:
        code += bit
        if code in DIGITS:
            digits, code = digits + DIGITS[code], ""
    return int(digits[:3])


def filled(text, sluice):
    """A text of a case with what stands for the host and the password."""
    text = text.replace("<HOST>", f"localhost:{sluice.port}").replace("<PASSWORD>", PASSWORD)
    return re.sub(r"<A\*(\d+)>", lambda found: "A" * int(found.group(1)), text)


def headers_of(sluice, method, path):
    """The headers of a right request."""
    return [(":method", method), (":scheme", "https"), (":authority", f"localhost:{sluice.port}"), (":path", path), ("authorization", PASSWORD)]


def request(stream, headers, body=b"", apart=False):
    """The frames of a request; a block of headers that is too large for one frame goes on in others. `apart`: its end has a frame of its own."""
    apart = apart or bool(body)
    block = packed(headers)
    parts = [block[at:at + 16_000] for at in range(0, len(block), 16_000)]
    frames = frame(HEADERS, (0 if apart else END_STREAM) | (END_HEADERS if len(parts) == 1 else 0), stream, parts[0])
    for part in parts[1:]:
        frames += frame(CONTINUATION, END_HEADERS if part is parts[-1] else 0, stream, part)
    return frames + (frame(DATA, END_STREAM, stream, body) if apart else b"")


def one(sluice, stub, case):
    """A request on a connection of its own."""
    stub.take()
    headers = [(name, filled(value, sluice)) for name, value in case["headers"]]
    with Connection(sluice) as connection:
        connection.send(request(1, headers, case["body"].encode(), case.get("apart", False)))
        connection.read(lambda: connection.statuses or connection.reset or connection.away is not None)
        got = connection.statuses.get(1, "refused" if connection.reset or connection.away is not None or connection.closed else None)
    requests = stub.take()
    assert got == case["answer"], f"{got}; streams reset by {connection.reset}, connection by {connection.away}"
    assert len(requests) == case["upstream"], [request.line for request in requests]
    for seen in requests:
        assert seen.line == "POST /v1/statement HTTP/1.1" and seen.body == b"SELECT 1", seen.line
        assert seen.all("x-trino-user") == ["analyst"] and not seen.all("authorization"), seen.headers
    assert answers(sluice), "another client is not answered afterwards"


def answers(sluice):
    """Whether a right request is answered."""
    with Connection(sluice) as connection:
        connection.send(request(1, headers_of(sluice, "GET", "/v1/info/state")))
        return connection.read(lambda: connection.statuses.get(1) == 200)


def ended(connection):
    """Whether a connection is ended, and by nothing else than having enough; where bytes were left unread, it only closes."""
    return connection.read(lambda: connection.closed or connection.away is not None) and connection.away in (None, ENHANCE_YOUR_CALM)


def rapid_reset(sluice, stub):
    """A hundred statements, each taken back at once."""
    stub.take()
    with Connection(sluice) as connection:
        block = headers_of(sluice, "POST", "/v1/statement")
        connection.send(b"".join(request(stream, block, b"SELECT 1") + frame(RESET, 0, stream, struct.pack(">I", 8)) for stream in range(1, 2001, 2)))
        assert ended(connection), "it is read on"
    assert len(stub.take()) < 100
    assert answers(sluice)


def endless_headers(sluice):
    """A head in 16 KB pieces that does not end."""
    with Connection(sluice) as connection:
        connection.send(frame(HEADERS, 0, 1, packed(headers_of(sluice, "GET", "/v1/info/state"))))
        piece = packed([(f"x-{number}", "a" * 1000) for number in range(15)])
        for _ in range(100):
            connection.send(frame(CONTINUATION, 0, 1, piece))
        assert ended(connection), "it is read on"
    assert answers(sluice)


def shut_window(sluice):
    """A client that lets no byte of a page through, though it answers on the connection: send_timeout."""
    client = Client(f"https://localhost:{sluice.port}", "analyst", password("analyst"), ca=sluice.ca)
    page, _ = next(client.pages("SELECT 'paged'"))
    assert QUERY in page["nextUri"]
    with Connection(sluice, settings=struct.pack(">HI", 4, 0)) as connection:
        headers = headers_of(sluice, "GET", client.own(page["nextUri"])) + [("x-trino-user", "analyst")]
        connection.send(request(1, headers))
        assert connection.read(lambda: connection.statuses.get(1) == 200), connection.reset
        began = time.monotonic()
        while not connection.closed and time.monotonic() - began < 8:
            connection.send(frame(PING, 0, 0, b"........"))
            connection.read(lambda: False, 0.3)
        assert connection.closed and time.monotonic() - began > 1, f"{time.monotonic() - began:.1f} s"


def only_pings(sluice):
    """A client that only shows that it is there: idle_timeout."""
    with Connection(sluice) as connection:
        began = time.monotonic()
        while not connection.closed and time.monotonic() - began < 8:
            connection.send(frame(PING, 0, 0, b"........"))
            connection.read(lambda: False, 0.3)
        assert connection.closed and 1 < time.monotonic() - began < 6, f"{time.monotonic() - began:.1f} s"


def slow_head(sluice):
    """A head whose bytes come so slowly that it would take minutes: idle_timeout, though bytes come all the time."""
    with Connection(sluice) as connection:
        connection.read(lambda: False, 0.1)
        began = time.monotonic()
        for byte in request(1, headers_of(sluice, "GET", "/v1/info/state")):
            if connection.closed or time.monotonic() - began > 8:
                break
            connection.send(bytes([byte]))
            connection.read(lambda: False, 0.3)
        seconds = time.monotonic() - began
        assert connection.closed and not connection.statuses and 1 < seconds < 6, f"{seconds:.1f} s, {connection.away}"
    assert answers(sluice)


def small_pieces(sluice):
    """A head in pieces of a byte, each in a frame of its own."""
    with Connection(sluice) as connection:
        block = packed(headers_of(sluice, "GET", "/v1/info/state"))
        connection.send(frame(HEADERS, END_STREAM, 1, block[:1]) + b"".join(frame(CONTINUATION, 0, 1, block[at:at + 1]) for at in range(1, 50)))
        assert ended(connection), "it is read on"
    assert answers(sluice)


def narrow_window(sluice):
    """A client that opens its window by one byte at a time gets its page, and holds up nobody."""
    with Connection(sluice, settings=struct.pack(">HI", 4, 0)) as connection:
        connection.send(request(1, headers_of(sluice, "GET", "/v1/info/state")))
        assert connection.read(lambda: connection.statuses.get(1) == 200), connection.reset
        assert answers(sluice), "another client is not answered meanwhile"
        for _ in range(200):
            if connection.read(lambda: 1 in connection.ended, 0.02):
                break
            connection.send(frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 1)))
        assert connection.data[1] == b'"ACTIVE"', connection.data


def stops(sluice):
    """GOAWAY without an error, after the answer to the request that came before."""
    with Connection(sluice) as connection:
        connection.send(request(1, headers_of(sluice, "GET", "/v1/info/state")))
        assert connection.read(lambda: 1 in connection.ended)
        with futures.ThreadPoolExecutor() as beside:
            code = beside.submit(sluice.stop)
            assert connection.read(lambda: connection.closed, 10), "the connection stays"
            assert connection.away == 0, connection.away
            assert code.result() == 0, code.result()


def many_streams(sluice):
    """Forty statements whose bodies do not end, at once: body_timeout ends those that were taken."""
    with Connection(sluice) as connection:
        block = packed(headers_of(sluice, "POST", "/v1/statement"))
        connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, block) for stream in range(1, 81, 2)))
        refused = lambda: sum(code == REFUSED_STREAM for code in connection.reset.values())
        assert connection.read(lambda: len(connection.statuses) + refused() >= 40, 6), connection.away
        assert refused() == 8 and 408 in connection.statuses.values(), (connection.reset, connection.statuses)
    assert answers(sluice)


def too_many_streams(sluice):
    """Hundreds of statements at once, of a client that does not hear."""
    with Connection(sluice) as connection:
        block = packed(headers_of(sluice, "POST", "/v1/statement"))
        connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, block) for stream in range(1, 801, 2)))
        assert ended(connection), "it is read on"
    assert answers(sluice)


def curl(sluice, option, version):
    """A statement and a page of it by curl; the page has the headers of results, each once."""
    def ask(url, *more):
        command = ["curl", "-sS", option, "--cacert", str(sluice.ca), "-u", f"analyst:{password('analyst')}", "-w", "\n%{http_version} %{http_code} %{header_json}", url, *more]
        body, said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n", 1)
        spoken, status, headers = said.split(" ", 2)
        assert (spoken, status) == (version, "200"), said
        return json.loads(body), json.loads(headers)
    for address, more in ((f"https://localhost:{sluice.port}/v1/statement", ("-d", "SELECT 'paged'")), (None, ())):
        page, headers = ask(address or page["nextUri"], *more)
        expected = {"content-type": ["application/json"], "cache-control": ["no-store, max-age=0"], "x-content-type-options": ["nosniff"], "strict-transport-security": ["max-age=31536000"]}
        assert expected.items() <= headers.items(), headers


def h2load(sluice):
    """Requests on four connections, ten at once on each."""
    command = ["h2load", "-n", "2000", "-c", "4", "-m", "10", f"https://localhost:{sluice.port}/v1/info/state"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert "2000 succeeded, 0 failed, 0 errored" in said, said
