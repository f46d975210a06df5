"""Runs suites side by side and ends with the line `N passed, N failed`.

    python3 -m tests.stack.lanes [suite …] [--lanes N] [--only TEXT]

Each lane is a process (`lane`) with a folder target/stack/lane-N and a Trino of its own. Lanes take suites from one list, the
first from its front and the others from its end, until they meet: beside one that works there is one that waits. What they write
is shown line by line behind the lane's number. A lane that ends too early fails the suite that it had, and the others go on.
Suites that have to be alone follow when no lane is left.
"""

import argparse
import collections
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

from . import process, sluice, suites
from .lane import CAME
from .progress import main, say

# LANES=1 in the environment has them run one after the other.
LANES = int(os.environ.get("LANES") or 2)
# For a lane's Trino, and the servers that suites start beside it.
GIGABYTES = 6
# What a lane may take to end its servers when it is told to end.
ENDING = 90


class Lanes:
    """While it is entered, suites that can run beside others do, and what comes of them is added to a tally. Leaving it ends them."""

    def __init__(self, names, tally, count=None, only=""):
        self.left = collections.deque(name for name in names if name not in suites.ALONE)
        self.alone = [name for name in names if name in suites.ALONE]
        self.tally = tally
        self.only = only
        self.count = min(count or fitting(), len(self.left))
        self.lanes = []

    def __enter__(self):
        try:
            # Here and not in a thread: a lane ends with the thread that has started it.
            for number in range(1, self.count + 1):
                self.lanes.append(Lane(number, self.only))
            for lane in self.lanes:
                lane.begin(self.left, self.tally)
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        """Waits until all suites have run, and runs those that have to be alone."""
        for lane in self.lanes:
            lane.wait()
        self.tally.add(0, [f"{name}: no lane was left to run it" for name in self.left])
        with suites.Stack(suites.FOLDER) as stack:
            suites.run(stack, self.alone, self.tally, self.only)

    def __exit__(self, *_):
        for lane in self.lanes:
            lane.signal(signal.SIGTERM)
        for lane in self.lanes:
            lane.end()


def keep_binary():
    """Has all suites use a copy of what is built now: none of them builds it, and no build replaces it meanwhile."""
    suites.FOLDER.mkdir(parents=True, exist_ok=True)
    os.environ["SLUICE_BINARY"] = str(shutil.copy2(sluice.binary(), suites.FOLDER / "sluice").resolve())


def fitting():
    """How many lanes the machine has memory for."""
    available = process.available_memory()
    return LANES if available is None else max(1, min(LANES, int(available // GIGABYTES)))


class Lane:
    """A lane as its starter sees it."""

    def __init__(self, number, only):
        self.number = number
        words = [sys.executable, "-m", "tests.stack.lane", str(suites.FOLDER / f"lane-{number}"), only]
        self.child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                                      errors="replace", start_new_session=True, preexec_fn=process.end_with_parent)
        self.threads = []

    def begin(self, left, tally):
        """Begins to take suites from a list."""
        self.threads = [threading.Thread(target=self.work, args=(left, tally), daemon=True), threading.Thread(target=self.progress, daemon=True)]
        for thread in self.threads:
            thread.start()

    def work(self, left, tally):
        """Hands over one suite after another, until there is none left or the lane has ended."""
        take = left.popleft if self.number == 1 else left.pop
        while self.child.poll() is None:
            try:
                name = take()
            except IndexError:
                break
            tally.add(*self.came_of(name))
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        self.child.wait()

    def came_of(self, name):
        """Has a suite run: how many cases passed, and which failed."""
        with contextlib.suppress(OSError):
            self.child.stdin.write(f"{name}\n")
            self.child.stdin.flush()
        for line in self.child.stdout:
            shown, came, counts = line.partition(CAME)
            if shown:
                sys.stdout.write(f"{self.number}│ {shown.rstrip()}\n")
            if came:
                return json.loads(counts)
        told = f"{name}: its lane has ended with exit code {self.child.wait()}"
        sys.stdout.write(f"{self.number}│ FAILED {told}\n")
        return 0, [told]

    def progress(self):
        """Shows what the lane says beside results."""
        for line in self.child.stderr:
            if line.strip():
                sys.stderr.write(f"{self.number}│ {line.rstrip()}\n")

    def wait(self):
        """Waits until it has ended, and all that it wrote is shown."""
        for thread in self.threads:
            thread.join()

    def signal(self, number):
        """Sends a signal to it and to the programs that it runs; its servers are its own to end."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, number)

    def end(self):
        """Waits for its end, for some time."""
        try:
            self.child.wait(ENDING)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)


def command():
    """Reads the arguments and runs the suites they name."""
    options = argparse.ArgumentParser(prog="python3 -m tests.stack.lanes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("suites", nargs="*", default=suites.SUITES, help="which; all without any")
    options.add_argument("--lanes", type=int, help=f"how many; {LANES} where the memory is there")
    options.add_argument("--only", default="", help="run the cases whose `suite: name` holds this text")
    chosen = options.parse_args()
    process.end_children_on_signals()
    keep_binary()
    tally = suites.Tally()
    with Lanes(chosen.suites, tally, chosen.lanes, chosen.only) as lanes:
        say(f"{lanes.count} lanes")
        lanes.wait()
    return tally.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
