# SPDX-License-Identifier: Apache-2.0
"""Verifies Signature Version 4 as AWS's front ends do. The signature itself is computed by botocore over exactly what
came over the wire; this file only finds out what to compute it over."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote_plus, unquote_to_bytes

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from standin.clock import basic, parse_basic
from standin.messages import AwsError

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
S3_FAMILY = {"s3", "s3-outposts", "s3-object-lambda", "s3express"}
SKEW_SECONDS = {"bedrock": 300}  # and 15 minutes for everything else
MAX_EXPIRES = 604800


@dataclass
class Scope:
    access_key_id: str
    date: str
    region: str
    service: str

    def text(self):
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass
class Signed:
    """What the request says about its signature; none of it is verified yet."""

    scope: Scope
    signed_headers: list
    signature: str
    timestamp: str
    token: str = None
    expires: int = None  # of a presigned URL

    @property
    def unsigned_parameters(self):
        """IoT's MQTT over WebSocket: the token is appended to the URL after it is signed."""
        return {"X-Amz-Signature"} | ({"X-Amz-Security-Token"} if self.scope.service == "iotdevicegateway" else set())


class _WireHeaders:
    """botocore leaves out headers that its own client must not sign. Whoever signed this request made that choice
    already, so the list of signed headers decides."""

    def headers_to_sign(self, request):
        chosen = HTTPHeaders()
        for name, value in request.headers.items():
            chosen[name.lower()] = value
        return chosen


class WireAuth(_WireHeaders, SigV4Auth):
    pass


class _WireS3Auth(_WireHeaders, S3SigV4Auth):
    pass


class _WireS3QueryAuth(_WireHeaders, S3SigV4QueryAuth):
    pass


def parse_authorization(value, algorithms):
    """(algorithm, Credential, list of signed headers, signature), or IncompleteSignature."""
    algorithm, _, rest = value.partition(" ")
    if algorithm not in algorithms:
        raise AwsError(400, "IncompleteSignature", f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise AwsError(400, "IncompleteSignature", f"Authorization header requires '{name}' parameter.")
    return algorithm, fields["Credential"], fields["SignedHeaders"].split(";"), fields["Signature"]


def parse_credential(text):
    parts = text.split("/")
    if len(parts) < 5 or parts[-1] != "aws4_request":
        raise AwsError(400, "IncompleteSignature", "Credential must have at least 5 slash-delimited elements.")
    return Scope("/".join(parts[:-4]), parts[-4], parts[-3], parts[-2])


def scope_service(request):
    """The service that an HMAC or X.509 signature is scoped to, or None; for routing only."""
    found = re.search(r"Credential=[^,]*/([^/,]+)/aws4_request", request.header("authorization") or "")
    if not found:
        found = re.search(r"X-Amz-Credential=[^&]*(?:%2F|/)([^/&%]+)(?:%2F|/)aws4_request", request.query)
    return found.group(1) if found else None


def read(request):
    """What signs this request: its Authorization header or its query. AwsError when neither is complete."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    authorization = request.header("authorization")
    if authorization is None and "X-Amz-Signature" in query:
        return _read_query(query)
    if authorization is None:
        raise AwsError(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    _, credential, names, signature = parse_authorization(authorization, {ALGORITHM})
    timestamp = request.header("x-amz-date")
    if timestamp is None:
        message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        raise AwsError(400, "IncompleteSignature", message)
    return Signed(parse_credential(credential), names, signature, timestamp, request.header("x-amz-security-token"))


def _read_query(query):
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise AwsError(400, "IncompleteSignature", "Unsupported AWS 'algorithm'.")
    for name in ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"):
        if not query.get(name):
            raise AwsError(400, "IncompleteSignature", f"AWS query-string parameters must include '{name}'.")
    if not query["X-Amz-Expires"].isdigit() or not 1 <= int(query["X-Amz-Expires"]) <= MAX_EXPIRES:
        raise AwsError(400, "IncompleteSignature", "X-Amz-Expires must be between 1 and 604800 seconds.")
    return Signed(
        parse_credential(query["X-Amz-Credential"]),
        query["X-Amz-SignedHeaders"].split(";"),
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        query.get("X-Amz-Security-Token"),
        int(query["X-Amz-Expires"]),
    )


def verify(request, registry, clock, service, record):
    """The key whose holder signed this request for `service` (None: whatever it says), or AwsError. `record` gets what
    a log should say about it."""
    signed = read(request)
    record["access_key_id"] = signed.scope.access_key_id
    record["region"] = signed.scope.region
    record["service"] = signed.scope.service
    record["signed_headers"] = signed.signed_headers
    record["presigned"] = signed.expires is not None
    key = registry.key(signed.scope.access_key_id)
    if key is None or (key.session_token or None) != (signed.token or None):
        raise AwsError(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    record["caller"] = key.identity.arn
    if key.expires is not None and clock.now() >= key.expires:
        raise AwsError(403, "ExpiredToken", "The security token included in the request is expired")
    _check_scope(signed, service)
    _check_coverage(request, signed)
    _check_payload_header(request, signed)
    expected, canonical = compute(request, signed, key)
    if not hmac.compare_digest(expected.encode(), signed.signature.encode()):
        record["canonical_request"] = canonical.replace(key.session_token or "\0", "<session token>")
        raise AwsError(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )
    check_time(signed.timestamp, clock, signed.scope.service, signed.expires)
    return key


def canonical_query(query):
    """AWS decodes each name and value ("+" is a blank) and encodes it anew; empty pairs go. The order is botocore's."""

    def anew(text):
        return quote(unquote_plus(text, errors="surrogateescape").encode(errors="surrogateescape"), safe="-_.~")

    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return "&".join(f"{anew(name)}={anew(value)}" for name, _, value in pairs)


def canonical_path(path, service):
    """S3 decodes the path once ("+" is a blank) and encodes it anew. Others encode what is on the wire: so does botocore."""
    if service not in S3_FAMILY:
        return path
    return quote(unquote_to_bytes(path.replace("+", " ")), safe="/-_.~")


def compute(request, signed, key):
    """(signature, canonical request): AWS's own forms of path and query, all else as botocore makes it."""
    query = "&".join(p for p in request.query.split("&") if p.partition("=")[0] not in signed.unsigned_parameters)
    path, query = canonical_path(request.path, signed.scope.service), canonical_query(query)
    aws_request = AWSRequest(
        method=request.method, url="http://standin" + path + ("?" + query if query else ""), data=request.body
    )
    for name, value in request.headers:
        if name.lower() in signed.signed_headers:
            aws_request.headers[name] = value
    aws_request.context["timestamp"] = signed.timestamp
    kind = WireAuth
    if signed.scope.service in S3_FAMILY:
        kind = _WireS3Auth if signed.expires is None else _WireS3QueryAuth
    credentials = Credentials(key.access_key_id, key.secret_access_key)
    auth = kind(credentials, signed.scope.service, signed.scope.region)
    canonical = auth.canonical_request(aws_request)
    return auth.signature(auth.string_to_sign(aws_request, canonical), aws_request), canonical


def _check_scope(signed, service):
    if service is not None and signed.scope.service != service:
        raise AwsError(403, "SignatureDoesNotMatch", f"Credential should be scoped to correct service: '{service}'. ")
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", signed.scope.region):
        raise AwsError(403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region. ")
    if signed.scope.date != signed.timestamp[:8]:
        raise AwsError(
            403,
            "SignatureDoesNotMatch",
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signed.scope.date}' != '{signed.timestamp[:8]}', from '{signed.timestamp}'.",
        )


def _check_coverage(request, signed):
    """host and every x-amz-* header that was sent must be signed, and the list must be sorted and present."""
    present = request.header_names()
    if signed.signed_headers != sorted({n.lower() for n in signed.signed_headers}):
        raise AwsError(400, "IncompleteSignature", "SignedHeaders must be lower-case, sorted and unique.")
    if "host" not in signed.signed_headers:
        raise AwsError(
            403, "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    missing = [name for name in signed.signed_headers if name not in present]
    if missing:
        raise AwsError(403, "SignatureDoesNotMatch", f"Signed headers are not in the request: {', '.join(missing)}")
    unsigned = sorted(n for n in present if n.startswith("x-amz-") and n not in signed.signed_headers)
    if unsigned:
        message = f"There were headers present in the request which were not signed: {', '.join(unsigned)}"
        raise AwsError(403, "AccessDenied", message)


def _check_payload_header(request, signed):
    """The hash that the header declares is the body's; only the S3 family may leave it unsigned."""
    declared = request.header("x-amz-content-sha256")
    if declared is None:
        if signed.scope.service in S3_FAMILY and signed.expires is None:
            raise AwsError(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        return
    if declared == UNSIGNED_PAYLOAD and signed.scope.service in S3_FAMILY:
        return
    if declared != hashlib.sha256(request.body).hexdigest():
        raise AwsError(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def check_time(timestamp, clock, service, expires=None):
    """Within the tolerance of the clock, or before a presigned URL ends."""
    try:
        signed_at = parse_basic(timestamp)
    except ValueError:
        message = f"Date must be in ISO-8601 'basic format'. Got '{timestamp[:64]}'."
        raise AwsError(400, "IncompleteSignature", message) from None
    now = clock.now()
    skew = SKEW_SECONDS.get(service, 900)
    around = f"({basic(now)} {{}} {skew // 60} min.)"
    if now > signed_at + (skew if expires is None else expires):
        message = f"Signature expired: {timestamp} is now earlier than {basic(now - skew)} {around.format('-')}"
        raise AwsError(403, "SignatureDoesNotMatch", message)
    if now < signed_at - skew:
        message = f"Signature not yet current: {timestamp} is still later than {basic(now + skew)} {around.format('+')}"
        raise AwsError(403, "SignatureDoesNotMatch", message)
