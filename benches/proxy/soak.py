"""Mixed load for a long time, while policies are replaced."""

import pathlib
import statistics
import threading
import time

from tests.stack.progress import say

from .load import CASES, drive, pages
from .memory import resident

EVERY = 5
SLICE = 10


def measure(bars, wrk, folder, server, policies, minutes):
    """Statements and pages beside each other, the policies replaced every five seconds. `policies` is a folder of the run's own."""
    text = pathlib.Path(policies / "bench.yaml").read_text(encoding="utf-8")
    found = pages(server)
    end = time.monotonic() + minutes * 60
    memory, problems, reloads = [], [], 0

    def load(case, connections, name):
        own = folder / name
        own.mkdir(exist_ok=True)
        while time.monotonic() < end and not problems:
            try:
                drive(wrk, own, "Sluice", CASES[case](server, found), connections, SLICE)
            except Exception as problem:  # noqa: BLE001
                problems.append(f"{case}: {problem}")

    threads = [threading.Thread(target=load, args=work) for work in (("page of 1 KB", 8, "small"), ("page of 1 MB", 2, "large"), ("statement", 8, "statement"))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(EVERY)
        reloads += 1
        (policies / "bench.yaml").write_text(f"# replaced {reloads} times\n{text}", encoding="utf-8")
        memory.append(resident(server.pid))
        if reloads % 12 == 0:
            say(f"  … {reloads} replacements, {memory[-1]:.0f} MiB")
    for thread in threads:
        thread.join()
    quarter = max(1, len(memory) // 4)
    early, late = statistics.median(memory[quarter:2 * quarter] or memory), statistics.median(memory[-quarter:])
    bars.at_most(f"{minutes:g} minutes of mixed load, policies replaced {reloads} times: errors", len(problems), 0)
    bars.at_most("the same: resident memory of the last quarter to the second", late / early, 1.05)
    return f"Under load {early:.0f} MiB in the second quarter, {late:.0f} MiB in the last." + "".join(f" {problem}" for problem in problems)
