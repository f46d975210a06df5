"""What is changed: each operator gives places of a file and what stands there instead."""

import dataclasses
import re

# What ends an expression on either side.
AROUND = {";", ",", "=", "=>", "return", "if", "while", "in", "let", "else", "match", "+=", "-=", "|", "->"}
LOGIC = AROUND | {"&&", "||"}
COMPARED = LOGIC | {"==", "!=", "<", ">", "<=", ">="}
SUMMED = COMPARED | {"..", "..=", "+", "-"}
OTHER_COMPARISON = {"==": "!=", "!=": "==", "<": "<=", ">": ">=", "<=": "<", ">=": ">"}
OTHER_METHOD = {"is_some": "is_none", "is_none": "is_some", "any": "all", "all": "any", "min": "max", "max": "min", "first": "last", "last": "first", "find": "rfind", "start": "end", "end": "start",
                "skip": "take", "insert": "remove", "is_ascii_alphabetic": "is_ascii_alphanumeric", "is_ascii_alphanumeric": "is_ascii_alphabetic"}
DROPPED_METHOD = {"to_lowercase", "rev", "replace", "saturating_sub", "max", "min", "trim"}
TESTING = {"filter", "any", "all", "find", "is_some_and", "is_none_or", "take_while", "skip_while", "position", "then", "then_some"}
FORMATS = {"format!", "write!"}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A span of a file and its other text. `form` is `expression`, `arm` for a body of a match, `statement` for one that is left out, or `front` for what is done in front of it."""
    path: str
    line: int
    start: int
    end: int
    text: str
    sort: str
    form: str = "expression"

    def change(self, text):
        """The lines as they are and as they become, each as one line."""
        first = text.rfind("\n", 0, self.start) + 1
        last = text.find("\n", self.start if self.form == "front" else self.end)
        was = text[first:last]
        becomes = f"{text[first:self.start]}{self.text} {text[self.start:last]}" if self.form == "front" else text[first:self.start] + self.text + text[self.end:last]
        return tuple(re.sub(r"\s+", " ", one).strip() or "nothing" for one in (was, becomes))


def mutants(source):
    """All mutants of a file."""
    found = {}
    for operator in (conditions, closures, logic, comparisons, sums, numbers, texts, formats, statements, arms, calls, returns):
        for sort, (start, end), text, *form in operator(source):
            if source.text[start:end] != text:
                found.setdefault((start, end, text), Mutant(source.path, source.line(start), start, end, text, sort, *form))
    asked = {(one.start, one.end) for one in found.values() if one.sort in ("condition", "question of a filter or search")}
    found = {key: one for key, one in found.items() if one.sort != "comparison" or (one.start, one.end) not in asked}
    return sorted(found.values(), key=lambda one: (one.start, one.end, one.text))


def places(source, *words):
    """The places of tokens in bodies of functions."""
    return [at for at, token in enumerate(source.tokens) if at not in source.skipped and (not words or token.text in words and token.kind in ("word", "mark"))]


def conditions(source):
    """`if` and `while` take the other way, or always the same."""
    for at in places(source, "if", "while"):
        last = source.forth(at + 1, {"=>"})
        operands, start, inner = [], at + 1, at + 1
        while inner <= last:
            if source.word(inner) == "&&":
                operands.append((start, inner - 1))
                start = inner + 1
            inner = source.partner.get(inner, inner) + 1 if source.word(inner) in ("(", "[") else inner + 1
        operands.append((start, last))
        if all(source.word(first) != "let" for first, _ in operands):
            operands = [(at + 1, last)]
        for first, end in operands:
            if source.word(first) != "let":
                yield from otherwise(source, "condition", first, end, loops=source.word(at) == "while")


def otherwise(source, sort, first, last, loops=False):
    """A condition that is turned round, always true, always false."""
    span, text = source.over(first, last), source.of(first, last)
    yield sort, span, f"!({text})"
    yield sort, span, "false"
    if not loops:
        yield sort, span, "true"


def closures(source):
    """What a filter or a search asks is always true, always false or turned round."""
    for at in places(source):
        if source.word(at) in TESTING and source.word(at + 1) == "(" and source.word(at + 2) == "|":
            bar = next(place for place in range(at + 3, len(source.tokens)) if source.word(place) == "|")
            last = source.partner[at + 1] - 1
            last -= source.word(last) == ","
            if source.word(bar + 1) != "{":
                yield from otherwise(source, "question of a filter or search", bar + 1, last)


def logic(source):
    """`&&` and `||` change places."""
    for at in places(source, "&&", "||"):
        first, last = source.back(at - 1, AROUND), source.forth(at + 1, AROUND)
        if first is None or source.word(at - 1) in (",", "(", "{", "="):
            continue
        operand, other = source.tokens[at], "||" if source.word(at) == "&&" else "&&"
        start, end = source.over(first, last)
        if "let " not in source.text[start:end]:
            yield "and, or", (start, end), source.text[start:operand.start] + other + source.text[operand.end:end]


def comparisons(source):
    """A comparison is another one."""
    for at in places(source, *OTHER_COMPARISON):
        token = source.tokens[at]
        first, last = source.back(at - 1, LOGIC), source.forth(at + 1, LOGIC)
        if first is None or source.text[token.start - 1] != " " or source.text[token.end] != " ":
            continue
        start, end = source.over(first, last)
        yield "comparison", (start, end), source.text[start:token.start] + OTHER_COMPARISON[token.text] + source.text[token.end:end]


def sums(source):
    """A sum is a difference; what is added is left out."""
    for at in places(source, "+", "-"):
        token = source.tokens[at]
        first, last = source.back(at - 1, SUMMED), source.forth(at + 1, SUMMED)
        if first is None or first > at - 1 or source.text[token.end] != " ":
            continue
        start, end = source.over(first, last)
        yield "off by some", (start, end), source.text[start:token.start].rstrip()
        yield "off by some", (start, end), source.text[start:token.start] + ("-" if token.text == "+" else "+") + source.text[token.end:end]


def numbers(source):
    """A number is one more or one less."""
    for at in places(source):
        token = source.tokens[at]
        if token.kind == "number" and source.word(at - 1) != ".":
            value, suffix = re.fullmatch(r"([\d_]+?)(_?[iu]\w+)?", token.text).groups()
            for other in {int(value.replace("_", "")) + 1, max(0, int(value.replace("_", "")) - 1)}:
                yield "off by one", (token.start, token.end), f"{other}{suffix or ''}"


def texts(source):
    """A text is another one."""
    for at in places(source):
        token = source.tokens[at]
        if token.kind != "text" or source.word(at - 1) == "(" and source.word(at - 2) in FORMATS or source.word(at - 2) in FORMATS or source.word(at - 3) in FORMATS:
            continue
        yield "text", (token.start, token.end), '""' if token.text != '""' else '" "'
        if " AND " in token.text:
            yield "text", (token.start, token.end), token.text.replace("AND", "OR")


def formats(source):
    """The text that goes into the statement lacks a part, has two parts the other way round, or lacks its quotes."""
    for at in places(source, *FORMATS):
        whole = source.over(at, source.partner[at + 1])
        place = next((one for one in range(at + 2, source.partner[at + 1]) if source.tokens[one].kind == "text"), None)
        if place is None:
            continue
        token = source.tokens[place]
        parts = re.findall(r"\{[^}]*\}|[A-Za-z*]+|[^\sA-Za-z{}*]+|\s+", token.text[1:-1])
        others = []
        for number, part in enumerate(parts):
            if part.startswith("{") or part.isalpha():
                others.append(parts[:number] + parts[number + 1:])
        holes = [number for number, part in enumerate(parts) if part.startswith("{")]
        for a, b in zip(holes, holes[1:], strict=False):
            other = list(parts)
            other[a], other[b] = other[b], other[a]
            others.append(other)
        for word in ("WHERE", "AND"):
            if word in parts:
                others.append(parts[:parts.index(word)])
        for other in others:
            text = source.text[whole[0]:token.start] + '"' + "".join(other) + '"' + source.text[token.end:whole[1]]
            yield "text of a guard", whole, text


def statements(source):
    """A statement is left out."""
    for at in places(source):
        if source.word(at - 1) not in (";", "{", "}") or source.tokens[at].kind != "word" or source.word(at) in ("let", "use", "if", "for", "while", "match", "fn", "const", "static", "else"):
            continue
        last = source.forth(at, {";"}) + 1
        # `let … else` has to leave.
        leaves = source.word(at) in ("continue", "return") and source.word(last + 1) == "}" and source.word(source.partner[last + 1] - 1) == "else"
        if source.word(last) == ";" and not leaves:
            yield "left out", source.over(at, last), "", "statement"


def arms(source):
    """An arm of `match` does what another one does."""
    for at in places(source, "match"):
        opening = source.forth(at + 1, set()) + 1
        if source.word(opening) != "{":
            continue
        bodies, place, closing = [], opening + 1, source.partner[opening]
        while place < closing:
            while place < closing and source.word(place) != "=>":
                place = source.partner.get(place, place) + 1 if source.word(place) in ("(", "[", "{") else place + 1
            if place >= closing:
                break
            first = place + 1
            if source.word(first) == "{":
                last = source.partner[first]
                place = last + 1 + (source.word(last + 1) == ",")
            else:
                last = first
                while last < closing and source.word(last) != ",":
                    last = source.partner.get(last, last) + 1 if source.word(last) in ("(", "[", "{") else last + 1
                place, last = last + 1, last - 1
            bodies.append((first, last))
        for number, (first, last) in enumerate(bodies):
            for other in {number - 1, number + 1, 0}:
                if 0 <= other < len(bodies) and other != number:
                    yield "arm of a match", source.over(first, last), source.of(*bodies[other]), "arm"


def calls(source):
    """Another method, none, or no quotes around a name."""
    for at in places(source):
        word, token = source.word(at), source.tokens[at]
        if word == "quoted" and source.word(at + 1) == "(":
            last = source.partner[at + 1]
            yield "no quotes", source.over(at, last), f"({source.of(at + 2, last - 1)}).to_string()"
        if source.word(at - 1) != "." or token.kind != "word":
            continue
        called = source.word(at + 1) == "("
        last = source.partner[at + 1] if called else at
        first = source.back(at - 2, SUMMED | {"&", "!", "*"})
        if first is None or first > at - 2:
            continue
        start, end = source.over(first, last)
        if word in OTHER_METHOD:
            yield "another method or end", (start, end), source.text[start:token.start] + OTHER_METHOD[word] + source.text[token.end:end]
        if called and word in DROPPED_METHOD:
            yield "method left out", (start, end), source.of(first, at - 2)


def returns(source):
    """A function does nothing."""
    for at, token in enumerate(source.tokens):
        body = source.body(at) if token.text == "fn" else None
        if body is None or body + 1 in source.skipped or source.partner[body] == body + 1:
            continue
        span = source.over(body + 1, source.partner[body] - 1)
        before = source.of(at, body)
        others = ["return;"] if "->" not in before else ["return true;", "return false;"] if re.search(r"-> bool \{", before) else ["return Ok(());"] if "-> Result<()" in before else ["return Default::default();"]
        for other in others:
            if other != f"return {source.text[slice(*span)]};":
                yield "returns early", span, other, "front"
