"""The servers that are measured: a Trino that only answers, nginx, haproxy, a bare hyper proxy, and Sluice, over plain HTTP or TLS on both sides."""

import contextlib
import os
import pathlib
import shutil
import ssl
import subprocess
import urllib.request

from deploy.release import __main__ as release
from deploy.release.load import IDENTITY, USER
from tests.stack import process, sluice, tls
from tests.stack.progress import Problem, step

HERE = pathlib.Path(__file__).resolve().parent
# The certificates are of this run and this machine.
CONTEXT = ssl._create_unverified_context()  # noqa: SLF001

NGINX = """worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
worker_rlimit_nofile 30000;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi; uwsgi_temp_path {folder}/nginx-uwsgi; scgi_temp_path {folder}/nginx-scgi;
    keepalive_requests 100000000;
    upstream trino {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port}{ssl};
        {certificates}
        location / {{
            proxy_pass {scheme}://trino;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""
NGINX_TLS = """ssl_certificate {tls}/server.pem; ssl_certificate_key {tls}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        proxy_ssl_trusted_certificate {tls}/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_session_reuse on;"""
HAPROXY = """global
    {workers}
    maxconn 2000
    ssl-server-verify required
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend clients
    bind 127.0.0.1:{port}{bind}
    default_backend trino
backend trino
    server trino 127.0.0.1:{upstream}{server}
"""


class Server:
    """One that is measured."""

    def __init__(self, name, url, pid=None):
        self.name = name
        self.url = url
        self.pid = pid


def need(command, package):
    """The path of a command; on a Debian where one may install, it is installed."""
    path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
    if not shutil.which(command, path=path) and shutil.which("apt-get") and os.geteuid() == 0:
        with step(f"installing {package}"):
            subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    found = shutil.which(command, path=path)
    if not found:
        raise Problem(f"{command} is missing: install the package {package}")
    return found


def build():
    """Builds the servers in the release profile, and Sluice as for production unless SLUICE_BINARY names one; the folder of the servers."""
    with step("building the other servers (some minutes the first time)"):
        try:
            subprocess.run(["cargo", "build", "-q", "--locked", "--release", "--example", "proxy-bench-servers"], check=True, cwd=HERE.parents[1], stdin=subprocess.DEVNULL)
        except (FileNotFoundError, subprocess.CalledProcessError) as e:
            raise Problem("they do not build: see the compiler's lines above") from e
    if not os.environ.get("SLUICE_BINARY"):
        os.environ["SLUICE_BINARY"] = str(release.build())
    return sluice.target() / "release"


def threads(workers):
    """The environment in which a program of tokio's has so many; without a number its own choice."""
    return {"TOKIO_WORKER_THREADS": str(workers)} if workers else {}


def answers(url):
    """Whether an upstream answers at an address, through a proxy or by itself."""
    try:
        return urllib.request.urlopen(f"{url}/v1/info", timeout=2, context=CONTEXT).status == 200
    except OSError:
        return False


@contextlib.contextmanager
def all_of_them(programs, folder, encrypted=False, policies=HERE / "policies", limits=None, workers=None):
    """Starts all, and ends them. Gives the servers, the one that answers first.

    `workers`: threads or processes of each proxy; without it as many as there are processors, which all of them take by
    themselves (nginx by the configuration that Debian gives it).
    """
    folder.mkdir(parents=True, exist_ok=True)
    scheme = "https" if encrypted else "http"
    ports = {name: process.free_port() for name in ("upstream", "nginx", "haproxy", "bare")}
    certificates = folder / "tls"
    if encrypted:
        tls.make(certificates)
        (certificates / "both.pem").write_text((certificates / "server.pem").read_text() + (certificates / "server.key").read_text())
    nginx = {"ssl": " ssl", "certificates": NGINX_TLS.format(tls=certificates)} if encrypted else {"ssl": "", "certificates": ""}
    haproxy = {"bind": f" ssl crt {certificates}/both.pem alpn http/1.1", "server": f" ssl verify required ca-file {certificates}/ca.pem sni str(localhost) verifyhost localhost"} if encrypted else {"bind": "", "server": ""}
    (folder / "nginx.conf").write_text(NGINX.format(workers=workers or "auto", folder=folder, upstream=ports["upstream"], port=ports["nginx"], scheme=scheme, **nginx), encoding="ascii")
    (folder / "haproxy.conf").write_text(HAPROXY.format(workers=f"nbthread {workers}" if workers else "", upstream=ports["upstream"], port=ports["haproxy"], **haproxy), encoding="ascii")
    ours = programs / "examples/proxy-bench-servers"
    extra = [certificates] if encrypted else []
    commands = {
        "upstream": [ours, "upstream", f"127.0.0.1:{ports['upstream']}", *extra],
        "nginx": [need("nginx", "nginx-light"), "-c", folder / "nginx.conf", "-e", folder / "nginx.error.log"],
        "haproxy": [need("haproxy", "haproxy"), "-q", "-db", "-f", folder / "haproxy.conf"],
        "bare": [ours, "bare", f"127.0.0.1:{ports['bare']}", f"localhost:{ports['upstream']}", *extra],
    }
    urls = {name: f"{scheme}://localhost:{port}" for name, port in ports.items()}
    settings = {
        "identity": IDENTITY,
        # The upstream's queries never end, so nothing is waited for.
        "limits": {"drain": "1s", **(limits or {})},
        **({"upstream": {"ca": str(certificates / "ca.pem")}} if encrypted else {"listen": {"tls": None}}),
    }
    with contextlib.ExitStack() as running:
        started = {}
        for name, words in commands.items():
            started[name] = process.Process(name, [str(word) for word in words], folder / f"{name}.log", threads(workers if name == "bare" else None))
            running.callback(started[name].stop)
            started[name].wait_until(lambda url=urls[name]: answers(url), 20)
        sluice_itself = running.enter_context(sluice.Sluice(folder / "sluice", urls["upstream"], policies, settings=settings, environment=threads(workers)))
        yield [
            Server("direct", urls["upstream"], started["upstream"].pid),
            Server("nginx", urls["nginx"], started["nginx"].pid),
            Server("haproxy", urls["haproxy"], started["haproxy"].pid),
            Server("bare hyper", urls["bare"], started["bare"].pid),
            Server("Sluice", sluice_itself.url, sluice_itself.process.pid),
        ]
