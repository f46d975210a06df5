"""Sluice's reading of SQL beside that of Trino's own parser.

A corpus is gathered from Trino's published test sources and documentation, Trino's parser says what it makes of each text,
and Sluice has to say the same. Nothing that was gathered is part of the repository: it is kept in the cache.
"""

from tests.conformance import run

VERSIONS = ("476", "483")


def cases(_stack):
    """The cases of this suite: it needs no server."""
    for version in VERSIONS:
        comparison = run.Comparison(version)
        for name in run.SETS:
            yield f"Sluice reads the {name} as Trino {version} does", lambda name=name, comparison=comparison: same(comparison, name)


def same(comparison, name):
    """Compares one set of texts."""
    comparison.run(name)
    missed = comparison.bars.missed()
    assert not missed, comparison.bars.table()
