"""A lane of `lanes`: runs the suites that are named to it line by line, in a folder and on a Trino of its own, and tells what came of each.

    python3 -m tests.stack.lane FOLDER [TEXT]     of the cases, those that hold the text
"""

import json
import os
import sys

from . import process, suites
from .progress import main

# In a line, what is behind this tells what came of a suite: how many cases passed, and the names of those that failed.
CAME = "\x1e"


def command():
    """Runs suites until none is named any more."""
    folder, only = [*sys.argv[1:], ""][:2]
    process.end_children_on_signals()
    # What a suite starts must not read the names of those that follow.
    named = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    with suites.Stack(folder) as stack:
        for name in named:
            tally = suites.Tally()
            suites.run(stack, [name.strip()], tally, only)
            print(CAME + json.dumps([tally.passed, tally.failed]), flush=True)
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
