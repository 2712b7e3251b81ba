# SPDX-License-Identifier: Apache-2.0
"""By which steps botocore and keyfob get credentials in an environment with ~/.aws files. botocore's own
providers and clients do the work; what they would send is caught and answered here, so nothing is sent anywhere."""

import contextlib
import json
import os
import re
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.loaders
import botocore.session
import botocore.tokens
import botocore.utils

from support.chance_environments import EXPIRATION, ODD

LOADER = botocore.loaders.Loader()


# ---- what botocore does ----


class Answer:
    def __init__(self, text):
        self.text = text.encode()

    def stream(self):
        yield self.text


def assumed(operation, key):
    return (
        f"<{operation}Response><{operation}Result><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s"
        f"</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{EXPIRATION}</Expiration></Credentials>"
        f"<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/x/y</Arn><AssumedRoleId>A:y</AssumedRoleId>"
        f"</AssumedRoleUser></{operation}Result></{operation}Response>"
    )


class Recorder:
    """The steps by which botocore gets credentials, the first of them first."""

    def __init__(self):
        self.steps, self.known = [], set()

    def key(self):
        """An access key ID that marks a step that was recorded."""
        self.known.add(f"ASIASTEP{len(self.steps):08}")
        return f"ASIASTEP{len(self.steps):08}"

    def note_static(self, credentials):
        if credentials.access_key not in self.known:
            self.steps.append(("static", credentials.access_key, credentials.secret_key, credentials.token or None))

    def before_send(self, request, **_):
        url = urlsplit(request.url)
        base = f"{url.scheme}://{url.netloc}{url.path}"
        if url.path.endswith("/federation/credentials"):
            query = dict(parse_qsl(url.query))
            base = base.removesuffix("/federation/credentials")
            self.steps.append(("sso", query["account_id"], query["role_name"], base))
            text = json.dumps({"roleCredentials": {"accessKeyId": self.key(), "secretAccessKey": "s",
                                                   "sessionToken": "t", "expiration": 4070908800000}})  # fmt: skip
        else:
            body = request.body.decode() if isinstance(request.body, bytes) else request.body
            query = dict(parse_qsl(body))
            self.steps.append(self.sts_step(request, query, base.rstrip("/")))
            text = assumed(query["Action"], self.key())
        return botocore.awsrequest.AWSResponse(request.url, 200, {"Content-Type": "text/xml"}, Answer(text))

    @staticmethod
    def sts_step(request, query, base):
        session = query["RoleSessionName"]
        session = None if session.startswith("botocore-session-") else session
        duration = query.get("DurationSeconds") and int(query["DurationSeconds"])
        if query["Action"] == "AssumeRoleWithWebIdentity":
            return ("web_identity", query["RoleArn"], session, duration, query["WebIdentityToken"], base)
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", request.headers["Authorization"].decode())
        more = (query.get("ExternalId"), query.get("SerialNumber"), base, scope[1])
        return ("assume_role", query["RoleArn"], session, duration, *more)

    def base(self, *step):
        self.steps.append(step)
        return {"access_key": self.key(), "secret_key": "s", "token": "t", "expiry_time": EXPIRATION, "role_name": "r"}


@contextlib.contextmanager
def caught(recorder):
    c, u = botocore.credentials, botocore.utils

    def imds(fetcher):
        return {} if fetcher._disabled else recorder.base("imds", fetcher.get_base_url().rstrip("/"))

    def container(_, url, headers=None):
        made = recorder.base("container", url, (headers or {}).get("Authorization"))
        return {"AccessKeyId": made["access_key"], "SecretAccessKey": "s", "Token": "t", "Expiration": EXPIRATION}

    def client_of(fetcher, create=c.AssumeRoleCredentialFetcher._create_client):
        recorder.note_static(fetcher._source_credentials.get_frozen_credentials())
        return create(fetcher)

    token = mock.Mock()
    token.get_frozen_token.return_value.token = "t"
    with contextlib.ExitStack() as stack:
        for where, name, instead in (
            (u.InstanceMetadataFetcher, "retrieve_iam_role_credentials", imds),
            (u.ContainerMetadataFetcher, "_retrieve_credentials", container),
            (c.ProcessProvider, "_retrieve_credentials_using", lambda _, command: recorder.base("process", command)),
            (c.AssumeRoleCredentialFetcher, "_create_client", client_of),
            (u.SSOTokenLoader, "__call__", lambda *_, **__: {"accessToken": "t", "expiresAt": EXPIRATION}),
            (botocore.tokens.SSOTokenProvider, "load_token", lambda *_, **__: token),
            (u.FileWebIdentityTokenLoader, "__call__", lambda loader: loader._web_identity_token_path),
        ):
            stack.enter_context(mock.patch.object(where, name, instead))
        yield


def for_botocore(environment):
    """What is known to differ in variables: keyfob takes an empty one as one that is not set, AWS_REGION (as all SDKs
    but botocore) before AWS_DEFAULT_REGION, and AWS_SESSION_TOKEN (as all but botocore) before its old name."""
    result = {name: value for name, value in environment.items() if value}
    if "AWS_REGION" in result:
        result["AWS_DEFAULT_REGION"] = result.pop("AWS_REGION")
    if "AWS_SESSION_TOKEN" in result:
        result.pop("AWS_SECURITY_TOKEN", None)
    return result


def for_botocore_file(data):
    """The same in files."""
    data = re.sub(rb"(?m)^\w+ = \n(?! )", b"", data)
    return re.sub(rb"(aws_session_token = .*\n)aws_security_token = .*\n", rb"\1", data)


def botocore_steps(home, case, profile=None):
    """The steps of a profile that is named, or of none: those or botocore's exception."""
    environment, *files = case
    for name, data in zip(("config", "credentials"), files, strict=True):
        path = home / ".aws" / name
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(for_botocore_file(data))
    recorder = Recorder()
    variables = {"HOME": str(home), **for_botocore(environment)}
    with mock.patch.dict(os.environ, variables, clear=True), caught(recorder):
        try:
            session = botocore.session.Session(profile=profile)
            session.register_component("data_loader", LOADER)
            session.register("before-send", recorder.before_send)
            for provider in session.get_component("credential_provider").providers:
                if isinstance(provider, botocore.credentials.AssumeRoleProvider):
                    provider._prompter = lambda _: "123456"
            credentials = session.get_credentials()
            if credentials is None:
                return LookupError("found no credentials")
            recorder.note_static(credentials.get_frozen_credentials())
        except Exception as e:  # noqa: BLE001  botocore lets ValueError and TypeError of its parts through
            return e
    return recorder.steps


# ---- the two beside each other ----


def keyfob_steps(answer, profile=None):
    """The same of keyfob's answer: steps, or a text."""
    if "error" in answer:
        return answer["error"]
    steps = []
    for step in answer[profile or "default"]:
        if "fault" in step:
            return step["fault"]
        get = step.get
        session = get("role_session_name")
        session = None if session and session.endswith("@judge") else session
        kind = step["type"]
        if kind == "static":
            steps.append((kind, get("access_key_id"), get("secret_access_key"), get("session_token")))
        elif kind == "process":
            steps.append((kind, get("credential_process")))
        elif kind == "container":
            steps.append((kind, get("container"), get("authorization")))
        elif kind == "imds":
            if get("is_disabled"):
                return "the instance metadata service is switched off"
            steps.append((kind, get("imds")))
        elif kind == "sso":
            steps.append((kind, get("sso_account_id"), get("sso_role_name"), get("endpoint_url")))
        elif kind == "web_identity":
            more = (get("duration_seconds"), get("web_identity_token_file"), get("endpoint_url"))
            steps.append((kind, get("role_arn"), session, *more))
        else:
            more = (get("external_id"), get("mfa_serial"), get("endpoint_url"), get("issuer_region"))
            steps.append((kind, get("role_arn"), session, get("duration_seconds"), *more))
    return steps


# What keyfob rejects and botocore takes: the message, and the reason.
REFUSED = {
    r"found (source_profile|credential_source) without role_arn": "incomplete, as for Go; botocore ignores it",
    r"found (AWS_SECRET_ACCESS_KEY|aws_secret_access_key) without": "half a pair; botocore passes a lone secret over",
    r"services: found .* expected the name of a \[services\] section": "botocore can make no client with it",
    r"found a custom endpoint beside": "botocore drops the wish for FIPS or dual-stack in silence",
    r"found no credentials, expected role_arn": "botocore goes on from one that is named, too",
    r"expected at most 3600: this is role chaining": "STS refuses it",
}
# What keyfob takes and botocore refuses: it judges what it does not use. By its exception, and what must be so.
NOT_USED = {
    "InvalidIMDSEndpointError": lambda got: "imds" not in str(got),
    "InvalidIMDSEndpointModeError": lambda got: not re.search(r"169\.254\.169\.254|fd00:ec2::254", str(got)),
    "InvalidSTSRegionalEndpointsConfigError": lambda got: "//sts.amazonaws.com" not in str(got),
    "InvalidRegionError: Provided region_name '1'": lambda got: True,  # STS decides whether there is such a region
    "InvalidMaxRetryAttemptsError": lambda got: True,  # of keys that keyfob does not know
    "ValueError: invalid literal for int()": lambda got: True,
    # AWS_CREDENTIAL_EXPIRATION of a time that is past: keyfob reports that when it is asked for them.
    "RuntimeError: Credentials were refreshed": lambda got: got[0][0] == "static",
    # An endpoint of one's own without a region: keyfob signs for us-east-1, as for STS's global endpoint.
    "NoRegionError": lambda got: any(s[0] == "assume_role" and "amazonaws.com" not in str(s) for s in got),
}


# The kinds of steps that use settings, by how their names begin: others do not make keyfob refuse anything.
USERS = {
    r"region|aws_region": {"static", "process", "container", "imds", "sso", "web_identity", "assume_role"},
    r"aws_(access|secret|session|account|credential)": {"static"},
    r"sso_": {"sso"},
    r"(aws_)?(ec2_)?metadata": {"imds"},
    r"aws_container": {"container"},
    r"aws_role": {"web_identity"},
    r"(aws_)?(endpoint|use|ignore|sts)_": {"sso", "web_identity", "assume_role"},
    r"(duration|external|mfa|source|credential)_": {"assume_role"},
    r"role_": {"web_identity", "assume_role"},
}


def is_odd(key, case, steps):
    """Whether a setting that is used has a value of a form that it must not have; keyfob rejects it by name."""
    environment, *files = case
    kinds = {step[0] for step in steps}
    if not any(re.match(name, key.lower()) and users & kinds for name, users in USERS.items()):
        return False
    if key.isupper():
        return environment.get(key) in ODD.get(key, ())
    text = "".join(data.decode() for data in files if data)
    return any(f"\n{key} = {value.strip()}" in text for value in ODD.get(key, ()))


def plain(value, case):
    """As text. keyfob takes us-east-1 for aws-global: the names that botocore makes of that are not in DNS."""
    text = str(value or "")
    if "aws-global" in str(case):
        text = text.replace("//sts.amazonaws.com", "//sts.us-east-1.amazonaws.com")
    return text.replace("aws-global", "us-east-1")


def refusal(expected, message, case):
    named = re.search(r"(\w+): found ", message)
    if isinstance(expected, Exception) or any(re.search(pattern, message) for pattern in REFUSED):
        return None
    if "AWS_SECRET_ACCESS_KEY: found" in message and "AWS_ACCESS_KEY_ID" not in case[0]:
        return None  # a lone secret again
    if named and is_odd(named[1], case, expected):
        return None
    return "refused: " + re.sub(r'[^ ]*/[^ ]*|"[^"]*"|profile \w+', "_", message)[:150]


def difference(expected, got, case):
    """None, or what the two differ in."""
    if isinstance(got, str):
        return refusal(expected, got, case)
    if isinstance(expected, Exception):
        text = f"{type(expected).__name__}: {expected}"
        is_known = any(text.startswith(name) and holds(got) for name, holds in NOT_USED.items())
        return None if is_known else "taken: " + re.sub(r"[^ ]*/[^ ]*|[^ ]*[^ ]:[^ ]+", "_", text)[:150]
    expected, got = ([tuple(plain(value, case) for value in step) for step in steps] for steps in (expected, got))
    if got == expected:
        return None
    kinds = [s[0] for s in got], [s[0] for s in expected]
    if kinds[0] != kinds[1]:
        return f"other steps: {kinds[0]} for {kinds[1]}"
    parts = {f"{a[0]}[{i}]" for a, b in zip(got, expected, strict=True) for i in range(len(a)) if a[i] != b[i]}
    return f"other values: {sorted(parts)}"
