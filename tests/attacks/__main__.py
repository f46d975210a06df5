"""`make attacks`: the corpus, or another file of cases, on a fresh Trino behind Sluice. Ends as the corpus's runner does."""

import argparse
import pathlib

from tests import attacks
from tests.stack import process
from tests.stack.progress import main
from tests.stack.sluice import Sluice
from tests.stack.suites import FOLDER
from tests.stack.trino import Trino


def command():
    """Reads the arguments and runs the cases."""
    options = argparse.ArgumentParser(prog="python3 -m tests.attacks", description=__doc__)
    options.add_argument("--cases", type=pathlib.Path, help="another file of cases")
    options.add_argument("--only", default="", help="the cases whose id holds this text")
    chosen = options.parse_args()
    process.end_children_on_signals()
    arguments = (["--cases", str(chosen.cases.resolve())] if chosen.cases else []) + (["--only", chosen.only] if chosen.only else [])
    with Trino(FOLDER / "attacks-trino") as trino:
        attacks.load(trino)
        with Sluice(FOLDER / "attacks", trino.url, attacks.POLICIES) as sluice:
            return attacks.run(sluice, arguments)


main(command)
