"""Tokens of Kubernetes, and groups that a feed tells of whoever logs in: the keys and the feed are asked for over TLS and with a token that is read anew."""

import pathlib

from tests.stack.client import Client, wait_for

from .server import Server

POLICIES = pathlib.Path(__file__).with_name("policies")
NATIONS = "SELECT name FROM tpch.tiny.nation ORDER BY name"
REGIONS = "SELECT count(*) FROM tpch.tiny.region"
EUROPE = [["FRANCE"], ["GERMANY"], ["ROMANIA"], ["RUSSIA"], ["UNITED KINGDOM"]]


def user(name, *groups, **more):
    """A user as SCIM has it."""
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": name, "userName": name, "active": True,
            "groups": [{"value": group.upper(), "display": group} for group in groups], "urn:acme:2.0:User": {"region": 3}, **more}


USERS = [user("anna", "analysts", "wiki"), user("carl", "analysts", "contractors"), user("etl/loader"), user("etl/gone", active=False), user("etl/reader", "analysts")]


def cases(stack):
    """The cases of this suite."""
    with Server(stack.folder / "feeds", list(USERS)) as server:
        secret = stack.folder / "feeds/secret"
        secret.write_text(server.secret, encoding="ascii")
        shared = {"ca": str(server.ca), "refresh": "1s"}
        cluster = {"issuer": server.url, "jwks_url": f"{server.url}/openid/v1/jwks", "jwks_token_file": str(secret), "audience": ["sluice"],
                   "user": "{kubernetes.io.namespace}/{kubernetes.io.serviceaccount.name}", "speaks_for": {"users": ["etl/*"]}, **shared}
        feed = {"url": f"{server.url}/scim/v2/Users", "token_file": str(secret), "attributes": {"region": "/urn:acme:2.0:User/region"}, "maximum_age": "4s",
                "speaks_for": {"users": ["anna", "carl", "etl/*"], "groups": ["analysts", "contractors"]}, **shared}
        with stack.sluice("feeds-sluice", POLICIES, settings={"identity": {"oidc": [cluster], "group_feed": feed}}) as sluice:
            place = Place(server, sluice, secret)
            wait_for("the feed is read", lambda: place.client("reader").query(NATIONS).rows == EUROPE)
            yield "a token of a service account is its user", lambda: believed(place)
            yield "a token of another namespace or audience is refused", lambda: refused(place)
            yield "a user has the groups and attributes of the feed, however logged in or acted as", lambda: groups(place)
            yield "a changed feed and a changed token for it count with the next fetch", lambda: changed(place)
            yield "when the feed is too old nobody's groups are known", lambda: gone(place)


class Place:
    """Who tells, and a Sluice that believes it."""

    def __init__(self, server, sluice, secret):
        self.server, self.sluice, self.secret = server, sluice, secret

    def client(self, account, name=None, **more):
        """A client that logs in by a token of a service account."""
        return Client(self.sluice.url, name or f"etl/{account}", ca=self.sluice.ca, headers={"Authorization": f"Bearer {self.server.token(account, **more)}"})


def believed(place):
    """With the issuer in the log."""
    assert place.client("loader").rows(REGIONS) == [[5]]
    record = [r for r in place.sluice.records() if r["kind"] == "decision"][-1]
    assert (record["principal"], record["groups"], record["proofs"]) == ("etl/loader", [], [{"by": "token", "issuer": place.server.url}]), record


def refused(place):
    """Each by 401."""
    for more in ({"namespace": "hr"}, {"audience": "https://kubernetes.default.svc"}, {"seconds": -60}):
        error = place.client("loader", **more).query("SELECT 1").error
        assert error["errorName"] == "HTTP 401", (more, error)


def denied(client, sql):
    """Whether a statement is denied."""
    error = client.query(sql).error
    return error is not None and error["errorName"] == "PERMISSION_DENIED"


def groups(place):
    """Who is not in the feed, or not active there, may be in any group."""
    assert place.client("reader").rows(NATIONS) == EUROPE
    assert place.sluice.client("anna").rows(NATIONS) == EUROPE
    assert place.client("loader", "anna").rows(NATIONS) == EUROPE
    assert denied(place.client("loader", "carl"), REGIONS)
    for account in ("gone", "unknown"):
        assert denied(place.client(account), REGIONS) and place.client(account).rows("SELECT 1") == [[1]], account
    # Not among those of whom the feed speaks.
    assert place.sluice.client("hugo").rows(REGIONS) == [[5]]
    assert denied(place.sluice.client("hugo"), NATIONS)


def changed(place):
    """One who leaves a group, one who comes."""
    place.server.users[:] = [user("anna", "contractors"), user("etl/loader", "analysts"), user("etl/reader")]
    place.server.secret = "second-secret"
    place.secret.write_text("second-secret\n", encoding="ascii")
    wait_for("the new feed counts", lambda: place.client("loader").query(NATIONS).rows == EUROPE)
    assert denied(place.sluice.client("anna"), REGIONS)
    assert denied(place.client("reader"), NATIONS) and place.client("reader").rows(REGIONS) == [[5]]
    said = place.sluice.log.read_text(encoding="utf-8")
    assert "first-secret" not in said and "second-secret" not in said


def gone(place):
    """The last case. Its word is believed for four seconds here; keys of the cluster for longer."""
    assert place.client("loader").rows(NATIONS) == EUROPE
    place.server.stop()
    assert place.client("loader").rows(NATIONS) == EUROPE
    wait_for("no groups are known", lambda: denied(place.client("loader"), NATIONS) and denied(place.client("reader"), REGIONS))
    assert place.client("loader").rows("SELECT 1") == [[1]]
    assert place.sluice.client("hugo").rows(REGIONS) == [[5]]
