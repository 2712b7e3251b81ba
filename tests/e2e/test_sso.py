# SPDX-License-Identifier: Apache-2.0
"""IAM Identity Center: the token cache that is shared with the AWS CLI and boto3, both ways."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import boto3
import botocore.session
import pytest
import yaml
from botocore.credentials import JSONFileCache
from botocore.tokens import SSOTokenProvider
from botocore.utils import SSOTokenLoader
from jsonschema import Draft202012Validator
from standin import demo
from support import paths
from support.agent import environment
from support.aws import echo
from support.polling import until
from support.profiles import config
from support.sso_cache import START_URL, Cache, rfc3339

ACCOUNT = "123456789012"
OTHER_UID = 54321
AWS = Path(sys.executable).with_name("aws")
DESCRIPTION = yaml.safe_load((paths.REPOSITORY / "proto" / "openapi.yaml").read_text())
LOGIN = Draft202012Validator(DESCRIPTION["components"]["schemas"]["Login"])


def become_somebody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(OTHER_UID)
        os.setuid(OTHER_UID)


@pytest.fixture
def cache(folder, standin):
    return Cache(folder, standin)


def sso(standin, role="Dev Role", **more):
    return {
        "type": "sso",
        "sso_session": "my-sso",
        "sso_start_url": START_URL,
        "sso_region": "us-east-1",
        "sso_account_id": ACCOUNT,
        "sso_role_name": role,
        "endpoint_url": standin.url,
        **more,
    }


def legacy(standin, **more):
    profile = sso(standin, **more)
    del profile["sso_session"]
    return profile


def boto_session(folder, standin, monkeypatch):
    """botocore with the same settings in ~/.aws/config."""
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(
        "[profile dev]\nregion = us-east-1\nsso_session = my-sso\n"
        f"sso_account_id = {ACCOUNT}\nsso_role_name = Dev Role\n"
        f"[sso-session my-sso]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
    )
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in environment(folder, AWS_ENDPOINT_URL=standin.url, AWS_EC2_METADATA_DISABLED="true").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(folder / ".aws" / "sso" / "cache"))
    session = botocore.session.Session(profile="dev")
    return session


def test_role_of_a_cached_token(start, standin, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    credentials = agent.credentials("dev")
    assert credentials["AccountId"] == ACCOUNT
    assert echo(standin, credentials)["role"].endswith("AWSReservedSSO_Dev-Role_0123456789abcdef")
    (call,) = standin.calls(action="GetRoleCredentials")
    assert call["verified"] and call["role"] == "Dev Role" and call["account"] == ACCOUNT
    assert agent.profile("dev")["account_id"] == ACCOUNT


def test_legacy_token_is_found_by_start_url(start, standin, cache):
    """The times of old versions of the AWS CLI end in UTC."""
    cache.log_in(key=START_URL, suffix="UTC", scopes=[])
    assert "refreshToken" not in cache.read(START_URL)
    agent = start(config(dev=legacy(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_nobody_is_logged_in_then_somebody_is(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    status, problem = agent.refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")
    assert 'run "keyfob login dev"' in problem["hint"] and "aws sso login --sso-session my-sso" in problem["hint"]
    assert "retry_after" not in problem and standin.calls() == []
    assert agent.profile("dev")["last_error"]["kind"] == "interaction"
    # The AWS CLI logs in: the next request finds it, without a reload.
    cache.log_in()
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_expired_without_refresh_token(start, standin, cache):
    cache.log_in(key=START_URL, scopes=[], seconds=-5)
    status, problem = start(config(dev=legacy(standin))).refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")
    assert "ended at" in problem["detail"] and standin.calls() == []


@pytest.mark.parametrize("seconds", [-100, 120])
def test_token_is_renewed_and_written_back(start, standin, cache, folder, monkeypatch, seconds):
    before = cache.log_in(seconds=seconds, more={"somethingNew": {"a": [1, "é\\\"", None]}, "zoom": 1.5})
    agent = start(config(dev=sso(standin)))
    credentials = agent.credentials("dev")
    after = cache.read()
    assert after["accessToken"] != before["accessToken"] and after["refreshToken"] != before["refreshToken"]
    for name in ("clientId", "clientSecret", "registrationExpiresAt", "startUrl", "region", "somethingNew", "zoom"):
        assert after[name] == before[name]
    assert stat.S_IMODE(cache.path().stat().st_mode) == 0o600
    assert [p.name for p in cache.folder.iterdir()] == [cache.path().name]
    (call,) = standin.calls(action="CreateToken")
    assert call["verified"] and call["grant"] == "refresh_token"
    # botocore reads what was written, and gets the same role with it.
    session = boto_session(folder, standin, monkeypatch)
    frozen = session.get_credentials().get_frozen_credentials()
    assert frozen.access_key and frozen.access_key != credentials["AccessKeyId"]
    assert len(standin.calls(action="CreateToken")) == 1
    assert len(standin.calls(action="GetRoleCredentials")) == 2
    arn = boto3.Session(botocore_session=session).client("sts").get_caller_identity()["Arn"]
    assert "AWSReservedSSO_Dev-Role" in arn


def test_token_that_botocore_renewed(start, standin, cache, folder, monkeypatch):
    """The other way round: botocore writes the cache, the agent reads it."""
    before = cache.log_in(seconds=120)
    session = boto_session(folder, standin, monkeypatch)
    assert session.get_credentials().get_frozen_credentials().access_key
    written = cache.read()
    assert written["accessToken"] != before["accessToken"]
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    assert len(standin.calls(action="CreateToken")) == 1
    assert cache.read() == written


def test_refresh_token_stays_when_no_other_comes(start, standin, cache):
    standin.control("POST", "sso", {"set": {"rotates": False}})
    before = cache.log_in(seconds=-1)
    start(config(dev=sso(standin))).credentials("dev")
    after = cache.read()
    assert after["refreshToken"] == before["refreshToken"] and after["accessToken"] != before["accessToken"]


def test_profiles_of_one_session_renew_once(start, standin, cache):
    """A refresh token is good for one use: the profiles share what the first of them gets."""
    cache.log_in(seconds=-1)
    names = [f"role{i}" for i in range(8)]
    agent = start(config(**{name: sso(standin, role=name) for name in names}))
    for name in names:
        agent.credentials(name)
    assert len(standin.calls(action="CreateToken")) == 1


def test_two_agents_renew_once(start, standin, cache, folder):
    cache.log_in(seconds=-1)
    env = environment(folder)
    agents = [start(config(dev=sso(standin)), listening=False, name=name, env=env) for name in "ab"]
    for agent in agents:
        agent.wait_until_listening().credentials("dev")
    assert len(standin.calls(action="CreateToken")) == 1


def test_refresh_token_refused(start, standin, cache):
    cache.log_in(seconds=-1)
    standin.control("POST", "sso", {"revoke": "refresh"})
    agent = start(config(dev=sso(standin)))
    until(lambda: agent.profile("dev")["last_error"], what="the refusal")
    problem = agent.profile("dev")["last_error"]
    assert problem["upstream"]["code"] == "InvalidGrantException" and "keyfob login dev" in problem["hint"]
    for _ in range(3):  # what was refused is not asked for again
        status, problem = agent.refusal("dev")
        assert (status, problem["code"]) == (503, "login_required") and "keyfob login dev" in problem["hint"]
    assert len(standin.calls(action="CreateToken")) == 1
    cache.log_in()
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_token_service_down_while_the_token_lives(start, standin, cache):
    before = cache.log_in(seconds=120)
    standin.fault("sso-oidc", "error500")
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    assert cache.read() == before


def test_token_service_down_for_a_while(start, standin, cache):
    """A fault that passes is no reason to ask a person."""
    cache.log_in(seconds=-1)
    standin.fault("sso-oidc", "error500", count=2)
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev", wait=30)["AccountId"] == ACCOUNT


def test_revoked_access_token_is_renewed(start, standin, cache):
    before = cache.log_in()
    standin.control("POST", "sso", {"revoke": "access"})
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    assert cache.read()["accessToken"] != before["accessToken"]
    assert len(standin.calls(action="GetRoleCredentials")) == 2


def test_revoked_access_token_without_another(start, standin, cache):
    cache.log_in(key=START_URL, scopes=[])
    standin.control("POST", "sso", {"revoke": "access"})
    agent = start(config(dev=legacy(standin)))
    until(lambda: agent.profile("dev")["last_error"], what="the refusal")
    assert agent.profile("dev")["last_error"]["upstream"]["code"] == "UnauthorizedException"
    for _ in range(3):
        status, problem = agent.refusal("dev")
        assert (status, problem["code"]) == (503, "login_required")
    assert len(standin.calls(action="GetRoleCredentials")) == 1


def test_renewed_token_that_cannot_be_written_is_used(start, standin, cache, folder):
    """The refresh token of the file is spent: without what is in memory, a person would have to log in."""
    before = cache.log_in(seconds=-1)
    cache.folder.chmod(0o500)
    if os.geteuid() == 0:  # who may write everywhere
        for path in (folder, folder / ".aws", folder / ".aws" / "sso", cache.folder, cache.path()):
            os.chown(path, OTHER_UID, OTHER_UID)
    try:
        binary = paths.copy_for_others(paths.KEYFOBD, folder)
        agent = start(config(dev=sso(standin)), binary=binary, preexec=become_somebody)
        first = agent.credentials("dev")
        assert agent.refresh("dev").status == 200
        assert agent.credentials("dev")["AccessKeyId"] != first["AccessKeyId"]
        assert len(standin.calls(action="CreateToken")) == 1
        assert cache.read() == before
        # Once the folder can be written, the file gets it too.
        cache.folder.chmod(0o700)
        assert agent.refresh("dev").status == 200
        assert cache.read()["accessToken"] != before["accessToken"]
        assert len(standin.calls(action="CreateToken")) == 1
    finally:
        cache.folder.chmod(0o700)


def test_role_that_is_not_assigned(start, standin, cache):
    cache.log_in()
    status, problem = start(config(dev=sso(standin, role="NotMine"))).refusal("dev")
    assert (status, problem["code"]) == (502, "upstream_error")
    assert problem["upstream"] == {
        "service": "sso",
        "code": "ForbiddenException",
        "message": "No access",
        "request_id": problem["upstream"]["request_id"],
        "status": 403,
    }
    assert "sso_role_name" in problem["hint"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"accessToken": 1}', '{"accessToken": "a"}', "\0"])
def test_broken_cache_file(start, standin, cache, content):
    cache.folder.mkdir(parents=True)
    cache.path().write_text(content)
    status, problem = start(config(dev=sso(standin))).refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")


def test_endpoints_of_the_environment(start, standin, cache, folder):
    cache.log_in(seconds=-1)
    profile = sso(standin)
    del profile["endpoint_url"]
    env = environment(folder, AWS_ENDPOINT_URL_SSO=standin.url, AWS_ENDPOINT_URL_SSO_OIDC=standin.url + "/")
    assert start(config(dev=profile), env=env).credentials("dev")["AccountId"] == ACCOUNT


def test_as_source_of_a_role(start, standin, cache, profiles):
    """The hint of what stands on it names the profile to log in to."""
    agent = start(config(dev=sso(standin), tenant=profiles.assume("dev")))
    status, problem = agent.refusal("tenant")
    assert (status, problem["code"], problem["profile"]) == (503, "login_required", "tenant")
    assert "keyfob login dev" in problem["hint"]


def test_as_source_in_the_aws_files(start, standin, cache, folder):
    """The AWS profile that needs the login is none of the agent's: the hint names one that is."""
    standin.control("POST", "sso", {"set": {"approves": True}})
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(
        f"[profile admin]\nsso_session = my-sso\nsso_account_id = {ACCOUNT}\nsso_role_name = Dev Role\n"
        f"[profile prod]\nsource_profile = admin\nrole_arn = {demo.TENANT_ROLE}tenant-a\n"
        f"external_id = {demo.EXTERNAL_ID}\n"
        f"[sso-session my-sso]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
    )
    shared = {"type": "shared_config", "profile": "prod"}
    agent = start(config(gateway=shared), env=environment(folder, AWS_ENDPOINT_URL=standin.url))
    status, problem = agent.refusal("gateway")
    assert (status, problem["code"]) == (503, "login_required")
    assert '"keyfob login gateway"' in problem["hint"], problem
    assert begin(agent, "gateway")["profile"] == "gateway"
    until(lambda: progress(agent, "gateway")["state"] == "complete", what="the login")


# ---- the login in a browser ----


def begin(agent, name="dev"):
    reply = agent.call("POST", f"/v1/profiles/{name}/login", {})
    assert reply.status == 200, reply.body
    return reply.json()


def progress(agent, name="dev"):
    return agent.call("GET", f"/v1/profiles/{name}/login").json()


def test_login(start, standin, cache, folder, monkeypatch):
    agent = start(config(dev=sso(standin)))
    assert progress(agent) == {"kind": "sso", "profile": "dev", "state": "idle", "start_url": START_URL}
    shown = begin(agent)
    assert shown["state"] == "pending" and shown["interval"] == 1 and 590 <= shown["expires_in"] <= 600
    assert shown["verification_uri_complete"].endswith(shown["user_code"])
    assert begin(agent)["user_code"] == shown["user_code"]  # joined
    assert agent.refusal("dev")[1]["code"] == "login_required"
    assert not cache.path().exists()
    standin.control("POST", "sso", {"approve": shown["user_code"]})
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    for document in (shown, progress(agent)):
        LOGIN.validate(document)
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    # What was written is what the AWS CLI writes, under its names; botocore uses it.
    written = cache.read()
    assert set(written) == {
        "startUrl",
        "region",
        "accessToken",
        "expiresAt",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "refreshToken",
    }
    assert stat.S_IMODE(cache.path().stat().st_mode) == 0o600
    key = {"region": "us-east-1", "scopes": ["sso:account:access"], "session_name": "my-sso", "startUrl": START_URL}
    registration = cache.read(json.dumps({**key, "tool": "botocore"}, sort_keys=True))
    assert set(registration) == {"clientId", "clientSecret", "expiresAt", "scopes"}
    assert registration["clientId"] == written["clientId"] and registration["scopes"] == ["sso:account:access"]
    (call,) = standin.calls(action="RegisterClient")
    assert call["verified"] and call["scopes"] == ["sso:account:access"] and "my-sso" in call["client_name"]
    session = boto_session(folder, standin, monkeypatch)
    assert session.get_credentials().get_frozen_credentials().access_key


def test_login_again_takes_the_kept_client(start, standin, cache):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin)))
    for _ in range(2):
        begin(agent)
        until(lambda: progress(agent)["state"] == "complete", what="the login")
    first = cache.read()["clientId"]
    assert len(standin.calls(action="RegisterClient")) == 1
    # One that the service has forgotten is registered anew.
    standin.reset()
    standin.control("POST", "sso", {"set": {"approves": True}})
    begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    assert cache.read()["clientId"] != first
    assert agent.credentials("dev")


def test_client_of_another_way_to_log_in_is_left_alone(start, standin, cache):
    """The AWS CLI's registration for its browser flow takes no device codes."""
    standin.control("POST", "sso", {"set": {"approves": True}})
    key = {"region": "us-east-1", "scopes": ["sso:account:access"], "session_name": "my-sso", "startUrl": START_URL}
    path = cache.path(json.dumps({**key, "tool": "botocore"}, sort_keys=True))
    path.parent.mkdir(parents=True)
    theirs = {"clientId": "c", "clientSecret": "s", "expiresAt": "2199-01-01T00:00:00Z", "grantTypes": ["refresh_token"]}
    path.write_text(json.dumps(theirs))
    agent = start(config(dev=sso(standin)))
    begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    assert json.loads(path.read_text()) == theirs


def test_legacy_login_has_no_refresh_token(start, standin, cache):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=legacy(standin)))
    begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    assert set(cache.read(START_URL)) == {"startUrl", "region", "accessToken", "expiresAt"}
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    (call,) = standin.calls(action="RegisterClient")
    assert call["scopes"] is None


def test_login_refused_in_the_browser(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    shown = begin(agent)
    standin.control("POST", "sso", {"deny": shown["user_code"]})
    until(lambda: progress(agent)["state"] == "failed", what="the refusal")
    LOGIN.validate(progress(agent))
    assert progress(agent)["error"]["upstream_code"] == "AccessDeniedException"
    assert not cache.path().exists()
    assert begin(agent)["user_code"] != shown["user_code"]  # anew


def test_nobody_confirms(start, standin, cache):
    standin.control("POST", "sso", {"set": {"device_seconds": 1}})
    agent = start(config(dev=sso(standin)))
    begin(agent)
    until(lambda: progress(agent)["state"] == "failed", what="the end of the code")


def test_login_outlives_faults(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    shown = begin(agent)
    standin.fault("sso-oidc", "error500", count=1)
    standin.fault("sso-oidc", "refuse", count=1)
    standin.control("POST", "sso", {"approve": shown["user_code"]})
    until(lambda: progress(agent)["state"] == "complete", what="the login")


@pytest.mark.parametrize("kind", ["error500", "garbage", "html"])
def test_login_that_cannot_begin(start, standin, cache, kind):
    standin.fault("sso-oidc", kind)
    agent = start(config(dev=sso(standin)))
    reply = agent.call("POST", "/v1/profiles/dev/login", {})
    assert reply.status in (502, 503) and reply.problem()["detail"].startswith("RegisterClient")
    assert progress(agent)["state"] == "failed"


def test_reload_during_a_login(start, standin, cache, profiles):
    agent = start(config(dev=sso(standin)))
    shown = begin(agent)
    for name in ("one", "two"):
        agent.reload(config(**{"dev": sso(standin), name: profiles.static()}))
    assert begin(agent)["user_code"] == shown["user_code"]
    standin.control("POST", "sso", {"approve": shown["user_code"]})
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    agent.reload(config(dev=sso(standin), three=profiles.static()))
    assert progress(agent)["state"] == "complete"
    agent.refresh("dev")
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_end_during_a_login(start, standin, cache):
    """The agent ends at once, whatever step it is at."""
    agent = start(config(dev=sso(standin)))
    begin(agent)
    agent.reload(config(dev=sso(standin, role="Other")))
    begin(agent)
    standin.fault("sso-oidc", "hang")
    until(lambda: any(c["action"] is None and c["fault"] == "hang" for c in standin.calls()), what="a call that hangs")
    agent.end()


def test_a_role_on_it_logs_in_through_it(start, standin, cache, profiles):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin), tenant=profiles.assume("dev")))
    assert begin(agent, "tenant")["profile"] == "dev"
    until(lambda: progress(agent, "tenant")["state"] == "complete", what="the login")
    assert agent.credentials("dev")


def test_tokens_and_codes_are_in_no_log(start, standin, cache):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin)), arguments=["--log-level", "debug"])
    shown = begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    agent.credentials("dev")
    for secret in (shown["user_code"], *standin.control("GET", "sso")["secrets"]):
        assert secret not in agent.stderr()


# ---- the command ----


def keyfob_login(folder, agent, name="dev"):
    return subprocess.Popen(
        [str(paths.KEYFOB), "login", name, "--socket", str(agent.socket)],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(("verdict", "status"), [("approve", 0), ("deny", 1)])
def test_command(start, standin, cache, folder, verdict, status):
    agent = start(config(dev=sso(standin)))
    command = keyfob_login(folder, agent)
    (code,) = until(lambda: standin.control("POST", "sso", {})["devices"], what="the code")
    standin.control("POST", "sso", {verdict: code})
    out, err = command.communicate(timeout=60)
    assert command.returncode == status, err
    assert f"user_code={code}\n" in out and f"\n    {code}\n" in out
    assert out.endswith("dev: logged in\n") == (status == 0)
    assert ("refused in the browser" in err) == (status == 1)


def test_command_when_the_service_is_down(start, standin, cache, folder):
    standin.fault("sso-oidc", "error500")
    agent = start(config(dev=sso(standin)))
    command = keyfob_login(folder, agent)
    out, err = command.communicate(timeout=60)
    assert (command.returncode, out) == (1, "") and "RegisterClient" in err


# ---- the AWS CLI and boto3 as judges ----


def test_aws_cli_uses_what_the_agent_wrote(start, standin, cache, folder, monkeypatch):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin)))
    begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    boto_session(folder, standin, monkeypatch)  # writes ~/.aws/config
    run = subprocess.run(
        [str(AWS), "sts", "get-caller-identity", "--profile", "dev", "--output", "json"],
        env=environment(folder, AWS_ENDPOINT_URL=standin.url, AWS_EC2_METADATA_DISABLED="true"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "AWSReservedSSO_Dev-Role" in json.loads(run.stdout)["Arn"]


def test_agent_uses_a_login_made_with_boto3(start, standin, cache):
    """The calls of a login by boto3's own clients, the file by botocore's own loader."""
    standin.control("POST", "sso", {"set": {"approves": True}})
    oidc = boto3.client("sso-oidc", region_name="us-east-1", endpoint_url=standin.url)
    client = oidc.register_client(clientName="test", clientType="public", scopes=["sso:account:access"])
    keys = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = oidc.start_device_authorization(**keys, startUrl=START_URL)
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    token = oidc.create_token(**keys, grantType=grant, deviceCode=device["deviceCode"])
    document = {
        "startUrl": START_URL,
        "region": "us-east-1",
        "accessToken": token["accessToken"],
        "expiresAt": rfc3339(standin.now() + token["expiresIn"]),
        **keys,
        "registrationExpiresAt": rfc3339(client["clientSecretExpiresAt"]),
        "refreshToken": token["refreshToken"],
    }
    files = JSONFileCache(str(cache.folder))
    SSOTokenLoader(cache=files).save_token(START_URL, document, session_name="my-sso")
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
