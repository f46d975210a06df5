"""Runs the cases alone, without Trino; with `--write` docs/hostile-http.md is made of what was seen."""

import sys

from tests.stack import process, suites
from tests.stack.progress import main, say

from tests.stack.sluice import Sluice

from . import HERE, SETTINGS, Run, http2, table


def command():
    """Runs all cases; the exit code."""
    process.end_children_on_signals()
    tally = suites.Tally()
    wanted = next((text for text in sys.argv[1:] if not text.startswith("--")), "")
    with Run(suites.FOLDER.resolve()) as run:
        for case in run.cases:
            name = f"{case['section']}: {case['name']}"
            if wanted in name:
                tally.run(name, lambda case=case: run.sluice_answers(case))
        with Sluice(run.folder / "hostile-http2", run.stub.url, HERE / "policies", settings={"limits": SETTINGS["limits"]}) as sluice:
            for name, function in http2.cases(sluice, run.stub):
                if wanted in name:
                    tally.run(name, function)
        if "--write" in sys.argv and not wanted:
            table.DOCS.write_text(table.made(run), encoding="utf-8")
            say(f"{table.DOCS} is written")
    return tally.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
