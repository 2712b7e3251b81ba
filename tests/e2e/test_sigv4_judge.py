# SPDX-License-Identifier: Apache-2.0
"""Signatures by headers and by query, held against botocore's byte for byte, on random requests.

botocore signs what its SDK would send; here it gets the same headers that our signer gets, and the URL as an SDK would
have written it. Needs botocore >= 1.44.5 (its list of headers that are never signed). Left out on purpose, where botocore
cannot be followed: a `Date` header (botocore replaces it), an S3 URL without a path (it would sign an empty one), folded
lines that are none (refused here), and repeated query parameters of presigned URLs (botocore keeps the first of them
only; ours stay: test_presign_keeps_repeated).
"""

import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess
import urllib.parse

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.sdk_url import S3_FAMILY, as_sdks_write

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("KEYFOB_BUILD", "build-asan")
SEED = int(os.environ.get("KEYFOB_SEED", random.SystemRandom().randrange(2**32)))
UNRESERVED = "abcXYZ019-_.~"
BLANKS = [" ", "  ", "\t", " \t ", "\r\n ", "\n\t", "\r\n   "]


def pick_region(rnd):
    return rnd.choice(
        ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-7", "us-gov-west-1", "cn-north-1", "us-isob-east-1",
         "eusc-de-east-1", "mx-central-1", "il-central-1"]
    )  # fmt: skip


def pick_host(rnd, service, region):
    host = rnd.choice(
        [f"{service}.{region}.amazonaws.com", f"bedrock-runtime.{region}.amazonaws.com", "gateway.Internal.example",
         f"vpce-0123-abcd.{service}.{region}.vpce.amazonaws.com", "127.0.0.1", "[::1]", "[2001:DB8::7]", "localhost",
         f"My-Bucket.s3.{region}.amazonaws.com", "host_with_underscore.example"]
    )  # fmt: skip
    return host + rnd.choice([""] * 6 + [":443", ":80", ":8443", ":4566", ":"])


def text(rnd, alphabet, longest):
    return "".join(rnd.choice(alphabet) for _ in range(rnd.randint(0, longest)))


def path_segment(rnd):
    return rnd.choice(
        [
            lambda: text(rnd, UNRESERVED, 12),
            lambda: rnd.choice(["", ".", "..", "...", ".a", "%2E", "%2e%2e"]),
            lambda: f"anthropic.claude-{rnd.randint(2, 5)}-sonnet-20240620-v1:0",
            lambda: f"anthropic.claude-{rnd.randint(2, 5)}-sonnet-20240620-v1%3A0",
            lambda: "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-v2%3A0",
            lambda: "arn:aws:bedrock:us-east-1:123456789012:provisioned-model%2f" + text(rnd, UNRESERVED, 8),
            lambda: text(rnd, UNRESERVED + "!$&'()*+,;=:@%", 14),
            lambda: text(rnd, "aé日本ü😀%/", 8),
            lambda: text(rnd, '"<>[]^`{|}\\', 5),
        ]
    )()


def pick_path(rnd):
    if rnd.random() < 0.1:
        return rnd.choice(["", "/", "//", "/../..", "/a/b/..", "/a//b/./c/../d%20e/", "/./", "/a/../"])
    return "/" + "/".join(path_segment(rnd) for _ in range(rnd.randint(1, 5)))


def query_part(rnd):
    return rnd.choice(
        [
            lambda: text(rnd, UNRESERVED, 6),
            lambda: rnd.choice(["a", "A", "a-b", "aa", "b", "prefix", "X-Amz-Meta", "x-id"]),
            lambda: text(rnd, UNRESERVED + "!$'()*+,;:@/?%[]", 10),
            lambda: text(rnd, "aé%7Eb%c3=", 6),
            lambda: urllib.parse.quote(text(rnd, "aé日 +/=&%~", 6), safe=""),
            lambda: "",
        ]
    )()


def pick_query(rnd, presign):
    if rnd.random() < 0.3:
        return rnd.choice(
            ["", "?", "?acl", "?Action=GetCallerIdentity&Version=2011-06-15", "?list-type=2&prefix=a%2Fb"]
        )
    pairs, seen = [], set()
    for _ in range(rnd.choice([1, 2, 3, 5, 8, 40])):
        name, value = query_part(rnd), query_part(rnd)
        form = rnd.random()
        pair = name if form < 0.15 else f"{name}=" if form < 0.3 else f"{name}={value}"
        if form > 0.9:
            pair += "=" + query_part(rnd)
        # botocore decodes to text, so bytes that are no UTF-8 would not survive there
        decoded = urllib.parse.unquote_plus(pair.partition("=")[0])
        if presign and ("\ufffd" in urllib.parse.unquote_plus(pair) or decoded in seen):
            continue
        seen.add(decoded)
        pairs.append(pair)
        if not presign and rnd.random() < 0.2:
            pairs.append(rnd.choice(pairs))
        if rnd.random() < 0.05:
            pairs.append("")
    return "?" + "&".join(pairs)


def header_value(rnd):
    words = [text(rnd, 'abcXYZ019"=;,/()é', 10) for _ in range(rnd.randint(0, 5))]
    value = rnd.choice(["", " ", "\t"])
    for word in words:
        value += word + rnd.choice(BLANKS)
    return value if rnd.random() < 0.5 else value.strip()


def mixed_case(rnd, name):
    return "".join(c.upper() if rnd.random() < 0.3 else c for c in name)


def pick_headers(rnd, host):
    headers = []
    names = ["content-type", "accept", "x-amz-meta-a", "x-amz-target", "x-custom", "x-a", "x-b", "foo",
             "content-length", "x-amzn-bedrock-trace", "x-amzn-bedrock-guardrailidentifier", "range", "cache-control",
             "content-md5", "user-agent", "connection", "expect", "te", "x-amzn-trace-id", "transfer-encoding", "upgrade",
             "trailer", "keep-alive", "proxy-authorization", "proxy-authenticate", "traceparent", "tracestate", "baggage",
             "x-a!#$%&'*+^_`|~", "x-amz", "x-amz-", "a", "x-amz-date-not"]  # fmt: skip
    for _ in range(rnd.choice([0, 1, 2, 4, 9, 30])):
        headers.append([mixed_case(rnd, rnd.choice(names)), header_value(rnd)])
    if rnd.random() < 0.2:
        headers.append([mixed_case(rnd, "host"), rnd.choice([host, "Override.example:8443", "  spaced.example "])])
    rnd.shuffle(headers)
    return headers


def pick_token(rnd):
    return rnd.choice(["", "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars==", text(rnd, "abcXYZ019+/=", 1200)])


def make_request(rnd):
    presign = rnd.random() < 0.35
    service = rnd.choice(
        ["bedrock", "bedrock-agentcore", "sts", "secretsmanager", "execute-api", "dynamodb", "lambda", "es", "eks-auth",
         "service", *S3_FAMILY]
    )  # fmt: skip
    region = pick_region(rnd)
    host = pick_host(rnd, service, region)
    path = pick_path(rnd)
    if service in S3_FAMILY and not path:
        path = "/"
    headers = pick_headers(rnd, host)
    body = b"" if presign else rnd.choice([b"", b"{}", rnd.randbytes(rnd.randint(1, 100))])
    payload_hash = hashlib.sha256(body).hexdigest()
    literal = rnd.random()
    if literal < 0.1 and service not in S3_FAMILY:
        payload_hash = rnd.choice(
            ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-EVENTS", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]
        )
        headers.append([mixed_case(rnd, "x-amz-content-sha256"), payload_hash])
    elif literal < 0.2 and presign:
        headers.append([mixed_case(rnd, "x-amz-content-sha256"), payload_hash])
    return {
        "method": rnd.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "get", "Post"]),
        "url": rnd.choice(["https", "https", "http"]) + "://" + host + path + pick_query(rnd, presign),
        "headers": headers,
        "payload_hash": payload_hash,
        "service": service,
        "region": region,
        "time_s": rnd.choice([0, 86399, 1440938160, 1788264000, rnd.randint(0, 4102444800)]),
        "access_key_id": rnd.choice(["AKIDEXAMPLE", "ASIAEXAMPLEKEYID0001"]),
        "secret_access_key": rnd.choice(["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", text(rnd, "aZ09+/", 39) + "x",
                                         "long" * 40]),
        "session_token": pick_token(rnd),
        "presign": presign,
        "expires_s": rnd.randint(1, 604800),
        "add_content_sha256": not presign and literal > 0.8,
        "body": body.hex(),
    }  # fmt: skip


class Client:
    """What botocore reads of a client's configuration."""

    s3 = {"payload_signing_enabled": True}


def sent_url(url):
    """As every client sends it: the host in lower case, an address in its shortest form, no default port."""
    scheme, _, rest = url.partition("://")
    host = re.match(r"\[[^]]*\]|[^:/?]*", rest).group()
    port = re.match(r"(:\d*)?", rest[len(host) :]).group()
    rest = rest[len(host + port) :]
    host = host.lower()
    if port in (":", ":443" if scheme == "https" else ":80"):
        port = ""
    return f"{scheme}://{host}{port}{rest}"


def botocore_sign(job):
    url = as_sdks_write(sent_url(job["url"]), job["service"])
    request = AWSRequest(method=job["method"], url=url, data=bytes.fromhex(job.get("body", "")))
    for name, value in job["headers"]:
        request.headers[name] = value
    s3 = job["service"] in S3_FAMILY
    if s3:
        request.context["client_config"] = Client
    elif job["add_content_sha256"] and "x-amz-content-sha256" not in request.headers:
        request.headers["X-Amz-Content-SHA256"] = job["payload_hash"]
    now = datetime.datetime.fromtimestamp(job["time_s"], datetime.timezone.utc)
    request.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    credentials = Credentials(job["access_key_id"], job["secret_access_key"], job["session_token"] or None)
    arguments = [credentials, job["service"], job["region"]]
    if job["presign"]:
        auth = (botocore.auth.S3SigV4QueryAuth if s3 else botocore.auth.SigV4QueryAuth)(
            *arguments, expires=job["expires_s"]
        )
    else:
        auth = (botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth)(*arguments)
    botocore.auth.get_current_datetime = lambda: now
    auth.add_auth(request)
    if job["presign"]:
        return {"url": request.url}
    reply = {"authorization": request.headers["Authorization"], "x-amz-date": request.headers["X-Amz-Date"]}
    if job["session_token"]:
        reply["x-amz-security-token"] = request.headers["X-Amz-Security-Token"]
    listed = any(name.lower() == "x-amz-content-sha256" for name, _ in job["headers"])
    if "X-Amz-Content-SHA256" in request.headers and not listed:
        reply["x-amz-content-sha256"] = request.headers["X-Amz-Content-SHA256"]
    return {"headers": reply}


def keyfob_sign(jobs):
    lines = "".join(json.dumps({k: v for k, v in job.items() if k != "body"}) + "\n" for job in jobs)
    done = subprocess.run(
        [BUILD / "sign_judge"], input=lines.encode(), stdout=subprocess.PIPE, check=True, timeout=300
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(autouse=True)
def restore_clock(monkeypatch):
    monkeypatch.setattr(botocore.auth, "get_current_datetime", botocore.auth.get_current_datetime)


def test_random_requests():
    rnd = random.Random(SEED)
    jobs = [make_request(rnd) for _ in range(int(os.environ.get("KEYFOB_JUDGE_REQUESTS", "6000")))]
    replies = keyfob_sign(jobs)
    assert len(replies) == len(jobs)
    for number, (job, reply) in enumerate(zip(jobs, replies)):
        expected = botocore_sign(job)
        if job["presign"]:
            assert reply["url"].isascii(), json.dumps(job)
            reply["url"] = as_sdks_write(reply["url"], job["service"])  # its path may be spelled otherwise
        assert reply == expected, f"seed {SEED}, request {number}: {json.dumps(job)}"
    assert sum(job["presign"] for job in jobs) > len(jobs) // 5


def plain(**changes):
    job = {
        "method": "GET",
        "url": "https://s3.us-east-1.amazonaws.com/",
        "headers": [],
        "payload_hash": hashlib.sha256(b"").hexdigest(),
        "service": "s3",
        "region": "us-east-1",
        "time_s": 1788264000,
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "session_token": "",
        "presign": False,
        "expires_s": 3600,
        "add_content_sha256": False,
    }
    return job | changes


def test_presign_keeps_repeated_parameters():
    """botocore signs the same list when it gets it as parameters rather than inside the URL."""
    base = "https://tagging.us-east-1.amazonaws.com/tags"
    ours = keyfob_sign([plain(url=base + "?k=b&a=1&k=a&k=a", service="tagging", presign=True)])[0]["url"]
    assert "?k=b&a=1&k=a&k=a&X-Amz-Algorithm=" in ours
    now = datetime.datetime.fromtimestamp(1788264000, datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda: now
    request = AWSRequest(method="GET", url=base, params={"k": ["b", "a", "a"], "a": "1"})
    job = plain()
    request.context["timestamp"] = "20260901T120000Z"
    botocore.auth.SigV4QueryAuth(
        Credentials(job["access_key_id"], job["secret_access_key"]), "tagging", "us-east-1", expires=3600
    ).add_auth(request)
    assert ours[-64:] == request.url[-64:]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"headers": [["Authorization", "x"]]}, "authorization"),
        ({"headers": [["X-Amz-Date", "20260901T120000Z"]]}, "x-amz-date"),
        ({"headers": [["x-AMZ-security-token", "t"]]}, "x-amz-security-token"),
        ({"headers": [["x-amz-content-sha256", "UNSIGNED-PAYLOAD"]]}, "x-amz-content-sha256"),
        ({"headers": [["x y", "v"]]}, "name"),
        ({"headers": [["x", "a\u0001b"]]}, "control"),
        ({"url": "ftp://host/"}, "https://"),
        ({"url": "https://user@host/"}, "user information"),
        ({"url": "https://host/a#b"}, "fragment"),
        ({"url": "https://host/a b"}, "blank"),
        ({"url": "https://host:0443/"}, "port"),
        ({"url": "https:///a"}, "host"),
        ({"headers": [["host", "a"], ["Host", "a"]]}, "host twice"),
        ({"headers": [["host", " "]]}, "host is empty"),
        ({"headers": [["x-a", "1\r\nx-b: 2"]]}, "line break"),
        ({"headers": [["x-a", "1\nx-b: 2"]]}, "line break"),
        ({"headers": [["x-a", "1\r x-b: 2"]]}, "line break"),
        ({"headers": [["x-a", "1\r\n"]]}, "line break"),
        ({"headers": [["x-a", "1\r\n x\r\n\r\n"]]}, "line break"),
        ({"method": "GE\nT"}, 'invalid method: "GE?T"'),
        ({"url": "https://host/?X-Amz-Signature=1", "presign": True}, "x-amz-signature"),
        ({"url": "https://host/?x%2damz-date=1", "presign": True}, "x-amz-date"),
        ({"presign": True, "expires_s": 0}, "expire"),
        ({"presign": True, "expires_s": 604801}, "expire"),
        ({"payload_hash": "E3B0"}, "payload hash"),
        ({"region": "us-east-1/x"}, "region"),
        ({"service": ""}, "service"),
        ({"method": "GET /"}, "method"),
        ({"time_s": -1}, "1970"),
    ],
)
def test_rejects_invalid_requests(changes, words):
    reply = keyfob_sign([plain(**changes)])[0]
    assert words.lower() in reply["error"].lower()
