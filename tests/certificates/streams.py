"""HTTP/2 between Sluice and a real Trino. Trino's own request log says which protocol each request came by."""

import concurrent.futures
import pathlib
import signal
import time

from tests.faults import LONG, Load, opened, page_with_data, reaches_trino
from tests.stack.client import Client, TrinoError, wait_for

LINES = "SELECT * FROM tpch.tiny.lineitem"
# As many at once as one connection takes.
AT_ONCE = 24


def cases(place, upstream):
    """The cases, the last of which ends Trino for a while. `upstream` is that part of the configuration."""
    newer = {**upstream, "http2": True}
    yield "HTTP/2 to Trino, once it is offered: statements at once on few connections, and rows as they are without Sluice", lambda: at_once(place, newer)
    yield "over HTTP/2 to Trino errors, denials and cancels are those of HTTP/1.1", lambda: ends(place, newer)
    yield "over HTTP/2 to Trino a client that stops reading stops Trino, and holds up nobody", lambda: stops(place, newer)
    yield "over HTTP/2 to Trino a client that goes away in mid-page ends its query", lambda: goes(place, newer)
    yield "no statement fails while HTTP/2 to Trino is offered and not, over and over", lambda: changes(place, upstream, newer)
    yield "Trino killed under load over HTTP/2 ends what runs, and Trino back is spoken to by it again", lambda: killed(place, newer)


def take(place, upstream):
    """Has Sluice read another way to Trino, if it goes by another one."""
    sluice = place.sluice
    if sluice.settings["upstream"] == upstream:
        return
    read = 'sluice_configuration_reads_total{outcome="used"}'
    before = sluice.metrics().get(read, 0)
    sluice.settings["upstream"] = upstream
    sluice.write_configuration()
    sluice.process.signal(signal.SIGHUP)
    wait_for("the file is read", lambda: sluice.metrics().get(read, 0) > before)


def direct(place):
    """A client of Trino itself, as Sluice's own user."""
    client = Client(f"https://localhost:{place.trino.https}", "sluice", ca=place.trino.ca)
    client.tls.load_cert_chain(place.ours.folder / "sluice.pem", place.ours.folder / "sluice.key")
    return client


def protocols(place, query, expect=1):
    """The protocols by which the pages of a query were asked for, as Trino has written them down."""
    log = place.trino.folder / "data/var/log/http-request.log"

    def found():
        lines = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines() if f"/{query}/" in line]
        return [fields[10] for fields in lines if len(fields) > 10]
    return set(wait_for("the request in Trino's log", lambda: len(found()) >= expect and found()))


def connections(place):
    """How many connections Sluice has to Trino."""
    sockets = {path.readlink().name for path in pathlib.Path(f"/proc/{place.sluice.process.pid}/fd").iterdir() if path.is_symlink()}
    inodes = {name[8:-1] for name in sockets if name.startswith("socket:[")}
    port = f":{place.trino.https:04X}"
    lines = [line.split() for file in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{file}").read_text(encoding="ascii").splitlines()[1:]]
    return sum(fields[2].endswith(port) and fields[9] in inodes and fields[3] == "01" for fields in lines)


def at_once(place, newer):
    """By far more clients than connections."""
    take(place, newer)
    client = place.sluice.client()
    result = client.query(LINES)
    assert not result.error and protocols(place, result.query_id) == {"HTTP/2.0"}, (result.error, protocols(place, result.query_id))
    assert sorted(result.rows) == sorted(direct(place).rows(LINES))
    # Those of before, by HTTP/1.1, end when nothing of theirs is left.
    before = connections(place)
    assert before
    most = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(place.sluice.client().rows, "SELECT count(*) FROM tpch.tiny.lineitem") for _ in range(4 * AT_ONCE)]
        while not all(one.done() for one in asked):
            most = max(most, connections(place))
            time.sleep(0.02)
    assert all(one.result() == [[60175]] for one in asked)
    # Statements and questions about tables have each their own.
    assert most - before < 4, (most, before)
    said = [line for line in place.sluice.log.read_text(encoding="utf-8").splitlines() if "Trino chose the protocol" in line]
    assert said and all("HTTP/2" in line for line in said), said


def ends(place, newer):
    """The same words and codes."""
    take(place, newer)
    for sql in ("SELECT 1 / 0", "SELECT nothing FROM tpch.tiny.region", "SELECT * FROM tpch.tiny.nowhere", "SELEC"):
        through, without = (client.query(sql).error for client in (place.sluice.client(), direct(place)))
        assert through["errorName"] == without["errorName"] and through["message"].startswith(without["message"]), (through["message"], without["message"])
    loader = place.client(place.ours.sign("streams", "/CN=streams", "URI:spiffe://acme/ns/etl/sa/loader"))
    assert loader.query("SELECT * FROM tpch.tiny.nation").error["errorName"] == "PERMISSION_DENIED"
    client = place.sluice.client()
    query, uri = page_with_data(client)
    assert client.cancel(uri) == 204
    wait_for("the query's end on Trino", lambda: canceled(place, query))
    assert protocols(place, query) == {"HTTP/2.0"}


def canceled(place, query):
    """Whether Trino says that a query was ended by its client."""
    return direct(place).rows(f"SELECT error_code FROM system.runtime.queries WHERE query_id = '{query}'") == [["USER_CANCELED"]]


def reading(place):
    """A query of its own, and a connection that has begun to take one of its pages, and holds little of it."""
    client = place.sluice.client()
    query, uri = page_with_data(client)
    connection, headers = opened(place.sluice, narrow=True)
    connection.sendall(f"GET {client.own(uri)} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 200"), "no page"
    return query, connection


def stops(place, newer):
    """Each has taken a thousand bytes of a page of a megabyte; others are answered as if they were not there."""
    take(place, newer)
    client = place.sluice.client()
    assert client.rows("SELECT count(*) FROM tpch.tiny.lineitem") == [[60175]]
    before = connections(place)
    stopped = [reading(place) for _ in range(8)]
    for _ in range(5):
        assert client.rows("SELECT count(*) FROM tpch.tiny.lineitem") == [[60175]]
    assert connections(place) - before < 4, (connections(place), before)
    # Who reads on gets the page to its end, which is that of an answer in chunks.
    end = b""
    while more := stopped[0][1].recv(65536):
        end = (end + more)[-100:]
    assert end.endswith(b"\r\n0\r\n\r\n"), end
    for query, connection in stopped:
        connection.close()
        wait_for("the query's end on Trino", lambda query=query: query == stopped[0][0] or canceled(place, query))


def goes(place, newer):
    """The connection is closed, and the query is not left behind."""
    take(place, newer)
    query, connection = reading(place)
    connection.close()
    wait_for("the query's end on Trino", lambda: canceled(place, query))
    assert place.sluice.client().rows("SELECT 1") == [[1]]


def changes(place, upstream, newer):
    """Each takes the file as it is then, and queries that run go on by what they began with."""
    with Load(place.sluice, clients=4) as load:
        for _ in range(4):
            for way in (upstream, newer):
                take(place, way)
                time.sleep(0.7)
        load.goes_on()
    wrong = [seen for seen in load.seen if seen[0] != [[25]]]
    assert not wrong and len(load.seen) > 20, (wrong[:3], len(load.seen))


def killed(place, newer):
    """What runs ends in an error, and all is as before when Trino is."""
    take(place, newer)
    client = place.sluice.client()
    pages = client.pages(LONG)
    next(pages)
    with Load(place.sluice) as load:
        time.sleep(1)
        began = time.monotonic()
        place.trino.kill()
        try:
            rest = [page for page, _ in pages]
        except TrinoError:
            pass
        else:
            assert "error" in rest[-1], rest[-1]
        assert client.query("SELECT 1").error, "a statement is answered without Trino"
        wait_for("it is said that Trino is away", lambda: not reaches_trino(place.sluice))
        place.trino.start()
        away = time.monotonic() - began
        load.goes_on()
    load.check(away)
    assert reaches_trino(place.sluice)
    result = client.query(LINES)
    assert not result.error and len(result.rows) == 60175 and protocols(place, result.query_id) == {"HTTP/2.0"}
