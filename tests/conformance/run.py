"""Compares Sluice's reading of each text with that of Trino's own parser; ends with 1 where they differ.

    python3 tests/conformance/run.py [--only probes|corpus|printed|mutations] [--show N]

The sets of texts: `probes` are ours and try what is ambiguous; `corpus` is gathered; `printed` is how Sluice prints
what it reads of the corpus; `mutations` are nearly statements of the corpus.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.conformance import corpus, mutations, oracle  # noqa: E402  pylint: disable=wrong-import-position
from tests.stack import progress, sluice  # noqa: E402  pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).parent

# What Sluice reads in whole; it knows the other statements by their first words.
READ = {"Query", "Explain", "ExplainAnalyze", "Prepare", "Deallocate", "Execute", "ExecuteImmediate", "DescribeInput", "DescribeOutput",
        "ShowCatalogs", "ShowSchemas", "ShowTables", "ShowColumns", "ShowCreate", "ShowStats", "ShowFunctions", "ShowSession",
        "SetSession", "ResetSession", "SetTimeZone", "Use", "StartTransaction", "Commit", "Rollback"}
# These are read no further than their first words, and refused.
UNREAD = re.compile(r"""\s*(?:WITH\s+(?:FUNCTION|SESSION)\s+(?!AS\b|\()
    |(?:EXPLAIN\s+(?:ANALYZE\s+(?:VERBOSE\s+)?)?(?:\([^()]*\)\s*)?|PREPARE\s+\S+\s+FROM\s+)+(?!EXPLAIN\b|PREPARE\b|SELECT\b|VALUES\b|TABLE\b|WITH\b|\())""",
                    re.IGNORECASE | re.VERBOSE)


def readings(texts):
    """What `sluice sql parse` says of texts."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [str(sluice.binary()), "sql", "parse", "--jsonl"]
    answer = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    found = [json.loads(line) for line in answer.split("\n") if line]
    assert len(found) == len(texts), (len(found), len(texts))
    return found


def printed(texts):
    """How Sluice prints texts that it can read."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [str(sluice.binary()), "sql", "format", "--jsonl"]
    answer = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    return list(dict.fromkeys(json.loads(line) for line in answer.split("\n") if line and line != "null"))


def differences(text, theirs, ours):
    """The kinds of differences between two readings of one text."""
    unread = ours["ok"] and (ours["kind"] not in READ or UNREAD.match(text))
    if theirs["ok"] != ours["ok"]:
        return ["refused"] if theirs["ok"] else ["accepted, but read no further than its first words"] if unread else ["accepted"]
    if not theirs["ok"]:
        same = (theirs["line"], theirs["column"]) == (ours["error"]["line"], ours["error"]["column"])
        return [] if same else ["place"]
    if theirs["kind"] != ours["kind"]:
        return ["class"]
    if not unread:
        spans = [[relation["start"], relation["end"]] for relation in ours["relations"]]
        if sorted(spans) != sorted(theirs["relations"]):
            return ["relations"]
        if sorted(ours["functions"]) != sorted(theirs["functions"]):
            return ["functions"]
    return []


def compare(version, name, texts, show):
    """Compares the readings of texts; what was counted."""
    theirs = oracle.verdicts(version, name, texts)
    ours = readings(texts)
    counts, shown = collections.Counter(), collections.Counter()
    print(f"== {name}: {len(texts)} texts")
    for text, their, our in zip(texts, theirs, ours):
        whole = their.get("kind") in READ or not their["ok"]
        counts["accepted by Trino" if their["ok"] else "refused by Trino"] += 1
        if their["ok"] and whole:
            counts["accepted by Trino, of the statements that are read in whole"] += 1
        for kind in differences(text, their, our):
            counts[f"differ: {kind}"] += 1
            if shown[kind] < show:
                shown[kind] += 1
                print(f"--- {kind}: {text[:600]!r}\n    Trino:  {json.dumps(their)[:300]}\n    Sluice: {json.dumps(our)[:300]}")
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")
    return counts


def accepted_queries(version):
    """The texts of the corpus that Trino accepts and Sluice reads in whole."""
    texts = corpus.gathered(version)
    verdicts = oracle.verdicts(version, "corpus", texts)
    return [text for text, verdict in zip(texts, verdicts) if verdict["ok"] and verdict["kind"] in READ and not UNREAD.match(text)]


# The sets of texts, by name.
SETS = {
    "probes": lambda version, *_: (HERE / "probes.txt").read_text(encoding="utf-8").splitlines(),
    "corpus": lambda version, *_: corpus.gathered(version),
    "printed": lambda version, *_: printed(accepted_queries(version)),
    "mutations": lambda version, count, seed: mutations.mutations(accepted_queries(version), count, seed),
}


def compare_sets(version, names, show, count=20_000, seed=1):
    """Compares sets of texts; what was counted. What Sluice prints has to be read by Trino too."""
    counts = collections.Counter()
    for name in names:
        found = compare(version, name, SETS[name](version, count, seed), show)
        if name == "printed":
            found["differ: refused"] += found["refused by Trino"]
        counts += found
    return counts


def wrong(counts):
    """How many differences are more than the place of an error."""
    return sum(counts[f"differ: {kind}"] for kind in ("refused", "accepted", "class", "relations", "functions"))


def command():
    """Reads the arguments, compares, gives the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--show", type=int, default=5, help="how many differences of each kind are shown")
    arguments.add_argument("--version", default="476", choices=sorted(oracle.LIBRARIES), help="of Trino's parser")
    arguments.add_argument("--only", choices=SETS, help="one of the sets of texts")
    arguments.add_argument("--mutations", type=int, default=20_000, metavar="N", help="how many mutations are made")
    arguments.add_argument("--seed", type=int, default=1, help="which mutations are made")
    given = arguments.parse_args()
    names = [given.only] if given.only else list(SETS)
    return 1 if wrong(compare_sets(given.version, names, given.show, given.mutations, given.seed)) else 0


if __name__ == "__main__":
    progress.main(command)
