# SPDX-License-Identifier: Apache-2.0
"""An hour in half a minute: the agent and the stand-in on a clock that runs fast, three sessions of fifteen minutes,
and a client that never stops asking."""

import re
import time
from datetime import datetime

import pytest
from support import paths, unix_http
from support.agent import Agent, environment
from support.profiles import Profiles
from support.standin_process import StandIn

SPEED = 120
HOUR = 3600
BATCH = 64
PROFILES = ("irsa", "onprem", "tenant-a")


@pytest.fixture
def fast(folder):
    """(stand-in, agent) whose clocks agree and run SPEED times as fast."""
    epoch_ms = int(time.time() * 1000)
    standin = StandIn("--speed", str(SPEED), "--epoch", str(epoch_ms / 1000))
    profiles = Profiles(standin)
    configured = {
        "irsa": profiles.irsa(duration_seconds=900),
        "onprem": profiles.onprem(duration_seconds=900),
        "tenant-a": profiles.assume("irsa", duration_seconds=900),
    }
    env = environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=str(epoch_ms))
    binary = paths.BUILD / "keyfobd_accelerated"
    agent = Agent(folder, {"region": "us-east-1", "profiles": configured}, env=env, binary=binary)
    try:
        yield standin, agent.wait_until_listening()
        agent.end()
        agent.check_log(standin.secrets())
    finally:
        if agent.process.poll() is None:
            agent.process.kill()
            agent.process.wait()
        standin.stop()


def test_an_hour(fast):
    """No error, no expired credential, one upstream call per renewal, renewals well ahead of time."""
    standin, agent = fast
    for name in PROFILES:
        agent.credentials(name)
    requests = b"".join(f"GET /v1/profiles/{n}/credentials HTTP/1.1\r\nHost: k\r\n\r\n".encode() for n in PROFILES)
    sock = unix_http.connect(agent.socket, 30)
    began, polls, worst = standin.now(), 0, HOUR
    while (now := standin.now()) < began + HOUR:
        for _ in range(20):
            sock.sendall(requests * BATCH)
            replies = unix_http.read_replies(sock, len(PROFILES) * BATCH)
            assert {r.status for r in replies} == {200}
            polls += len(replies)
        ends = re.findall(rb'"Expiration": ?"([^"]+)"', b"".join(r.body for r in replies[-3:]))
        assert len(ends) == 3
        lives = [_seconds(end.decode()) - now for end in ends]
        worst = min(worst, *lives)
    sock.close()
    # A session of 900 s is renewed with about half of its life left; the machine's own delays are worth SPEED seconds.
    assert worst > 60 + SPEED, worst
    assert polls > 10000
    for name in PROFILES:
        shown = agent.profile(name)
        assert shown["failures"] == 0 and shown["state"] == "fresh"
        assert 7 <= shown["refreshes"] <= 14, shown
    made = [c for c in standin.calls() if c["target"] in ("sts", "rolesanywhere")]
    assert all(c["verified"] and not c["error"] for c in made)
    assert len(made) == sum(agent.profile(name)["refreshes"] for name in PROFILES)
    assert "keyfob_served_expired_total 0" in agent.call("GET", "/metrics").body.decode()


def _seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
