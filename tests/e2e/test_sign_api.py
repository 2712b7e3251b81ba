# SPDX-License-Identifier: Apache-2.0
"""/sign and /presign: compared with botocore on random requests, and sent to a service that verifies."""

import base64
import hashlib
import json
import random
import re
from datetime import UTC, datetime
from unittest import mock

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from standin.clock import parse_basic
from support.sdk_url import as_sdks_write
from support.profiles import config
from support.raw import send

UNRESERVED = "ABCxyz019-_.~"
SEED = 20260901
SERVICES = ["bedrock", "execute-api", "secretsmanager", "s3", "bedrock", "bedrock"]


# ---- random requests, as they may be on a wire ----


def random_path(rng):
    def segment():
        return rng.choice(
            [
                "",
                ".",
                "..",
                "model",
                "anthropic.claude-v1:0",
                "anthropic.claude-v1%3A0",
                "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x",
                "a%20b",
                "%41",
                "a+b",
                "a=b;c,d",
                "x'y(z)*!",
                "$@&",
                "dt=1",
                "100%",
                "%7e",
                "é",
                "%C3%A9",
                "".join(rng.choices(UNRESERVED, k=5)),
            ]
        )

    return "/" + "/".join(segment() for _ in range(rng.randint(0, 5)))


def random_query(rng):
    parts = []
    for _ in range(rng.choice([0, 0, 1, 2, 6])):
        name = rng.choice(["a", "A", "b", "a-b", "aa", "x%20y", "%C3%A9", "list-type", "prefix", ""])
        value = rng.choice(
            ["", "1", "z%2Fy", "a%20b", "%3D", "2=3", "~._-", "A%26B", "a,b", "a/b", "%2f%7E", "a+b", "é", "100%", "[]:@"]
        )
        parts.append(rng.choice([f"{name}={value}", f"{name}={value}", name or "flag", "", "k[]=1"]))
    return "?" + "&".join(parts) if parts else ""


def random_headers(rng):
    pool = [
        ("Content-Type", "application/json"),
        ("content-type", 'text/plain;  charset="a   b"'),
        ("X-Amz-Target", "Service.Operation"),
        ("X-Amzn-Bedrock-Trace", "ENABLED"),
        ("X-Amzn-Bedrock-GuardrailIdentifier", "  abc123  "),
        ("X-Amz-Meta-Note", "two   blanks and\ttab"),
        ("Accept", "*/*"),
        ("User-Agent", "test/1.0"),
        ("X-Amzn-Trace-Id", "Root=1"),
        ("Cache-Control", "no-cache"),
        ("X-Empty", ""),
        ("Range", "bytes=0-1"),
    ]
    chosen = {}
    for name, value in rng.sample(pool, rng.randint(0, 5)):
        if name.lower() not in {n.lower() for n in chosen}:
            chosen[name] = value
    return chosen


def random_request(rng, base):
    method = rng.choice(["GET", "POST", "PUT", "DELETE", "PATCH"])
    body = b"" if method == "GET" else rng.choice([b"", b"{}", rng.randbytes(rng.randint(1, 3000))])
    service = rng.choice(SERVICES)
    return {
        "method": method,
        "url": base + random_path(rng) + random_query(rng),
        "headers": random_headers(rng),
        "body": body,
        "service": service,
        "region": rng.choice(["us-east-1", "eu-central-1"]),
    }


def payload_members(rng, body):
    """The body in one of the forms that the API takes."""
    ways = [{"payload": base64.b64encode(body).decode()}, {"payload_sha256": hashlib.sha256(body).hexdigest()}]
    if all(b < 0x80 for b in body):
        ways.append({"payload_text": body.decode()})
    return rng.choice(ways)


# ---- judges ----


def by_botocore(request, credentials, date):
    """(Authorization, sorted signed headers) as botocore signs at that date."""
    auth = botocore.auth.S3SigV4Auth if request["service"] == "s3" else botocore.auth.SigV4Auth
    url = as_sdks_write(request["url"], request["service"])
    aws_request = AWSRequest(request["method"], url, headers=request["headers"], data=request["body"])
    signer = auth(
        Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken")),
        request["service"],
        request["region"],
    )
    now = datetime.fromtimestamp(parse_basic(date), UTC).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda: now):
        signer.add_auth(aws_request)
    return aws_request.headers["Authorization"]


def document_of(rng, request):
    document = {k: request[k] for k in ("method", "url", "service", "region")}
    if request["headers"] or rng.random() < 0.5:
        document["headers"] = request["headers"]
    return {**document, **payload_members(rng, request["body"])}


@pytest.mark.parametrize("profile", ["irsa", "base"])
def test_random_requests(shared, standin, profile):
    """500 requests for each kind of credentials: botocore agrees to the byte, the service accepts."""
    rng = random.Random(SEED + len(profile))
    credentials = shared.credentials(profile)
    connection = shared.connection()
    for number in range(500):
        request = random_request(rng, standin.url)
        reply = connection.call("POST", f"/v1/profiles/{profile}/sign", document_of(rng, request))
        assert reply.status == 200, (number, request, reply.body)
        answer = reply.json()
        added = answer["headers"]
        request["url"] = answer.get("url", request["url"])
        expected = by_botocore(request, credentials, added["x-amz-date"])
        assert added["authorization"] == expected, (number, request)
        assert f"SignedHeaders={answer['signed_headers']}," in expected
        assert added.get("x-amz-security-token") == credentials.get("SessionToken")
        status, code, body = send(standin, request["method"], request["url"], {**request["headers"], **added}, request["body"])
        assert status == 200, (number, request, code, body)
    connection.close()


def test_random_presigned_urls(shared, standin):
    rng = random.Random(SEED)
    connection = shared.connection()
    for number in range(300):
        request = random_request(rng, standin.url)
        document = {k: request[k] for k in ("method", "url", "service", "region")}
        # A presigned URL is for who sends nothing but it: no headers beside the host's; S3 leaves the body open.
        body = request["body"] if request["service"] == "s3" else b""
        if request["service"] != "s3":
            document["payload_text"] = ""
        reply = connection.call("POST", "/v1/profiles/irsa/presign", {**document, "expires_in": rng.randint(1, 3000)})
        assert reply.status == 200, (number, request, reply.body)
        status, code, answer = send(standin, request["method"], reply.json()["url"], {}, body)
        assert status == 200 and json.loads(answer)["presigned"], (number, request, code, answer)
    connection.close()


def test_presign_reports_the_expiration(shared, standin):
    url = standin.url + "/model/m/invoke"
    request = {"method": "GET", "url": url, "service": "bedrock", "region": "us-east-1"}
    answer = shared.call("POST", "/v1/profiles/irsa/presign", {**request, "expires_in": 300}).json()
    assert answer["expires_in"] == 300 and answer["cut"] is False
    assert "X-Amz-Expires=300&" in answer["url"] + "&"
    end = datetime.fromisoformat(answer["expiration"].replace("Z", "+00:00")).timestamp()
    assert abs(end - standin.now() - 300) < 30


def test_presign_never_outlives_the_credentials(start, standin, profiles):
    """An hour is asked of a session of fifteen minutes: a refresh comes first, then the URL is cut and marked so."""
    agent = start(config(irsa=profiles.irsa(duration_seconds=900)))
    held = agent.credentials("irsa")
    request = {"method": "GET", "url": standin.url + "/x", "service": "bedrock", "region": "us-east-1"}
    answer = agent.call("POST", "/v1/profiles/irsa/presign", {**request, "expires_in": 3600}).json()
    assert answer["cut"] is True and 0 < answer["expires_in"] <= 900
    assert f"X-Amz-Expires={answer['expires_in']}&" in answer["url"] + "&"
    latest = agent.credentials("irsa")["Expiration"]
    assert answer["expiration"] <= latest and latest >= held["Expiration"]
    assert send(standin, "GET", answer["url"], {})[0] == 200


@pytest.mark.parametrize("expires", [0, -1, 604801, "60", 1.5, None])
def test_presign_rejects_invalid_requests(shared, standin, expires):
    request = {"method": "GET", "url": standin.url + "/", "service": "s3", "region": "us-east-1", "expires_in": expires}
    reply = shared.call("POST", "/v1/profiles/irsa/presign", request)
    assert reply.status == 400 and reply.problem()["code"] == "invalid_request"


def test_service_and_region_come_from_the_host(shared):
    for host, scope in (
        ("bedrock-runtime.us-east-1.amazonaws.com", "us-east-1/bedrock"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1/bedrock"),
        ("bedrock-agent-runtime.eu-west-1.amazonaws.com", "eu-west-1/bedrock"),
        ("sts.cn-north-1.amazonaws.com.cn", "cn-north-1/sts"),
        ("vpce-0123-abcd.bedrock-runtime.us-west-2.vpce.amazonaws.com", "us-west-2/bedrock"),
    ):
        reply = shared.sign("irsa", {"method": "GET", "url": f"https://{host}/", "payload_text": ""})
        assert f"/{scope}/aws4_request" in reply.json()["headers"]["authorization"], host
    reply = shared.sign("irsa", {"method": "GET", "url": "https://gateway.example/", "payload_text": ""})
    problem = reply.problem()
    assert reply.status == 400 and "service" in problem["detail"] + problem["hint"]


def test_signs_every_form_of_a_body_the_same(shared, standin):
    base = {"method": "POST", "url": standin.url + "/x", "service": "bedrock", "region": "us-east-1"}
    text = '{"text": "é"}'
    forms = [
        {"payload_text": text},
        {"payload": base64.b64encode(text.encode()).decode()},
        {"payload_sha256": hashlib.sha256(text.encode()).hexdigest()},
    ]
    for form in forms:
        added = shared.sign("irsa", {**base, **form}).json()["headers"]
        assert send(standin, "POST", base["url"], added, text.encode())[0] == 200, form
        assert send(standin, "POST", base["url"], added, text.encode() + b" ")[0] == 403, form


def test_unsigned_payload(shared, standin):
    """Where the service allows it."""
    base = {"method": "PUT", "url": standin.url + "/bucket/a//b", "region": "us-east-1", "unsigned_payload": True}
    added = shared.sign("irsa", {**base, "service": "s3"}).json()["headers"]
    assert added["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert send(standin, "PUT", base["url"], added, b"anything")[0] == 200
    refused = shared.sign("irsa", {**base, "service": "bedrock"})
    assert refused.status == 403 and refused.problem()["code"] == "unsigned_not_allowed"


def test_host_header_replaces_the_urls(shared, standin):
    """For a proxy that signs for the host which the service will see."""
    document = {
        "method": "GET",
        "url": "https://proxy.internal/x",
        "headers": {"Host": f"127.0.0.1:{standin.port}"},
        "payload_text": "",
        "service": "bedrock",
        "region": "us-east-1",
    }
    added = shared.sign("irsa", document).json()["headers"]
    assert send(standin, "GET", standin.url + "/x", added)[0] == 200


def test_signing_rules_of_a_profile(start, profiles):
    sign = {
        "service": "bedrock",
        "region": "eu-west-1",
        "hosts": ["*.amazonaws.com", "gw.internal"],
        "paths": ["/model/"],
    }
    agent = start(config(irsa=profiles.irsa(sign=sign)))

    def ask(url):
        reply = agent.sign("irsa", {"method": "GET", "url": url, "payload_text": ""})
        return reply.status, reply.json()

    status, answer = ask("https://gw.internal/model/m/invoke")
    assert status == 200 and "/eu-west-1/bedrock/" in answer["headers"]["authorization"]
    assert ask("https://bedrock-runtime.eu-west-1.amazonaws.com/model/x")[0] == 200
    for url in (
        "https://gw.internal.example/model/m",
        "https://evil.example/model/m",
        "https://amazonaws.com.evil.example/model/m",
        "https://gw.internal/other",
        "https://gw.internal/model/../other",
        "https://gw.internal/model/%2e%2e/other",
    ):
        status, answer = ask(url)
        assert (status, answer["code"]) == (403, "target_not_allowed"), url


def test_published_time(start, profiles):
    """With `time` and fixed keys the signature is the published one."""
    keys = {"access_key_id": "AKIDEXAMPLEKEYFOB0001", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    agent = start(config(fixed={"type": "static", **keys}), any_time=True)
    body = '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
    request = {
        "method": "POST",
        "url": "https://bedrock-runtime.us-east-1.amazonaws.com"
        "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse",
        "headers": {"content-type": "application/json"},
        "payload_text": body,
        "time": "20260901T120000Z",
    }
    answer = agent.sign("fixed", request).json()
    assert answer["headers"]["x-amz-date"] == "20260901T120000Z"
    expected = by_botocore(
        {**request, "service": "bedrock", "region": "us-east-1", "body": body.encode()},
        {"AccessKeyId": keys["access_key_id"], "SecretAccessKey": keys["secret_access_key"]},
        "20260901T120000Z",
    )
    assert answer["headers"]["authorization"] == expected
    assert re.fullmatch(r"[0-9a-f]{64}", expected.rpartition("=")[2])


def test_reports_generation_and_expiration(shared, standin):
    credentials, profile = shared.credentials("irsa"), shared.profile("irsa")
    request = {"method": "GET", "url": "https://sts.us-east-1.amazonaws.com/", "payload_text": ""}
    answer = shared.sign("irsa", request).json()
    assert answer["generation"] == profile["generation"]
    # A signature by headers is good for minutes, and never longer than the credentials.
    end = datetime.fromisoformat(answer["expiration"].replace("Z", "+00:00")).timestamp()
    assert 60 < end - standin.now() <= 301 and answer["expiration"] <= credentials["Expiration"]
