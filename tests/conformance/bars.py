"""What is counted where two readings are compared, and the table of what has to hold."""

import collections

# Kinds of differences, with what each means.
KINDS = {
    "refused": "Trino accepts it, Sluice refuses it",
    "accepted": "Trino refuses it, Sluice accepts it",
    "place": "both refuse it, at different places",
    "class": "another class of statement",
    "tree": "another tree",
    "names": "another place or text of an identifier",
    "relations": "other places of tables",
    "functions": "other functions",
    "fewer": "Sluice sees fewer tables",
    "printed": "what Sluice prints reads as another tree",
}


def differences(theirs, ours):
    """The kinds of differences between two readings of one text."""
    if theirs["ok"] != ours["ok"]:
        return ["refused"] if theirs["ok"] else ["accepted"]
    if not theirs["ok"]:
        # Trino's parser names no place where it fails in an unexpected way.
        return [] if theirs["line"] in (0, ours["line"]) and theirs["column"] in (0, ours["column"]) else ["place"]
    fewer = collections.Counter(map(tuple, theirs["relations"])) - collections.Counter(map(tuple, ours["relations"]))
    found = ["fewer"] if fewer else []
    if theirs["kind"] != ours["kind"]:
        found.append("class")
    found += [kind for kind in ("tree", "names") if theirs[kind] != ours[kind]]
    return found + [kind for kind in ("relations", "functions") if sorted(theirs[kind]) != sorted(ours[kind])]


class Bars:
    """Counts of one version; `sets` says which sets of texts were compared."""

    def __init__(self, version):
        self.version = version
        self.counts = collections.Counter()

    def add(self, name, theirs, ours):
        """Counts one text of the set `name`; the kinds of its differences."""
        found = differences(theirs, ours)
        self.counts[name, "accepted by Trino" if theirs["ok"] else "refused by Trino"] += 1
        if theirs["ok"] and ours["ok"]:
            self.counts[name, "both accept"] += 1
        if not theirs["ok"] and not ours["ok"]:
            self.counts[name, "both refuse"] += 1
        for kind in found:
            self.counts[name, kind] += 1
        return found

    def add_printed(self, same):
        """Counts a text that was printed, and whether Trino reads the same tree of it."""
        self.counts["printed", "texts"] += 1
        self.counts["printed", "printed"] += not same

    def of(self, what, *names):
        """How many of a kind in some sets, in all but `printed` without any."""
        return sum(count for (name, kind), count in self.counts.items()
                   if kind == what and (name in names if names else name != "printed"))

    def rows(self):
        """(what, how many differ, of how many, the most that may differ as a share) for each bar that was measured."""
        whole = ("probes", "corpus")
        tree = self.of("tree") + self.of("class")
        verdicts = self.of("refused", "mutations") + self.of("accepted", "mutations")
        rows = [
            ("accepted by Trino, accepted by Sluice", self.of("refused", *whole), self.of("accepted by Trino", *whole), 0),
            ("refused by Trino, refused by Sluice", self.of("accepted", *whole), self.of("refused by Trino", *whole), 0.001),
            ("the same tree", tree, self.of("both accept"), 0),
            ("the same place and text of each identifier", self.of("names"), self.of("both accept"), 0),
            ("the same places of tables", self.of("relations"), self.of("both accept"), 0),
            ("the same functions", self.of("functions"), self.of("both accept"), 0),
            ("printed text read by Trino as the same tree", self.of("printed", "printed"), self.of("texts", "printed"), 0),
            ("the same place of the error", self.of("place"), self.of("both refuse"), 0.05),
            ("mutations: the same verdict", verdicts, self.counts["mutations", "accepted by Trino"] + self.counts["mutations", "refused by Trino"], 0.0005),
            ("mutations: accepted with fewer tables", self.of("fewer", "mutations"), self.of("both accept", "mutations"), 0),
        ]
        return [row for row in rows if row[2]]

    def missed(self):
        """The bars that are not met."""
        return [what for what, differ, of, most in self.rows() if differ > of * most]

    def table(self):
        """The bars as a table."""
        lines = [f"Trino {self.version}", f"{'what':46} {'same':>9} {'texts':>8} {'differ':>7} {'bar':>8}"]
        for what, differ, of, most in self.rows():
            met = "" if differ <= of * most else "  NOT MET"
            lines.append(f"{what:46} {100 * (of - differ) / of:8.3f}% {of:8} {differ:7} {100 * (1 - most):7.2f}%{met}")
        return "\n".join(lines)
