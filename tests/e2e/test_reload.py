# SPDX-License-Identifier: Apache-2.0
"""A reload of ten thousand profiles: requests are answered meanwhile, and no later change is lost."""

import json
import os
import select
import signal
import socket

import pytest
from standin import demo
from support.agent import environment
from support.polling import until
from support.profiles import Profiles

COUNT = 10000
TEST_TIMEOUT = 120  # a slow machine with sanitizers


class Manager:
    """The service manager's end of the notifications."""

    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(TEST_TIMEOUT)

    def next(self):
        return self._socket.recv(4096).split(b"\n")[0].decode()

    def has_more(self):
        return bool(select.select([self._socket], [], [], 0)[0])

    def all(self):
        """What has come by now. Nobody may leave it there for long: the agent would wait."""
        heard = []
        while self.has_more():
            heard.append(self.next())
        return heard

    def close(self):
        self._socket.close()


@pytest.fixture
def manager(folder):
    manager = Manager(folder / "notify.sock")
    yield manager
    manager.close()


@pytest.fixture
def house(start, standin, folder, manager):
    """An agent with them, and how to write them anew: `region` is that of the profile `base`."""
    profiles = Profiles(standin)
    tenants = {
        f"tenant-{n}": profiles.assume("base", external_id=f"tenant:{n}", refresh="on_demand") for n in range(COUNT)
    }
    (folder / "tenants.json").write_text(json.dumps({"profiles": tenants}))

    def write(agent, region, include="tenants.json"):
        document = {
            "listeners": [{"unix": str(agent.socket)}],
            "region": demo.REGION,
            "include": [include],
            "profiles": {"base": profiles.static(region=region)},
        }
        (folder / "next.json").write_text(json.dumps(document))
        os.replace(folder / "next.json", agent.config_path)

    document = {"region": demo.REGION, "include": ["tenants.json"], "profiles": {"base": profiles.static()}}
    env = environment(folder, NOTIFY_SOCKET=str(manager.path))
    agent = start(document, listening=False, env=env)
    agent.wait_until_listening(TEST_TIMEOUT)
    assert manager.next() == "READY=1"
    assert agent.credentials("base")
    return agent, write


def region(agent):
    return agent.profile("base")["region"]


def hang_up(agent):
    agent.process.send_signal(signal.SIGHUP)


def outcomes(agent):
    """What the reloads came to, in order."""
    names = ("config_reloaded", "config_reload_failed")
    return [n for line in agent.stderr().splitlines() for n in names if f"event={n} " in line]


def test_answers_during_a_reload(house, manager):
    """Whoever asks between RELOADING=1 and READY=1 is answered between them. (An answer may come too late by chance,
    so several reloads are tried; an agent that reads its settings on the loop never manages it.)"""
    agent, _ = house

    def is_answered_during_one():
        hang_up(agent)
        assert manager.next() == "RELOADING=1"
        assert agent.credentials("base") and agent.call("GET", "/livez").status == 200
        is_during = not manager.has_more()
        assert manager.next() == "READY=1"
        return is_during

    until(is_answered_during_one, TEST_TIMEOUT, "an answer during a reload")
    assert agent.profile("base")["generation"] == 1


def test_applies_the_last_content(house, manager):
    """Two signals in a row: the second may come at any point of the first's reload."""
    agent, write = house
    heard = []

    def is_in_force(name):
        heard.extend(manager.all())
        return region(agent) == name

    for number in range(3):
        for name in ("eu-west-1", f"us-west-{number}"):
            write(agent, name)
            hang_up(agent)
        until(lambda name=name: is_in_force(name), TEST_TIMEOUT, "the last content")
    hang_up(agent)
    write(agent, "eu-west-3")
    for _ in range(5):
        hang_up(agent)
    until(lambda: is_in_force("eu-west-3") and heard[-1] == "READY=1", TEST_TIMEOUT, "the last content")
    assert heard[::2] == ["RELOADING=1"] * len(heard[::2]), "never two at once"
    assert heard[1::2] == ["READY=1"] * len(heard[1::2])
    assert set(outcomes(agent)) == {"config_reloaded"}


def test_keeps_the_configuration_when_a_file_breaks_during_a_reload(house, manager, folder):
    agent, write = house
    (folder / "bad.json").write_text('{"profiles": ')
    write(agent, "eu-west-1")
    hang_up(agent)
    assert manager.next() == "RELOADING=1"
    write(agent, "eu-west-2", include="bad.json")
    hang_up(agent)
    until(lambda: "config_reload_failed" in outcomes(agent), TEST_TIMEOUT, "the outcome of the second")
    assert region(agent) != "eu-west-2"
    assert agent.credentials("base") and agent.profile("base")["generation"] == 1
    assert agent.call("GET", f"/v1/profiles/tenant-{COUNT - 1}").status == 200
    write(agent, "eu-west-3")
    hang_up(agent)
    until(lambda: region(agent) == "eu-west-3", TEST_TIMEOUT, "the content that is good again")


def test_sigterm_during_a_reload(house, manager):
    """Its end is checked, and what it leaves behind."""
    agent, write = house
    write(agent, "eu-west-1")
    hang_up(agent)
    assert manager.next() == "RELOADING=1"
    hang_up(agent)
    agent.end()
    assert manager.next() in ("STOPPING=1", "READY=1")
    assert len(outcomes(agent)) <= 1, "nothing is applied after the end has begun"
