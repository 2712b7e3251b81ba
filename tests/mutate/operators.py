# SPDX-License-Identifier: Apache-2.0
"""Where a file can be mutated, and how: the seeded random mode chooses among these."""
import re
from dataclasses import dataclass

SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
         "+": "-", "-": "+", "true": "false", "false": "true"}
KEYWORDS = set("if else for while do switch case default return break continue goto sizeof struct union enum static "
               "const extern typedef inline register volatile void char short int long float double signed unsigned "
               "bool _Bool assert static_assert _Static_assert __attribute__".split())
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>=", "++", "--"}


@dataclass(frozen=True)
class Mutation:
    path: str
    start: int
    end: int
    text: str      # in place of what stands from start to end
    operator: str
    function: str  # None: outside of any
    words: tuple = ()  # what it changes, where that is a constant others use

    def apply(self, source):
        return source[:self.start] + self.text + source[self.end:]


def of_file(source):
    """All mutations of the random mode."""
    found = []

    def add(start, end, text, operator):
        found.append(Mutation(source.path, start, end, text, operator, source.function_at(start)))

    for function in source.functions:
        _statements(source, function, add)
        _operators(source, function, add)
    return found


def _skipped(source, function):
    """Tokens of assertions and of array bounds, which are sizes and not decisions."""
    skipped, t = set(), source.tokens
    for i in range(function.start, function.end):
        if t[i].text in ("assert", "static_assert", "_Static_assert") and t[i + 1].text == "(":
            skipped.update(range(i, source.partner[i + 1]))
        if t[i].text == "[" and t[i - 1].kind == "name" and (t[i - 2].kind == "name" or t[i - 2].text in "*,"):
            skipped.update(range(i, source.partner.get(i, i)))
    return skipped


def _is_allocated(source, i):
    """Whether the token stands in the arguments of a function that allocates."""
    t, depth = source.tokens, 0
    while i > 0 and t[i].text not in (";", "{", "}"):
        depth += (t[i].text == ")") - (t[i].text == "(")
        if depth < 0:
            if re.search("alloc|reserve", t[i - 1].text):
                return True
            depth = 0
        i -= 1
    return False


def _operators(source, function, add):
    t, skipped, returned = source.tokens, _skipped(source, function), set()
    for i in range(function.start + 1, function.end):
        if i in skipped:
            continue
        token, before, after = t[i], t[i - 1], t[i + 1]
        follows_value = before.kind in ("name", "number") and before.text not in KEYWORDS or before.text in (")", "]")
        if token.text in ("if", "while") and after.text == "(" and i + 1 in source.partner:
            close = source.partner[i + 1]
            add(after.end, t[close].start, f"!({source.text[after.end:t[close].start]})", "negate the condition")
        elif token.text in ("+", "-"):
            if follows_value:
                add(token.start, token.end, SWAPS[token.text], "swap + and -")
        elif token.text in SWAPS and (token.kind == "mark" or token.kind == "name"):
            add(token.start, token.end, SWAPS[token.text], f"{token.text} to {SWAPS[token.text]}")
        elif token.kind == "number" and re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*", token.text):
            if token.text == "0" and before.text == "{" and after.text == "}":
                continue
            # A byte too many is no fault, and -2 is as negative as -1.
            is_minus_one = token.text == "1" and before.text == "-" and not (
                t[i - 2].kind in ("name", "number") and t[i - 2].text not in KEYWORDS or t[i - 2].text in (")", "]"))
            if token.text == "0" and i in returned:  # functions return 0 or -1, and nobody tells 1 from 0
                add(token.start, token.end, "-1", "0 to -1")
            elif not is_minus_one and not _is_allocated(source, i):
                add(token.start, token.end, f"({token.text} + 1)", "constant + 1")
            if token.text != "0":  # of -1 that is 0
                add(token.start, token.end, f"({token.text} - 1)", "constant - 1")
        elif token.text == "return" and after.text != ";":
            end = i
            while t[end].text != ";":
                end = source.partner[end] if t[end].text in "([{" else end
                end += 1
            returned.update(range(i, end))
            if end - i > 2 or after.kind == "name":  # literals have operators of their own
                add(after.start, t[end].start, f"!({source.text[after.start:t[end].start]})", "another return value")


def _statements(source, function, add):
    t, i = source.tokens, function.start + 1
    while i < function.end:
        if not _begins_statement(source, i):
            i += 1
            continue
        end, assigns, is_flat = i, False, True
        while end < function.end and t[end].text != ";":
            if t[end].text in ASSIGNMENTS:
                assigns = True
            if t[end].text == "{":
                is_flat = False
                break
            end = source.partner[end] if t[end].text in "([" else end
            end += 1
        if is_flat and t[end].text == ";" and not _declares(t, i, end):
            if assigns:
                add(t[i].start, t[end].start, "", "drop the assignment")
            elif t[end - 1].text == ")" and end - i > 2 and t[i].text != "va_end" and not _only_marks_unused(t, i, end):
                add(t[i].start, t[end].start, "", "drop the call")
        i = end + 1 if is_flat else i + 1


def _begins_statement(source, i):
    t, before = source.tokens, source.tokens[i - 1]
    if t[i].text in KEYWORDS or t[i].kind not in ("name", "mark") or t[i].text in "{};":
        return False
    if before.text in ("{", "}", ";", "else", "do"):
        return not _in_brackets(source, i)
    if before.text == ")" and i - 1 in source.partner:
        return t[source.partner[i - 1] - 1].text in ("if", "for", "while")
    return before.text == ":" and not _in_brackets(source, i) and t[i - 2].text != "?" and t[i - 3].text == "case"


def _in_brackets(source, i):
    """Whether the token stands in parentheses or in an initialiser, such as the middle of a for statement."""
    depth = 0
    for j in range(i - 1, -1, -1):
        text = source.tokens[j].text
        if text in ")]}":
            depth += 1
        elif text in "([":
            if depth == 0:
                return True
            depth -= 1
        elif text == "{":
            if depth == 0:
                return source.tokens[j - 1].text in ("=", ",", "(", "{") or (
                    source.tokens[j - 1].text == ")" and _is_literal(source, j - 1))
            depth -= 1
    return False


def _is_literal(source, close):
    before = source.tokens[source.partner[close] - 1]
    return before.text in ("=", "(", ",", "return", "&", "?", ":")


def _declares(t, i, end):
    if end - i < 2 or t[i].kind != "name":
        return False
    if t[i + 1].kind == "name":
        return True
    return t[i + 1].text == "*" and end - i > 2 and t[i + 2].kind == "name" and (
        i + 3 >= end or t[i + 3].text in ("=", ";", ",", "["))


def _only_marks_unused(t, i, end):
    return t[i].text == "(" and end - i == 4 and t[i + 1].text == "void"
