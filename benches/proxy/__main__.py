"""What Sluice costs beside a direct way, nginx, haproxy and a bare hyper proxy, in one run on one machine, and whether that is within the bars.

    make bench-proxy                                   all of it: about forty minutes after `make release`
    make bench-proxy ARGS="--only pages --rounds 3"    a part
    make bench-proxy ARGS="--workers 1"                with one thread of each proxy
    make bench-proxy ARGS="--minutes 60"               an hour of mixed load

Prints tables in Markdown, and ends with one line: N passed, N failed.
"""

import argparse
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

from benches.arguments import at_least
from tests.stack import process
from tests.stack.progress import Problem, main, say

from . import load, memory, real, soak
from .bars import Bars
from .servers import HERE, all_of_them, build, need

FOLDER = pathlib.Path("target/bench-proxy").resolve()
PARTS = ("pages", "tls", "enforce", "memory", "real", "soak")
LIMITS = {"connections": 12_000, "idle_timeout": "10m"}


def machine():
    """The machine in a line."""
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the start"


def enforce(bars):
    """The bars of decisions, from `make bench-tpc`."""
    output = subprocess.run([sys.executable, "-m", "benches.tpc"], check=True, capture_output=True, text=True, cwd=HERE.parents[1]).stdout
    line = output.strip().splitlines()[-1]
    miss, hit = re.search(r"a new decision .*?([\d.]+) of it; decided before .*?([\d.]+) of it", line).groups()
    bars.at_most("TPC statements with masks and filters: a new decision, of sqlparser's reading", float(miss), 1.7)
    bars.at_most("the same decided before, of sqlparser's reading", float(hit), 0.3)
    return line


def command():
    """Builds, starts all, measures, prints."""
    options = argparse.ArgumentParser(prog="make bench-proxy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", action="append", choices=PARTS, help="a part; more than one by giving it again")
    options.add_argument("--seconds", type=at_least(1), default=1, help=f"length of one measurement of pages (default %(default)s); {load.LONGER} times that for pages of 1 KB at 64 connections")
    options.add_argument("--rounds", type=at_least(1), default=7, help="measurements of each kind (default %(default)s)")
    options.add_argument("--workers", type=at_least(1), help="threads or processes of each proxy (default: as many as there are processors, which each of them takes by itself)")
    options.add_argument("--minutes", type=at_least(0.1, float), default=10, help="length of the mixed load (default %(default)s)")
    options.add_argument("--pairs", type=at_least(1), default=100, help="pairs of SELECT 1 (default %(default)s)")
    options.add_argument("--powers", type=at_least(1), default=5, help="pairs of TPC-H runs (default %(default)s)")
    options.add_argument("--scale", default="sf1", help="schema of Trino's tpch catalog for them (default %(default)s, the smallest that TPC-H has)")
    chosen = options.parse_args()
    process.end_children_on_signals()
    memory.need_descriptors(12_500)
    wrk = need("wrk", "wrk")
    programs = build()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    bars = Bars()
    print(f"{machine()}; {chosen.rounds} rounds of {chosen.seconds} s in turns ({load.LONGER} times that for pages of 1 KB at 64 connections), {chosen.workers or os.cpu_count()} workers each")

    def pages(encrypted):
        with all_of_them(programs, FOLDER / ("tls" if encrypted else "plain"), encrypted, workers=chosen.workers) as servers:
            results = load.measure(wrk, FOLDER, servers, chosen.seconds, chosen.rounds)
        load.judge(bars, results, "TLS on both sides, " if encrypted else "")
        return load.table(results)

    def idle():
        with all_of_them(programs, FOLDER / "idle", limits=LIMITS, workers=chosen.workers) as servers:
            return memory.measure(bars, servers[-1])

    def mixed():
        policies = FOLDER / "policies"
        shutil.copytree(HERE / "policies", policies)
        with all_of_them(programs, FOLDER / "soak", policies=policies, workers=chosen.workers) as servers:
            return soak.measure(bars, wrk, FOLDER, servers[-1], policies, chosen.minutes)

    parts = {
        "pages": ("Pages and statements", lambda: pages(False)),
        "tls": ("The same with TLS on both sides", lambda: pages(True)),
        "enforce": ("Decisions", lambda: enforce(bars)),
        "memory": ("Memory", idle),
        "real": ("Whole statements", lambda: real.measure(bars, FOLDER, chosen.pairs, chosen.powers, chosen.scale)),
        "soak": ("Mixed load", mixed),
    }
    for name in chosen.only or PARTS:
        title, part = parts[name]
        say(f"{title} …")
        try:
            print(f"\n## {title}\n\n{part()}")
        except (Problem, OSError, subprocess.CalledProcessError, AttributeError) as problem:
            bars.broke(title, problem)
    print(f"\n## Bars\n\n{bars.table()}\n\n{bars.verdict()}")
    return 1 if bars.failed() else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
