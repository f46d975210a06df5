"""All mutants of a file in one text: each behind a question whether it is the one that is switched on."""

import dataclasses

FORMS = {"front": 0, "statement": 1, "arm": 2, "expression": 3}
SWITCH = "crate::mutant::on"
# The module that the mutated tree has besides.
MODULE = """
/// Which mutant is switched on.
#[allow(missing_docs)]
pub mod mutant {
    static ON: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| std::env::var("SLUICE_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0));
    pub fn on(number: u32) -> bool {
        *ON == number
    }
}
"""


@dataclasses.dataclass
class Region:
    """Bytes of the mutated file that came of a mutant; `own` where they are its text, not what it stands for."""
    start: int
    end: int
    number: int
    own: bool


class File:
    """A mutated file."""

    def __init__(self, text, numbered):
        """`numbered` are pairs of a number and a mutant of `text`. Those that overlap an earlier one are left out."""
        self.original = text
        self.parts = []
        self.length = 0
        self.regions = []
        self.left_out = set()
        groups = {}
        for number, mutant in numbered:
            groups.setdefault((mutant.start, -mutant.end, FORMS[mutant.form]), []).append((number, mutant))
        self.groups = sorted(groups.items())
        self.next = 0
        self.write(0, len(text))
        self.text = "".join(self.parts)

    def put(self, text):
        """Writes a text; its bytes."""
        start = self.length
        self.parts.append(text)
        self.length += len(text.encode())
        return start, self.length

    def write(self, start, end):
        """Writes a part of the original with the mutants that lie in it."""
        while self.next < len(self.groups):
            (first, minus, form), members = self.groups[self.next]
            last = -minus
            if first >= end and not first == end == start:
                break
            self.next += 1
            if first < start or last > end:
                self.left_out.update(number for number, _ in members)
                continue
            self.put(self.original[start:first])
            self.group(first, last, form, members)
            start = last
        self.put(self.original[start:end])

    def group(self, first, last, form, members):
        """Writes the mutants of one span, and within them the original."""
        before = self.length
        name = next(key for key, value in FORMS.items() if value == form)
        self.put({"front": "", "statement": "", "arm": "{ ", "expression": "("}[name])
        for number, mutant in members:
            self.put(f"if {'!' * (name == 'statement')}{SWITCH}({number}) {{ ")
            self.regions.append(Region(*self.put(mutant.text), number, True))
            self.put({"front": " } ", "statement": ""}.get(name, " } else "))
        wrapped = name in ("arm", "expression")
        self.put("{ " * wrapped)
        self.write(first, last)
        self.put({"front": "", "statement": " }" * len(members), "arm": " } }", "expression": " })"}[name])
        self.regions += [Region(before, self.length, number, False) for number, _ in members]

    def to_blame(self, places):
        """The mutants that an error at these places comes of."""
        for own in (True, False):
            for start, end in places:
                around = [region for region in self.regions if region.own == own and region.start <= start and end <= region.end]
                if around:
                    least = min(region.end - region.start for region in around)
                    return {region.number for region in around if region.end - region.start == least}
        # The compiler speaks of something that holds mutants.
        return {region.number for start, end in places[:1] for region in self.regions if start <= region.start and region.end <= end}
