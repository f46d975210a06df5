"""Sluice's reading of SQL beside that of Trino's own parser.

A corpus is gathered from Trino's published test sources and documentation, Trino's parser says what it makes of each text,
and Sluice has to say the same. Nothing that was gathered is part of the repository: it is kept in the cache.
"""

from tests.conformance import run

VERSION = "476"


def cases(_stack):
    """The cases of this suite: it needs no server."""
    for name in run.SETS:
        yield f"Sluice reads the {name} as Trino {VERSION} does", lambda name=name: same(name)


def same(name):
    """Compares one set of texts."""
    counts = run.compare_sets(VERSION, [name], show=3)
    assert not run.wrong(counts), f"{run.wrong(counts)} differences, shown above"
