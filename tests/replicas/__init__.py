"""Two replicas behind haproxy, set up as deploy/haproxy.cfg has it: each page goes to either, and one may be killed."""

import contextlib
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import threading
import time

from tests.stack import process, sluice, tls
from tests.stack.client import Client, wait_for
from tests.stack.progress import Problem

HERE = pathlib.Path(__file__).parent
BALANCER = HERE.parents[1] / "deploy/haproxy.cfg"
ITEMS = "SELECT orderkey, linenumber, comment FROM tpch.sf1.lineitem WHERE orderkey <= {}"
SHOWN = "SELECT orderkey, linenumber, '-' AS comment FROM tpch.sf1.lineitem WHERE orderkey <= {} AND linenumber <> 2"
CLIENTS = 4


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "replicas"
    shutil.rmtree(folder, ignore_errors=True)
    tls.make(folder / "tls")
    certificate = folder / "tls/both.pem"
    certificate.write_text((folder / "tls/server.pem").read_text("ascii") + (folder / "tls/server.key").read_text("ascii"), encoding="ascii")
    key = folder / "page-key"
    key.write_text(secrets.token_hex(32), encoding="ascii")
    port = process.free_port()
    settings = {
        "listen": {"tls": None, "public_url": f"https://localhost:{port}", "page_key_file": str(key)},
        "identity": {"passwords_without_tls": True},
        "limits": {"drain": "20s"},
    }
    with stack.sluice("replicas/first", HERE / "policies", settings=settings) as first, stack.sluice("replicas/second", HERE / "policies", settings=settings) as second:
        with balancer(folder, port, certificate, first, second):
            place = Place(stack.trino, first, second, f"https://localhost:{port}", folder / "tls/ca.pem")
            yield "pages of one query come from both replicas, and are those of one", lambda: by_turns(place)
            yield "a denial is told by the replica that did not decide it", lambda: denied(place)
            yield "a query that another replica started belongs to its user there, too", lambda: owned(place)
            yield "a replica that drains gives its last pages and takes no statement, and no client notices", lambda: drained(place)
            yield "queries go on when the replica that started them is killed", lambda: killed(place)
            yield "the decision log of a killed replica is whole, and it goes on with it", lambda: whole(place)


class Place:
    """Where the cases look."""

    def __init__(self, trino, first, second, url, ca):
        self.trino = trino
        self.replicas = (first, second)
        self.url = url
        self.ca = ca

    def client(self, user="analyst"):
        """A client of the balancer."""
        return Client(self.url, user, password=sluice.password(user), ca=self.ca)

    def shown(self, most):
        """The rows that the analyst may see, from Trino itself."""
        return sorted(self.trino.rows(SHOWN.format(most)))


def balancer(folder, port, certificate, first, second):
    """haproxy with the file of the repository."""
    path = shutil.which("haproxy", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
    if not path:
        raise Problem("haproxy is missing: install it (Debian: apt-get install haproxy)")
    ports = {"PORT": port, "FIRST": first.port, "FIRST_CONSOLE": first.console_port, "SECOND": second.port, "SECOND_CONSOLE": second.console_port}
    environment = {"CERTIFICATE": str(certificate), **{name: str(value) for name, value in ports.items()}}
    return Balancer(path, folder / "haproxy.log", environment, port)


class Balancer:
    """The running haproxy."""

    def __init__(self, path, log, environment, port):
        self.server = process.Process("haproxy", [path, "-db", "-f", str(BALANCER)], log, environment)
        self.port = port

    def __enter__(self):
        self.server.wait_until(lambda: answers(self.port), 60)
        return self

    def __exit__(self, *_):
        self.server.stop()


def answers(port):
    """Whether somebody listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def decided(place):
    """How many decisions the replicas wrote down."""
    return sum(record.get("kind") == "decision" for replica in place.replicas for record in replica.records())


def finished(replica):
    """The ends of queries of which a replica gave the last page."""
    return [record for record in replica.records() if record.get("kind") == "completion" and record["state"] == "finished"]


def by_turns(place):
    """One query, each page of which is asked of the other replica, and one read through haproxy."""
    before = decided(place)
    replicas = [Client(replica.url, "analyst", password=sluice.password("analyst")) for replica in place.replicas]
    public, rows, served = place.client(), [], 0
    page = ask(replicas[0], "POST", "/v1/statement", ITEMS.format(150_000).encode())
    while "nextUri" in page:
        served += 1
        page = ask(replicas[served % 2], "GET", public.own(page["nextUri"]))
        rows += page.get("data") or []
    assert "error" not in page, page["error"]
    shown = place.shown(150_000)
    assert sorted(rows) == shown and served >= 6, (len(rows), len(shown), served)
    assert sorted(public.rows(ITEMS.format(150_000))) == shown
    assert decided(place) == before + 2


def ask(client, method, target, body=None):
    """A page."""
    connection = client.connect()
    try:
        connection.request(method, target, body, client.headers)
        response = connection.getresponse()
        data = response.read()
        assert response.status == 200, (target, response.status, data[:300])
        return json.loads(data)
    finally:
        connection.close()


def denied(place):
    """Statements that are refused, each told on a second page, which either replica may be asked for."""
    for _ in range(8):
        error = place.client().query("SELECT * FROM tpch.sf1.orders").error
        assert error["errorName"] == "PERMISSION_DENIED", error


def owned(place):
    """The address of a page, asked for by another user at each replica."""
    pages = place.client().pages(ITEMS.format(150_000))
    address = next(pages)[0]["nextUri"]
    for _ in range(4):
        other = place.client("admin")
        connection = other.connect()
        connection.request("GET", other.own(address), headers=other.headers)
        assert connection.getresponse().status == 404
        connection.close()
    assert place.client().cancel(address) == 204
    pages.close()


class Reader(threading.Thread):
    """A client that reads its pages slowly. It asks again for one that was cut off, as Trino's clients do."""

    def __init__(self, place, most, waits):
        super().__init__()
        self.waits = waits
        self.client = place.client()
        self.sql = ITEMS.format(most)
        self.rows = []
        self.pages = 0
        self.again = 0
        self.problem = None
        self.go_on = threading.Event()

    def run(self):
        """Reads to the end."""
        try:
            self.read()
        except Exception as problem:  # noqa: BLE001 (told by whoever looks at it)
            self.problem = problem

    def read(self):
        """One page after another. One that waits does so after a few, until it may go on."""
        page = self.ask("POST", "/v1/statement", self.sql.encode())
        while True:
            assert "error" not in page, page["error"]
            rows = page.get("data") or []
            self.rows += rows
            self.pages += bool(rows)
            if "nextUri" not in page:
                return
            # There are twice as many at least: how many depends on how fast they are taken.
            if self.waits and self.pages == 2:
                self.go_on.wait(400)
            page = self.ask("GET", self.client.own(page["nextUri"]))

    def ask(self, method, target, body=None):
        """A page; once more where its connection broke."""
        for _ in range(5):
            connection = self.client.connect()
            try:
                connection.request(method, target, body, self.client.headers)
                response = connection.getresponse()
                if response.status == 200:
                    return json.loads(response.read())
                assert method == "GET" and response.status in (502, 503, 504), (method, response.status, response.read()[:300])
            except (OSError, http.client.HTTPException):
                assert method == "GET", "a statement's connection broke"
            finally:
                connection.close()
            self.again += 1
            time.sleep(0.3)
        raise AssertionError(f"{target} was not given")


@contextlib.contextmanager
def reading(place, most=250_000, all_wait=True):
    """Clients that have read some pages. When the caller is done they read on, and must have all rows."""
    shown = place.shown(most)
    readers = [Reader(place, most, all_wait or number % 2 == 0) for number in range(CLIENTS)]
    for reader in readers:
        reader.start()
    try:
        wait_for("each client has some pages", lambda: all(reader.pages >= 2 or reader.problem for reader in readers), 300)
        yield readers
    finally:
        for reader in readers:
            reader.go_on.set()
    for reader in readers:
        reader.join(300)
        assert not reader.is_alive() and not reader.problem, reader.problem
        assert sorted(reader.rows) == shown, (len(reader.rows), len(shown))


def drained(place):
    """SIGTERM to one."""
    first, _ = place.replicas
    before = decided(place)
    with reading(place) as readers:
        first.process.signal(signal.SIGTERM)
        wait_for("it says that it takes no more", lambda: not first.ready())
        # haproxy looks twice a second.
        time.sleep(1.5)
        assert place.client().rows("SELECT count(*) FROM tpch.sf1.lineitem WHERE orderkey <= 10") == [[place.trino.rows("SELECT count(*) FROM tpch.sf1.lineitem WHERE orderkey <= 10 AND linenumber <> 2")[0][0]]]
    assert decided(place) == before + CLIENTS + 1
    assert [reader.again for reader in readers] == [0] * CLIENTS
    assert first.process.child.wait(30) == 0
    first.start()


def killed(place):
    """SIGKILL to one."""
    first, second = place.replicas
    before, ended = decided(place), len(finished(second))
    # Half of them wait, and the others have requests on their way to it.
    with reading(place, all_wait=False):
        first.kill()
    assert decided(place) == before + CLIENTS
    wait_for("the other one has seen the ends of those that waited", lambda: len(finished(second)) >= ended + CLIENTS // 2)
    first.start()


def whole(place):
    """What the killed one wrote."""
    first, _ = place.replicas
    records = first.records()
    wait_for("haproxy sends it statements again", lambda: place.client().rows("SELECT count(*) FROM tpch.sf1.lineitem WHERE orderkey < 0") == [[0]] and len(first.records()) > len(records), 30)
