# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one stand-in for all tests, an agent (or several) for each."""

import shutil
import tempfile
from pathlib import Path

import pytest
from support import paths  # noqa: F401
from support.agent import Agent
from support.profiles import Profiles
from support.sso_cache import Cache
from support.standin_process import StandIn
from support.tokens import Tpm


@pytest.fixture(scope="session")
def standin_process():
    standin = StandIn("--tls")
    yield standin
    standin.stop()


@pytest.fixture
def standin(standin_process):
    """The stand-in with nothing in its log and no faults."""
    standin_process.reset()
    yield standin_process
    standin_process.reset()


@pytest.fixture
def folder():
    """A directory with a short name: paths of sockets may not be long."""
    path = Path(tempfile.mkdtemp(prefix="kf-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def cache(folder, standin):
    """The token cache of IAM Identity Center in the test's folder."""
    return Cache(folder, standin)


@pytest.fixture
def tpm(folder):
    tpm = Tpm(folder / "tpm")
    yield tpm
    tpm.end()


@pytest.fixture
def profiles(standin):
    return Profiles(standin)


@pytest.fixture
def start(standin, folder):
    """start(config, …) runs an agent and waits until it listens; all end, and are checked, after the test."""
    agents = []

    def start_agent(config, listening=True, name="", **more):
        place = folder / name
        place.mkdir(exist_ok=True)
        agent = Agent(place, config, **more)
        agents.append(agent)
        return agent.wait_until_listening() if listening else agent

    yield start_agent
    standin.clear_faults()
    try:
        for agent in agents:
            if agent.process.returncode is None:
                agent.end()
    finally:
        for agent in agents:
            agent.kill()
    for agent in agents:
        agent.check_log(standin.secrets())


@pytest.fixture(scope="module")
def shared(standin_process):
    """One agent with the demo's profiles for all tests of a file that only ask it something."""
    place = Path(tempfile.mkdtemp(prefix="kf-"))
    profiles = Profiles(standin_process)
    config = {"region": "us-east-1", "profiles": {**profiles.demo(), "base": profiles.static()}}
    agent = Agent(place, config)
    try:
        yield agent.wait_until_listening()
        agent.end()
        agent.check_log(standin_process.secrets())
    finally:
        agent.kill()
        shutil.rmtree(place)
