# SPDX-License-Identifier: Apache-2.0
"""What a process holds in memory: which parts of a secret are in any of its readable pages."""

import re

MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (r\S+) \S+ \S+ \S+ *(.*)$")
WINDOW = 16  # bytes: a copy of which so much is left counts


def regions(pid):
    """(name, bytes) of each readable mapping of that process; only root reads one that is not dumpable."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            if not (match := MAPPING.match(line)):
                continue
            start, end = int(match[1], 16), int(match[2], 16)
            if match[4] in ("[vvar]", "[vsyscall]"):
                continue
            memory.seek(start)
            try:
                yield match[4] or f"{start:x}", memory.read(end - start)
            except OSError:  # a page that cannot be read, such as a guard
                continue


def windows(secret):
    """Pieces of a secret that cover it: what overwrites a copy in part must not hide it."""
    cuts = [*range(0, len(secret) - WINDOW, WINDOW // 2), len(secret) - WINDOW]
    return {secret[cut : cut + WINDOW].encode() for cut in cuts}


def find(pid, secrets):
    """Where there is any piece of these secrets, as {name: {mapping: how many}}."""
    pieces = {name: windows(secret) for name, secret in secrets.items()}
    found = {}
    for mapping, text in regions(pid):
        for name, parts in pieces.items():
            if count := sum(text.count(part) for part in parts):
                places = found.setdefault(name, {})
                places[mapping] = places.get(mapping, 0) + count
    return found
