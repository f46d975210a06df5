"""`make rules`: all seeds, and the table of what differs.

    python3 -m tests.rules.run [--all] [--seed N …] [--show REASON]
"""

import argparse
import sys

from tests import rules
from tests.stack import process
from tests.stack.progress import main
from tests.stack.suites import FOLDER, Stack, Tally


def command():
    """Reads the arguments and runs seeds."""
    options = argparse.ArgumentParser(prog="python3 -m tests.rules.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--all", action="store_true", help="all 60 seeds")
    options.add_argument("--seed", type=int, action="append", help="this seed")
    options.add_argument("--show", help="print the answers that differ by this reason")
    chosen = options.parse_args()
    process.end_children_on_signals()
    tally = Tally()
    with Stack(FOLDER) as stack, rules.Pair(stack) as pair:
        for seed in chosen.seed or (rules.SEEDS if chosen.all else rules.FEW):
            tally.run(f"rules of seed {seed} show the same", lambda seed=seed: pair.check(seed))
        for seed, reason, user, statement, trino, sluice in pair.found:
            if reason == chosen.show:
                print(f"seed {seed} {user}: {statement}\n    Trino  {trino}\n    Sluice {sluice}")
        print(pair.table())
    return tally.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
