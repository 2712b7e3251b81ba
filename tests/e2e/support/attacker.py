# SPDX-License-Identifier: Apache-2.0
"""Peers of another uid that take what they can get. Run as a program: attacker.py ATTACK SOCKET; it prints a line when
it has begun, and goes on until its standard input ends."""

import os
import resource
import selectors
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

UID = 54321
SOCKETS = 5000


@contextmanager
def attack(name, path, uid=UID):
    """Runs the attack while the block does; yields the numbers of its first line."""
    command = [sys.executable, os.path.abspath(__file__), name, str(path), str(uid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield [int(n) for n in process.stdout.readline().split()]
        finally:
            process.stdin.close()
            process.wait(60)
    assert process.returncode == 0


def dial(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock


def dial_many(path, count):
    """As many connections as the agent lets us have; how many it refused."""
    socks = [dial(path) for _ in range(count)]
    time.sleep(1)
    held = []
    for sock in socks:
        sock.setblocking(False)
        try:
            sock.recv(4096)
            sock.close()
        except BlockingIOError:
            held.append(sock)
        except ConnectionResetError:
            sock.close()
    return held, count - len(held)


def is_over():
    """Standard input has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        return bool(selector.select(0)) and not os.read(0, 1)


def wait_for_end():
    while os.read(0, 1):
        pass


def say(*numbers):
    print(*numbers, flush=True)


def pipelined_heads(path):
    """attacks.md 1: thousands of pipelined HEADs of what is expensive, answers read."""
    socks = [dial(path) for _ in range(8)]
    bursts = [b"HEAD %s HTTP/1.1\r\n\r\n" % target * 2500 for target in (b"/metrics", b"/v1/profiles", b"/readyz")]
    say(len(socks))
    rests = [b""] * len(socks)
    for sock in socks:
        sock.setblocking(False)
    turn = 0
    while not is_over():
        for i, sock in enumerate(socks):
            turn += 1
            rests[i] = rests[i] or bursts[turn % len(bursts)]
            try:
                rests[i] = rests[i][sock.send(rests[i]) :]
            except BlockingIOError:
                pass
            try:
                assert sock.recv(1 << 20)
            except BlockingIOError:
                pass


def waiting_and_gone(path):
    """attacks.md 2: waits with 64 KiB of pipelined requests behind them, whose clients hang up at once."""
    wait = b"GET /v1/profiles/slow/credentials?wait=60 HTTP/1.1\r\nIf-None-Match: *\r\n\r\n"
    data = wait + b"GET /livez HTTP/1.1\r\n\r\n" * (65536 // 23)
    for _ in range(4096):
        sock = dial(path)
        sock.setblocking(False)
        try:
            sock.send(data)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        sock.close()
    say(4096)
    wait_for_end()


def idle_connections(path):
    held, refused = dial_many(path, SOCKETS)
    say(len(held), refused)
    wait_for_end()


def some_connections(path):
    held, refused = dial_many(path, 300)
    say(len(held), refused)
    wait_for_end()


def send_bodies(path, profile, status):
    """200 bodies of 1 MiB less one byte, each on its own connection; says how many of them `status` answered at once."""
    size = 1 << 20
    head = b"POST /v1/profiles/%s/sign HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    data = head % (profile, size) + b" " * (size - 1)
    held, refused = [], 0
    for _ in range(200):
        sock = dial(path)
        sock.settimeout(5)
        held.append(sock)
        try:
            sock.sendall(data)
        except OSError:
            pass
        if status == b"503":  # only if the agent keeps no more: without it, no answer comes
            sock.setblocking(False)
        try:
            refused += b" %s " % status in sock.recv(4096)
        except BlockingIOError:
            pass
    say(len(held), refused)
    wait_for_end()


def half_bodies(path):
    """Bodies that the agent has to keep."""
    send_bodies(path, b"open", b"503")


def bodies_without_rights(path):
    """Bodies for a profile that this uid may not use: the agent refuses each before it keeps any of it."""
    send_bodies(path, b"mine", b"403")


def denied(path):
    """Asks for what it may not have, without end."""
    sock = dial(path)
    sent = 0
    while sent < 20_000:
        sock.sendall(b"GET /v1/profiles/mine/credentials HTTP/1.1\r\n\r\n" * 100)
        got = b""
        while got.count(b"HTTP/1.1 403 ") < 100:
            got += sock.recv(1 << 20)
        sent += 100
    say(sent)
    wait_for_end()


def unread_lists(path):
    """Clients that never read their lists."""
    held = [dial(path) for _ in range(1000)]
    for sock in held:
        sock.sendall(b"GET /v1/profiles HTTP/1.1\r\n\r\n" * 4)
    say(len(held))
    wait_for_end()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(sys.argv[3]))
        os.setuid(int(sys.argv[3]))
    {f.__name__: f for f in (pipelined_heads, waiting_and_gone, idle_connections, half_bodies, bodies_without_rights,
                             denied, some_connections, unread_lists)}[sys.argv[1]](sys.argv[2])
