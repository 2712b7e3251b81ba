#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes the product one place at a time and counts the changes that no test catches.

Without --random: the fixed list, which is what tests/mutate/fixed.txt names, each wipe of a secret, and each limit,
time-out, mode and protecting flag that the sources hold. All of it has to be caught.
With --random N: N changes for each layer, chosen by --seed: conditions negated, comparisons, operators and constants
changed, statements dropped, values returned that are others. At least 92 % have to be caught.

Judged by unit tests, torture and replayed fuzzing, of which those run that enter the changed function, the layer's own
first; a test that does not end counts as failed, what does not compile is no change. What tests/mutate/equivalent.txt
explains is left out. Builds in build-mutate/, one copy of the tree for each job.
"""
import argparse
import collections
import difflib
import json
import os
import pathlib
import queue
import random
import re
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import coverage  # noqa: E402
import entries  # noqa: E402
import operators  # noqa: E402
import scan  # noqa: E402
from tokens import Source  # noqa: E402
from tree import LAYERS, Tree, layer_of, sources_of  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
THRESHOLD = 92.0
BATCH = 8           # test programs that are linked at a time, after a first 2 and then 4
SLOW_TESTS_S = 45   # of tests for one change: then it has survived
SAMPLE_S = 150      # of --sample, after the build
SAMPLE_RANDOM = 2   # of each layer
SAMPLE_THRESHOLD = 70.0  # of so few, chance takes its share

Result = collections.namedtuple("Result", "mutation outcome by seconds")
CAUGHT, SURVIVED, EQUIVALENT, INVALID = "caught", "survived", "equivalent", "invalid"


def load_sources():
    return {p: Source(p, (ROOT / p).read_text()) for p in sources_of(ROOT)}


def fixed_list(sources):
    listed, _ = entries.mutations(HERE / "fixed.txt", sources)
    return listed + [m for p in sorted(sources) for m in scan.of_file(sources[p])]


def random_list(sources, count, seed, layers):
    """`count` for each layer; the same ones for the same seed and the same sources."""
    chosen = []
    for layer in layers:
        pool = [m for p in sorted(sources) if layer_of(p) == layer for m in operators.of_file(sources[p])]
        generator = random.Random(f"{seed} {layer}")
        chosen += generator.sample(pool, min(count, len(pool)))
    return chosen


def diff(mutation, sources):
    before = sources[mutation.path].text
    lines = list(difflib.unified_diff(before.splitlines(), mutation.apply(before).splitlines(), mutation.path,
                                      mutation.path, n=0, lineterm=""))
    return "\n".join(lines[2:])


def judge(tree, mutation, source, tests, jobs):
    """Puts the mutation into the tree, runs the tests until one fails, and takes it out again."""
    target = tree.folder / mutation.path
    begin, spent = time.monotonic(), 0.0
    outcome, by = SURVIVED, "no test enters it" if not tests else ""
    target.write_text(mutation.apply(source.text))
    try:
        at, size = 0, 2
        while at < len(tests):
            batch = tests[at:at + size]
            at, size = at + size, min(2 * size, BATCH)
            if not tree.build([t.name for t in batch], jobs):
                return Result(mutation, INVALID, "", time.monotonic() - begin)
            for test in batch:
                spent += test.seconds
                # Twice: a test that fails because the machine is busy has caught nothing.
                if tree.run(test) is None and tree.run(test) is None:
                    return Result(mutation, CAUGHT, test.name, time.monotonic() - begin)
            if spent > SLOW_TESTS_S:
                by = "not all tests were run"
                break
    finally:
        target.write_text(source.text)
    return Result(mutation, outcome, by, time.monotonic() - begin)


def run_all(trees, mutations, sources, cover, deadline, report):
    """Judges them, a tree for each thread; stops at the deadline."""
    work, results, lock = queue.SimpleQueue(), [], threading.Lock()
    for m in mutations:
        work.put(m)

    def worker(tree):
        while not deadline or time.monotonic() < deadline:
            try:
                mutation = work.get_nowait()
            except queue.Empty:
                return
            tests = cover.covering(mutation, LAYERS)
            result = judge(tree, mutation, sources[mutation.path], tests, os.cpu_count() // len(trees) or 1)
            with lock:
                results.append(result)
                report(result, len(results), len(mutations))

    threads = [threading.Thread(target=worker, args=(t,)) for t in trees]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def judge_end_to_end(results, sources, python):
    """The survivors once more, by the end-to-end tests of their layer."""
    survivors = [r for r in results if r.outcome == SURVIVED]
    if not survivors:
        return results
    tree = Tree(ROOT, ROOT / "build-mutate/e2e", whole=True)
    tree.folder.mkdir(parents=True, exist_ok=True)
    tree.copy()
    tree.configure()
    if not tree.build([], os.cpu_count(), caches=True):
        raise SystemExit("the tree does not build")
    for layer in {layer_of(r.mutation.path) for r in survivors}:
        if not tree.end_to_end(layer, python):
            print(f"end-to-end tests of {layer} fail without a mutation: it is left out", file=sys.stderr)
            survivors = [r for r in survivors if layer_of(r.mutation.path) != layer]
    judged = {}
    for r in survivors:
        target, source = tree.folder / r.mutation.path, sources[r.mutation.path]
        target.write_text(r.mutation.apply(source.text))
        try:
            if tree.build([], os.cpu_count()) and not tree.end_to_end(layer_of(r.mutation.path), python):
                judged[r.mutation] = r._replace(outcome=CAUGHT, by="end-to-end tests")
                print(f"caught end to end: {r.mutation.path}\n{diff(r.mutation, sources)}", flush=True)
        finally:
            target.write_text(source.text)
    return [judged.get(r.mutation, r) for r in results]


def prepare(arguments):
    """The trees, built, and what their tests cover."""
    begin = time.monotonic()
    kind = "asan-" if arguments.asan else ""
    trees = [Tree(ROOT, ROOT / f"build-mutate/{kind}{n}", arguments.asan) for n in range(1 if arguments.sample else arguments.jobs)]
    for tree in trees:
        tree.folder.mkdir(parents=True, exist_ok=True)
        tree.copy()
        tree.configure()
    names = [t.name for t in trees[0].tests()]
    for tree in trees:
        if not tree.build(names, arguments.jobs, caches=True):
            raise SystemExit("the tree does not build")
    tests = coverage.measure(trees[0], arguments.jobs)
    print(f"{len(tests)} tests, ready after {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return trees, tests


def table(results, known):
    rows = {layer: collections.Counter() for layer in LAYERS}
    for r in results:
        rows[layer_of(r.mutation.path)][r.outcome] += 1
    for layer, count in known.items():
        rows[layer][EQUIVALENT] += count
    lines = [f"{'layer':12}{'caught':>8}{'survived':>10}{'equivalent':>12}{'caught of the rest':>20}"]
    total = collections.Counter()
    for layer, row in [*rows.items(), ("all", total)]:
        judged = row[CAUGHT] + row[SURVIVED]
        if judged or row[EQUIVALENT]:
            share = f"{100 * row[CAUGHT] / judged:.1f} %" if judged else "-"
            lines.append(f"{layer:12}{row[CAUGHT]:8}{row[SURVIVED]:10}{row[EQUIVALENT]:12}{share:>20}")
        if row is not total:
            total.update(row)
    judged = total[CAUGHT] + total[SURVIVED]
    return "\n".join(lines), 100 * total[CAUGHT] / judged if judged else 100.0


def parse_arguments():
    parser = argparse.ArgumentParser(prog="script/mutate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, metavar="N", help="N random changes for each layer, not the fixed list")
    parser.add_argument("--seed", default="1", help="of the random changes (default: 1)")
    parser.add_argument("--layer", action="append", choices=LAYERS, help="only this one; may be given again")
    parser.add_argument("--match", metavar="REGEX", help="only changes whose kind, file or lines match this")
    parser.add_argument("--sample", action="store_true",
                        help="what CI runs: some of both lists, others for each commit, for a few minutes")
    parser.add_argument("--list", action="store_true", help="print the changes and do nothing")
    parser.add_argument("--asan", action="store_true", help="build with AddressSanitizer: slower, catches more")
    parser.add_argument("--e2e", metavar="PYTHON", nargs="?", const=str(ROOT / "build-asan/venv/bin/python"),
                        help="run the layer's end-to-end tests for what survives, with this Python (default: the one "
                             "that script/test made)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="copies of the tree that work at a time")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    return parser.parse_args()


def chosen(arguments, sources):
    layers = arguments.layer or LAYERS
    if arguments.sample:
        generator = random.Random(arguments.seed)
        fixed, some = fixed_list(sources), random_list(sources, SAMPLE_RANDOM, arguments.seed, layers)
        found = [*generator.sample(fixed, len(fixed) // 10), *some]
        generator.shuffle(found)
    elif arguments.random:
        found = random_list(sources, arguments.random, arguments.seed, layers)
    else:
        found = fixed_list(sources)
    found = [m for m in found if layer_of(m.path) in layers]
    if arguments.match:
        found = [m for m in found if re.search(arguments.match, f"{m.operator}: {m.path}\n{diff(m, sources)}")]
    return found


def main():
    arguments = parse_arguments()
    sources = load_sources()
    equivalents = entries.Equivalents(HERE / "equivalent.txt", sources)
    faults = equivalents.faults + entries.mutations(HERE / "fixed.txt", sources)[1]
    for fault in faults:
        print(fault, file=sys.stderr)
    found = chosen(arguments, sources)
    kept = [m for m in found if not equivalents.reason(m, sources[m.path])]
    known = collections.Counter(layer_of(m.path) for m in found if equivalents.reason(m, sources[m.path]))
    if arguments.list:
        for m in kept:
            print(f"{m.path}: {m.operator}\n{diff(m, sources)}")
        print(f"{len(kept)} changes, {sum(known.values())} equivalent ones left out")
        return 0
    trees, tests = prepare(arguments)

    def report(result, done, count):
        if result.outcome == SURVIVED:
            m = result.mutation
            print(f"survived ({m.operator}; {result.by or 'all that enter it pass'}) {m.path}\n{diff(m, sources)}",
                  flush=True)
        if done % 25 == 0:
            print(f"{done} of {count}", file=sys.stderr, flush=True)

    begin = time.monotonic()
    deadline = begin + SAMPLE_S if arguments.sample else None
    results = run_all(trees, kept, sources, coverage.Map(tests, sources), deadline, report)
    if arguments.e2e:
        results = judge_end_to_end(results, sources, arguments.e2e)
    lines, share = table(results, known)
    print(f"{lines}\n{len(results)} changes in {time.monotonic() - begin:.0f} s")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(
            [{"path": r.mutation.path, "operator": r.mutation.operator, "outcome": r.outcome, "by": r.by,
              "seconds": r.seconds, "diff": diff(r.mutation, sources)} for r in results], indent=1))
    if faults:
        return 1
    if arguments.sample:
        return 0 if share >= SAMPLE_THRESHOLD else 1
    return 0 if share >= (THRESHOLD if arguments.random else 100.0) else 1


if __name__ == "__main__":
    sys.exit(main())
