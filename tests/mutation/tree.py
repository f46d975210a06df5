"""The mutated copy of the checkout, and what is built of it."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess

from tests.stack.progress import Problem, say
from tests.stack.sluice import ROOT

from . import operators, schemata
from .rust import Source

FOLDER = ROOT / "target/mutation"
MUTATED = ("src/rewrite/*.rs", "src/rewrite/second_opinion/*.rs")
CORPORA = pathlib.Path(__file__).with_name("corpora.rs")
# So often the compiler is asked which mutants are no Rust.
ROUNDS = 12


class Tree:
    """A copy with all mutants that compile. `mutants` are those, by number."""

    def __init__(self):
        self.folder = FOLDER / "tree"
        self.sources = [Source(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for pattern in MUTATED for path in sorted(ROOT.glob(pattern)) if path.name != "tests.rs"]
        self.mutants = dict(enumerate((one for source in self.sources for one in operators.mutants(source)), 1))
        self.hash = hashlib.sha256("\n".join(map(self.told, self.mutants)).encode()).hexdigest()
        self.files = {}

    def told(self, number):
        """A mutant for people."""
        mutant = self.mutants[number]
        source = next(source for source in self.sources if source.path == mutant.path)
        return mutant.told(source.text[mutant.start:mutant.end])

    def make(self):
        """Copies the checkout and keeps the mutants that compile."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        shutil.copy(CORPORA, self.folder / "src/enforce/tests/corpora.rs")
        self.add("src/enforce/tests/mod.rs", "mod decisions;", "mod corpora;\nmod decisions;")
        self.add("src/lib.rs", "pub mod analysis;", f"pub mod analysis;{schemata.MODULE}")
        self.without(self.known())
        for _ in range(ROUNDS):
            self.write()
            wrong = self.check()
            if not wrong:
                return
            say(f"{len(wrong)} of {len(self.mutants)} mutants are no Rust")
            self.without(wrong)
            known = {"mutants": self.hash, "wrong": sorted(self.known() | wrong)}
            (FOLDER / "no-rust.json").write_text(json.dumps(known), encoding="utf-8")
        raise Problem(f"the mutated tree in {self.folder} does not compile")

    def without(self, wrong):
        """Leaves mutants out."""
        self.mutants = {number: one for number, one in self.mutants.items() if number not in wrong}

    def known(self):
        """The mutants of which the compiler said before that they are no Rust."""
        try:
            known = json.loads((FOLDER / "no-rust.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return set()
        return set(known["wrong"]) if known["mutants"] == self.hash else set()

    def add(self, name, before, after):
        """Changes a file of the copy that is not mutated."""
        text = (self.folder / name).read_text(encoding="utf-8")
        if before not in text:
            raise Problem(f"{name} has no line `{before}`: say in {__file__} what to look for")
        (self.folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")

    def write(self):
        """Writes the mutated files."""
        for source in self.sources:
            numbered = [(number, one) for number, one in self.mutants.items() if one.path == source.path]
            file = self.files[source.path] = schemata.File(source.text, numbered)
            self.without(file.left_out)
            (self.folder / source.path).write_text(file.text, encoding="utf-8")

    def cargo(self, *arguments):
        """The messages of a run of cargo in the copy."""
        done = subprocess.run(["cargo", *arguments, "--locked", "--message-format=json"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR") or str(ROOT / "target")})
        return done, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def check(self):
        """The mutants that the compiler takes offence at."""
        done, messages = self.cargo("check", "--lib")
        wrong = set()
        errors = [one["message"] for one in messages if one["reason"] == "compiler-message" and one["message"]["level"] == "error" and one["message"]["spans"]]
        for error in errors:
            spans = sorted(error["spans"], key=lambda span: not span["is_primary"])
            blamed = set()
            for path in dict.fromkeys(span["file_name"] for span in spans):
                if path in self.files and not blamed:
                    blamed = self.files[path].to_blame([(span["byte_start"], span["byte_end"]) for span in spans if span["file_name"] == path])
            if not blamed:
                raise Problem(f"no mutant is to blame for {error['rendered']}")
            wrong |= blamed
        if done.returncode and not wrong:
            raise Problem(f"the mutated tree does not compile: {done.stderr[-2000:]}")
        return wrong

    def build(self):
        """Builds the unit tests; the program."""
        done, messages = self.cargo("test", "--lib", "--no-run")
        built = [one["executable"] for one in messages if one["reason"] == "compiler-artifact" and one.get("executable") and one["profile"]["test"]]
        if done.returncode or not built:
            wrong = [one["message"]["rendered"] for one in messages if one["reason"] == "compiler-message" and one["message"]["level"] == "error"]
            raise Problem(f"the mutated tree does not build: {''.join(wrong) or done.stderr[-2000:]}")
        # Beside the tree, where no other build takes its place.
        return shutil.copy2(built[-1], FOLDER / "tests")
