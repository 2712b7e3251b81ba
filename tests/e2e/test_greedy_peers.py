# SPDX-License-Identifier: Apache-2.0
"""A peer of another uid that takes all it can get: others are served meanwhile, and the agent stays small."""

import os
import re
import time

import pytest
from support import paths
from support.attacker import attack
from support.polling import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a second uid needs root")

MEMORY_KIB = 128 * 1024
ATTACK_SECONDS = 3.0
STARVED_SECONDS = 2.0  # far above what even a busy machine adds; an unprotected agent kept others waiting for 3 to 59 s


@pytest.fixture
def agent(start, standin, profiles, folder):
    """One that everybody may connect to, with a thousand profiles, as it is shipped (sanitizers take memory)."""
    folder.chmod(0o755)
    standin.fault("sts", "slow", seconds=60)
    many = {f"p{i:04}": profiles.static(refresh="on_demand") for i in range(1000)}
    return start(
        {
            "region": "us-east-1",
            "listeners": [{"unix": str(folder / "k.sock"), "mode": "0666"}],
            "profiles": {
                **many,
                "open": profiles.static(),
                "mine": profiles.static(allow={"uids": [os.getuid()]}),
                "slow": {**profiles.irsa(), "refresh": "on_demand"},
            },
        },
        binary=paths.RELEASE / "keyfobd",
    )


def resident_kib(agent):
    with open(f"/proc/{agent.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def serve_others(agent, seconds=ATTACK_SECONDS):
    """Asks as another uid, on new connections, for a while: all are answered, none after long. The median of the times."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times) < 20:
        began = time.monotonic()
        assert agent.call("GET", "/v1/profiles/mine/credentials", timeout=30).status == 200
        times.append(time.monotonic() - began)
        assert resident_kib(agent) < MEMORY_KIB
    assert max(times) < STARVED_SECONDS, sorted(times)[-5:]
    return sorted(times)[len(times) // 2]


def gauge(agent, name):
    return float(re.search(rf"^{name} (\S+)$", agent.call("GET", "/metrics").body.decode(), re.M)[1])


def test_serves_others_while_one_pipelines_thousands_of_heads(agent):
    before = gauge(agent, "keyfob_loop_stall_max_seconds")
    with attack("pipelined_heads", agent.socket):
        median = serve_others(agent)
    assert median < 0.1
    # One burst of 2,500 took 3 s of the loop without a pause.
    assert gauge(agent, "keyfob_loop_stall_max_seconds") < max(before, 0.5)


def test_notices_within_seconds_that_thousands_of_waiting_peers_have_hung_up(agent):
    with attack("waiting_and_gone", agent.socket):
        serve_others(agent)
        until(lambda: gauge(agent, "keyfob_connections") < 10, 10, "the connections of those who left to go")
    serve_others(agent, 0)


def test_leaves_connections_to_others_when_one_opens_all_it_can(agent):
    with attack("idle_connections", agent.socket) as (held, refused):
        assert held <= 2048 and refused >= 5000 - 2048
        serve_others(agent)
    until(lambda: gauge(agent, "keyfob_connections") < 10, 10, "the connections to go")


def test_buffers_bodies_of_one_uid_only_so_far(agent):
    with attack("half_bodies", agent.socket) as (held, refused):
        assert refused > 100 and held == 200
        serve_others(agent, 1)
        body = {"method": "POST", "url": "https://sts.us-east-1.amazonaws.com/", "payload_text": "x" * 200_000}
        assert agent.call("POST", "/v1/profiles/mine/sign", body).status == 200


def test_refuses_bodies_of_peers_without_rights_before_it_keeps_them(agent):
    with attack("bodies_without_rights", agent.socket) as (held, refused):
        assert refused == held == 200
        assert resident_kib(agent) < MEMORY_KIB / 2
        serve_others(agent, 1)


def test_keeps_little_of_lists_that_nobody_reads(agent):
    with attack("unread_lists", agent.socket):
        serve_others(agent)
        assert gauge(agent, "keyfob_connections") > 500
        assert len(agent.call("GET", "/v1/profiles").json()["profiles"]) == 1003
