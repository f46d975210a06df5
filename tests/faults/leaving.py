"""A client that goes away at each phase of a request, by a reset, an end or half of one: Sluice lets go of it, and is whole afterwards."""

import contextlib
import pathlib
import socket
import struct

from tests.stack.client import wait_for

HEAD = "POST /v1/statement HTTP/1.1\r\n{headers}Content-Length: 600\r\n\r\n"
# What has been sent when it goes. The first two are sent without TLS.
PHASES = {
    "before a byte": None,
    "in the TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "within the request's first line": "POST /v1/state",
    "within the headers": "POST /v1/statement HTTP/1.1\r\n{headers}Content-Le",
    "after the headers": HEAD,
    "within the statement": HEAD + "SELECT 1",
    "before the answer": HEAD + "SELECT 1" + " " * 592,
}


def cases(sluice, trino):
    """The cases, before the faulty Trino of `upstream`, which does not answer here."""
    for name, sent in PHASES.items():
        yield f"a client goes {name}", lambda sent=sent: leaves(sluice, trino, sent)


def leaves(sluice, trino, sent):
    """By each way, several times; then it has as many connections as before, and answers."""
    right(sluice)
    before = descriptors(sluice)
    trino.method, trino.fault = "POST", (b"", "stay")
    for leave in (reset, end, half):
        for _ in range(5):
            leave(connected(sluice, sent))
    trino.method = None
    wait_for("it has let go of all", lambda: descriptors(sluice) <= before + 2)
    right(sluice)


def right(sluice):
    """All is well."""
    result = sluice.client("analyst").query("SELECT 1")
    assert result.error is None, result.error


def descriptors(sluice):
    """How many files and connections are open."""
    return len(list(pathlib.Path(f"/proc/{sluice.process.pid}/fd").iterdir()))


def connected(sluice, sent):
    """A connection on which that was sent."""
    client = sluice.client("analyst")
    raw = socket.create_connection(("127.0.0.1", sluice.port), timeout=10)
    if not isinstance(sent, str):
        raw.sendall(sent or b"")
        return raw
    connection = client.tls.wrap_socket(raw, server_hostname=client.url.hostname)
    headers = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"localhost:{sluice.port}", **client.headers}.items())
    connection.sendall(sent.format(headers=headers).encode())
    return connection


def reset(connection):
    """Without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def end(connection):
    """As programs end."""
    connection.close()


def half(connection):
    """It sends no more, and waits for the other side's end."""
    connection.shutdown(socket.SHUT_WR)
    with contextlib.closing(connection):
        while connection.recv(65536):
            pass
