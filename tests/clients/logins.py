"""Where clients log in by a certificate and by a browser: a Sluice that takes both, a Keycloak, and a browser that goes where a client tells it."""

import contextlib
import http.server
import shutil
import urllib.parse

from tests.certificates.authority import Authority
from tests.identity.browser import Browser, sluice_client
from tests.identity.keycloak import Keycloak, user
from tests.stack import process
from tests.stack.serving import Serving

# Whose log-ins they are.
PERSON, SERVICE = "anna", "loader"


@contextlib.contextmanager
def logins(stack, policies):
    """The place, as long as it is needed."""
    folder, port = stack.folder / "clients-logins", process.free_port()
    shutil.rmtree(folder, ignore_errors=True)
    authority = Authority(folder / "authority")
    realm = {"realm": "acme", "enabled": True, "sslRequired": "all", "groups": [{"name": "people"}], "users": [user(PERSON, "people")], "clients": [sluice_client("sluice", port)]}
    with Keycloak(folder / "keycloak", realm) as keycloak:
        secret = folder / "secret"
        secret.write_text("sluice-secret\n", encoding="ascii")
        issuer = {"issuer": keycloak.issuer, "ca": str(keycloak.ca), "audience": ["sluice"], "user": "{preferred_username}", "speaks_for": {"users": [PERSON]},
                  "browser": {"client_id": "sluice", "client_secret_file": str(secret), "scopes": ["profile"]}}
        rule = {"common_name": "{user}", "user": "{user}", "speaks_for": {"users": [SERVICE]}}
        settings = {
            "listen": {"public_url": f"https://localhost:{port}", "tls": {"certificate": "tls/server.pem", "key": "tls/server.key", "client_ca": str(authority.ca)}},
            "identity": {"oidc": [issuer], "client_certificates": [rule]},
        }
        with stack.sluice("clients-logins/sluice", policies, port=port, settings=settings) as sluice, Desk(keycloak.ca, sluice.ca) as desk:
            yield Place(sluice, authority.sign(SERVICE, f"/CN={SERVICE}"), desk)


class Place:
    """What a client is told to log in there."""

    def __init__(self, sluice, files, desk):
        self.sluice, self.files, self.desk = sluice, [str(file) for file in files], desk

    def told(self, login):
        """By one of the two ways."""
        certificate, key, both = self.files
        return {"certificate": certificate, "key": key, "both": both} if login == "certificate" else {"browser": self.desk.url}


class Desk(Serving):
    """Somebody before a browser, who logs in where clients want it: they ask for `?to=ADDRESS` here, in place of opening a browser."""

    def __init__(self, *authorities):
        self.authorities = authorities
        desk = self

        class Asked(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, text = desk.log_in(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))["to"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                """Says nothing."""
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)

    @property
    def url(self):
        """Where it is asked."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def log_in(self, address):
        """As people do; the last page."""
        browser = Browser(*self.authorities)
        status, _, text = browser.log_in(browser.link(address), PERSON)
        return status, text
