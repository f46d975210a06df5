"""A stand-in, over TLS, for the two that Sluice asks here: an API server of Kubernetes that gives its keys to who shows a token, and a list of users as SCIM 2.0 has it."""

import base64
import http.server
import json
import ssl
import subprocess
import threading
import time
import urllib.parse

from tests.stack import process, tls


def encoded(data):
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Server:
    """Both, with a key of its own. `users` is the list; `secret` is the token that is asked for."""

    def __init__(self, folder, users):
        self.folder, self.users, self.secret = folder, users, "first-secret"
        self.port = process.free_port()
        tls.make(folder)
        tls.openssl(folder, "genrsa", "-out", "issuer.key", "2048")
        numbers = subprocess.run(["openssl", "rsa", "-in", str(folder / "issuer.key"), "-noout", "-modulus"], capture_output=True, text=True, check=True)
        modulus = bytes.fromhex(numbers.stdout.strip().removeprefix("Modulus="))
        self.keys = {"keys": [{"use": "sig", "kty": "RSA", "kid": "cluster-key", "alg": "RS256", "n": encoded(modulus), "e": "AQAB"}]}
        self.server = None

    @property
    def url(self):
        """Scheme, host and port."""
        return f"https://localhost:{self.port}"

    @property
    def ca(self):
        """The certificate that its own leads to."""
        return self.folder / "ca.pem"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts to answer."""
        place = self

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, page = place.answer(self.path, self.headers.get("Authorization"))
                body = json.dumps(page).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Says nothing."""
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Answers)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        """Ends it."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, target, authorization):
        """Status and page of a path; 401, as an API server says it, to who shows no token."""
        path, _, query = target.partition("?")
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "jwks_uri": f"{self.url}/openid/v1/jwks", "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token"}
        if authorization != f"Bearer {self.secret}":
            return 401, {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401}
        if path == "/openid/v1/jwks":
            return 200, self.keys
        if path == "/scim/v2/Users":
            asked = dict(urllib.parse.parse_qsl(query))
            start, count = int(asked["startIndex"]), min(int(asked["count"]), 2)
            return 200, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": len(self.users), "startIndex": start,
                         "itemsPerPage": count, "Resources": self.users[start - 1:start - 1 + count]}
        return 404, {}

    def token(self, account, namespace="etl", audience="sluice", seconds=3600):
        """A token as a pod finds it in its projected volume."""
        now = int(time.time())
        claims = {"aud": [audience], "exp": now + seconds, "iat": now, "iss": f"{self.url}", "jti": "0f6a", "nbf": now,
                  "kubernetes.io": {"namespace": namespace, "node": {"name": "node-1", "uid": "n"}, "pod": {"name": f"{account}-0", "uid": "p"},
                                    "serviceaccount": {"name": account, "uid": "s"}},
                  "sub": f"system:serviceaccount:{namespace}:{account}"}
        words = [encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "cluster-key"}, claims)]
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.folder / "issuer.key")], input=".".join(words).encode(), capture_output=True, check=True)
        return ".".join([*words, encoded(signed.stdout)])
