"""The same rules twice: on a Trino with file-based access control, and imported, on a Trino behind Sluice.

Each seed of generate.py makes a `rules.json` and statements. Four users send them to both. Where the answers differ there
has to be a reason of compare.py, and Sluice never shows what the rules don't.
"""

import collections
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import time

from tests.stack.client import Client, wait_for
from tests.stack.progress import step
from tests.stack.sluice import binary
from tests.stack.trino import Trino, properties

from . import compare, data, generate, model

# All seeds, and those of `make test`.
SEEDS = range(1, 61)
FEW = (3, 10, 17, 28, 41, 52)
REFRESH = "200ms"


def cases(stack):
    """The cases of this suite: one a seed."""
    with Pair(stack) as pair:
        for seed in FEW:
            yield f"rules of seed {seed} show the same", lambda seed=seed: pair.check(seed)


class Pair:
    """A Trino with file rules, and a Sluice before the other Trino."""

    def __init__(self, stack):
        self.stack = stack
        self.folder = stack.folder / "rules"
        self.counts = collections.Counter()
        self.found = []

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rules = self.folder / "rules.json"
        self.groups = self.folder / "group.txt"
        self.policies = self.folder / "policies"
        self.policies.mkdir(exist_ok=True)
        self.groups.write_text(data.GROUPS, encoding="ascii")
        # Who makes the tables and the function may do so.
        self.rules.write_text('{"functions": [{"privileges": ["EXECUTE", "OWNERSHIP"]}]}', encoding="ascii")
        self.write(self.policies / "trino-rules.yaml", self.imported(self.rules)[0])
        files = {
            "access-control.properties": properties({"access-control.name": "file", "security.config-file": self.rules, "security.refresh-period": REFRESH}),
            "group-provider.properties": properties({"group-provider.name": "file", "file.group-file": self.groups}),
        }
        self.reference = Trino(self.folder / "trino", files=files)
        self.sluice = None
        try:
            self.stack.trino.client()
            self.reference.__enter__()
            with step("making the tables of the rules twice"):
                for sql in data.SETUP:
                    self.stack.trino.rows(sql)
                    self.reference.rows(sql)
            self.sluice = self.stack.sluice("rules-sluice", self.policies)
            self.sluice.__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.sluice:
            self.sluice.stop()
        self.reference.stop()
        for sql in data.TEARDOWN:
            self.stack.trino.client().query(sql)

    def imported(self, rules):
        """The policies of a file of rules, and what the importer said about it."""
        out = self.folder / "imported"
        shutil.rmtree(out, ignore_errors=True)
        command = [str(binary()), "import", "trino-rules", str(rules), "--groups", str(self.groups), "--out", str(out), "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{rules.read_text(encoding='utf-8')}"
        return (out / "trino-rules.yaml").read_text(encoding="utf-8"), json.loads(done.stdout)

    @staticmethod
    def write(path, text):
        """Replaces a file in one step."""
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8")
        new.rename(path)

    def put_in_force(self, seed, rules):
        """Has both follow new rules; what the importer said about them."""
        text = json.dumps(rules, indent=2)
        draft = self.folder / "rules-of-case.json"
        draft.write_text(text, encoding="utf-8")
        policies, notes = self.imported(draft)
        self.write(self.policies / "trino-rules.yaml", policies)
        self.write(self.rules, text)
        checked = subprocess.run([str(binary()), "check", str(self.policies), "--output", "json"], capture_output=True, text=True, check=False)
        revision = json.loads(checked.stdout)["revision"]
        wait_for("the policies in force", lambda: revision in self.sluice.console("/health/ready")[1])
        # Only these rules let the probe act as this case.
        wait_for("the rules in force", lambda: "cannot impersonate" not in str(self.reference.client(generate.name(seed), headers={"X-Trino-Original-User": generate.PROBE}).query("SELECT 1").error))
        return notes

    def check(self, seed):
        """Sends the statements of a seed by each user; fails where Sluice shows more, or less without a reason."""
        rules, statements = generate.case(seed)
        judging = model.Model(rules, self.put_in_force(seed, rules))
        with concurrent.futures.ThreadPoolExecutor(len(generate.USERS)) as pool:
            judged = [one for ones in pool.map(lambda user: self.by(user, statements, judging), generate.USERS) for one in ones]
        self.counts.update(reason for reason, *_ in judged)
        wrong = [f"{reason} seed {seed} {user}: {statement['sql']}{' as ' + statement['as'] if 'as' in statement else ''}\n    Trino  {trino}\n    Sluice {sluice}"
                 for reason, user, statement, trino, sluice in judged if reason.isupper()]
        self.found += [(seed, *one) for one in judged]
        assert not wrong, "\n  ".join([f"{len(wrong)} of {len(judged)} answers differ without a reason", *wrong, json.dumps(rules)])

    def by(self, user, statements, judging):
        """What comes of each statement by one user."""
        return [self.judged(user, statement, judging) for statement in statements]

    def judged(self, user, statement, judging):
        """What comes of one statement."""
        acting = statement.get("as", user)
        to_trino = Client(self.reference.url, acting, headers={"X-Trino-Original-User": user} if acting != user else {})
        to_sluice = self.sluice.client(user, headers={"X-Trino-User": acting})
        trino = compare.Answer.of(to_trino.query(statement["sql"]))
        sluice = compare.Answer.of(to_sluice.query(statement["sql"]))

        def by_name(columns):
            sql = statement["sql"].replace("t.*", ", ".join(columns)).replace("*", ", ".join(columns))
            return compare.Answer.of(to_trino.query(sql))

        return compare.judge(compare.Asked(statement, user, judging), trino, sluice, by_name), user, statement, trino, sluice

    def table(self):
        """How many answers there were of each sort."""
        total = sum(self.counts.values())
        lines = [f"{total} answers"]
        for reason, count in self.counts.most_common():
            lines.append(f"{count:6} {reason:18} {compare.REASONS.get(reason, '')}")
        return "\n".join(lines)
