"""The configuration is changed while Sluice runs: what can change is in force at once, and no query notices; a broken file changes nothing.

    python3 -m tests.stack.suites reload
"""

import itertools
import json
import pathlib
import re
import shutil
import signal
import threading
import time

from tests.hostile.stub import Stub
from tests.stack.client import wait_for
from tests.stack.sluice import PASSWORDS, Sluice

POLICIES = pathlib.Path(__file__).parents[1] / "hostile/policies"
PAGES = 4


class Cluster(Stub):
    """A Trino that knows the queries that it has started, and no others. Each has a few pages and ends with the cluster's name."""

    def __init__(self, name):
        super().__init__()
        self.name, self.numbers, self.known, self.posts = name, itertools.count(1), set(), 0

    def answer(self, request):
        method, target, *_ = request.line.split(" ") + ["", ""]
        if target.startswith("/v1/info"):
            return super().answer(request)
        if method == "POST":
            query, token = f"20260101_000000_{next(self.numbers):05}_{self.name}", 0
            self.known.add(query)
            self.posts += 1
        else:
            found = re.match(r"/v1/statement/executing/(\w+)/yslug/(\d+)", target)
            query, token = (found[1], int(found[2])) if found else ("", 0)
            if query not in self.known:
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            time.sleep(0.05)
        page = {"id": query, "infoUri": f"{self.url}/ui/", "stats": {"state": "RUNNING"}, "warnings": []}
        if token < PAGES:
            page["nextUri"] = f"{self.url}/v1/statement/executing/{query}/yslug/{token + 1}"
        else:
            page.update(columns=[{"name": "cluster", "type": "varchar", "typeSignature": {"rawType": "varchar", "arguments": []}}], data=[[self.name]])
        body = json.dumps(page).encode()
        return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def cases(stack):
    """The cases of this suite."""
    with Cluster("east") as east, Cluster("west") as west:
        with Sluice(stack.folder / "reload", east.url, POLICIES) as sluice:
            place = Place(sluice, east, west)
            yield "a limit that is changed in the file holds without a signal", lambda: watched(place)
            yield "SIGHUP takes the file at once", lambda: hangup(place)
            yield "a log level that is changed shows other messages", lambda: log_level(place)
            yield "another file of users is in force, and goes on being followed", lambda: users(place)
            yield "a broken file changes nothing, and is told until it is mended", lambda: broken(place)
            yield "what needs a restart is told by name, and the rest is in force", lambda: restart(place)
            yield "what is right only after a restart is refused", lambda: only_after_restart(place)
            yield "an upstream that does not answer is not taken before it does", lambda: not_there(place)
            yield "statements run without an error while the upstream and the limits change twice a second", lambda: under_load(place)
            yield "a query is served to its end by the cluster that has it", lambda: stays(place)


class Place:
    """What the cases share."""

    def __init__(self, sluice, east, west):
        self.sluice, self.east, self.west = sluice, east, west

    def change(self, section, value, signalled=True):
        """Lays a section over the file and, unless it is to be found by itself, has it taken."""
        before = self.read("used") + self.read("refused")
        self.sluice.settings = {**self.sluice.settings, section: value}
        self.sluice.write_configuration()
        if signalled:
            self.sluice.process.signal(signal.SIGHUP)
        wait_for("the file is read", lambda: self.read("used") + self.read("refused") > before)

    def write(self, text):
        """Writes the file, and has it taken."""
        (self.sluice.folder / "sluice.yaml").write_text(text, encoding="utf-8")
        self.sluice.process.signal(signal.SIGHUP)

    def read(self, outcome):
        """How often the file was read with this outcome."""
        return self.sluice.metrics().get(f'sluice_configuration_reads_total{{outcome="{outcome}"}}', 0)

    def current(self):
        """Whether all that the file says is in force."""
        return self.sluice.metrics()["sluice_configuration_current"] == 1

    def log(self):
        """All that Sluice has said."""
        return self.sluice.log.read_text(encoding="utf-8")

    def error(self, sql="SELECT 1"):
        """The name of the error of a statement."""
        return (self.sluice.client("analyst").query(sql).error or {}).get("errorName")


def watched(place):
    """Within seconds."""
    assert place.error("SELECT 'a text of some length'") is None
    place.change("limits", {"statement_bytes": 10}, signalled=False)
    assert place.error("SELECT 'a text of some length'") == "QUERY_TEXT_TOO_LARGE"
    assert place.error() is None
    assert place.current() and "changed: limits.statement_bytes" in place.log()
    place.change("limits", {}, signalled=False)
    assert place.error("SELECT 'a text of some length'") is None


def hangup(place):
    """Far sooner than by looking at it, which Sluice does every two seconds."""
    began = time.monotonic()
    for most in range(17, 9, -1):
        place.change("limits", {"statement_bytes": most})
    assert place.error("SELECT 'a text of some length'") == "QUERY_TEXT_TOO_LARGE"
    assert time.monotonic() - began < 10, f"{time.monotonic() - began:.1f} s for eight changes"
    place.change("limits", {})
    used = place.read("used")
    place.sluice.process.signal(signal.SIGHUP)
    wait_for("it is read again", lambda: place.read("used") > used)
    assert "changed: nothing" in place.log()


def log_level(place):
    """And back."""
    assert "DEBUG" not in place.log()
    place.change("log", {"filter": "sluice=debug"})
    wait_for("a message", lambda: place.error() is None and place.sluice.client("analyst", ca=place.sluice.ca).connect().connect() is None and "DEBUG" in place.log())
    place.change("log", {})
    before = place.log().count("DEBUG")
    place.sluice.client("analyst").connect().connect()
    assert place.error() is None and place.log().count("DEBUG") == before


def users(place):
    """Without one of them, and then with others again."""
    file = place.sluice.folder / "others"
    lines = PASSWORDS.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if line.startswith("admin:")) + "\n", encoding="utf-8")
    place.change("identity", {"password_file": "others"})
    assert place.error() == "HTTP 401"
    assert place.sluice.client("admin").query("SELECT 1").error is None
    shutil.copy(PASSWORDS, file)
    wait_for("the new file is followed", lambda: place.error() is None)
    place.change("identity", {"password_file": str(PASSWORDS)})
    file.unlink()
    time.sleep(3)
    assert place.error() is None
    assert "the password file is broken" not in place.log(), "the old file is followed on"


def broken(place):
    """Broken YAML, an unknown field, a file that is not there."""
    good = (place.sluice.folder / "sluice.yaml").read_text(encoding="utf-8")
    for text, told in [("{", "sluice.yaml:"), (good.replace('"listen"', '"listn"'), "listn"), (good.replace(str(PASSWORDS), "nowhere"), "nowhere")]:
        refused, used = place.read("refused"), place.read("used")
        place.write(text)
        wait_for("it is refused", lambda refused=refused: place.read("refused") > refused)
        assert (place.read("used"), place.current()) == (used, False)
        assert "ERROR" in place.log() and "the configuration can't be used; what was in force stays" in place.log() and told in place.log()
        assert place.error() is None
    assert place.sluice.ready()
    place.write(good)
    wait_for("it is taken", place.current)


def restart(place):
    """The address stays, and the limit changes."""
    place.change("console", {"address": "127.0.0.1:1"})
    assert not place.current()
    assert "what the configuration says of these needs a restart: console.address" in place.log()
    place.change("limits", {"statement_bytes": 10})
    assert place.error("SELECT 'a text of some length'") == "QUERY_TEXT_TOO_LARGE"
    assert not place.current()
    place.sluice.settings = {}
    place.change("limits", {})
    assert place.current() and place.error("SELECT 'a text of some length'") is None


def only_after_restart(place):
    """A way to log in that needs what the listener has not got yet."""
    before = place.read("refused")
    place.sluice.settings = {"listen": {"public_url": "https://trino.example.com"}, "identity": {"oidc": [
        {"issuer": "https://login.example.com", "audience": ["trino"], "user": "{sub}", "browser": {"client_id": "sluice"}}]}}
    place.sluice.write_configuration()
    place.sluice.process.signal(signal.SIGHUP)
    wait_for("it is refused", lambda: place.read("refused") > before)
    assert "needs a restart for listen.public_url" in place.log(), place.log()[-800:]
    assert place.error() is None
    place.sluice.settings = {}
    place.change("limits", {})
    assert place.current()


def not_there(place):
    """Statements go to the old one meanwhile."""
    gone = Cluster("late")
    url = gone.url
    gone.listener.close()
    place.change("upstream", {"url": url})
    assert not place.current() and "Trino does not answer at the new upstream.url" in place.log()
    posts = place.east.posts
    assert place.error() is None and place.east.posts == posts + 1
    place.change("upstream", {"url": place.west.url})
    assert place.current()
    posts = place.west.posts
    assert place.error() is None and place.west.posts == posts + 1
    place.change("upstream", {})
    assert place.current()


def under_load(place):
    """Twenty seconds of four clients."""
    stop, found = threading.Event(), []

    def work():
        while not stop.is_set():
            result = place.sluice.client("analyst").query("SELECT 1")
            found.append(result.error or (None if result.rows in ([["east"]], [["west"]]) else result))

    clients = [threading.Thread(target=work) for _ in range(4)]
    before = place.read("used")
    for client in clients:
        client.start()
    for step in range(40):
        place.sluice.settings = {"upstream": {"url": (place.west, place.east)[step % 2].url}, "limits": {"statements": 100 + step}, "identity": {"passwords_without_tls": step % 4 < 2}}
        place.sluice.write_configuration()
        place.sluice.process.signal(signal.SIGHUP)
        time.sleep(0.5)
    stop.set()
    for client in clients:
        client.join()
    wrong = [one for one in found if one]
    assert not wrong, f"{len(wrong)} of {len(found)}: {wrong[:3]}"
    assert len(found) > 100 and min(place.east.posts, place.west.posts) > 20, (len(found), place.east.posts, place.west.posts)
    assert place.read("used") - before >= 30, place.read("used") - before
    place.sluice.settings = {}
    place.change("limits", {})


def stays(place):
    """Its pages come from there, while new statements go elsewhere."""
    pages = place.sluice.client("analyst").pages("SELECT 1")
    page, _ = next(pages)
    assert page["id"].endswith("_east")
    place.change("upstream", {"url": place.west.url})
    assert place.sluice.client("analyst").rows("SELECT 1") == [["west"]]
    assert [row for page, _ in pages for row in page.get("data") or []] == [["east"]]
    place.change("upstream", {})
