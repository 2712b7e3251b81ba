# SPDX-License-Identifier: Apache-2.0
"""SigV4A, held against awscrt. Its signatures are random: so both are verified, with a public key that cryptography derives
by AWS's rule, over one string to sign that is written here from the signed headers. Headers and parameters are the same."""

import hashlib
import hmac
import random
import re
import time
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSignedBodyHeaderType,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from standin.clock import basic, rfc3339
from support.profiles import config
from support.programs import keyfob

SEED = 20260901
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EMPTY = hashlib.sha256(b"").hexdigest()
SETS = ["us-east-1", "us-east-1,eu-west-1", "*", "us-*", "eu-*,ap-southeast-1"]


@pytest.fixture
def agent(start):
    keys = {"access_key_id": "ASIAEXAMPLEKEYID0001", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    long_term = {**keys, "access_key_id": "AKIDEXAMPLEKEYFOB0001"}
    return start(
        config(
            temporary={"type": "static", **keys, "session_token": "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="},
            long={"type": "static", **long_term},
        )
    )


def public_key(credentials):
    """NIST SP 800-108 in counter mode, as AWS describes it."""
    label, key_id = b"AWS4-ECDSA-P256-SHA256", credentials["AccessKeyId"].encode()
    secret = b"AWS4A" + credentials["SecretAccessKey"].encode()
    for counter in range(1, 255):
        block = b"\0\0\0\1" + label + b"\0" + key_id + bytes([counter]) + b"\0\0\1\0"
        candidate = int.from_bytes(hmac.new(secret, block, hashlib.sha256).digest(), "big")
        if candidate <= ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1()).public_key()
    raise AssertionError("no key")


def by_awscrt(credentials, request, seconds, kind, expires=None):
    """(path with query, headers)"""
    provider = AwsCredentialsProvider.new_static(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken")
    )
    signing = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4_ASYMMETRIC,
        signature_type=kind,
        credentials_provider=provider,
        region=request["region_set"],
        service=request["service"],
        date=datetime.fromtimestamp(seconds, UTC),
        signed_body_value=request["payload_sha256"],
        signed_body_header_type=AwsSignedBodyHeaderType.NONE,
        expiration_in_seconds=expires,
    )
    url = urlsplit(request["url"])
    headers = HttpHeaders([("host", url.netloc), *request["headers"].items()])
    target = url.path + (f"?{url.query}" if url.query else "")
    signed = aws_sign_request(HttpRequest(request["method"], target, headers), signing).result(60)
    return signed.path, {name.lower(): value for name, value in signed.headers}


def verify(credentials, request, target, headers, names, scope, signature):
    path, _, query = target.partition("?")
    pairs = [p for p in parse_qsl(query, keep_blank_values=True) if p[0] != "X-Amz-Signature"]
    encoded = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in pairs)
    canonical = "\n".join(
        [
            request["method"],
            quote(path, safe="/-_.~"),
            "&".join(f"{k}={v}" for k, v in encoded),
            *(f"{name}:{headers[name]}" for name in names.split(";")),
            "",
            names,
            request["payload_sha256"],
        ]
    )
    date = headers.get("x-amz-date") or dict(pairs)["X-Amz-Date"]
    text = "\n".join(["AWS4-ECDSA-P256-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    public_key(credentials).verify(bytes.fromhex(signature), text.encode(), ec.ECDSA(hashes.SHA256()))


def random_request(rng):
    path = "/" + "/".join(rng.choices(["a", "b%20c", "d%2Fe", "x-y_z.~", "%C3%A9", "f:g"], k=rng.randint(0, 4)))
    query = "&".join(rng.sample(["a=1", "b=%2Fz", "A=", "k=x%20y", "c=~._-"], k=rng.randint(0, 4)))
    return {
        "method": rng.choice(["GET", "POST", "PUT"]),
        "url": f"https://{rng.choice(['h.example', 'h.example:8443'])}{path}" + (f"?{query}" if query else ""),
        "headers": dict(rng.sample([("x-a", "1"), ("content-type", "text/plain"), ("x-amz-meta-b", "c d")], k=rng.randint(0, 3))),
        "payload_sha256": rng.choice([EMPTY, hashlib.sha256(b"body").hexdigest()]),
        "service": rng.choice(["events", "sts", "cloudfront-keyvaluestore"]),
        "region_set": rng.choice(SETS),
    }


AUTHORIZATION = re.compile(
    r"AWS4-ECDSA-P256-SHA256 Credential=([^/]+)/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]+)"
)


@pytest.mark.parametrize("profile", ["temporary", "long"])
def test_by_headers(agent, profile):
    rng = random.Random(SEED)
    credentials = agent.credentials(profile)
    for _ in range(40):
        request, seconds = random_request(rng), int(time.time()) + rng.randint(-600, 600)
        reply = agent.sign(profile, {**request, "algorithm": "sigv4a", "time": rfc3339(seconds)})
        assert reply.status == 200, (request, reply.body)
        added = reply.json()["headers"]
        target, theirs = by_awscrt(credentials, request, seconds, AwsSignatureType.HTTP_REQUEST_HEADERS)
        assert {k: v for k, v in theirs.items() if k.startswith("x-amz-")} == {
            k: v for k, v in {**request["headers"], **added}.items() if k.startswith("x-amz-")
        }
        sent = {**theirs, **added}
        for authorization in (added["authorization"], theirs["authorization"]):
            key_id, scope, names, signature = AUTHORIZATION.fullmatch(authorization).groups()
            assert key_id == credentials["AccessKeyId"] and scope == f"{basic(seconds)[:8]}/{request['service']}/aws4_request"
            verify(credentials, request, target, sent, names, scope, signature)
        assert AUTHORIZATION.fullmatch(added["authorization"])[3] == AUTHORIZATION.fullmatch(theirs["authorization"])[3]


@pytest.mark.parametrize("profile", ["temporary", "long"])
def test_by_query(agent, profile):
    rng = random.Random(SEED)
    credentials = agent.credentials(profile)
    for _ in range(30):
        request, seconds = random_request(rng), int(time.time())
        request["headers"] = {}
        asked = {**request, "algorithm": "sigv4a", "time": rfc3339(seconds), "expires_in": 600}
        reply = agent.call("POST", f"/v1/profiles/{profile}/presign", asked)
        assert reply.status == 200, (request, reply.body)
        ours = urlsplit(reply.json()["url"])
        theirs, _ = by_awscrt(credentials, request, seconds, AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS, 600)
        parameters = [dict(parse_qsl(t.partition("?")[2], keep_blank_values=True)) for t in (f"?{ours.query}", theirs)]
        signatures = [p.pop("X-Amz-Signature") for p in parameters]
        assert parameters[0] == parameters[1] and parameters[0]["X-Amz-Region-Set"] == request["region_set"]
        scope = parameters[0]["X-Amz-Credential"].partition("/")[2]
        for target, signature in zip((f"{ours.path}?{ours.query}", theirs), signatures, strict=True):
            verify(credentials, request, target, {"host": ours.netloc}, "host", scope, signature)


def arguments_of(request, seconds):
    headers = [part for name, value in request["headers"].items() for part in ("-H", f"{name}: {value}")]
    data = {EMPTY: [], hashlib.sha256(b"body").hexdigest(): ["-d", "body"]}[request["payload_sha256"]]
    return [
        *(request["method"], request["url"], "--service", request["service"], "--region-set", request["region_set"]),
        *("--time", basic(seconds), *headers, *data),
    ]


def test_command_by_headers(agent):
    rng = random.Random(SEED)
    credentials = agent.credentials("temporary")
    for _ in range(10):
        request, seconds = random_request(rng), int(time.time())
        run = keyfob("sign", *arguments_of(request, seconds), "--profile", "temporary", socket=agent.socket)
        assert run.returncode == 0, (request, run.stderr)
        added = dict(line.split(": ", 1) for line in run.stdout.splitlines())
        target, theirs = by_awscrt(credentials, request, seconds, AwsSignatureType.HTTP_REQUEST_HEADERS)
        sent = {**theirs, **added}
        key_id, scope, names, signature = AUTHORIZATION.fullmatch(added["authorization"]).groups()
        assert names == AUTHORIZATION.fullmatch(theirs["authorization"])[3]
        verify(credentials, request, target, sent, names, scope, signature)


def test_command_by_query(agent):
    rng = random.Random(SEED + 1)
    credentials = agent.credentials("long")
    for _ in range(10):
        request, seconds = random_request(rng), int(time.time())
        request.update(headers={}, payload_sha256=hashlib.sha256(b"body").hexdigest())
        more = ["--expires-in", "10m", "--profile", "long"]
        run = keyfob("presign", *arguments_of(request, seconds), *more, socket=agent.socket)
        assert run.returncode == 0, (request, run.stderr)
        ours = urlsplit(run.stdout.strip())
        theirs, _ = by_awscrt(credentials, request, seconds, AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS, 600)
        parameters = [dict(parse_qsl(t.partition("?")[2], keep_blank_values=True)) for t in (f"?{ours.query}", theirs)]
        signature, _ = (p.pop("X-Amz-Signature") for p in parameters)
        assert parameters[0] == parameters[1]
        scope = parameters[0]["X-Amz-Credential"].partition("/")[2]
        verify(credentials, request, f"{ours.path}?{ours.query}", {"host": ours.netloc}, "host", scope, signature)


def test_command_refused(agent):
    url = "https://sts.us-east-1.amazonaws.com/"
    for options, code, word in (
        (["--region-set", "*", "--region", "us-east-1"], 2, "--region or --region-set"),
        (["--region-set", "a,,b"], 1, "invalid region set"),
        (["--region-set", ""], 1, "empty"),
    ):
        for command in ("sign", "presign"):
            run = keyfob(command, "GET", url, *options, "--profile", "long", socket=agent.socket)
            assert run.returncode == code and word in run.stderr, (options, run.stderr)


def test_refused(agent):
    base = {"method": "GET", "url": "https://sts.us-east-1.amazonaws.com/"}
    for more, word in (
        ({"region_set": "us-east-1"}, "region_set"),
        ({"algorithm": "sigv4a", "region_set": ""}, "empty"),
        ({"algorithm": "sigv4a", "region_set": "a,,b"}, "invalid region set"),
        ({"algorithm": "sigv4a", "region_set": ",a"}, "invalid region set"),
        ({"algorithm": "sigv4a", "region_set": "a,"}, "invalid region set"),
        ({"algorithm": "sigv4a", "region_set": "a b"}, "invalid region set"),
        ({"algorithm": "sigv4a", "region_set": "a" * 1025}, "invalid region set"),
        ({"algorithm": "sigv4a", "region_set": "*", "region": "a"}, "exclude each other"),
        ({"algorithm": "sigv4a", "headers": {"X-Amz-Region-Set": "*"}}, "X-Amz-Region-Set"),
        ({"algorithm": "sigv4b"}, "invalid"),
    ):
        reply = agent.sign("long", {**base, **more})
        assert reply.status == 400 and word in reply.problem()["detail"], (more, reply.body)
    one = agent.sign("long", {**base, "algorithm": "sigv4a"}).json()["headers"]
    assert one["x-amz-region-set"] == "us-east-1"  # of the host


def test_limits(start):
    """Each region of the set has to be one that the profile signs for; a pattern is none."""
    keys = {"access_key_id": "AKIDEXAMPLEKEYFOB0001", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    agent = start(config(keys={"type": "static", **keys, "sign": {"regions": ["us-east-1", "eu-west-1"]}}))
    for regions, status in (
        ("us-east-1", 200),
        ("eu-west-1,us-east-1", 200),
        ("us-east-1,eu-west-2", 403),
        ("eu-west-2,us-east-1", 403),
        ("us-*", 403),
        ("*", 403),
    ):
        request = {"method": "GET", "url": "https://h.example/", "service": "sts", "algorithm": "sigv4a", "region_set": regions}
        assert agent.sign("keys", request).status == status, regions
