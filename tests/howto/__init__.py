"""docs/identity-howto.md, block by block: its files are written, its commands run, and what they print is compared with what the page says."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import urllib.parse

from tests import feeds, ldap
from tests.certificates.authority import Authority
from tests.clients import drivers
from tests.feeds.server import Server
from tests.identity.browser import Browser, attended
from tests.identity.keycloak import Keycloak
from tests.stack import fetch, process
from tests.stack.client import Client
from tests.stack.slapd import BASE, Slapd
from tests.stack.sluice import ROOT, Sluice, binary, password

from .page import same, sections

PAGE = ROOT / "docs/identity-howto.md"
# What each program of the page is here.
CLI = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.util.logging.config.file=quiet.properties", "-jar"]


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "howto"
    shutil.rmtree(folder, ignore_errors=True)
    trino = stack.trino
    with contextlib.ExitStack() as held:
        keycloak = held.enter_context(Keycloak(folder / "keycloak"))
        slapd = held.enter_context(Slapd(folder / "slapd", ldap.ENTRIES))
        server = held.enter_context(Server(folder / "server", [feeds.user("anna", "analysts")]))
        sluice = Sluice(folder / "sluice", trino.url, folder / "sluice/policies")
        held.callback(sluice.stop)
        sluice.write_settings()
        place = Place(sluice, keycloak, {
            "https://sluice.example.com:8444": f"https://localhost:{process.free_port()}",
            "sluice.example.com:8443": f"localhost:{sluice.port}",
            "str(sluice.example.com)": "str(localhost)",
            "https://superset.example.com": f"https://localhost:{sluice.port}",
            "0.0.0.0:8443": f"127.0.0.1:{sluice.port}",
            "127.0.0.1:9090": f"127.0.0.1:{sluice.console_port}",
            "http://trino.internal:8080": trino.url,
            "https://login.example.com": f"https://localhost:{keycloak.port}",
            "ldaps://ldap.example.com": f"ldaps://localhost:{slapd.secure_port}",
            "dc=example,dc=com": BASE,
            "https://directory.example.com": server.url,
            "https://kubernetes.default.svc.cluster.local": server.url,
            "https://kubernetes.default.svc": server.url,
            "/var/run/secrets/kubernetes.io/serviceaccount/token": "scim-token",
            "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt": "company-ca.pem",
            "/var/run/secrets/sluice/token": "pod-token",
            "10.0.0.5/32": "127.0.0.1/32",
        })
        place.table["bind :8444"] = f"bind 127.0.0.1:{place.table['https://sluice.example.com:8444'].rpartition(':')[2]}"
        prepare(place, slapd, server)
        page = sections(PAGE.read_text(encoding="utf-8"))
        for heading, blocks in page.items():
            yield heading, lambda blocks=blocks: follow(place, blocks)
        yield "each file of the page is used", lambda: used([block for blocks in page.values() for block in blocks])


class Place:
    """Where the page is followed: a folder, the servers, and what stands there in place of the page's addresses and folders."""

    def __init__(self, sluice, keycloak, table):
        self.sluice, self.keycloak, self.table = sluice, keycloak, table
        self.folder = sluice.folder

    def here(self, text):
        """A text of the page with what stands here for its addresses and folders, the longest first."""
        for name in sorted(self.table, key=len, reverse=True):
            text = text.replace(name, self.table[name])
        return text

    def browser(self):
        """A new one, that knows nobody."""
        return Browser(self.keycloak.ca, self.sluice.ca)


def prepare(place, slapd, server):
    """What the page says is there: passwords of people, authorities, tokens, programs."""
    folder = place.folder
    authorities = (place.keycloak.ca, slapd.ca, server.ca)
    files = {
        "company-ca.pem": "".join(ca.read_text(encoding="ascii") for ca in authorities), "admin-password": "admin-password", "ldap-password": "service-password",
        "scim-token": server.secret, "pod-token": server.token("loader"), "quiet.properties": ".level=OFF\n",
        **{f"{name}-password": password(name) for name in ("anna", "dora")},
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="ascii")
    Authority(folder / "authority")
    (folder / "trino-jdbc.jar").symlink_to(fetch.maven(f"io.trino:trino-jdbc:{fetch.TRINO}"))
    java = drivers.any_java("bin/javac") / "bin/java"
    (folder / "bin").mkdir()
    programs = {"trino": [java, *CLI, fetch.maven(f"io.trino:trino-cli:{fetch.TRINO}:jar:executable")], "sluice": [binary()], "java": [java, "-XX:TieredStopAtLevel=1"],
                "python3": drivers.python().command}
    for name, words in programs.items():
        file = folder / "bin" / name
        file.write_text(f"#!/bin/sh\nexec {' '.join(map(str, words))} \"$@\"\n", encoding="ascii")
        file.chmod(0o755)


def follow(place, blocks):
    """Does what the blocks of a section say, in order."""
    blocks, printed = list(blocks), None
    for number, block in enumerate(blocks):
        text = place.here(block.text)
        told = number + 1 < len(blocks) and blocks[number + 1].language == "text"
        if block.file:
            write(place, block.file, text)
        elif block.language == "sh":
            printed = run(place, text, told)
        elif block.language == "text" and printed is not None:
            same(text, printed)
            printed = None
        else:
            raise AssertionError(f"line {block.line}: no test runs this block")


def write(place, name, text):
    """A file of the page. The settings are followed by a Sluice that has them; those of others are tried."""
    file = place.folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if name == "sluice.yaml":
        place.sluice.stop()
        place.sluice.start()
    if name == "superset_config.py":
        superset(place)


def run(place, text, told):
    """What commands print. They have to end well, unless the page says what they print: then that is compared."""
    words = ["bash", "-u", "-o", "pipefail", "-c", text] if told else ["bash", "-eu", "-o", "pipefail", "-c", text]
    environment = {"PATH": f"{place.folder / 'bin'}:{os.environ['PATH']}:/usr/sbin", "TRINO_CONFIG": str(place.folder / "trino.config")}
    code, printed, _ = attended(words, lambda address: log_in(place, address), environment, place.folder)
    assert told or (code, printed) == (0, ""), f"exit code {code}: {printed[-3000:]}\n{text}"
    return printed


def log_in(place, address):
    """As anna, in a browser."""
    browser = place.browser()
    page = browser.log_in(browser.link(address), "anna")
    assert page[0] == 200, page


def superset(place):
    """What Superset does with its configuration: a user logs in at the issuer, and the token goes along with the user's statements."""
    words = [str(place.folder / "bin/python3"), "-c", "import json, superset_config as c; print(json.dumps([c.DATABASE_OAUTH2_CLIENTS['Trino'], c.DATABASE_OAUTH2_REDIRECT_URI]))"]
    secret = (place.folder / "superset-secret").read_text(encoding="ascii").strip()
    told = subprocess.run(words, cwd=place.folder, env={"SUPERSET_SECRET": secret}, capture_output=True, text=True, check=True).stdout
    issuer, back = json.loads(told)
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"response_type": "code", "client_id": issuer["id"], "redirect_uri": back, "scope": issuer["scope"], "state": "x", "code_challenge": challenge, "code_challenge_method": "S256"}
    browser = place.browser()
    browser.log_in(f"{issuer['authorization_request_uri']}?{urllib.parse.urlencode(asked)}", "anna")
    assert browser.address.startswith(back), browser.address
    [code] = urllib.parse.parse_qs(urllib.parse.urlsplit(browser.address).query)["code"]
    status, _, text = browser.open(issuer["token_request_uri"], grant_type="authorization_code", code=code, redirect_uri=back, client_id=issuer["id"],
                                   client_secret=issuer["secret"], code_verifier=verifier)
    assert status == 200, text
    client = Client(place.sluice.url, "anna", ca=place.sluice.ca, headers={"Authorization": f"Bearer {json.loads(text)['access_token']}"})
    assert client.rows(place.folder.joinpath("nations.sql").read_text(encoding="ascii").rstrip(";\n")) == [["anna", 5, "FRANCE"]]


def used(blocks):
    """A file that neither Sluice reads nor a command or another file names would be one that nothing tries."""
    read = ("sluice.yaml", "superset_config.py", "trino.config")
    for block in blocks:
        if block.file and block.file not in read and not block.file.startswith("policies/"):
            assert any(block.file in other.text for other in blocks), f"line {block.line}: nothing uses {block.file}"
