# SPDX-License-Identifier: Apache-2.0
"""The container credentials endpoint, judged by unmodified SDKs; who gets nothing from it; cold starts."""

import os
import stat
import subprocess

import botocore.session
import botocore.utils
import pytest
from support import crowd, tcp_http
from support.agent import environment
from support.other_user import become_other_user
from support.polling import until



@pytest.fixture
def served(start, folder, profiles):
    """An agent with a TCP listener for `container`, "/" is tenant-a: (agent, address, path of the token)."""
    token_file = folder / "token"
    listener = {
        "tcp": "127.0.0.1:0",
        "api": ["container"],
        "profile": "tenant-a",
        "authorization_token_file": str(token_file),
    }
    agent = start(
        {
            "region": "us-east-1",
            "listeners": [{"unix": str(folder / "k.sock")}, listener],
            "profiles": {**profiles.demo(), "base": profiles.static()},
        }
    )
    (at,) = tcp_http.listeners(agent, "container")
    return agent, at, token_file


def sdk_environment(standin, folder, at, path, token_file, **more):
    return environment(
        folder,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://{at}{path}",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token_file),
        AWS_ENDPOINT_URL_STS=standin.url,
        AWS_REGION="us-east-1",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CONFIG_FILE=str(folder / "none"),
        AWS_SHARED_CREDENTIALS_FILE=str(folder / "none"),
        AWS_EC2_METADATA_DISABLED="true",
        **more,
    )


def test_boto3(served, standin, folder, monkeypatch):
    """One session of botocore sees a rotation."""
    agent, at, token_file = served
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in sdk_environment(standin, folder, at, "/", token_file).items():
        monkeypatch.setenv(name, value)
    credentials = botocore.session.Session().get_credentials()
    assert credentials.method == "container-role"
    held = agent.credentials("tenant-a")
    frozen = credentials.get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == tuple(
        held[k] for k in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    )
    assert frozen.account_id == held.get("AccountId")
    assert agent.refresh("tenant-a").status == 200
    credentials._expiry_time = credentials._time_fetcher()  # as if its time had come
    assert credentials.get_frozen_credentials().access_key == agent.credentials("tenant-a")["AccessKeyId"]


def test_awscrt(served, standin, folder, monkeypatch):
    """aws-c-auth, which leaves the port out of Host."""
    auth = pytest.importorskip("awscrt.auth")
    agent, at, token_file = served
    for name, value in sdk_environment(standin, folder, at, "/", token_file).items():
        monkeypatch.setenv(name, value)
    host, port = at.rsplit(":", 1)
    reply = tcp_http.call(at, "GET", "/", {"Host": host, "Authorization": token_file.read_text()})
    assert reply.status == 200 and int(port) > 0
    provider = auth.AwsCredentialsProvider.new_default_chain()
    got = provider.get_credentials().result(timeout=30)
    assert got.access_key_id == agent.credentials("tenant-a")["AccessKeyId"]


def test_static_keys_have_an_expiration(served):
    """SDKs crash without one."""
    agent, at, token_file = served
    reply = tcp_http.call(at, "GET", "/v1/container/base", {"Authorization": token_file.read_text()})
    document = reply.json()
    assert document["Token"] == "" and document["Expiration"].endswith("Z")
    assert agent.credentials("base")["AccessKeyId"] == document["AccessKeyId"]


# ---- the token ----


def test_token_file_is_created(served):
    _, at, token_file = served
    about = token_file.stat()
    assert stat.S_IMODE(about.st_mode) == 0o600
    token = token_file.read_text()
    assert len(token) >= 43 and token.strip() == token
    assert [p.name for p in token_file.parent.iterdir() if p.name.startswith("token")] == ["token"]
    assert tcp_http.call(at, "GET", "/", {"Authorization": token}).status == 200
    assert tcp_http.call(at, "GET", "/", {"Authorization": token[:-1] + "x"}).status == 403


def test_token_file_may_change(served):
    """Replaced: the new token goes. Removed: the agent makes another. Spoilt: the token stays, and the log says why."""
    agent, at, token_file = served

    def is_admitted(token):
        return tcp_http.call(at, "GET", "/", {"Authorization": token}).status == 200

    first = token_file.read_text()
    fresh = token_file.with_name("fresh")
    fresh.write_text("a-token-of-mine")
    fresh.rename(token_file)
    until(lambda: is_admitted("a-token-of-mine"), what="the new token")
    assert not is_admitted(first)
    token_file.write_text("")
    until(lambda: agent.events("authorization_token_failed"), what="a line about the empty file")
    assert is_admitted("a-token-of-mine")
    token_file.unlink()
    until(token_file.exists, what="another token file")
    until(lambda: is_admitted(token_file.read_text()), what="the token in it")
    assert not is_admitted("a-token-of-mine") and not is_admitted(first)
    for token in (first, "a-token-of-mine", token_file.read_text()):
        assert token not in agent.stderr()


def test_token_file_that_cannot_be_used(start, folder, profiles):
    (folder / "token").write_text("two\nlines")
    listener = {"tcp": "127.0.0.1:0", "api": ["container"], "authorization_token_file": str(folder / "token")}
    config = {"listeners": [{"unix": str(folder / "k.sock")}, listener], "profiles": {"base": profiles.static()}}
    agent = start(config, listening=False)
    assert agent.process.wait(30) == 78
    assert str(folder / "token") in agent.stderr() and "two" not in agent.stderr()


# ---- who gets nothing ----

@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_another_user_gets_nothing(served, folder):
    """Neither the token nor, without it, an answer."""
    agent, at, token_file = served
    agent.credentials("tenant-a")
    folder.chmod(0o755)
    unix = f"curl -sS -i --unix-socket {agent.socket} http://k/v1/container/irsa"
    script = f"cat {token_file}; curl -sS -i http://{at}/; {unix}"
    finished = subprocess.run(["sh", "-c", script], preexec_fn=become_other_user, capture_output=True, text=True)
    assert "Permission denied" in finished.stderr and "403" in finished.stdout
    assert "ASIA" not in finished.stdout and token_file.read_text() not in finished.stdout


# ---- cold ----


def test_twenty_clients_at_a_cold_agent(start, standin, folder, profiles, monkeypatch):
    """One call upstream; botocore gives up after 2 s, here at the first attempt."""
    monkeypatch.setattr(botocore.utils.ContainerMetadataFetcher, "RETRY_ATTEMPTS", 1)
    token_file = folder / "token"
    listener = {"tcp": "127.0.0.1:0", "api": ["container"], "authorization_token_file": str(token_file)}
    agent = start(
        {
            "region": "us-east-1",
            "listeners": [{"unix": str(folder / "k.sock")}, listener],
            "profiles": {"irsa": profiles.irsa(refresh="on_demand")},
        }
    )
    (at,) = tcp_http.listeners(agent, "container")
    url, proof = f"http://{at}/v1/container/irsa", {"Authorization": token_file.read_text()}

    def make_client():
        fetcher = botocore.utils.ContainerMetadataFetcher()
        return lambda: fetcher.retrieve_full_uri(url, headers=proof)

    answers = crowd.ask_cold(standin, make_client)
    assert {a["AccessKeyId"] for a in answers} == {agent.credentials("irsa")["AccessKeyId"]}
    assert len(standin.calls(action="AssumeRoleWithWebIdentity")) == 1
