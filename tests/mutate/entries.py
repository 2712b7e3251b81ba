# SPDX-License-Identifier: Apache-2.0
"""Files of mutations written down: fixed.txt (they must be caught) and equivalent.txt (nothing can tell them apart).

An entry names the file, the lines before, the lines after, and why, in as many lines as it takes:

    proto/mem/buffer.c
    - size_t cap = want > b->max / 2 ? b->max : 2 * want;
    + size_t cap = want >= b->max / 2 ? b->max : 2 * want;
      At the half both give max.

Blanks do not count, so lines may move and be indented anew; the text has to be there exactly once (in equivalent.txt, at
least once: the same reason may hold for each).
"""
import re
from dataclasses import dataclass

from operators import Mutation


@dataclass
class Entry:
    path: str
    before: str
    after: str
    reason: str
    line: int


def plain(text):
    return re.sub(r"\s+", "", text)


def read(path):
    entries = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("- "):
            entries[-1].before += line[2:] + "\n"
        elif line.startswith("+"):
            entries[-1].after += line[1:].strip() + "\n"
        elif line.startswith("  "):
            entries[-1].reason += line.strip() + " "
        else:
            entries.append(Entry(line.strip(), "", "", "", number))
    for e in entries:
        if not e.before or not e.reason:
            raise SystemExit(f"{path.name}:{e.line}: an entry needs lines with -, with + and a reason")
    return entries


def places(entry, text):
    """Where the entry's lines are in this text."""
    pattern = r"\s*".join(re.escape(c) for c in plain(entry.before))
    return [m.span() for m in re.finditer(pattern, text)]


def mutations(path, sources):
    """The mutations of fixed.txt, and what is wrong with it: an entry that fits nowhere, or in two places."""
    found, faults = [], []
    for e in read(path):
        source = sources.get(e.path)
        spans = places(e, source.text) if source else []
        if len(spans) != 1:
            faults.append(f"{path.name}:{e.line}: its lines are {len(spans)} times in {e.path}, not once")
            continue
        (start, end), = spans
        found.append(Mutation(e.path, start, end, e.after.rstrip("\n"), e.reason.strip(), source.function_at(start)))
    return found, faults


class Equivalents:
    def __init__(self, path, sources):
        self.known, self.faults = {}, []
        for e in read(path):
            spans = places(e, sources[e.path].text) if e.path in sources else []
            if not spans:
                self.faults.append(f"{path.name}:{e.line}: its lines are no longer in {e.path}")
            self.known.setdefault(e.path, []).extend((span, e) for span in spans)

    def reason(self, mutation, source):
        """Why this mutation is none; None where it is one."""
        for (start, end), e in self.known.get(mutation.path, ()):
            if start <= mutation.start and mutation.end <= end:
                after = source.text[start:mutation.start] + mutation.text + source.text[mutation.end:end]
                if plain(after) == plain(e.after):
                    return e.reason.strip()
        return None
