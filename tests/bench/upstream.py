# SPDX-License-Identifier: Apache-2.0
"""An STS for the benchmarks: one process that answers AssumeRole at once and verifies nothing, so that what is measured
is the agent. It counts. (Whether what the agent sends is right is judged by the stand-in, in the tests.)

`upstream.py [SPEED EPOCH_MS]` prints its port, then answers POST / as STS and GET / with what it has counted, from the
last GET on. Times are those of a clock that began at EPOCH_MS and runs SPEED times as fast as the machine's."""
import asyncio
import json
import re
import sys
import time

LIFE_S = 3600
TOKEN = "FwoGZXIvYXdzEBYaD" + "x" * 700  # as long as AWS's are
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


class Clock:
    def __init__(self, speed, epoch_ms):
        self.speed, self.epoch = speed, epoch_ms / 1000

    def now(self):
        return self.epoch + (time.time() - self.epoch) * self.speed


class Calls:
    def __init__(self, clock):
        self.clock, self.times, self.number = clock, [], 0

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
        """What came since the last report: how many, over how long, and the most in any one second."""
        times, self.times = sorted(self.times), []
        most, first = 0, 0
        for last, at in enumerate(times):
            while at - times[first] >= 1:
                first += 1
            most = max(most, last - first + 1)
        return {"calls": len(times), "seconds": times[-1] - times[0] if times else 0, "most_in_a_second": most}


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
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
