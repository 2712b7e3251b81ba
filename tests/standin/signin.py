# SPDX-License-Identifier: Apache-2.0
"""AWS Sign-In: CreateOAuth2Token, which `aws login` and the SDKs refresh a session by. A refresh token is good for one
use, by whoever proves (DPoP, RFC 9449) to have the key that it was bound to. Requests are held against botocore's own
model of the service."""

import base64
import hashlib
import json
import secrets
import threading
import uuid

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from standin.messages import JSON_NAMES, AwsError, json_response
from standin.registry import Identity

PATH = "/v1/token"
CLIENT = "arn:aws:signin:::devtools/same-device"
DEFAULTS = {
    "seconds": 900,  # life of credentials
    "tolerance": 300,  # how old or new a proof may be
    "error": None,  # {"status", "code", "reason", "message"} that every refresh fails with
    "drop": [],  # members that an answer lacks
}
REASONS = {"AccessDeniedException": "INSUFFICIENT_PERMISSIONS", "TooManyRequestsError": "rate_exceeded",
           "InternalServerException": "server_error"}


class SigninError(AwsError):
    def __init__(self, status, code, reason, message):
        super().__init__(status, code, message)
        self.reason = reason


def invalid(message):
    return SigninError(400, "ValidationException", "INVALID_REQUEST", message)


def error(failure):
    code = JSON_NAMES.get(failure.code, failure.code)
    code = "TooManyRequestsError" if code == "ThrottlingException" else code
    reason = getattr(failure, "reason", REASONS.get(code, "INVALID_REQUEST"))
    status = 429 if code == "TooManyRequestsError" else failure.status
    body = {"error": reason, "message": failure.message}
    return json_response(status, body, [("x-amzn-ErrorType", code + ":http://internal.amazon.com/")])


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text):
    if "=" in text:
        raise invalid("padding in a proof")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError:
        raise invalid("no base64url in a proof") from None


def thumbprint(jwk):
    """RFC 7638."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return b64url(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


class Signin:
    """Everybody who is logged in. Refresh tokens: thumbprint, identity."""

    def __init__(self, registry, clock):
        self._registry, self._clock = registry, clock
        self._lock = threading.Lock()
        self._secrets = set()
        model = ServiceModel(Loader().load_service_model("signin", "service-2"), "signin")
        self._shape = model.operation_model("CreateOAuth2Token").input_shape.members["tokenInput"]
        self.reset()

    def reset(self):
        self.settings = dict(DEFAULTS)
        self.refresh, self.seen = {}, set()

    def validate(self, parameters):
        report = ParamValidator().validate(parameters, self._shape).generate_report()
        unknown = set(parameters) - set(self._shape.members)
        if report or unknown:
            raise invalid(f"{report} {sorted(unknown)}")

    def keep(self, secret):
        with self._lock:
            self._secrets.add(secret)
        return secret

    def secrets(self):
        with self._lock:
            return {"secrets": sorted(self._secrets)}

    def bind(self, held):
        """A new refresh token for what the one before was bound to."""
        token = self.keep("refresh-" + secrets.token_urlsafe(300))
        with self._lock:
            self.refresh[token] = held
        return token

    def spend(self, token):
        with self._lock:
            return self.refresh.pop(token, None)

    def control(self, document):
        """{"set": {…}}, {"revoke": true}, or {"login": {"arn", "seconds", "form"}} for what a login would write."""
        self.settings.update(document.get("set", {}))
        if document.get("revoke"):
            self.refresh = {}
        return self._login(**document["login"]) if "login" in document else {}

    def _login(self, arn, seconds=900, form="sec1"):
        key = ec.generate_private_key(ec.SECP256R1())
        forms = {"sec1": serialization.PrivateFormat.TraditionalOpenSSL, "pkcs8": serialization.PrivateFormat.PKCS8}
        pem = key.private_bytes(serialization.Encoding.PEM, forms[form], serialization.NoEncryption()).decode()
        numbers = key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", **{n: b64url(getattr(numbers, n).to_bytes(32, "big")) for n in "xy"}}
        account = arn.split(":")[4]
        identity = Identity(arn=arn, account=account, user_id="AIDA" + uuid.uuid4().hex[:17].upper())
        issued = self._registry.issue(identity, self._clock.now() + seconds)
        self.keep("".join(pem.splitlines()[1:-1])[:64])  # what a log would show of it
        return {
            "accessToken": {
                "accessKeyId": issued.access_key_id,
                "secretAccessKey": issued.secret_access_key,
                "sessionToken": issued.session_token,
                "accountId": account,
                "expiresAt": issued.expires,
            },
            "tokenType": "aws_sigv4",
            "refreshToken": self.bind({"thumbprint": thumbprint(jwk), "identity": identity}),
            "idToken": self.keep("id-" + secrets.token_urlsafe(60)),
            "clientId": CLIENT,
            "dpopKey": pem,
        }


def _proof(call):
    """The header of a proof that holds for this request."""
    fields = [v for n, v in call.request.headers if n.lower() == "dpop"]
    if len(fields) != 1 or fields[0].count(".") != 2:
        raise invalid("one DPoP proof is needed")
    head, body, signature = fields[0].split(".")
    try:
        header, claims = json.loads(unb64url(head)), json.loads(unb64url(body))
    except ValueError:
        raise invalid("a proof that is no JSON") from None
    jwk, raw = header.get("jwk", {}), unb64url(signature)
    if (header["typ"], header["alg"], set(header)) != ("dpop+jwt", "ES256", {"typ", "alg", "jwk"}):
        raise invalid("header of the proof")
    if (jwk["kty"], jwk["crv"], set(jwk)) != ("EC", "P-256", {"kty", "crv", "x", "y"}):
        raise invalid("key of the proof")
    x, y = unb64url(jwk["x"]), unb64url(jwk["y"])
    if len(x) != 32 or len(y) != 32 or len(raw) != 64:
        raise invalid("a number of the proof has not 32 bytes")
    key = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    ).public_key()
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise invalid("signature of the proof") from None
    _claims(call, claims)
    return header


def _claims(call, claims):
    here = {f"{scheme}://{call.request.header('host')}{PATH}" for scheme in ("http", "https")}
    if set(claims) != {"htm", "htu", "iat", "jti"} or claims["htm"] != "POST" or claims["htu"] not in here:
        raise invalid("claims of the proof")
    if type(claims["iat"]) is not int or abs(claims["iat"] - call.clock.now()) > call.signin.settings["tolerance"]:
        raise invalid("the proof is too old, or of the future")
    if str(uuid.UUID(claims["jti"])) != claims["jti"] or claims["jti"] in call.signin.seen:
        raise invalid("the proof was seen before")
    call.signin.seen.add(claims["jti"])


def handle(call):
    call.record["action"] = "CreateOAuth2Token"
    request, signin = call.request, call.signin
    if request.method != "POST" or request.query or request.header("authorization"):
        raise invalid("not an unsigned POST")
    if request.header("content-type") != "application/json":
        raise invalid("not application/json")
    try:
        parameters = json.loads(request.body)
    except ValueError:
        raise invalid("the body is no JSON") from None
    signin.validate(parameters)
    header = _proof(call)
    call.record["verified"] = True
    if parameters["grantType"] != "refresh_token" or "refreshToken" not in parameters:
        raise invalid("grantType")
    failure = signin.settings["error"]
    if failure:
        raise SigninError(failure["status"], failure["code"], failure["reason"], failure["message"])
    held = signin.refresh.get(parameters["refreshToken"])
    if not held:
        raise SigninError(401, "AccessDeniedException", "TOKEN_EXPIRED", "The refresh token has expired")
    if held["thumbprint"] != thumbprint(header["jwk"]) or parameters["clientId"] != CLIENT:
        raise SigninError(403, "AccessDeniedException", "INVALID_REQUEST", "The token is bound to another key")
    if not signin.spend(parameters["refreshToken"]):
        raise SigninError(401, "AccessDeniedException", "TOKEN_EXPIRED", "The refresh token has expired")
    key = call.issue(held["identity"], signin.settings["seconds"])
    answer = {
        "accessToken": {
            "accessKeyId": key.access_key_id,
            "secretAccessKey": key.secret_access_key,
            "sessionToken": key.session_token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": round(key.expires - call.clock.now()),
        "refreshToken": signin.bind(held),
    }
    return json_response(200, {name: value for name, value in answer.items() if name not in signin.settings["drop"]})
