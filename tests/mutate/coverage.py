# SPDX-License-Identifier: Apache-2.0
"""Which test enters which function: only those are run for a mutation."""
import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys


def symbols(program):
    """Offsets of the functions in a program: {offset: (file's name or "", function)}; "" for those that are global."""
    listing = subprocess.run(["readelf", "-sW", program], capture_output=True, text=True, check=True).stdout
    found, base, file = {}, 0, ""
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) < 8:
            continue
        if fields[3] == "FILE":
            file = pathlib.PurePath(fields[7]).name
        elif fields[7] == "__executable_start":
            base = int(fields[1], 16)
        elif fields[3] == "FUNC":
            found[int(fields[1], 16)] = (file if fields[4] == "LOCAL" else "", fields[7])
    return {at - base: name for at, name in found.items()}


def measure(tree, jobs):
    """Runs every test once, unchanged, but for programs that are the same as the last time. Returns the tests that
    pass, with their time and their functions."""
    store = tree.build_folder / "coverage.json"
    known = json.loads(store.read_text()) if store.exists() else {}

    def one(test):
        digest = hashlib.sha256(tree.program(test).read_bytes()).hexdigest()
        if test.name not in known or known[test.name]["digest"] != digest:
            known.pop(test.name, None)
            trace = tree.build_folder / f"{test.name}.trace"
            trace.unlink(missing_ok=True)
            seconds = tree.run(test, trace) or tree.run(test, trace)
            if seconds is None or not trace.exists():
                print(f"{test.name} fails without a mutation; it is left out", file=sys.stderr)
                return None
            names = symbols(tree.program(test))
            entered = {names[m.start()] for m in re.finditer(b"\1", trace.read_bytes()) if m.start() in names}
            trace.unlink()
            known[test.name] = {"digest": digest, "seconds": seconds, "functions": sorted(entered)}
        entry = known[test.name]
        return test._replace(seconds=entry["seconds"], functions=frozenset(map(tuple, entry["functions"])))

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        found = [t for t in pool.map(one, tree.tests()) if t]
    store.write_text(json.dumps(known))
    return found


class Map:
    """What covers a mutation."""

    def __init__(self, tests, sources):
        self.tests, self.sources = tests, sources

    def functions(self, mutation):
        """(file's name, function) of all that the mutation changes."""
        source = self.sources[mutation.path]
        if mutation.words:
            named = {(s.path, f) for s in self.sources.values() for w in mutation.words if w in s.text
                     for f in s.functions_that_name(w)}
        elif mutation.function:
            named = {(mutation.path, mutation.function)}
        else:
            named = {(mutation.path, f.name) for f in source.functions}
        return named

    def covering(self, mutation, order):
        """The tests that enter one of them, the nearest layers' first, then by their time."""
        named = self.functions(mutation)
        names = {f for _, f in named}
        # A header's inline functions are in every file that includes it.
        local = {(pathlib.PurePosixPath(p).name, f) for p, f in named if p.endswith(".c")}
        inline = {f for p, f in named if p.endswith(".h")}

        def enters(test):
            # It may compare the constant itself, or include the file.
            if any(word in test.text for word in mutation.words) or f'{mutation.path}"' in test.text:
                return True
            if not names:  # a table: any test of its layer may read it
                return test.layer == mutation_layer(mutation)
            return any((not file and f in names) or (file, f) in local or f in inline for file, f in test.functions)

        start = order.index(mutation_layer(mutation))
        return sorted((t for t in self.tests if enters(t)),
                      key=lambda t: (abs(order.index(t.layer) - start), t.seconds))


def mutation_layer(mutation):
    from tree import layer_of
    return layer_of(mutation.path)
