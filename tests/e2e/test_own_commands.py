# SPDX-License-Identifier: Apache-2.0
"""keyfob credential-process -- COMMAND: any other credential process, run and kept by the user's own agent."""

import json
import os

import boto3
import pytest
from standin import demo
from support import paths
from support.own_agent import OwnAgent
from support.programs import AWS, output_of, run

KEY, SECRET = "ASIAEXAMPLEKEYID0001", "s" * 40
FAR = "2099-01-01T00:00:00Z"


@pytest.fixture
def one(folder, standin):
    own = OwnAgent(folder, aws=f"[profile p]\ncredential_process = {paths.KEYFOB} credential-process -- {folder}/there\n")
    yield own
    own.end([*standin.secrets(), SECRET])


def tool(one, name="tool", expiration=FAR, more=""):
    """A program that counts how often it runs."""
    document = {"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET}
    if expiration:
        document["Expiration"] = expiration
    path = one.home / name
    path.write_text(f"#!/bin/sh\necho \"$*\" >> {one.home}/{name}.runs\n{more}\necho '{json.dumps(document)}'\n")
    path.chmod(0o755)
    return path


def runs(one, name="tool"):
    path = one.home / f"{name}.runs"
    return path.read_text().splitlines() if path.exists() else []


def test_runs_once_for_all_that_ask(one):
    path = tool(one)
    finished = one.at_once(12, "credential-process", "--", str(path), "it's", "a b", "--profile", "x", '"$HOME"')
    assert all(json.loads(f.stdout)["AccessKeyId"] == KEY for f in finished), finished
    assert runs(one) == ['it\'s a b --profile x "$HOME"']
    assert len(one.running()) == 1
    # Another command is another one, wherever it is asked for.
    for name, place in (("a", "/"), ("b", "/tmp"), ("a", "/tmp")):
        assert one.keyfob("credential-process", "--", str(path), name, cwd=place).returncode == 0
    assert runs(one)[1:] == ["a", "b"]


def test_runs_again_when_they_have_ended(one):
    path = tool(one, more="[ -e $(dirname $0)/again ] && echo '{\"Version\": 1}' && exit")
    soon = tool(one, "soon", expiration="2020-01-01T00:00:00Z")
    assert one.keyfob("credential-process", "--", str(path)).returncode == 0
    for count in (1, 2):
        finished = one.keyfob("credential-process", "--", str(soon))
        assert finished.returncode == 1 and finished.stdout == "", finished
        assert len(runs(one, "soon")) == count
    (one.home / "again").touch()
    assert one.keyfob("credential-process", "--", str(path)).returncode == 0  # what is held is good
    assert len(runs(one)) == 1


def test_what_fails_is_said_at_once(one):
    path = tool(one, more="echo no session, log in first >&2; exit 3")
    finished = one.keyfob("credential-process", "--", str(path))
    assert finished.returncode == 1 and "tool ended with status 3: no session, log in first" in finished.stderr
    assert len(runs(one)) == 1
    for word in ("nonexistent-tool", "./nonexistent", str(one.home)):
        finished = one.keyfob("credential-process", "--", word)
        assert finished.returncode == 1 and "nonexistent" in finished.stderr or str(one.home) in finished.stderr
    assert one.keyfob("credential-process", "p", "--", str(path)).returncode == 2
    assert one.keyfob("credential-process", "--profile", "p", "--", str(path)).returncode == 2


def test_a_loop_is_noticed(one):
    command = f"{paths.KEYFOB} credential-process -- {one.home}/loop"
    loop = tool(one, "loop", more=f"exec {command}")
    finished = one.keyfob("credential-process", "--", str(loop))
    assert finished.returncode == 1 and "need the command itself" in finished.stderr, finished
    assert "by itself" in finished.stderr and "two names" not in finished.stderr, finished
    # Through a profile of the configuration.
    there = tool(one, "there", more=f"exec {paths.KEYFOB} credential-process p")
    finished = one.keyfob("credential-process", "--", str(there))
    assert finished.returncode == 1 and "there ended with status 1" in finished.stderr, finished
    assert "profile p: credential_process: keyfob asks this agent for credentials" in one.log()


def test_the_variables_of_aws_that_choose_files(one):
    path = tool(one, more="echo $AWS_REGION,$AWS_CONFIG_FILE,$AWS_PROFILE,$AWS_ACCESS_KEY_ID >> ${0}.env")
    more = {"AWS_PROFILE": "p", "AWS_ACCESS_KEY_ID": "AKIAOFONESHELL000000", "KEYFOB_PROFILE": "p"}
    for region in ("eu-west-1", "us-east-1", "eu-west-1"):
        assert one.keyfob("credential-process", "--", str(path), env={"AWS_REGION": region, **more}).returncode == 0
    lines = (one.home / "tool.env").read_text().splitlines()
    assert lines == ["eu-west-1,,,", "us-east-1,,,"]


def test_their_number_is_limited(one):
    path = tool(one)
    for i in range(40):
        assert one.keyfob("credential-process", "--", str(path), str(i)).returncode == 0
    assert one.keyfob("credential-process", "--", str(path), "39").returncode == 0
    assert len(runs(one)) == 40
    assert one.keyfob("credential-process", "--", str(path), "0").returncode == 0  # the oldest had to go
    assert len(runs(one)) == 41


def test_other_agents_run_no_commands(one, start, folder):
    """One that was not started for its user: a service, or an agent whose socket reaches into containers."""
    agent = start({"profiles": {"a": {"type": "process", "credential_process": "false"}}}, name="service")
    reply = agent.call("POST", "/v1/commands", {"command": ["touch", str(folder / "ran")]})
    assert reply.status == 403 and "keyfob agent start" in reply.problem()["hint"], reply
    assert not (folder / "ran").exists()
    path = tool(one)
    finished = one.keyfob("credential-process", "--socket", str(agent.socket), "--", str(path))
    assert finished.returncode == 1 and "keyfob agent start" in finished.stderr and not runs(one), finished


@pytest.mark.parametrize(
    "body",
    [{}, {"command": []}, {"command": [""]}, {"command": "tool"}, {"command": [1]}, {"command": ["a\0b"]},
     {"command": ["a"] * 257}, {"command": ["a"], "directory": "/"}],
)  # fmt: skip
def test_what_is_no_command(one, start, body):
    agent = start(
        {"profiles": {"a": {"type": "process", "credential_process": "false"}}}, arguments=["--run-commands"]
    )
    reply = agent.call("POST", "/v1/commands", body)
    assert reply.status == 400 and reply.problem()["code"] == "invalid_request", reply


def test_judges_aws_cli_and_boto3(one, standin, monkeypatch):
    """Unmodified clients, with nothing but ~/.aws/config."""
    user = standin.user
    document = json.dumps(
        {"Version": 1, "AccessKeyId": user["access_key_id"], "SecretAccessKey": user["secret_access_key"]}
    )
    path = one.home / "slow tool"
    path.write_text(f"#!/bin/sh\necho run >> {one.home}/slow.runs\necho '{document}'\n")
    path.chmod(0o755)
    (one.home / ".aws" / "config").write_text(
        f"[profile gateway]\nregion = us-east-1\nendpoint_url = {standin.url}\n"
        f"credential_process = {paths.KEYFOB} credential-process -- '{path}' x\n"
    )
    for _ in range(3):
        finished = run(AWS, "sts", "get-caller-identity", "--profile", "gateway", "--output", "json", env=one.env)
        assert json.loads(output_of(finished))["Arn"] == demo.USER
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in one.env.items():
        monkeypatch.setenv(name, value)
    assert boto3.Session(profile_name="gateway").client("sts").get_caller_identity()["Arn"] == demo.USER
    assert (one.home / "slow.runs").read_text() == "run\n"
