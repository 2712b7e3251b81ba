# SPDX-License-Identifier: Apache-2.0
"""The stand-in's own clock: shifted, and faster than real time for simulations."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate


@dataclass(frozen=True)
class Clock:
    """At the real time `epoch` it shows `epoch + offset`; from there it runs `speed` times as fast."""

    offset: float = 0.0
    speed: float = 1.0
    epoch: float = 0.0

    @staticmethod
    def started(offset=0.0, speed=1.0, epoch=None):
        return Clock(offset, speed, time.time() if epoch is None else epoch)

    def now(self):
        return self.epoch + (time.time() - self.epoch) * self.speed + self.offset

    def shifted(self, seconds):
        return replace(self, offset=self.offset + seconds)

    def real_seconds(self, seconds):
        """How long `seconds` of this clock take."""
        return seconds / self.speed

    def http_date(self):
        return formatdate(self.now(), usegmt=True)


def rfc3339(seconds):
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def basic(seconds):
    """20260901T120000Z"""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y%m%dT%H%M%SZ")


def parse_basic(text):
    """Seconds since 1970 of 20260901T120000Z, or ValueError."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
