# SPDX-License-Identifier: Apache-2.0
"""Tokens and TPMs that take a call and never answer it: their profiles fail, all others go on, and the agent ends."""

import contextlib
import json
import signal
import threading

import pytest
from standin import demo
from support.agent import environment
from support.aws import echo
from support.polling import until
from support.profiles import config
from support.programs import keyfobd
from support.tokens import Token

HANDLE = "0x81000010"
TIMEOUT = 3000  # of the keys, in ms
TEST_TIMEOUT = 120
AT_ONCE = 2  # of one token's keys


class Hang:
    """A key as a profile has it, how to make it hang, and the environment of an agent that has it."""

    def __init__(self, key, env, begin, end, fields=None):
        self.key, self.env, self.begin, self.end = key, env, begin, end
        self.fields = fields or {}
        self.begun = None  # how many calls hang, where that is known


def tpm_hang(standin, tpm, by):
    sealed = tpm.put(standin.certificate("ec-key.pem"), HANDLE)
    key = f"handle:{HANDLE}" if by == "handle" else str(sealed)
    return Hang(key, tpm.env, tpm.hang, tpm.go_on)


def token_hang(standin, folder):
    token = Token(folder / "hsm")
    token.put("ec", 2, standin.certificate("ec-key.pem"), standin.certificate("ec.pem"))
    module, env, file = token.stalling()
    fields = {"private_key_passphrase_file": str(token.pin_file)}
    hang = Hang(token.uri("ec", module_path=module), env, file.touch, lambda: file.unlink(missing_ok=True), fields)
    hung = file.with_suffix(".hung")
    hang.begun = lambda: len(hung.read_bytes()) if hung.exists() else 0
    return hang


@pytest.fixture(params=["token", "handle", "file"])
def hang(request, standin, folder):
    if request.param == "token":
        hang = token_hang(standin, folder)
    else:
        hang = tpm_hang(standin, request.getfixturevalue("tpm"), request.param)
    yield hang
    hang.end()


def profile_of(profiles, hang):
    return {**profiles.onprem("ec.pem"), "private_key": hang.key, "read_timeout_ms": TIMEOUT, **hang.fields}


@contextlib.contextmanager
def refreshing(agent, *names):
    """Clients that ask for it, and wait; the replies are theirs at the end of the block."""
    replies = {}

    def ask(name):
        replies[name] = agent.refresh(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    yield replies
    for thread in threads:
        thread.join()


def others_go_on(standin, agent):
    """A key in a file, one of the same certificate; a call with a CA bundle of its own; a reload; who only asks."""
    assert agent.call("GET", "/livez").status == 200
    for name in ("onprem", "tls"):
        assert agent.refresh(name).status == 200
        assert echo(standin, agent.credentials(name))
    agent.reload()
    assert len(agent.events("config_reloaded")) > 0 and not agent.events("config_reload_failed")
    assert agent.credentials("base")


def others(standin, profiles):
    tls = {"endpoint_url": standin.tls_url, "ca_bundle": str(standin.dir / "tls-ca.pem")}
    return {"onprem": profiles.onprem(), "tls": profiles.irsa(**tls, refresh="on_demand"), "base": profiles.static()}


def is_fresh(agent, name):
    return agent.profile(name)["state"] == "fresh"


def test_recovers_from_a_key_that_hangs(start, standin, profiles, folder, hang):
    named = {"hung": profile_of(profiles, hang), **others(standin, profiles)}
    agent = start(config(**named), env=environment(folder, **hang.env))
    until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "the first credentials")
    before = agent.credentials("hung")
    hang.begin()
    with refreshing(agent, "hung") as replies:
        if hang.begun:
            until(lambda: hang.begun() == 1, TEST_TIMEOUT, "a call that hangs")
        others_go_on(standin, agent)
    problem = replies["hung"].problem()
    assert replies["hung"].status == 504 and "did not answer within 3000 ms" in problem["detail"], problem
    assert hang.key.split("?")[0] in problem["detail"] and "by itself" in problem["hint"]

    # The thread still hangs: no other is started beside it, and each request fails at once.
    for _ in range(2):
        reply = agent.refresh("hung")
        assert reply.status == 504 and "still does not answer" in reply.problem()["detail"]
    assert not hang.begun or hang.begun() == 1
    others_go_on(standin, agent)
    assert agent.credentials("hung") == before, "what is good is served"
    assert agent.profile("hung")["state"] == "stale"

    hang.end()
    until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "credentials again, without a request")
    assert agent.credentials("hung")["AccessKeyId"] != before["AccessKeyId"]
    assert agent.profile("hung")["generation"] == 2


def test_limits_threads_of_keys_that_hang(start, standin, profiles, folder):
    """All that a token can hold up is what is in it."""
    hang = token_hang(standin, folder)
    names = [f"hung-{number}" for number in range(12)]
    named = {**{name: profile_of(profiles, hang) for name in names}, **others(standin, profiles)}
    hang.begin()
    try:
        agent = start({"region": demo.REGION, "profiles": named}, env=environment(folder, **hang.env))
        until(lambda: hang.begun() == AT_ONCE, TEST_TIMEOUT, "calls that hang")
        others_go_on(standin, agent)
        until(lambda: all(agent.profile(name)["state"] == "failed" for name in names), TEST_TIMEOUT, "their failure")
        details = [agent.refresh(name).problem()["detail"] for name in names]
        assert sum("still does not answer" in text for text in details) == AT_ONCE, details
        assert sum("others of the same token" in text for text in details) == len(names) - AT_ONCE, details
        others_go_on(standin, agent)
        assert hang.begun() == AT_ONCE
        hang.end()
        until(lambda: all(is_fresh(agent, name) for name in names), TEST_TIMEOUT, "all of them, by themselves")
    finally:
        hang.end()


def test_removes_a_profile_while_its_key_hangs(start, standin, profiles, folder, hang):
    rest = others(standin, profiles)
    agent = start(config(hung=profile_of(profiles, hang), **rest), env=environment(folder, **hang.env))
    until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "the first credentials")
    hang.begin()
    with refreshing(agent, "hung"):
        if hang.begun:
            until(lambda: hang.begun() == 1, TEST_TIMEOUT, "a call that hangs")
        agent.reload(config(**rest))
        assert agent.call("GET", "/v1/profiles/hung").status == 404
        others_go_on(standin, agent)
    agent.reload(config(hung=profile_of(profiles, hang), **rest))
    others_go_on(standin, agent)
    hang.end()
    until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "credentials again")


def test_removes_a_profile_whose_key_would_hang(start, standin, profiles, folder, hang):
    """Giving back what is in a TPM asks the TPM, too."""
    rest = others(standin, profiles)
    agent = start(config(hung=profile_of(profiles, hang), **rest), env=environment(folder, **hang.env))
    until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "the first credentials")
    hang.begin()
    agent.reload(config(**rest))
    others_go_on(standin, agent)
    hang.end()
    agent.reload(config(hung=profile_of(profiles, hang), **rest))
    until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "credentials again")


@pytest.mark.parametrize("when", ["at work", "late", "idle"])
def test_ends_while_a_key_hangs(start, standin, profiles, folder, hang, when):
    """What is stuck goes with the process, which waits for it no longer than for its clients."""
    if when == "at work":
        hang.begin()
    named = {"hung": profile_of(profiles, hang), **others(standin, profiles)}
    agent = start(config(**named), env=environment(folder, **hang.env))
    if when == "at work":
        until(lambda: hang.begun() == 1 if hang.begun else agent.profile("hung")["state"] == "fetching", TEST_TIMEOUT, when)
    else:
        until(lambda: is_fresh(agent, "hung"), TEST_TIMEOUT, "the first credentials")
        hang.begin()
    if when == "late":
        assert agent.refresh("hung").status == 504
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(TEST_TIMEOUT) == 0, agent.stderr()
    assert not agent.socket.exists() and agent.events("stopped")
    if when == "late" or (when == "at work" and hang.begun):
        assert "did not end in time" in agent.stderr()


def test_check_does_not_wait_for_a_key_that_hangs(standin, profiles, folder, hang):
    named = {"first": profiles.onprem(), "hung": {**profile_of(profiles, hang), "read_timeout_ms": 1}}
    path = folder / "check.json"
    path.write_text(json.dumps(config(**named)))
    hang.begin()
    run = keyfobd("--check", "--config", path, env=environment(folder, **hang.env))
    assert run.returncode == 1 and "1 listener: " not in run.stdout
    assert "profile hung: the private key " in run.stderr and "did not answer within 1 ms" in run.stderr, run.stderr
    assert "hint: check the token" in run.stderr
