# SPDX-License-Identifier: Apache-2.0
"""Two hosts in small: network namespaces that a pair of interfaces connects. They go with the processes that hold them."""

import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
ADDRESSES = ("192.0.2.1", "192.0.2.2")
libc = ctypes.CDLL(None, use_errno=True)


class Host:
    def __init__(self, address):
        self.address = address
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        assert self._holder.stdout.readline() == b"\n", "no network namespace"
        self.pid = self._holder.pid
        self._fd = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def enter(self):
        """For preexec."""
        if libc.setns(self._fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True, preexec_fn=self.enter)

    def end(self):
        os.close(self._fd)
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(30)


def connected():
    """Two of them, at ADDRESSES."""
    hosts = [Host(address) for address in ADDRESSES]
    hosts[0].ip("link", "add", "kf0", "type", "veth", "peer", "name", "kf1", "netns", str(hosts[1].pid))
    for i, host in enumerate(hosts):
        host.ip("address", "add", f"{host.address}/24", "dev", f"kf{i}")
        host.ip("link", "set", f"kf{i}", "up")
    return hosts
