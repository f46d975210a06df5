"""Runs each client, and writes docs/clients.md from what came of each cell."""

import sys

from tests.clients import page
from tests.stack import process, suites
from tests.stack.progress import main


def command():
    """The exit code is that of the run."""
    process.end_children_on_signals()
    page.same = page.write
    tally = suites.Tally()
    with suites.Stack(suites.FOLDER) as stack:
        suites.run(stack, ["clients"], tally)
    return tally.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
