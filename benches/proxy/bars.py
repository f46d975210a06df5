"""What `make bench-proxy` must show: bars, each held or missed by a figure of this run."""

import dataclasses
import statistics


@dataclasses.dataclass
class Bar:
    """One bar: what was measured, the figure, what it must be, and whether it is."""

    what: str
    figure: str
    bar: str
    passed: bool


class Bars:
    """All bars of a run. A part that breaks down is a bar that is missed, never one that is left out."""

    def __init__(self):
        self.all = []

    def at_most(self, what, value, limit, unit=""):
        """A figure that may not be above a limit."""
        self.all.append(Bar(what, f"{value:,.3g}{unit}", f"at most {limit:,.3g}{unit}", value <= limit))

    def at_least(self, what, value, limit, unit=""):
        """A figure that may not be below a limit."""
        self.all.append(Bar(what, f"{value:,.3g}{unit}", f"at least {limit:,.3g}{unit}", value >= limit))

    def broke(self, what, why):
        """A part that gave no figure."""
        self.all.append(Bar(what, f"none: {why}", "a figure", False))

    def table(self):
        """All of them in Markdown."""
        rows = [f"| {bar.what} | {bar.figure} | {bar.bar} | {'passed' if bar.passed else 'FAILED'} |" for bar in self.all]
        return "\n".join(["| measure | figure | bar | |", "| --- | --- | --- | --- |", *rows])

    def verdict(self):
        """The last line of the run."""
        passed = sum(bar.passed for bar in self.all)
        return f"{passed} passed, {len(self.all) - passed} failed"

    def failed(self):
        """Whether a bar was missed, or nothing was measured."""
        return not self.all or not all(bar.passed for bar in self.all)


def ratio(ours, theirs):
    """The median of the ratios of rounds that were run in turns, so that a noisy moment meets both."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
