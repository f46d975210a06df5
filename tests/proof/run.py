"""The whole proof, other seeds, or one statement again.

    python3 -m tests.proof.run [--full] [--seed N] [--generated N] [--analysis N] [--rules N] [--restricted N]
    python3 -m tests.proof.run --number N [--number N …] [--seed N]      one statement again, with all answers
    python3 -m tests.proof.run --print N [--seed N]                      the texts of the first N, without any server
"""

import argparse
import sys

from tests import proof
from tests.stack import process
from tests.stack.progress import main
from tests.stack.suites import FOLDER, Tally

from . import compare, statements


def command():
    """Reads the arguments and runs."""
    options = argparse.ArgumentParser(prog="python3 -m tests.proof.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--full", action="store_true", help=f"all of {proof.FULL}")
    options.add_argument("--seed", type=int, default=proof.SEED)
    options.add_argument("--number", type=int, action="append", help="this statement alone")
    options.add_argument("--print", type=int, metavar="N", dest="printed", help="print the first N statements")
    options.add_argument("--show", help="print what differs by this reason")
    options.add_argument("--seconds", type=float, help="start no statement after so many")
    for part in proof.SIZES:
        options.add_argument(f"--{part}", type=int, help=f"how many statements for this part; {proof.SIZES[part]} without it")
    chosen = options.parse_args()
    if chosen.printed:
        for number in range(1, chosen.printed + 1):
            print(number, statements.statement(chosen.seed, number).text)
        return 0
    process.end_children_on_signals()
    base = proof.FULL if chosen.full else proof.SIZES
    sizes = {part: base[part] if getattr(chosen, part) is None else getattr(chosen, part) for part in base}
    if chosen.number:
        sizes = dict.fromkeys(sizes, max(chosen.number))
    tally = Tally()
    with proof.Proof(FOLDER.resolve(), chosen.seed, sizes, chosen.number, chosen.seconds) as run:
        run.run()
        for name, function in run.cases():
            tally.run(f"proof: {name}", function)
        for one in run.found:
            if one[1] == chosen.show or chosen.number and one[1] != compare.SAME:
                print(run.told(one))
        print(run.table())
    return tally.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
