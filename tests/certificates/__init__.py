"""Certificates on both sides: clients prove themselves to Sluice by one, and Sluice to a real Trino that lets nobody else in, by one or by a token."""

import base64
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import time

from tests.clients import drivers
from tests.hostile import http2
from tests.stack import fetch, process, tls
from tests.stack.client import Client, TrinoError, wait_for
from tests.stack.sluice import Sluice, password
from tests.stack.trino import Trino

from . import streams
from .authority import Authority

POLICIES = pathlib.Path(__file__).with_name("policies")
REGIONS = "SELECT count(*) FROM tpch.tiny.region"
RULES = [
    {"spiffe": "spiffe://acme/ns/{namespace}/sa/{name}", "user": "{namespace}-{name}", "speaks_for": {"users": ["etl-*"]}},
    {"common_name": "{user}", "organizational_unit": "people", "user": "{user}"},
]
LOADER = "URI:spiffe://acme/ns/etl/sa/loader"
IMPERSONATION = {"impersonation": [{"original_user": "sluice", "new_user": ".*"}]}


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "certificates"
    shutil.rmtree(folder, ignore_errors=True)
    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs")
    secrets = folder / "secrets"
    issuer = Issuer(secrets)
    with guarded(folder / "trino", secrets, ours) as trino:
        own, key, _ = ours.sign("sluice", "/CN=sluice")
        upstream = {"url": f"https://localhost:{trino.https}", "ca": str(secrets / "ca.pem")}
        place = Place(folder, ours, theirs, trino)
        clients = {"certificate": "tls/server.pem", "key": "tls/server.key", "client_ca": str(ours.ca), "client_crls": [str(ours.crl)]}
        settings = {"listen": {"tls": clients}, "upstream": {**upstream, "certificate": str(own), "key": str(key)}, "identity": {"client_certificates": RULES},
                    "limits": {"drain": "1s"}}
        with Sluice(folder / "sluice", trino.url, POLICIES, settings=settings) as sluice:
            place.sluice = sluice
            yield "Trino lets nobody in who does not prove it", lambda: closed(place)
            yield "a client is the user that its certificate says, and the log says by which one", lambda: believed(place)
            yield "the Python client logs in by a certificate", lambda: python_client(place)
            yield "Trino's own command line logs in by a certificate", lambda: command_line(place)
            yield "answers tell browsers to come by TLS alone, and a crash writes no memory to the disk", lambda: hardened(place)
            yield "a certificate that proves nobody takes nothing away", lambda: transport(place)
            yield "a certificate and a password of two users are refused", lambda: two_users(place)
            yield "a certificate of another authority, for servers, or that has ended makes no connection", lambda: refused(place)
            yield "a certificate that is taken back ends on an open connection, too", lambda: taken_back(place)
            yield "Sluice's own certificate is changed without an open connection being dropped", lambda: changed(place)
            yield from streams.cases(place, settings["upstream"])
            yield "Sluice proves itself to Trino by a token that is read anew", lambda: by_token(place, upstream, issuer)


def guarded(folder, secrets, clients):
    """A Trino that takes certificates of an authority and tokens of an issuer, over TLS alone."""
    tls.make(secrets)
    both = secrets / "both.pem"
    both.write_text((secrets / "server.key").read_text("ascii") + (secrets / "server.pem").read_text("ascii"), encoding="ascii")
    port = process.free_port()
    server = Trino(folder, properties={
        "http-server.https.enabled": "true", "http-server.https.port": port, "http-server.https.keystore.path": both,
        "http-server.https.truststore.path": clients.ca, "http-server.http2.stream-idle-timeout": "5m",
        "http-server.authentication.type": "CERTIFICATE,JWT",
        "http-server.authentication.certificate.user-mapping.pattern": "CN=(.*)", "http-server.authentication.jwt.key-file": secrets / "issuer.pem",
        "internal-communication.shared-secret": base64.b64encode(os.urandom(64)).decode(),
    }, files={"access-control.properties": f"access-control.name=file\nsecurity.config-file={folder.resolve() / 'etc/rules.json'}\n", "rules.json": json.dumps(IMPERSONATION)})
    server.https, server.ca = port, secrets / "ca.pem"
    return server


def hardened(place):
    """What makes a leak harder."""
    for path in ("/v1/info", "/nothing"):
        connection = http.client.HTTPSConnection("localhost", place.sluice.port, context=ssl.create_default_context(cafile=place.sluice.ca), timeout=10)
        connection.request("GET", path)
        assert connection.getresponse().headers["Strict-Transport-Security"] == "max-age=31536000", path
        connection.close()
    limits = pathlib.Path(f"/proc/{place.sluice.process.pid}/limits").read_text(encoding="ascii")
    assert any(line.split()[:6] == ["Max", "core", "file", "size", "0", "0"] for line in limits.splitlines()), limits


class Issuer:
    """Who signs tokens that Trino believes."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder = folder
        tls.openssl(folder, "genrsa", "-out", "issuer.key", "2048")
        tls.openssl(folder, "rsa", "-in", "issuer.key", "-pubout", "-out", "issuer.pem")

    def token(self, user, seconds=600):
        """A token of a user."""
        words = [encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, {"sub": user, "exp": int(time.time()) + seconds})]
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.folder / "issuer.key")], input=".".join(words).encode(), capture_output=True, check=True)
        return ".".join([*words, encoded(signed.stdout)])


def encoded(data):
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Place:
    """What the cases share."""

    def __init__(self, folder, ours, theirs, trino):
        self.folder, self.ours, self.theirs, self.trino = folder, ours, theirs, trino
        self.sluice = None

    def client(self, certificate=None, user=None, **more):
        """A client with a certificate and key, or without."""
        client = Client(self.sluice.url, user or "etl-loader", ca=self.sluice.ca, **more)
        if certificate:
            client.tls.load_cert_chain(*certificate[:2])
        return client

    def status(self, connection, headers=None):
        """The status of a statement's answer on a connection that stays open."""
        connection.request("POST", "/v1/statement", "SELECT 1", headers or {})
        response = connection.getresponse()
        response.read()
        return response.status


def closed(place):
    """Neither without a proof nor with a token of its own making."""
    context = ssl.create_default_context(cafile=str(place.trino.ca))
    for headers in ({"X-Trino-User": "sluice"}, {"X-Trino-User": "sluice", "Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}):
        connection = http.client.HTTPSConnection("localhost", place.trino.https, timeout=30, context=context)
        connection.request("POST", "/v1/statement", "SELECT 1", headers)
        assert connection.getresponse().status == 401


def believed(place):
    """By SPIFFE id and by subject."""
    loader = place.ours.sign("loader", "/CN=loader", LOADER)
    assert place.client(loader).rows(REGIONS) == [[5]]
    record = [r for r in place.sluice.records() if r["kind"] == "decision" and r.get("sql") == REGIONS][-1]
    [proof] = record["proofs"]
    assert (record["principal"], proof["by"], proof["issuer"]) == ("etl-loader", "certificate", "CN=Clients"), record
    der = ssl.PEM_cert_to_DER_cert(loader[0].read_text(encoding="ascii"))
    shown = subprocess.run(["openssl", "x509", "-noout", "-serial", "-fingerprint", "-sha256"], input=ssl.DER_cert_to_PEM_cert(der), capture_output=True, text=True, check=True)
    assert shown.stdout.lower().replace(":", "") == f"serial={proof['serial']}\nsha256 fingerprint={proof['fingerprint']}\n", (shown.stdout, proof)
    error = place.client(loader).query("SELECT count(*) FROM tpch.tiny.nation").error
    assert error["errorName"] == "PERMISSION_DENIED", error
    admin = place.ours.sign("admin", "/OU=people/CN=admin")
    assert place.client(admin, "admin").rows("SELECT count(*) FROM tpch.tiny.nation") == [[25]]
    as_admin = place.client(loader, "admin").query("SELECT 1").error
    assert "cannot impersonate user admin" in as_admin["message"], as_admin
    # For whom the rule may not speak.
    assert place.client(place.ours.sign("hr", "/CN=x", "URI:spiffe://acme/ns/hr/sa/x"), "hr-x").query("SELECT 1").error["errorName"] == "HTTP 401"


PYTHON = """
import json, os, trino
with trino.dbapi.connect(host="localhost", port=int(os.environ["PORT"]), user="etl-loader", http_scheme="https", verify=os.environ["CA"],
                         auth=trino.auth.CertificateAuthentication(os.environ["CERTIFICATE"], os.environ["KEY"])) as connection:
    cursor = connection.cursor()
    cursor.execute(os.environ["SQL"])
    print(json.dumps(cursor.fetchall()))
"""


def python_client(place):
    """The library that notebooks and Airflow use."""
    certificate, key, _ = place.ours.sign("python", "/CN=python", LOADER)
    kept = {name: value for name, value in os.environ.items() if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    told = {"PORT": str(place.sluice.port), "CA": str(place.sluice.ca), "SQL": REGIONS, "CERTIFICATE": str(certificate), "KEY": str(key)}
    done = subprocess.run([drivers.python().command[0], "-c", PYTHON], capture_output=True, text=True, check=False, timeout=300, env={**kept, **told})
    assert done.returncode == 0, done.stderr[-1500:]
    assert json.loads(done.stdout) == [[5]], done.stdout


def command_line(place):
    """The CLI reads a key store as PEM; the JDBC driver has the same code."""
    _, _, both = place.ours.sign("cli", "/CN=cli", LOADER)
    words = [str(fetch.java() / "bin/java"), "-jar", str(fetch.maven(f"io.trino:trino-cli:{fetch.TRINO}:jar:executable")), "--server", place.sluice.url,
             "--truststore-path", str(place.sluice.ca), "--keystore-path", str(both), "--user", "etl-loader", "--output-format", "CSV", "--execute", REGIONS]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (0, '"5"\n'), done.stderr[-1500:]


def transport(place):
    """With a password beside it, it is the password's user; a client without one logs in as before."""
    stranger = place.ours.sign("stranger", "/CN=stranger")
    assert place.client(stranger, "stranger").query("SELECT 1").error["errorName"] == "HTTP 401"
    assert place.client(stranger, "admin", password=password("admin")).rows("SELECT 1") == [[1]]
    assert place.sluice.client("admin").rows("SELECT 1") == [[1]]


def two_users(place):
    """Whatever each of them may."""
    loader = place.ours.sign("two", "/CN=two", LOADER)
    error = place.client(loader, "admin", password=password("admin")).query("SELECT 1").error
    assert (error["errorName"], error["message"]) == ("HTTP 401", "Access Denied: Two proofs of different users"), error


def refused(place):
    """In TLS itself, so that no request is read."""
    ended = place.ours.sign("ended", "/CN=ended", LOADER, days=("-startdate", "200101000000Z", "-enddate", "200201000000Z"))
    servers = place.ours.sign("servers", "/CN=servers", LOADER, usage="serverAuth")
    for certificate in (place.theirs.sign("loader", "/CN=loader", LOADER), ended, servers):
        try:
            result = place.client(certificate).query("SELECT 1")
        except (OSError, http.client.HTTPException):
            continue
        raise AssertionError(result)


def taken_back(place):
    """On the next request: for the pages of a running query too."""
    certificate = place.ours.sign("lost", "/CN=lost", LOADER)
    client = place.client(certificate)
    connection = client.connect()
    assert place.status(connection) == 200
    newer = http2.Connection(place.sluice, certificate=certificate[:2])
    asked = [(":method", "POST"), (":scheme", "https"), (":authority", f"localhost:{place.sluice.port}"), (":path", "/v1/statement")]

    def by_http2(stream):
        newer.send(http2.request(stream, asked, b"SELECT 1"))
        newer.read(lambda: stream in newer.ended)
        return newer.statuses.get(stream)

    assert by_http2(1) == 200
    pages = client.pages("SELECT 1")
    next(pages)
    place.ours.take_back("lost")
    wait_for("the certificate is refused", lambda: place.status(connection) == 401)
    assert by_http2(3) == 401, newer.statuses
    try:
        page = next(pages)
    except TrinoError as e:
        assert e.name == "HTTP 401", e
    else:
        raise AssertionError(page)
    try:
        result = client.query("SELECT 1")
    except (OSError, http.client.HTTPException):
        pass
    else:
        raise AssertionError(result)
    assert place.client(place.ours.sign("kept", "/CN=kept", LOADER)).rows(REGIONS) == [[5]]


def changed(place):
    """On SIGHUP, and without one after two seconds; a broken file changes nothing."""
    folder = place.sluice.folder / "tls"
    connection = place.client(place.ours.sign("open", "/CN=open", LOADER)).connect()
    assert place.status(connection) == 200
    socket = connection.sock
    before = socket.getpeercert(binary_form=True)
    good = (folder / "server.pem").read_text(encoding="ascii")
    (folder / "server.pem").write_text("broken", encoding="ascii")
    place.sluice.process.signal(signal.SIGHUP)
    wait_for("the log says so", lambda: "the files of listen.tls can't be used" in place.sluice.log.read_text(encoding="utf-8"))
    assert place.sluice.client("admin").rows("SELECT 1") == [[1]]
    (folder / "server.pem").write_text(good, encoding="ascii")
    tls.make(folder)

    def new():
        try:
            fresh = place.client().connect()
            fresh.connect()
            return fresh.sock.getpeercert(binary_form=True) != before
        except OSError:
            return False
    wait_for("a new connection shows the new certificate", new)
    assert place.status(connection) == 200 and connection.sock is socket


def by_token(place, upstream, issuer):
    """A token of another user is none of `sluice`, and one that Trino does not believe opens nothing."""
    sluice = place.sluice
    path = place.folder / "sluice.token"
    path.write_text(issuer.token("sluice"), encoding="ascii")
    sluice.stop()
    sluice.settings["upstream"] = {**upstream, "token_file": str(path)}
    sluice.write_configuration()
    sluice.start()
    admin = sluice.client("admin")
    assert admin.rows("SELECT count(*) FROM tpch.tiny.nation") == [[25]]
    path.write_text(issuer.token("sluice", seconds=-60), encoding="ascii")
    wait_for("the token that has ended is used", lambda: admin.query("SELECT 1").error)
    path.write_text(issuer.token("sluice"), encoding="ascii")
    wait_for("the new token is used", lambda: admin.query("SELECT 1").rows == [[1]])
    said = sluice.log.read_text(encoding="utf-8")
    assert path.read_text(encoding="ascii") not in said
