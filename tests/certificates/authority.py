"""An authority that signs certificates of clients and takes them back, by the openssl command."""

import pathlib

from tests.stack.tls import openssl

SETTINGS = """[ca]
default_ca = all
[all]
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
default_md = sha256
default_days = 7
default_crl_days = 7
private_key = ca.key
certificate = ca.pem
unique_subject = no
policy = any
[any]
organizationalUnitName = optional
commonName = optional
"""
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """One authority, its files in a folder."""

    def __init__(self, folder, name="Clients"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        for file, text in (("ca.cnf", SETTINGS), ("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "01\n")):
            (self.folder / file).write_text(text, encoding="ascii")
        openssl(self.folder, "req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.pem", "-days", "7", "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.crl = self.folder / "crl.pem"
        self.list()

    @property
    def ca(self):
        """Its own certificate."""
        return self.folder / "ca.pem"

    def sign(self, name, subject, alternative="", days=(), usage="clientAuth"):
        """The files of a new certificate and its key: PEM apart, and both in one."""
        extensions = f"basicConstraints=critical,CA:FALSE\nextendedKeyUsage={usage}\n" + (f"subjectAltName={alternative}\n" if alternative else "")
        (self.folder / f"{name}.ext").write_text(extensions, encoding="ascii")
        openssl(self.folder, "req", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        openssl(self.folder, "ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", "-extfile", f"{name}.ext", *days)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        both = self.folder / f"{name}-both.pem"
        both.write_text(key.read_text(encoding="ascii") + certificate.read_text(encoding="ascii"), encoding="ascii")
        return certificate, key, both

    def take_back(self, name):
        """Puts a certificate on the list of those that are taken back."""
        openssl(self.folder, "ca", "-config", "ca.cnf", "-revoke", f"{name}.pem")
        self.list()

    def list(self):
        """Writes that list."""
        openssl(self.folder, "ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")
