# SPDX-License-Identifier: Apache-2.0
"""The part of the fixed list that is found, not written down: wipes, limits, time-outs, modes, flags that protect.

So a new one is covered from its first day.
"""
import re

from operators import Mutation

WIPE = re.compile(r"explicit_bzero|OPENSSL_cleanse|OPENSSL_clear_free|secret_clear|secret_release|secret_pool_release"
                  r"|wiping_free|wipe_\w+|\w+_wipe|mlock|madvise")
HARDENING = re.compile(r"umask|prctl|setrlimit|sigaction")  # in the files of that name

# How long, and the caps of limits.h. Other sizes are the random mode's, or are named in fixed.txt.
CONSTANT = re.compile(r"LIMIT_\w+|\w+_(?:MS|S)")
# How often something is tried or looked at, and for how long it pauses between: nobody relies on the numbers.
PACE = re.compile(r"\w*(?:PAUSE|RETRY_MS|AGAIN|GATHER|QUIET|SETTLE|LOCK_WAIT|TICK|TURN|SLOT|POLL_EVERY|sweep|rearm|drain)\w*"
                  r"|CENTURY_S")
FIELD = re.compile(r"\w+_(?:ms|s)")
MODE = re.compile(r"0[0-7]{3}")
FLAGS = {"O_NOFOLLOW", "O_EXCL"}  # others are tests/lint/flags.py's
LARGER, SMALLER = "4 times as much", "a quarter as much"


def of_file(source):
    """Mutations of the wipes and constants of one file."""
    found = [*_wipes(source), *_macros(source), *_enumerators(source), *_words(source)]
    found = [m for m in found if source.text[m.start:m.end] != m.text]
    return sorted(found, key=lambda m: (m.start, m.operator))


def _wipes(source):
    t = source.tokens
    for function in source.functions:
        for i in range(function.start, function.end):
            protects = WIPE.fullmatch(t[i].text) or ("hardening" in source.path and HARDENING.fullmatch(t[i].text))
            if t[i].kind != "name" or not protects or t[i + 1].text != "(":
                continue
            close = source.partner[i + 1]
            is_statement = t[close + 1].text == ";" and t[i - 1].text in ("{", "}", ";", ")", "else")
            start = t[i - 3].start if t[i - 1].text == ")" and t[i - 2].text == "void" else t[i].start
            if is_statement:
                yield Mutation(source.path, start, t[close].end, "", "drop the wipe", function.name)
            elif t[i - 1].text in ("(", "return", "="):  # its result is looked at
                yield Mutation(source.path, t[i].start, t[close].end, "0", "drop the wipe", function.name)


def _both(source, start, end, words, function=None):
    value = source.text[start:end].strip()
    end = start + len(source.text[start:end].rstrip())
    for text, operator in ((f"(4 * ({value}))", LARGER), (f"(({value}) / 4)", SMALLER)):
        yield Mutation(source.path, start, end, text, operator, function, words)


def _is_limit(name):
    return CONSTANT.fullmatch(name) is not None and not PACE.fullmatch(name)


def _macros(source):
    for t in source.tokens:
        m = re.match(r"#\s*define\s+(\w+)[ \t]+(?=[(\w])([^\n/]*[0-9][^\n/]*)", t.text) if t.kind == "directive" else None
        if m and _is_limit(m.group(1)) and not re.search(r'sizeof|"|-1', m.group(2)):
            yield from _both(source, t.start + m.start(2), t.start + m.end(2), (m.group(1),))


def _enumerators(source):
    """NAME = 5 in an enum, and .idle_ms = 5 in an initialiser."""
    t = source.tokens
    for i in range(1, len(t) - 2):
        if t[i + 1].text != "=" or t[i].kind != "name":
            continue
        is_field = t[i - 1].text == "." and FIELD.fullmatch(t[i].text) and not PACE.fullmatch(t[i].text)
        is_limit = t[i - 1].text in ("{", ",") and _is_limit(t[i].text)
        if not is_field and not is_limit:
            continue
        end = i + 2
        while end < len(t) and t[end].text not in (",", "}", ";"):
            end = source.partner[end] if t[end].text in "([" else end
            end += 1
        value = t[i + 2:end]
        if is_field and any(v.kind == "name" for v in value):
            continue  # a conversion
        if any(v.kind == "number" for v in value) and not any(v.text in ("sizeof", "<<", "0") for v in value):
            function = source.function_at(t[i].start)
            yield from _both(source, value[0].start, value[-1].end, (t[i].text,) if is_limit else (), function)


def _words(source):
    """Modes of files become generous, flags that protect go."""
    for t in source.tokens:
        function = source.function_at(t.start)
        if t.kind == "number" and MODE.fullmatch(t.text):
            for text, operator in (("0777", "a generous mode"), ("0", "no mode")):
                yield Mutation(source.path, t.start, t.end, text, operator, function)
        elif t.kind == "directive" and (m := re.match(r"#\s*define\s+(\w+)\s+(0[0-7]{3})\b", t.text)):
            for text, operator in (("0777", "a generous mode"), ("0", "no mode")):
                yield Mutation(source.path, t.start + m.start(2), t.start + m.end(2), text, operator, None,
                               (m.group(1),))
        elif t.kind == "name" and t.text in FLAGS and function:
            yield Mutation(source.path, t.start, t.end, "0", "drop the flag", function)
