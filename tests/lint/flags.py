#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on a call without a flag that protects: descriptors that commands of profiles would inherit, and writes to a
peer that has gone, which would end the process.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/mutate"))
from tokens import Source  # noqa: E402

# Each call, and one of the words that its arguments have to hold.
FLAGS = {
    **dict.fromkeys(["open", "openat", "mkostemp", "pipe2", "dup3"], ("O_CLOEXEC",)),
    **dict.fromkeys(["socket", "accept4", "socketpair"], ("SOCK_CLOEXEC",)),
    **dict.fromkeys(["send", "sendto", "sendmsg"], ("MSG_NOSIGNAL",)),
    "fopen": ('e"',),
    "fcntl": ("F_DUPFD_CLOEXEC", "F_GETFD", "F_SETFD", "F_GETFL", "F_SETFL", "F_GETOWN", "F_SETLK"),
    "memfd_create": ("MFD_CLOEXEC",),
}
ALLOWED = {("sidecar/base/hardening.c", "open")}  # standard input, output and error are inherited on purpose
# Without such a flag there is another call to use.
BANNED = {"creat": "open", "pipe": "pipe2", "accept": "accept4", "dup": "fcntl(F_DUPFD_CLOEXEC)", "mkstemp": "mkostemp"}


def faults_of(source):
    t, own = source.tokens, {f.name for f in source.functions}
    for i in range(len(t) - 1):
        is_call = t[i].kind == "name" and t[i + 1].text == "(" and t[i - 1].text not in (".", "->")
        if not is_call or t[i].text in own or f"(*{t[i].text})" in source.text or not source.function_at(t[i].start):
            continue
        if (source.path, t[i].text) in ALLOWED:
            continue
        arguments = source.text[t[i + 1].end:t[source.partner[i + 1]].start]
        flags = set(arguments.replace("(", " ").replace(")", " ").replace(",", " ").split())
        line = source.text.count("\n", 0, t[i].start) + 1
        wanted = FLAGS.get(t[i].text)
        # Flags that a variable holds are seen where the variable is set.
        names_variable = t[i].text in ("open", "openat") and ("const int flags" in source.text and "flags" in flags)
        if wanted and not names_variable and not any(w in arguments for w in wanted):
            yield f"{source.path}:{line}: {t[i].text}() without {wanted[0]}"
        if t[i].text in BANNED:
            yield f"{source.path}:{line}: {t[i].text}(): use {BANNED[t[i].text]}"


def main():
    faults, files = [], 0
    for top in ("proto", "sidecar", "clients"):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            files += 1
            faults += faults_of(Source(path.relative_to(ROOT).as_posix(), path.read_text()))
    for fault in faults:
        print(fault)
    if not faults:
        print(f"flags: {files} files, nothing is inherited, no signal on writes")
    return 1 if faults or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
