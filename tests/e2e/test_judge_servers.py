# SPDX-License-Identifier: Apache-2.0
"""Signed requests at servers in AWS's place that nobody here wrote: moto and MiniStack verify each signature and session
token, with a user's keys and with a role's that keyfob assumed at the same server.

moto computes over the URL as it stands on the wire, by botocore's signer, so that it judges only URLs that are canonical
already; it takes the parameters of a GET for its body. MiniStack decodes queries as AWS does, but not S3's paths:
tests/servers has MinIO judge those."""

import shutil
import tempfile
from pathlib import Path

import pytest
from support.agent import Agent
from support.judge_servers import start_ministack, start_moto

SERVERS = {"moto": start_moto, "ministack": start_ministack}


class Judge:
    def __init__(self, name):
        self._folder = Path(tempfile.mkdtemp(prefix="kf-"))
        self.server = SERVERS[name](self._folder)
        self.agent = Agent(self._folder, {"region": "us-east-1", "profiles": self.server.profiles()})
        self.agent.wait_until_listening()

    def ask(self, profile, service, method, target, headers=None, body=b"", **members):
        return self.server.send_signed(self.agent, profile, service, method, target, headers, body, **members)

    def end(self):
        try:
            self.agent.end()
        finally:
            self.agent.kill()
            self.server.end()
        self.agent.check_log([self.server.keys["secret_access_key"]])
        shutil.rmtree(self._folder)


@pytest.fixture(scope="module", params=SERVERS)
def judge(request):
    judge = Judge(request.param)
    yield judge
    judge.end()


only_ministack = pytest.mark.parametrize("judge", ["ministack"], indirect=True)

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
JSON_1_0 = {"content-type": "application/x-amz-json-1.0"}
CALLS = {
    "sts": ("sts", "POST", "/", FORM, b"Action=GetCallerIdentity&Version=2011-06-15"),
    "dynamodb": ("dynamodb", "POST", "/", {**JSON_1_0, "x-amz-target": "DynamoDB_20120810.ListTables"}, b"{}"),
    "sqs": ("sqs", "POST", "/", {**JSON_1_0, "x-amz-target": "AmazonSQS.ListQueues"}, b"{}"),
    "sqs-query": ("sqs", "POST", "/", FORM, b"Action=ListQueues&Version=2012-11-05"),
    "s3": ("s3", "PUT", "/bucket/key", {"content-type": "text/plain"}, b"text"),
    "s3-list": ("s3", "GET", "/bucket?list-type=2&prefix=a%2Cb&delimiter=%2F", {}, b""),
}
# Written as an SDK writes them, so that every server agrees; not in order.
PLAIN_KEYS = ["a%20b", "a%2Bb", "dt%3D1", "f%281%29.txt", "%C3%A9", "~", "x//y"]
ODD_QUERIES = ["delimiter=/&prefix=", "prefix=a,b", "prefix=a:b@c", "prefix=%7E", "prefix=%c3%a9", "prefix=é", "prefix=a+b",
               "prefix=a=b", "prefix=(x)'!*$", "&&prefix=a&", "k[]=1", "prefix=%2f%2F/", "x=100%", "b=2&a=2&a=1&A=3"]  # fmt: skip


@pytest.mark.parametrize("profile", ["user", "role"])
@pytest.mark.parametrize("call", CALLS)
def test_services(judge, profile, call):
    status, body = judge.ask(profile, *CALLS[call])
    assert status == 200, body
    if call == "sts":
        assert (b":user/u<" if profile == "user" else b":assumed-role/role/session<") in body


@pytest.mark.parametrize("call", CALLS)
def test_says_no_to_another_key(judge, call):
    status, body = judge.ask("wrong", *CALLS[call])
    assert status in (400, 403) and b"Signature" in body, body


@pytest.mark.parametrize("call", CALLS)
def test_says_no_to_another_request(judge, call):
    """One byte of what was signed is another on the wire."""
    service, method, target, headers, body = CALLS[call]
    changed = target.replace("key", "kez").replace("list-type=2", "list-type=3") if service == "s3" else target
    signed = judge.agent.sign("role", {"method": method, "url": judge.server.url + target, "headers": headers,
                                       "service": service, "region": "us-east-1", "payload_text": body.decode()})  # fmt: skip
    added = signed.json()["headers"]
    if changed == target:
        body = body.replace(b"Version", b"version") if b"Version" in body else b"{ }"
    status, answer = judge.server.send(method, judge.server.url + changed, {**headers, **added}, body)
    assert status in (400, 403) and b"Signature" in answer, answer


def test_says_no_without_the_token(judge):
    service, method, target, headers, body = CALLS["dynamodb"]
    signed = judge.agent.sign("role", {"method": method, "url": judge.server.url + target, "headers": headers,
                                       "service": service, "region": "us-east-1", "payload_text": body.decode()})  # fmt: skip
    added = signed.json()["headers"]
    assert added.pop("x-amz-security-token")
    status, _ = judge.server.send(method, judge.server.url + target, {**headers, **added}, body)
    assert status in (400, 403)


@pytest.mark.parametrize("profile", ["user", "role"])
@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_keys_of_s3(judge, profile, key):
    assert judge.ask(profile, "s3", "PUT", f"/bucket/{key}", {}, key.encode())[0] == 200
    assert judge.ask(profile, "s3", "GET", f"/bucket/{key}") == (200, key.encode())


@only_ministack
@pytest.mark.parametrize("profile", ["user", "role"])
@pytest.mark.parametrize("query", ODD_QUERIES)
def test_odd_queries(judge, profile, query):
    for service, target in (("s3", "/bucket?list-type=2&"), ("sts", "/?Action=GetCallerIdentity&Version=2011-06-15&")):
        status, body = judge.ask(profile, service, "GET", target + query)
        assert status == 200, body


@only_ministack  # moto does not look at the signature of a presigned URL
@pytest.mark.parametrize("profile", ["user", "role"])
@pytest.mark.parametrize("key", [*PLAIN_KEYS, "dt=2", "f(2).txt", "c+d", "é2", ":@,;!$&*'"])
def test_presigned_urls(judge, profile, key):
    """Presigned paths of S3 are written anew: every server agrees on them."""
    assert judge.server.send_presigned(judge.agent, profile, "s3", "PUT", f"/bucket/{key}", key.encode())[0] == 200
    assert judge.server.send_presigned(judge.agent, profile, "s3", "GET", f"/bucket/{key}?x=a/b,c") == (200, key.encode())
    status, body = judge.server.send_presigned(judge.agent, "wrong", "s3", "GET", f"/bucket/{key}")
    assert status == 403 and b"SignatureDoesNotMatch" in body


def test_a_literal_in_place_of_the_payload_hash(judge):
    """As SDKs send bodies whose checksum follows them."""
    body = b"4\r\ntext\r\n0\r\nx-amz-checksum-crc32:O4unxw==\r\n\r\n"
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "4",
               "x-amz-trailer": "x-amz-checksum-crc32", "content-encoding": "aws-chunked"}  # fmt: skip
    status, answer = judge.ask("role", "s3", "PUT", "/bucket/streamed", headers, body, payload_text=None)
    assert status == 200, answer
    assert judge.ask("user", "s3", "GET", "/bucket/streamed") == (200, b"text")
    unsigned = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    assert judge.ask("user", "s3", "PUT", "/bucket/unsigned", unsigned, b"text", payload_text=None)[0] == 200
