"""All of `make test`: the code's own checks and tests, then everything that needs real servers. Ends with `N passed, N failed`.

    python3 -m tests.stack.checks [lint | code]     only the lints, or all but the suites
"""

import os
import re
import signal
import subprocess
import sys
import time

from . import fetch, lanes, process, suites
from .progress import main, say


def lints():
    """What a change has to pass before it is looked at: (name, command)."""
    return [
        ("formatting", ["cargo", "fmt", "--check"]),
        ("lints", ["cargo", "clippy", "-q", "--locked", "--all-targets", "--", "-D", "warnings"]),
        # The advisory database is on the network and reached by few build machines: `cargo deny check advisories` is for those.
        ("licences, bans and sources of dependencies", [str(fetch.cargo_deny()), "--log-level", "error", "check", "licenses", "bans", "sources"]),
    ]


def code_tests():
    """The tests that need no server: (name, command)."""
    return [
        ("unit tests", ["cargo", "test", "--locked", "--lib", "--bins", "--tests"]),
        ("documentation examples", ["cargo", "test", "--locked", "--doc"]),
        ("documentation", ["cargo", "doc", "-q", "--locked", "--no-deps"]),
    ]


def command():
    """Runs all; the exit code."""
    process.end_children_on_signals()
    part = sys.argv[1] if len(sys.argv) > 1 else "all"
    started = time.monotonic()
    tally = suites.Tally()
    each(lints(), tally)
    if part == "code":
        each(code_tests(), tally)
    if part == "all":
        lanes.keep_binary()
        with lanes.Lanes(suites.SUITES, tally) as beside:
            each(code_tests(), tally)
            beside.wait()
    say(f"\nall checks took {(time.monotonic() - started) / 60:.1f} minutes")
    return tally.close()


def each(commands, tally):
    """Runs commands one after another."""
    for name, words in commands:
        say(f"\n── {name} ──")
        passed, failed = execute(words)
        tally.add(passed, [name] * failed)


def execute(words):
    """Runs one command with its output shown: how many tests in it passed and failed, one where it has none."""
    passed = failed = 0
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "RUSTDOCFLAGS": "-D warnings"}, start_new_session=True, preexec_fn=process.end_with_parent) as child:
        try:
            for line in child.stdout:
                print(line, end="", flush=True)
                result = re.match(r"test result: \w+\. (\d+) passed; (\d+) failed", line)
                if result:
                    passed += int(result.group(1))
                    failed += int(result.group(2))
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            raise
    if child.returncode:
        return passed, max(failed, 1)
    return max(passed, 1), failed


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
