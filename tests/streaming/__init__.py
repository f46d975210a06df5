"""Large results: they stream through Sluice, whose memory stays small, and a client that does not read stops the upstream."""

import json
import pathlib
import time
import zlib

from tests.stack.client import wait_for
from tests.stack.sluice import Sluice

from .upstream import MEGABYTE, Upstream, checksum, data_length

POLICIES = pathlib.Path(__file__).with_name("policies")
ALLOWED = 64 * MEGABYTE
# What two pairs of socket buffers hold, grown as far as Linux lets them, and what Sluice itself reads ahead.
BUFFERS = 40 * MEGABYTE


def cases(stack):
    """The cases of this suite."""
    with Upstream() as upstream, Sluice(stack.folder / "streaming", upstream.url, POLICIES) as sluice:
        yield "a result of 1 GB in pages of 64 MB takes less than 64 MiB of memory", lambda: gigabyte(sluice)
        yield "a page of 512 MB takes less than 64 MiB of memory", lambda: one_page(sluice)
        yield "a client that stops reading stops the upstream, and reads on later", lambda: backpressure(sluice, upstream)
        yield "sixteen clients that stop reading take less than 64 MiB of memory", lambda: many_stopped(sluice)


def gigabyte(sluice):
    """Sixteen pages, each byte of them checked."""
    idle = settled(sluice)
    taken = 0
    for megabytes, response in pages(sluice, 16, 64):
        taken += check(response, megabytes)
    assert taken >= 1 << 30, taken
    within(sluice, idle)


def one_page(sluice):
    """One page that is larger than what Sluice may hold."""
    idle = settled(sluice)
    for megabytes, response in pages(sluice, 1, 512):
        check(response, megabytes)
    within(sluice, idle)


def backpressure(sluice, upstream):
    """The client takes a MB of 256 and waits."""
    idle = settled(sluice)
    for megabytes, response in pages(sluice, 1, 256):
        before = upstream.sent
        begun = response.read(MEGABYTE)
        sent = wait_for("the upstream stands still", lambda: still(upstream))
        assert sent - before < BUFFERS, f"the upstream could send {(sent - before) / MEGABYTE:.0f} MB"
        time.sleep(2)
        assert upstream.sent == sent, "the upstream could send more while the client did not read"
        check(response, megabytes, begun)
    within(sluice, idle)


def many_stopped(sluice):
    """Each of them has begun a page of 256 MB."""
    idle = settled(sluice)
    waiting = []
    for _ in range(16):
        reading = pages(sluice, 1, 256)
        _, response = next(reading)
        response.read(MEGABYTE)
        waiting.append((reading, response))
    time.sleep(2)
    within(sluice, idle)
    for reading, response in waiting:
        response.close()
        reading.close()


def still(upstream):
    """What was sent, if it did not grow for half a second."""
    before = upstream.sent
    time.sleep(0.5)
    return before if upstream.sent == before else None


def pages(sluice, count, megabytes):
    """Yields (MB, response) for each page of a new query; the caller reads it."""
    client = sluice.client("analyst")
    connection = client.connect()
    connection.request("POST", "/v1/statement", f"SELECT id, text FROM lake.streaming.x_{count}_{megabytes}", client.headers)
    page = json.loads(connection.getresponse().read())
    assert "nextUri" in page, page
    target = client.own(page["nextUri"])
    try:
        while target:
            connection.request("GET", target, headers=client.headers)
            response = connection.getresponse()
            assert response.status == 200, response.status
            response.tail = None
            yield megabytes, response
            target = response.tail.get("nextUri") and client.own(response.tail["nextUri"])
    finally:
        connection.close()


def check(response, megabytes, begun=b""):
    """Reads a page to its end and checks each byte of its rows; leaves the other fields in `response.tail`; the bytes read."""
    while b'"data":[' not in begun:
        more = response.read(65536)
        assert more, begun[:2000]
        begun += more
    head, _, first = begun.partition(b'"data":[')
    left, value, rest = data_length(megabytes), 0, first
    while left:
        if not rest:
            rest = response.read(MEGABYTE)
            assert rest, f"the page ends {left} bytes too early"
        value = zlib.crc32(rest[:left], value)
        rest, left = rest[left:], max(left - len(rest), 0)
    assert value == checksum(megabytes), "the rows are not those that were sent"
    response.tail = json.loads(head + b'"data":[]' + rest + response.read())
    return data_length(megabytes)


def settled(sluice):
    """The resident memory of an idle Sluice that has served a page before, from which on its peak is measured."""
    for megabytes, response in pages(sluice, 1, 1):
        check(response, megabytes)
    pathlib.Path(f"/proc/{sluice.process.pid}/clear_refs").write_text("5", encoding="ascii")
    return resident(sluice, "VmRSS")


def within(sluice, idle):
    """The peak since then is within what is allowed."""
    grown = resident(sluice, "VmHWM") - idle
    assert grown < ALLOWED, f"{grown / MEGABYTE:.0f} MiB more than idle"
    print(f"       memory: {idle / MEGABYTE:.1f} MiB idle, {grown / MEGABYTE:.1f} MiB more at its peak")


def resident(sluice, field):
    """A field of the process's memory in bytes."""
    status = pathlib.Path(f"/proc/{sluice.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field + ":"))
