"""Reads the blocks of a page, and compares what was printed with what the page says."""

import dataclasses
import re


@dataclasses.dataclass
class Block:
    """A block between fences: its language, the file that it is, its text, and its line in the page."""
    language: str
    file: str | None
    text: str
    line: int


def sections(text):
    """The headings of a page that have blocks, each with them in order."""
    found, heading, fence = {}, "", None
    for number, line in enumerate(text.splitlines(), 1):
        if fence is None and line.startswith("```"):
            language, _, file = line[3:].partition(" ")
            fence = Block(language, file or None, "", number)
        elif fence is None:
            heading = line[3:] if line.startswith("## ") else heading
        elif line == "```":
            found.setdefault(heading, []).append(fence)
            fence = None
        else:
            fence.text += line + "\n"
    assert fence is None, f"the block of line {fence.line} does not end"
    return found


def same(expected, printed):
    """Raises AssertionError where the lines are not those of a block; `…` stands for any text in a line."""
    wanted = [".*".join(map(re.escape, line.split("…"))) for line in expected.splitlines()]
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed).splitlines()
    lines = [line.rstrip() for line in lines if line.strip()]
    same_lines = len(wanted) == len(lines) and all(map(re.fullmatch, wanted, lines))
    assert same_lines, f"the page says\n{expected}\nand what is seen is\n{printed[-3000:]}"
