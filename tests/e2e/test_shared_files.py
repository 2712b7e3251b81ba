# SPDX-License-Identifier: Apache-2.0
"""~/.aws/config, ~/.aws/credentials and the default chain: the agent and boto3, with the very same environment and
files, are the same identity."""

import json
import sys

import pytest
from standin import demo
from support.agent import environment
from support.aws import echo
from support.programs import keyfob, output_of, run
from support.shared_home import boto, files, keys, role, variables

BASE = demo.ROLE + "base"
TENANT = demo.TENANT_ROLE + "tenant-a"


@pytest.mark.parametrize(
    ("config", "credentials", "more", "source", "arn"),
    [
        ("", "[default]\n{keys}", {}, "profile default: credentials_file", demo.USER),
        ("[default]\n{keys}", "", {}, "profile default: config_file", demo.USER),
        ("[profile x]\n{keys}", "", {"AWS_PROFILE": "x"}, "profile x: config_file", demo.USER),
        ("", "[default]\nregion = us-east-1\n", {"keys": True}, "environment", demo.USER),
        (
            f"[default]\n{role(BASE, 'k', 'role_session_name = chain')}\n",
            "[k]\n{keys}",
            {},
            "profile default: assume_role",
            BASE,
        ),
        (
            f"[default]\n{role(TENANT, 'default', 'external_id = ' + demo.EXTERNAL_ID)}\n",
            "[default]\n{keys}",
            {},
            "profile default: assume_role",
            TENANT,
        ),
        (
            f"[default]\n{role(demo.TENANT_ROLE + 'tenant-a-bedrock', 't')}\n"
            f"[profile t]\n{role(TENANT, 'k', 'external_id = ' + demo.EXTERNAL_ID)}\n",
            "[k]\n{keys}",
            {},
            "profile default: assume_role",
            demo.TENANT_ROLE + "tenant-a-bedrock",
        ),
        (
            f"[default]\nrole_arn = {BASE}\ncredential_source = Environment\n",
            "",
            {"keys": True, "AWS_PROFILE": "default"},
            "environment",
            demo.USER,
        ),
        ("", "[default]\n{keys}", {"web": True}, "web_identity", demo.ROLE + "gateway"),
        (
            f"[default]\nrole_arn = {demo.ROLE}gateway\nweb_identity_token_file = {{token}}\n",
            "[default]\n{keys}",
            {},
            "profile default: web_identity",
            demo.ROLE + "gateway",
        ),
    ],
)
def test_same_as_boto(start, standin, folder, config, credentials, more, source, arn):
    token = str(standin.dir / "token.jwt")
    env = {name: value for name, value in more.items() if name.startswith("AWS_")}
    if more.get("keys"):
        env["AWS_ACCESS_KEY_ID"] = standin.user["access_key_id"]
        env["AWS_SECRET_ACCESS_KEY"] = standin.user["secret_access_key"]
    if more.get("web"):
        env.update(AWS_ROLE_ARN=demo.ROLE + "gateway", AWS_WEB_IDENTITY_TOKEN_FILE=token)
    fill = {"keys": keys(standin), "token": token}
    files(folder, config.format(**fill), credentials.format(**fill))
    env = variables(standin, folder, **env)
    agent = start(None, env=env)
    ours, theirs = echo(standin, agent.credentials("default")), boto(standin, env)
    assert ours.get("role") == theirs.get("role") and (ours.get("role") or ours["arn"]) == arn
    if not ours.get("role"):
        assert ours["arn"] == theirs["arn"]
    profile = agent.profile("default")
    assert profile["type"] == "default_chain" and profile["source"] == source
    assert profile["chain"][-1]["link"] == source


def test_named_profiles(start, standin, folder):
    """Every profile of the files, on demand; a broken one is reported, and the others are served."""
    files(
        folder,
        f"[profile tenant]\n{role(TENANT, 'k', 'external_id = ' + demo.EXTERNAL_ID)}\n"
        f"[profile broken]\n{role(TENANT, 'broken')}\n",
        f"[default]\n{keys(standin)}[k]\n{keys(standin)}",
    )
    env = variables(standin, folder)
    agent = start(None, env=env)
    assert echo(standin, agent.credentials("tenant"))["role"] == TENANT
    assert boto(standin, {**env, "AWS_PROFILE": "tenant"})["role"] == TENANT
    names = {p["name"]: p for p in agent.call("GET", "/v1/profiles").json()["profiles"]}
    assert set(names) == {"default", "tenant", "broken", "k"}
    assert names["broken"]["state"] == "failed" and "(broken -> broken)" in names["broken"]["last_error"]["detail"]
    status, problem = agent.refusal("broken")
    assert status == 502 and problem["code"] and "(broken -> broken)" in problem["detail"]
    shown = output_of(keyfob("status", "tenant", env=env))
    assert "source: profile tenant: assume_role (role_arn of" in shown and "on profile k" in shown


def test_external_id_beside_the_role(start, standin, folder):
    files(folder, "", f"[default]\n{keys(standin)}")
    env = variables(standin, folder, AWS_ROLE_ARN=TENANT, AWS_EXTERNAL_ID=demo.EXTERNAL_ID, AWS_ROLE_SESSION_NAME="me")
    agent = start(None, env=env)
    seen = echo(standin, agent.credentials("default"))
    assert seen["role"] == TENANT and seen["session_name"] == "me"
    assert standin.calls(action="AssumeRole")[0]["caller"] == demo.USER


def test_role_alone_is_not_used(start, standin, folder):
    files(folder, "", f"[default]\n{keys(standin)}")
    env = variables(standin, folder, AWS_ROLE_ARN=TENANT)
    agent = start(None, env=env)
    assert echo(standin, agent.credentials("default"))["arn"] == boto(standin, env)["arn"] == demo.USER
    assert any("AWS_ROLE_ARN alone is not used" in link["outcome"] for link in agent.profile("default")["chain"])


def test_shared_config_in_our_own_file(start, standin, folder):
    files(folder, f"[profile a]\n{role(BASE, 'k')}\n", f"[k]\n{keys(standin)}")
    profiles = {"mine": {"type": "shared_config", "profile": "a"}, "chain": {"type": "default_chain", "profile": "k"}}
    agent = start({"profiles": profiles}, env=variables(standin, folder))
    assert echo(standin, agent.credentials("mine"))["role"] == BASE
    assert echo(standin, agent.credentials("chain"))["arn"] == demo.USER
    profiles["mine"]["profile"] = "none"
    before = agent.credentials("mine")
    agent.reload({"profiles": profiles})
    (line,) = agent.events("config_reload_failed")
    assert "profiles.mine" in line and "no profile none" in line
    assert agent.credentials("mine") == before


def test_reports_a_broken_file(start, standin, folder):
    files(folder, "[profile a\n")
    agent = start(None, listening=False, env=variables(standin, folder))
    assert agent.process.wait(10) == 78
    assert ".aws/config:1" in agent.stderr()
