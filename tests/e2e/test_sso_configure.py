# SPDX-License-Identifier: Apache-2.0
"""What IAM Identity Center lets a user use, and profiles for it in ~/.aws/config; botocore and the AWS CLI read those."""

import json
import os
import subprocess
import sys

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from support import paths
from support.agent import environment
from support.profiles import config
from support.programs import keyfob
from support.sso import ACCOUNT, legacy, sso
from support.sso_cache import START_URL

OTHER = "210987654321"


@pytest.fixture
def agent(start, standin, cache):
    cache.log_in()
    return start(config(dev=sso(standin)))


def run(agent, *arguments, folder=None, **env):
    home = environment(folder or "/nonexistent", **env)
    return keyfob("sso", *arguments, socket=agent.socket, env=home)


def many(standin, count, page, roles=2):
    accounts = [
        {"id": f"{i:012}", "name": f"Account {i}", "roles": [f"Role{n}" for n in range(roles)]} for i in range(count)
    ]
    standin.control("POST", "sso", {"set": {"accounts": accounts, "page": page}})
    return accounts


def test_lists_what_boto3_lists(agent, standin, cache):
    accounts = many(standin, 23, 5, roles=7)
    token = cache.read()["accessToken"]
    portal = boto3.client("sso", region_name="us-east-1", endpoint_url=standin.url, config=Config(signature_version=UNSIGNED))
    theirs = [
        (a["accountId"], a["accountName"], r["roleName"])
        for page in portal.get_paginator("list_accounts").paginate(accessToken=token)
        for a in page["accountList"]
        for roles in portal.get_paginator("list_account_roles").paginate(accessToken=token, accountId=a["accountId"])
        for r in roles["roleList"]
    ]
    listed = run(agent, "list", "--json")
    assert listed.returncode == 0, listed.stderr
    document = json.loads(listed.stdout)
    assert document["session"] == "my-sso" and len(theirs) == 23 * 7
    assert [(r["account_id"], r["account_name"], r["role_name"]) for r in document["roles"]] == theirs
    table = run(agent, "list", "dev").stdout.splitlines()
    assert len(table) == 1 + len(theirs) and table[0].split() == ["ACCOUNT", "NAME", "ROLE"]
    assert table[1].split() == [accounts[0]["id"], "Account", "0", "Role0"]


def test_api(agent):
    page = agent.call("GET", "/v1/profiles/dev/sso/accounts")
    assert page.status == 200, page.body
    assert page.json()["accounts"][0] == {
        "account_id": ACCOUNT, "account_name": "Development", "email_address": f"{ACCOUNT}@example.com",
    }
    roles = agent.call("GET", f"/v1/profiles/dev/sso/roles?account_id={ACCOUNT}").json()
    assert roles == {"roles": [{"role_name": "Dev Role"}, {"role_name": "ReadOnly"}]}
    for path, status in (
        ("/sso/roles", 400),
        ("/sso/roles?account_id=1", 400),
        ("/sso/roles?account_id=12345678901x", 400),
        ("/sso/accounts?x=1", 400),
        ("/sso/accounts?account_id=123456789012", 400),
        ("/sso/accounts?next_token=%zz", 400),
        ("/sso/roles?account_id=999999999999", 502),
    ):
        assert agent.call("GET", f"/v1/profiles/dev{path}").status == status, path


def test_api_by_others(start, standin, profiles, cache):
    cache.log_in()
    closed = {"allow": [{"scopes": ["sign", "token", "status", "admin"]}]}
    agent = start(config(dev=sso(standin, **closed), keys=profiles.static()))
    assert agent.call("GET", "/v1/profiles/dev/sso/accounts").status == 403
    reply = agent.call("GET", "/v1/profiles/keys/sso/accounts")
    assert reply.status == 400 and "Identity Center" in reply.problem()["detail"]
    assert agent.call("GET", "/v1/profiles/none/sso/accounts").status == 404


def test_nobody_is_logged_in(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    reply = agent.call("GET", "/v1/profiles/dev/sso/accounts")
    assert (reply.status, reply.problem()["code"]) == (503, "login_required")
    cache.log_in()
    standin.control("POST", "sso", {"revoke": "access"})
    reply = agent.call("GET", "/v1/profiles/dev/sso/accounts")
    assert (reply.status, reply.problem()["code"]) == (503, "login_required"), reply.body
    assert "keyfob login dev" in reply.problem()["hint"]


@pytest.mark.parametrize("kind", ["error500", "garbage", "oversize", "cut", "throttle"])
def test_a_service_with_faults(agent, standin, kind):
    standin.fault("sso", kind)
    reply = agent.call("GET", "/v1/profiles/dev/sso/accounts")
    assert reply.status in (502, 503), reply.body
    standin.clear_faults()
    assert agent.call("GET", "/v1/profiles/dev/sso/accounts").status == 200


def test_a_peer_that_leaves_and_an_agent_that_ends(agent, standin):
    standin.fault("sso", "slow", seconds=30)
    for _ in range(3):
        connection = agent.connection()
        connection.request("GET", "/v1/profiles/dev/sso/accounts")
        connection.close()
    standin.clear_faults()
    assert agent.call("GET", "/v1/profiles/dev/sso/accounts").status == 200
    standin.fault("sso", "slow", seconds=30)
    connection = agent.connection()
    connection.request("GET", "/v1/profiles/dev/sso/accounts")  # under way when the fixture ends the agent


# ---- configure ----

EXISTING = (
    "# mine\n[default]\nregion=eu-north-1\n\n[profile other]\n  role_arn = x   \n"
    f"[sso-session my-sso]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n# end without a newline"
)


def aws_folder(folder):
    (folder / ".aws").mkdir(exist_ok=True)
    return folder / ".aws" / "config"


def test_configure(agent, standin, folder, cache, monkeypatch):
    file = aws_folder(folder)
    file.write_text(EXISTING)
    file.chmod(0o640)
    done = run(agent, "configure", "--session", "my-sso", "--region", "eu-west-1", folder=folder)
    assert done.returncode == 0 and "3 profiles added, 0 were there" in done.stdout, done
    text = file.read_text()
    assert text.startswith(EXISTING) and file.stat().st_mode & 0o777 == 0o640
    read = botocore.session.Session()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    profiles = read.full_config["profiles"]
    assert set(profiles) == {"default", "other", "Development.Dev-Role", "Development.ReadOnly", "Prod---EU.ReadOnly"}
    assert profiles["Development.Dev-Role"] == {
        "sso_session": "my-sso", "sso_account_id": ACCOUNT, "sso_role_name": "Dev Role", "region": "eu-west-1",
    }
    assert profiles["Prod---EU.ReadOnly"]["sso_account_id"] == OTHER
    # Again: nothing changes.
    before = file.stat().st_ino, file.read_bytes()
    done = run(agent, "configure", "--session", "my-sso", "--region", "eu-west-1", folder=folder)
    assert done.returncode == 0 and "0 profiles added, 3 were there" in done.stdout
    assert (file.stat().st_ino, file.read_bytes()) == before


@pytest.mark.parametrize("command", ["get", "caller"])
def test_the_aws_cli_uses_the_profiles(agent, standin, folder, cache, command):
    file = aws_folder(folder)
    file.write_text(EXISTING + "\n")
    assert run(agent, "configure", "--region", "eu-west-1", folder=folder).returncode == 0
    env = environment(folder, AWS_ENDPOINT_URL=standin.url, AWS_EC2_METADATA_DISABLED="true")
    arguments = ["configure", "get", "sso_role_name"] if command == "get" else ["sts", "get-caller-identity"]
    aws = [sys.executable, "-m", "awscli", *arguments, "--profile", "Development.Dev-Role"]
    done = subprocess.run(aws, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    if command == "get":
        assert done.stdout == "Dev Role\n"
    else:
        assert json.loads(done.stdout)["Account"] == ACCOUNT


def test_dry_run(agent, folder):
    file = aws_folder(folder)
    file.write_text(EXISTING)
    done = run(agent, "configure", "--dry-run", folder=folder)
    assert done.returncode == 0 and file.read_text() == EXISTING
    assert done.stdout.startswith("[profile Development.Dev-Role]\nsso_session = my-sso\n") and "[sso-session" not in done.stdout


def test_a_new_file(agent, folder):
    done = run(agent, "configure", folder=folder)
    assert done.returncode == 0, done.stderr
    file = folder / ".aws" / "config"
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"[sso-session my-sso]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n" in file.read_text()


def test_a_symbolic_link_stays(agent, folder):
    file = aws_folder(folder)
    real = folder / "dotfiles"
    real.write_text(EXISTING)
    file.symlink_to(real)
    assert run(agent, "configure", folder=folder).returncode == 0
    assert file.is_symlink() and real.read_text().startswith(EXISTING) and "Dev Role" in real.read_text()
    file.unlink()
    file.symlink_to(folder / "nowhere")
    done = run(agent, "configure", folder=folder)
    assert done.returncode == 1 and file.is_symlink() and not (folder / "nowhere").exists()


def test_collisions(agent, standin, folder):
    accounts = [{"id": ACCOUNT, "name": "A B", "roles": ["R"]}, {"id": OTHER, "name": "A-B", "roles": ["R", "S"]}]
    standin.control("POST", "sso", {"set": {"accounts": accounts}})
    file = aws_folder(folder)
    file.write_text(EXISTING + "\n[profile A-B.S]\nregion = x\n")
    done = run(agent, "configure", folder=folder)
    assert done.returncode == 1 and "another role has the same name" in done.stderr
    assert "the file has another profile of this name" in done.stderr
    assert file.read_text().count("[profile A-B.R]") == 1 and file.read_text().count("[profile A-B.S]") == 1
    done = run(agent, "configure", "--name-template", "{account_id}-{role_name}", folder=folder)
    assert done.returncode == 0 and f"[profile {OTHER}-S]" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["configure", "--name-template", "{x}"], 2, "unknown"),
        (["configure", "--name-template", ""], 2, "no name"),
        (["configure", "--name-template", "{role_name}" * 40], 2, "too long"),
        (["configure", "--region", "a b"], 2, "--region"),
        (["list", "--dry-run"], 2, "--dry-run"),
        (["remove"], 2, "no such subcommand"),
        (["list", "--session", "none"], 1, "no profile of the agent"),
        (["list", "--start-url", "https://other"], 1, "no profile of the agent"),
        (["list", "none"], 1, "none"),
        (["configure", "--file", "/proc/self/nothing/x"], 1, "cannot"),
    ],
)
def test_refused(agent, folder, arguments, code, word):
    done = run(agent, *arguments, folder=folder)
    assert done.returncode == code and word in done.stderr, done


def test_several_sessions(start, standin, cache, folder):
    cache.log_in()
    cache.log_in(key="second")
    agent = start(config(dev=sso(standin), other=sso(standin, sso_session="second")))
    done = run(agent, "list")
    assert done.returncode == 2 and "my-sso, second" in done.stderr
    assert run(agent, "list", "--session", "second").returncode == 0
    assert run(agent, "list", "--start-url", START_URL, "--session", "my-sso").returncode == 0


def test_the_older_form_has_no_session_to_write(start, standin, cache, folder):
    cache.log_in(key=START_URL, scopes=())
    agent = start(config(dev=legacy(standin)))
    assert run(agent, "list", "--start-url", START_URL).returncode == 0
    done = run(agent, "configure", folder=folder)
    assert done.returncode == 1 and "sso_session" in done.stderr


def test_a_full_disk_leaves_the_file_alone(agent, folder):
    file = aws_folder(folder)
    file.write_text(EXISTING)
    done = subprocess.run(
        ["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", *command_of(agent)],
        env=environment(folder), capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 1 and "cannot write" in done.stderr, done
    assert file.read_text() == EXISTING and os.listdir(file.parent).count("config") == 1
    assert not [n for n in os.listdir(file.parent) if n.startswith("config.")]


def command_of(agent):
    return [str(paths.KEYFOB), "sso", "configure", "--socket", str(agent.socket)]
