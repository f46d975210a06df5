"""HTTP as nobody should send it: what Sluice answers, what of it reaches Trino, and what nginx does with the same bytes.

Each line of cases.jsonl is one exchange: the bytes that are sent (`<H>` and the like are filled in by `wire.filled`, numbers
are pauses in seconds), the statuses of the answers, the requests that reach Trino, and whether the connection stays. What
must hold for each of them stands in `right`. docs/hostile-http.md is made of what was seen:

    python3 -m tests.hostile --write
"""

import base64
import collections
import json
import pathlib
import re
import threading

from tests.stack.sluice import Sluice, password
from tests.stack.client import Client

from . import http2, nginx, table
from .stub import PAGE, QUERY, SECRET, Stub
from .wire import Exchange, filled

HERE = pathlib.Path(__file__).resolve().parent
PLAIN = "GET /v1/info/state HTTP/1.1\r\n<H>\r\n"
SETTINGS = {
    "listen": {"tls": None},
    "identity": {"passwords_without_tls": True},
    "limits": {"statement_bytes": 10_000, "header_bytes": 16_384, "header_timeout": "1s", "body_timeout": "1s", "send_timeout": "2s", "idle_timeout": "2s",
               "drain": "1s"},
}
# What Sluice may tell Trino by; all of it is built from what it read.
ALLOWED = {"host", "content-type", "content-length", "user-agent", "accept-encoding", "x-trino-user", "x-trino-source", "x-trino-time-zone"}
TARGET = re.compile(rf"POST /v1/statement|(GET|HEAD|DELETE) /v1/statement/executing/{QUERY}/yslug/1(\?maxWait=1s)?")

Seen = collections.namedtuple("Seen", "statuses requests closed")


def read_cases():
    """The cases in order, each with the section that it stands in."""
    section = ""
    for line in (HERE / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        section = case.get("section", section)
        if "name" in case:
            yield {**case, "section": section}


def cases(stack):
    """The cases of this suite."""
    with Run(stack.folder) as run:
        for case in run.cases:
            yield f"{case['section']}: {case['name']}", lambda case=case: run.sluice_answers(case)
        with Sluice(run.folder / "hostile-http2", run.stub.url, HERE / "policies", settings={"limits": SETTINGS["limits"]}) as sluice:
            yield from http2.cases(sluice, run.stub)
        if run.program:
            yield "docs/hostile-http.md says what was seen", lambda: table.check(run)


class Run:
    """A Sluice and an nginx, each before a stub of its own, and what both did. nginx goes through the cases meanwhile."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.cases = list(read_cases())
        self.program = nginx.command()
        self.stub, self.beside = Stub(), Stub()
        self.sluice = Sluice(self.folder / "hostile", self.stub.url, HERE / "policies", settings=SETTINGS)
        self.sluice_did, self.nginx_did = {}, {}
        self.server = self.thread = None

    def __enter__(self):
        self.stub.__enter__()
        self.beside.__enter__()
        self.sluice.__enter__()
        if self.program:
            self.server, port = nginx.started(self.program, self.folder / "hostile-nginx", self.beside.port)
            self.thread = threading.Thread(target=self.nginx_answers, args=(port,), daemon=True)
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.sluice.stop()
        if self.server:
            self.server.stop()
        self.stub.__exit__()
        self.beside.__exit__()

    def page(self):
        """The address of a page at Sluice, as path and query."""
        client = Client(f"http://localhost:{self.sluice.port}", "analyst", password("analyst"))
        page, _ = next(client.pages("SELECT 'paged'"))
        return client.own(page["nextUri"])

    def sluice_answers(self, case):
        """Sends a case to Sluice, and checks what came of it."""
        page = self.page() if "<PAGE>" in text(case) or "<BARE>" in text(case) else None
        self.stub.take()
        with Exchange(self.sluice.port, 5) as exchange:
            send(exchange, case, self.sluice.port, page, case["then"] == "closes")
            answers, closed = list(exchange.answers), exchange.closed
            requests = self.stub.take()
            if case["then"] == "stays" and not closed:
                exchange.send([filled(PLAIN, self.sluice.port)])
                # Whatever else was to be answered would be answered before it.
                exchange.read(len(answers) + 1, more=False)
                assert [answer.body for answer in exchange.answers[len(answers):]] == [b'"ACTIVE"'], "the next request on the connection is not answered"
        self.sluice_did[case["name"]] = Seen([answer.status for answer in answers], [request.line for request in requests], closed)
        right(case, answers, closed, requests, self)
        with Exchange(self.sluice.port, 5) as another:
            another.send([filled(PLAIN, self.sluice.port)])
            another.read(1, more=False)
            assert [answer.status for answer in another.answers] == [200], "another client is not answered afterwards"

    def nginx_answers(self, port):
        """Sends all cases to nginx, and keeps what came of them."""
        for case in self.cases:
            with Exchange(port, 1.5) as exchange:
                send(exchange, case, port)
                statuses = [answer.status for answer in exchange.answers]
                self.nginx_did[case["name"]] = Seen(statuses, [told(request) for request in self.beside.take()], exchange.closed)


def text(case):
    """All that a case sends."""
    return "".join(part for part in parts(case) if isinstance(part, str))


def parts(case):
    """What a case sends, with its pauses."""
    return case["send"] if isinstance(case["send"], list) else [case["send"]]


def send(exchange, case, port, page=None, closes=False):
    """Sends a case and reads what comes, to the end where the server `closes` the connection."""
    exchange.send([filled(part, port, page) if isinstance(part, str) else part for part in parts(case)], case.get("ends", False))
    exchange.read(max(len(case["answers"]), 1), text(case).startswith("HEAD "), closes)


def told(request):
    """A request that nginx sent on: its first line, or that it was none."""
    return request.line if not request.garbage else "bytes that are no request"


def error(page):
    """The error that the answer to a statement leads to: it stands in the address, behind a byte and in front of what proves it."""
    sealed = page["nextUri"].rpartition("/told/1?sluice=")[2]
    read = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))[1:].decode("utf-8", "replace")
    return json.JSONDecoder().raw_decode(read)[0]


def right(case, answers, closed, requests, run):
    """What is expected of a case, and what must hold for all."""
    statuses = [answer.status for answer in answers]
    bare = PAGE
    upstream = [line.replace("<PAGE>", bare) + " HTTP/1.1" for line in case.get("upstream", [])]
    assert statuses == case["answers"], f"answered {statuses}, to be {case['answers']}: {[answer.body[:200] for answer in answers]}"
    assert [request.line for request in requests] == upstream, f"Trino got {[request.line for request in requests]}, to get {upstream}"
    assert closed == (case["then"] == "closes"), "the connection is closed" if closed else "the connection stays open"
    if "error" in case:
        assert error(json.loads(answers[-1].body))["errorName"] == case["error"], answers[-1].body
    if "allow" in case:
        assert answers[-1].headers.get("allow") == case["allow"], answers[-1].headers
    if "leads" in case:
        assert json.loads(answers[-1].body)["nextUri"].startswith(case["leads"]), answers[-1].body
    for answer in answers:
        told_to_client(answer, run)
    good = sum(answer.status in (200, 204) for answer in answers)
    assert len(requests) <= good, "Trino got more requests than were accepted"
    for request in requests:
        told_to_trino(request, run)


def told_to_client(answer, run):
    """No answer tells where Trino is, shows what is behind the gate, or lets another site's page read it."""
    everything = answer.body + repr(answer.headers).encode()
    for secret in (SECRET, f":{run.stub.port}".encode(), b"evil.example"):
        assert secret not in everything, everything
    assert not any(name.startswith("access-control-") or name in ("server", "upgrade", "location") for name in answer.headers), answer.headers
    assert answer.status < 500, answer.status
    if answer.status == 400 and "content-length" in answer.headers and answer.body:
        assert answer.headers.get("x-content-type-options") == "nosniff", answer.headers


def told_to_trino(request, run):
    """Each request is well-formed, and built by Sluice."""
    assert not request.garbage, request.garbage
    method_target, _, version = request.line.rpartition(" ")
    assert TARGET.fullmatch(method_target) and version == "HTTP/1.1", request.line
    names = [name.lower() for name, _ in request.headers]
    assert len(names) == len(set(names)), names
    assert set(names) <= ALLOWED, sorted(set(names) - ALLOWED)
    assert request.all("host") == [f"127.0.0.1:{run.stub.port}"], request.all("host")
    assert request.all("x-trino-user") == ["analyst"], request.all("x-trino-user")
    assert request.all("accept-encoding") == ["identity"]
    if request.line.startswith("POST"):
        assert request.all("content-length") == [str(len(request.body))] and request.body.startswith(b"SELECT "), request.body
        assert request.all("content-type") == ["text/plain; charset=utf-8"]
    else:
        assert not request.body and not request.all("content-length"), request.headers
