"""Passwords and groups of a real OpenLDAP, before a real Trino: by names made of a pattern and by names that are looked up, what users write as names, and a directory that is gone or does not answer."""

import base64
import concurrent.futures
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import time

from tests.stack import fetch
from tests.stack.client import Client, wait_for
from tests.stack.slapd import BASE, Slapd
from tests.stack.sluice import PASSWORDS

# Analysts read nations of their own region, everyone but contractors regions, admin all.
POLICIES = pathlib.Path(__file__).parents[1] / "identity/policies"
NATIONS = "SELECT name FROM tpch.tiny.nation ORDER BY name"
REGIONS = "SELECT count(*) FROM tpch.tiny.region"
EUROPE = [["FRANCE"], ["GERMANY"], ["ROMANIA"], ["RUSSIA"], ["UNITED KINGDOM"]]
# Names with what means something in names and filters of a directory.
ODD = ["a,b", "p(q)", "star*", "ünal", "hash#", "a+b", "back\\slash", "eq=al", "semi;colon", "quo\"te"]


def unit(name, above=BASE):
    """An organizational unit."""
    return f"dn: ou={name},{above}\nobjectClass: organizationalUnit\nou: {name}\n\n"


def encoded(name, text):
    """A line of LDIF for any text."""
    return f"{name}:: {base64.b64encode(text.encode()).decode()}\n"


def person(name, where=f"ou=people,{BASE}", step=None, password=None):
    """A user, with a password as in all tests."""
    step = step or f"uid={escaped(name)}"
    return (encoded("dn", f"{step},{where}") + "objectClass: inetOrgPerson\nsn: x\nl: 3\n" + encoded("cn", name) + encoded("uid", name)
            + f"userPassword:: {base64.b64encode((password or name + '-password').encode()).decode()}\n\n")


def escaped(value):
    """A value in a name, all but letters by their codes."""
    return "".join(c if c.isalnum() and c.isascii() else "".join(f"\\{b:02x}" for b in c.encode()) for c in value)


def group(name, *members, where=f"ou=groups,{BASE}"):
    """A group."""
    return f"dn: cn={name},{where}\nobjectClass: groupOfNames\ncn: {name}\n" + "".join(f"member: {member}\n" for member in members) + "\n"


def uid(name):
    """The name of a user's entry."""
    return f"uid={name},ou=people,{BASE}"


ENTRIES = (
    f"dn: {BASE}\nobjectClass: domain\ndc: acme\n\n" + "".join(map(unit, ["people", "groups", "elsewhere", "services"]))
    + unit("deep", f"ou=people,{BASE}")
    + "".join(person(name) for name in ["anna", "carl", "dora", "eve", "admin", *ODD])
    + person("twin") + person("twin", f"ou=deep,ou=people,{BASE}")
    + f"dn: cn=sluice,ou=services,{BASE}\nobjectClass: person\ncn: sluice\nsn: x\nuserPassword: service-password\n\n"
    + group("risk", uid("anna"), uid("dora")) + group("analysts", f"cn=risk,ou=groups,{BASE}", uid("eve")) + group("contractors", uid("carl"), uid("eve"))
    + group("contractors", uid("anna"), where=f"ou=elsewhere,{BASE}")
)


def cases(stack):
    """The cases of this suite."""
    with Slapd(stack.folder / "slapd", ENTRIES) as slapd:
        shared = {"ca": str(slapd.ca), "attributes": {"region": "l"}, "timeout": "1s"}
        made = {"url": f"ldaps://localhost:{slapd.secure_port}", "bind_patterns": [f"uid={{user}},ou=robots,{BASE}", f"uid={{user}},ou=people,{BASE}"],
                "groups": {"base": f"ou=groups,{BASE}", "member_of": "memberOf"}, **shared}
        admin = stack.folder / "ldap-admin"
        admin.write_text(next(line for line in PASSWORDS.read_text(encoding="ascii").splitlines(True) if line.startswith("admin:")), encoding="ascii")
        file = {"password_file": str(admin)}
        secret = stack.folder / "ldap-password"
        secret.write_text("service-password\n", encoding="ascii")
        found = {"url": f"ldap://localhost:{slapd.port}", "start_tls": True, "bind_dn": f"cn=sluice,ou=services,{BASE}", "bind_password_file": str(secret),
                 "user_base": f"ou=people,{BASE}", "user_filter": "(&(objectClass=person)(uid={user}))", "maximum_age": "3s",
                 "groups": {"base": f"ou=groups,{BASE}", "filter": "(&(objectClass=groupOfNames)(member={dn}))"}, **shared}
        with stack.sluice("ldap", POLICIES, settings={"identity": {"ldap": made, "password_file": None}}) as sluice:
            place = Place(slapd, sluice)
            yield "a user is known by a name that is made of a pattern, with nested groups and attributes", lambda: believed(place)
            yield "Trino's own command line logs in by a password of the directory", lambda: command_line(place)
            yield "what a user writes as a name stays a name", lambda: injections(place)
            yield "a password that was proved is not asked for again", lambda: remembered(place)
        with stack.sluice("ldap-search", POLICIES, settings={"identity": {"ldap": found, **file}}) as sluice:
            place = Place(slapd, sluice)
            yield "a user is looked up over a connection that begins TLS", lambda: looked_up(place)
            yield "what a user writes in a filter stays a name", lambda: injections(place)
            yield "a name that two users have is nobody's", lambda: twins(place)
            yield "a user of the password file is none of the directory", lambda: file_first(place)
            yield "a changed password and a new group count after the maximum age", lambda: changes(place)
            yield "a new password of Sluice's own counts at once", lambda: own_password(place, secret)
            yield "after a few wrong passwords none is tried", lambda: throttled(place)
            yield "while the directory is gone who was proved goes on, and nobody else gets in", lambda: gone(place)
            yield "nothing of a password is written down", lambda: nothing_kept(place)
        with silent() as port:
            settings = {"identity": {"ldap": {**made, "url": f"ldaps://localhost:{port}"}, **file}}
            with stack.sluice("ldap-silent", POLICIES, settings=settings) as sluice:
                yield "a directory that does not answer keeps nobody waiting for long", lambda: unanswered(Place(slapd, sluice))


class Place:
    """A directory, and a Sluice that believes it."""

    def __init__(self, slapd, sluice):
        self.slapd = slapd
        self.sluice = sluice

    def client(self, name, password=None):
        """A client that logs in by a password."""
        return Client(self.sluice.url, name, ca=self.sluice.ca, password=password or f"{name}-password")

    def status(self, name, password=None):
        """The status of a statement's answer."""
        secret = f"{name}:{f'{name}-password' if password is None else password}".encode()
        connection = http.client.HTTPSConnection("localhost", self.sluice.port, timeout=30, context=ssl.create_default_context(cafile=str(self.sluice.ca)))
        connection.request("POST", "/v1/statement", "SELECT 1", {"Authorization": "Basic " + base64.b64encode(secret).decode()})
        status = connection.getresponse().status
        connection.close()
        return status


def believed(place):
    """Anna is an analyst by way of another group; a group of the same name elsewhere is none of hers."""
    result = place.client("anna").query(NATIONS)
    assert result.rows == EUROPE, (result.rows, result.error)
    record = [r for r in place.sluice.records() if r["kind"] == "decision" and r.get("sql") == NATIONS][-1]
    assert (record["principal"], record["groups"], record["proofs"]) == ("anna", ["analysts", "risk"], [{"by": "ldap"}]), record
    for name in ("carl", "eve"):
        assert place.client(name).query(REGIONS).error["errorName"] == "PERMISSION_DENIED", name
    assert place.client("admin").rows(REGIONS) == [[5]]
    assert place.status("nobody") == 401


def command_line(place):
    """As people use it."""
    words = [str(fetch.java() / "bin/java"), "-jar", str(fetch.maven(f"io.trino:trino-cli:{fetch.TRINO}:jar:executable")), "--server", place.sluice.url,
             "--truststore-path", str(place.sluice.ca), "--user", "anna", "--password", "--output-format", "CSV", "--execute", NATIONS]
    environment = {"TRINO_PASSWORD": "anna-password"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL, env=environment)
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.split("\n")[:-1] == [f'"{name}"' for [name] in EUROPE], done.stdout


def injections(place):
    """Each with a password that is right for somebody."""
    for name in ODD:
        assert place.status(name) == 200, name
        assert place.status(name, "wrong") == 401, name
    for name in ("*", "a*", "ann*", ")(uid=*", "anna)(uid=*", "anna)(|(uid=*", "*)(uid=anna", "anna,ou=people", f"anna,ou=people,{BASE}", "anna+uid=carl", "anna\\2cou=people",
                 "\\61nna", "ANNA", "Anna", "anna ", " anna", "an  na", "#anna", "anna\0", "anna\0)(uid=*", "anna\n", "ａnna", "{user}", "{dn}", f"uid=anna,ou=people,{BASE}"):
        for password in ("anna-password", "carl-password"):
            assert place.status(name, password) == 401, (name, password)
    assert place.status("anna", "") == 401
    assert place.status("anna") == 200


def remembered(place):
    """Clients send it with each poll."""
    assert place.status("dora") == 200
    before = place.slapd.binds()
    for _ in range(10):
        assert place.status("dora") == 200
    assert place.slapd.binds() == before


def looked_up(place):
    """Here groups within groups don't count."""
    assert place.status("anna") == 200
    assert place.client("anna").query(NATIONS).error["errorName"] == "PERMISSION_DENIED"
    assert place.client("eve").query(REGIONS).error["errorName"] == "PERMISSION_DENIED"
    assert place.client("dora").rows(REGIONS) == [[5]]
    record = [r for r in place.sluice.records() if r["kind"] == "decision" and r["principal"] == "dora"][-1]
    assert (record["groups"], record["proofs"]) == (["risk"], [{"by": "ldap"}]), record


def twins(place):
    """Whoever's password it is."""
    assert place.status("twin") == 401


def file_first(place):
    """Admin stands in both; here a log-in by the file has a proof of its own, and the directory is not asked."""
    before = place.slapd.binds()
    assert place.client("admin").rows(REGIONS) == [[5]]
    record = [r for r in place.sluice.records() if r["kind"] == "decision" and r["principal"] == "admin"][-1]
    assert record["proofs"] == [{"by": "password"}], record
    assert place.slapd.binds() == before


def changes(place):
    """Three seconds here."""
    assert place.status("dora") == 200
    place.slapd.change(f"dn: cn=analysts,ou=groups,{BASE}\nchangetype: modify\nadd: member\nmember: {uid('dora')}\n\n"
                       f"dn: {uid('dora')}\nchangetype: modify\nreplace: userPassword\nuserPassword: new-password\n\n")
    wait_for("the old password is refused", lambda: place.status("dora") == 401)
    assert place.client("dora", "new-password").rows(NATIONS) == EUROPE


def own_password(place, secret):
    """Here it is changed in the directory first."""
    assert place.status("eve") == 200
    place.slapd.change(f"dn: cn=sluice,ou=services,{BASE}\nchangetype: modify\nreplace: userPassword\nuserPassword: rotated-password\n")
    wait_for("Sluice's password is refused", lambda: place.status("eve") == 503)
    assert f"ldap://localhost:{place.slapd.port}" in place.sluice.log.read_text(encoding="utf-8")
    secret.write_text("rotated-password\n", encoding="ascii")
    assert place.status("eve") == 200


def throttled(place):
    """Of that user alone."""
    assert place.status("eve") == 200
    for number in range(12):
        assert place.status("carl", f"wrong{number}") == 401
    before = place.slapd.binds()
    assert place.status("carl") == 401
    assert place.slapd.binds() == before
    assert place.status("eve") == 200


def gone(place):
    """Killed, and started again."""
    def proved():
        return place.status("eve") == 200
    assert proved()
    place.slapd.kill()
    assert proved()
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(20) as all_at_once:
        assert set(all_at_once.map(place.status, [f"user{n}" for n in range(20)])) == {503}
    assert time.monotonic() - began < 5
    wait_for("what was proved is too old", lambda: place.status("eve") == 503)
    assert place.client("admin").rows(REGIONS) == [[5]]
    place.slapd.start()
    wait_for("the directory is asked again", proved)


def nothing_kept(place):
    """Neither in messages nor in the decision log."""
    said = place.sluice.log.read_text(encoding="utf-8") + json.dumps(place.sluice.records())
    assert "a password is refused" in said
    for secret in ("anna-password", "eve-password", "new-password", "service-password", "rotated-password"):
        assert secret not in said and base64.b64encode(secret.encode()).decode().rstrip("=") not in said, secret


class silent:
    """A port that takes connections and says nothing."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        return self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.close()


def unanswered(place):
    """One second for TLS to begin, and then a pause in which nobody waits."""
    began = time.monotonic()
    assert place.status("anna") == 503
    assert time.monotonic() - began < 4
    # The password file has no users that are in nobody's way.
    assert place.client("admin").rows("SELECT 1") == [[1]]
