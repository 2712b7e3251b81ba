# SPDX-License-Identifier: Apache-2.0
"""IAM Identity Center: the token cache that is shared with the AWS CLI and boto3, both ways."""

import json
import stat

import boto3
import pytest
from botocore.credentials import JSONFileCache
from botocore.utils import SSOTokenLoader
from support import paths
from support.agent import environment
from support.aws import echo
from support.other_user import become_other_user, give_to_other_user
from support.polling import until
from support.profiles import config
from support.programs import AWS, output_of, run
from support.sso import ACCOUNT, begin, boto_session, legacy, progress, sso
from support.sso_cache import START_URL, rfc3339

def test_role_of_a_cached_token(start, standin, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    credentials = agent.credentials("dev")
    assert credentials["AccountId"] == ACCOUNT
    assert echo(standin, credentials)["role"].endswith("AWSReservedSSO_Dev-Role_0123456789abcdef")
    (call,) = standin.calls(action="GetRoleCredentials")
    assert call["verified"] and call["role"] == "Dev Role" and call["account"] == ACCOUNT
    assert agent.profile("dev")["account_id"] == ACCOUNT


def test_finds_a_legacy_token_by_start_url(start, standin, cache):
    """The times of old versions of the AWS CLI end in UTC."""
    cache.log_in(key=START_URL, suffix="UTC", scopes=[])
    assert "refreshToken" not in cache.read(START_URL)
    agent = start(config(dev=legacy(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_serves_after_the_first_login(start, standin, cache):
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
    assert "expired at" in problem["detail"] and standin.calls() == []


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
    """botocore writes the cache, the agent reads it."""
    before = cache.log_in(seconds=120)
    session = boto_session(folder, standin, monkeypatch)
    assert session.get_credentials().get_frozen_credentials().access_key
    written = cache.read()
    assert written["accessToken"] != before["accessToken"]
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    assert len(standin.calls(action="CreateToken")) == 1
    assert cache.read() == written


def test_keeps_the_refresh_token_when_no_other_comes(start, standin, cache):
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
    """A fault that passes does not make the user log in again."""
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
    """The refresh token of the file is spent: without what is in memory, the user would have to log in."""
    before = cache.log_in(seconds=-1)
    cache.folder.chmod(0o500)
    give_to_other_user(folder, folder / ".aws", folder / ".aws" / "sso", cache.folder, cache.path())
    try:
        binary = paths.copy_for_others(paths.KEYFOBD, folder)
        agent = start(config(dev=sso(standin)), binary=binary, preexec=become_other_user)
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


def test_reports_a_role_that_is_not_assigned(start, standin, cache):
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
    """The hint of a chained profile names the profile to log in to."""
    agent = start(config(dev=sso(standin), tenant=profiles.assume("dev")))
    status, problem = agent.refusal("tenant")
    assert (status, problem["code"], problem["profile"]) == (503, "login_required", "tenant")
    assert "keyfob login dev" in problem["hint"]


# ---- the AWS CLI and boto3 as judges ----


def test_aws_cli_uses_what_the_agent_wrote(start, standin, cache, folder, monkeypatch):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin)))
    begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    boto_session(folder, standin, monkeypatch)  # writes ~/.aws/config
    env = environment(folder, AWS_ENDPOINT_URL=standin.url, AWS_EC2_METADATA_DISABLED="true")
    answer = output_of(run(AWS, "sts", "get-caller-identity", "--profile", "dev", "--output", "json", env=env))
    assert "AWSReservedSSO_Dev-Role" in json.loads(answer)["Arn"]


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
