"""Policies from real Git servers, by SSH and by HTTPS: who is believed, what is in force when something goes wrong, and where it is said.

No Trino is needed: policies come before it, and each decision is written down, that to refuse for want of Trino too.
"""

import contextlib
import json
import shutil
import subprocess

from tests.stack import tls
from tests.stack.client import wait_for
from tests.stack.process import free_port
from tests.stack.sluice import Sluice, binary

from .servers import HttpsServer, Repository, SshServer

CENTRE = """apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true, owners: [platform]}
---
apiVersion: sluice/v1
kind: Domain
metadata: {name: sales}
spec: {owns: [{catalog: sales}], owners: [sales]}
"""

# How long policies may be out of date in these tests.
STALE = "3s"


def policy(domain, table):
    """A policy by which everyone reads a table."""
    return (f"apiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: read-{table}, domain: {domain}}}\nspec:\n"
            f"  tables: [{{catalog: sales, schema: s, table: {table}}}]\n  grants: [{{to: {{everyone: true}}, privileges: [select]}}]\n")


def cases(stack):
    """The cases of this suite."""
    place = Place(stack.folder / "repositories")
    yield "policies come by SSH, and a push is followed", lambda: by_ssh(place)
    yield "a host whose key is not the known one is not believed, at the start or later", lambda: host_keys(place)
    yield "a key that may not log in is told of", lambda: client_keys(place)
    yield "policies come by HTTPS with a token and a certificate authority of one's own", lambda: by_https(place)
    yield "a wrong token is told of, and a right one is used without a new start", lambda: tokens(place)
    yield "a server with a certificate of another authority is not believed", lambda: authorities(place)
    yield "each record names the commits, of several repositories too", lambda: commits(place)
    yield "a merge that breaks one domain leaves all as it was, and log, metric and readiness say so", lambda: broken_merge(place)
    yield "without Git for too long Sluice is not ready and refuses, until Git is back", lambda: stale(place)
    yield "a start without Git uses what was kept, unless it was damaged", lambda: kept(place)


class Place:
    """Where the suite keeps its files: a repository, and a server of each kind for it."""

    def __init__(self, folder):
        self.folder = folder
        self.repository = Repository(folder / "mesh")
        self.first = self.repository.commit(centre=CENTRE, orders=policy("sales", "orders"))
        tls.make(folder / "tls")
        tls.make(folder / "other-tls")
        self.token = folder / "token"
        self.token.write_text("first-token\n", encoding="ascii")

    @contextlib.contextmanager
    def ssh(self, host_key="host"):
        """An SSH server."""
        server = SshServer(self.folder / "ssh")
        try:
            server.start(host_key)
            yield server
        finally:
            server.stop()

    @contextlib.contextmanager
    def https(self):
        """An HTTPS server."""
        server = HttpsServer(self.repository, self.folder / "tls")
        try:
            server.start()
            yield server
        finally:
            server.stop()

    def by_ssh(self, server, known="known-host", key="client"):
        """The source that an SSH server is."""
        files = {"key_file": str(server.folder / key), "known_hosts_file": str(server.folder / known)}
        return {"name": "mesh", "git": {"url": server.url(self.repository), "poll": "500ms", "timeout": "20s", **files}}

    def by_https(self, server, ca="tls"):
        """The source that an HTTPS server is."""
        files = {"ca": str(self.folder / ca / "ca.pem"), "password_file": str(self.token)}
        return {"name": "mesh", "git": {"url": server.url, "poll": "500ms", "timeout": "20s", **files}}

    def sluice(self, name, *sources, **more):
        """A Sluice with policies from these sources, before a Trino that is not there."""
        policies = {"folder": None, "sources": list(sources), **more}
        return Sluice(self.folder / name, f"http://127.0.0.1:{free_port()}", self.folder, settings={"policies": policies})

    def does_not_start(self, name, source, *words):
        """Asserts that Sluice ends at its start and says why."""
        sluice = self.sluice(name, source)
        sluice.write_settings()
        sluice.start(wait=False)
        try:
            wait_for("the end of a Sluice without policies", lambda: not sluice.process.alive(), 60)
            assert sluice.process.child.returncode != 0
            said(sluice, *words)
        finally:
            sluice.stop()


def mesh(sluice, name="mesh"):
    """What readiness says of a source."""
    sources = json.loads(sluice.console("/health/ready")[1])["policies"]["sources"]
    return next(source for source in sources if source["name"] == name)


def follows(sluice, commit):
    """Waits until a commit is in use."""
    wait_for(f"commit {commit} in use", lambda: mesh(sluice)["commit"] == commit and mesh(sluice)["current"], 60)


def keeps(sluice, commit):
    """Waits until a source is not what is in use, which is a commit."""
    wait_for("a source that is not current", lambda: not mesh(sluice)["current"], 60)
    assert mesh(sluice)["commit"] == commit, mesh(sluice)


def said(sluice, *words):
    """Asserts that the log has these words."""
    wait_for("the log", lambda: words[0] in sluice.log.read_text(encoding="utf-8"))
    log = sluice.log.read_text(encoding="utf-8")
    for word in words:
        assert word in log, f"`{word}` is not in {log}"


def by_ssh(place):
    """From the first fetch to a push."""
    with place.ssh() as server, place.sluice("by-ssh", place.by_ssh(server)) as sluice:
        follows(sluice, place.repository.git("rev-parse", "HEAD"))
        follows(sluice, place.repository.commit(customers=policy("sales", "customers")))
        # The server is gone for a while.
        server.stop()
        keeps(sluice, place.repository.git("rev-parse", "HEAD"))
        server.start()
        follows(sluice, place.repository.git("rev-parse", "HEAD"))


def host_keys(place):
    """Nobody is asked whether a key is right."""
    with place.ssh() as server:
        place.does_not_start("other-host", place.by_ssh(server, known="known-other-host"), "Host key verification failed")
        (server.folder / "known-nobody").write_text("", encoding="ascii")
        place.does_not_start("unknown-host", place.by_ssh(server, known="known-nobody"), "Host key verification failed")
        with place.sluice("changed-host", place.by_ssh(server)) as sluice:
            before = place.repository.git("rev-parse", "HEAD")
            follows(sluice, before)
            server.stop()
            server.start("other-host")
            after = place.repository.commit(customers=policy("sales", "clients"))
            keeps(sluice, before)
            said(sluice, "Host key verification failed")
            server.stop()
            server.start()
            follows(sluice, after)


def client_keys(place):
    """The server's own words are passed on."""
    with place.ssh() as server:
        place.does_not_start("other-client", place.by_ssh(server, key="other-client"), "Permission denied (publickey)")


def by_https(place):
    """From the first fetch to a push."""
    with place.https() as server, place.sluice("by-https", place.by_https(server)) as sluice:
        follows(sluice, place.repository.git("rev-parse", "HEAD"))
        follows(sluice, place.repository.commit(customers=policy("sales", "visitors")))
        assert "first-token" not in sluice.log.read_text(encoding="utf-8"), "the token is in the log"


def tokens(place):
    """A token is exchanged on the server first."""
    refusal = "the server does not accept the user or password (401"
    with place.https() as server:
        server.token = "second-token"
        place.does_not_start("wrong-token", place.by_https(server), refusal)
        server.token = "first-token"
        try:
            with place.sluice("tokens", place.by_https(server)) as sluice:
                commit = place.repository.git("rev-parse", "HEAD")
                follows(sluice, commit)
                server.token = "second-token"
                keeps(sluice, commit)
                said(sluice, refusal)
                place.token.write_text("second-token", encoding="ascii")
                follows(sluice, commit)
        finally:
            place.token.write_text("first-token", encoding="ascii")


def authorities(place):
    """Its certificate leads to another authority than the one that is trusted."""
    with place.https() as server:
        place.does_not_start("wrong-ca", place.by_https(server, ca="other-tls"), "can't be reached", "certificate")
        source = place.by_https(server)
        del source["git"]["ca"]
        place.does_not_start("public-ca", source, "can't be reached", "certificate")


def decision(sluice):
    """The decision record of a statement, which is refused as there is no Trino."""
    error = sluice.client().query("SELECT 1").error
    assert error, "a statement is answered without Trino"
    return [record for record in sluice.records() if record["kind"] == "decision"][-1], error


def unpacked(folder, **sources):
    """The revision that `sluice check` gives for commits, unpacked as docs/auditors.md has it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, (repository, commit) in sources.items():
        (folder / name).mkdir(parents=True)
        archive = subprocess.run(["git", "-C", str(repository.folder), "archive", commit], check=True, capture_output=True).stdout
        subprocess.run(["tar", "x", "-C", str(folder / name)], input=archive, check=True)
    done = subprocess.run([str(binary()), "check", str(folder)], check=True, capture_output=True, text=True)
    return done.stdout.strip().rpartition("revision ")[2]


def commits(place):
    """What an auditor starts from."""
    team = Repository(place.folder / "team")
    of_team = team.commit(products=policy("sales", "products"))
    path = {"name": "team", "domain": "sales", "git": {"url": str(team.folder), "poll": "500ms"}}
    with place.https() as server, place.sluice("commits", place.by_https(server), path) as sluice:
        of_mesh = place.repository.git("rev-parse", "HEAD")
        record, _ = decision(sluice)
        assert record["commits"] == {"mesh": of_mesh, "team": of_team}, record
        metrics = sluice.metrics()
        assert metrics[f'sluice_source_current{{source="team",version="{of_team}"}}'] == 1, metrics
        said(sluice, of_mesh, of_team)
        assert unpacked(place.folder / "then", mesh=(place.repository, of_mesh), team=(team, of_team)) == record["snapshot"]
        # A commit that changes no policy is the one that is named from then on.
        (team.folder / "README.md").write_text("Products.", encoding="ascii")
        after = team.commit()
        wait_for("the next commit", lambda: mesh(sluice, "team")["commit"] == after)
        later, _ = decision(sluice)
        assert later["commits"]["team"] == after and later["snapshot"] == record["snapshot"], later


def broken_merge(place):
    """One domain's file is wrong, another's has changed with it."""
    errors = "sluice_snapshot_load_errors_total"
    with place.https() as server, place.sluice("broken-merge", place.by_https(server)) as sluice:
        before = place.repository.git("rev-parse", "HEAD")
        follows(sluice, before)
        revision, count = decision(sluice)[0]["snapshot"], sluice.metrics()[errors]
        place.repository.commit(orders=policy("sales", "orders").replace("select", "selct"), more=policy("platform", "more"))
        keeps(sluice, before)
        said(sluice, "a change of the policies is refused, the policies stay as they are", "orders.yaml:6:")
        wait_for("the metric", lambda: sluice.metrics()[errors] == count + 1)
        assert sluice.metrics()[f'sluice_source_current{{source="mesh",version="{before}"}}'] == 0
        status, text = sluice.console("/health/ready")
        assert status == 200 and "what it holds now is refused or not known" in text, text
        record, _ = decision(sluice)
        assert (record["snapshot"], record["commits"]) == (revision, {"mesh": before}), record
        follows(sluice, place.repository.commit(orders=policy("sales", "orders")))
        assert decision(sluice)[0]["snapshot"] != revision


def stale(place):
    """Out of date is told, and nothing is decided by what may not be in force any more."""
    with place.https() as server, place.sluice("stale", place.by_https(server), max_staleness=STALE) as sluice:
        follows(sluice, place.repository.git("rev-parse", "HEAD"))
        server.stop()
        wait_for("the end of readiness", lambda: sluice.console("/health/ready")[0] == 503)
        text = sluice.console("/health/ready")[1]
        assert "the policies of `mesh` were last known to be current at" in text and "policies.max_staleness" in text, text
        assert sluice.console("/health/live")[0] == 200
        wait_for("the age", lambda: sluice.metrics()["sluice_snapshot_age_seconds"] > 3)
        record, error = decision(sluice)
        assert error["errorName"] == "SERVER_STARTING_UP" and "policies are current" in error["message"], error
        assert record["outcome"] == "deny", record
        server.start()
        wait_for("readiness", sluice.ready)


def kept(place):
    """The folder of `policies.state`."""
    state = place.folder / "state"
    with place.https() as server:
        sluice = place.sluice("kept", place.by_https(server), state=str(state))
        with sluice:
            commit = place.repository.git("rev-parse", "HEAD")
            follows(sluice, commit)
        server.stop()
        sluice.start()
        try:
            assert mesh(sluice)["commit"] == commit and not mesh(sluice)["current"], mesh(sluice)
            said(sluice, "the last good policies are in force, since the sources can't be used")
            server.start()
            follows(sluice, commit)
        finally:
            sluice.stop()
            server.stop()
        file = state / "last-good-policies"
        file.write_bytes(file.read_bytes().replace(b"orders", b"0rders", 1))
        sluice.start(wait=False)
        try:
            wait_for("the end of a Sluice without policies", lambda: not sluice.process.alive(), 60)
            said(sluice, "its checksum is wrong, so it is not used")
        finally:
            sluice.stop()
