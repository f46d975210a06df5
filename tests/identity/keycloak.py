"""A real Keycloak for tests: one realm in memory, over TLS, with what the tests ask of its administration."""

import json
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

from tests.stack import cache, fetch, process, tls
from tests.stack.progress import step

KEYCLOAK = "26.4.0"
REALM = "acme"
BUILT = ["--db=dev-mem", "--metrics-enabled=false", "--health-enabled=false"]


def keycloak():
    """The folder of a Keycloak that was built for a start at once."""
    def make(folder):
        tarball = fetch.maven(f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK}:tar.gz")
        fetch.run(["tar", "xzf", str(tarball), "--strip-components=1", "-C", str(folder)], "tar", "install tar")
        with step(f"building Keycloak {KEYCLOAK}"):
            fetch.run(["env", f"JAVA_HOME={fetch.java()}", str(folder / "bin/kc.sh"), "build", *BUILT], "Keycloak", "see its log")

    return cache.entry(f"keycloak-{KEYCLOAK}-built", make, 0.8)


class Keycloak:
    """A server whose realm `acme` is made from a description, if there is one."""

    def __init__(self, folder, realm=None):
        self.folder = folder
        self.realm = realm
        self.port = process.free_port()
        self.process = None
        self.token = None

    @property
    def issuer(self):
        """The issuer of its tokens."""
        return f"https://localhost:{self.port}/realms/{REALM}"

    @property
    def ca(self):
        """The certificate that its own leads to."""
        return self.folder / "tls/ca.pem"

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        tls.make(self.folder / "tls")
        home = keycloak()
        process.need_memory(1, "Keycloak")
        files = self.folder / "tls"
        environment = {
            "JAVA_HOME": str(fetch.java()), "JAVA_OPTS_APPEND": "-Xmx400m -XX:TieredStopAtLevel=1",
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin-password",
        }
        command = [str(home / "bin/kc.sh"), "start", "--optimized", "--cache=local", "--http-host=127.0.0.1", "--http-enabled=false", f"--https-port={self.port}",
                   f"--hostname=https://localhost:{self.port}", f"--https-certificate-file={files / 'server.pem'}",
                   f"--https-certificate-key-file={files / 'server.key'}"]
        with step(f"starting Keycloak {KEYCLOAK} on port {self.port}"):
            self.process = process.Process("Keycloak", command, self.folder / "keycloak.log", environment, self.folder)
            try:
                self.process.wait_until(self.ready, 600)
                if self.realm:
                    self.administer("POST", "", self.realm, base="/admin/realms")
            except BaseException:
                self.process.kill()
                raise
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """Ends it; it has nothing to keep."""
        if self.process.alive():
            self.process.kill()

    def ready(self):
        """Whether it answers."""
        try:
            return self.ask("GET", "/realms/master")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, headers=None):
        """Status and text of an answer."""
        request = urllib.request.Request(f"https://localhost:{self.port}{path}", data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=str(self.ca))) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def tokens(self, client, realm=REALM, **form):
        """What the token endpoint gives a client."""
        body = urllib.parse.urlencode({"client_id": client, **form}).encode()
        status, text = self.ask("POST", f"/realms/{realm}/protocol/openid-connect/token", body)
        assert status == 200, text
        return json.loads(text)

    def of_user(self, user, client="cli", **form):
        """The tokens of a user who logs in by a password."""
        return self.tokens(client, grant_type="password", username=user, password=f"{user}-password", **form)

    def access_token(self, user, client="cli"):
        """The access token of a user."""
        return self.of_user(user, client)["access_token"]

    def of_service(self, client):
        """The access token of a client for itself."""
        return self.tokens(client, grant_type="client_credentials", client_secret=f"{client}-secret")["access_token"]

    def administer(self, method, path, body=None, base=f"/admin/realms/{REALM}"):
        """A request to its administration; the answer from JSON."""
        # The administrator's token is short-lived.
        login = self.tokens("admin-cli", "master", grant_type="password", username="admin", password="admin-password")
        headers = {"Authorization": f"Bearer {login['access_token']}", "Content-Type": "application/json"}
        status, text = self.ask(method, base + path, None if body is None else json.dumps(body).encode(), headers)
        assert status in (200, 201, 204), (status, text)
        return json.loads(text) if text else None

    def rotate(self):
        """Has it sign by a new key; the old one stays known. The new provider's id."""
        realm = self.administer("GET", "")["id"]
        name = f"rotated-{time.monotonic_ns()}"
        priority = str(int(time.time()))
        self.administer("POST", "/components", {
            "name": name, "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider", "parentId": realm,
            "config": {"priority": [priority], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"], "keySize": ["2048"]},
        })
        return name

    def withdraw(self, keep):
        """Takes back each RSA key but that of one provider."""
        for component in self.administer("GET", "/components?type=org.keycloak.keys.KeyProvider"):
            if component["providerId"] == "rsa-generated" and component["name"] != keep:
                self.administer("DELETE", f"/components/{component['id']}")


def mapper(kind, name, **config):
    """A mapper of a client's, which writes a claim into access tokens."""
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": {"access.token.claim": "true", **config}}


AUDIENCE = mapper("oidc-audience-mapper", "audience", **{"included.custom.audience": "sluice"})
GROUPS = mapper("oidc-group-membership-mapper", "groups", **{"claim.name": "groups", "full.path": "false"})
REGION = mapper("oidc-usermodel-attribute-mapper", "region", **{"claim.name": "region", "user.attribute": "region", "jsonType.label": "String"})


def client(name, *mappers, **more):
    """A client that may log in by passwords."""
    return {"clientId": name, "publicClient": True, "directAccessGrantsEnabled": True, "protocolMappers": list(mappers), **more}


def user(name, *groups, **attributes):
    """A user with a password."""
    return {"username": name, "enabled": True, "email": f"{name}@example.com", "emailVerified": True, "firstName": name, "lastName": name,
            "groups": list(groups), "attributes": {key: [value] for key, value in attributes.items()},
            "credentials": [{"type": "password", "value": f"{name}-password", "temporary": False}]}
