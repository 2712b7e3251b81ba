# SPDX-License-Identifier: Apache-2.0
"""Tests of the stand-in, for Roles Anywhere: requests by the protocol pass, every changed one is refused,
published vectors verify."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from standin import demo
from standin.clock import Clock, basic, parse_basic
from standin.messages import Request
from standin.pki import pem
from standin.registry import Registry
from standin.server import Service
from support.aws import client
from support.raw import send

VECTORS = Path(__file__).parent / "data" / "rolesanywhere-vectors.json"


def create_session(standin, certificate, key, chain=(), change=None, **body):
    """Signs and sends CreateSession; `change` may bend the headers after signing. (status, code, document)"""
    with open(standin.certificate(certificate), "rb") as file:
        leaf = x509.load_pem_x509_certificates(file.read())[0]
    with open(standin.certificate(key), "rb") as file:
        private = load_pem_private_key(file.read(), None)
    document = {
        "profileArn": demo.PROFILE,
        "roleArn": demo.ROLE + "onprem",
        "trustAnchorArn": demo.TRUST_ANCHOR,
        **body,
    }
    payload = json.dumps({k: v for k, v in document.items() if v is not None}).encode()
    der = [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in [leaf, *_load(standin, chain)]]
    headers = {
        "Content-Type": "application/json",
        "Host": f"127.0.0.1:{standin.port}",
        "X-Amz-Date": basic(standin.now()),
        "X-Amz-X509": der[0],
    }
    if chain:
        headers["X-Amz-X509-Chain"] = ",".join(der[1:])
    headers["Authorization"] = x509_authorization(leaf, private, headers, payload)
    status, code, data = send(standin, "POST", "/sessions", {**headers, **(change or {})}, payload)
    return status, (code or "").partition(":")[0], json.loads(data)


def _load(standin, names):
    for name in names:
        with open(standin.certificate(name), "rb") as file:
            yield from x509.load_pem_x509_certificates(file.read())


def x509_authorization(leaf, private, headers, payload, region="us-east-1"):
    """As the protocol describes it, without botocore."""
    date = headers["X-Amz-Date"]
    scope = f"{date[:8]}/{region}/rolesanywhere/aws4_request"
    lower = sorted((n.lower(), v) for n, v in headers.items())
    names = ";".join(n for n, _ in lower)
    canonical = "\n".join(
        ["POST", "/sessions", "", *(f"{n}:{v}" for n, v in lower), "", names, hashlib.sha256(payload).hexdigest()]
    )
    is_rsa = isinstance(private, rsa.RSAPrivateKey)
    algorithm = "AWS4-X509-RSA-SHA256" if is_rsa else "AWS4-X509-ECDSA-SHA256"
    text = "\n".join([algorithm, date, scope, hashlib.sha256(canonical.encode()).hexdigest()]).encode()
    signature = private.sign(text, padding.PKCS1v15(), SHA256()) if is_rsa else private.sign(text, ec.ECDSA(SHA256()))
    return f"{algorithm} Credential={leaf.serial_number}/{scope}, SignedHeaders={names}, Signature={signature.hex()}"


@pytest.mark.parametrize(
    ("certificate", "key", "chain"),
    [
        ("rsa.pem", "rsa-key.pem", ()),
        ("ec.pem", "ec-key.pem", ()),
        ("p384.pem", "p384-key.pem", ()),
        ("chained.pem", "chained-key.pem", ("intermediate.pem",)),
        ("chained-bundle.pem", "chained-key.pem", ("chained-bundle.pem",)),
    ],
)
def test_create_session(standin, certificate, key, chain):
    status, _, document = create_session(standin, certificate, key, chain, durationSeconds=900)
    assert status == 201
    credentials = document["credentialSet"][0]["credentials"]
    shaped = {
        "AccessKeyId": credentials["accessKeyId"],
        "SecretAccessKey": credentials["secretAccessKey"],
        "SessionToken": credentials["sessionToken"],
    }
    assert "/onprem/" in client(standin, "sts", shaped).get_caller_identity()["Arn"]
    assert standin.calls(action="CreateSession")[0]["duration"] == 900


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ({"certificate": "expired.pem", "key": "expired-key.pem"}, 403, "AccessDeniedException"),
        ({"certificate": "not-yet.pem", "key": "not-yet-key.pem"}, 403, "AccessDeniedException"),
        ({"certificate": "untrusted.pem", "key": "untrusted-key.pem"}, 403, "AccessDeniedException"),
        ({"certificate": "ec.pem", "key": "other-key.pem"}, 403, "AccessDeniedException"),
        ({"certificate": "chained.pem", "key": "chained-key.pem"}, 403, "AccessDeniedException"),
        ({"change": {"X-Amz-X509-Chain": ""}}, 403, "AccessDeniedException"),
        ({"roleSessionName": "named"}, 403, "AccessDeniedException"),
        ({"roleArn": demo.ROLE + "gateway"}, 403, "AccessDeniedException"),
        ({"roleArn": demo.ROLE + "short"}, 400, "ValidationException"),
        ({"durationSeconds": 899}, 400, "ValidationException"),
        ({"durationSeconds": "900"}, 400, "ValidationException"),
        ({"unknown": 1}, 400, "ValidationException"),
        ({"roleArn": None}, 400, "ValidationException"),
        ({"trustAnchorArn": demo.TRUST_ANCHOR + "0"}, 404, "ResourceNotFoundException"),
        ({"profileArn": demo.PROFILE + "0"}, 404, "ResourceNotFoundException"),
    ],
)
def test_create_session_refused(standin, arguments, status, code):
    arguments = {"certificate": "ec.pem", "key": "ec-key.pem", **arguments}
    assert create_session(standin, **arguments)[:2] == (status, code)


def test_profile_decides_on_session_name(standin):
    status, _, document = create_session(
        standin, "ec.pem", "ec-key.pem", profileArn=demo.NAMED_PROFILE, roleSessionName="named"
    )
    assert status == 201
    assert document["credentialSet"][0]["assumedRoleUser"]["arn"].endswith(":assumed-role/onprem/named")


def test_published_vectors(tmp_path):
    """Three requests made by another implementation, at the date at which they were signed."""
    vectors = json.loads((VECTORS).read_text())
    anchor = x509.load_der_x509_certificate(base64.b64decode(vectors["intermediate"]))
    (tmp_path / "anchor.pem").write_bytes(pem(anchor))
    for vector in vectors["requests"]:
        arns = vector["arns"]
        registry = Registry(
            roles=[{"arn": arns["role"], "trust": [{"principal": "rolesanywhere.amazonaws.com"}]}],
            trust_anchors=[{"arn": arns["trust_anchor"], "certificate": str(tmp_path / "anchor.pem")}],
            anywhere_profiles=[{"arn": arns["profile"], "roles": [arns["role"]], "accept_role_session_name": True}],
        )
        clock = Clock(epoch=0, offset=0, speed=0).shifted(parse_basic("20261121T120000Z"))
        headers = [(n, v) for n, v in vector["headers"].items()]
        request = Request("POST", vector["target"], headers, vector["body"].encode())
        response, _ = Service(registry, clock).answer(request, None)
        assert response.status == 201, (vector["name"], response.body)
        late, _ = Service(registry, clock.shifted(901)).answer(request, None)
        assert late.status == 403
        bent = Request("POST", vector["target"], headers, vector["body"].replace("3600", "3601").encode())
        refused, _ = Service(registry, clock).answer(bent, None)
        assert refused.status == 403 and b"Invalid signature" in refused.body
