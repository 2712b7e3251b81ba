# SPDX-License-Identifier: Apache-2.0
"""~/.aws files that are devices, section lines that are odd, and an endpoint of a profile whose chain is in those files;
boto3 says what is right where it can."""

import json
import os

import pytest
from standin import demo
from support.aws import echo
from support.profiles import config
from support.shared_home import boto, files, keys, role, variables

BASE = demo.ROLE + "base"


def read_as_both(start, standin, folder, **more):
    """The identity that the agent serves as `default`, which is boto3's."""
    agent = start(None, env=variables(standin, folder, **more))
    served = echo(standin, agent.credentials("default"))
    judged = boto(standin, variables(standin, folder, **more))
    assert served["role"] == judged["role"] and (served["role"] or served["arn"] == judged["arn"])
    return agent, served


@pytest.mark.parametrize("names", [("AWS_CONFIG_FILE",), ("AWS_SHARED_CREDENTIALS_FILE",), ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")])
def test_no_shared_files_by_a_device(start, standin, folder, names):
    files(folder, f"[profile other]\n{keys(standin)}", "[other2]\naws_access_key_id = x")
    user = standin.user
    more = {"AWS_ACCESS_KEY_ID": user["access_key_id"], "AWS_SECRET_ACCESS_KEY": user["secret_access_key"]}
    agent, served = read_as_both(start, standin, folder, **more, **dict.fromkeys(names, "/dev/null"))
    assert served["arn"] == demo.USER
    assert len(agent.call("GET", "/v1/profiles").json()["profiles"]) == 3 - len(names)
    # Everybody writes to /dev/null, which changes nothing.
    for _ in range(50):
        with open("/dev/null", "w", encoding="ascii") as null:
            null.write("x")
    agent.reload()
    assert len(agent.events("config_reloaded")) == 1


@pytest.mark.parametrize("path", ["/dev/zero", "pipe"])
def test_what_is_no_file_is_refused_at_once(start, standin, folder, path):
    if path == "pipe":
        path = str(folder / "pipe")
        os.mkfifo(path)
    agent = start(None, env=variables(standin, folder, AWS_CONFIG_FILE=path), listening=False)
    assert agent.process.wait(20) == 78
    assert path in agent.stderr() and "is not a regular file" in agent.stderr()


NAMES = {
    "R&D": "[profile R&D]",
    "[PROD]-x": "[profile [PROD]-x]",
    "my team": '[profile "my team"]',
    "team (prod), eu": "[profile 'team (prod), eu']",
    "a b": r"[profile a\ b]",
    "größe!": "[profile größe!]",
    "x#1;2": "[profile x#1;2]  # the first",
    "it's": '[profile "it\'s"]',
}


@pytest.mark.parametrize("name", NAMES)
def test_names_with_other_characters(start, standin, folder, name):
    files(folder, f"{NAMES[name]}\n{keys(standin)}[default]\nregion = x\n")
    agent, served = read_as_both(start, standin, folder, AWS_PROFILE=name)
    assert served["arn"] == demo.USER
    agent.end()
    # As a source, too.
    files(folder, f"[default]\n{role(BASE, name)}{NAMES[name]}\n{keys(standin)}")
    _, served = read_as_both(start, standin, folder)
    assert served["role"] == BASE


@pytest.mark.parametrize("odd", ["[profile [PROD]-x]", "[profile it's]", "[profile a b]", "[profile x", "[", "[profile a] b"])
def test_one_odd_section_line_costs_no_other_profile(start, standin, folder, odd):
    files(folder, f"[default]\n{keys(standin)}{odd}\nregion = x\n[profile work]\n{keys(standin)}")
    agent = start(None, env=variables(standin, folder))
    for name in ("default", "work"):
        assert echo(standin, agent.credentials(name))["arn"] == demo.USER
    agent.end()
    # The line and the character are named to who asks for it.
    where = {"[profile it's]": 'config:4, character 12', "[profile x": "config:4, character 11"}.get(odd)
    if where:
        name = odd.split(" ", 1)[1].rstrip("]")
        failing = start(None, env=variables(standin, folder, AWS_PROFILE=name), listening=False)
        if failing.process.poll() is None:
            failing.wait_until_listening()
            assert where in json.dumps(failing.profile("default")["last_error"])
        else:
            assert where in failing.stderr()


def chain(standin):
    return (
        f"[profile one]\n{role(demo.TENANT_ROLE + 'tenant-a-bedrock', 'two')}"
        f"[profile two]\n{role(demo.TENANT_ROLE + 'tenant-a', 'user', 'external_id = ' + demo.EXTERNAL_ID)}\n"
        f"[profile user]\n{keys(standin)}"
    )


@pytest.mark.parametrize("kind", ["shared_config", "default_chain"])
def test_an_endpoint_is_that_of_each_call_of_the_chain(start, standin, folder, kind):
    files(folder, chain(standin) + "endpoint_url = http://127.0.0.1:9\n")
    env = variables(standin, folder)
    env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"  # the profile's own goes before it
    agent = start(config(p={"type": kind, "profile": "one", "endpoint_url": standin.url}), env=env)
    reply = agent.call("GET", "/v1/profiles/p/credentials")
    assert reply.status == 200, reply.body
    assert len(standin.calls(action="AssumeRole")) == 2


@pytest.mark.parametrize("kind", ["container", "imds"])
def test_an_endpoint_is_never_that_of_the_host(start, standin, folder, kind):
    """Nor does a link of the chain that does not call AWS make an error of it."""
    gateway = demo.ROLE + "gateway"
    standin.control("POST", "host", {"container_role": gateway, "instance_role": gateway})
    tenant = demo.TENANT_ROLE + "tenant-a"
    env = variables(standin, folder)
    if kind == "container":
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{standin.url}/v1/credentials"
    else:
        env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = standin.url
        del env["AWS_EC2_METADATA_DISABLED"]
    agent = start(config(p={"type": "default_chain", "endpoint_url": "http://127.0.0.1:9"}), env=env)
    assert echo(standin, agent.credentials("p"))["role"] == gateway
    agent.end()
    # As the base of a role, which is assumed there.
    source = {"container": "EcsContainer", "imds": "Ec2InstanceMetadata"}[kind]
    files(folder, f"[default]\nrole_arn = {tenant}\nexternal_id = {demo.EXTERNAL_ID}\ncredential_source = {source}\n")
    env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"
    agent = start(config(p={"type": "shared_config", "endpoint_url": standin.url}), env=env)
    assert echo(standin, agent.credentials("p"))["role"] == tenant
    assert len(standin.calls(action="AssumeRole")) == 1
