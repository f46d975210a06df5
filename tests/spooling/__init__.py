"""Results that Trino spools: clients by their own libraries, whose segments are, and what of Trino and its storage shows."""

import base64
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import secrets
import ssl
import subprocess
import time
import urllib.parse

from tests.clients.clients import all_clients
from tests.clients.runs import CONNECTION
from tests.stack.client import wait_for
from tests.stack.sluice import Sluice, password
from tests.stack.trino import Trino, properties

from .s3 import Store

POLICIES = pathlib.Path(__file__).parent / "policies"
ENCODINGS = ("json", "json+lz4", "json+zstd")
ORDERS = "SELECT orderkey, totalprice, orderdate, clerk, comment FROM tpch.tiny.orders ORDER BY orderkey"
MANY = "SELECT * FROM tpch.tiny.orders"
# Nothing of these may ever reach a client.
SECRETS = ("canary", "x-amz", "X-Amz", "AWSAccess", "spool/", "127.0.0.1")
# How long a segment is kept where one has to expire, in seconds.
KEPT = 15


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "spooling"
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "page-key"
    key.write_text(secrets.token_hex(32), encoding="ascii")
    with contextlib.ExitStack() as open_:
        store = open_.enter_context(Store())
        trino = open_.enter_context(spooling_trino(folder / "trino", store, "COORDINATOR_PROXY", "1h"))

        def sluice(name, url, **spooling):
            settings = {"upstream": {"spooling": spooling} if spooling else {}, "listen": {"page_key_file": str(key)}}
            return open_.enter_context(Sluice(folder / name, url, POLICIES, settings=settings))

        by_key, by_log_in = sluice("by-key", trino.url, encodings=list(ENCODINGS)), sluice("by-log-in", trino.url, downloads="log_in")
        place = Place(store, trino, by_key, by_log_in)
        yield "python reads the same rows in each encoding, and acknowledges", lambda: same(place, "python", ENCODINGS)
        yield "trino-jdbc reads the same rows in each encoding, and acknowledges", lambda: same(place, "jdbc-476", ENCODINGS)
        yield "trino-cli reads the same rows, and acknowledges", lambda: same(place, "trino-cli", ["json+lz4"])
        yield "clients that log in for pages alone get no segment where each needs a log-in", lambda: strict(place)
        yield "encodings that the configuration leaves out are not asked for", lambda: left_out(place, sluice("json-alone", trino.url, encodings=["json"]))
        yield "without the configuration rows come on pages", lambda: unspooled(sluice("plain", trino.url))
        yield "a masked table's segments, and the storage, hold masked values alone", lambda: masked(place)
        yield "an error in a spooled query is told as any other", lambda: failed(place)
        yield "a segment is its principal's and effective user's alone", lambda: owned(place)
        yield "a replica serves what another gave", lambda: replicas(place)
        yield "a segment that was acknowledged is gone, and may be acknowledged again", lambda: acknowledged(place)
        yield "only GET is served", lambda: methods(place)
        yield "the completion record counts the rows in segments", lambda: counted(place)
        yield "nothing of Trino's or the storage's addresses and secrets reached a client", lambda: nothing_told(place)
        for one in (by_key, by_log_in):
            one.stop()
        trino.stop()
        direct = open_.enter_context(spooling_trino(folder / "trino", store, "STORAGE", f"{KEPT}s"))
        near, far = sluice("storage", direct.url, origins=[{"url": store.url}]), sluice("unnamed", direct.url, encodings=["json"])
        place = Place(store, direct, near, near)
        yield "segments of a storage that is named are fetched of it", lambda: of_storage(place)
        yield "a storage that is not named is refused, and what to set is told", lambda: unnamed(Place(store, direct, far, far))
        yield "a segment that has expired is gone", lambda: expired(place)


def spooling_trino(folder, store, mode, kept):
    """A Trino that spools all but the smallest results, encrypted for the customer's key of each segment."""
    spooled = {
        "protocol.spooling.enabled": "true",
        "protocol.spooling.shared-secret-key": base64.b64encode(b"canary-secret-of-all-segments-00").decode(),
        "protocol.spooling.retrieval-mode": mode,
        "protocol.spooling.initial-segment-size": "128kB",
        "protocol.spooling.maximum-segment-size": "512kB",
        "protocol.spooling.inlining.max-rows": "10",
        "protocol.spooling.inlining.max-size": "1kB",
    }
    manager = {
        "spooling-manager.name": "filesystem",
        "fs.s3.enabled": "true",
        "fs.location": "s3://spool/",
        "fs.segment.ttl": kept,
        "s3.endpoint": store.url,
        "s3.region": "us-east-1",
        "s3.aws-access-key": "canary-access",
        "s3.aws-secret-key": "canary-secret",
        "s3.path-style-access": "true",
    }
    return Trino(folder, properties=spooled, files={"spooling-manager.properties": properties(manager)})


@dataclasses.dataclass
class Got:
    """An answer."""
    status: int
    headers: list
    body: bytes


class Place:
    """Where the cases look, and all that clients of it were given."""

    given = []

    def __init__(self, store, trino, by_key, by_log_in):
        self.store = store
        self.trino = trino
        self.by_key = by_key
        self.by_log_in = by_log_in
        self.old = None

    def get(self, address, user=None, headers=None, method="GET", secret=None):
        """Asks for an address of Sluice's as a user, or without a log-in."""
        there = urllib.parse.urlsplit(address)
        sluice = self.by_key if there.port == self.by_key.port else self.by_log_in
        assert there.port == sluice.port and there.scheme == "https", f"an address that leads elsewhere: {address}"
        connection = http.client.HTTPSConnection("localhost", there.port, timeout=60, context=ssl.create_default_context(cafile=str(sluice.ca)))
        own = {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret or password(user)}".encode()).decode()} if user else {}
        connection.request(method, there.path, headers={**own, **(headers or {})})
        response = connection.getresponse()
        got = Got(response.status, response.getheaders(), response.read())
        connection.close()
        self.given.append(got)
        return got

    def pages(self, user, sql=MANY, sluice=None, encoding="json", **headers):
        """The pages of a statement."""
        client = (sluice or self.by_log_in).client(user)
        for page, received in client.pages(sql, {"X-Trino-Query-Data-Encoding": encoding, **headers}):
            self.given.append(Got(200, received, json.dumps(page).encode()))
            yield page

    def segments(self, user, sql=MANY, sluice=None, encoding="json", **headers):
        """The segments of a statement's result."""
        pages = list(self.pages(user, sql, sluice, encoding, **headers))
        errors = [page["error"] for page in pages if page.get("error")]
        assert not errors, errors
        found = [segment for page in pages for segment in (page.get("data") or {}).get("segments", [])]
        assert all(page["data"]["encoding"] == encoding for page in pages if page.get("data")), pages
        return found

    def segment(self, user, **more):
        """One segment in the storage."""
        return next(segment for segment in self.segments(user, **more) if segment["type"] == "spooled")


def header(segment):
    """What a client sends along with a segment's address."""
    assert list(segment["headers"]) == ["x-sluice-segment"], segment
    return {name: values[0] for name, values in segment["headers"].items()}


def run(name, lines, then=lambda: None):
    """What a client's program makes of lines. It goes on until `then` is done: some acknowledge segments in the background, for a minute."""
    command = next(client for client in all_clients() if client.name == name).command()
    kept = {key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=kept) as child:
        try:
            child.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
            child.stdin.close()
            said = [json.loads(child.stdout.readline()) for _ in lines]
            then()
        finally:
            child.kill()
    return {(one["cell"], one["way"]): one["outcomes"][0] for one in said}


def line(place, way, encoding, sql=ORDERS):
    """A statement for a program to run, at Trino itself or through Sluice."""
    sluice = {"sluice": place.by_key, "strict": place.by_log_in}.get(way)
    through = {"ca": str(sluice.ca), "password": password("admin")} if sluice else {}
    told = {**CONNECTION, "host": "localhost", "port": sluice.port if sluice else place.trino.port, "user": "admin", "source": "spooling", **through, "encoding": encoding}
    return {"cell": encoding, "way": way, "alone": True, "connection": told, "steps": [{"op": "hash", "sql": sql}]}


def same(place, name, encodings):
    """Rows are equal to direct ones; segments were fetched, and of those through Sluice some forgotten before the client went."""
    lines = [line(place, "sluice", encoding) for encoding in encodings]
    before, written = set(place.store.keys()), place.store.written
    came = run(name, lines, lambda: wait_for("a segment acknowledged", lambda: len(set(place.store.keys()) - before) < place.store.written - written))
    direct = run(name, [line(place, "trino", "json+zstd")])["json+zstd", "trino"]
    for encoding in encodings:
        through = came[encoding, "sluice"]
        assert direct == through and direct.get("count") == 15000, f"{encoding}: {direct} and {through}"


def strict(place):
    """Trino's own clients send no credential for a segment. What JDBC says of it is its own: the 401 is the error's cause."""
    came = run("jdbc-476", [line(place, "strict", "json")])["json", "strict"]
    assert came.get("error") == "SQLException: Error fetching results", came
    came = run("python", [line(place, "strict", "json")])["json", "strict"]
    assert "error 401: b'Authentication is needed'" in came.get("error", ""), came


def left_out(place, sluice):
    """The client's second choice is taken."""
    client = sluice.client("admin")
    encodings = {page["data"]["encoding"] for page, _ in client.pages(MANY, {"X-Trino-Query-Data-Encoding": "json+zstd,json,avro"}) if page.get("data")}
    assert encodings == {"json"}, encodings
    rows = client.query("SELECT 1", {"X-Trino-Query-Data-Encoding": "json+zstd"}).rows
    assert rows == [[1]], rows


def unspooled(sluice):
    """As without the spooling protocol."""
    rows = sluice.client("admin").rows(MANY, {"X-Trino-Query-Data-Encoding": "json+zstd,json"})
    assert len(rows) == 15000
    assert sluice.client("admin").rows("SELECT 1", {"X-Trino-Query-Data-Encoding": "json"}) == [[1]]


def masked(place):
    """The masks are in the statement that Trino runs."""
    before = set(place.store.keys())
    segments = place.segments("analyst", MANY, encoding="json")
    stored = [data for key, (data, _) in place.store.objects.items() if key not in before]
    assert stored, segments
    assert not any(b"Clerk#" in data or b'"F"' in data for data in stored), [data[:80] for data in stored]
    rows = []
    for segment in segments:
        inline = segment["type"] == "inline"
        rows += json.loads(base64.b64decode(segment["data"]) if inline else place.get(segment["uri"], "analyst").body)
    expected = place.trino.rows("SELECT count(*) FROM tpch.tiny.orders WHERE orderstatus <> 'F'")[0][0]
    assert len(rows) == expected and {row[6] for row in rows} == {"hidden"} and "F" not in {row[2] for row in rows}, (len(rows), expected, rows[:3])


def failed(place):
    """Errors come on pages, as ever."""
    for sql, name in (("SELECT 1 / (orderkey - orderkey) FROM tpch.tiny.orders", "DIVISION_BY_ZERO"), ("SELECT * FROM tpch.tiny.customer", "PERMISSION_DENIED")):
        errors = [page["error"]["errorName"] for page in place.pages("analyst", sql, encoding="json+zstd") if page.get("error")]
        assert errors == [name], errors


def owned(place):
    """To anyone else it does not exist."""
    strict, loose = place.segment("analyst"), place.segment("analyst", sluice=place.by_key)
    key, other = header(strict), header(loose)
    wrong = {"x-sluice-segment": base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")}
    forged = strict["uri"][:-1] + ("A" if strict["uri"][-1] != "A" else "B")
    for address, user, headers, status in [
        (strict["uri"], "analyst", {}, 200),
        (strict["uri"], "analyst", {"X-Trino-User": "analyst"}, 200),
        (strict["uri"], "anna", {}, 404),
        (strict["uri"], "anna", key, 404),
        (strict["uri"], "admin", {"X-Trino-User": "analyst"}, 404),
        (strict["uri"], "analyst", {"X-Trino-User": "anna"}, 404),
        (strict["uri"], None, {}, 401),
        (strict["uri"], None, key, 401),
        (loose["uri"], None, {}, 401),
        (loose["uri"], None, wrong, 401),
        (loose["uri"], None, key, 401),
        (loose["uri"], None, {**other, "X-Trino-User": "anna"}, 401),
        (loose["uri"], "anna", other, 404),
        (loose["uri"], None, other, 200),
        (forged, "analyst", key, 404),
        (forged, None, key, 401),
        (strict["ackUri"], "anna", key, 404),
        (strict["ackUri"], None, key, 401),
        (strict["ackUri"].replace("/ack/", "/download/"), "anna", key, 404),
    ]:
        got = place.get(address, user, headers)
        assert got.status == status, f"{user} {headers}: {got.status} {got.body[:200]}, not {status}"
    assert place.get(strict["uri"], "analyst", secret="wrong").status == 401
    # One who acts for another shows by the key that it has that user's page, or names the user.
    acting = place.segment("superset", **{"X-Trino-User": "anna"})
    for headers, status in [({}, 404), (header(acting), 200), ({"X-Trino-User": "anna"}, 200), ({**header(acting), "X-Trino-User": "superset"}, 404)]:
        got = place.get(acting["uri"], "superset", headers)
        assert got.status == status, f"{headers}: {got.status}"
    assert place.get(acting["uri"], "anna", header(acting)).status == 404


def replicas(place):
    """An address carries all that it takes."""
    segment = place.segment("admin", sluice=place.by_log_in)
    there = {part: segment[part].replace(f":{place.by_log_in.port}/", f":{place.by_key.port}/") for part in ("uri", "ackUri")}
    rows = json.loads(place.get(there["uri"], "admin").body)
    assert len(rows) == segment["metadata"]["rowsCount"]
    assert place.get(there["ackUri"], "admin").status == 200
    assert place.get(segment["uri"], "admin").status == 410


def acknowledged(place):
    """As Trino, which forgets what is not there as well."""
    segment = place.segment("admin")
    assert place.get(segment["uri"], "admin").status == 200
    for _ in range(2):
        got = place.get(segment["ackUri"], "admin")
        assert (got.status, got.body) == (200, b""), got
    got = place.get(segment["uri"], "admin")
    assert (got.status, got.body) == (410, b"The segment is gone: it was acknowledged, or it has expired"), got


def methods(place):
    """HEAD tells nothing of a segment, and nothing else is understood."""
    segment = place.segment("admin")
    for method in ("HEAD", "POST", "PUT", "DELETE"):
        for part in ("uri", "ackUri"):
            got = place.get(segment[part], "admin", method=method)
            assert got.status == 405 and ("allow", "GET") in got.headers, f"{method}: {got}"
    assert place.get(segment["uri"] + "?x=1", "admin").status in (200, 404)
    assert place.get(segment["uri"], "admin").status == 200


def counted(place):
    """Rows on all pages."""
    list(place.segments("admin", "SELECT orderkey FROM tpch.tiny.orders -- counted"))

    def ended():
        decided = {r["id"] for r in place.by_log_in.records() if r.get("sql", "").endswith("-- counted")}
        return next((r for r in place.by_log_in.records() if r.get("decision") in decided and "rows" in r), None)

    assert wait_for("the completion", ended)["rows"] == 15000


def expired(place):
    """After the time that Trino keeps it. The segment was there before the cases in front of this one."""
    segment, made = place.old
    time.sleep(max(0, made + KEPT + 1 - time.monotonic()))
    got = place.get(segment["uri"], "admin")
    assert (got.status, got.body) == (410, b"The segment is gone: it was acknowledged, or it has expired"), got


def nothing_told(place):
    """Neither in bodies nor in headers."""
    assert place.get(place.segment("admin")["uri"], "admin").status == 200
    assert len(place.given) > 3
    told = [place.trino.port, place.store.url.rpartition(":")[2]]
    for got in place.given:
        text = " ".join(f"{name}: {value}" for name, value in got.headers) + got.body.decode("latin-1")
        for secret in (*SECRETS, *(f":{port}" for port in told)):
            assert secret not in text, f"{secret} in {text[:2000]}"
    keys = {secret for _, secret in place.store.objects.values() if secret}
    assert keys and not any(key.encode() in got.body for key in keys for got in place.given)


def of_storage(place):
    """By the address that Trino signed, which no client sees."""
    place.old = place.segment("admin"), time.monotonic()
    asked = len(place.store.asked)
    segment = place.segment("analyst")
    rows = json.loads(place.get(segment["uri"], "analyst").body)
    assert len(rows) == segment["metadata"]["rowsCount"]
    fetched = [headers for method, path, headers in place.store.asked[asked:] if method == "GET" and "X-Amz-Signature" in path]
    assert len(fetched) == 1 and "Authorization" not in {name.title() for name in fetched[0]}, fetched
    assert place.get(segment["ackUri"], "analyst").status == 200
    assert place.get(segment["uri"], "analyst").status == 410
    nothing_told(place)


def unnamed(place):
    """A client shows what the operators have to do."""
    errors = [page["error"] for page in place.pages("admin") if page.get("error")]
    assert len(errors) == 1 and "upstream.spooling.origins" in errors[0]["message"], errors
    assert place.store.url not in json.dumps(errors)
    came = run("jdbc-476", [line(place, "sluice", "json")])["json", "sluice"]
    assert "COORDINATOR_PROXY" in came.get("error", ""), came
