"""Generated statements on a real Trino behind Sluice: nothing hidden shows, and what policy allows is what Trino answers.

generate: statements.py makes statement N of a seed. Each is sent
- by the analyst through Sluice: no canary of the attack corpus in any byte;
- by the analyst's other self, over tables that hold just the permitted, masked data (data.SEEN): the same names, types, rows;
- by an unrestricted user, through Sluice and without it: the same names, types, rows, or the same error, and the tables and
  columns of the decision are those that Trino's own analysis names;
- by a user for whom the same intent stands in Trino's own file rules (data.RULES): the same, or Sluice is stricter.
docs/proof.md has the figures.
"""

import collections
import concurrent.futures
import contextlib
import importlib.util
import json
import re
import shutil
import time
import urllib.parse

from tests import attacks
from tests.stack.progress import say, step
from tests.stack.sluice import Sluice
from tests.stack.trino import Trino, lake, properties

from . import compare, data, statements
from .ask import Asker

SEED = 7
SIZES = {"generated": 500, "analysis": 300, "rules": 300, "restricted": 50}
FULL = {"generated": 10_000, "analysis": 3000, "rules": 3000, "restricted": 500}
THREADS = 8
SUCCEED = 0.5
# `make test` starts no statement after so many seconds: a machine with other work sends fewer, and says how many.
SECONDS = 600


def cases(stack):
    """What has to hold of the statements of one seed."""
    with Proof(stack.folder, SEED, SIZES, seconds=SECONDS) as proof:
        proof.run()
        yield from proof.cases()


class Proof:
    """A Trino with file rules for one user, Sluice before it, and what came of the statements."""

    def __init__(self, folder, seed, sizes, numbers=None, seconds=None):
        self.folder = folder / "proof"
        self.seed = seed
        self.sizes = sizes
        self.numbers = numbers
        self.limit = seconds
        self.tallies = {part: collections.Counter() for part in ("as-trino", "over-seen", "rules", "analysis", "restricted")}
        self.succeeded = {"analyst": 0, "admin": 0}
        self.refusals = collections.Counter()
        self.found = []
        self.sent = 0
        self.skipped = 0
        self.seconds = 0.0
        self.servers = contextlib.ExitStack()

    def __enter__(self):
        self.leaks = corpus().leaks
        self.canaries = json.loads((attacks.attacks() / "intent.json").read_text(encoding="utf-8"))["canaries"]
        with contextlib.ExitStack() as servers:
            trino = servers.enter_context(self.trino())
            with step("making tables, and those of the permitted data"):
                attacks.load(trino)
                for sql in [*data.OWN, *data.SEEN, *data.KEPT]:
                    trino.rows(sql)
            self.sluice = servers.enter_context(Sluice(self.folder / "sluice", trino.url, attacks.POLICIES))
            self.servers = servers.pop_all()
        self.analyst = Asker(self.sluice.client("analyst"), "a")
        self.admin = Asker(self.sluice.client("admin"), "b")
        self.direct = Asker(trino.client("admin"), "c")
        self.seen = Asker(trino.client("admin"), "d")
        self.ruled = Asker(trino.client(data.RULED), "e")
        return self

    def trino(self):
        """A Trino with rules for the user `data.RULED`, where all others may do all.

        It forgets tasks and queries soon: it looks through all that it knows of several times a second. It plans a
        recursive query for five steps and not for ten, which take it half a minute; those that are made end after four.
        """
        folder = self.folder / "trino"
        seen = self.folder / "seen"
        shutil.rmtree(seen, ignore_errors=True)
        (seen / "lake/meta").mkdir(parents=True)
        soon = {"task.info.max-age": "5s", "query.min-expire-age": "5s", "query.max-history": "30", "task.concurrency": "1", "max-recursion-depth": "5"}
        return Trino(folder, properties=soon, catalogs={"seen": lake(seen), "kept": {"connector.name": "memory"}}, files={
            "access-control.properties": properties({"access-control.name": "file", "security.config-file": folder / "etc/rules.json"}),
            "rules.json": json.dumps(data.RULES, indent=2)})

    def __exit__(self, *_):
        self.servers.close()

    # ── running ──

    def run(self):
        """Sends all statements."""
        started = time.monotonic()
        jobs = [(self.check_restricted, statements.restricted_statement(self.seed, number)) for number in self.numbers or range(1, self.sizes["restricted"] + 1)]
        jobs += [(self.check, statements.statement(self.seed, number)) for number in self.numbers or range(1, self.sizes["generated"] + 1)]

        def send(job):
            if self.limit and time.monotonic() - started > self.limit:
                return None
            return job[0](job[1])

        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            for place, found in enumerate(pool.map(send, jobs), 1):
                if found is None:
                    self.skipped += 1
                    continue
                for part, reason, *rest in found:
                    self.tallies[part][reason] += 1
                    if reason != compare.SAME:
                        self.found.append((part, reason, *rest))
                        if reason.upper() == reason:
                            say(self.told(self.found[-1]))
                if place % 100 == 0:
                    say(f"{place} of {len(jobs)} statements, {time.monotonic() - started:.0f} s")
        self.seconds = time.monotonic() - started
        self.judge_analysis()

    def all(self, asker, made, catalog="lake"):
        """The answers to the texts of a statement, until one fails."""
        answers = []
        headers = {name: moved_header(value, catalog) for name, value in made.headers.items()}
        for text in made.texts:
            answers.append(asker.ask(moved(text, catalog), headers))
            self.sent += 1
            if answers[-1].error:
                break
        return answers

    def check(self, made):
        """Sends a statement in all ways; (part, reason, statement, answers) each."""
        found = []
        analyst = self.all(self.analyst, made)
        leaked = self.leaked(made, analyst)
        if leaked:
            found.append(("over-seen", "LEAK", made, analyst[-1], leaked))
        admin, direct = self.all(self.admin, made), self.all(self.direct, made)
        self.succeeded["analyst"] += not analyst[-1].error
        self.succeeded["admin"] += not admin[-1].error
        if analyst[-1].error and not direct[-1].error:
            self.refusals[(analyst[-1].error_name, kind_of_refusal(analyst[-1].message))] += 1
        reason, mine, theirs = self.worst(lambda a, b: compare.as_trino(made.kind, a, b), admin, direct)
        if reason.isupper() and reason != "ALLOWED" and self.varies(made, self.direct, direct):
            reason = "varies"
        if reason.isupper() and made.kind == "metadata" and self.worst(lambda a, b: compare.as_trino(made.kind, a, b), self.all(self.admin, made), self.all(self.direct, made))[0] == compare.SAME:
            reason = "came-and-went"
        found.append(("as-trino", reason, made, mine, theirs))
        if made.number <= self.sizes["analysis"] and not direct[-1].error and not made.texts[0].startswith("DESCRIBE") and made.kind in ("query", "star", "immediate", "values", "execute"):
            info = self.direct.get(f"/v1/query/{direct[0].query_id}?pruned=true")
            found.append(("analysis", "asked", made, admin[0].query_id, info and compare.by_trino(info)))
        if made.kind in ("metadata", "explain") or made.number > self.sizes["rules"]:
            return found
        seen = self.all(self.seen, made, "seen")
        found.append(("over-seen", *self.right(made, analyst, seen)))
        if made.kind != "write":
            ruled = self.all(self.ruled, made)
            found.append(("rules", compare.under_rules(analyst[0], ruled[0], seen[0]), made, analyst[0], ruled[0]))
        return found

    def check_restricted(self, made):
        """Sends a statement over restricted tables by the analyst, and over the permitted data."""
        analyst, seen = self.all(self.analyst, made), self.all(self.seen, made, "seen")
        leaked = self.leaked(made, analyst)
        found = [("restricted", *self.right(made, analyst, seen))]
        return [*found, ("over-seen", "LEAK", made, analyst[0], leaked)] if leaked else found

    def right(self, made, analyst, seen):
        """Why restricted answers differ from those over the permitted data, if they do; the statement and the answers."""
        reason, mine, theirs = self.worst(compare.over_seen, analyst, seen)
        if reason == "REFUSED" and compare.fails(mine) and any(compare.over_seen(mine, kept) == compare.SAME for kept in self.all(self.seen, made, "kept")):
            reason = "fails-first"
        elif reason == "ALLOWED" and compare.fails(theirs):
            reason = "fails-last"
        elif reason == "ALLOWED" and compare.breaks(theirs) and self.breaks_or_agrees(mine, self.all(self.ruled, made)[-1]):
            reason = "trino-breaks"
        elif reason.isupper() and self.varies(made, self.seen, seen, "seen"):
            reason = "varies"
        return reason, made, mine, theirs

    @staticmethod
    def breaks_or_agrees(mine, ruled):
        """Whether Trino's own rules give an internal error too, or the same answer."""
        return compare.breaks(ruled) or compare.over_seen(mine, ruled) == compare.SAME

    @staticmethod
    def worst(judge, ours, theirs):
        """The first difference between the texts of two, else that they are the same."""
        for mine, other in zip(ours, theirs, strict=False):
            reason = judge(mine, other)
            if reason != compare.SAME:
                return reason, mine, other
        return compare.SAME, ours[-1], theirs[-1]

    def varies(self, made, asker, before, catalog="lake"):
        """Whether the same place answers otherwise when it is asked again."""
        for _ in range(2):
            again = self.all(asker, made, catalog)
            if any(compare.as_trino("query", a, b) != compare.SAME for a, b in zip(before, again, strict=False)):
                return True
        return False

    def leaked(self, made, answers):
        """The canaries in the bytes of answers. What is there by chance, such as in a random id, is not there again."""
        found = self.canaries_in(made, answers)
        return ", ".join(sorted(set(found) & set(self.canaries_in(made, self.all(self.analyst, made))))) if found else ""

    def canaries_in(self, made, answers):
        """The canaries that stand in the bytes of answers in some form."""
        return list(self.leaks(self.canaries, b"\n".join(answer.seen for answer in answers), made.text))

    def judge_analysis(self):
        """Compares what decisions said of tables and columns with what Trino's analysis did."""
        asked = [one for one in self.found if one[0] == "analysis"]
        self.found = [one for one in self.found if one[0] != "analysis"]
        self.tallies["analysis"].clear()
        records = self.sluice.records()
        objects = {one["id"]: one["objects"] for one in records if one["kind"] == "decision"}
        decisions = {one["query_id"]: one["decision"] for one in records if one["kind"] == "completion"}
        for _, _, made, query_id, trino in asked:
            sluice = compare.by_sluice(objects[decisions[query_id]]) if query_id in decisions else None
            reason = compare.analysis(urllib.parse.unquote_plus(made.text), sluice, trino)
            self.tallies["analysis"][reason] += 1
            if reason != compare.SAME:
                self.found.append(("analysis", reason, made, sluice, trino))

    # ── telling ──

    def cases(self):
        """What has to hold, by name."""
        total = sum(self.tallies["as-trino"].values())
        yield f"no canary in any answer to {total} statements", lambda: self.none(lambda part, reason: reason == "LEAK")
        yield "an unrestricted user gets what Trino answers", lambda: self.none(lambda part, reason: part == "as-trino")
        if not self.numbers:
            yield "more than half of the statements succeed", lambda: self.enough(total)
        yield f"tables and columns are those of Trino's own analysis ({sum(self.tallies['analysis'].values())} statements)", lambda: self.none(lambda part, reason: part == "analysis")
        yield f"answers are as under Trino's own rules, or stricter ({sum(self.tallies['rules'].values())} statements)", lambda: self.none(lambda part, reason: part == "rules")
        yield f"restricted answers are right ({sum(self.tallies['restricted'].values())} statements)", lambda: self.none(lambda part, reason: part == "restricted")
        yield "all answers of the analyst are those over the permitted data alone", lambda: self.none(lambda part, reason: part == "over-seen" and reason != "LEAK")

    def none(self, about):
        """Fails with each difference that has no reason."""
        wrong = [self.told(one) for one in self.found if one[1].upper() == one[1] and about(one[0], one[1])]
        assert not wrong, "\n  ".join([f"{len(wrong)} statements", *wrong[:40]])

    def enough(self, total):
        """Fails where too few statements are valid."""
        assert all(self.tallies[part] for part in self.tallies), f"nothing was sent for a part: {self.tallies}"
        assert self.succeeded["analyst"] > SUCCEED * total and self.succeeded["admin"] > SUCCEED * total, f"{self.succeeded} of {total} succeed"

    def told(self, one):
        """A difference for people."""
        part, reason, made, ours, theirs = one
        return f"{part}: {reason}: seed {self.seed} number {made.number}: {made.text}\n    Sluice {ours}\n    Trino  {theirs}"

    def table(self):
        """All figures."""
        total = sum(self.tallies["as-trino"].values())
        lines = [f"{self.skipped} statements were not sent: the time was over"] * bool(self.skipped) + [f"seed {self.seed}: {total} statements, {self.sent} texts sent in {self.seconds:.0f} s, {self.sent / max(self.seconds, 1e-9):.1f} a second",
                 f"succeed: analyst {self.succeeded['analyst']}, unrestricted {self.succeeded['admin']}"]
        for part, tally in self.tallies.items():
            lines.append(f"{part}: {sum(tally.values())}")
            lines += [f"{count:8} {reason:20} {compare.REASONS[part].get(reason, '')}" for reason, count in tally.most_common()]
        lines.append("what the analyst is refused and an unrestricted user is not:")
        lines += [f"{count:8} {name}: {words}" for (name, words), count in self.refusals.most_common(30)]
        return "\n".join(lines)


def moved(text, catalog):
    """A text about the catalog `lake`, about another catalog."""
    return re.sub(r"\bLAKE\b", catalog.upper(), re.sub(r"\blake\b", catalog, text))


def moved_header(value, catalog):
    """A header about the catalog `lake`, about another catalog; of a prepared statement the text is quoted."""
    name, equals, text = value.partition("=")
    return name + equals + urllib.parse.quote_plus(moved(urllib.parse.unquote_plus(text), catalog)) if equals else moved(value, catalog)


def kind_of_refusal(message):
    """A refusal without names and ids."""
    return re.sub(r"\(decision [^)]*\)|[0-9a-f]{8}-[0-9a-f-]{27}|\"[^\"]*\"|'[^']*'|\b\w+\.\w+\.\S+|\d+", "…", message)[:140]


def corpus():
    """The attack corpus's own runner, as a module."""
    spec = importlib.util.spec_from_file_location("corpus_run", attacks.attacks() / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
