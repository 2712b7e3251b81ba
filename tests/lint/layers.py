#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an include that points up, sideways or through a closed door.

The table is the house of ARCHITECTURE.md: a layer may include from itself and from the layers that are listed for it.
A header brings in what it includes, so the same holds for all that a file sees through the headers that it includes.
Also fails on cycles between headers, on a layer that the table does not know, and on a table in ARCHITECTURE.md that
names other layers than this one.
"""
import pathlib
import re
import sys

PROTO = ["proto/mem", "proto/wire"]
BASE = [*PROTO, "sidecar/base"]
LAYERS = {
    "proto/mem": [],
    "proto/wire": ["proto/mem"],
    "sidecar/base": PROTO,
    "sidecar/config": BASE,
    "sidecar/signing": BASE,
    "sidecar/io": BASE,
    "sidecar/providers": [*BASE, "sidecar/config", "sidecar/signing", "sidecar/io"],
    "sidecar/vault": [*BASE, "sidecar/io", "sidecar/providers"],
    "sidecar/server": [*BASE, "sidecar/io", "sidecar/signing", "sidecar/vault"],
    "sidecar/app": ["sidecar/*", *PROTO],
    "sidecar": ["sidecar/*", *PROTO],
    "clients/c": PROTO,
    "clients/cli": [*PROTO, "clients/c"],
}
# Names that are a library's own and the only files that may see them.
LIBRARY_DOORS = {
    "jsmn.h": {"proto/wire/json_read.c"},
    "llhttp.h": {"proto/wire/http.c"},
    "curl/curl.h": {"sidecar/io/"},
    "expat.h": {"sidecar/providers/"},
    "uv.h": {"sidecar/io/", "sidecar/providers/", "sidecar/vault/", "sidecar/server/", "sidecar/app/"},
    "openssl/": {"sidecar/signing/", "sidecar/io/", "sidecar/main.c"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def layer_of(path):
    parent = str(pathlib.PurePosixPath(path).parent)
    return parent


def may_include(layer, target_layer):
    if layer == target_layer:
        return True
    for allowed in LAYERS[layer]:
        if allowed == target_layer or (allowed.endswith("/*") and target_layer.startswith(allowed[:-1])):
            return True
    return False


def door_faults(path, library):
    """The doors that this file may not look through, although the library's header is included."""
    return [(door, inside) for door, inside in LIBRARY_DOORS.items()
            if library.startswith(door) and not any(path.startswith(i) for i in inside)]


def brought_in(header, headers):
    """All headers that `header` includes, directly or not, with the one that includes each."""
    found, queue = {}, [header]
    while queue:
        by = queue.pop()
        for name in headers.get(by, ()):
            if name not in found:
                found[name] = by
                queue.append(name)
    return found


def transitive_faults(includes, headers, libraries):
    """What a layer sees through the headers of others, once for each header that lets it through."""
    faults = {}
    for path, names in includes.items():
        for name in names:
            for seen, by in {name: path, **brought_in(name, headers)}.items():
                if by != path and not may_include(layer_of(path), layer_of(seen)):
                    faults.setdefault((layer_of(path), by, seen), []).append(path)
                for library in libraries.get(seen, ()):
                    if door_faults(path, library):
                        faults.setdefault((layer_of(path), seen, f"<{library}>"), []).append(path)
    return [f"{layer} may not see {seen}, which {by} brings into {', '.join(sorted(set(paths))[:3])}"
            for (layer, by, seen), paths in sorted(faults.items())]


def cycles(graph):
    state, found = {}, []

    def visit(node, trail):
        state[node] = "open"
        for target in graph.get(node, ()):
            if state.get(target) == "open":
                found.append(" -> ".join([*trail[trail.index(target):], target] if target in trail else [node, target]))
            elif target not in state:
                visit(target, [*trail, target])
        state[node] = "done"

    for node in graph:
        if node not in state:
            visit(node, [node])
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if root.is_dir() else root.parents[2]
    faults, includes, headers, libraries, files = [], {}, {}, {}, 0
    for top in ("proto", "sidecar", "clients"):
        for source in sorted((root / top).rglob("*.[ch]")):
            files += 1
            path = source.relative_to(root).as_posix()
            layer = layer_of(path)
            if layer not in LAYERS:
                faults.append(f"{path}: the layer {layer} is not in the table of tests/lint/layers.py")
                continue
            for kind, name in INCLUDE.findall(source.read_text()):
                if kind == '"':
                    if not (root / name).exists():
                        faults.append(f"{path}: includes \"{name}\", which is not a path from the root")
                        continue
                    includes.setdefault(path, []).append(name)
                    if path.endswith(".h") and name.endswith(".h"):
                        headers.setdefault(path, []).append(name)
                    if not may_include(layer, layer_of(name)):
                        faults.append(f"{path}: {layer} may not include {name}")
                if kind == "<":
                    if path.endswith(".h"):
                        libraries.setdefault(path, []).append(name)
                    faults += [f"{path}: includes <{name}>, which only {', '.join(sorted(inside))} may see"
                               for _, inside in door_faults(path, name)]
    faults += transitive_faults(includes, headers, libraries)
    faults += [f"cycle: {c}" for c in cycles(headers)]
    architecture = root / "ARCHITECTURE.md"
    if architecture.exists():
        text = architecture.read_text()
        faults += [f"ARCHITECTURE.md does not name the layer {layer}" for layer in LAYERS if layer not in text]
    if files == 0:
        faults.append("no sources found")
    for fault in faults:
        print(fault)
    if not faults:
        print(f"layers: {files} files, every include points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
