# SPDX-License-Identifier: Apache-2.0
"""STS, query protocol 2011-06-15: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity, GetWebIdentityToken."""

import json
import re
import zlib
from urllib.parse import parse_qsl

from standin import jwt, outbound, sigv4
from standin.clock import rfc3339
from standin.messages import AwsError, xml_result

VERSION = "2011-06-15"
CHAINED_SECONDS = 3600
PACKED_LIMIT = 2048  # bytes that stand for 100 % of the packed size

NAME = r"[\w+=,.@-]*"
TAG_TEXT = r"[\w\s.:/=+\-@]*"
# name: (pattern, shortest, longest, flags)
RULES = {
    "RoleArn": (r"[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+", 20, 2048, 0),
    "RoleSessionName": (NAME, 2, 64, re.ASCII),
    "ExternalId": (r"[\w+=,.@:\/-]*", 2, 1224, re.ASCII),
    "Policy": (r"[\t\n\r\x20-\xff]+", 1, 2048, 0),
    "SourceIdentity": (NAME, 2, 64, re.ASCII),
    "WebIdentityToken": (r".*", 4, 20000, re.DOTALL),
    "ProviderId": (r".*", 4, 2048, 0),
    "SerialNumber": (r"[\w+=/:,.@-]*", 9, 256, re.ASCII),
    "TokenCode": (r"[\d]*", 6, 6, re.ASCII),
    "arn": (r".*", 20, 2048, 0),
    "Audience": (r".*", 1, 1000, re.DOTALL),
    "SigningAlgorithm": (r"RS256|ES384", 5, 5, 0),
    "Tag.Key": (TAG_TEXT, 1, 128, 0),
    "Tag.Value": (TAG_TEXT, 0, 256, 0),
}
COMMON = {"Action", "Version", "RoleArn", "RoleSessionName", "Policy", "PolicyArns", "DurationSeconds"}
KNOWN = {
    "AssumeRole": COMMON | {"ExternalId", "Tags", "TransitiveTagKeys", "SerialNumber", "TokenCode", "SourceIdentity"},
    "AssumeRoleWithWebIdentity": COMMON | {"WebIdentityToken", "ProviderId"},
    "GetCallerIdentity": {"Action", "Version"},
    "GetWebIdentityToken": {"Action", "Version", "Audience", "DurationSeconds", "SigningAlgorithm", "Tags"},
}


class Parameters:
    """The form's fields. Collects what is wrong with them, as STS reports it: all at once."""

    def __init__(self, request):
        text = request.query if request.method == "GET" else request.body.decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True)
        self.values = {k: v for k, v in pairs if not k.startswith("X-Amz-")}
        self.problems = []
        if len({k for k, _ in pairs}) != len(pairs):
            self.problems.append("A parameter was given more than once")

    def get(self, name, rule=None):
        """A string, checked; None when absent."""
        value = self.values.get(name)
        if value is not None:
            self._check(rule or name, name, value)
        return value

    def required(self, name):
        if name not in self.values:
            self._fail("null", name, "Member must not be null")
        return self.get(name)

    def integer(self, name, least, most):
        text = self.values.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise AwsError(400, "MalformedInput", f"Value for {name} is not an integer")
        if int(text) < least:
            self._fail(text, name, f"Member must have value greater than or equal to {least}")
        if int(text) > most:
            self._fail(text, name, f"Member must have value less than or equal to {most}")
        return int(text)

    def members(self, name, fields=None):
        """The list name.member.1… in order: strings, or dictionaries with `fields`. Numbering starts at 1, no gaps."""
        prefix = name + ".member."
        indices = sorted({int(m.group(1)) for k in self.values if (m := re.match(re.escape(prefix) + r"([0-9]+)", k))})
        if indices != list(range(1, len(indices) + 1)):
            raise AwsError(400, "MalformedInput", f"{name}.member is not numbered from 1 without gaps")
        if fields is None:
            return [self.values.get(f"{prefix}{i}", "") for i in indices]
        return [{f: self.values.get(f"{prefix}{i}.{f}") for f in fields} for i in indices]

    def check_member(self, rule, name, value):
        if value is None:
            self._fail("null", name, "Member must not be null")
        else:
            self._check(rule, name, value)

    def check_known(self, action):
        """A misspelt parameter would be ignored by AWS; a judge says so."""
        for name in self.values:
            head, _, rest = name.partition(".member.")
            shape = {"PolicyArns": r"\d+\.arn", "Tags": r"\d+\.(Key|Value)", "TransitiveTagKeys": r"\d+"}
            shape = {**shape, "Audience": r"\d+"}.get(head)
            if head not in KNOWN[action] or bool(rest) != bool(shape) or (shape and not re.fullmatch(shape, rest)):
                raise AwsError(400, "ValidationError", f"Unknown parameter: {name}")

    def finish(self):
        if self.problems:
            count = len(self.problems)
            text = f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(self.problems)}"
            raise AwsError(400, "ValidationError", text)

    def _check(self, rule, name, value):
        pattern, shortest, longest, flags = RULES[rule]
        if len(value) < shortest:
            self._fail(value, name, f"Member must have length greater than or equal to {shortest}")
        if len(value) > longest:
            self._fail(value, name, f"Member must have length less than or equal to {longest}")
        if not re.fullmatch(pattern, value, flags):
            self._fail(value, name, f"Member must satisfy regular expression pattern: {pattern}")

    def _fail(self, value, name, constraint):
        shown = name[0].lower() + name[1:]
        quoted = "null" if value == "null" else f"'{'***' if name == 'WebIdentityToken' else value[:256]}'"
        self.problems.append(f"Value {quoted} at '{shown}' failed to satisfy constraint: {constraint}")


def handle(call):
    parameters = Parameters(call.request)
    action = parameters.values.get("Action")
    call.record["action"] = action
    if action not in KNOWN:
        raise AwsError(400, "InvalidAction", f"Could not find operation {action} for version {VERSION}")
    if parameters.values.get("Version") != VERSION:
        raise AwsError(400, "InvalidAction", f"Could not find operation {action} for version NO_VERSION_SPECIFIED")
    if call.request.method == "POST":
        content_type = (call.request.header("content-type") or "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            raise AwsError(400, "MalformedInput", "Content-Type must be application/x-www-form-urlencoded")
    handler = {
        "AssumeRole": _assume_role,
        "AssumeRoleWithWebIdentity": _assume_role_with_web_identity,
        "GetCallerIdentity": _get_caller_identity,
        "GetWebIdentityToken": _get_web_identity_token,
    }[action]
    return xml_result(action, handler(call, parameters, action))


def _verified(call):
    key = sigv4.verify(call.request, call.registry, call.clock, "sts", call.record)
    call.record["verified"] = True
    return key.identity


def _get_caller_identity(call, parameters, action):
    caller = _verified(call)
    parameters.check_known(action)
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account}


def _get_web_identity_token(call, parameters, action):
    key = sigv4.verify(call.request, call.registry, call.clock, "sts", call.record)
    call.record["verified"] = True
    parameters.check_known(action)
    audiences, algorithm = parameters.members("Audience"), parameters.required("SigningAlgorithm")
    duration = parameters.integer("DurationSeconds", 60, 3600)
    tags = parameters.members("Tags", ["Key", "Value"])
    for audience in audiences:
        parameters.check_member("Audience", "audience", audience)
    for tag in tags:
        parameters.check_member("Tag.Key", "tags", tag["Key"])
        parameters.check_member("Tag.Value", "tags", tag["Value"])
    parameters.finish()
    if not 1 <= len(audiences) <= 10 or len(tags) > 50:
        raise AwsError(400, "ValidationError", "1 to 10 audiences and at most 50 tags")
    duration = 300 if duration is None else duration
    if key.expires is not None and key.expires - call.clock.now() < duration:
        raise AwsError(
            403,
            "SessionDurationEscalationException",
            "The requested token duration would extend the session beyond its original expiration time.",
        )
    call.record.update(
        duration=duration, audience=audiences, tags={t["Key"]: t["Value"] for t in tags}, body=call.request.body.decode()
    )
    token, expires = outbound.mint(key.identity, audiences, algorithm, duration, tags, call.clock)
    return {"WebIdentityToken": token, "Expiration": rfc3339(expires)}


def _common(call, parameters):
    """What both operations take. (role ARN, session name, seconds or None, packed size in percent)"""
    arn, name = parameters.required("RoleArn"), parameters.required("RoleSessionName")
    duration = parameters.integer("DurationSeconds", 900, 43200)
    policy, policy_arns = parameters.get("Policy"), parameters.members("PolicyArns", ["arn"])
    for entry in policy_arns:
        parameters.check_member("arn", "policyArns", entry["arn"])
    if len(policy_arns) > 10:
        raise AwsError(400, "ValidationError", "The number of managed policy ARNs must not exceed 10")
    call.record.update(
        role=arn, session_name=name, duration=duration, policy=policy, policy_arns=[p["arn"] for p in policy_arns]
    )
    parameters.finish()
    if arn and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", arn, re.ASCII):
        raise AwsError(400, "ValidationError", f"{arn} is invalid")
    if policy is not None:
        _check_policy(policy)
    packed = zlib.compress(((policy or "") + "".join(p["arn"] for p in policy_arns)).encode()) if policy else b""
    return arn, name, duration, len(packed)


def _check_policy(policy):
    try:
        document = json.loads(policy)
    except ValueError:
        raise AwsError(400, "MalformedPolicyDocument", "The policy is not in the valid JSON format.") from None
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), (list, dict)):
        raise AwsError(400, "MalformedPolicyDocument", "Syntax errors in policy.")


def _tags(call, parameters, caller):
    """The session's tags as a dictionary, and which of them travel on."""
    tags = parameters.members("Tags", ["Key", "Value"])
    for tag in tags:
        parameters.check_member("Tag.Key", "tags", tag["Key"])
        parameters.check_member("Tag.Value", "tags", tag["Value"])
    parameters.finish()
    if len(tags) > 50:
        raise AwsError(400, "ValidationError", "The number of session tags must not exceed 50")
    if len({t["Key"].lower() for t in tags}) != len(tags):
        raise AwsError(
            400, "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    inherited = {key.lower() for key, _ in caller.transitive_tags}
    if inherited & {t["Key"].lower() for t in tags}:
        raise AwsError(
            400,
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session.",
        )
    values = {t["Key"]: t["Value"] for t in tags}
    travelling = parameters.members("TransitiveTagKeys")
    if not set(travelling) <= set(values):
        raise AwsError(
            400, "ValidationError", "The specified transitive tag key must be included in the requested tags."
        )
    call.record.update(tags=values, transitive_tag_keys=travelling)
    return values, caller.transitive_tags + tuple((key, values[key]) for key in travelling)


def _assume_role(call, parameters, action):
    caller = _verified(call)
    parameters.check_known(action)
    external_id, source_identity = parameters.get("ExternalId"), parameters.get("SourceIdentity")
    serial, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    call.record.update(external_id=external_id, source_identity=source_identity)
    arn, name, duration, packed = _common(call, parameters)
    tags, transitive = _tags(call, parameters, caller)
    call.record["mfa_serial"] = serial
    if (serial or code) and not call.mfa.take(serial, code):
        raise AwsError(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    role = call.registry.roles.get(arn)
    trust = _trust_of_caller(role, caller, external_id)
    _require(trust and (code or not trust.needs_mfa), caller, "sts:AssumeRole", arn)
    _require(not (tags or transitive) or trust.may_tag, caller, "sts:TagSession", arn)
    if caller.source_identity and source_identity not in (None, caller.source_identity):
        _require(False, caller, "sts:SetSourceIdentity", arn)
    source_identity = source_identity or caller.source_identity
    _require(source_identity is None or trust.may_set_source_identity, caller, "sts:SetSourceIdentity", arn)
    if caller.role_arn and duration is not None and duration > CHAINED_SECONDS:
        raise AwsError(
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    packed += len("".join(k + v for k, v in tags.items()))
    identity = role.session(name, transitive_tags=transitive, source_identity=source_identity)
    return {
        "SourceIdentity": source_identity,
        **_issue(call, role, identity, duration),
        "PackedPolicySize": _packed_percent(packed),
    }


def _trust_of_caller(role, caller, external_id):
    """The statement of the trust policy that lets the caller in, or None. A wrong external ID looks like no trust."""
    names = {caller.arn, caller.role_arn, f"arn:aws:iam::{caller.account}:root", caller.account, "*"}
    for trust in role.trust if role else []:
        if trust.principal in names and trust.external_id in (None, external_id):
            return trust
    return None


def _require(allowed, caller, operation, arn):
    if not allowed:
        raise AwsError(
            403, "AccessDenied", f"User: {caller.arn} is not authorized to perform: {operation} on resource: {arn}"
        )


def _assume_role_with_web_identity(call, parameters, action):
    if call.request.header("authorization") or call.request.header("x-amz-security-token"):
        raise AwsError(400, "ValidationError", f"{action} is not signed")
    parameters.check_known(action)
    token, provider = parameters.required("WebIdentityToken"), parameters.get("ProviderId")
    arn, name, duration, packed = _common(call, parameters)
    if provider:
        raise AwsError(400, "ValidationError", "ProviderId is only for OAuth 2.0 access tokens")
    issuer = call.registry.issuer
    claims = jwt.verify(token.strip(), call.issuer_key, issuer, call.clock)
    call.record.update(verified=True, caller=claims.get("sub"))
    audiences = claims.get("aud")
    audiences = audiences if isinstance(audiences, list) else [audiences]
    role = call.registry.roles.get(arn)
    statements = [t for t in (role.trust if role else []) if t.principal == issuer]
    if statements and not any(t.audience in audiences for t in statements):
        raise AwsError(400, "InvalidIdentityToken", "Incorrect token audience")
    if not any(t.subject in (None, claims.get("sub")) and t.audience in audiences for t in statements):
        raise AwsError(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    source_identity = claims.get("https://aws.amazon.com/source_identity")
    identity = role.session(name, source_identity=source_identity)
    return {
        **_issue(call, role, identity, duration),
        "SubjectFromWebIdentityToken": claims.get("sub"),
        "Provider": issuer,
        "Audience": next(a for a in audiences if any(t.audience == a for t in statements)),
        "SourceIdentity": source_identity,
        "PackedPolicySize": _packed_percent(packed),
    }


def _packed_percent(packed):
    if not packed:
        return None
    percent = packed * 100 // PACKED_LIMIT
    if percent > 100:
        raise AwsError(
            400,
            "PackedPolicyTooLarge",
            f"Packed size of session tags consumes {percent}% of allotted space. Please use smaller session tags.",
        )
    return max(percent, 1)


def _issue(call, role, identity, duration):
    if duration is not None and duration > role.max_session_duration:
        raise AwsError(
            400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    key = call.issue(identity, 3600 if duration is None else duration)
    return {
        "AssumedRoleUser": {"AssumedRoleId": identity.user_id, "Arn": identity.arn},
        "Credentials": {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": key.session_token,
            "Expiration": rfc3339(key.expires),
        },
    }
