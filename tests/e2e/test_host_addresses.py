# SPDX-License-Identifier: Apache-2.0
"""The addresses that a machine of AWS really has, in a network namespace: keyfob finds its credentials there without
being told where, as boto3 does in the same place, and no proxy hears of it."""

import json
import socket
import subprocess
import sys

import pytest
from standin import demo
from support import namespace
from support.agent import Agent, environment
from support.aws import echo
from support.profiles import config

WHY_NOT = namespace.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

CONTAINER_ROLE, INSTANCE_ROLE = demo.ROLE + "base", demo.ROLE + "gateway"
TOKEN = "token-of-a-pod-" + "t" * 32
RELATIVE = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0b1f"}
EKS = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "token",
}
EKS_V6 = {**EKS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[fd00:ec2::23]/v1/credentials"}
V6 = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
BOTO = """
import json, boto3
keys = boto3.Session(region_name="us-east-1").get_credentials().get_frozen_credentials()
print(json.dumps({"AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret_key, "SessionToken": keys.token}))
"""


@pytest.fixture(scope="module")
def host_process():
    standin = namespace.HostStandIn()
    yield standin
    standin.stop()


@pytest.fixture
def host(host_process):
    """A machine with a role for its containers and one for itself."""
    host_process.reset()
    host_process.control("POST", "host", {"container_role": CONTAINER_ROLE, "instance_role": INSTANCE_ROLE})
    return host_process


@pytest.fixture
def run(host, folder):
    """run(config, environment) is an agent on that machine; None: without a configuration."""
    agents = []

    def run_agent(document, env, enter=host.enter):
        arguments = () if document else ("--socket", folder / "k.sock")
        agents.append(Agent(folder, document, arguments, environment(folder, **env), preexec=enter))
        return agents[-1].wait_until_listening()

    yield run_agent
    try:
        for agent in agents:
            agent.end()
            agent.check_log(host.secrets() | {TOKEN})
    finally:
        for agent in agents:
            if agent.process.poll() is None:
                agent.process.kill()
                agent.process.wait()


def seen_by_aws(host, credentials):
    return host.inside(echo, host, credentials)["role"]


def boto(host, folder, env):
    done = subprocess.run(
        [sys.executable, "-c", BOTO],
        env=environment(folder, **env),
        preexec_fn=host.enter,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


CASES = {
    "instance": ({"type": "imds"}, {}, INSTANCE_ROLE, "169.254.169.254"),
    "instance by IPv6": ({"type": "imds"}, V6, INSTANCE_ROLE, "[fd00:ec2::254]"),
    "instance by the profile's mode": (
        {"type": "imds", "endpoint_mode": "IPv6"},
        {},
        INSTANCE_ROLE,
        "[fd00:ec2::254]",
    ),
    "ECS": ({"type": "container"}, RELATIVE, CONTAINER_ROLE, "169.254.170.2"),
    "EKS": ({"type": "container"}, EKS, CONTAINER_ROLE, "169.254.170.23"),
    "EKS by IPv6": ({"type": "container"}, EKS_V6, CONTAINER_ROLE, "[fd00:ec2::23]"),
    "chain, empty environment": (None, {}, INSTANCE_ROLE, "169.254.169.254"),
    "chain, IPv6": (None, V6, INSTANCE_ROLE, "[fd00:ec2::254]"),
    "chain, ECS": (None, RELATIVE, CONTAINER_ROLE, "169.254.170.2"),
    "chain, EKS": (None, EKS, CONTAINER_ROLE, "169.254.170.23"),
    "chain, EKS by IPv6": (None, EKS_V6, CONTAINER_ROLE, "[fd00:ec2::23]"),
}


@pytest.mark.parametrize("name", CASES)
def test_uses_the_well_known_addresses(run, host, folder, name):
    profile, env, role, at = CASES[name]
    if "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" in env:
        (folder / "token").write_text(TOKEN)
        host.control("POST", "host", {"authorization": TOKEN})
    proxy = host.inside(socket.create_server, ("127.0.0.1", 0))
    with proxy:
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        proxies = dict.fromkeys(PROXIES, url)
        agent = run(config(default=profile) if profile else None, {**env, **proxies})
        assert seen_by_aws(host, agent.credentials("default", wait=30)) == role
        asked = {c["host"] for c in host.calls() if c["target"] in ("container", "imds")}
        assert asked == {at}
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()
    # boto3 takes the profile's mode from its own file only.
    if not (profile and "endpoint_mode" in profile):
        assert seen_by_aws(host, boto(host, folder, env)) == role


def test_reports_a_machine_without_metadata_service(run, folder):
    """There is not even a route: reported at once, with a hint."""
    agent = run(config(p={"type": "imds", "refresh": "on_demand"}), {}, namespace.enter_an_empty_one)
    reply = agent.refresh("p")
    problem = reply.problem()
    assert reply.status >= 500 and "http://169.254.169.254" in problem["detail"] and problem["hint"]
