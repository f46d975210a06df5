"""The mutants that change nothing, each with its reason: same.txt.

An entry is four lines: the file and the function, `-` and the lines as they are, `+` and the lines as the mutant has them, `=` and why that is the same.
Where a function has the same change twice, the second one has `(2)` behind the function's name.
"""

import pathlib

from tests.stack.progress import Problem

FILE = pathlib.Path(__file__).with_name("same.txt")


def entry(key, reason="why it is the same"):
    """How a mutant is listed."""
    place, was, becomes = key
    return f"{place}\n- {was}\n+ {becomes}\n= {reason}"


def read(keys):
    """The reason of each mutant that is listed; `keys` are those of all mutants."""
    reasons = {}
    text = FILE.read_text(encoding="utf-8")
    for block in filter(None, (block.strip() for block in text.split("\n\n"))):
        if block.startswith("#"):
            continue
        lines = block.splitlines()
        if len(lines) != 4 or [line[:2] for line in lines[1:]] != ["- ", "+ ", "= "]:
            raise Problem(f"{FILE.name}: an entry has a line with the place, `- `, `+ ` and `= `; this one does not: {lines[0]}")
        key = (lines[0], lines[1][2:], lines[2][2:])
        if key not in keys:
            raise Problem(f"{FILE.name}: no mutant is\n{block}\nMend the entry or take it away.")
        reasons[key] = lines[3][2:]
    return reasons
