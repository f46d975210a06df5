"""A certificate authority for one run, and a server certificate of it for localhost, by the openssl command."""

import subprocess

from .progress import Problem

SERVER = """subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
"""


def make(folder, days=7):
    """Writes ca.pem, server.pem (chain) and server.key into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.ext").write_text(SERVER, encoding="ascii")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(folder, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", str(days), "-subj", "/CN=Sluice test CA",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl(folder, "req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
            "-extfile", "server.ext", "-out", "server.pem")
    (folder / "ca.key").unlink()


def openssl(folder, *arguments):
    """Runs one openssl command in a folder."""
    try:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as e:
        raise Problem("openssl is missing: install it (Debian: apt-get install openssl)") from e
    except subprocess.CalledProcessError as e:
        raise Problem(f"openssl {arguments[0]} failed; its last words: {e.stderr.strip().splitlines()[-1:]}") from e
