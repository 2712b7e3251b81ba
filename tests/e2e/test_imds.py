# SPDX-License-Identifier: Apache-2.0
"""The instance metadata service, judged by unmodified SDKs; who gets nothing from it; cold starts."""

import os
import socket
import subprocess

import botocore.session
import botocore.utils
import pytest
from support import crowd, tcp_http
from support.agent import environment
from support.other_user import OTHER_UID, become_other_user

ROLES = "/latest/meta-data/iam/security-credentials/"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"


def serve(start, folder, profiles, profile="tenant-a", **more):
    listener = {"tcp": "127.0.0.1:0", "api": ["imds"], "profile": profile}
    listeners = [{"unix": str(folder / "k.sock")}, listener]
    agent = start({"region": "us-east-1", "listeners": listeners, "profiles": {**profiles.demo(), **more}})
    (at,) = tcp_http.listeners(agent, "imds")
    return agent, at


@pytest.fixture
def served(start, folder, profiles):
    return serve(start, folder, profiles)


def sdk_environment(standin, folder, at, **more):
    return environment(
        folder,
        AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://{at}/",
        AWS_ENDPOINT_URL_STS=standin.url,
        AWS_CONFIG_FILE=str(folder / "none"),
        AWS_SHARED_CREDENTIALS_FILE=str(folder / "none"),
        **more,
    )


def test_boto3(served, standin, folder, monkeypatch):
    """One session of botocore sees a rotation; it finds the region here, too."""
    agent, at = served
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in sdk_environment(standin, folder, at).items():
        monkeypatch.setenv(name, value)
    session = botocore.session.Session()
    credentials = session.get_credentials()
    assert credentials.method == "iam-role"
    held = agent.credentials("tenant-a")
    frozen = credentials.get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == tuple(
        held[k] for k in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    )
    assert agent.refresh("tenant-a").status == 200
    credentials._expiry_time = credentials._time_fetcher()  # as if its time had come
    assert credentials.get_frozen_credentials().access_key == agent.credentials("tenant-a")["AccessKeyId"]
    region = botocore.utils.IMDSRegionProvider(session).provide()
    assert region == "us-east-1"


def token_of(at, ttl="60", **headers):
    reply = tcp_http.call(at, "PUT", "/latest/api/token", {TTL: ttl, **headers})
    assert reply.status == 200 and reply.headers[TTL.lower()] == ttl, reply
    return reply.body.decode()


def test_paths(served):
    agent, at = served
    held = agent.credentials("tenant-a")
    proof = {TOKEN: token_of(at)}
    assert tcp_http.call(at, "GET", ROLES, proof).body == b"tenant-a"
    document = tcp_http.call(at, "GET", ROLES + "tenant-a", proof).json()
    assert document["Code"] == "Success" and document["AccessKeyId"] == held["AccessKeyId"]
    assert document["Expiration"] == held["Expiration"]
    identity = tcp_http.call(at, "GET", "/latest/dynamic/instance-identity/document", proof).json()
    assert identity["region"] == "us-east-1" and identity["accountId"] == "444455556666"
    assert tcp_http.call(at, "GET", ROLES + "irsa", proof).status == 404
    assert tcp_http.call(at, "GET", ROLES + "tenant-a").status == 401


ASK = """
token=$(curl -sS -X PUT -H "{ttl}: 60" http://{at}/latest/api/token)
echo "token: $token"
curl -sS -i -H "{token}: $token" http://{at}{roles}tenant-a
curl -sS -i http://{at}{roles}tenant-a
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
@pytest.mark.parametrize("is_allowed", [False, True])
def test_another_user(start, folder, profiles, is_allowed):
    """The metadata service has no secret to prove oneself with: the kernel tells who asks."""
    rules = {"allow": [{"uids": [OTHER_UID, os.geteuid()]}]} if is_allowed else {}
    agent, at = serve(start, folder, profiles, **{"tenant-a": profiles.assume("irsa", **rules)})
    agent.credentials("tenant-a")
    script = ASK.format(at=at, ttl=TTL, token=TOKEN, roles=ROLES)
    finished = subprocess.run(["sh", "-c", script], preexec_fn=become_other_user, capture_output=True, text=True)
    assert ("ASIA" in finished.stdout) == is_allowed, finished
    if not is_allowed:
        assert finished.stdout.count("HTTP/1.1 403") == 2 and agent.events("access_denied")


def test_the_hop_limit_is_1(served):
    """On the wire: the packets of an answer go no further than this host."""
    agent, at = served
    del agent
    host, port = at.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as client:
        # The kernel hands a received TTL to whoever asks for it, on TCP by MINTTL: it drops what is below.
        client.setsockopt(socket.IPPROTO_IP, 21, 2)  # IP_MINTTL
        client.settimeout(2)
        client.sendall(f"GET / HTTP/1.1\r\nHost: {at}\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            client.recv(1)
    with socket.create_connection((host, int(port))) as client:
        client.setsockopt(socket.IPPROTO_IP, 21, 1)
        client.sendall(f"GET / HTTP/1.1\r\nHost: {at}\r\n\r\n".encode())
        assert client.recv(64).startswith(b"HTTP/1.1 401")


def test_twenty_clients_at_a_cold_agent(start, standin, folder, profiles):
    """One call upstream; botocore gives up 1 s after each of its three requests, at the first attempt."""
    agent, at = serve(start, folder, profiles, "irsa", irsa=profiles.irsa(refresh="on_demand"))

    def make_client():
        return botocore.utils.InstanceMetadataFetcher(base_url=f"http://{at}/").retrieve_iam_role_credentials

    answers = crowd.ask_cold(standin, make_client)
    assert {a.get("access_key") for a in answers} == {agent.credentials("irsa")["AccessKeyId"]}
    assert len(standin.calls(action="AssumeRoleWithWebIdentity")) == 1
