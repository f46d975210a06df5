"""What the arguments of measures have in common."""

import argparse


def at_least(least, kind=int):
    """Reads a number that may not be less: of nothing, nothing is measured."""

    def number(told):
        given = kind(told)
        # So asked, what is no number at all (`nan`) is none either.
        if not given >= least:
            raise argparse.ArgumentTypeError(f"it has to be {least} or more")
        return given

    return number
