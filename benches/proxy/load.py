"""Drives pages and statements at the servers in turns, with wrk."""

import collections
import json
import re
import statistics
import subprocess
import urllib.request

from tests.stack.progress import Problem, say

from .bars import ratio
from .servers import CONTEXT, USER

STATEMENT = "SELECT e.id, e.text, count(*) OVER (PARTITION BY e.region) FROM lake.bench.{} e WHERE e.id > 10 ORDER BY 1"
LUA = """wrk.method = "{method}"
wrk.body = {body}
{headers}
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d\\n", latency:percentile(50), latency:percentile(99), summary.requests, summary.bytes,
        summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""

Measured = collections.namedtuple("Measured", "median tail rate megabytes")

# The case by whose slowest of a hundred a bar goes, and how many times as long as another one it takes: a measurement begins
# with its connections, and in a second over TLS more than one request of a hundred waits for the 64 handshakes.
STEADY = ("page of 1 KB", 64)
LONGER = 5


def pages(server):
    """The addresses of the next pages of two queries, of 1 KB and of 1 MB, started through a server."""
    found = {}
    for size in ("small", "large"):
        request = urllib.request.Request(f"{server.url}/v1/statement", STATEMENT.format(size).encode(), USER)
        page = json.load(urllib.request.urlopen(request, timeout=30, context=CONTEXT))
        if "nextUri" not in page:
            raise Problem(f"{server.name} answered {json.dumps(page)[:500]}")
        # what an address says of the host is Trino's or Sluice's idea of it: the path is what counts
        found[size] = server.url + re.sub(r"^https?://[^/]+", "", page["nextUri"])
    return found


CASES = {
    "page of 1 KB": lambda server, found: ("GET", found["small"], None),
    "page of 1 MB": lambda server, found: ("GET", found["large"], None),
    "statement": lambda server, found: ("POST", f"{server.url}/v1/statement", STATEMENT.format("small")),
}


def drive(wrk, folder, name, request, connections, seconds):
    """One measurement: microseconds, requests and megabytes a second."""
    method, url, body = request
    headers = "\n".join(f'wrk.headers["{key}"] = "{value}"' for key, value in USER.items())
    script = folder / f"load-{method}.lua"
    script.write_text(LUA.format(method=method, body="nil" if body is None else f'"{body}"', headers=headers), encoding="utf-8")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    median, tail, requests, size, duration, errors = map(int, re.search(r"RESULT" + r" (\d+)" * 6, output).groups())
    if errors or not requests:
        raise Problem(f"{name} had {errors} errors in {requests} requests {method} {url}")
    return Measured(median, tail, requests / (duration / 1e6), size / duration)


def measure(wrk, folder, servers, seconds, rounds):
    """Each round of each case by server; the servers take turns."""
    found = {server.name: pages(server) for server in servers}
    results = {}
    for case, request in CASES.items():
        for connections in (1, 64):
            say(f"  … {case}, {connections} connection{'s' if connections > 1 else ''}")
            length = seconds * LONGER if (case, connections) == STEADY else seconds
            taken = {server.name: [] for server in servers}
            for number in range(rounds):
                # another one begins each time
                for server in servers[number % len(servers):] + servers[:number % len(servers)]:
                    taken[server.name].append(drive(wrk, folder, server.name, request(server, found[server.name]), connections, length))
            results[case, connections] = taken
    return results


def table(results):
    """The medians as a Markdown table; the ratios are to nginx."""
    lines = ["| case | connections | server | median | 99 % | requests/s | MB/s | median to nginx | requests/s to nginx |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for (case, connections), servers in results.items():
        for name, rounds in servers.items():
            median, tail, rate, megabytes = [statistics.median(values) for values in zip(*rounds)]
            to_nginx = [ratio(column(rounds, part), column(servers["nginx"], part)) for part in ("median", "rate")]
            lines.append(f"| {case} | {connections} | {name} | {median:,.0f} µs | {tail:,.0f} µs | {rate:,.0f} | {megabytes:,.0f} | {to_nginx[0]:.2f} | {to_nginx[1]:.2f} |")
    return "\n".join(lines)


def column(rounds, part):
    """One part of all rounds."""
    return [getattr(measured, part) for measured in rounds]


def judge(bars, results, kind):
    """The bars of pages."""
    def of(case, connections, server, part):
        return column(results[case, connections][server], part)

    small, large = "page of 1 KB", "page of 1 MB"
    added = {name: statistics.median(ours - direct for ours, direct in zip(of(small, 1, name, "median"), of(small, 1, "direct", "median")))
             for name in ("nginx", "Sluice")}
    bars.at_most(f"{kind}pages of 1 KB, 1 connection: median added, nginx adds {added['nginx']:,.0f} µs", added["Sluice"], added["nginx"], " µs")
    bars.at_least(f"{kind}pages of 1 KB, 64 connections: rate, of the bare proxy's", ratio(of(small, 64, "Sluice", "rate"), of(small, 64, "bare hyper", "rate")), 0.9)
    bars.at_most(f"{kind}pages of 1 KB, 64 connections: 99 %, of nginx's", ratio(of(small, 64, "Sluice", "tail"), of(small, 64, "nginx", "tail")), 1.0)
    for connections in (1, 64):
        share = ratio(of(large, connections, "Sluice", "megabytes"), of(large, connections, "bare hyper", "megabytes"))
        bars.at_least(f"{kind}pages of 1 MB, {connections} connection{'s' if connections > 1 else ''}: MB/s, of the bare proxy's", share, 0.95)
