# SPDX-License-Identifier: Apache-2.0
"""Web identity tokens that STS issues for services outside AWS (GetWebIdentityToken)."""

import base64
import functools
import json
import uuid

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

ISSUER = "https://standin.tokens.sts.global.api.aws"


@functools.cache
def key_of(algorithm):
    return rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP384R1())


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _sign(algorithm, data):
    if algorithm == "RS256":
        return key_of(algorithm).sign(data, padding.PKCS1v15(), SHA256())
    r, s = decode_dss_signature(key_of(algorithm).sign(data, ec.ECDSA(SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def mint(identity, audiences, algorithm, duration, tags, clock):
    """(token, when it expires)"""
    now = int(clock.now())
    payload = {
        "aud": audiences[0] if len(audiences) == 1 else audiences,
        "exp": now + duration,
        "iat": now,
        "iss": ISSUER,
        "jti": str(uuid.uuid4()),
        "sub": identity.role_arn or identity.arn,
        "https://sts.amazonaws.com/": {
            "aws_account": identity.account,
            "principal_id": identity.role_arn or identity.arn,
            "request_tags": {t["Key"]: t["Value"] for t in tags},
        },
    }
    header = {"alg": algorithm, "kid": f"{algorithm}_0", "typ": "JWT"}
    text = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
    return text + "." + _encode(_sign(algorithm, text.encode())), now + duration
