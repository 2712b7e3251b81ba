# SPDX-License-Identifier: Apache-2.0
"""A command that hands out the same credentials until their end, on clocks that run SPEED times as fast: no request fails,
and the command does not run all the time. botocore, on the same clock and the same command, says what is valid when."""

import datetime
import json
import time

import botocore.credentials
from support.agent import environment
from support.paths import BUILD
from support.profiles import config

SPEED = 20
SESSION_S = 100
SESSIONS = 3
TOLERANCE_S = 1.5  # two processes read their clocks a moment apart, and a moment is SPEED times as long

# The end of a session is a multiple of its length; the names of the keys count the sessions.
COMMAND = """#!/bin/sh
now=$(( ($(date +%s%N) / 1000000 - {epoch_ms}) * {speed} + {epoch_ms} ))
echo $now >>{calls}
end=$(( (now / 1000 / {session} + 1) * {session} ))
printf '{{"Version":1,"AccessKeyId":"ASIA%d","SecretAccessKey":"wJalrXUtnFEMIEXAMPLE","SessionToken":"t","Expiration":"%s"}}' \
    $end $(date -u -d @$end +%Y-%m-%dT%H:%M:%SZ)
"""


class SimulatedClock:
    def __init__(self):
        self.epoch_ms = int(time.time() * 1000)

    def now(self):
        return (self.epoch_ms + (time.time() * 1000 - self.epoch_ms) * SPEED) / 1000


def write_command(folder, clock, name):
    path, calls = folder / name, folder / f"{name}.calls"
    path.write_text(COMMAND.format(epoch_ms=clock.epoch_ms, speed=SPEED, session=SESSION_S, calls=calls))
    path.chmod(0o755)
    return path, calls


def botocore_on(clock, command, monkeypatch):
    """A function that gives the access key ID that botocore signs with now."""
    monkeypatch.setattr(
        botocore.credentials,
        "_local_now",
        lambda: datetime.datetime.fromtimestamp(clock.now(), datetime.timezone.utc),
    )
    profiles = {"profiles": {"p": {"credential_process": str(command)}}}
    credentials = botocore.credentials.ProcessProvider("p", lambda: profiles).load()
    return lambda: credentials.get_frozen_credentials().access_key


def test_a_source_that_keeps_its_credentials_to_their_end_causes_no_gap(start, folder, monkeypatch):
    clock = SimulatedClock()
    command, calls = write_command(folder, clock, "keyfob-asks")
    other, _ = write_command(folder, clock, "botocore-asks")
    agent = start(
        config(p={"type": "process", "credential_process": str(command)}),
        binary=BUILD / "keyfobd_accelerated",
        env=environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=str(clock.epoch_ms)),
    )
    agent.credentials_in_time("p")
    judge = botocore_on(clock, other, monkeypatch)
    until_s = clock.now() + SESSION_S * SESSIONS
    states = set()
    while clock.now() < until_s:
        before = judge()
        reply = agent.call("GET", "/v1/profiles/p/credentials")
        assert reply.status == 200, reply.body
        given, left_s = reply.json(), None
        left_s = datetime.datetime.fromisoformat(given["Expiration"]).timestamp() - clock.now()
        assert left_s > 5 - TOLERANCE_S, (given["Expiration"], left_s)
        assert before <= given["AccessKeyId"], "botocore had newer ones before"
        states.add(agent.profile("p")["state"])
        time.sleep(0.02)
    assert "expiring" in states and "stale" not in states, states

    times_s = [int(line) / 1000 for line in calls.read_text().split()]
    for i, at_s in enumerate(times_s[1:], 1):
        left_s = SESSION_S - at_s % SESSION_S
        assert at_s - times_s[i - 1] > 5 - TOLERANCE_S or left_s > SESSION_S - TOLERANCE_S, (at_s, times_s)
    assert len(times_s) < SESSION_S * (SESSIONS + 1) / 5, times_s
    log = [json.loads(line) if line.startswith("{") else line for line in agent.events("expiring")]
    assert SESSIONS - 1 <= len(log) <= SESSIONS + 2, log
    assert not agent.events("expired"), agent.stderr()
    metrics = agent.call("GET", "/metrics").body.decode()
    assert "\nkeyfob_served_expired_total 0\n" in metrics
    served = [line for line in metrics.splitlines() if line.startswith('keyfob_served_expiring_total{profile="p"}')]
    assert int(served[0].split()[1]) > 0, served
