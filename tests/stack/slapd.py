"""An OpenLDAP of our own: one process on two free ports, with fresh data, gone when the `with` block ends."""

import pathlib
import shutil
import socket
import subprocess

from . import process, tls
from .progress import Problem

BASE = "dc=acme,dc=test"
# `member` of groups within groups counts: `memberOf` tells of all of them.
SETTINGS = """include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
include {schema}/dyngroup.schema
modulepath {modules}
moduleload back_mdb
moduleload dynlist
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/tls/ca.pem
TLSCertificateFile {folder}/tls/server.pem
TLSCertificateKeyFile {folder}/tls/server.key
loglevel stats
database mdb
directory {folder}/data
suffix "{base}"
rootdn "cn=root,{base}"
rootpw root-password
overlay dynlist
dynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames*
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


class Slapd:
    """An OpenLDAP server with the entries of a text (LDIF)."""

    def __init__(self, folder, entries):
        self.folder = pathlib.Path(folder).resolve()
        self.entries = entries
        self.port, self.secure_port = process.free_port(), process.free_port()
        self.process = None

    @property
    def ca(self):
        """The certificate that the server's own leads to."""
        return self.folder / "tls/ca.pem"

    def __enter__(self):
        program("slapd")
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "data").mkdir(parents=True)
        tls.make(self.folder / "tls")
        settings = self.folder / "slapd.conf"
        settings.write_text(SETTINGS.format(folder=self.folder, base=BASE, schema="/etc/ldap/schema", modules="/usr/lib/ldap"), encoding="utf-8")
        (self.folder / "entries.ldif").write_text(self.entries, encoding="utf-8")
        self.run("slapadd", "-f", str(settings), "-l", str(self.folder / "entries.ldif"))
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts the server, or starts it again with the data it had."""
        urls = f"ldaps://127.0.0.1:{self.secure_port} ldap://127.0.0.1:{self.port}"
        command = [program("slapd"), "-d", "stats", "-h", urls, "-f", str(self.folder / "slapd.conf")]
        self.process = process.Process("slapd", command, self.folder / "slapd.log")
        self.process.wait_until(self.ready, 90)

    def ready(self):
        """Whether it takes connections."""
        try:
            socket.create_connection(("127.0.0.1", self.secure_port), timeout=2).close()
        except OSError:
            return False
        return True

    def change(self, ldif):
        """Changes entries."""
        self.run("ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", f"cn=root,{BASE}", "-w", "root-password", text=ldif)

    def run(self, name, *arguments, text=None):
        """Runs one of the programs beside it."""
        done = subprocess.run([program(name), *arguments], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Problem(f"{name} failed; its last words: {done.stderr.strip().splitlines()[-2:]}")

    def binds(self):
        """How often a password was tried."""
        return self.process.log.read_text(encoding="utf-8", errors="replace").count(" BIND dn=")

    def stop(self):
        """Ends the server."""
        if self.process:
            self.process.stop()

    def kill(self):
        """Ends the server as a crash would."""
        self.process.kill()


def program(name):
    """A program of OpenLDAP, some of which Debian keeps off the PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Problem(f"{name} is missing: install the packages slapd and ldap-utils")
    return found
