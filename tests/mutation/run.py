"""Mutants of the rewriter, drawn by a seed.

    python3 -m tests.mutation.run [--seed N] [--mutants N]   goes on where it stopped, as long as no source has changed
    python3 -m tests.mutation.run --again                    from the start
    python3 -m tests.mutation.run --mutant N                 one mutant, and what is other in the corpora
    python3 -m tests.mutation.run --list                     all mutants, those too that do not compile
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import resource
import subprocess
import sys

from tests.stack.progress import Problem, main, say

from . import listed
from .tree import FOLDER, Tree

SEED = 7
MUTANTS = 200
CORPORA = "enforce::tests::corpora::corpora"
# Of processor time: a machine that does other things too must not make a mutant one that does not end.
SECONDS = 20
MEMORY = 6 << 30
RESULTS = FOLDER / "results.jsonl"
ROWS = KILLED, REFUSED, DECIDED, LISTED, OPEN = ("found by a test in src/rewrite", "refused by the verifier", "found by a test of decisions in src/enforce", "listed as the same", "open")


class Runner:
    """The built tests."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        why, self.plain = self.corpora(0)
        if why or not self.plain:
            raise Problem(f"without any mutant the corpora do not end well: {why}")
        why = self.tests(0, "rewrite::") or self.tests(0, "enforce::")
        if why:
            raise Problem(f"without any mutant a test fails: {why}")

    def run(self, number, arguments, line):
        """Runs the program, gives each line of it to `line`, and ends it when that says so; why it ended otherwise than well."""
        process = subprocess.Popen([self.program, "--test-threads=1", *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", preexec_fn=limits,
                                   env={**os.environ, "SLUICE_MUTANT": str(number), "INSTA_UPDATE": "no", "INSTA_FORCE_PASS": "0", "INSTA_WORKSPACE_ROOT": str(self.folder), "RUST_BACKTRACE": "0"})
        try:
            for text in process.stdout:
                why = line(text.rstrip("\n"))
                if why:
                    return why
            process.wait()
            return f"it ends with {process.returncode}" if process.returncode else None
        finally:
            process.kill()
            process.wait()

    def tests(self, number, of):
        """The first test that a mutant fails."""
        return self.run(number, [of, "--skip", CORPORA], lambda text: text.split()[1] if text.startswith("test ") and text.endswith("FAILED") else None)

    def corpora(self, number, to_the_end=True):
        """Why the corpora do not end well with a mutant, and what becomes of them; unless to the end, no more than to the first alarm."""
        lines = []

        def line(text):
            if "@\t" in text:
                lines.append(text[text.index("@\t"):])
                if "\talarm" in text and (number == 0 or not to_the_end):
                    return "an alarm"
            return None

        return self.run(number, [CORPORA, "--exact", "--nocapture"], line), lines

    def judge(self, number, to_the_end=False):
        """What becomes of a mutant: the row of the table, what shows it, and statements of the corpora that become others."""
        test = self.tests(number, "rewrite::")
        if test and not to_the_end:
            return KILLED, test, []
        why, lines = self.corpora(number, to_the_end)
        others = [(was, now) for was, now in zip(self.plain, lines, strict=False) if was != now]
        alarms = [one for one in others if "\talarm" in one[1]]
        if alarms:
            return REFUSED, alarms[0][1].split("\t")[4], [shown(one) for one in alarms[:2]]
        decided = self.tests(number, "enforce::")
        if test or decided:
            return KILLED if test else DECIDED, test or decided, [shown(one) for one in others[:20]] * to_the_end
        return OPEN, f"the corpora: {why or 'they end well'}, {len(others)} statements become others", [shown(one) for one in others[:20 if to_the_end else 2]]


def limits():
    """What a mutant may take."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def shown(pair):
    """A difference, short: from where on two lines are other."""
    was, now = pair
    at = next((place for place, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), 0)
    return f"      {was[:300]}\n        was …{was[max(0, at - 40):at + 160]}\n        is  …{now[max(0, at - 40):at + 160]}"


def earlier(mark):
    """What became of mutants in a run over the same sources."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.is_file() else []
    head = json.dumps({"sources": mark, "rows": ROWS})
    if not lines or lines[0] != head:
        RESULTS.write_text(head + "\n", encoding="utf-8")
        return {}
    return {number: tuple(one) for number, *one in map(json.loads, lines[1:])}


def of_the_list(tree, number, judged, reasons):
    """Whether a mutant that nothing found is one of the list."""
    return judged[0] == OPEN and tree.key(number) in reasons


def table(tree, judged, reasons, seed):
    """All figures."""
    rows = {number: LISTED if of_the_list(tree, number, one, reasons) else one[0] for number, one in judged.items()}
    counts = collections.Counter(rows.values())
    lines = [""]
    for number in sorted(number for number in rows if rows[number] == LISTED):
        lines.append(f"listed {number}: {tree.told(number)}\n  {reasons[tree.key(number)]}")
    for number in sorted(number for number in rows if rows[number] == OPEN):
        lines.append(f"OPEN {number}: {tree.told(number)}\n{listed.entry(tree.key(number))}")
    lines.append(f"seed {seed}: {len(judged)} of {len(tree.mutants)} mutants")
    lines += [f"{counts[row]:6} {row}" for row in ROWS]
    if counts[OPEN]:
        lines.append(f"Write a test for each open one, or list it with a reason in {listed.FILE.name}.")
    return "\n".join(lines), counts[OPEN]


def command():
    """Reads the arguments and runs."""
    options = argparse.ArgumentParser(prog="python3 -m tests.mutation.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--mutants", type=int, default=MUTANTS, help="how many")
    options.add_argument("--mutant", type=int, action="append", help="this one alone")
    options.add_argument("--again", action="store_true", help="do not go on where an earlier run stopped")
    options.add_argument("--list", action="store_true", help="print all mutants")
    options.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    chosen = options.parse_args()
    tree = Tree()
    if chosen.list:
        for number in tree.mutants:
            print(number, tree.told(number))
        return 0
    reasons = listed.read({tree.key(number) for number in tree.mutants})
    mark = tree.make()
    numbers = sorted(chosen.mutant or random.Random(chosen.seed).sample(sorted(tree.mutants), min(chosen.mutants, len(tree.mutants))))
    wrong = sorted(set(numbers) - set(tree.mutants))
    if wrong:
        raise Problem(f"there is no mutant {wrong[0]}, or it does not compile")
    if chosen.again:
        RESULTS.unlink(missing_ok=True)
    known = earlier(mark)
    judged = {} if chosen.mutant else {number: known[number] for number in numbers if number in known}
    rest = [number for number in numbers if number not in judged]
    say(f"{len(numbers)} of {len(tree.mutants)} mutants, {len(judged)} of them known from before")
    if rest:
        say("building")
        runner = Runner(tree.build(), tree.folder)
        with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool, RESULTS.open("a", encoding="utf-8") as results:
            running = {pool.submit(runner.judge, number, bool(chosen.mutant)): number for number in rest}
            try:
                for done in concurrent.futures.as_completed(running):
                    number, one = running[done], done.result()
                    judged[number] = one
                    if not chosen.mutant:
                        print(json.dumps([number, *one]), file=results, flush=True)
                    _, why, others = one
                    row = LISTED if of_the_list(tree, number, one, reasons) else one[0]
                    say(f"{len(judged)}/{len(numbers)}  {number} {row} ({why}): {tree.told(number)}")
                    if others and (chosen.mutant or row == OPEN):
                        say("\n".join(others))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    text, unlisted = table(tree, judged, reasons, chosen.seed)
    print(text)
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
