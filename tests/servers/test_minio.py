# SPDX-License-Identifier: Apache-2.0
"""MinIO, in S3's place and STS's: it decodes paths and queries and encodes them anew, as AWS does. script/test-servers
builds it and runs these tests.

It differs from AWS in three ways, which are left out: it sorts the values of one name as they came, takes a raw ";" in a
query for an error, and a raw "+" in a path for itself (AWS takes it for a blank, so that /sign has "%20" sent)."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from support.agent import Agent
from support.judge_servers import JudgeServer

KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
ODD_KEYS = ["=", "dt=2024-05-22", "(", ")", "f(1).txt", ":", "@", "'", ",", ";", "!", "$", "&", "*", "~", "%7E", "%7e", "%c3%a9",
            "%C3%A9", "é", "日本", "a%20b", "a+b", "a%2Bb", "a%2fb", "[x]{y}\"|^`<>", "100%25", "a%3Db/c=d"]  # fmt: skip
ODD_QUERIES = ["delimiter=/&prefix=", "prefix=a,b", "prefix=a:b@c", "prefix=%7E", "prefix=%c3%a9", "prefix=é", "prefix=a+b",
               "prefix=a=b", "prefix=(x)'!*$", "&&prefix=a&", "k[]=1", "prefix=a%2fb%2Fc", "prefix=\"<>^`{|}\\", "=x"]  # fmt: skip


class MinIO(JudgeServer):
    def __init__(self, folder):
        variables = {"MINIO_ROOT_USER": KEYS["access_key_id"], "MINIO_ROOT_PASSWORD": KEYS["secret_access_key"]}
        arguments = ["server", "--quiet", "--address", "127.0.0.1:{port}", "--console-address", "127.0.0.1:0", folder / "data"]
        super().__init__(folder, os.environ["KEYFOB_MINIO"], arguments, variables, tuple(KEYS.values()))
        self.keys, self.role = KEYS, "arn:minio:iam:::role/any"


@pytest.fixture(scope="module")
def minio():
    folder = Path(tempfile.mkdtemp(prefix="kf-"))
    server = MinIO(folder)
    try:
        server.wait_until_ready()
        server.agent = Agent(folder, {"region": "us-east-1", "profiles": server.profiles("arn:aws:iam::123456789012:role/x")})
        server.agent.wait_until_listening()
        server.as_root("s3").create_bucket(Bucket="bucket")
        yield server
        server.agent.end()
        server.agent.check_log([KEYS["secret_access_key"]])
    finally:
        server.end()
        shutil.rmtree(folder)


@pytest.mark.parametrize("profile", ["user", "role"])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_keys(minio, profile, key):
    """By headers and by query; what was written under one spelling is read under it."""
    assert minio.send_signed(minio.agent, profile, "s3", "PUT", f"/bucket/{key}", {}, key.encode())[0] == 200
    assert minio.send_signed(minio.agent, profile, "s3", "GET", f"/bucket/{key}") == (200, key.encode())
    assert minio.send_presigned(minio.agent, profile, "s3", "GET", f"/bucket/{key}?k=a/b,c") == (200, key.encode())


@pytest.mark.parametrize("profile", ["user", "role"])
@pytest.mark.parametrize("query", ODD_QUERIES)
def test_queries(minio, profile, query):
    status, body = minio.send_signed(minio.agent, profile, "s3", "GET", f"/bucket?list-type=2&{query}")
    assert status == 200, body
    status, body = minio.send_presigned(minio.agent, profile, "s3", "GET", f"/bucket?list-type=2&{query}")
    assert status == 200, body


@pytest.mark.parametrize("target", ["/bucket/key", "/bucket?list-type=2&prefix=a,b"])
def test_says_no_to_another_key(minio, target):
    for send in (minio.send_signed, minio.send_presigned):
        status, body = send(minio.agent, "wrong", "s3", "GET", target)
        assert status == 403 and b"SignatureDoesNotMatch" in body


def test_says_no_to_another_request(minio):
    document = {"method": "GET", "url": minio.url + "/bucket?list-type=2&prefix=a", "service": "s3", "region": "us-east-1"}
    added = minio.agent.sign("role", document).json()["headers"]
    assert minio.send("GET", document["url"], added)[0] == 200
    status, body = minio.send("GET", document["url"] + "b", added)
    assert status == 403 and b"SignatureDoesNotMatch" in body


@pytest.mark.parametrize("profile", ["user", "role"])
def test_literals_in_place_of_the_payload_hash(minio, profile):
    body = b"4\r\ntext\r\n0\r\nx-amz-checksum-crc32:O4unxw==\r\n\r\n"
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "4",
               "x-amz-trailer": "x-amz-checksum-crc32", "content-encoding": "aws-chunked"}  # fmt: skip
    sent = minio.send_signed(minio.agent, profile, "s3", "PUT", "/bucket/streamed", headers, body, payload_text=None)
    assert sent[0] == 200, sent
    assert minio.send_signed(minio.agent, profile, "s3", "GET", "/bucket/streamed") == (200, b"text")
    unsigned = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    sent = minio.send_signed(minio.agent, profile, "s3", "PUT", "/bucket/u", unsigned, b"text", payload_text=None)
    assert sent[0] == 200, sent
