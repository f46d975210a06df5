"""What Sluice costs: the same requests straight to an upstream that only answers, through nginx, through a bare hyper proxy, and through
Sluice, in turns of one run, one worker each. Prints a table in Markdown; takes about two minutes after the build.

    PYTHONPATH=. python3 benches/proxy [--seconds N] [--rounds N]
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import urllib.request

from tests.stack import process, sluice
from tests.stack.progress import Problem, main, say, step

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = pathlib.Path("target/bench-proxy").resolve()
USER = {"X-Trino-User": "analyst", "X-Authenticated-User": "analyst"}
STATEMENT = "SELECT e.id, e.text, count(*) OVER (PARTITION BY e.region) FROM lake.bench.{} e WHERE e.id > 10 ORDER BY 1"
# One worker each: with as many as cores, what is measured is how the programs push each other aside.
ONE_WORKER = {"TOKIO_WORKER_THREADS": "1"}
NGINX = """worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi; uwsgi_temp_path {folder}/nginx-uwsgi; scgi_temp_path {folder}/nginx-scgi;
    keepalive_requests 100000000;
    upstream trino {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 100000000; }}
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
LUA = """wrk.method = "{method}"
wrk.body = {body}
{headers}
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d\\n", latency:percentile(50), latency:percentile(99), summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


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
    """Builds Sluice and the servers in the release profile; the folder of the programs."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or "target").resolve()
    with step("building Sluice as for a release (some minutes the first time)"):
        try:
            subprocess.run(["cargo", "build", "-q", "--locked", "--release", "--bin", "sluice", "--example", "proxy-bench-servers"], check=True,
                           cwd=HERE.parents[1], stdin=subprocess.DEVNULL)
        except (FileNotFoundError, subprocess.CalledProcessError) as e:
            raise Problem("Sluice does not build: see the compiler's lines above") from e
    return target / "release"


class Measured:
    """One of the servers that are measured, and the addresses of its pages."""

    def __init__(self, name, url):
        self.name = name
        self.url = url
        self.pages = {}

    def open(self):
        """Starts a query of each size and remembers its next page."""
        for size in ("small", "large"):
            request = urllib.request.Request(f"{self.url}/v1/statement", STATEMENT.format(size).encode(), USER)
            page = json.load(urllib.request.urlopen(request, timeout=30))
            if "nextUri" not in page:
                raise Problem(f"{self.name} answered {json.dumps(page)[:500]}")
            # what an address says of the host is Trino's or Sluice's idea of it: the path is what counts
            self.pages[size] = self.url + re.sub(r"^https?://[^/]+", "", page["nextUri"])


CASES = {
    "page of 1 KB": lambda server: ("GET", server.pages["small"], None),
    "page of 1 MB": lambda server: ("GET", server.pages["large"], None),
    "statement": lambda server: ("POST", f"{server.url}/v1/statement", STATEMENT.format("small")),
}


def load(wrk, server, case, connections, seconds):
    """Drives one case at one server: median and 99th percentile in microseconds, requests a second."""
    method, url, body = CASES[case](server)
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in USER.items())
    script = FOLDER / "load.lua"
    script.write_text(LUA.format(method=method, body="nil" if body is None else f'"{body}"', headers=headers), encoding="utf-8")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    median, tail, requests, duration, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", output).groups())
    if errors or not requests:
        raise Problem(f"{server.name} had {errors} errors in {requests} requests of the case {case}")
    return median, tail, requests / (duration / 1e6)


def measure(wrk, servers, seconds, rounds):
    """The median of all rounds by case, connections and server; the servers take turns, so that a noisy moment meets all."""
    results = {}
    for case in CASES:
        for connections in (1, 64):
            say(f"  … {case}, {connections} connection{'s' if connections > 1 else ''}")
            taken = {server.name: [] for server in servers}
            for _ in range(rounds):
                for server in servers:
                    taken[server.name].append(load(wrk, server, case, connections, seconds))
            results[case, connections] = {name: [statistics.median(values) for values in zip(*rows)] for name, rows in taken.items()}
    return results


def table(results):
    """The results as a Markdown table; the ratios are to nginx in the same row."""
    lines = ["| case | connections | server | median | 99 % | requests/s | median to nginx | requests/s to nginx |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for (case, connections), rows in results.items():
        for name, (median, tail, rate) in rows.items():
            reference = rows["nginx"]
            lines.append(f"| {case} | {connections} | {name} | {median:,.0f} µs | {tail:,.0f} µs | {rate:,.0f} | {median / reference[0]:.2f} | {rate / reference[2]:.2f} |")
    return "\n".join(lines)


def machine():
    """The machine in a line."""
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def command():
    """Builds, starts all, measures, prints."""
    options = argparse.ArgumentParser(prog="make bench-proxy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=1, help="length of one measurement")
    options.add_argument("--rounds", type=int, default=4, help="measurements of each kind")
    chosen = options.parse_args()
    process.end_children_on_signals()
    nginx, wrk = need("nginx", "nginx-light"), need("wrk", "wrk")
    programs = build()
    os.environ["SLUICE_BINARY"] = str(programs / "sluice")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    ports = {name: process.free_port() for name in ("upstream", "nginx", "bare")}
    (FOLDER / "nginx.conf").write_text(NGINX.format(folder=FOLDER, upstream=ports["upstream"], port=ports["nginx"]), encoding="ascii")
    servers = programs / "examples/proxy-bench-servers"
    commands = {
        "upstream": [servers, "upstream", f"127.0.0.1:{ports['upstream']}"],
        "nginx": [nginx, "-c", FOLDER / "nginx.conf", "-e", FOLDER / "nginx.error.log"],
        "bare": [servers, "bare", f"127.0.0.1:{ports['bare']}", f"127.0.0.1:{ports['upstream']}"],
    }
    settings = {"listen": {"tls": None}, "identity": {"password_file": None, "trusted_header": {"name": "X-Authenticated-User", "peers": ["127.0.0.1/32"]}}}
    running = []
    try:
        for name, words in commands.items():
            environment = {} if name in ("upstream", "nginx") else ONE_WORKER
            running.append(process.Process(name, [str(word) for word in words], FOLDER / f"{name}.log", environment))
            running[-1].wait_until(lambda port=ports[name]: answers(port), 10)
        with sluice.Sluice(FOLDER / "sluice", f"http://127.0.0.1:{ports['upstream']}", HERE / "policies", settings=settings, environment=ONE_WORKER) as ours:
            measured = [Measured("upstream alone", f"http://127.0.0.1:{ports['upstream']}"), Measured("nginx", f"http://127.0.0.1:{ports['nginx']}"),
                        Measured("bare hyper", f"http://127.0.0.1:{ports['bare']}"), Measured("Sluice", f"http://127.0.0.1:{ours.port}")]
            for server in measured:
                server.open()
            results = measure(wrk, measured, chosen.seconds, chosen.rounds)
    finally:
        for server in reversed(running):
            server.stop()
    print(f"{machine()}; median of {chosen.rounds} rounds of {chosen.seconds} s\n\n{table(results)}")
    return 0


def answers(port):
    """Whether an upstream answers on a port, through a proxy or by itself."""
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/info", timeout=2).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
