# SPDX-License-Identifier: Apache-2.0
"""A stand-in in a network namespace of its own, where it has the addresses that AWS's hosts have. The namespace has no
name: it goes with the last process in it."""

import ctypes
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from support.standin_process import StandIn

CLONE_NEWNET = 0x40000000
ADDRESSES = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
SET_UP = """
set -eu
ip link set lo up
for address in $ADDRESSES; do
        case $address in
        *:*) ip address add "$address/128" dev lo nodad ;;
        *) ip address add "$address/32" dev lo ;;
        esac
done
exec "$@"
"""
libc = ctypes.CDLL(None, use_errno=True)


def why_not():
    """Why this process cannot make one; None: it can."""
    try:
        done = subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    except OSError as error:
        return f"network namespaces cannot be made: {error}"
    return None if done.returncode == 0 else f"network namespaces cannot be made: {done.stderr.strip()}"


def _checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def enter_an_empty_one():
    """For this process, or the thread that calls it: a namespace with nothing in it, not even loopback."""
    _checked(libc.unshare(CLONE_NEWNET))


class HostStandIn(StandIn):
    """What must be done in the namespace is done by inside()."""

    def __init__(self):
        listen = [f"[{a}]:80" if ":" in a else f"{a}:80" for a in ADDRESSES]
        prefix = ("unshare", "--net", "env", f"ADDRESSES={' '.join(ADDRESSES)}", "sh", "-c", SET_UP, "sh")
        super().__init__(*(word for at in listen for word in ("--listen", at)), prefix=prefix)
        self._namespace = os.open(f"/proc/{self._process.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._thread = ThreadPoolExecutor(1, initializer=self.enter)

    def enter(self):
        _checked(libc.setns(self._namespace, CLONE_NEWNET))

    def inside(self, function, *arguments):
        return self._thread.submit(function, *arguments).result()

    def control(self, *arguments):
        return self.inside(super().control, *arguments)

    def stop(self):
        self._thread.shutdown()
        os.close(self._namespace)
        super().stop()
