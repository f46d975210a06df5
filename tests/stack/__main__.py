"""`python3 -m tests.stack fetch` gets what is missing; `python3 -m tests.stack trino` runs a Trino until Ctrl-C."""

import argparse
import pathlib
import time

from . import fetch, process
from .progress import main, say
from .trino import Trino


def command():
    """Reads the arguments and does what they say."""
    options = argparse.ArgumentParser(prog="python3 -m tests.stack", description=__doc__)
    options.add_argument("what", choices=["fetch", "trino"])
    options.add_argument("--port", type=int, help="where Trino is to listen; a free port without it")
    options.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("target/stack/trino"), help="settings, data and logs; emptied first")
    chosen = options.parse_args()
    if chosen.what == "fetch":
        say(f"Trino {fetch.trino_server()}\nJava  {fetch.java()}")
        return 0
    process.end_children_on_signals()
    with Trino(chosen.folder, chosen.port) as trino:
        say(f"Trino is at {trino.url}, its log in {trino.log}; Ctrl-C ends it")
        while trino.process.alive():
            time.sleep(1)
    return 1


main(command)
