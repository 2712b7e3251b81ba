# SPDX-License-Identifier: Apache-2.0
"""IAM Roles Anywhere: CreateSession."""

import hashlib
import json
import re
from urllib.parse import parse_qsl

from botocore.awsrequest import AWSRequest
from cryptography import x509

from standin import sigv4, x509chain
from standin.clock import rfc3339
from standin.messages import AwsError, json_response
from standin.registry import ROLES_ANYWHERE
from standin.x509chain import denied

ARNS = ("profileArn", "roleArn", "trustAnchorArn")
MEMBERS = {*ARNS, "durationSeconds", "roleSessionName", "instanceProperties"}


def handle(call):
    call.record["action"] = "CreateSession"
    request = call.request
    if request.method != "POST" or request.path != "/sessions":
        raise AwsError(404, "UnknownOperationException", "")
    parameters = _parameters(request)
    call.record.update(
        role=parameters["roleArn"],
        session_name=parameters.get("roleSessionName"),
        duration=parameters.get("durationSeconds"),
        instance_properties=parameters.get("instanceProperties"),
    )
    anchor = call.registry.trust_anchors.get(parameters["trustAnchorArn"])
    profile = call.registry.anywhere_profiles.get(parameters["profileArn"])
    if anchor is None or not anchor.enabled:
        raise AwsError(404, "ResourceNotFoundException", f"Trust anchor not found: {parameters['trustAnchorArn']}")
    leaf = _verified_leaf(call, anchor)
    call.record.update(verified=True, caller=leaf.subject.rfc4514_string(), serial=str(leaf.serial_number))
    if profile is None or not profile.enabled:
        raise AwsError(404, "ResourceNotFoundException", f"Profile not found: {parameters['profileArn']}")
    return _create_session(call, parameters, profile, leaf)


def _parameters(request):
    """The body's members, with the ARNs from the query or the body."""
    if (request.header("content-type") or "").partition(";")[0].strip() != "application/json":
        raise AwsError(400, "ValidationError", "Content-Type must be application/json")
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise AwsError(400, "ValidationError", "The body is not JSON") from None
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if not isinstance(body, dict) or set(query) - set(ARNS) or set(query) & set(body) or set(body) - MEMBERS:
        raise AwsError(400, "ValidationError", "Unknown or repeated member")
    merged = {**query, **body}
    for name in ARNS:
        if not isinstance(merged.get(name), str) or not merged[name].startswith("arn:"):
            raise AwsError(400, "ValidationError", f"{name} must be an ARN")
    duration, name = merged.get("durationSeconds"), merged.get("roleSessionName")
    if duration is not None and (type(duration) is not int or not 900 <= duration <= 43200):
        raise AwsError(400, "ValidationError", "durationSeconds must be an integer from 900 to 43200")
    if name is not None and not (isinstance(name, str) and re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)):
        raise AwsError(400, "ValidationError", "roleSessionName must satisfy [\\w+=,.@-]{2,64}")
    properties = merged.get("instanceProperties")
    if properties is not None and not (
        isinstance(properties, dict) and all(isinstance(v, str) for v in properties.values())
    ):
        raise AwsError(400, "ValidationError", "instanceProperties must be a map of strings")
    return merged


def _verified_leaf(call, anchor):
    """The client's certificate, once everything about it and its signature is right."""
    request, clock = call.request, call.clock
    algorithm, credential, names, signature = sigv4.parse_authorization(
        request.header("authorization") or "", set(x509chain.ALGORITHMS.values())
    )
    scope, timestamp = sigv4.parse_credential(credential), request.header("x-amz-date") or ""
    call.record.update(region=scope.region, signed_headers=names, algorithm=algorithm)
    _check_coverage(request, names)
    leaf = x509chain.load_header(request.header("x-amz-x509"), "X-Amz-X509")
    chain = x509chain.load_chain(request.header("x-amz-x509-chain"))
    call.record["chain_length"] = len(chain)
    if scope.access_key_id != str(leaf.serial_number):
        raise denied("The credential is not the certificate's serial number in decimal.")
    if scope.service != "rolesanywhere" or scope.region != anchor.arn.split(":")[3] or scope.date != timestamp[:8]:
        raise denied("Credential should be scoped to the trust anchor's region, this service and the date.")
    if algorithm != x509chain.algorithm_of(leaf):
        raise denied("The algorithm does not match the certificate's key.")
    text = _string_to_sign(request, names, algorithm, scope, timestamp)
    if not x509chain.is_signature(leaf, signature, text.encode()):
        raise denied("Invalid signature.")
    try:
        sigv4.check_time(timestamp, clock, "rolesanywhere")
    except AwsError as error:
        raise denied(error.message) from None
    x509chain.check_leaf(leaf, clock.now())
    with open(anchor.certificate, "rb") as file:
        root = x509.load_pem_x509_certificate(file.read())
    x509chain.check_path(leaf, chain, root, clock.now())
    return leaf


def _check_coverage(request, names):
    required = {"content-type", "host", "x-amz-date", "x-amz-x509"}
    if "x-amz-x509-chain" in request.header_names():
        required.add("x-amz-x509-chain")
    missing = sorted(required - set(names))
    if missing or names != sorted(set(names)) or not set(names) <= request.header_names():
        raise denied(f"Signed headers must be sorted, present and include: {', '.join(sorted(required))}")


def _string_to_sign(request, names, algorithm, scope, timestamp):
    aws_request = AWSRequest(
        method=request.method,
        url="http://standin" + request.target,
        data=request.body,
    )
    for name, value in request.headers:
        if name.lower() in names:
            aws_request.headers[name] = value
    canonical = sigv4.WireAuth(None, scope.service, scope.region).canonical_request(aws_request)
    return "\n".join([algorithm, timestamp, scope.text(), hashlib.sha256(canonical.encode()).hexdigest()])


def _create_session(call, parameters, profile, leaf):
    arn = parameters["roleArn"]
    role = call.registry.roles.get(arn)
    if arn not in profile.roles:
        raise denied(f"The role is not in the profile: {arn}")
    if role is None or not any(t.principal == ROLES_ANYWHERE for t in role.trust):
        raise denied(f"Unable to assume role for {arn}")
    if "roleSessionName" in parameters and not profile.accept_role_session_name:
        raise denied("The profile does not accept a custom role session name.")
    duration = min(profile.duration_seconds, parameters.get("durationSeconds", profile.duration_seconds))
    if duration > role.max_session_duration:
        raise AwsError(
            400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    names = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    source = f"CN={names[0].value}" if names else None
    identity = role.session(parameters.get("roleSessionName", str(leaf.serial_number)), source_identity=source)
    key = call.issue(identity, duration)
    return json_response(
        201,
        {
            "credentialSet": [
                {
                    "assumedRoleUser": {"arn": identity.arn, "assumedRoleId": identity.user_id},
                    "credentials": {
                        "accessKeyId": key.access_key_id,
                        "secretAccessKey": key.secret_access_key,
                        "sessionToken": key.session_token,
                        "expiration": rfc3339(key.expires),
                    },
                    "packedPolicySize": 10,
                    "roleArn": arn,
                    "sourceIdentity": source,
                }
            ],
            "subjectArn": f"{profile.arn.partition(':profile/')[0]}:subject/{call.record['id']}",
        },
    )
