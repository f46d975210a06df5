"""Compares Sluice's reading of texts with that of Trino's own parser, and says which bars are met; ends with 1 if one is not.

    python3 tests/conformance/run.py [--version 476|483|all] [--only SET] [--mutations N] [--seed N] [--show N] [--places]

The sets of texts: `probes` are ours and try what is ambiguous; `corpus` is gathered; `mutations` are nearly statements
of the corpus; `printed` is how Sluice prints what it reads of the last two.
"""

import argparse
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.conformance import bars, corpus, mutations, oracle, readings  # noqa: E402  pylint: disable=wrong-import-position
from tests.stack import progress  # noqa: E402  pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).parent
SETS = ("probes", "corpus", "mutations", "printed")
# How many mutations are compared by `make test`, and without another wish.
MUTATIONS = 20_000


class Comparison:
    """The texts of one version and how they are read."""

    def __init__(self, version, show=3, count=MUTATIONS, seed=1, places=False):
        self.version = version
        self.show = show
        self.places = places
        self.count = count
        self.seed = seed
        self.bars = bars.Bars(version)

    def run(self, name):
        """Compares one set of texts."""
        if name == "printed":
            return self.printed()
        texts = getattr(self, name)()
        theirs = oracle.verdicts(self.version, name, texts)
        shown = collections.defaultdict(list)
        for text, their, our in zip(texts, theirs, readings.readings(self.version, texts)):
            for kind in self.bars.add(name, their, our):
                shown[kind].append((text, their, our))
        for kind, cases in shown.items():
            if kind != "place" or self.places:
                self.report(name, kind, cases)
        return None

    def report(self, name, kind, cases):
        """Shows some differences of a kind."""
        print(f"== {name}: {len(cases)} × {bars.KINDS[kind]}")
        cases = cases[:self.show]
        trees = oracle.trees(self.version, [text for text, *_ in cases]) if kind == "tree" else []
        for at, (text, their, our) in enumerate(cases):
            print(f"--- {text[:600]!r}")
            if kind == "tree":
                ours = readings.ask(["tree"], self.version, [text])[0]
                print(f"    Trino:  {parting(trees[at], ours)}\n    Sluice: {parting(ours, trees[at])}")
            else:
                print(f"    Trino:  {json.dumps(their)[:300]}\n    Sluice: {json.dumps(our)[:300]}")

    def probes(self):
        """Texts of ours."""
        return (HERE / "probes.txt").read_text(encoding="utf-8").splitlines()

    def corpus(self):
        """Gathered texts."""
        return corpus.gathered(self.version)

    def accepted(self, name):
        """The texts of a set that Trino accepts, with what it says of them."""
        texts = getattr(self, name)()
        return [(text, said) for text, said in zip(texts, oracle.verdicts(self.version, name, texts)) if said["ok"]]

    def mutations(self):
        """Nearly statements."""
        return mutations.mutations([(text, said["kind"]) for text, said in self.accepted("corpus")], self.count, self.seed)

    def printed(self):
        """What Sluice prints of a text has to be read by Trino as the text is."""
        found = self.accepted("corpus") + self.accepted("mutations")
        texts = [text for text, _ in found]
        pairs = [(text, said, printed) for (text, said), printed in zip(found, readings.printed(self.version, texts)) if printed]
        verdicts = oracle.verdicts(self.version, "printed", [printed for *_, printed in pairs])
        wrong = []
        for (text, said, printed), verdict in zip(pairs, verdicts):
            same = verdict["ok"] and verdict["tree"] == said["tree"]
            self.bars.add_printed(same)
            if not same:
                wrong.append((text, {**verdict, "sql": printed}, said))
        if wrong:
            self.report("printed", "printed", wrong)


def parting(tree, other):
    """What a tree says where it parts with another."""
    at = next((at for at, (left, right) in enumerate(zip(tree, other)) if left != right), min(len(tree), len(other)))
    return tree[max(0, at - 100):at + 200]


def command():
    """Reads the arguments, compares, gives the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--show", type=int, default=3, help="how many differences of each kind are shown")
    arguments.add_argument("--version", default="all", choices=[*sorted(oracle.LIBRARIES), "all"], help="of Trino's parser")
    arguments.add_argument("--only", choices=SETS, help="one of the sets of texts")
    arguments.add_argument("--mutations", type=int, default=MUTATIONS, metavar="N", help="how many mutations are made")
    arguments.add_argument("--seed", type=int, default=1, help="which mutations are made")
    arguments.add_argument("--places", action="store_true", help="show where errors are found at different places, too")
    given = arguments.parse_args()
    missed = []
    for version in sorted(oracle.LIBRARIES) if given.version == "all" else [given.version]:
        comparison = Comparison(version, given.show, given.mutations, given.seed, given.places)
        for name in [given.only] if given.only else SETS:
            comparison.run(name)
        print(comparison.bars.table())
        missed += comparison.bars.missed()
    return 1 if missed else 0


if __name__ == "__main__":
    progress.main(command)
