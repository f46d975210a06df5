"""Mutants of the rewriter, drawn by a seed.

    python3 -m tests.mutation.run [--seed N] [--mutants N]
    python3 -m tests.mutation.run --mutant N                 one mutant again, with what is other in the corpora
    python3 -m tests.mutation.run --list                     all mutants, compiled or not
"""

import argparse
import collections
import concurrent.futures
import os
import random
import resource
import subprocess
import sys
import threading

from tests.stack.progress import Problem, main, say

from .tree import FOLDER, Tree

SEED = 7
MUTANTS = 200
TESTS = ("rewrite::", "enforce::")
CORPORA = "enforce::tests::corpora::corpora"
SECONDS = 120
MEMORY = 6 << 30
KILLED, REFUSED, OTHER, SAME = "killed by a test", "refused by the verifier", "other, and proved", "the same over the corpora"


class Runner:
    """The built tests."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        ended, self.plain = self.corpora(0)
        if ended or not self.plain or any("\talarm" in line for line in self.plain):
            raise Problem("without any mutant the corpora raise an alarm or do not end")
        why = self.tests(0)
        if why:
            raise Problem(f"without any mutant a test fails: {why}")

    def run(self, number, arguments, line):
        """Runs the program, gives each line of it to `line`, and ends it when that says so; why it ended otherwise than well."""
        process = subprocess.Popen([self.program, "--test-threads=1", *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
                                   env={**os.environ, "SLUICE_MUTANT": str(number), "INSTA_UPDATE": "no", "INSTA_FORCE_PASS": "0", "INSTA_WORKSPACE_ROOT": str(self.folder), "RUST_BACKTRACE": "0"})
        late = threading.Event()
        timer = threading.Timer(SECONDS, lambda: (late.set(), process.kill()))
        timer.start()
        try:
            for text in process.stdout:
                why = line(text.rstrip("\n"))
                if why:
                    return why
            process.wait()
            return "it does not end" if late.is_set() else f"it ends with {process.returncode}" if process.returncode else None
        finally:
            timer.cancel()
            process.kill()
            process.wait()

    def tests(self, number):
        """The first test that a mutant fails."""
        return self.run(number, [*TESTS, "--skip", CORPORA], lambda text: text.split()[1] if text.startswith("test ") and text.endswith("FAILED") else None)

    def corpora(self, number):
        """What becomes of the corpora with a mutant, and why they do not end."""
        lines = []
        why = self.run(number, [CORPORA, "--exact", "--nocapture"], lambda text: lines.append(text[text.index("@\t"):]) if "@\t" in text else None)
        return why, lines

    def judge(self, number, all_corpora=False):
        """What becomes of a mutant: the test that fails; if none does, why the corpora do not end, and how they differ, by alarms and otherwise."""
        test = self.tests(number)
        if test and not all_corpora:
            return test, None, [], []
        why, lines = self.corpora(number)
        differing = [(was, now) for was, now in zip(self.plain, lines, strict=False) if was != now]
        return test, why, [one for one in differing if "\talarm" in one[1]], [one for one in differing if "\talarm" not in one[1]]


def state(test, why, alarms, others):
    """The row of the table that a mutant belongs to."""
    if test:
        return KILLED
    return REFUSED if alarms else OTHER if others or why else SAME


def shown(pair):
    """A difference, short: from where on two lines are other."""
    was, now = pair
    at = next((place for place, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), 0)
    return f"      {was[:300]}\n        was …{was[max(0, at - 40):at + 160]}\n        is  …{now[max(0, at - 40):at + 160]}"


def table(tree, judged, seed):
    """All figures."""
    rows = collections.Counter(state(*one) for one in judged.values())
    lines = [f"seed {seed}: {len(judged)} of {len(tree.mutants)} mutants"] + [f"{rows[name]:6} {name}" for name in (KILLED, REFUSED, OTHER, SAME)]
    for name in (REFUSED, OTHER, SAME):
        lines.append(f"{name}:")
        lines += [f"  {number}: {tree.told(number)}" for number, one in sorted(judged.items()) if state(*one) == name]
    by_file = collections.defaultdict(collections.Counter)
    for number, one in judged.items():
        by_file[tree.mutants[number].path][state(*one)] += 1
    return "\n".join(lines + [f"{path}: {dict(rows)}" for path, rows in sorted(by_file.items())])


def command():
    """Reads the arguments and runs."""
    options = argparse.ArgumentParser(prog="python3 -m tests.mutation.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--mutants", type=int, default=MUTANTS, help="how many")
    options.add_argument("--mutant", type=int, action="append", help="this one alone")
    options.add_argument("--list", action="store_true", help="print all mutants")
    options.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    chosen = options.parse_args()
    tree = Tree()
    if chosen.list:
        for number in tree.mutants:
            print(number, tree.told(number))
        return 0
    tree.make()
    numbers = sorted(chosen.mutant or random.Random(chosen.seed).sample(sorted(tree.mutants), min(chosen.mutants, len(tree.mutants))))
    say(f"building {len(tree.mutants)} mutants, {len(numbers)} are run")
    runner = Runner(tree.build(), tree.folder)
    judged = {}
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        for number, one in zip(numbers, pool.map(lambda number: runner.judge(number, bool(chosen.mutant)), numbers), strict=True):
            judged[number] = one
            test, why, alarms, others = one
            say(f"{number}: {state(*one)}{f' ({test})' if test else ''}; in the corpora {len(alarms)} alarms, {len(others)} others{f', {why}' if why else ''}: {tree.told(number)}")
            if chosen.mutant or not test:
                say("\n".join(shown(pair) for pair in (alarms + others)[:20 if chosen.mutant else 2]))
    (FOLDER / "table.txt").write_text(table(tree, judged, chosen.seed) + "\n", encoding="utf-8")
    print(table(tree, judged, chosen.seed))
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
