"""Draws results side by side: one panel a user, every cell and row in the place it has in the whole result.

In: the whole result, as Trino gives it without Sluice, and each user's own. Out: lines of text. What a user does not see
stays visible as a gap, so that the eye compares the panels. The marks are readable without colour.
"""

import dataclasses
import os
import sys
import textwrap

WIDTH = 119
GAP = " "
PANEL = (WIDTH - 1) // 2
COLORS = sys.stdout.isatty() and "NO_COLOR" not in os.environ or "CLICOLOR_FORCE" in os.environ
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "plain": ""}


@dataclasses.dataclass
class Span:
    """Text of one style."""
    text: str
    style: str = "plain"


def paint(text, style):
    """Text in a style, where colours are wanted."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if COLORS and STYLES[style] and text else text


def line(*spans, width=PANEL):
    """Spans as a line of exactly `width` columns; what is too long ends with an ellipsis."""
    out, left = "", width
    for span in spans:
        text = span.text if len(span.text) <= left else span.text[:max(0, left - 1)] + "…" * (left > 0)
        out += paint(text, span.style)
        left -= len(text)
    return out + " " * left


def panel(title, badge, body):
    """A box of PANEL columns around lines that are PANEL - 4 wide. `badge` is a Span at the right of its upper edge."""
    rule = "─" * (PANEL - len(title) - len(badge.text) - 8)
    yield paint("╭─ ", "dim") + paint(title, "bold") + paint(f" {rule} ", "dim") + paint(badge.text, badge.style) + paint(" ─╮", "dim")
    for one in body:
        yield paint("│ ", "dim") + one + paint(" │", "dim")
    yield paint("╰" + "─" * (PANEL - 2) + "╯", "dim")


def beside(panels):
    """Two panels in a row, the shorter one filled up below its last line."""
    for left, right in zip(panels[0::2], panels[1::2]):
        left, right = list(left), list(right)
        height = max(len(left), len(right))
        empty = paint("│", "dim") + " " * (PANEL - 2) + paint("│", "dim")
        for one in (left, right):
            one[-1:-1] = [empty] * (height - len(one))
        yield from (a + GAP + b for a, b in zip(left, right))


def table(whole, seen, inner=PANEL - 4):
    """A result as lines. `whole` and `seen` have `.names` and `.rows`; rows belong together by their first cell."""
    by_key = {row[0]: dict(zip(seen.names, row)) for row in seen.rows}
    widths = fit([[name, *(cell(row[i]) for row in whole.rows), *(cell(row[seen.names.index(name)]) for row in seen.rows if name in seen.names)]
                  for i, name in enumerate(whole.names)], inner - 2)
    yield line(*between(Span(pad(name if name in seen.names else f"{name}", w), "bold" if name in seen.names else "dim") for name, w in zip(whole.names, widths)), width=inner)
    for row in whole.rows:
        mine = by_key.get(row[0])
        if mine is None:
            dots = sum(widths) + 2 * (len(widths) - 1)
            yield line(Span(" hidden row ".center(min(dots, inner - 2), "┄"), "dim"), width=inner)
            continue
        yield line(*between(Span(*mark(name, true, mine, w)) for name, true, w in zip(whole.names, row, widths)), width=inner)


def mark(name, true, mine, width):
    """A cell: as it is, masked, or not granted."""
    if name not in mine:
        return pad("╌" * min(width, 6), width), "dim"
    if mine[name] != true:
        return pad(f"▒{cell(mine[name])}", width), "yellow"
    return pad(cell(true), width), "plain"


def between(spans):
    """Spans with two columns of space between them."""
    for number, span in enumerate(spans):
        if number:
            yield Span("  ")
        yield span


def fit(columns, room):
    """Widths of columns: as wide as their longest cell and a mark, the widest cut until all fit."""
    widths = [max(map(len, cells)) + 1 for cells in columns]
    while sum(widths) + 2 * (len(widths) - 1) > room:
        widths[widths.index(max(widths))] -= 1
    return widths


def pad(text, width):
    """Text of exactly `width` columns."""
    return text.ljust(width) if len(text) <= width else text[:width - 1] + "…"


def cell(value):
    """A value as text."""
    return "null" if value is None else str(value)


def paragraph(text, style="plain", inner=PANEL - 4, indent=""):
    """Text wrapped into lines."""
    for one in textwrap.wrap(text, inner, subsequent_indent=indent, break_on_hyphens=False):
        yield line(Span(one, style), width=inner)


def heading(text):
    """A line across the page."""
    return "\n" + paint("━━ ", "blue") + paint(text, "bold") + paint(" " + "━" * (WIDTH - len(text) - 4), "blue")


def statement(sql):
    """A statement's lines, its keywords set off."""
    words = {"SELECT", "FROM", "WHERE", "JOIN", "ON", "GROUP", "BY", "ORDER", "AS", "IN", "AND", "USING", "WITH", "NULL", "BETWEEN"}
    for one in sql.splitlines():
        yield "   " + " ".join(paint(word, "cyan") if word.strip(",()") in words else word for word in one.split(" "))
