# SPDX-License-Identifier: Apache-2.0
"""A program that sends requests as they are given: a JSON list of [host, port, text] on its standard input. It prints a list
of what came back until the agent closed the connection; null where nobody listens. An argument is the uid that it becomes."""

import encodings.idna  # noqa: F401  for create_connection(), while it can be read
import json
import os
import socket
import sys


def ask(host, port, request):
    try:
        with socket.create_connection((host, port), timeout=60) as peer:
            peer.sendall(request.encode("latin-1"))
            return b"".join(iter(lambda: peer.recv(65536), b"")).decode("latin-1")
    except (ConnectionRefusedError, PermissionError):
        return None


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uid = int(sys.argv[1])
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    json.dump([ask(*one) for one in json.load(sys.stdin)], sys.stdout)
