"""What a person reads while the harness works: one line for each slow step, and one sentence when something is missing."""

import contextlib
import sys
import time


class Problem(Exception):
    """Something the person at the keyboard has to mend. Its text is one sentence that says what is wrong and what to do."""


def say(text):
    """Writes a line of progress. Results go to standard output, progress never does."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what):
    """Says that a slow step begins, and how long it took when it is over."""
    started = time.monotonic()
    say(f"  … {what}")
    yield
    say(f"  ✓ {what} ({time.monotonic() - started:.0f} s)")


def main(command):
    """Runs a command's function; a Problem becomes one sentence and exit code 1, Ctrl-C exit code 130."""
    try:
        sys.exit(command())
    except Problem as problem:
        say(f"sluice: {problem}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
