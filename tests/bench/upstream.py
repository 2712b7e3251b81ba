# SPDX-License-Identifier: Apache-2.0
"""An STS for the benchmarks: one process that answers AssumeRole at once and verifies nothing, so that the benchmark
measures the agent. It counts the calls. (The stand-in of the tests verifies what the agent sends.)

`upstream.py [SPEED EPOCH_MS]` prints its port, then answers POST / as STS and GET / with the counts since the last GET:
by when it read each call and, where it may capture packets (root), by when the agent sent it. Times are those of a clock
that began at EPOCH_MS and runs SPEED times as fast as the machine's."""
import asyncio
import contextlib
import json
import re
import socket
import struct
import sys
import threading
import time

LIFE_S = 3600
TOKEN = "FwoGZXIvYXdzEBYaD" + "x" * 700  # as long as AWS's are
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


class Clock:
    def __init__(self, speed, epoch_ms):
        self.speed, self.epoch = speed, epoch_ms / 1000

    def at(self, seconds):
        return self.epoch + (seconds - self.epoch) * self.speed

    def now(self):
        return self.at(time.time())


def most_in_a_second(times):
    times, most, first = sorted(times), 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


class Sends(threading.Thread):
    """The time at which the agent sent the first packet of each call over the loopback device, by the kernel's time
    stamps: this process reads a call only when it is scheduled, and then several at once."""

    SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33

    def __init__(self, port, clock):
        super().__init__(daemon=True)
        self.port, self.clock, self.times = struct.pack("!H", port), clock, []
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.bind(("lo", 0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_RCVBUFFORCE, 1 << 26)
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_TIMESTAMPNS, 1)

    def run(self):
        while True:
            packet, ancillary, _, _ = self.socket.recvmsg(128, 64)
            tcp = (packet[0] & 15) * 4
            text = tcp + (packet[tcp + 12] >> 4) * 4 if len(packet) > tcp + 12 else 128
            if packet[text : text + 5] == b"POST " and packet[tcp + 2 : tcp + 4] == self.port:
                seconds, ns = struct.unpack("@ll", ancillary[0][2])
                self.times.append(self.clock.at(seconds + ns / 1e9))


class Calls:
    def __init__(self, clock):
        self.clock, self.times, self.number, self.sends = clock, [], 0, None

    def assume_role(self):
        now = self.clock.now()
        self.times.append(now)
        self.number += 1
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + LIFE_S))
        return (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>'
            "<AssumedRoleId>AROAEXAMPLE000000001:bench</AssumedRoleId>"
            "<Arn>arn:aws:sts::111122223333:assumed-role/bench/bench</Arn></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>ASIA{self.number:016d}</AccessKeyId><SecretAccessKey>{'s' * 40}</SecretAccessKey>"
            f"<SessionToken>{TOKEN}</SessionToken><Expiration>{end}</Expiration></Credentials></AssumeRoleResult>"
            "<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"
            "</AssumeRoleResponse>"
        )

    def report(self):
        """The calls since the last report: how many, over how long, and the most in any one second. `sent` is how many
        of them the capture saw; `most_sent_in_a_second` is only true if it saw all."""
        times, self.times = sorted(self.times), []
        result = {"calls": len(times), "seconds": times[-1] - times[0] if times else 0,
                  "most_in_a_second": most_in_a_second(times)}
        if self.sends:
            sent, self.sends.times = self.sends.times, []
            result.update(sent=len(sent), most_sent_in_a_second=most_in_a_second(sent))
        return result


class Connection(asyncio.Protocol):
    def __init__(self, calls):
        self.calls, self.data = calls, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.data, 0, end)
            whole = end + 4 + (int(length.group(1)) if length else 0)
            if len(self.data) < whole:
                return
            is_call = self.data.startswith(b"POST")
            self.data = self.data[whole:]
            text = (self.calls.assume_role() if is_call else json.dumps(self.calls.report())).encode()
            date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.calls.clock.now()))
            head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}\r\n\r\n"
            self.transport.write(head.encode() + text)


async def main():
    speed, epoch_ms = (int(a) for a in (sys.argv[1:] or ("1", "0")))
    calls = Calls(Clock(speed, epoch_ms))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(calls), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with contextlib.suppress(PermissionError):
        calls.sends = Sends(port, calls.clock)
        calls.sends.start()
    print(port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
