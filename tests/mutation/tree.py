"""The mutated copy of the checkout, and what is built of it."""

import collections
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
NO_RUST = FOLDER / "no-rust.json"
# What the tests are built of and read, below the checkout.
BUILT = ("src", "tests/attacks", "tests/masks")
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
        self.keys = self.named()
        self.hash = hashlib.sha256(json.dumps(list(self.keys.values())).encode()).hexdigest()
        self.files = {}

    def named(self):
        """What each mutant is listed by: the file and function, the lines as they are, and as they become."""
        texts, keys, seen = {source.path: source for source in self.sources}, {}, collections.Counter()
        for number, mutant in self.mutants.items():
            source = texts[mutant.path]
            place, change = f"{mutant.path} {source.function(mutant.start)}", mutant.change(source.text)
            seen[place, change] += 1
            keys[number] = (f"{place} ({seen[place, change]})" if seen[place, change] > 1 else place, *change)
        return keys

    def key(self, number):
        """What a mutant is listed by."""
        return self.keys[number]

    def told(self, number):
        """A mutant for people."""
        mutant, (_, was, becomes) = self.mutants[number], self.key(number)
        at = next((place for place, (a, b) in enumerate(zip(was, becomes, strict=False)) if a != b), 0)
        at = max(0, at - 40)
        return f"{mutant.path}:{mutant.line}: {mutant.sort}: `{'…' * bool(at)}{was[at:at + 100]}` → `{'…' * bool(at)}{becomes[at:at + 100]}`"

    def make(self):
        """Copies the checkout and keeps the mutants that compile; a mark of all that is built."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        shutil.copy(CORPORA, self.folder / "src/enforce/tests/corpora.rs")
        self.add("src/enforce/tests/mod.rs", "mod decisions;", "mod corpora;\nmod decisions;")
        self.add("src/lib.rs", "pub mod analysis;", f"pub mod analysis;{schemata.MODULE}")
        # What overlaps is left out first, so that the same mutants stay whether or not the compiler was asked before.
        self.write()
        known, whole = self.known()
        self.without(known)
        for _ in range(ROUNDS):
            self.write()
            wrong = set() if whole else self.check()
            known |= wrong
            NO_RUST.write_text(json.dumps({"mutants": self.hash, "wrong": sorted(known), "whole": not wrong}), encoding="utf-8")
            if not wrong:
                return self.mark()
            say(f"{len(wrong)} of {len(self.mutants)} mutants are no Rust")
            self.without(wrong)
        raise Problem(f"the mutated tree in {self.folder} does not compile")

    def without(self, wrong):
        """Leaves mutants out."""
        self.mutants = {number: one for number, one in self.mutants.items() if number not in wrong}

    def known(self):
        """The mutants of which the compiler said before that they are no Rust, and whether these are all."""
        try:
            known = json.loads(NO_RUST.read_text(encoding="utf-8"))
            return (set(known["wrong"]), known["whole"]) if known["mutants"] == self.hash else (set(), False)
        except (OSError, ValueError, KeyError):
            return set(), False

    def mark(self):
        """Another one for each other state of what is built."""
        digest = hashlib.sha256()
        for path in sorted(path for name in BUILT for path in (self.folder / name).rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(self.folder)}\0".encode() + path.read_bytes() + b"\0")
        return digest.hexdigest()

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
            NO_RUST.unlink(missing_ok=True)
            raise Problem(f"the mutated tree does not build; the next run asks the compiler again which mutants are no Rust: {''.join(wrong) or done.stderr[-2000:]}")
        # Beside the tree, where no other build takes its place.
        return shutil.copy2(built[-1], FOLDER / "tests")
