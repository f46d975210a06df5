"""The measures that the Makefile offers still run. What they find is left to who runs them: here they are short, and measure the build of the tests."""

import re
import shutil
import subprocess

from benches.proxy import load, servers
from benches.proxy.bars import Bars
from benches.reload import __main__ as reload
from deploy.release import __main__ as release
from tests.stack.sluice import ROOT


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "measures"
    shutil.rmtree(folder, ignore_errors=True)
    upstream, wrk = release.upstream(), servers.need("wrk", "wrk")
    yield "what takes arguments says which by --help, and does nothing else", helped
    yield "nothing is measured where there would be nothing of it", none
    yield "pages are measured over plain HTTP, with as many threads as each proxy takes, and set against the bars", lambda: proxies(wrk, upstream.parents[1], folder / "plain", False, None)
    yield "pages are measured over TLS, with one thread of each proxy, and set against the bars", lambda: proxies(wrk, upstream.parents[1], folder / "encrypted", True, 1)
    yield "statements and pages are measured while policies are replaced", lambda: replacements(wrk, upstream, folder / "reload")


def helped():
    """Each target of the Makefile that gives its ARGS to a program of ours."""
    recipes = re.findall(r"^([\w-]+):.*\n\t(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    targets = [target for target, recipe in recipes if "ARGS" in recipe and "$(PYTHON)" in recipe]
    assert len(targets) >= 9, targets
    for target in targets:
        done = subprocess.run(["make", "-s", "--no-print-directory", target, "ARGS=--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and done.stdout.startswith("usage: "), (target, done.stdout[-500:], done.stderr[-500:])


def none():
    """No rounds, no workers, no seconds: it is said before anything is built."""
    numbers = {"bench-proxy": ("seconds", "rounds", "workers", "minutes", "pairs", "powers"), "bench-reload": ("seconds", "rounds", "policies"), "bench-plans": ("rounds",)}
    for target, arguments in numbers.items():
        for argument in arguments:
            done = subprocess.run(["make", "-s", "--no-print-directory", target, f"ARGS=--{argument} 0"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
            least = 0.1 if argument == "minutes" else 1
            assert done.returncode != 0 and f"argument --{argument}: it has to be {least} or more" in done.stderr, (target, argument, done.stdout[-500:], done.stderr[-500:])


def proxies(wrk, programs, folder, encrypted, workers):
    """Each server is asked for one case, which stands for all of them: the table and the bars are made of what came."""
    with servers.all_of_them(programs, folder, encrypted, workers=workers) as all_of_them:
        measured = {server.name: [load.drive(wrk, folder, server.name, load.CASES["page of 1 KB"](server, load.pages(server)), 1, 1)] for server in all_of_them}
    assert list(measured) == ["direct", "nginx", "haproxy", "bare hyper", "Sluice"]
    results = {(case, connections): measured for case in load.CASES for connections in (1, 64)}
    bars = Bars()
    load.judge(bars, results, "")
    assert len(bars.all) == 5, bars.table()
    assert all(0 < one.median <= one.tail and one.rate > 0 and one.megabytes > 0 for [one] in measured.values()), measured
    assert load.table(results).count("| Sluice |") == len(results)


def replacements(wrk, upstream, folder):
    """All its cases, a second each, with fewer policies."""
    results, changes, replaced = reload.run(wrk, upstream, folder, 200, 1, 1)
    assert len(results) == 12 and reload.table(results).count("\n") == 13, results
    assert changes > 0 and replaced > 0, (changes, replaced)
