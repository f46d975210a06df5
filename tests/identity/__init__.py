"""Access tokens of a real Keycloak, before a real Trino: who is believed, what becomes of groups and attributes, and what happens when keys change or the issuer is gone."""

import hashlib
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import time

from tests.clients import drivers
from tests.stack import fetch, process
from tests.stack.client import Client, wait_for

from . import browser
from .keycloak import AUDIENCE, GROUPS, REGION, Keycloak, client, mapper, user

POLICIES = pathlib.Path(__file__).with_name("policies")
NATIONS = "SELECT name FROM tpch.tiny.nation ORDER BY name"
EUROPE = [["FRANCE"], ["GERMANY"], ["ROMANIA"], ["RUSSIA"], ["UNITED KINGDOM"]]

REALM = {
    "realm": "acme", "enabled": True, "sslRequired": "all",
    "groups": [{"name": "analysts"}, {"name": "contractors"}, {"name": "wiki"}],
    "users": [user("anna", "analysts", "wiki", region="3"), user("carl", "analysts", "contractors", region="3"), user("nora", region="3")],
    "clients": [
        client("cli", AUDIENCE, GROUPS, REGION),
        client("other-audience", mapper("oidc-audience-mapper", "audience", **{"included.custom.audience": "wiki"}), GROUPS),
        client("no-groups", AUDIENCE, REGION),
        client("short", AUDIENCE, GROUPS, attributes={"access.token.lifespan": "2"}),
        client("dashboards", AUDIENCE, GROUPS, publicClient=False, serviceAccountsEnabled=True, secret="dashboards-secret"),
    ],
}


def cases(stack):
    """The cases of this suite."""
    port, short = process.free_port(), process.free_port()
    entrances = [browser.sluice_client("sluice", port), browser.sluice_client("sluice-short", short, **{"access.token.lifespan": str(browser.LIFESPAN)})]
    with Keycloak(stack.folder / "keycloak", {**REALM, "clients": REALM["clients"] + entrances}) as keycloak:
        # Unmanaged attributes have to be allowed before users can have any.
        profile = keycloak.administer("GET", "/users/profile")
        keycloak.administer("PUT", "/users/profile", {**profile, "unmanagedAttributePolicy": "ENABLED"})
        for name in ("anna", "carl", "nora"):
            found = keycloak.administer("GET", f"/users?username={name}")[0]
            keycloak.administer("PUT", f"/users/{found['id']}", {**found, "attributes": {"region": ["3"]}})
        oidc = {"issuer": keycloak.issuer, "audience": ["sluice"], "user": "{preferred_username}", "groups_claim": "groups",
                "attributes": {"region": "region"}, "ca": str(keycloak.ca), "refresh": "2s", "clock_skew": "0s",
                "speaks_for": {"users": ["anna", "carl", "nora", "service-account-*"], "groups": ["analysts", "contractors"]}}
        tokens = stack.folder / "service-tokens"
        tokens.write_text(token_line("etl", "first"), encoding="ascii")
        with entrance(stack, keycloak, short, oidc, client_id="sluice-short", refresh_tokens=True) as sluice:
            place = browser.Entrance(keycloak, sluice)
            yield "a token that has ended is renewed, and clients go on in the middle of a query", lambda: browser.renewal(place)
            yield "who is logged out needs a browser again", lambda: browser.ended(place)
        with entrance(stack, keycloak, port, oidc, client_id="sluice") as sluice:
            place = browser.Entrance(keycloak, sluice)
            yield "Trino's command line and the Python client log in by a browser", lambda: browser.clients(place)
            yield "a log-in by a browser is of who began it, and gives its token once", lambda: browser.protocol(place)
            yield "who does not log in is told so, and the client too", lambda: browser.refused_at_the_issuer(place)
        asking = {"client_id": "sluice", "client_secret_file": str(stack.folder / "sluice.secret"), "keep": "1s", "all_tokens": True}
        with stack.sluice("identity-asking", POLICIES, settings={"identity": {"oidc": [{**oidc, "introspection": asking}], "token_file": str(tokens)}}) as sluice:
            yield "a token that Keycloak has taken back is refused where it is asked about", lambda: asked_about(Place(keycloak, sluice))
        with stack.sluice("identity", POLICIES, settings={"identity": {"oidc": [oidc], "token_file": str(tokens)}}) as sluice:
            place = Place(keycloak, sluice)
            yield "a token is its user, with groups and attributes, and the log says whose it is", lambda: believed(place)
            yield "Trino's own command line logs in by a token", lambda: command_line(place)
            yield "the Python client logs in by a token", lambda: python_client(place)
            yield "who is in a denied group, or may be for all that a token tells, sees nothing", lambda: groups(place)
            yield "a token for another audience, of another kind, changed or expired is refused", lambda: refused(place)
            yield "a service acts for a user where a policy lets it", lambda: service(place)
            yield "a token of the file is its service's, until it is taken out", lambda: service_token(place, tokens)
            yield "nothing of a token is written down", lambda: nothing_kept(place)
            yield "a new key is believed at once, and one that was taken back no more", lambda: rotation(place)
            yield "while Keycloak is gone known keys go on, and a password too", lambda: gone(place)


def entrance(stack, keycloak, port, oidc, **settings):
    """A Sluice that sends browsers to Keycloak."""
    name = settings["client_id"]
    secret = stack.folder / f"{name}.secret"
    secret.write_text(f"{name}-secret\n", encoding="ascii")
    issuer = {**oidc, "browser": {"client_secret_file": str(secret), "scopes": ["profile"], **settings}}
    return stack.sluice(name, POLICIES, port=port, settings={"listen": {"public_url": f"https://localhost:{port}"}, "identity": {"oidc": [issuer]}})


class Place:
    """Keycloak, and a Sluice that believes it."""

    def __init__(self, keycloak, sluice):
        self.keycloak = keycloak
        self.sluice = sluice

    def client(self, token, name="anna", **headers):
        """A client that logs in by a token."""
        return Client(self.sluice.url, name, ca=self.sluice.ca, headers={"Authorization": f"Bearer {token}", **headers})

    def status(self, authorization=None):
        """Status, challenges and text of a statement's answer."""
        connection = http.client.HTTPSConnection("localhost", self.sluice.port, timeout=30, context=ssl.create_default_context(cafile=str(self.sluice.ca)))
        connection.request("POST", "/v1/statement", "SELECT 1", {"Authorization": authorization} if authorization else {})
        response = connection.getresponse()
        return response.status, response.headers.get_all("WWW-Authenticate"), response.read().decode()

    def of(self, token):
        """The status for a token."""
        return self.status(f"Bearer {token}")[0]


def believed(place):
    """Groups that it may not speak for are left out."""
    token = place.keycloak.access_token("anna")
    result = place.client(token).query(NATIONS)
    assert result.rows == EUROPE, (result.rows, result.error)
    record = [r for r in place.sluice.records() if r["kind"] == "decision" and r.get("sql") == NATIONS][-1]
    assert (record["principal"], record["user"], record["groups"]) == ("anna", "anna", ["analysts"]), record
    assert record["proofs"] == [{"by": "token", "issuer": place.keycloak.issuer}], record
    # A password of the same user tells no groups, and a token could have: no grant to a group holds.
    assert place.sluice.client("anna").query(NATIONS).error["errorName"] == "PERMISSION_DENIED"
    assert place.sluice.client("admin").rows("SELECT count(*) FROM tpch.tiny.nation") == [[25]]


def command_line(place):
    """As people use it."""
    token = place.keycloak.access_token("anna")
    java = fetch.java() / "bin/java"
    words = [str(java), "-jar", str(fetch.maven("io.trino:trino-cli:476:jar:executable")), "--server", place.sluice.url, "--truststore-path", str(place.sluice.ca),
             "--access-token", token, "--user", "anna", "--output-format", "CSV", "--execute", NATIONS]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.split("\n")[:-1] == [f'"{name}"' for [name] in EUROPE], done.stdout


PYTHON = """
import json, os, trino
with trino.dbapi.connect(host="localhost", port=int(os.environ["PORT"]), user="anna", http_scheme="https", verify=os.environ["CA"],
                         auth=trino.auth.JWTAuthentication(os.environ["TOKEN"])) as connection:
    cursor = connection.cursor()
    cursor.execute(os.environ["SQL"])
    print(json.dumps(cursor.fetchall()))
"""


def python_client(place):
    """The library that notebooks and Airflow use."""
    program = drivers.python().command[0]
    kept = {key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    told = {"PORT": str(place.sluice.port), "CA": str(place.sluice.ca), "SQL": NATIONS, "TOKEN": place.keycloak.access_token("anna")}
    done = subprocess.run([program, "-c", PYTHON], capture_output=True, text=True, check=False, timeout=300, env={**kept, **told})
    assert done.returncode == 0, done.stderr[-1500:]
    assert json.loads(done.stdout) == EUROPE, done.stdout


def groups(place):
    """Keycloak leaves the claim out of who is in no group, and a client may have no mapper: then each denial holds."""
    regions = "SELECT count(*) FROM tpch.tiny.region"
    assert place.client(place.keycloak.access_token("anna")).rows(regions) == [[5]]
    for name, by in (("carl", "cli"), ("carl", "no-groups"), ("nora", "cli"), ("anna", "no-groups")):
        client_of = place.client(place.keycloak.access_token(name, by), name)
        for sql in (NATIONS, regions):
            result = client_of.query(sql)
            assert result.error and result.error["errorName"] == "PERMISSION_DENIED", (name, by, sql, result.rows)
        assert client_of.rows("SELECT 1") == [[1]]


def refused(place):
    """Each by 401, with the ways to log in."""
    right = place.keycloak.of_user("anna", scope="openid")
    header, claims, signature = right["access_token"].split(".")
    assert place.of(right["access_token"]) == 200
    for token in (right["id_token"], right["refresh_token"], place.keycloak.access_token("anna", "other-audience"), f"{header}.{claims}.", "x",
                  f"{header}.{claims}.{signature[::-1]}", f"eyJhbGciOiJub25lIn0.{claims}.", f"{header}.{claims}.{signature}" + "A" * 20000):
        status, challenges, text = place.status(f"Bearer {token}")
        assert (status, challenges, text) == (401, ['Basic realm="Trino"', 'Bearer realm="Trino"'], "Access Denied: Invalid credentials"), (token[:20], status, text)
    assert place.status()[:2] == (401, ['Basic realm="Trino"', 'Bearer realm="Trino"'])
    short = place.keycloak.access_token("anna", "short")
    assert place.of(short) == 200
    wait_for("the end of a token", lambda: place.of(short) == 401)


def asked_about(place):
    """Each second anew here. A log-out ends a session with all of its tokens."""
    token = place.keycloak.access_token("anna")
    assert place.client(token).query(NATIONS).rows == EUROPE
    for other in ("made-up-token", secret("unknown")):
        assert place.status(f"Bearer {other}")[0] == 401
    assert place.client(secret("first"), "etl").rows("SELECT 1") == [[1]]
    anna = place.keycloak.administer("GET", "/users?username=anna")[0]
    place.keycloak.administer("POST", f"/users/{anna['id']}/logout")
    wait_for("a token of the session that has ended is refused", lambda: place.of(token) == 401)
    assert place.of(place.keycloak.access_token("anna")) == 200


def service(place):
    """By the client's own account."""
    token = place.keycloak.of_service("dashboards")
    assert place.client(token, "service-account-dashboards").query("SELECT 1").rows == [[1]]
    as_anna = place.client(token, "anna").query("SELECT 1")
    assert as_anna.rows == [[1]], as_anna.error
    as_carl = place.client(token, "carl").query("SELECT 1").error
    assert "cannot impersonate user carl" in as_carl["message"], as_carl


def secret(name):
    """A token of a service, in tests."""
    return f"{name}-".ljust(40, "0")


def token_line(service_name, name):
    """The line of the token file for it."""
    return f"{service_name}:{hashlib.sha256(secret(name).encode()).hexdigest()}\n"


def service_token(place, tokens):
    """Beside tokens of an issuer, in the same header."""
    assert place.client(secret("first"), "etl").rows("SELECT 1") == [[1]]
    record = [r for r in place.sluice.records() if r["kind"] == "decision"][-1]
    assert (record["principal"], record["proofs"]) == ("etl", [{"by": "service_token"}]), record
    assert place.of(secret("second")) == 401
    tokens.write_text(token_line("etl", "second"), encoding="ascii")
    wait_for("the new token", lambda: place.of(secret("second")) == 200)
    assert place.of(secret("first")) == 401


def nothing_kept(place):
    """Neither in messages nor in the decision log."""
    token = place.keycloak.access_token("anna")
    assert place.of(token) == 200 and place.of(token[:-4]) == 401
    said = place.sluice.log.read_text(encoding="utf-8") + json.dumps(place.sluice.records())
    assert "a token is refused" in said
    for part in token.split("."):
        assert part[:40] not in said


def rotation(place):
    """Sluice fetches keys every two seconds here, and at once for a key that it does not know."""
    old = place.keycloak.access_token("anna")
    name = place.keycloak.rotate()
    new = place.keycloak.access_token("anna")
    assert old.split(".")[0] != new.split(".")[0]
    wait_for("a token of the new key is believed", lambda: place.of(new) == 200)
    assert place.of(old) == 200
    place.keycloak.withdraw(keep=name)
    wait_for("a token of the key that was taken back is refused", lambda: place.of(old) != 200)
    assert place.of(place.keycloak.access_token("anna")) == 200


def gone(place):
    """The last case: Keycloak is not started again."""
    token = place.keycloak.access_token("anna")
    place.keycloak.kill()
    # Longer than keys are fetched anew.
    time.sleep(3)
    assert place.client(token).query(NATIONS).rows == EUROPE
    # A key that nobody knows: with `alg` and `kid` of a token's header.
    unknown = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vYm9keXMifQ." + token.split(".", 1)[1]
    assert place.of(unknown) == 503
    assert place.sluice.client("admin").rows("SELECT 1") == [[1]]
