# SPDX-License-Identifier: Apache-2.0
"""Sessions of `aws login`: the cache that is shared with the AWS CLI and the SDKs, and refresh tokens that are good for
one use. The stand-in verifies every proof of possession."""

import shutil
import stat
import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft202012Validator
from standin import demo
from support import aws, paths
from support.agent import environment
from support.connect_proxy import ConnectProxy
from support.login_cache import ACCOUNT, ME, LoginCache, login, refreshes
from support.other_user import become_other_user, give_to_other_user
from support.polling import until
from support.profiles import config
from support.sdk import build_go, build_javascript
from support.sso_cache import rfc3339

DESCRIPTION = yaml.safe_load((paths.REPOSITORY / "proto" / "openapi.yaml").read_text())
LOGIN = Draft202012Validator(DESCRIPTION["components"]["schemas"]["Login"])


@pytest.fixture
def cache(folder, standin):
    return LoginCache(folder, standin)


def arn(standin, credentials):
    return aws.client(standin, "sts", credentials).get_caller_identity()["Arn"]


# ---- what is cached, and what is refreshed ----


def test_uses_valid_cached_credentials(start, standin, cache):
    before = cache.log_in()
    agent = start(config(dev=login(standin)))
    credentials = agent.credentials("dev")
    assert credentials["AccessKeyId"] == before["accessToken"]["accessKeyId"]
    assert credentials["Expiration"] == before["accessToken"]["expiresAt"]
    assert credentials["AccountId"] == ACCOUNT
    assert arn(standin, credentials) == ME
    assert refreshes(standin) == [] and cache.read() == before


@pytest.mark.parametrize("form", ["sec1", "pkcs8"])
@pytest.mark.parametrize("seconds", [-3600, 200])
def test_ended_credentials_are_refreshed_and_written_back(start, standin, cache, seconds, form):
    before = cache.log_in(seconds=seconds, form=form, more={"somethingNew": {"a": [1, "é\\\"", None]}, "zoom": 1.5})
    before["accessToken"]["extra"] = {"deep": [True]}
    cache.write(before)
    agent = start(config(dev=login(standin)))
    credentials = agent.credentials("dev")
    assert arn(standin, credentials) == ME and credentials["AccountId"] == ACCOUNT
    after = cache.read()
    assert after["accessToken"]["accessKeyId"] == credentials["AccessKeyId"] != before["accessToken"]["accessKeyId"]
    assert after["accessToken"]["expiresAt"] == credentials["Expiration"]
    assert after["refreshToken"] != before["refreshToken"]
    for name in ("accountId", "extra"):
        assert after["accessToken"][name] == before["accessToken"][name]
    for name in ("tokenType", "idToken", "clientId", "dpopKey", "somethingNew", "zoom"):
        assert after[name] == before[name]
    assert set(after) == set(before) and set(after["accessToken"]) == set(before["accessToken"])
    assert stat.S_IMODE(cache.path().stat().st_mode) == 0o600
    assert [p.name for p in cache.folder.iterdir()] == [cache.path().name]
    (call,) = refreshes(standin)
    assert call["verified"]


def test_each_refresh_takes_the_token_of_the_one_before(start, standin, cache):
    standin.control("POST", "signin", {"set": {"seconds": 200}})
    cache.log_in(seconds=-1)
    agent = start(config(dev=login(standin)))
    seen = {agent.credentials("dev")["AccessKeyId"]}
    for _ in range(3):
        assert agent.refresh("dev").status == 200
        seen.add(agent.credentials("dev")["AccessKeyId"])
    assert len(seen) == 4 and cache.read()["accessToken"]["accessKeyId"] in seen
    assert len(refreshes(standin)) == 4 and not [c for c in refreshes(standin) if c["error"]]


def test_what_another_process_refreshed_is_used(start, standin, cache):
    standin.control("POST", "signin", {"set": {"seconds": 200}})
    cache.log_in(seconds=-1)
    agent = start(config(dev=login(standin)))
    agent.credentials("dev")
    other = cache.log_in()
    assert agent.refresh("dev").status == 200
    assert agent.credentials("dev")["AccessKeyId"] == other["accessToken"]["accessKeyId"]
    assert len(refreshes(standin)) == 1


def test_two_agents_refresh_once(start, standin, cache, folder):
    """Their refresh token is good for one use. One of them asks while the other waits."""
    cache.log_in(seconds=-1)
    standin.fault("signin", "slow", seconds=100)  # until it is cleared
    env = environment(folder)
    agents = [start(config(dev=login(standin, read_timeout_ms=110000)), name=n, env=env) for n in ("a", "b")]
    until(lambda: standin.calls(target="signin"), what="the call of one of them")
    until(lambda: all(a.profile("dev")["state"] == "fetching" for a in agents), what="both at it")
    assert len(standin.calls(target="signin")) == 1
    standin.clear_faults()
    keys = {agent.credentials("dev")["AccessKeyId"] for agent in agents}
    assert keys == {cache.read()["accessToken"]["accessKeyId"]}
    assert len(refreshes(standin)) == 1


def test_two_profiles_on_one_session_refresh_once(start, standin, cache):
    cache.log_in(seconds=-1)
    agent = start(config(one=login(standin), two=login(standin), three=login(standin, login_session=f" {ME} ")))
    assert len({agent.credentials(name)["AccessKeyId"] for name in ("one", "two", "three")}) == 1
    assert len(refreshes(standin)) == 1


def test_refreshed_session_that_cannot_be_written_is_used(start, standin, cache, folder):
    """The refresh token of the file is spent: without what is in memory, the user would have to log in."""
    standin.control("POST", "signin", {"set": {"seconds": 200}})
    before = cache.log_in(seconds=-1)
    cache.folder.chmod(0o500)
    give_to_other_user(folder, folder / ".aws", folder / ".aws" / "login", cache.folder, cache.path())
    try:
        binary = paths.copy_for_others(paths.KEYFOBD, folder)
        agent = start(config(dev=login(standin)), binary=binary, preexec=become_other_user)
        first = agent.credentials("dev")
        assert agent.refresh("dev").status == 200
        assert agent.credentials("dev")["AccessKeyId"] != first["AccessKeyId"]
        assert cache.read() == before
        # Once the folder can be written, the file gets it too.
        cache.folder.chmod(0o700)
        assert agent.refresh("dev").status == 200
        assert cache.read()["accessToken"]["accessKeyId"] == agent.credentials("dev")["AccessKeyId"]
        assert len(refreshes(standin)) == 3 and not [c for c in refreshes(standin) if c["error"]]
    finally:
        cache.folder.chmod(0o700)


# ---- where the file and the service are ----


def test_cache_directory_of_the_environment(start, standin, cache, folder):
    document = cache.log_in()
    shutil.move(cache.folder, folder / "elsewhere")
    env = environment(folder, AWS_LOGIN_CACHE_DIRECTORY=str(folder / "elsewhere"))
    agent = start(config(dev=login(standin)), env=env)
    assert agent.credentials("dev")["AccessKeyId"] == document["accessToken"]["accessKeyId"]


def test_endpoint_of_the_environment(start, standin, cache, folder):
    cache.log_in(seconds=-1)
    profile = login(standin)
    del profile["endpoint_url"]
    env = environment(folder, AWS_ENDPOINT_URL_SIGNIN=standin.url + "/")
    assert start(config(dev=profile), env=env).credentials("dev")["AccountId"] == ACCOUNT


@pytest.mark.parametrize(
    ("region", "token", "more", "host"),
    [
        ("eu-west-1", None, {}, "eu-west-1.signin.aws.amazon.com"),
        ("eu-west-1", "us-west-2", {}, "us-west-2.signin.aws.amazon.com"),
        ("eu-west-1", "us-gov-west-1", {"use_fips_endpoint": True}, "signin-fips.amazonaws-us-gov.com"),
        ("eu-west-1", "eu-south-2", {"use_dualstack_endpoint": True}, "signin.eu-south-2.api.aws"),
    ],
)
def test_region_of_the_login_goes_first(start, standin, cache, folder, region, token, more, host):
    cache.log_in(seconds=-1, more={"signInRegion": token} if token else None)
    profile = {"type": "login", "login_session": ME, "region": region, **more}
    proxy = ConnectProxy(standin.tls_port, status=403)
    try:
        agent = start(config(dev=profile), env=environment(folder, HTTPS_PROXY=proxy.url()))
        agent.refusal("dev", wait=0)
        until(lambda: proxy.asked, what="a call")
        assert set(proxy.asked) == {host + ":443"}
    finally:
        proxy.stop()


def test_without_a_region(start, standin, cache):
    cache.log_in(seconds=-1)
    agent = start({"profiles": {"dev": {"type": "login", "login_session": ME}}})
    status, problem = agent.refusal("dev")
    assert status == 502 or status == 503, problem
    assert "region" in problem["detail"] and "AWS_REGION" in problem["hint"]


# ---- what goes wrong ----


def test_serves_after_the_first_login(start, standin, cache):
    agent = start(config(dev=login(standin)))
    status, problem = agent.refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")
    assert "nobody is logged in" in problem["detail"] and 'run "aws login"' in problem["hint"]
    assert "retry_after" not in problem and standin.calls() == []
    assert agent.profile("dev")["last_error"]["kind"] == "interaction"
    # The AWS CLI logs in: the next request finds it, without a reload.
    cache.log_in()
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_tolerates_a_wrong_clock(start, standin, cache):
    """A proof of the wrong time is refused, and made once more by the service's clock; the file has that time too."""
    cache.log_in(seconds=-7200)
    standin.fault("signin", "skew", seconds=3600)
    agent = start(config(dev=login(standin)))
    assert agent.credentials("dev")["AccountId"] == ACCOUNT
    assert [bool(c["error"]) for c in refreshes(standin)] == [True, False]
    assert refreshes(standin)[0]["error"]["message"] == "the proof is too old, or of the future"
    assert cache.read()["accessToken"]["expiresAt"] > rfc3339(standin.now() + 3600)


def test_login_during_a_refresh(start, standin, cache):
    """What is under way belongs to the session before: the new one stays."""
    standin.control("POST", "signin", {"set": {"seconds": 200}})
    cache.log_in(seconds=-1)
    standin.fault("signin", "slow", seconds=100)  # until it is cleared
    agent = start(config(dev=login(standin, read_timeout_ms=110000)))
    until(lambda: standin.calls(target="signin"), what="the call")
    after = cache.log_in()
    standin.clear_faults()
    assert arn(standin, agent.credentials("dev")) == ME
    assert cache.read() == after
    agent.refresh("dev")
    assert agent.credentials("dev")["AccessKeyId"] == after["accessToken"]["accessKeyId"]


def test_agent_ends_during_a_refresh(start, standin, cache):
    cache.log_in(seconds=-1)
    standin.fault("signin", "hang")
    agent = start(config(dev=login(standin)))
    until(lambda: standin.calls(target="signin"), what="a call that hangs")
    agent.end()


def test_dropped_during_a_refresh(start, standin, cache):
    """The refresh token is spent by then: what comes for it is not served, but it is kept."""
    before = cache.log_in(seconds=-1)
    standin.fault("signin", "slow", seconds=100)  # until it is cleared
    agent = start(config(dev=login(standin, read_timeout_ms=110000)))
    until(lambda: standin.calls(target="signin"), what="the call")
    agent.call("DELETE", "/v1/profiles/dev/credentials")
    standin.clear_faults()
    until(lambda: cache.read()["refreshToken"] != before["refreshToken"], what="the next refresh token")
    assert agent.profile("dev")["state"] == "empty"
    assert agent.refresh("dev").status == 200


def test_reload_keeps_what_was_refused(start, standin, cache, profiles):
    cache.log_in(seconds=-1)
    standin.control("POST", "signin", {"revoke": True})
    agent = start(config(dev=login(standin)))
    assert agent.refusal("dev")[1]["code"] == "login_required"
    agent.reload(config(dev=login(standin), other=profiles.static()))
    assert agent.refusal("dev")[1]["code"] == "login_required"
    assert len(refreshes(standin)) == 1


# ---- the login itself ----


def test_refers_a_login_to_the_aws_cli(start, standin, cache, folder, profiles):
    agent = start(config(dev=login(standin), tenant=profiles.assume("dev")))
    for name in ("dev", "tenant"):
        progress = agent.call("GET", f"/v1/profiles/{name}/login").json()
        assert progress == {"kind": "aws_login", "profile": "dev", "state": "idle"}
        LOGIN.validate(progress)
        reply = agent.call("POST", f"/v1/profiles/{name}/login", {})
        assert reply.status == 400
        assert "AWS CLI" in reply.problem()["detail"] and 'run "aws login"' in reply.problem()["hint"]
        command = [str(paths.KEYFOB), "login", name, "--socket", str(agent.socket)]
        run = subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=60)
        assert (run.returncode, run.stdout) == (1, "") and 'run "aws login"' in run.stderr
    cache.log_in()
    agent.credentials("dev")
    assert agent.call("GET", "/v1/profiles/dev/login").json()["state"] == "complete"


def write_config(folder, standin, text=""):
    (folder / ".aws").mkdir(exist_ok=True)
    path = folder / ".aws" / "config"
    path.write_text(
        f"[profile work]\nregion = us-east-1\nlogin_session = {ME}\nservices = here\n"
        f"[services here]\nsignin =\n  endpoint_url = {standin.url}\n{text}"
    )


def test_serves_a_profile_of_the_aws_files(start, standin, cache, folder):
    write_config(folder, standin)
    agent = start(config(dev={"type": "shared_config", "profile": "work"}))
    status, problem = agent.refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")
    assert problem["hint"] == 'run "aws login --profile work"'
    cache.log_in(seconds=-1)
    assert arn(standin, agent.credentials("dev")) == ME
    assert agent.profile("dev")["source"] == "profile work: login"


def test_as_source_of_a_role(start, standin, cache, folder):
    role = f"arn:aws:iam::{demo.ACCOUNT}:role/after-login"
    standin.control("POST", "roles", {"arn": role, "trust": [{"principal": ME}]})
    write_config(
        folder,
        standin,
        f"[profile role]\nregion = us-east-1\nservices = here\nsource_profile = work\nrole_arn = {role}\n",
    )
    profile = {"type": "shared_config", "profile": "role"}
    agent = start(config(dev=profile), env=environment(folder, AWS_ENDPOINT_URL_STS=standin.url))
    status, problem = agent.refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")
    assert problem["hint"] == 'run "aws login --profile work"'
    cache.log_in(seconds=-1)
    assert ":assumed-role/after-login/" in arn(standin, agent.credentials("dev"))


def test_logs_no_secret(start, standin, cache):
    document = cache.log_in(seconds=-1)
    agent = start(config(dev=login(standin)), arguments=["--log-level", "debug"])
    agent.credentials("dev")
    standin.control("POST", "signin", {"revoke": True})
    agent.refresh("dev")
    after = cache.read()
    secrets = [document["refreshToken"], after["refreshToken"], after["accessToken"]["secretAccessKey"]]
    key = "".join(document["dpopKey"].splitlines()[1:-1])
    for secret in [*secrets, *standin.control("GET", "signin")["secrets"], key[:40], "eyJ"]:
        assert secret not in agent.stderr()


# ---- the SDKs for Python, JavaScript and Go as judges ----

BOTO = 'import boto3\nprint(boto3.client("sts").get_caller_identity()["Arn"])'


@pytest.fixture(scope="module")
def javascript():
    return build_javascript()


def ask(command, folder, standin):
    env = environment(folder, AWS_ENDPOINT_URL=standin.url, AWS_EC2_METADATA_DISABLED="true", AWS_PROFILE="work")
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("sdk", ["python", "javascript"])
def test_sdk_and_agent_take_turns(request, start, standin, cache, folder, sdk):
    """Each refreshes with the token that the other has left, and uses the credentials that it wrote."""
    command = [sys.executable, "-c", BOTO] if sdk == "python" else request.getfixturevalue(sdk)
    write_config(folder, standin)
    standin.control("POST", "signin", {"set": {"seconds": 290}})  # not enough for either to use them again
    cache.log_in(seconds=-1)
    agent = start(config(dev=login(standin, refresh="on_demand")))
    agent.credentials("dev")
    for _ in range(2):
        assert ask(command, folder, standin) == ME
        assert agent.refresh("dev").status == 200
        assert arn(standin, agent.credentials("dev")) == ME
    assert len(refreshes(standin)) >= 5 and not [c for c in refreshes(standin) if c["error"]]


def test_go_uses_what_the_agent_wrote(start, standin, cache, folder):
    """It cannot be led to the stand-in for a refresh of its own."""
    write_config(folder, standin)
    cache.log_in(seconds=-1)
    agent = start(config(dev=login(standin)))
    agent.credentials("dev")
    assert ask([build_go()], folder, standin) == ME
    assert len(refreshes(standin)) == 1
