"""Several clusters: rules say where statements go, queries and transactions stay where they are, and no cluster that is away, starting or drained gets a statement.

    python3 -m tests.stack.suites clusters
"""

import base64
import concurrent.futures
import contextlib
import hashlib
import json
import pathlib
import secrets
import shutil
import signal
import urllib.parse

from tests.stack.client import wait_for
from tests.stack.sluice import Sluice
from tests.stack.trino import Trino, lake

from .stub import Cluster

POLICIES = pathlib.Path(__file__).with_name("policies")
ROUTING = [
    {"when": {"users": ["hr_*"]}, "to": ["etl"]},
    {"when": {"sources": ["airflow*"]}, "to": ["etl", "adhoc"]},
    {"when": {"client_tags": ["batch"]}, "to": ["etl"]},
    {"to": ["adhoc", "etl"]},
]
CHECKS = {"every": "200ms", "timeout": "1s", "unhealthy_after": 2, "healthy_after": 2}
# It runs for as long as nobody takes its rows.
LONG = "SELECT a.*, b.comment FROM tpch.sf1.lineitem a CROSS JOIN tpch.tiny.nation b"
# Where a mark has the cluster's id: behind flags and the decision's id.
CLUSTER = slice(17, 21)


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "clusters"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key = folder / "page-key"
    key.write_text(secrets.token_hex(32), encoding="ascii")
    node = "node.environment=other\nnode.id=other\nnode.data-dir={}\n".format((folder / "trino/data").resolve())
    # Both have the same lake.
    trino = Trino(folder / "trino", catalogs={"lake": lake(stack.trino.folder)}, files={"node.properties": node})
    with early(trino) as other:
        yield from stubs(folder, key)
        yield from real(stack, folder, other)


@contextlib.contextmanager
def early(trino):
    """A server that is started beside what else happens: a function that waits for it."""
    with concurrent.futures.ThreadPoolExecutor() as beside:
        started = beside.submit(trino.__enter__)
        try:
            yield started.result
        finally:
            started.exception()
            trino.stop()


def stubs(folder, key):
    """With stand-ins for Trino."""
    with Cluster("adhoc") as adhoc, Cluster("etl") as etl:
        settings = {**settings_of({"adhoc": adhoc, "etl": etl}), "listen": {"page_key_file": str(key)}}
        with Sluice(folder / "first", None, POLICIES, settings=settings) as first, Sluice(folder / "second", None, POLICIES, settings=settings) as second:
            place = Place(first, second, adhoc, etl, settings)
            yield "a statement goes where its user, its source or its tag leads", lambda: routed(place)
            yield "a query's pages come from its cluster through both replicas", lambda: by_turns(place)
            yield "an address that names another cluster, or none, is not known", lambda: swapped(place)
            yield "a transaction stays with its cluster, for who began it", lambda: transaction(place)
            yield "a drained cluster gets nothing new, and what runs there ends", lambda: drained(place)
            yield "a cluster that starts gets nothing before it has started", lambda: starting(place)
            yield "what a killed cluster would get goes to the next, and comes back", lambda: killed(place)
            yield "a statement that may have arrived is not sent to another cluster", lambda: not_twice(place)
            yield "with all clusters gone, statements are refused once", lambda: all_gone(place)
            yield "a query of a removed cluster ends where it is remembered", lambda: removed(place)
            yield "a query from before there were several clusters goes on at `upstream`", lambda: before(place)
            yield "a new cluster that does not answer is not taken, unless it is drained", lambda: not_there(place)


def settings_of(clusters, routing=None):
    """What a configuration says of clusters."""
    return {"upstream": None, "clusters": {name: {"url": cluster.url} for name, cluster in clusters.items()}, "routing": routing or ROUTING, "health_checks": CHECKS}


class Place:
    """What the cases share."""

    def __init__(self, first, second, adhoc, etl, settings):
        self.first, self.second, self.adhoc, self.etl, self.settings = first, second, adhoc, etl, settings

    @property
    def both(self):
        """The replicas."""
        return self.first, self.second

    @contextlib.contextmanager
    def changed(self, *replicas, **sections):
        """Replicas with other sections in their configuration, and afterwards as before."""
        for replica in replicas:
            change(replica, {**self.settings, **sections})
        try:
            yield
        finally:
            for replica in replicas:
                change(replica, self.settings)

    def healthy(self, name, healthy=True):
        """Waits until both replicas hold a cluster for healthy, or not."""
        for replica in self.both:
            wait_for(f"{name} is {'' if healthy else 'un'}healthy", lambda replica=replica: gauge(replica, "healthy", name) == healthy)


def change(replica, settings, taken=True):
    """Has a configuration taken, or refused."""
    outcome = f'sluice_configuration_reads_total{{outcome="{"used" if taken else "refused"}"}}'
    count = replica.metrics()[outcome]
    replica.settings = settings
    replica.write_configuration()
    replica.process.signal(signal.SIGHUP)
    wait_for("the file is read", lambda: replica.metrics()[outcome] > count)


def gauge(replica, name, cluster):
    """What a replica tells of a cluster."""
    return replica.metrics().get(f'sluice_cluster_{name}{{cluster="{cluster}"}}')


def answered_by(replica, user="analyst", sql="SELECT 1", **headers):
    """Which cluster answers a statement."""
    names = {"source": "X-Trino-Source", "tags": "X-Trino-Client-Tags", "transaction": "X-Trino-Transaction-Id", "acting": "X-Trino-User"}
    return replica.client(user).rows(sql, {names[name]: value for name, value in headers.items()})[0][0]


def begun(replica, user="analyst", **headers):
    """The first page of a statement's."""
    pages = replica.client(user).pages("SELECT 1", headers)
    page, _ = next(pages)
    pages.close()
    return page


def asked(replica, uri, user="analyst", method="GET"):
    """Status and page for the address of a page, whichever replica it was given by."""
    there, client = urllib.parse.urlsplit(uri), replica.client(user)
    connection = client.connect()
    with contextlib.closing(connection):
        connection.request(method, f"{there.path}?{there.query}", headers=client.headers)
        response = connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if response.status == 200 and data else data.decode()


def read(replicas, page, user="analyst"):
    """Reads a query to its end, each page through the next replica: its rows."""
    rows, number = [], 0
    while page.get("nextUri"):
        status, page = asked(replicas[number % len(replicas)], page["nextUri"], user)
        assert status == 200, (status, page)
        rows, number = rows + (page.get("data") or []), number + 1
    return rows


def routed(place):
    """By each replica alike."""
    for replica in place.both:
        for expected, user, headers in [
            ("adhoc", "analyst", {}),
            ("etl", "hr_partner", {}),
            ("etl", "analyst", {"source": "airflow-2"}),
            ("etl", "analyst", {"tags": "team=a,batch"}),
            ("adhoc", "analyst", {"tags": "batches"}),
        ]:
            assert answered_by(replica, user, **headers) == expected, (expected, user, headers)
    # Who may not act for another does not get where the other does.
    posts = place.etl.posts
    error = place.first.client("analyst").query("SELECT 1", {"X-Trino-User": "hr_partner"}).error
    assert error and "cannot impersonate" in error["message"] and place.etl.posts == posts, error
    clusters = [record["cluster"] for record in place.first.records() if record["kind"] == "decision"]
    assert clusters == ["adhoc", "etl", "etl", "etl", "adhoc", "etl"], clusters


def by_turns(place):
    """The rules lead these users elsewhere in the meantime."""
    for user, expected in [("analyst", "adhoc"), ("hr_partner", "etl")]:
        page = begun(place.first, user)
        with place.changed(place.second, routing=[{"to": ["etl" if expected == "adhoc" else "adhoc"]}]):
            assert answered_by(place.second, user) != expected
            assert read((place.second, place.first), page, user) == [[expected]]
    status, _ = asked(place.second, begun(place.first, "hr_partner")["nextUri"], "hr_partner", "DELETE")
    assert status in (200, 204), status


def swapped(place):
    """Only an address as it was given leads anywhere."""
    uri = begun(place.first)["nextUri"]
    start, _, mark = uri.partition("sluice=")
    said = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))
    assert said[CLUSTER] == hashlib.sha256(b"adhoc").digest()[:4], "a mark has another form"
    others = [hashlib.sha256(b"etl").digest()[:4], bytes(4), b""]
    for replica in place.both:
        for other in others:
            forged = base64.urlsafe_b64encode(said[:CLUSTER.start] + other + said[CLUSTER.stop:]).decode().rstrip("=")
            assert asked(replica, f"{start}sluice={forged}") == (404, "Query not found"), other
    assert read(place.both, {"nextUri": uri}) == [["adhoc"]]


def transaction(place):
    """It is begun by a source that the rules lead elsewhere than what follows."""
    begin = place.first.client("analyst").query("START TRANSACTION", {"X-Trino-Source": "airflow"})
    assert begin.error is None, begin.error
    sealed = dict(begin.headers)["x-trino-started-transaction-id"]
    assert place.etl.transaction not in sealed
    place.etl.transactions.clear()
    for replica in place.both:
        assert answered_by(replica, transaction=sealed) == "etl"
    assert place.etl.transactions == [place.etl.transaction] * 2, place.etl.transactions
    assert answered_by(place.first, transaction="NONE") == "adhoc"
    with place.changed(place.first, clusters={**place.settings["clusters"], "etl": {"url": place.etl.url, "drain": True}}):
        assert answered_by(place.first, transaction=sealed) == "etl", "a transaction can't end on a drained cluster"
    for user, given in [("hr_partner", sealed), ("analyst", place.etl.transaction), ("analyst", sealed[:-2] + "AA")]:
        error = place.first.client(user).query("SELECT 1", {"X-Trino-Transaction-Id": given}).error
        assert error and error["errorName"] == "UNKNOWN_TRANSACTION", error
    with place.changed(place.first, clusters={"adhoc": {"url": place.adhoc.url}}, routing=[{"to": ["adhoc"]}]):
        error = place.first.client("analyst").query("SELECT 1", {"X-Trino-Transaction-Id": sealed}).error
        assert error and error["errorName"] == "UNKNOWN_TRANSACTION", error


def drained(place):
    """While a query runs there."""
    page = begun(place.first)
    assert gauge(place.first, "statements_running", "adhoc") >= 1
    running = gauge(place.first, "statements_running", "adhoc")
    with place.changed(place.first, clusters={**place.settings["clusters"], "adhoc": {"url": place.adhoc.url, "drain": True}}):
        assert gauge(place.first, "drained", "adhoc") == 1 and gauge(place.first, "healthy", "adhoc") == 1
        posts = place.adhoc.posts
        assert answered_by(place.first) == "etl"
        assert read((place.first,), page) == [["adhoc"]] and place.adhoc.posts == posts
        assert gauge(place.first, "statements_running", "adhoc") == running - 1
    assert gauge(place.first, "drained", "adhoc") == 0
    assert answered_by(place.first) == "adhoc"


def starting(place):
    """As `/v1/info` says."""
    place.adhoc.starting = True
    place.healthy("adhoc", False)
    assert answered_by(place.first) == "etl"
    place.adhoc.starting = False
    place.healthy("adhoc")
    assert answered_by(place.first) == "adhoc"


def killed(place):
    """Statements go to the other cluster from the first moment on, and a query that ran is an error."""
    page = begun(place.first)
    moved = gauge(place.first, "statements_moved_total", "adhoc")
    with place.changed(*place.both, health_checks={**CHECKS, "every": "10s"}):
        place.adhoc.kill()
        assert answered_by(place.first) == "etl", "nobody has noticed yet, and nothing was sent"
        assert gauge(place.first, "statements_moved_total", "adhoc") == moved + 1
        status, said = asked(place.first, page["nextUri"])
        assert status == 503 and "can't be reached" in said, (status, said)
        place.adhoc.back()
    place.healthy("adhoc")
    assert read(place.both, page) == [["adhoc"]], "a page is asked for again once the cluster is back"
    records = [record for record in place.first.records() if record["kind"] == "decision"][-1:]
    assert records[0]["cluster"] == "etl", records
    place.adhoc.kill()
    place.healthy("adhoc", False)
    moved = gauge(place.first, "statements_moved_total", "adhoc")
    assert answered_by(place.first) == "etl" and gauge(place.first, "statements_moved_total", "adhoc") == moved
    assert "the cluster gets no more statements" in place.first.log.read_text("utf-8")
    place.adhoc.back()
    place.healthy("adhoc")
    assert answered_by(place.first) == "adhoc"
    assert "the cluster gets statements again" in place.first.log.read_text("utf-8")


def not_twice(place):
    """The connection breaks after the statement was sent."""
    answer = place.adhoc.answer

    def broken(request):
        if request.line.startswith("POST"):
            raise OSError
        return answer(request)

    place.adhoc.answer = broken
    posts = place.etl.posts
    try:
        error = place.first.client("analyst").query("SELECT 1").error
    finally:
        place.adhoc.answer = answer
    assert error and error["errorName"] == "SERVER_STARTING_UP" and "not known" in error["message"], error
    assert place.etl.posts == posts, "it was sent twice"


def all_gone(place):
    """No status for which clients send it again, and Sluice is there to say so."""
    for cluster in (place.adhoc, place.etl):
        cluster.kill()
    for name in ("adhoc", "etl"):
        place.healthy(name, False)
    pages = list(place.first.client("analyst").pages("SELECT 1"))
    error = pages[-1][0]["error"]
    assert error["errorName"] == "QUERY_QUEUE_FULL" and "No cluster takes the statement" in error["message"], error
    assert place.first.metrics()['sluice_limits_reached_total{limit="clusters"}'] >= 1
    status, told = place.first.console("/health/ready")
    upstream = next(check for check in json.loads(told)["checks"] if check["name"] == "upstream")
    assert status == 200 and upstream["ok"] is False and "adhoc unhealthy" in upstream["detail"], told
    place.etl.back()
    place.healthy("etl")
    upstream = next(check for check in json.loads(place.first.console("/health/ready")[1])["checks"] if check["name"] == "upstream")
    assert upstream["ok"] is True, upstream
    assert answered_by(place.first) == "etl"
    assert place.first.client("analyst").query("SELECT 1", {"X-Trino-Client-Tags": "batch"}).error is None
    place.adhoc.back()
    place.healthy("adhoc")


def removed(place):
    """Who started it has the cluster still; nobody else can know where it was."""
    page = begun(place.first)
    with place.changed(*place.both, clusters={"etl": {"url": place.etl.url}}, routing=[{"to": ["etl"]}]):
        assert gauge(place.first, "healthy", "adhoc") is None
        status, said = asked(place.second, page["nextUri"])
        assert status == 404 and "its cluster is not in the configuration any more" in said, (status, said)
        assert read((place.first,), page) == [["adhoc"]]


def before(place):
    """Marks of that time name no cluster."""
    upstream = {"upstream": {"url": place.adhoc.url}, "clusters": None, "routing": []}
    with place.changed(*place.both, **upstream):
        page, other = begun(place.first), begun(place.first)
    assert asked(place.second, page["nextUri"])[0] == 404
    assert read((place.first,), page) == [["adhoc"]], "it is remembered here"
    clusters = {"upstream": {"url": place.adhoc.url}, "etl": {"url": place.etl.url}}
    with place.changed(place.second, clusters=clusters, routing=[{"to": ["etl", "upstream"]}]):
        assert answered_by(place.second) == "etl"
        assert read((place.second,), other) == [["adhoc"]]


def not_there(place):
    """What was in force stays."""
    gone = Cluster("late")
    url = gone.url
    gone.listener.close()
    more = {**place.settings["clusters"], "late": {"url": url}}
    routing = [{"to": ["late", "adhoc"]}]
    change(place.first, {**place.settings, "clusters": more, "routing": routing}, taken=False)
    assert "Trino does not answer at the new clusters.late.url" in place.first.log.read_text("utf-8")
    assert answered_by(place.first, "hr_partner") == "etl"
    more["late"]["drain"] = True
    with place.changed(place.first, clusters=more, routing=routing):
        assert answered_by(place.first, "hr_partner") == "adhoc"


def real(stack, folder, other):
    """With two real servers, which have other rows in the same table."""
    clusters = {"adhoc": stack.trino, "etl": other()}
    stack.trino.rows("CREATE SCHEMA IF NOT EXISTS lake.clusters")
    stack.trino.rows("DROP TABLE IF EXISTS lake.clusters.shared")
    stack.trino.rows("CREATE TABLE lake.clusters.shared AS SELECT 1 AS id, 'hidden' AS secret")
    for name, trino in clusters.items():
        trino.rows("DROP TABLE IF EXISTS memory.default.place")
        trino.rows(f"CREATE TABLE memory.default.place AS SELECT '{name}' AS name, 'hidden' AS secret")
    settings = {**settings_of(clusters), "health_checks": {**CHECKS, "every": "1h"}}
    with Sluice(folder / "real", None, POLICIES, settings=settings) as sluice:
        yield "each of two real clusters answers by its own tables, and both under the same policies", lambda: both(sluice)
        yield "a transaction runs on the real cluster that began it", lambda: real_transaction(sluice, clusters["etl"])
        yield "a query is ended where it runs, wherever the statement that ends it would go", lambda: ended(sluice, clusters["etl"])
        yield "what a statement changes on one cluster is known on the other", lambda: changed_elsewhere(sluice)
        yield "what a real cluster that was killed would have got is decided anew for the other", lambda: moved(sluice, clusters["etl"])


def both(sluice):
    """The mask holds on both."""
    for user, name in (("analyst", "adhoc"), ("hr_partner", "etl")):
        assert sluice.client(user).rows("SELECT name, secret FROM memory.default.place") == [[name, "-"]]
    denied = sluice.client("outsider").query("SELECT name FROM memory.default.place", {"X-Trino-Client-Tags": "batch"}).error
    assert denied and denied["errorName"] == "PERMISSION_DENIED", denied


def real_transaction(sluice, etl):
    """And an id that Trino does not know is the same error as at Trino itself."""
    client = sluice.client("analyst")
    begin = client.query("START TRANSACTION", {"X-Trino-Source": "airflow", "X-Trino-Transaction-Id": "NONE"})
    assert begin.error is None, begin.error
    header = {"X-Trino-Transaction-Id": dict(begin.headers)["x-trino-started-transaction-id"]}
    assert client.rows("SELECT name FROM memory.default.place", header) == [["etl"]]
    commit = client.query("COMMIT", header)
    assert commit.error is None and dict(commit.headers).get("x-trino-clear-transaction-id"), commit
    direct = etl.client("analyst").query("SELECT 1", {"X-Trino-Transaction-Id": "5f1a4d2c-7c2e-4a5b-9f0e-000000000000"}).error
    own = client.query("SELECT 1", {"X-Trino-Transaction-Id": "5f1a4d2c-7c2e-4a5b-9f0e-000000000000"}).error
    assert [direct[name] for name in ("errorName", "errorCode", "errorType")] == [own[name] for name in ("errorName", "errorCode", "errorType")], (direct, own)


def ended(sluice, etl):
    """It was started by a source that the rules lead to the one cluster, and is ended by one that they lead to the other."""
    client = sluice.client("analyst")
    pages = client.pages(LONG, {"X-Trino-Source": "airflow"})
    page, _ = next(pages)
    state = lambda: etl.rows(f"SELECT state FROM system.runtime.queries WHERE query_id = '{page['id']}'")
    wait_for("it runs", lambda: state() == [["RUNNING"]])
    assert client.query(f"CALL system.runtime.kill_query(query_id => '{page['id']}', message => 'enough')").error is None
    wait_for("it has ended", lambda: state() == [["FAILED"]])
    error = next((page["error"] for page, _ in pages if page.get("error")), None)
    assert error and error["errorName"] == "ADMINISTRATIVELY_KILLED", error


def changed_elsewhere(sluice):
    """Both have the same lake, and a mask makes Sluice write the table's columns out."""
    columns = lambda **headers: sluice.client("analyst").query("SELECT * FROM lake.clusters.shared", headers).names
    assert columns() == columns(**{"X-Trino-Source": "airflow"}) == ["id", "secret"]
    altered = sluice.client("admin").query("ALTER TABLE lake.clusters.shared ADD COLUMN more bigint", {"X-Trino-Client-Tags": "batch"}).error
    assert altered is None, altered
    assert columns() == columns(**{"X-Trino-Source": "airflow"}) == ["id", "secret", "more"]


def moved(sluice, etl):
    """One statement is of a table that is known there, the other of one that it would have been asked for."""
    client, airflow = sluice.client("analyst"), {"X-Trino-Source": "airflow"}
    assert client.rows("SELECT name FROM memory.default.place", airflow) == [["etl"]]
    etl.kill()
    before = len(sluice.records())
    assert client.rows("SELECT name, secret FROM memory.default.place", airflow) == [["adhoc", "-"]]
    assert client.rows("SELECT count(*) FROM tpch.tiny.region", airflow) == [[5]]
    assert gauge(sluice, "statements_moved_total", "etl") == 2 and gauge(sluice, "healthy", "etl") == 1
    decisions = [record["cluster"] for record in sluice.records()[before:] if record["kind"] == "decision"]
    assert decisions == ["etl", "adhoc", "adhoc"], decisions
    told = lambda: [(record["state"], record["query_id"]) for record in sluice.records()[before:] if record["kind"] == "completion"]
    wait_for("it is written down that the first was not started", lambda: ("failed", None) in told())
