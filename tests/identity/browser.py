"""Log-in by a browser at a real Keycloak, by plain HTTP: what a person does, and what Trino's own clients do meanwhile."""

import html
import http.client
import http.cookiejar
import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from tests.clients import drivers
from tests.stack import fetch

from .keycloak import AUDIENCE, GROUPS, REGION, client

NATIONS = "SELECT name FROM tpch.tiny.nation ORDER BY name"
EUROPE = ["FRANCE", "GERMANY", "ROMANIA", "RUSSIA", "UNITED KINGDOM"]
# Longer than a token of the client `sluice-short` lives.
SLOW = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a (x) CROSS JOIN UNNEST(sequence(1, 10000)) b (y) CROSS JOIN UNNEST(sequence(1, 40)) c (z)"
LIFESPAN = 3


def sluice_client(name, port, **attributes):
    """What Sluice is at Keycloak."""
    return client(name, AUDIENCE, GROUPS, REGION, publicClient=False, secret=f"{name}-secret", directAccessGrantsEnabled=False, standardFlowEnabled=True,
                  redirectUris=[f"https://localhost:{port}/oauth2/callback"], attributes={"pkce.code.challenge.method": "S256", **attributes})


class Browser:
    """Keeps cookies, follows redirections, shows a page."""

    def __init__(self, *authorities):
        context = ssl.create_default_context()
        for authority in authorities:
            context.load_verify_locations(str(authority))
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(jar))
        # What a browser says when the issuer sends it back.
        self.opener.addheaders = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]
        self.address = None

    def open(self, url, **form):
        """Status, headers and text of a page."""
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self.opener.open(url, data, timeout=60) as response:
                self.address = response.url
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            self.address = error.url
            return error.code, error.headers, error.read().decode()

    def link(self, url):
        """Opens the address that a client shows, and gives where its link leads."""
        status, headers, page = self.open(url)
        assert status == 200, (status, page)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'") and headers["Cache-Control"].startswith("no-store"), headers.items()
        return html.unescape(re.search(r'<a href="([^"]+)"', page).group(1))

    def log_in(self, link, user):
        """Goes on, and answers Keycloak's form; the last page."""
        status, _, page = self.open(link)
        assert status == 200, (status, page[:500])
        form = re.search(r'<form[^>]*action="([^"]+)"', page)
        return self.open(html.unescape(form.group(1)), username=user, password=f"{user}-password", credentialId="")


def attended(words, log_in, environment=None, folder=None):
    """Runs a program and calls `log_in` with each address that it shows: exit code, what it wrote, and how often it asked."""
    kept = {key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
                             env={**kept, **(environment or {})})
    ending = threading.Timer(400, child.kill)
    ending.start()
    lines, asked = [], 0
    try:
        for line in child.stdout:
            lines.append(line)
            address = re.search(r"https://\S+/oauth2/token/initiate/\S+", line)
            if address:
                asked += 1
                log_in(address.group(0))
        return child.wait(), "".join(lines), asked
    finally:
        ending.cancel()
        child.kill()


class Entrance:
    """Keycloak, and a Sluice that sends browsers to it."""

    def __init__(self, keycloak, sluice):
        self.keycloak = keycloak
        self.sluice = sluice

    def browser(self):
        """A new one, that knows nobody."""
        return Browser(self.keycloak.ca, self.sluice.ca)

    def ask(self, method, path, headers=None, body=None):
        """Status, headers and text of an answer of Sluice's."""
        context = ssl.create_default_context(cafile=str(self.sluice.ca))
        connection = http.client.HTTPSConnection("localhost", self.sluice.port, timeout=30, context=context)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()

    def challenge(self, token=None):
        """The two addresses that a client without a proof is told."""
        status, headers, _ = self.ask("POST", "/v1/statement", {"Authorization": f"Bearer {token}"} if token else None, "SELECT 1")
        assert status == 401, status
        bearer = [value for value in headers.get_all("WWW-Authenticate") if value.startswith("Bearer ")]
        assert len(bearer) == 1, bearer
        found = dict(re.findall(r'(x_\w+)="([^"]+)"', bearer[0]))
        return found.get("x_redirect_server"), urllib.parse.urlsplit(found["x_token_server"]).path

    def poll(self, path):
        """What the client is told."""
        status, headers, text = self.ask("GET", path)
        assert status == 200 and headers["Cache-Control"].startswith("no-store"), (status, text)
        return json.loads(text)

    def token(self, user="anna"):
        """The token that a client gets when somebody has logged in."""
        redirect, path = self.challenge()
        browser = self.browser()
        status, _, page = browser.log_in(browser.link(redirect), user)
        assert status == 200 and f"logged in as <strong>{user}</strong>" in page, (status, page)
        return self.poll(path)["token"]

    def statement(self, token):
        """The status for a token."""
        return self.ask("POST", "/v1/statement", {"Authorization": f"Bearer {token}"}, "SELECT 1")[0]

    def run(self, words, environment=None, user="anna"):
        """Runs a client that shows an address, logs in there as a person does, and gives what it wrote, and how often it asked."""
        code, told, asked = attended(words, lambda address: self.go_to(address, user), environment)
        assert code == 0, told[-2000:]
        return told, asked

    def go_to(self, address, user):
        """Logs in at the address that a client shows."""
        browser = self.browser()
        page = browser.log_in(browser.link(address), user)
        assert page[0] == 200, page

    def renewed(self):
        """How many tokens were renewed."""
        return self.sluice.metrics()['sluice_logins_total{outcome="renewed"}']


def command_line(entrance, sql):
    """Trino's own command line, which shows the address."""
    words = [str(fetch.java() / "bin/java"), "-jar", str(fetch.maven("io.trino:trino-cli:476:jar:executable")), "--server", entrance.sluice.url, "--truststore-path",
             str(entrance.sluice.ca), "--external-authentication", "--external-authentication-redirect-handler", "PRINT", "--user", "anna", "--output-format", "CSV", "--execute", sql]
    return entrance.run(words)


PYTHON = """
import json, os, time, trino
auth = trino.auth.OAuth2Authentication(redirect_auth_url_handler=lambda url: print(url, flush=True))
with trino.dbapi.connect(host="localhost", port=int(os.environ["PORT"]), user="anna", http_scheme="https", verify=os.environ["CA"], auth=auth) as connection:
    for sql in json.loads(os.environ["SQL"]):
        cursor = connection.cursor()
        cursor.execute(sql)
        print("rows", json.dumps(cursor.fetchall()), flush=True)
        time.sleep(float(os.environ["PAUSE"]))
"""


def python_client(entrance, *statements, pause=0):
    """The Python client, which notebooks and Airflow use."""
    told = {"PORT": str(entrance.sluice.port), "CA": str(entrance.sluice.ca), "SQL": json.dumps(statements), "PAUSE": str(pause)}
    return entrance.run([drivers.python().command[0], "-c", PYTHON], told)


def clients(entrance):
    """Both log in by what a person does in a browser."""
    told, asked = command_line(entrance, NATIONS)
    assert asked == 1 and [line for line in told.splitlines() if line.startswith('"')] == [f'"{name}"' for name in EUROPE], told
    told, asked = python_client(entrance, NATIONS, NATIONS)
    assert (asked, told.count("rows " + json.dumps([[name] for name in EUROPE]))) == (1, 2), told
    record = [r for r in entrance.sluice.records() if r["kind"] == "decision"][-1]
    assert (record["principal"], record["proofs"]) == ("anna", [{"by": "token", "issuer": entrance.keycloak.issuer}]), record


def protocol(entrance):
    """Step by step: who polls waits, gets the token once, and nobody else gets it."""
    redirect, path = entrance.challenge()
    ticket = redirect.rpartition("/")[2]
    began = time.monotonic()
    waiting = entrance.poll(path)
    assert set(waiting) == {"nextUri"} and waiting["nextUri"].endswith(path) and time.monotonic() - began > 5, waiting
    assert "no log-in" in entrance.poll(f"/oauth2/token/{ticket}")["error"]
    browser = entrance.browser()
    link = browser.link(redirect)
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
    assert asked["code_challenge_method"] == ["S256"] and len(asked["nonce"][0]) == 43, asked
    # Another browser than the one that opened the address has not begun this log-in.
    status, _, page = entrance.browser().log_in(link, "carl")
    assert (status, "did not begin this log-in" in page) == (403, True), page
    status, _, page = browser.log_in(link, "anna")
    assert status == 200, page
    token = entrance.poll(path)["token"]
    assert entrance.statement(token) == 200
    assert "over" in entrance.poll(path)["error"]
    assert entrance.ask("DELETE", path)[0] == 204
    # Nothing of it is good for another time.
    status, _, page = browser.open(f"{entrance.sluice.url}/oauth2/callback?code=x&state={asked['state'][0]}&iss={urllib.parse.quote(entrance.keycloak.issuer)}")
    assert status in (403, 410), (status, page)
    said = entrance.sluice.log.read_text(encoding="utf-8") + json.dumps(entrance.sluice.records())
    for secret in [*token.split("."), path.rpartition("/")[2], asked["state"][0]]:
        assert secret[:40] not in said


def refused_at_the_issuer(entrance):
    """Who goes back without logging in is told so, and so is the client."""
    redirect, path = entrance.challenge()
    state = urllib.parse.parse_qs(urllib.parse.urlsplit((link := (browser := entrance.browser()).link(redirect))).query)["state"][0]
    assert link
    told = []
    waiting = threading.Thread(target=lambda: told.append(entrance.poll(path)))
    waiting.start()
    time.sleep(1)
    back = urllib.parse.urlencode({"error": "access_denied", "state": state, "iss": entrance.keycloak.issuer})
    status, _, page = browser.open(f"{entrance.sluice.url}/oauth2/callback?{back}")
    assert (status, "access_denied" in page) == (403, True), page
    waiting.join(30)
    assert "access_denied" in told[0]["error"], told


def renewal(entrance):
    """Tokens live for seconds; a query and a session go on, with one log-in."""
    token = entrance.token()
    assert token.startswith("sluice_") and entrance.statement(token) == 200
    time.sleep(LIFESPAN + 1)
    redirect, path = entrance.challenge(token)
    assert redirect is None, redirect
    new = entrance.poll(path)["token"]
    assert new != token and entrance.statement(new) == 200
    before = entrance.renewed()
    told, asked = python_client(entrance, "SELECT 1", "SELECT 2", "SELECT 3", pause=LIFESPAN + 1)
    assert (asked, [f"rows [[{n}]]" in told for n in (1, 2, 3)]) == (1, [True] * 3), told
    assert entrance.renewed() >= before + 2, entrance.renewed()
    before = entrance.renewed()
    told, asked = command_line(entrance, SLOW)
    assert (asked, '"4000000000"' in told) == (1, True), told
    assert entrance.renewed() > before, "the statement was not slow enough"


def ended(entrance):
    """Who is logged out at Keycloak needs a browser again."""
    token = entrance.token()
    found = entrance.keycloak.administer("GET", "/users?username=anna")[0]
    entrance.keycloak.administer("POST", f"/users/{found['id']}/logout")
    time.sleep(LIFESPAN + 1)
    assert entrance.challenge(token)[0] is not None
