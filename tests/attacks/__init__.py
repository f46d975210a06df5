"""The attack corpus on a real Trino behind Sluice: statements that try to see what their user may not, and benign ones that must work.

The corpus stands beside the checkout, in $SHARED/attacks (../shared without it). `policies/` says what its intent.json says,
and `cases.jsonl` holds further cases over the same tables. The corpus's own run.py judges each case of both.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys

from tests.stack.progress import Problem
from tests.stack.sluice import ROOT, password

POLICIES = pathlib.Path(__file__).with_name("policies")
OWN = pathlib.Path(__file__).with_name("cases.jsonl")
USERS = ("analyst", "hr_partner", "outsider", "superset", "admin")

# Statements that Trino refuses in words that quote an expression of the statement, guards and all.
QUOTED = [
    "SELECT company FROM lake.sales.customers WHERE max((SELECT max(email) FROM lake.hr.employees)) = 'x'",
    "SELECT company FROM lake.sales.customers GROUP BY max((SELECT max(email) FROM lake.hr.employees))",
    "SELECT (SELECT max(email) FROM lake.hr.employees WHERE id = customer_id) FROM lake.sales.customers GROUP BY company",
    "SELECT max(max((SELECT max(email) FROM lake.hr.employees))) FROM lake.sales.customers",
    "VALUES (SELECT max(email) FROM lake.hr.employees), 'x', 1",
]


def cases(stack):
    """One case a category of the corpus and of our own file, and some for the whole: that nothing leaks, and that no error quotes a policy."""
    load(stack.trino)
    with stack.sluice("attacks", POLICIES) as sluice:
        ran = {name: outcomes(sluice, name, file) for name, file in (("corpus", attacks() / "cases.jsonl"), ("own", OWN))}
        errors = [(sql, sluice.client("analyst").query(sql).error) for sql in QUOTED]
    yield "no error quotes a policy", lambda: no_failures([f"{sql}: {error}" for sql, error in errors if not error or quotes_policy(error)])
    for name, (file, ended) in ran.items():
        yield f"{name}: each case was run", lambda f=file, e=ended: no_failures({case["id"] for case in f} ^ {one["id"] for one in e})
        yield f"{name}: nothing leaks", lambda e=ended: no_failures([one for one in e if any("LEAK" in why for why in one["failed"])])
        for category in dict.fromkeys(case["category"] for case in file):
            ids = {case["id"] for case in file if case["category"] == category}
            yield f"{name}: {category} ({len(ids)} cases)", lambda i=ids, e=ended: no_failures([one for one in e if one["id"] in i and one["failed"]])


def outcomes(sluice, name, file):
    """The cases of a file, and how each ended."""
    outcome = sluice.folder / f"{name}.jsonl"
    run(sluice, ["--cases", str(file), "--json", str(outcome)], stdout=subprocess.DEVNULL)
    return [[json.loads(line) for line in one.read_text(encoding="utf-8").splitlines()] for one in (file, outcome)]


def quotes_policy(error):
    """Whether any text of an error holds a part of a mask, of a filter or of what stands around them."""
    return any(part in json.dumps(error).lower() for part in ("sluice_", "split_part", "'eu'"))


def no_failures(found):
    """Fails with a line for each."""
    lines = (one if isinstance(one, str) else f"{one['id']}: {'; '.join(one['failed'])}" for one in found)
    assert not found, "\n  ".join([f"{len(found)} cases", *lines])


def attacks():
    """The folder of the corpus."""
    folder = pathlib.Path(os.environ.get("SHARED") or ROOT / "../shared").resolve() / "attacks"
    if not (folder / "run.py").exists():
        raise Problem(f"the attack corpus is not in {folder}: set SHARED to the folder that holds attacks/")
    return folder


def load(trino):
    """Makes the corpus's tables."""
    done = subprocess.run([sys.executable, str(attacks() / "load.py"), trino.url], capture_output=True, text=True, check=False)
    wrong = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    if done.returncode or wrong:
        raise Problem(f"the attack corpus's tables can't be made: {wrong or done.stderr}")


def run(sluice, arguments, stdout=None):
    """Runs the corpus's own runner against a Sluice with everybody's passwords; its exit code."""
    auth = sluice.folder / "auth.json"
    auth.write_text(json.dumps({user: "Basic " + base64.b64encode(f"{user}:{password(user)}".encode()).decode() for user in USERS}), encoding="ascii")
    return subprocess.run([sys.executable, str(attacks() / "run.py"), "--url", sluice.url, "--ca", str(sluice.ca), "--auth", str(auth), *arguments],
                          stdout=stdout, check=False).returncode
