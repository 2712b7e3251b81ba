# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition with a deadline, never for an amount of time."""

import select
import time

INTERVAL = 0.01


def until(condition, timeout=60.0, what="the condition"):
    """The first true value of condition(), or AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s in vain for {what}"
        select.select([], [], [], INTERVAL)
