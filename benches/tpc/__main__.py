"""What a mask and a filter on each table of the TPC-H and TPC-DS statements cost Sluice, beside the time in which sqlparser parses them.

    make bench-tpc
"""

import argparse
import os
import subprocess

from benches.parse.__main__ import texts
from tests.stack.progress import main


def command():
    """Gathers the texts and measures; the exit code."""
    argparse.ArgumentParser(prog="make bench-tpc", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    environment = {**os.environ, "SLUICE_BENCH_TEXTS": str(texts())}
    return subprocess.run(["cargo", "bench", "-q", "--locked", "--bench", "tpc"], env=environment, check=False).returncode


if __name__ == "__main__":
    main(command)
