# SPDX-License-Identifier: Apache-2.0
"""Web identity tokens (JWT, RFC 7519) of the stand-in's own issuer: minted for workloads, verified for STS."""

import base64
import json
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from standin.clock import rfc3339
from standin.messages import AwsError


def load_key(path):
    with open(path, "rb") as file:
        return load_pem_private_key(file.read(), None)


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def mint(key, issuer, subject, audience, now, lifetime, claims=None):
    """A token as the kubelet projects it: RS256 or ES256 by the kind of the key."""
    header = {"alg": "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256", "kid": "standin-1", "typ": "JWT"}
    payload = {
        "aud": [audience],
        "exp": int(now) + int(lifetime),
        "iat": int(now),
        "iss": issuer,
        "jti": str(uuid.uuid4()),
        "nbf": int(now),
        "sub": subject,
        **(claims or {}),
    }
    text = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
    return text + "." + _encode(_sign(key, text.encode()))


def _sign(key, data):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _verify(key, algorithm, signature, data):
    if algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), SHA256())
    elif algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 64:
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    else:
        raise InvalidSignature


def verify(token, key, issuer, clock):
    """The claims, or the AwsError that STS answers."""
    invalid = AwsError(
        400,
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    )
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_decode(head)), json.loads(_decode(body))
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise invalid
        raw_signature = _decode(signature)
    except ValueError:
        raise invalid from None
    if claims.get("iss") != issuer:
        raise AwsError(
            400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {claims.get('iss')}"
        )
    try:
        _verify(key.public_key(), header.get("alg"), raw_signature, f"{head}.{body}".encode())
    except InvalidSignature:
        raise AwsError(
            400,
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider,  please "
            "reference AssumeRoleWithWebIdentity documentation for requirements",
        ) from None
    if not all(type(claims.get(name)) is int for name in ("iat", "exp")):
        raise AwsError(400, "InvalidIdentityToken", "Missing a required claim: iat or exp")
    now = int(clock.now())
    if now >= claims["exp"]:
        raise AwsError(
            400,
            "ExpiredTokenException",
            f"Token expired: current date/time {now} must be before the expiration date/time {claims['exp']}",
        )
    if claims.get("nbf", 0) > now + 300:
        raise AwsError(400, "InvalidIdentityToken", f"Token is not valid before {rfc3339(claims['nbf'])}")
    return claims
