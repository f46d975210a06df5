"""Reads the same texts with Sluice's parser and with sqlparser, and growing ones; ends with 1 where a bar is not met.

The bars: at most half of sqlparser's time for each text; time that grows with the text; memory that is a small multiple
of it; the deepest statements in the stack of a worker.

    make bench-parse

The TPC texts come from Trino's published test and benchmark sources. They are kept in the cache and nowhere else.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import zipfile

from tests.clients import tpch
from tests.stack import cache, fetch
from tests.stack.progress import main

# The last version whose benchmark queries are published.
BENCHMARKS = "io.trino:trino-benchto-benchmarks:352"
TPC_DS = "sql/presto/tpcds/"


def texts():
    """The folder that holds the texts, `tpch/q01.sql` and `tpcds/q01.sql` and so on."""
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes() + pathlib.Path(tpch.__file__).read_bytes()).hexdigest()[:16]

    def gather(folder):
        for name, found in {"tpch": tpch.queries(), "tpcds": tpc_ds()}.items():
            (folder / name).mkdir()
            for query, text in found.items():
                (folder / name / f"{query}.sql").write_text(text, encoding="utf-8")

    return cache.entry(f"bench-texts-{digest}", gather)


def tpc_ds():
    """The texts by name, with names of tables in the place of the template's."""
    with zipfile.ZipFile(fetch.maven(BENCHMARKS)) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(TPC_DS) and name.endswith(".sql"))
        return {pathlib.PurePath(name).stem: statement(archive.read(name).decode()) for name in names}


def statement(template):
    """One template as a statement of Trino's grammar."""
    return template.replace("${database}", "tpcds").replace("${schema}", "sf1").rstrip().removesuffix(";")


def command():
    """Gathers the texts and measures; the exit code."""
    options = argparse.ArgumentParser(prog="make bench-parse", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                      epilog="Other arguments are criterion's, such as a part of a benchmark's name.")
    _, criterion = options.parse_known_args()
    environment = {**os.environ, "SLUICE_BENCH_TEXTS": str(texts())}
    commands = [
        ["cargo", "bench", "-q", "--locked", "--bench", "parse", "--", *criterion],
        ["cargo", "test", "-q", "--locked", "--release", "--test", "parse_memory", "--test", "parse_stack", "--", "--nocapture"],
    ]
    # All of them, even if the first finds something.
    failed = [words for words in commands if subprocess.run(words, env=environment, check=False).returncode]
    return 1 if failed else 0


if __name__ == "__main__":
    main(command)
