# SPDX-License-Identifier: Apache-2.0
"""IAM Identity Center: logins in a browser, through the API and by the command."""

import json
import stat
import subprocess

import pytest
import yaml
from jsonschema import Draft202012Validator
from standin import demo
from support import paths
from support.agent import environment
from support.other_user import become_other_user, give_to_other_user
from support.polling import until
from support.profiles import config
from support.sso import ACCOUNT, begin, boto_session, legacy, progress, sso
from support.sso_cache import START_URL

DESCRIPTION = yaml.safe_load((paths.REPOSITORY / "proto" / "openapi.yaml").read_text())
LOGIN = Draft202012Validator(DESCRIPTION["components"]["schemas"]["Login"])


def test_login(start, standin, cache, folder, monkeypatch):
    agent = start(config(dev=sso(standin)))
    about = {"start_url": START_URL, "sso_region": "us-east-1", "session": "my-sso"}
    assert progress(agent) == {"kind": "sso", "profile": "dev", "state": "idle", **about}
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


def test_login_of_a_source_in_the_aws_files(start, standin, cache, folder):
    """The AWS profile that needs the login is not one of the agent's: the hint names one that is."""
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
    assert problem["detail"].startswith("profile gateway: base credentials: nobody is logged in"), problem
    assert begin(agent, "gateway")["profile"] == "gateway"
    until(lambda: progress(agent, "gateway")["state"] == "complete", what="the login")


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


def test_keeps_the_client_of_another_login_flow(start, standin, cache):
    """The AWS CLI's registration for its browser flow takes no device codes."""
    standin.control("POST", "sso", {"set": {"approves": True}})
    key = {"region": "us-east-1", "scopes": ["sso:account:access"], "session_name": "my-sso", "startUrl": START_URL}
    path = cache.path(json.dumps({**key, "tool": "botocore"}, sort_keys=True))
    path.parent.mkdir(parents=True)
    theirs = {
        "clientId": "c",
        "clientSecret": "s",
        "expiresAt": "2199-01-01T00:00:00Z",
        "grantTypes": ["refresh_token"],
    }
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


def test_a_login_that_has_ended_is_idle(start, standin, cache):
    """Complete until the profile needs another one, and not before that is known."""
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin)))
    for _ in range(2):
        assert progress(agent)["state"] == "idle"
        begin(agent)
        until(lambda: progress(agent)["state"] == "complete", what="the login")
        assert agent.credentials("dev")
        assert agent.refresh("dev").status == 200 and progress(agent)["state"] == "complete"
        for token in ("access", "refresh"):
            standin.control("POST", "sso", {"revoke": token})
        assert progress(agent)["state"] == "complete"
        assert agent.refresh("dev").problem()["code"] == "login_required"
    assert progress(agent)["state"] == "idle"


def test_a_login_that_failed_and_was_not_needed_is_idle(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    shown = begin(agent)
    standin.control("POST", "sso", {"deny": shown["user_code"]})
    until(lambda: progress(agent)["state"] == "failed", what="the refusal")
    assert agent.refresh("dev").problem()["code"] == "login_required"
    assert progress(agent)["state"] == "failed"
    cache.log_in()
    assert agent.refresh("dev").status == 200
    after = progress(agent)
    assert after["state"] == "idle" and "error" not in after
    LOGIN.validate(after)


def test_reports_a_login_that_is_not_confirmed(start, standin, cache):
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
def test_reports_a_login_that_cannot_begin(start, standin, cache, kind):
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


def test_a_chained_role_logs_in_through_its_source(start, standin, cache, profiles):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin), tenant=profiles.assume("dev")))
    assert begin(agent, "tenant")["profile"] == "dev"
    until(lambda: progress(agent, "tenant")["state"] == "complete", what="the login")
    assert agent.credentials("dev")


def test_logs_no_token_and_no_code(start, standin, cache):
    standin.control("POST", "sso", {"set": {"approves": True}})
    agent = start(config(dev=sso(standin)), arguments=["--log-level", "debug"])
    shown = begin(agent)
    until(lambda: progress(agent)["state"] == "complete", what="the login")
    agent.credentials("dev")
    for secret in (shown["user_code"], *standin.control("GET", "sso")["secrets"]):
        assert secret not in agent.stderr()


@pytest.fixture
def unwritable(cache, folder):
    """The folder of tokens, which the agent's user may read only; unwritable() ends that."""
    cache.folder.mkdir(parents=True)
    give_to_other_user(folder, folder / ".aws", folder / ".aws" / "sso", cache.folder)
    cache.folder.chmod(0o500)
    yield lambda: cache.folder.chmod(0o700)
    cache.folder.chmod(0o700)


def test_a_token_that_cannot_be_written_is_used(start, standin, cache, folder, unwritable):
    """The login is good; the file gets its token as soon as that can be done."""
    standin.control("POST", "sso", {"set": {"approves": True, "token_seconds": 700}})
    agent = start(config(dev=sso(standin)), binary=paths.copy_for_others(paths.KEYFOBD, folder), preexec=become_other_user)
    assert agent.refusal("dev")[1]["code"] == "login_required"
    out = keyfob_login(folder, agent).communicate(timeout=60)
    assert out[0].endswith("dev: logged in\n") and "cannot be written: Permission denied" in out[1], out
    first = agent.credentials("dev")
    after = progress(agent)
    LOGIN.validate(after)
    assert after["state"] == "complete" and "cannot be written" in after["error"]["detail"], after
    assert "in memory" in after["error"]["hint"]
    assert agent.events("token_not_written") and not cache.path().exists()
    assert agent.refresh("dev").status == 200 and agent.credentials("dev") != first
    unwritable()
    assert agent.refresh("dev").status == 200
    assert cache.read()["accessToken"] and "error" not in progress(agent)
    assert len(standin.calls(action="StartDeviceAuthorization")) == 1
    cache.path().unlink()  # aws sso logout
    assert agent.refresh("dev").problem()["code"] == "login_required"


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
