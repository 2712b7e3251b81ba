# SPDX-License-Identifier: Apache-2.0
"""The command `keyfob`: what it prints, on which stream, with which exit code."""

import json
import re
import subprocess

import pytest
from support import paths
from support.agent import environment
from support.profiles import config
from support.programs import keyfob

COMMANDS = ["credential-process", "status", "sign", "presign", "events", "wait", "refresh"]


def test_credential_process(shared):
    run = keyfob("credential-process", "irsa", socket=shared.socket)
    assert run.returncode == 0 and run.stderr == ""
    assert json.loads(run.stdout) == shared.credentials("irsa")


def test_profile_as_option_and_socket_from_the_environment(shared):
    env = environment("/nonexistent", KEYFOB_SOCKET=str(shared.socket))
    run = keyfob("credential-process", "--profile", "onprem", env=env)
    assert json.loads(run.stdout) == shared.credentials("onprem")


def test_status_table(start, standin, profiles):
    standin.fault("rolesanywhere", "deny")
    agent = start(
        config(
            irsa=profiles.irsa(),
            onprem=profiles.onprem(),
            base=profiles.static(),
            **{"a_profile_with_a_name_that_is_rather_long_for_any_table": profiles.irsa()},
        )
    )
    agent.credentials("irsa")
    agent.wait_for_state("onprem", "failed", "empty")
    run = keyfob("status", socket=agent.socket)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 5, run.stdout  # for programs, each profile has one line
    assert re.match(r"PROFILE +TYPE +STATE", lines[0], re.IGNORECASE)
    row = next(line for line in lines if line.startswith("irsa"))
    assert "web_identity" in row and "fresh" in row and re.search(r"in \d+ min", row)
    assert "AccessDenied" in run.stdout and "never" in run.stdout


def test_shows_the_status_of_one_profile_and_as_json(shared):
    run = keyfob("status", "irsa", socket=shared.socket)
    assert run.returncode == 0 and "irsa" in run.stdout and "onprem" not in run.stdout
    run = keyfob("status", "--json", socket=shared.socket)
    names = [p["name"] for p in json.loads(run.stdout)["profiles"]]
    assert names == ["base", "irsa", "onprem", "tenant-a"]


def test_wait(start, standin, profiles):
    standin.fault("rolesanywhere", "hang")
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem()))
    assert keyfob("wait", "irsa", "--timeout", "20s", socket=agent.socket).returncode == 0
    run = keyfob("wait", "--timeout", "1s", socket=agent.socket)
    assert run.returncode == 1 and "onprem" in run.stderr
    assert keyfob("wait", "--live", socket=agent.socket).returncode == 0
    standin.clear_faults()
    assert keyfob("wait", "--timeout", "20s", socket=agent.socket).returncode == 0
    run = keyfob("wait", "irsa", "--min-ttl", "24h", "--timeout", "1s", socket=agent.socket)
    assert run.returncode == 1 and "irsa" in run.stderr


def test_wait_waits_for_an_agent_to_start(start, profiles, folder):
    """The start-up gate begins before the agent does."""
    command = [str(paths.KEYFOB), "wait", "--timeout", "20s", "--socket", str(folder / "k.sock")]
    with subprocess.Popen(command, env=environment(folder), stderr=subprocess.PIPE) as waiting:
        start(config(irsa=profiles.irsa()))
        assert waiting.wait(25) == 0, waiting.stderr.read()


def test_refresh(shared):
    before = shared.credentials("irsa")
    run = keyfob("refresh", "irsa", socket=shared.socket)
    assert run.returncode == 0, run.stderr
    assert shared.credentials("irsa") != before


def test_explains_failures(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), tenant=profiles.assume("irsa", external_id="wrong")))
    run = keyfob("credential-process", "tenant", socket=agent.socket)
    assert run.returncode == 1 and run.stdout == ""
    assert "AccessDenied" in run.stderr and "external ID" in run.stderr
    run = keyfob("credential-process", "nobody", socket=agent.socket)
    assert run.returncode == 1 and "nobody" in run.stderr
    run = keyfob("refresh", "tenant", socket=agent.socket)
    assert run.returncode == 1 and "AccessDenied" in run.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_no_agent(folder, command):
    rest = {"sign": ["GET", "https://sts.us-east-1.amazonaws.com/"], "presign": ["GET", "https://s3.amazonaws.com/"]}
    more = ["--timeout", "1s"] if command == "wait" else rest.get(command, ["irsa"] if command != "status" else [])
    run = keyfob(command, *more, socket=folder / "none.sock")
    assert run.returncode == 3 and run.stdout == ""
    assert str(folder / "none.sock") in run.stderr and "keyfobd" in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["status", "--nonsense"],
        ["sign"],
        ["sign", "GET"],
        ["sign", "GET", "https://x/", "-H", "no colon"],
        ["presign", "GET", "https://x/", "--expires-in", "soon"],
        ["wait", "--timeout", "soon"],
        ["status", "a", "b"],
        ["status", "--socket"],
    ],
)
def test_usage(arguments):
    run = keyfob(*arguments)
    assert run.returncode == 2 and run.stdout == "", run
    assert run.stderr.startswith("keyfob: ") and "\nhint: " in run.stderr, run


@pytest.mark.parametrize("arguments", [["login", "dev", "--nonsense"], ["status", "--socket"], ["sign", "GET"]])
def test_usage_error_of_a_known_command(arguments):
    """The hint points to the options of the command, not to the list of commands."""
    assert "\nhint: add --help" in keyfob(*arguments).stderr


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help(command):
    run = keyfob(*([command] if command else []), "--help")
    assert run.returncode == 0 and run.stderr == ""
    assert "usage: keyfob" in run.stdout.lower() and "examples:" in run.stdout.lower()
    assert max(map(len, run.stdout.splitlines())) <= 100
    if command is None:
        assert all(name in run.stdout for name in COMMANDS)


def test_sign_prints_headers(shared):
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/invoke"
    run = keyfob("sign", "POST", url, "-d", "{}", "--profile", "irsa", socket=shared.socket)
    assert run.returncode == 0, run.stderr
    headers = dict(line.split(": ", 1) for line in run.stdout.splitlines())
    assert {"authorization", "x-amz-date", "x-amz-security-token"} <= {n.lower() for n in headers}


def test_fails_when_standard_output_is_full(shared):
    """A full disk or a closed pipe is a failure, not a success without output."""
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [str(paths.KEYFOB), "credential-process", "irsa", "--socket", str(shared.socket)],
            env=environment("/nonexistent"),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert run.returncode == 1
