# SPDX-License-Identifier: Apache-2.0
"""A credential_process that leads back to the agent which runs it: reported at once, with the way out."""

import json
import os
import time

import pytest
from support import paths
from support.agent import environment
from support.profiles import config
from support.programs import keyfob, keyfobd

AT_ONCE_S = 8.0  # without detection a request waits 10 s
DOCUMENT = json.dumps({"Version": 1, "AccessKeyId": "ASIAEXAMPLEKEYID0001", "SecretAccessKey": "s" * 40})


@pytest.fixture
def command(folder):
    """Our keyfob as a command that asks the agent of this test."""
    (folder / "bin").mkdir()
    (folder / "bin" / "keyfob").symlink_to(paths.KEYFOB)
    return f"{folder}/bin/keyfob credential-process --socket {folder}/k.sock"


def script(folder, name, text):
    """A program whose text the agent does not read."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def zero(start, folder):
    """zero(text) runs an agent without a configuration, whose ~/.aws/config this is."""

    def start_agent(text, **more):
        (folder / ".aws").mkdir()
        (folder / ".aws" / "config").write_text(text)
        variables = {"KEYFOB_SOCKET": str(folder / "k.sock"), "AWS_EC2_METADATA_DISABLED": "true", **more}
        variables["PATH"] = f"{folder}/bin:{os.environ['PATH']}"
        return start(None, env=environment(folder, **variables))

    return start_agent


def assert_loop(agent, name):
    before = time.monotonic()
    run = keyfob("credential-process", name, socket=agent.socket)
    assert time.monotonic() - before < AT_ONCE_S, run
    assert run.returncode == 1 and run.stdout == "" and "asks this agent" in run.stderr, run
    assert "use two names" in run.stderr and "-source" in run.stderr, run
    run = keyfob("wait", name, socket=agent.socket)
    assert run.returncode == 1 and "use two names" in run.stderr, run
    assert time.monotonic() - before < AT_ONCE_S, run


# ---- known from the files ----


@pytest.mark.parametrize(
    "words",
    [
        "keyfob credential-process t",
        "{keyfob} --autostart t",
        "{keyfob} t",
        "env {keyfob} t",
        "env KEYFOB_SOCKET={socket} keyfob credential-process --profile t",
        "env XDG_RUNTIME_DIR={folder} keyfob credential-process t",
        "sh -c '{keyfob} t'",
        "timeout 5 bash -c \"exec {keyfob} 't'\"",
    ],
)
def test_names_itself(zero, command, folder, words):
    words = words.format(keyfob=command, socket=folder / "k.sock", folder=folder)
    agent = zero(f"[profile t]\ncredential_process = {words}\n[profile good]\ncredential_process = echo '{DOCUMENT}'\n")
    assert_loop(agent, "t")
    assert keyfob("credential-process", "good", socket=agent.socket).returncode == 0
    assert agent.profile("t")["state"] == "failed" and not agent.events("refresh_failed.*profile=good")


@pytest.mark.parametrize("words", ["{keyfob}", "{keyfob} default", "{keyfob} t"])
@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_the_default_chain_leads_back(zero, command, words, variable):
    agent = zero(f"[profile t]\ncredential_process = {words.format(keyfob=command)}\n", **{variable: "t"})
    assert_loop(agent, "default")


def test_two_that_ask_for_each_other(zero, command):
    agent = zero(f"[profile a]\ncredential_process = {command} b\n[profile b]\ncredential_process = {command} a\n")
    assert_loop(agent, "a")
    assert "(a -> b -> a)" in agent.profile("a")["last_error"]["detail"]
    assert "(b -> a -> b)" in agent.profile("b")["last_error"]["detail"]


def test_a_role_whose_source_asks_for_it(zero, command):
    role = "role_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n"
    agent = zero(f"[profile r]\n{role}[profile base]\ncredential_process = {command} r\n")
    for name in ("r", "base"):
        assert_loop(agent, name)


def test_a_configuration_is_refused(folder, command):
    place = {"listeners": [{"unix": f"{folder}/k.sock"}]}
    (folder / "c.json").write_text(
        json.dumps({**place, "profiles": {"a b": {"type": "process", "credential_process": f"{command} 'a b'"}}})
    )
    run = keyfobd("--config", folder / "c.json", "--check")
    assert run.returncode == 78 and 'profiles["a b"].credential_process' in run.stderr, run
    assert "asks this agent" in run.stderr and "use two names" in run.stderr, run


def test_another_agent_may_be_asked(start, folder, command):
    """The same name there is another profile."""
    other = {"type": "process", "credential_process": f"echo '{DOCUMENT}'"}
    start(config(t=other), name="other", socket=folder / "other.sock")
    words = command.replace("k.sock", "other.sock")
    agent = start(config(t={"type": "process", "credential_process": f"{words} t"}))
    assert agent.credentials("t")["AccessKeyId"] == "ASIAEXAMPLEKEYID0001"


def test_two_names_are_the_way_out(zero, command):
    """As the README has it for profiles of IAM Identity Center and roles."""
    agent = zero(
        f"[profile work-source]\ncredential_process = echo '{DOCUMENT}'\n"
        f"[profile work]\ncredential_process = {command} work-source\n"
    )
    for name in ("work", "work-source"):
        assert agent.credentials(name)["AccessKeyId"] == "ASIAEXAMPLEKEYID0001"


# ---- noticed when it happens ----


@pytest.mark.parametrize("way", ["{command} t", "(setsid -w {command} t)", "sh -c '{command} t & wait $!'"])
def test_a_script_that_asks_for_its_profile(start, folder, command, way):
    path = script(folder, "helper", way.format(command=command))
    agent = start(config(t={"type": "process", "credential_process": str(path)}))
    assert_loop(agent, "t")


def test_a_script_that_asks_for_a_role_on_itself(start, profiles, folder, command):
    path = script(folder, "helper", f"{command} r")
    base = {"type": "process", "credential_process": str(path)}
    agent = start(config(base=base, r=profiles.assume("base")))
    assert_loop(agent, "r")


def test_scripts_that_ask_for_each_other(start, folder, command):
    a, b = script(folder, "helper-a", f"exec {command} b"), script(folder, "helper-b", f"exec {command} a")
    agent = start(
        config(
            a={"type": "process", "credential_process": str(a), "refresh": "on_demand"},
            b={"type": "process", "credential_process": str(b), "refresh": "on_demand"},
        )
    )
    before = time.monotonic()
    run = keyfob("credential-process", "a", socket=agent.socket)
    assert run.returncode == 1 and "asks this agent" in run.stderr, run
    assert "asks this agent" in agent.profile("b")["last_error"]["detail"], run
    assert agent.profile("a")["last_error"]["kind"] == "config"
    run = keyfob("wait", "a", socket=agent.socket)
    assert run.returncode == 1 and time.monotonic() - before < AT_ONCE_S, run


def test_a_script_may_fall_back(start, folder, command):
    path = script(folder, "helper", f"{command} t 2>/dev/null || echo '{DOCUMENT}'")
    agent = start(config(t={"type": "process", "credential_process": str(path)}))
    assert agent.credentials("t")["AccessKeyId"] == "ASIAEXAMPLEKEYID0001"


def test_a_script_may_ask_for_others(start, profiles, folder, command):
    path = script(folder, "helper", f"{command} other")
    agent = start(config(t={"type": "process", "credential_process": str(path)}, other=profiles.static()))
    assert agent.credentials("t")["AccessKeyId"] == agent.credentials("other")["AccessKeyId"]


def test_a_refresh_does_not_take_the_old_credentials_for_new_ones(start, folder, command):
    """Later fetches by the command ask the agent as the first did, which then holds credentials."""
    path = script(folder, "helper", f"test -e {folder}/once && exec {command} t; touch {folder}/once; echo '{DOCUMENT}'")
    agent = start(config(t={"type": "process", "credential_process": str(path)}))
    agent.credentials("t")
    reply = agent.refresh("t")
    assert reply.status == 502 and "asks this agent" in reply.problem()["detail"], reply
