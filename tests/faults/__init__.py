"""What goes wrong around Sluice, and what it does then: it refuses or waits, says why, and is whole again afterwards."""

import concurrent.futures
import contextlib
import json
import pathlib
import shutil
import socket
import threading
import time

from tests.stack.client import TrinoError, wait_for
from tests.stack.sluice import Sluice

from . import leaving, upstream

POLICIES = pathlib.Path(__file__).with_name("policies")

# Many seconds of work on one machine, and pages of a megabyte.
LONG = "SELECT a.*, b.comment FROM tpch.sf1.lineitem a CROSS JOIN tpch.tiny.nation b"

# What each limit is in these tests, in seconds; the ones that users get are longer.
BODY_TIMEOUT = 3


def cases(stack):
    """The cases of this suite."""
    settings = {"upstream": {"answer_timeout": f"{upstream.TIMEOUT}s"}, "limits": {"drain": "1s"}}
    with upstream.Faulty() as trino, Sluice(stack.folder / "faults-upstream", trino.url, upstream.POLICIES, settings=settings) as sluice:
        yield from leaving.cases(sluice, trino)
        yield from upstream.cases(sluice, trino)
    limits = {"limits": {"body_timeout": f"{BODY_TIMEOUT}s", "header_timeout": f"{BODY_TIMEOUT}s"}}
    with stack.sluice("faults", POLICIES, settings=limits) as sluice:
        yield "a client that sends a byte a second is let go and holds up nobody", lambda: slow_body(sluice)
        yield "headers that come a byte a second are let go", lambda: slow_headers(sluice)
        yield "a statement of 10 MB is refused, and the next one answered", lambda: large_statement(sluice)
        yield "a query is cancelled on Trino when its client goes in mid-page", lambda: client_gone(stack.trino, sluice)
        yield "a query is cancelled on Trino when its client cancels", lambda: client_cancels(stack.trino, sluice)
        yield "Trino killed in mid-query and under load ends what runs, and Trino back is used again", lambda: trino_killed(stack, sluice)
    yield "a broken policy changes nothing until it is mended", lambda: broken_policy(stack)
    yield "no statement is forwarded while the decision log can't be written", lambda: unwritable_log(stack)
    yield "one processor serves several at once by one thread, and ends what runs", lambda: one_processor(stack)


def answers(sluice, user="admin"):
    """Whether a statement of a user's is answered as it should be."""
    return sluice.client(user).query("SELECT count(*) FROM tpch.tiny.nation").rows == [[25]]


def opened(sluice, user="admin", narrow=False):
    """A connection of our own making: its socket, and the headers that every request has. A narrow one holds no page by itself."""
    client = sluice.client(user)
    raw = socket.socket()
    raw.settimeout(30)
    if narrow:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    raw.connect(("127.0.0.1", client.url.port))
    headers = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"localhost:{sluice.port}", **client.headers}.items())
    return client.tls.wrap_socket(raw, server_hostname=client.url.hostname), headers


def trickle(connection, data, most):
    """Sends a byte a second until the other side answers or closes: its answer, and the seconds that it took, at most `most`."""
    started = time.monotonic()
    connection.settimeout(1)
    answer = b""
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
            answer = connection.recv(65536)  # an answer, or the end: either way it has had enough
            break
        except TimeoutError:
            assert time.monotonic() - started < most, f"still open after {most} s"
        except OSError:
            break
    return answer, time.monotonic() - started


def slow_body(sluice):
    """The statement's bytes come slowly."""
    connection, headers = opened(sluice)
    with contextlib.closing(connection):
        connection.sendall(f"POST /v1/statement HTTP/1.1\r\n{headers}Content-Length: 600\r\n\r\n".encode())
        assert answers(sluice), "another client is not answered meanwhile"
        answer, _ = trickle(connection, b"SELECT 1" + b" " * 592, BODY_TIMEOUT + 10)
        assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert answers(sluice)


def slow_headers(sluice):
    """The request's first line comes slowly."""
    connection, headers = opened(sluice)
    with contextlib.closing(connection):
        answer, seconds = trickle(connection, f"GET /v1/info HTTP/1.1\r\n{headers}\r\n".encode(), BODY_TIMEOUT + 10)
        assert seconds > BODY_TIMEOUT - 1 and answer == b"", f"{answer} after {seconds:.1f} s"
    assert answers(sluice)


def large_statement(sluice):
    """More than Trino itself would read: refused in words that clients show, and written down."""
    # Completion records of statements before it may still come.
    decisions = lambda: [record for record in sluice.records() if record["kind"] == "decision"]
    before = len(decisions())
    error = sluice.client().query("SELECT '" + "x" * 10_000_000 + "'").error
    assert error and error["errorName"] == "QUERY_TEXT_TOO_LARGE", error
    assert len(decisions()) == before + 1, "the refusal is not written down"
    assert answers(sluice)


def state(trino, query_id):
    """State and error code of a query, as Trino itself says."""
    rows = trino.rows(f"SELECT state, error_code FROM system.runtime.queries WHERE query_id = '{query_id}'")
    return rows[0] if rows else [None, None]


def cancelled(trino, query_id):
    """Whether Trino ended a query since it was told to; one that nobody asks for it leaves for minutes, and calls abandoned."""
    return state(trino, query_id) == ["FAILED", "USER_CANCELED"]


def page_with_data(client):
    """The first page with rows of a long query: its id, and where the next one is."""
    for page, _ in client.pages(LONG):
        assert not page.get("error"), page["error"]
        if page.get("data"):
            return page["id"], page["nextUri"]
    raise AssertionError("the query ended too early")


def client_gone(trino, sluice):
    """The connection breaks while a page is on its way."""
    query_id, uri = page_with_data(sluice.client())
    connection, headers = opened(sluice, narrow=True)
    connection.sendall(f"GET {sluice.client().own(uri)} HTTP/1.1\r\n{headers}\r\n".encode())
    assert connection.recv(1000), "no answer"
    assert state(trino, query_id)[0] == "RUNNING"
    connection.close()
    wait_for("the query's end on Trino", lambda: cancelled(trino, query_id), 60)
    assert answers(sluice)


def client_cancels(trino, sluice):
    """The client's own DELETE."""
    client = sluice.client()
    query_id, uri = page_with_data(client)
    assert client.cancel(uri) == 204
    wait_for("the query's end on Trino", lambda: cancelled(trino, query_id), 60)


def trino_killed(stack, sluice):
    """Trino goes away under a query; another Sluice is started while it is not there; then Trino comes back."""
    client = sluice.client()
    pages = client.pages(LONG)
    for page, _ in pages:
        if page.get("data"):
            break
    with Load(sluice) as load:
        time.sleep(1)
        began = time.monotonic()
        stack.trino.kill()
        restarted(stack, sluice, client, pages)
        away = time.monotonic() - began
        load.goes_on()
    load.check(away)


def restarted(stack, sluice, client, pages):
    """Trino is gone, and is started again."""
    try:
        fails(lambda: [page for page, _ in pages if page.get("error") and ended(page)])
        assert client.query("SELECT 1").error, "a statement is answered without Trino"
        assert sluice.console("/health/live")[0] == 200
        assert not reaches_trino(sluice), "Sluice does not say that Trino is away"
        assert sluice.ready(), "Sluice is taken out of service where it could say what is wrong"
        late = stack.sluice("faults-late", POLICIES)
        late.write_settings()
        late.start(wait=False)
        try:
            wait_for("a Sluice that lives without Trino", lambda: late.console("/health/live")[0] == 200)
            assert late.client().query("SELECT 1").error, "a statement is answered without Trino"
            stack.trino.start()
            wait_for("the Sluice that was started without Trino", lambda: answers(late), 180)
            assert reaches_trino(late), "Sluice does not say that Trino is back"
        finally:
            late.stop()
    finally:
        if not stack.trino.ready():
            stack.trino.start()
    wait_for("the Sluice that was there before", lambda: answers(sluice), 180)
    assert reaches_trino(sluice), "Sluice does not say that Trino is back"


class Load:
    """Clients that send one statement after the other, whatever comes of them."""

    def __init__(self, sluice, clients=6):
        self.sluice, self.ending = sluice, threading.Event()
        self.seen = []
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)

    def ask(self):
        """Until the end: rows and error of each, and how long it took."""
        client = self.sluice.client(timeout=60)
        while not self.ending.is_set():
            began = time.monotonic()
            try:
                result = client.query("SELECT count(*) FROM tpch.tiny.nation")
                self.seen.append((result.rows, (result.error or {}).get("errorName"), time.monotonic() - began))
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.seen.append((None, repr(error), time.monotonic() - began))
            time.sleep(0.05)

    def goes_on(self):
        """Each client is answered again."""
        count = len(self.seen)
        wait_for("answers under load", lambda: sum(rows == [[25]] for rows, _, _ in self.seen[count:]) > len(self.threads), 180)

    def check(self, away):
        """Each ended as it should: the right rows, or an error of Sluice's or Trino's, in time; Trino was away for so many seconds."""
        rows = sum(rows == [[25]] for rows, _, _ in self.seen)
        errors = {error for _, error, _ in self.seen if error}
        assert rows and errors, (rows, errors)
        assert errors <= {"SERVER_STARTING_UP", "GENERIC_INTERNAL_ERROR", "HTTP 503", "HTTP 502"}, errors
        assert all(error or rows == [[25]] for rows, error, _ in self.seen)
        longest = max(seconds for _, _, seconds in self.seen)
        # A Trino that starts beside other work takes connections long before it answers.
        most = 30 + away
        assert longest < most, f"{longest:.1f} s, of at most {most:.1f} s"


def reaches_trino(sluice):
    """What the admin listener says of Trino."""
    return {check["name"]: check["ok"] for check in json.loads(sluice.console("/health/ready")[1])["checks"]}["upstream"]


def ended(page):
    """Raises the error of a page."""
    raise TrinoError(page["error"])


def fails(function):
    """Asserts that the query does not go on: an error in a page, a status, or a connection that ends."""
    try:
        function()
    except (TrinoError, OSError, ValueError):
        return
    except Exception as error:  # pylint: disable=broad-exception-caught
        assert type(error).__module__ == "http.client", error
        return
    raise AssertionError("the query went on without Trino")


def broken_policy(stack):
    """The good snapshot stays, and what is broken is told; a mended one is taken, by statements decided before too."""
    folder = pathlib.Path(stack.folder) / "faults-broken/policies"
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(POLICIES, folder)
    file = folder / "faults.yaml"
    good = file.read_text(encoding="utf-8")
    with stack.sluice("faults-broken-sluice", folder) as sluice:
        assert answers(sluice, "analyst")
        file.write_text(good.replace("privileges: [select]", "privileges: [selekt"), encoding="utf-8")
        wait_for("the broken file in the log", lambda: "faults.yaml" in sluice.log.read_text(encoding="utf-8"))
        assert answers(sluice, "analyst"), "a broken policy took a grant away"
        assert sluice.metrics()["sluice_decisions_recalled_total"] > 0, "the same statement was decided anew"
        assert sluice.console("/health/ready")[0] == 200, "a broken policy made Sluice unready"
        file.write_text(good.replace("users: [analyst]", "users: [somebody]"), encoding="utf-8")
        wait_for("the mended policy", lambda: not answers(sluice, "analyst"))
        assert answers(sluice)


def unwritable_log(stack):
    """Each record begins a new file, and the folder is gone."""
    with stack.sluice("faults-log", POLICIES, settings={"audit": {"rotate_bytes": 1}}) as sluice:
        assert answers(sluice)
        kept = sluice.audit.with_name("kept")
        sluice.audit.rename(kept)
        sluice.audit.write_text("no folder", encoding="utf-8")
        before = started(stack.trino)
        wait_for("a refusal", lambda: sluice.client().query("SELECT 1").error)
        for _ in range(3):
            assert sluice.client().query("SELECT 'unlogged'").error, "a statement was answered unlogged"
        assert started(stack.trino) == before, "a statement reached Trino unlogged"
        sluice.audit.unlink()
        kept.rename(sluice.audit)
        wait_for("answers once the log is back", lambda: answers(sluice))


def started(trino):
    """How many statements of this case's kind Trino has seen."""
    return trino.rows("SELECT count(*) FROM system.runtime.queries WHERE query LIKE '%unlogged%' AND query NOT LIKE '%count(*)%'")[0][0]


def one_processor(stack):
    """As many threads are taken as the environment says, which stands for the processors."""
    with stack.sluice("faults-one", POLICIES, settings={"limits": {"drain": "180s"}}, environment={"TOKIO_WORKER_THREADS": "1"}) as sluice:
        names = [task.read_text(encoding="ascii").strip() for task in pathlib.Path(f"/proc/{sluice.process.pid}/task").glob("*/comm")]
        assert "sluice-serve" in names, names
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            long = pool.submit(sluice.client().rows, "SELECT count(*) FROM tpch.sf1.lineitem a JOIN tpch.sf1.orders b ON a.orderkey = b.orderkey")
            assert all(pool.map(lambda _: answers(sluice), range(24)))
            ended = pool.submit(sluice.stop, 200)
            assert long.result()[0][0] > 6_000_000
            assert ended.result() == 0
        assert {record["state"] for record in sluice.records() if record["kind"] == "completion"} == {"finished"}
