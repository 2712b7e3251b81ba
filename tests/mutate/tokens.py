# SPDX-License-Identifier: Apache-2.0
"""C text as tokens, functions and statements: as much of the grammar as mutations need."""
import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<directive>\#(?:[^\n\\]|\\.)*)
      | (?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"|[uUL]?'(?:[^'\\\n]|\\.)*')
      | (?P<number>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.])*)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|.)
    """,
    re.X | re.S,
)
OPENING, CLOSING = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass
class Function:
    name: str
    start: int  # indices of the tokens { and }
    end: int


class Source:
    """One file: its tokens without blanks and comments, the partner of each bracket, its functions."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = [
            Token(m.lastgroup, m.group(), m.start(), m.end())
            for m in TOKEN.finditer(text)
            if m.lastgroup not in ("space", "comment")
        ]
        self.partner = self._partners()
        self.functions = self._functions()

    def _partners(self):
        partner, open_at = {}, []
        for i, t in enumerate(self.tokens):
            if t.kind != "mark":
                continue
            if t.text in OPENING:
                open_at.append(i)
            elif t.text in CLOSING and open_at:
                partner[i] = open_at.pop()
                partner[partner[i]] = i
        return partner

    def _functions(self):
        functions, i = [], 0
        while i < len(self.tokens):
            if self.tokens[i].text == "{" and i in self.partner:
                end = self.partner[i]
                if i > 0 and self.tokens[i - 1].text == ")" and (i - 1) in self.partner:
                    name = self.tokens[self.partner[i - 1] - 1]
                    functions.append(Function(name.text, i, end))
                i = end
            i += 1
        return functions

    def function_at(self, offset):
        for f in self.functions:
            if self.tokens[f.start].start <= offset <= self.tokens[f.end].end:
                return f.name
        return None

    def line_span(self, start, end):
        """The offsets of the whole lines that hold these."""
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", end)
        return first, len(self.text) if last < 0 else last

    def functions_that_name(self, word):
        """Names of the functions that use `word`; all of the file's where it stands outside of any."""
        found = set()
        for i, t in enumerate(self.tokens):
            if t.kind == "name" and t.text == word:
                inside = self.function_at(t.start)
                if not inside:
                    return {f.name for f in self.functions}
                found.add(inside)
            elif t.kind == "directive" and re.search(rf"\b{word}\b", t.text.split(None, 2)[-1]):
                return {f.name for f in self.functions}
        return found
