"""The machine's clock is set forward and back while Sluice runs, by libfaketime: what goes by it is obeyed at once, and what is kept for a time goes on."""

import datetime
import http.client
import pathlib
import shutil
import subprocess

from tests import feeds, ldap
from tests.certificates.authority import Authority
from tests.feeds.server import Server
from tests.identity.browser import Entrance
from tests.stack.client import Client, wait_for
from tests.stack.progress import Problem
from tests.stack.slapd import BASE, Slapd
from tests.stack.sluice import password

HOUR, DAY = 3600, 86400
NATIONS = "SELECT count(*) FROM tpch.tiny.nation"
REGIONS = "SELECT count(*) FROM tpch.tiny.region"
# Millions of rows.
LONG = "SELECT a.name, b.comment FROM tpch.tiny.nation a, tpch.tiny.nation b, tpch.tiny.nation c, tpch.tiny.nation d, tpch.tiny.nation e"
# Analysts read nations until tomorrow, and regions from then on.
POLICIES = """apiVersion: sluice/v1
kind: Domain
metadata: {{name: platform}}
spec: {{central: true, owners: [platform]}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {{name: nations, domain: platform}}
spec:
  tables: [{{catalog: tpch, schema: tiny, table: nation}}]
  grants:
    - {{to: {{groups: [analysts]}}, privileges: [select], validity: {{until: "{tomorrow}"}}}}
    - {{to: {{users: [admin]}}, privileges: [select]}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {{name: regions, domain: platform}}
spec:
  tables: [{{catalog: tpch, schema: tiny, table: region}}]
  grants:
    - {{to: {{groups: [analysts]}}, privileges: [select], validity: {{from: "{tomorrow}"}}}}
"""


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "clock"
    shutil.rmtree(folder, ignore_errors=True)
    clock = Clock(folder)
    authority = Authority(folder / "authority")
    policies = folder / "policies"
    policies.mkdir()
    tomorrow = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (policies / "all.yaml").write_text(POLICIES.format(tomorrow=tomorrow), encoding="ascii")
    users = [feeds.user("etl/loader", "analysts"), feeds.user("lender", "analysts"), feeds.user("dora", "analysts")]
    with Server(folder / "server", users) as server, Slapd(folder / "slapd", ldap.ENTRIES) as slapd:
        secret = folder / "secret"
        secret.write_text(server.secret, encoding="ascii")
        shared = {"ca": str(server.ca), "refresh": "1s"}
        issuer = {"issuer": server.url, "jwks_url": f"{server.url}/openid/v1/jwks", "jwks_token_file": str(secret), "audience": ["sluice"], "keep_keys": "1h",
                  "user": "{kubernetes.io.namespace}/{kubernetes.io.serviceaccount.name}", "clock_skew": "0s", "browser": {"client_id": "sluice"}, **shared}
        feed = {"url": f"{server.url}/scim/v2/Users", "token_file": str(secret), "maximum_age": "1h", **shared}
        directory = {"url": f"ldaps://localhost:{slapd.secure_port}", "ca": str(slapd.ca), "bind_patterns": [f"uid={{user}},ou=people,{BASE}"], "maximum_age": "1h"}
        settings = {
            "policies": {"max_staleness": "1h"},
            "identity": {"oidc": [issuer], "ldap": directory, "group_feed": feed, "client_certificates": [{"common_name": "{user}", "user": "{user}"}]},
            "audit": {"rotate_bytes": 1},
            "listen": {"tls": {"certificate": "tls/server.pem", "key": "tls/server.key", "client_ca": str(authority.ca), "client_crls": [str(authority.crl)]}},
            "limits": {"drain": "1s"},
        }
        sluice = stack.sluice("clock/sluice", policies, settings=settings, environment=clock.environment())
        # The issuer sends browsers back to this address.
        sluice.settings["listen"]["public_url"] = sluice.url
        with sluice:
            place = Place(clock, sluice, server, authority, slapd)
            wait_for("the feed is read", lambda: place.client().query(NATIONS).rows == [[25]])
            yield "a token ends by the clock, is none before its time, and is good again when the clock is", lambda: tokens(place)
            yield "keys and groups are believed by a clock that can't be set", lambda: kept(place)
            yield "a proved password is believed by a clock that can't be set", lambda: passwords(place)
            yield "policies grow old by a clock that can't be set", lambda: old_policies(place)
            yield "a grant ends and begins by the clock, and running queries with it", lambda: grants(place)
            yield "pages of a running query are given by whatever clock", lambda: pages(place)
            yield "a log-in by a browser ends by the clock", lambda: log_in(place)
            yield "a certificate ends by the clock, on an open connection too", lambda: certificate(place)
            yield "the decision log goes on when the clock is set back", lambda: log(place)


class Clock:
    """The clock that a program sees: the machine's, and so many seconds more or less."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = pathlib.Path(folder) / "offset"
        self.set(0)

    def set(self, seconds):
        """Sets it, for programs that run too."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n", encoding="ascii")
        new.rename(self.file)

    def environment(self):
        """What makes a program see it. Times of files are as they are, and the clock that measures durations can't be set, as on a real machine."""
        try:
            told = subprocess.run(["faketime", "-m", "-f", "+0s", "env"], capture_output=True, text=True, check=True).stdout
        except FileNotFoundError as e:
            raise Problem("faketime is missing: install it (Debian: apt-get install faketime)") from e
        preload = next(line.partition("=")[2] for line in told.splitlines() if line.startswith("LD_PRELOAD="))
        return {"LD_PRELOAD": preload, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


class Place:
    """What the cases share."""

    def __init__(self, clock, sluice, server, authority, slapd):
        self.clock, self.sluice, self.server, self.authority, self.slapd = clock, sluice, server, authority, slapd

    def client(self, seconds=30 * DAY):
        """A client with a token that is good for some time."""
        return Client(self.sluice.url, "etl/loader", ca=self.sluice.ca, headers={"Authorization": f"Bearer {self.server.token('loader', seconds=seconds)}"})

    def at(self, seconds):
        """For a `with` block the clock is so many seconds off."""
        return At(self.clock, seconds)


class At:
    """A block in which the clock is off."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds = clock, seconds

    def __enter__(self):
        self.clock.set(self.seconds)

    def __exit__(self, *_):
        self.clock.set(0)


def proved(client):
    """Whether a client is believed to be who it says."""
    error = client.query("SELECT 1").error
    assert error is None or error["errorName"] == "HTTP 401", error
    return error is None


def denied(client, sql):
    """Whether a statement is denied."""
    error = client.query(sql).error
    assert error is None or error["errorName"] == "PERMISSION_DENIED", error
    return error is not None


def tokens(place):
    """One that was proved, and so is remembered."""
    client = place.client(HOUR)
    for seconds, good in ((0, True), (2 * HOUR, False), (0, True), (-2 * HOUR, False), (HOUR - 60, True), (0, True)):
        with place.at(seconds):
            assert proved(client) == good, seconds


def kept(place):
    """For an hour here, without who tells them; the clock jumps by a day."""
    client = place.client()
    place.server.stop()
    try:
        with place.at(DAY - 600):
            assert client.rows(NATIONS) == [[25]]
    finally:
        place.server.start()
    with place.at(DAY - 600):
        assert client.rows(NATIONS) == [[25]]


def passwords(place):
    """For an hour here, without the directory being asked."""
    client = Client(place.sluice.url, "dora", password("dora"), place.sluice.ca)
    assert client.rows(NATIONS) == [[25]]
    asked = place.slapd.binds()
    for seconds in (DAY - 600, -DAY, 0):
        with place.at(seconds):
            assert client.rows("SELECT 1") == [[1]], seconds
    assert asked and place.slapd.binds() == asked


def old_policies(place):
    """They may be used for an hour after what is in the folder is wrong."""
    file = place.sluice.policies / "all.yaml"
    good = file.read_text(encoding="ascii")
    file.write_text("nothing", encoding="ascii")
    wait_for("the folder is wrong", lambda: '"current":false' in place.sluice.console("/health/ready")[1].replace(" ", ""))
    for seconds in (DAY - 600, -HOUR):
        with place.at(seconds):
            assert Client(place.sluice.url, "dora", password("dora"), place.sluice.ca).rows("SELECT 1") == [[1]], seconds
    file.write_text(good, encoding="ascii")
    wait_for("the folder is right", lambda: '"current":true' in place.sluice.console("/health/ready")[1].replace(" ", ""))


def grants(place):
    """Forward over a time that a policy names, and back."""
    client = place.client()
    assert (denied(client, NATIONS), denied(client, REGIONS)) == (False, True)
    running = client.pages(LONG)
    assert not next(page for page, _ in running if page.get("data")).get("error")
    with place.at(2 * DAY):
        assert (denied(client, NATIONS), denied(client, REGIONS)) == (True, False)
        error = next(page["error"] for page, _ in running if page.get("error"))
        assert error["errorName"] == "PERMISSION_DENIED", error
    assert (denied(client, NATIONS), denied(client, REGIONS)) == (False, True)


def pages(place):
    """Their marks know no time."""
    certificate = place.authority.sign("admin", "/CN=admin")
    client = Client(place.sluice.url, "admin", ca=place.sluice.ca)
    client.tls.load_cert_chain(*certificate[:2])
    running = client.pages(LONG)
    first = next(page for page, _ in running if page.get("data"))
    for seconds in (2 * DAY, 0, 3 * DAY, 10):
        with place.at(seconds):
            page, _ = next(running)
            assert page["data"] and not page.get("error"), (seconds, page.get("error"))
    assert client.cancel(page["nextUri"]) == 204 and first["id"] == page["id"]


def log_in(place):
    """Ten minutes, by the clock: also of one that was begun when it was wrong."""
    entrance = Entrance(place.server, place.sluice)

    def opens(redirect):
        status, _, text = entrance.browser().open(redirect)
        assert status in (200, 410), (status, text)
        return status == 200

    redirect, path = entrance.challenge()
    for seconds, good in ((0, True), (11 * 60, False), (0, True), (-DAY, True), (9 * 60, True)):
        with place.at(seconds):
            assert opens(redirect) == good, seconds
    with place.at(11 * 60):
        assert "over" in entrance.poll(path)["error"]
    with place.at(-DAY):
        before, path = entrance.challenge()
        assert opens(before)
    assert not opens(before) and "over" in entrance.poll(path)["error"]


def certificate(place):
    """It is good for seven days, and so is the list of those that are taken back."""
    client = Client(place.sluice.url, "lender", ca=place.sluice.ca)
    client.tls.load_cert_chain(*place.authority.sign("lender", "/CN=lender")[:2])
    connection = client.connect()

    def status():
        connection.request("POST", "/v1/statement", "SELECT 1", {"X-Trino-User": "lender"})
        response = connection.getresponse()
        response.read()
        return response.status

    assert status() == 200
    with place.at(8 * DAY):
        assert status() == 401
        assert refused(client)
    assert client.rows("SELECT 1") == [[1]]
    connection = client.connect()
    with place.at(-2 * DAY):
        assert refused(client)
    assert status() == 200


def refused(client):
    """Whether a new connection comes to nothing."""
    try:
        result = client.query("SELECT 1")
    except (OSError, http.client.HTTPException):
        return True
    return result.error is not None and result.error["errorName"] == "HTTP 401"


def log(place):
    """Here each record begins a file, whose name is a time. None is written over, and each statement has its record."""
    client = place.client()
    before = {record["id"] for record in place.sluice.records() if record["kind"] == "decision"}
    for seconds in (0, DAY, 0, HOUR, 0):
        with place.at(seconds):
            assert client.rows(f"SELECT {seconds}") == [[seconds]]
    records = [record for record in place.sluice.records() if record["kind"] == "decision"]
    assert len(records) == len(before) + 5 and len({record["id"] for record in records}) == len(records)
    [later] = [record for record in records if record.get("sql") == f"SELECT {DAY}"]
    assert datetime.datetime.fromisoformat(later["time"]) > datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=23)
