# SPDX-License-Identifier: Apache-2.0
"""What a machine of AWS offers: the container endpoint and the instance metadata service, as they are and as they
misbehave. boto3's own providers check the stand-in."""

import json
import re
import socket

import pytest
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher
from standin import demo
from support.agent import environment
from support.aws import echo
from support.polling import until
from support.profiles import config
from support.programs import keyfobd

BASE = demo.ROLE + "base"
TOKEN = "Bearer one-" + "t" * 32
OTHER_TOKEN = "other-" + "u" * 32
FAULTS = ("refuse", "hang", "cut", "garbage", "html", "error500", "slow", "oversize")
SHORT_LIMITS = {"connect_timeout_ms": 300, "read_timeout_ms": 700}
LIMITS = {"connect_timeout_ms": 5000, "read_timeout_ms": 10000}  # as long as a busy machine may take


@pytest.fixture
def host(standin):
    """host(…) sets what the machine has; at first both roles."""

    def control(**document):
        standin.control("POST", "host", document)

    control(container_role=BASE, instance_role=BASE)
    return control


def container(standin, **more):
    return {
        "type": "container",
        "aws_container_credentials_full_uri": f"{standin.url}/v1/credentials",
        "refresh": "on_demand",
        **LIMITS,
        **more,
    }


def imds(standin, **more):
    return {"type": "imds", "endpoint": standin.url, "refresh": "on_demand", **LIMITS, **more}


SOURCES = {"container": container, "imds": imds}


def failure(agent, name):
    """The problem of one attempt, with what each has, and nothing that is a secret."""
    reply = agent.refresh(name)
    assert reply.status >= 500, reply.body
    problem = reply.problem()
    assert problem["hint"] and name in problem["detail"], problem
    assert TOKEN not in json.dumps(problem) and OTHER_TOKEN not in json.dumps(problem)
    return problem


def refreshed(agent, name):
    """After what was wrong has been put right: an attempt that began before, and is joined, may still fail."""
    until(lambda: agent.refresh(name).status == 200, what="a refresh that succeeds")
    return agent.credentials(name)


def check(folder, document, env=None):
    """What keyfobd --check prints of a configuration that must be rejected."""
    path = folder / "bad.json"
    path.write_text(json.dumps(document))
    done = keyfobd("--check", "--config", path, env=env or environment(folder))
    assert done.returncode == 78, done
    return done.stderr


def actions(standin):
    """What the metadata service was asked, in order."""
    return [c["action"].replace("meta-data/iam/security-credentials/", "roles/") for c in standin.calls(target="imds")]


# ---- boto3 against the same stand-in ----


def test_boto3_and_the_container_endpoint(standin, host):
    host(authorization=TOKEN)
    fetch = ContainerMetadataFetcher().retrieve_full_uri
    ours = fetch(f"{standin.url}/v1/credentials", headers={"Authorization": TOKEN})
    identity = echo(standin, {**ours, "SessionToken": ours["Token"]})
    assert identity["role"] == BASE and ours["AccountId"] == demo.ACCOUNT and ours["RoleArn"] == BASE


def test_boto3_and_the_metadata_service(standin, host, monkeypatch):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)

    def fetcher():
        return InstanceMetadataFetcher(num_attempts=1, config={"ec2_metadata_service_endpoint": standin.url + "/"})

    theirs = fetcher().retrieve_iam_role_credentials()
    identity = echo(
        standin,
        {"AccessKeyId": theirs["access_key"], "SecretAccessKey": theirs["secret_key"], "SessionToken": theirs["token"]},
    )
    assert identity["role"] == BASE and theirs["role_name"] == "base"
    assert actions(standin) == ["api/token", "roles/", "roles/base"]
    for nothing in ({"instance_role": None}, {"instance_role": BASE, "code": "AssumeRoleUnauthorizedAccess"}):
        host(**nothing)
        assert fetcher().retrieve_iam_role_credentials() == {}


# ---- the container endpoint ----


def test_container_of_eks(start, standin, host, folder):
    """The token goes out as it is in its file, which is read for every request."""
    (folder / "token").write_text(TOKEN)
    host(authorization=TOKEN)
    agent = start(config(pod=container(standin, aws_container_authorization_token_file="token")))
    first = agent.credentials("pod")
    assert first["AccountId"] == demo.ACCOUNT and echo(standin, first)["role"] == BASE
    about = agent.profile("pod")
    assert about["role_arn"] == BASE and about["account_id"] == demo.ACCOUNT
    host(authorization=OTHER_TOKEN)
    problem = failure(agent, "pod")
    assert problem["upstream"]["code"] == "AuthorizationTokenNotValid" and "token" in problem["hint"]
    assert agent.credentials("pod") == first
    (folder / "token").write_text(OTHER_TOKEN)
    second = refreshed(agent, "pod")
    assert second["AccessKeyId"] != first["AccessKeyId"] and echo(standin, second)["role"] == BASE
    agent.check_log([TOKEN, OTHER_TOKEN])


def test_container_of_ecs(start, standin, host):
    """Its document has no account; the role's ARN has one."""
    uri = f"{standin.url}/v2/credentials/4f1d"
    agent = start(config(task=container(standin, aws_container_credentials_full_uri=uri)))
    credentials = agent.credentials("task")
    assert credentials["AccountId"] == demo.ACCOUNT and echo(standin, credentials)["role"] == BASE
    (call,) = standin.calls(target="container")
    assert call["authorization"] is False
    assert "4f1d" not in agent.stderr()


def test_container_by_the_environment(start, standin, host, folder):
    host(authorization=TOKEN)
    env = environment(
        folder,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{standin.url}/v1/credentials",
        AWS_CONTAINER_AUTHORIZATION_TOKEN=TOKEN,
    )
    agent = start(config(pod={"type": "container", **LIMITS}), env=env)
    assert echo(standin, agent.credentials("pod"))["role"] == BASE
    agent.check_log([TOKEN])


def test_the_environments_token_is_for_the_environments_uri(start, standin, host, folder):
    env = environment(folder, AWS_CONTAINER_AUTHORIZATION_TOKEN=TOKEN)
    agent = start(config(pod=container(standin)), env=env)
    agent.credentials("pod")
    assert [c["authorization"] for c in standin.calls(target="container")] == [False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOKEN + "\r\nX-Injected: 1", "line end"),
        (TOKEN + "\n", "line end"),
        (TOKEN + "\r", "line end"),
        ("", "is empty"),
        (None, "does not exist"),
        ("t" * (1 << 20), "larger than"),
    ],
)
def test_rejects_container_token_files(start, standin, host, folder, text, words):
    if text is not None:
        (folder / "token").write_bytes(text.encode())
    agent = start(config(pod=container(standin, aws_container_authorization_token_file="token")))
    problem = failure(agent, "pod")
    assert re.search(words, problem["detail"] + problem["hint"], re.IGNORECASE), problem
    assert str(folder / "token") in problem["detail"]
    assert standin.calls(target="container") == []
    (folder / "token").write_text(TOKEN)
    refreshed(agent, "pod")
    agent.check_log([TOKEN])


@pytest.mark.parametrize(
    "uri",
    [
        "http://192.0.2.7/creds",
        "http://169.254.169.254/creds",
        "http://169.254.170.24/creds",
        "http://127.0.0.1.example.com/creds",
        "http://localhost.example.com/creds",
        "http://127.0.0.1@192.0.2.7/creds",
        "http://[fd00:ec2::254]/creds",
        "http://[::ffff:192.0.2.7]/creds",
        "ftp://127.0.0.1/creds",
        "http://127.1/creds",
    ],
)
def test_rejects_container_hosts(folder, uri):
    printed = check(folder, config(pod={"type": "container", "aws_container_credentials_full_uri": uri}))
    assert "profiles.pod.aws_container_credentials_full_uri" in printed and "expected" in printed
    assert "/creds" not in printed.replace("http://169.254.170.23/v1/credentials", "")
    env = environment(folder, AWS_CONTAINER_CREDENTIALS_FULL_URI=uri)
    printed = check(folder, config(pod={"type": "container"}), env)
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in printed and "/creds" not in printed.replace("/v1/credentials", "")


def test_container_without_a_uri(folder):
    printed = check(folder, config(pod={"type": "container"}))
    assert "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in printed


# ---- the instance metadata service ----


def test_one_session_token_for_many_refreshes(start, standin, host):
    agent = start(config(ec2=imds(standin)))
    seen = {agent.credentials("ec2")["AccessKeyId"]} | {refreshed(agent, "ec2")["AccessKeyId"] for _ in range(3)}
    assert len(seen) == 4
    assert actions(standin) == ["api/token", *["roles/", "roles/base"] * 4]
    assert all(c["verified"] for c in standin.calls(target="imds") if c["action"] != "api/token")
    assert echo(standin, agent.credentials("ec2"))["role"] == BASE


def test_renews_a_session_token_that_the_service_has_forgotten(start, standin, host):
    """As by an instance that was stopped and started: a new one is asked for, without an error."""
    agent = start(config(ec2=imds(standin)))
    first = agent.credentials("ec2")
    standin.reset()
    host(container_role=BASE, instance_role=BASE)
    assert refreshed(agent, "ec2")["AccessKeyId"] != first["AccessKeyId"]
    assert actions(standin) == ["roles/", "api/token", "roles/", "roles/base"]


def test_fails_when_no_session_token_lasts(start, standin, host):
    """Renewed once an attempt, not for ever."""
    host(forgets_tokens=True)
    agent = start(config(ec2=imds(standin)))
    problem = failure(agent, "ec2")
    assert "session token" in problem["detail"]
    assert actions(standin)[:6] == ["api/token", "roles/", "roles/base"] * 2  # then it may be the next attempt's turn
    host(forgets_tokens=False)
    assert echo(standin, refreshed(agent, "ec2"))["role"] == BASE


def test_no_role(start, standin, host):
    agent = start(config(ec2=imds(standin)))
    first = agent.credentials("ec2")
    host(instance_role=None)
    problem = failure(agent, "ec2")
    assert "no role is attached" in problem["detail"] and "associate-iam-instance-profile" in problem["hint"]
    assert agent.credentials("ec2") == first


def test_reports_a_code_other_than_success(start, standin, host):
    host(code="AssumeRoleUnauthorizedAccess")
    agent = start(config(ec2=imds(standin)))
    problem = failure(agent, "ec2")
    assert problem["upstream"]["code"] == "AssumeRoleUnauthorizedAccess" and "ec2.amazonaws.com" in problem["hint"]
    assert problem["upstream"]["message"] == "The role cannot be assumed"
    host(code="Success")
    assert echo(standin, refreshed(agent, "ec2"))["role"] == BASE


def test_expired_credentials_are_never_served(start, standin, host):
    """AWS SDKs go on with them; here they are an error, and what is held and valid stays."""
    host(expired_s=600)
    agent = start(config(ec2=imds(standin)))
    problem = failure(agent, "ec2")
    assert "expired at" in problem["detail"] and "clock" in problem["hint"]
    status, _ = agent.refusal("ec2", wait=0)
    assert status >= 500
    host(expired_s=0)
    first = refreshed(agent, "ec2")
    host(expired_s=1)
    assert "expired at" in failure(agent, "ec2")["detail"]
    assert agent.credentials("ec2") == first and echo(standin, first)["role"] == BASE


@pytest.mark.parametrize("value", ["true", "TRUE"])
def test_honours_the_switch(start, standin, host, folder, value):
    agent = start(config(ec2=imds(standin)), env=environment(folder, AWS_EC2_METADATA_DISABLED=value))
    problem = failure(agent, "ec2")
    assert "AWS_EC2_METADATA_DISABLED" in problem["detail"] + problem["hint"]
    assert standin.calls(target="imds") == []


@pytest.mark.parametrize("endpoint", ["http://192.0.2.7", "ftp://127.0.0.1", "http://u:p@127.0.0.1", "169.254.169.254"])
def test_rejects_metadata_endpoints(folder, endpoint):
    printed = check(folder, config(ec2={"type": "imds", "endpoint": endpoint}))
    assert "profiles.ec2.endpoint" in printed and "expected" in printed
    env = environment(folder, AWS_EC2_METADATA_SERVICE_ENDPOINT=endpoint)
    assert "AWS_EC2_METADATA_SERVICE_ENDPOINT" in check(folder, config(ec2={"type": "imds"}), env)


# ---- both ----


def misbehave(standin, source, kind):
    """Slow is slower than the profile waits."""
    standin.fault(source, kind, **({"seconds": 20} if kind == "slow" else {}))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", FAULTS)
def test_faults(start, standin, host, source, kind):
    """With nothing held a clear error, else what is held; and all is well when the fault is over."""
    limits = SHORT_LIMITS if kind in ("hang", "slow") else {}
    agent = start(config(p=SOURCES[source](standin, **limits)))
    misbehave(standin, source, kind)
    first_problem = failure(agent, "p")
    assert "127.0.0.1" in first_problem["detail"], first_problem
    standin.clear_faults()
    first = refreshed(agent, "p")
    misbehave(standin, source, kind)
    failure(agent, "p")
    about = agent.profile("p")
    assert about["state"] == "stale" and about["last_error"] and agent.credentials("p") == first
    standin.clear_faults()
    second = refreshed(agent, "p")
    assert second["AccessKeyId"] != first["AccessKeyId"] and echo(standin, second)["role"] == BASE
    assert agent.profile("p")["state"] == "fresh"


@pytest.mark.parametrize("source", SOURCES)
def test_waits_for_slow_answers(start, standin, host, source):
    agent = start(config(p=SOURCES[source](standin)))
    standin.fault(source, "slow", seconds=0.3, count=3)
    assert echo(standin, agent.credentials("p"))["role"] == BASE


@pytest.mark.parametrize("source", SOURCES)
def test_short_lives(start, standin, host, source):
    """What has less than a minute is served for want of better, what has 5 s is not."""
    agent = start(config(p=SOURCES[source](standin)))
    standin.fault(source, "short_life", seconds=3)
    assert "less than 5 s" in failure(agent, "p")["detail"]
    status, problem = agent.refusal("p", wait=0)
    assert status == 503 and problem["hint"]
    standin.clear_faults()
    standin.fault(source, "short_life", seconds=30)
    assert echo(standin, refreshed(agent, "p"))["role"] == BASE
    assert agent.profile("p")["state"] == "expiring"
    standin.clear_faults()
    standin.fault(source, "short_life", seconds=240)
    assert echo(standin, refreshed(agent, "p"))["role"] == BASE


@pytest.mark.parametrize("source", SOURCES)
def test_short_lives_do_not_replace_longer_ones(start, standin, host, source):
    agent = start(config(p=SOURCES[source](standin)))
    first = agent.credentials("p")
    standin.fault(source, "short_life", seconds=30)
    assert "less than 60 s" in failure(agent, "p")["detail"]
    assert agent.credentials("p", wait=0) == first and agent.profile("p")["state"] == "stale"


@pytest.mark.parametrize("source", SOURCES)
def test_never_through_a_proxy(start, standin, host, folder, source):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
        agent = start(config(p=SOURCES[source](standin)), env=environment(folder, **dict.fromkeys(names, url)))
        assert echo(standin, agent.credentials("p"))["role"] == BASE
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()
