"""What a replacement of the policies costs those who ask meanwhile: statements and pages through Sluice with 10,000 policies, in turns
with the policies at rest, with one of them changed once in a round, and with one changed each second. Prints percentiles in Markdown;
takes about seven minutes after the build.

    make bench-reload
    make bench-reload ARGS="--seconds 7"
"""

import argparse
import itertools
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading

from benches.arguments import at_least
from benches.proxy.__main__ import machine
from benches.proxy.load import CASES, STATEMENT, pages
from benches.proxy.servers import Server, answers, build, need, threads
from deploy.release.load import IDENTITY, USER
from tests.stack import process, sluice
from tests.stack.client import wait_for
from tests.stack.progress import Problem, main, say

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = pathlib.Path("target/bench-reload").resolve()
# A file has so many policies.
A_FILE = 100
DOMAIN = """apiVersion: sluice/v1
kind: Domain
metadata: {name: others}
spec: {owns: [{catalog: others}]}
"""
POLICY = """---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {{name: "table-{number}", domain: others}}
spec:
  tables: [{{catalog: others, schema: s, table: "table_{number}_{change}"}}]
  grants: [{{to: {{groups: ["team-{team}"]}}, privileges: [select], columns: {{except: [secret]}}}}]
  masks: [{{column: email, expression: "'***'"}}]
  filters: [{{expression: "region = 'EU'"}}]
"""
LUA = """wrk.method = "{method}"
wrk.body = {body}
{headers}
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d %d %d\\n", latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9),
        latency.max, summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Policies:
    """A folder of policies, of which one can be changed each second."""

    def __init__(self, folder, count):
        self.folder = folder
        self.count = count
        self.changes = 0
        self.waits = ()
        self.stop = threading.Event()
        shutil.copytree(HERE.parent / "proxy/policies", folder)
        (folder / "others.yaml").write_text(DOMAIN, encoding="ascii")
        for file in range(count // A_FILE):
            self.write(file)

    def write(self, file):
        """Writes a file beside the old one and puts it in its place."""
        numbers = range(file * A_FILE, (file + 1) * A_FILE)
        text = "".join(POLICY.format(number=number, change=self.changes if number == file * A_FILE else 0, team=number % 50) for number in numbers)
        beside = self.folder / f".{file}.new"
        beside.write_text(text.removeprefix("---\n"), encoding="ascii")
        beside.rename(self.folder / f"{file}.yaml")

    def after(self, waits):
        """With these seconds before each change."""
        self.waits = waits
        return self

    def __enter__(self):
        self.stop.clear()
        self.thread = threading.Thread(target=self.change)
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def change(self):
        """Changes one policy after each wait."""
        for wait in self.waits:
            if self.stop.wait(wait):
                return
            self.changes += 1
            self.write(self.changes % (self.count // A_FILE))


def drive(wrk, folder, request, connections, seconds):
    """One measurement: the percentiles and the longest in microseconds, requests a second."""
    method, url, body = request
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in USER.items())
    script = folder / "load.lua"
    # A statement that is done with its first page: one that runs on is decided anew at each replacement.
    body = "nil" if body is None else json.dumps(STATEMENT.format("done"))
    script.write_text(LUA.format(method=method, body=body, headers=headers), encoding="utf-8")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    *times, requests, duration, errors = map(int, re.search(r"RESULT" + r" (\d+)" * 8, output).groups())
    if errors or not requests:
        raise Problem(f"there were {errors} errors in {requests} requests {method} {url}")
    return [*times, requests / (duration / 1e6)]


def measure(wrk, folder, server, policies, seconds, rounds):
    """The median of all rounds by case, connections, and how often policies change; these take turns."""
    results, found = {}, pages(server)
    often = {"at rest": (), "replaced once": (seconds / 3,), "replaced each second": itertools.repeat(1)}
    for case in ("statement", "page of 1 KB"):
        for connections in (1, 16):
            say(f"  … {case}, {connections} connection{'s' if connections > 1 else ''}")
            taken = {name: [] for name in often}
            for _ in range(rounds):
                for name, waits in often.items():
                    with policies.after(waits):
                        taken[name].append(drive(wrk, folder, CASES[case](server, found), connections, seconds))
            for name, rows in taken.items():
                results[case, connections, name] = [(statistics.median(values), min(values), max(values)) for values in zip(*rows)]
    return results


def table(results):
    """The results as a Markdown table: the median of the rounds, and the least and the most of them."""
    lines = ["| case | connections | policies | 50 % | 90 % | 99 % | 99.9 % | longest | requests/s |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for (case, connections, name), values in results.items():
        cells = [f"{median:,.0f} ({least:,.0f}–{most:,.0f}) µs" for median, least, most in values[:-1]]
        lines.append(f"| {case} | {connections} | {name} | {' | '.join(cells)} | {values[-1][0]:,.0f} |")
    return "\n".join(lines)


def run(wrk, upstream, folder, count, seconds, rounds):
    """Starts an upstream and a Sluice with so many policies, and measures: the results, how often a policy changed, and how often all were replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    policies = Policies(folder / "policies", count)
    url = f"http://127.0.0.1:{process.free_port()}"
    # Its queries never end, so nothing is waited for.
    settings = {"listen": {"tls": None}, "identity": IDENTITY, "limits": {"drain": "1s"}}
    answering = process.Process("upstream", [str(upstream), "upstream", url.removeprefix("http://")], folder / "upstream.log")
    try:
        answering.wait_until(lambda: answers(url), 10)
        with sluice.Sluice(folder / "sluice", url, policies.folder, settings=settings, environment=threads(1)) as ours:
            wait_for("an answer", lambda: answers(ours.url))
            results = measure(wrk, folder, Server("Sluice", ours.url), policies, seconds, rounds)
            replaced = ours.log.read_text(encoding="utf-8").count("policies replaced")
    finally:
        answering.stop()
    return results, policies.changes, replaced


def command():
    """Builds, measures, prints."""
    options = argparse.ArgumentParser(prog="make bench-reload", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=at_least(1), default=10, help="length of one measurement (default %(default)s)")
    options.add_argument("--rounds", type=at_least(1), default=3, help="measurements of each kind (default %(default)s)")
    options.add_argument("--policies", type=at_least(1), default=10_000, help="how many policies (default %(default)s)")
    chosen = options.parse_args()
    process.end_children_on_signals()
    wrk, programs = need("wrk", "wrk"), build()
    results, changes, replaced = run(wrk, programs / "examples/proxy-bench-servers", FOLDER, chosen.policies, chosen.seconds, chosen.rounds)
    print(f"{machine()}; {chosen.policies} policies; median, least and most of {chosen.rounds} rounds of {chosen.seconds} s; "
          f"{changes} changes, {replaced} replacements\n\n{table(results)}")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
