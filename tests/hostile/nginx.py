"""nginx as it is installed, as a proxy before a stub: what it does with the same bytes."""

import os
import pathlib
import re
import shutil
import subprocess

from tests.stack import process
from tests.stack.progress import step

CONFIGURATION = """worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    client_header_timeout 1s; client_body_timeout 1s; keepalive_timeout 2s;
    upstream trino {{ server 127.0.0.1:{upstream}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://trino;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


def command():
    """The path of nginx; on a Debian where one may install, it is installed. None where there is none."""
    path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
    if not shutil.which("nginx", path=path) and shutil.which("apt-get") and os.geteuid() == 0:
        with step("installing nginx-light"):
            subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light"], check=False, stdout=subprocess.DEVNULL,
                           env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    return shutil.which("nginx", path=path)


def version(program):
    """Its version, as in `1.22.1`."""
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
    return re.search(r"nginx/([\d.]+)", said.stdout + said.stderr).group(1)


def started(program, folder, upstream):
    """A running nginx before a port of loopback: the process and its own port."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port = process.free_port()
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port, upstream=upstream), encoding="utf-8")
    server = process.Process("nginx", [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "start.log")], folder / "nginx.log")
    server.wait_until(lambda: listens(port), 60)
    return server, port


def listens(port):
    """Whether somebody listens there."""
    try:
        process.need_port(port, "nginx", "")
    except Exception:  # pylint: disable=broad-exception-caught
        return True
    return False
