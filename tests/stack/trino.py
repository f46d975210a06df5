"""A Trino 476 of our own: one process on a free port, with fresh data, gone when the `with` block ends."""

import http.client
import json
import pathlib
import platform
import shutil
import uuid

from . import fetch, process
from .client import Client
from .progress import step

# One coordinator that is its own worker needs this much; 2 GB of it is heap.
GIGABYTES = 2.5

CATALOGS = {
    "tpch": {"connector.name": "tpch", "tpch.double-type-mapping": "DECIMAL", "tpch.splits-per-node": "2"},
    "memory": {"connector.name": "memory"},
    "jmx": {"connector.name": "jmx"},
}

JVM = """-server
-Xmx2G
-XX:+ExitOnOutOfMemoryError
-XX:ReservedCodeCacheSize=256M
-Djdk.attach.allowAttachSelf=true
--enable-native-access=ALL-UNNAMED
--sun-misc-unsafe-memory-access=allow
"""
# Code that runs for some minutes is not worth the second compiler, which takes more than Trino itself: half of its start.
QUICK = "-XX:TieredStopAtLevel=1\n"


class Trino:
    """A Trino server.

    `folder` keeps its settings, data and logs; it is emptied at the first start, unless `keep` says that a `lake` which is
    there stays. `catalogs` adds to or replaces CATALOGS and `lake` (name to properties), `properties` adds to
    config.properties, `files` adds files under etc/ (name to text). One that is `measured` compiles as in production.
    """

    def __init__(self, folder, port=None, catalogs=None, properties=None, files=None, keep=False, measured=False):
        self.folder = pathlib.Path(folder).resolve()
        self.port = port or process.free_port()
        self.catalogs = {"lake": lake(self.folder), **CATALOGS, **(catalogs or {})}
        self.properties = properties or {}
        self.files = files or {}
        self.keep = keep
        self.jvm = JVM if measured else JVM + QUICK
        self.process = None

    @property
    def url(self):
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        """The server's log file."""
        return self.folder / "trino.log"

    def __enter__(self):
        self.write_settings()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def client(self, user="admin", **more):
        """A client of this server."""
        return Client(self.url, user, **more)

    def rows(self, sql, user="admin", **headers):
        """The rows of a statement that must end well."""
        return self.client(user).rows(sql, headers)

    def write_settings(self):
        """Makes the folder anew."""
        for name in ("etc", "data") if self.keep else (".",):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in ("etc/catalog", "data", "lake/meta"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        etc = {
            "jvm.config": self.jvm,
            "log.properties": properties({"io.trino": "INFO"}),
            "node.properties": properties({"node.environment": "sluice", "node.id": str(uuid.uuid4()), "node.data-dir": self.folder / "data"}),
            "config.properties": properties({
                "coordinator": "true",
                "node-scheduler.include-coordinator": "true",
                "http-server.http.port": self.port,
                "http-server.process-forwarded": "true",
                "discovery.uri": self.url,
                "catalog.management": "dynamic",
                "query.max-memory-per-node": "1GB",
                **self.properties,
            }),
            **{f"catalog/{name}.properties": properties(settings) for name, settings in self.catalogs.items()},
            **self.files,
        }
        for name, text in etc.items():
            (self.folder / "etc" / name).write_text(text, encoding="utf-8")

    def start(self):
        """Starts the server, or starts it again after `stop` or `kill` with the data it had (those of `memory` are gone)."""
        home = fetch.trino_server()
        java = fetch.java()
        process.need_memory(GIGABYTES, "Trino")
        process.need_port(self.port, "Trino", "end what listens there or choose another port")
        with step(f"starting Trino {fetch.TRINO} on port {self.port}"):
            self.process = process.Process("Trino", [*launcher(home), "run", "--etc-dir", str(self.folder / "etc")], self.log,
                                           {"JAVA_HOME": str(java), "PATH": f"{java / 'bin'}:{process.os.environ.get('PATH', '')}"}, self.folder)
            self.process.wait_until(self.ready, 600)

    def ready(self):
        """Whether it takes statements."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/v1/info")
            return json.loads(connection.getresponse().read()).get("starting") is False
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def stop(self):
        """Ends the server."""
        if self.process:
            self.process.stop()

    def kill(self):
        """Ends the server as a crash would."""
        self.process.kill()


def lake(folder):
    """Iceberg on local disk: tables, views, time travel, UPDATE, DELETE and MERGE, without any other service."""
    return {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "TESTING_FILE_METASTORE",
        "hive.metastore.catalog.dir": "local:///meta",
        "fs.native-local.enabled": "true",
        "local.location": pathlib.Path(folder) / "lake",
    }


def properties(settings):
    """The text of a properties file."""
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def launcher(home):
    """The command that starts the server on this kind of machine."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), platform.system())
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    native = home / "bin" / f"{system}-{machine}" / "launcher"
    return [str(native if native.exists() else home / "bin/launcher")]
