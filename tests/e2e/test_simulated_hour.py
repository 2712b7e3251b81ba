# SPDX-License-Identifier: Apache-2.0
"""An hour of 15-minute sessions under a client that never stops asking, on clocks that run SPEED times as fast."""

import json
import subprocess
import threading
import time
from datetime import datetime

import pytest
from support import unix_http
from support.agent import environment
from support.paths import BUILD
from support.polling import until
from support.profiles import Profiles
from support.standin_process import StandIn

SPEED = 20
HOUR = 3600
POLLS_PER_SECOND = 20  # of simulated time, at the least: a machine that is ten times slower has to do it, too


@pytest.fixture
def fast_standin():
    epoch = time.time()
    standin = StandIn("--speed", str(SPEED), "--epoch", repr(epoch))
    standin.epoch = epoch
    yield standin
    standin.stop()


def sessions_of_15_minutes(standin):
    profiles = Profiles(standin)
    return {
        "irsa": profiles.irsa(duration_seconds=900),
        "onprem": profiles.onprem(duration_seconds=900),
        "tenant-a": profiles.assume("irsa", duration_seconds=900),
    }


def request_file(folder, name):
    path = folder / f"{name}.request"
    path.write_bytes(f"GET /v1/profiles/{name}/credentials HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return path


class Sampler(threading.Thread):
    """Reads what is served, all the time, and notes what is about to expire or takes long."""

    def __init__(self, socket, names, now):
        super().__init__()
        self._socket, self._names, self._now = socket, names, now
        self._over = threading.Event()
        self.samples, self.faults = 0, []

    def run(self):
        connection = unix_http.UnixConnection(self._socket)
        while not self._over.is_set():
            for name in self._names:
                connection.request("GET", f"/v1/profiles/{name}/credentials")
                reply = connection.getresponse()
                document = json.loads(reply.read())
                left = datetime.fromisoformat(document.get("Expiration", "1970-01-01T00:00:00Z")).timestamp()
                left -= self._now()
                self.samples += 1
                if reply.status != 200 or left < 60 - SPEED:  # the clocks are read a moment apart
                    self.faults.append((name, reply.status, left))
        connection.close()

    def stop(self):
        self._over.set()
        self.join()


def test_serves_an_hour_without_a_gap(fast_standin, start, folder):
    names = sessions_of_15_minutes(fast_standin)
    epoch_ms = str(int(fast_standin.epoch * 1000))
    agent = start(
        {"region": "us-east-1", "profiles": names},
        binary=BUILD / "keyfobd_accelerated",
        env=environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=epoch_ms),
    )
    for name in names:
        agent.credentials_in_time(name)
    sampler = Sampler(agent.socket, names, lambda: fast_standin.epoch + (time.time() - fast_standin.epoch) * SPEED)
    sampler.start()
    milliseconds = HOUR * 1000 // SPEED
    loads = [
        subprocess.Popen(
            [
                BUILD / "loadgen",
                "-u",
                agent.socket,
                "-r",
                request_file(folder, name),
                "-s",
                str(milliseconds),
                "-c",
                "4",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    outcomes = [json.loads(load.communicate(timeout=milliseconds / 1000 + 60)[0]) for load in loads]
    sampler.stop()

    assert sampler.samples > 1000
    assert sampler.faults == []
    assert sum(o["errors"] for o in outcomes) == 0
    assert sum(o["requests"] for o in outcomes) >= HOUR * POLLS_PER_SECOND
    # A renewal may be on its way.
    until(lambda: len(fast_standin.calls()) == sum(agent.profile(name)["refreshes"] for name in names), what="an end")
    calls = fast_standin.calls()
    assert all(call["error"] is None for call in calls), calls
    for name in names:
        profile = agent.profile(name)
        # Half of 15 minutes, up to 90 s earlier: one renewal each 6 to 7.5 minutes, so 8 to 10 in an hour.
        assert 8 <= profile["generation"] - 1 <= 11, profile
        assert profile["failures"] == 0, profile
        assert profile["refreshes"] == profile["generation"], "one upstream call a renewal"
    metrics = agent.call("GET", "/metrics").body.decode()
    assert "\nkeyfob_served_expired_total 0\n" in metrics


def test_renews_web_identity_tokens_ahead(fast_standin, start, folder):
    """Ten minutes of a token of five: never one in its last minute, one call for each renewal."""
    (name,) = list(sessions_of_15_minutes(fast_standin).items())[:1]
    epoch_ms = str(int(fast_standin.epoch * 1000))
    agent = start(
        {"region": "us-east-1", "profiles": dict([name])},
        binary=BUILD / "keyfobd_accelerated",
        env=environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=epoch_ms),
    )
    agent.credentials_in_time(name[0])
    began, tokens, least = time.time(), [], 3600
    while (time.time() - began) * SPEED < HOUR / 6:
        reply = agent.call("POST", f"/v1/profiles/{name[0]}/tokens/web_identity", {"audience": "x"})
        assert reply.status == 200, reply.body
        answer = reply.json()
        least = min(least, answer["expires_in"])
        tokens += [answer["token"]] if answer["token"] not in tokens else []
    assert least >= 60, least
    # Half of 5 minutes, up to 30 s earlier: one renewal each 2 to 2.5 minutes.
    assert 4 <= len(tokens) <= 6
    calls = fast_standin.calls(action="GetWebIdentityToken")
    assert len(tokens) <= len(calls) <= len(tokens) + 1, "one upstream call a renewal"
