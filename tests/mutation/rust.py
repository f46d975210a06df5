"""Rust's tokens, as far as mutants need them: where each stands, and which bracket closes which."""

import dataclasses
import re

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>b?"(?:[^"\\]|\\.)*")|(?P<char>b?'(?:[^'\\]|\\.[^']*)')|(?P<lifetime>'[a-z_]+)|(?P<number>\d[\d_]*(?:[iu](?:8|16|32|64|size))?)"""
    r"""|(?P<word>[A-Za-z_]\w*!?(?=[^=\w]|$)|[A-Za-z_]\w*)|(?P<mark>\.\.=|=>|->|::|&&|\|\||==|!=|<=|>=|\+=|-=|\*=|\.\.|[^\sA-Za-z_0-9])""",
    re.DOTALL | re.VERBOSE)
OPENING = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass(frozen=True)
class Token:
    """A token and its place."""
    kind: str
    text: str
    start: int
    end: int


class Source:
    """A file without its tests, attributes and constants."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        cut = text.find("#[cfg(test)]\nmod tests")
        self.tokens = [Token(match.lastgroup, match[0], match.start(), match.end()) for match in TOKEN.finditer(text, 0, len(text) if cut < 0 else cut) if match.lastgroup != "comment"]
        self.partner = {}
        opened = []
        for at, token in enumerate(self.tokens):
            if token.text in OPENING and token.kind == "mark":
                opened.append(at)
            elif token.kind == "mark" and token.text in OPENING.values() and opened:
                start = opened.pop()
                self.partner[start], self.partner[at] = at, start
        self.skipped = self.without_a_body()

    def without_a_body(self):
        """The places of tokens that are no part of any function's body."""
        inside = set()
        for at, token in enumerate(self.tokens):
            if token.text == "fn" and (body := self.body(at)) is not None:
                inside.update(range(body + 1, self.partner[body]))
        for at, token in enumerate(self.tokens):
            if token.text == "#" and self.word(at + 1) == "[":
                end = self.partner[at + 1]
                if self.text[slice(*self.over(at, end))] == "#[cfg(test)]":
                    # What is for tests alone the compiler does not look at when it is asked for the library.
                    end = self.partner[self.body(next(place for place in range(end, len(self.tokens)) if self.word(place) == "fn"))]
                inside.difference_update(range(at, end + 1))
        return set(range(len(self.tokens))) - inside

    def function(self, start):
        """The name of the innermost function around a place."""
        name = "-"
        for at, token in enumerate(self.tokens):
            if token.start > start:
                break
            body = self.body(at) if token.text == "fn" else None
            if body is not None and start < self.tokens[self.partner[body]].end:
                name = self.word(at + 1)
        return name

    def body(self, at):
        """The `{` of the function whose `fn` stands at `at`."""
        while at < len(self.tokens) and self.tokens[at].text not in ("{", ";"):
            at = self.partner.get(at, at) + 1 if self.tokens[at].text in ("(", "[") else at + 1
        return at if at < len(self.tokens) and self.tokens[at].text == "{" else None

    def word(self, at):
        """The text of a token, or nothing."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def over(self, first, last):
        """The bytes from one token to another."""
        return self.tokens[first].start, self.tokens[last].end

    def of(self, first, last):
        """The text from one token to another."""
        return self.text[slice(*self.over(first, last))]

    def line(self, start):
        """The line of a place."""
        return self.text.count("\n", 0, start) + 1

    def back(self, at, stops):
        """The first token of the expression that ends with the token `at`, not beyond a token of `stops`."""
        while at >= 0:
            text = self.tokens[at].text
            if text in stops or text in OPENING and self.tokens[at].kind == "mark":
                break
            at = self.partner[at] - 1 if text in (")", "]") and self.tokens[at].kind == "mark" else at - 1 if text != "}" else -2
        return at + 1 if at > -2 else None

    def forth(self, at, stops):
        """The last token of the expression that begins with the token `at`, not beyond a token of `stops`."""
        while at < len(self.tokens):
            text = self.tokens[at].text
            if text in stops or text in (")", "]", "}", "{") and self.tokens[at].kind == "mark":
                break
            at = self.partner[at] + 1 if text in ("(", "[") and self.tokens[at].kind == "mark" else at + 1
        return at - 1
