# SPDX-License-Identifier: Apache-2.0
"""Random environments with ~/.aws files, and by which steps botocore and keyfob get credentials in each. botocore's own
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

LOADER = botocore.loaders.Loader()
EXPIRATION = "2099-01-01T00:00:00Z"
TOKEN = "/token"

# ---- environments by chance ----

PROFILES = ["default", "a", "b", "c"]
REGIONS = ["us-east-1", "eu-west-1", "us-gov-west-1", "ap-south-1"]
URLS = ["https://one.test", "http://127.0.0.1:4566", "https://two.test/base"]


class Setting:
    def __init__(self, share, *values):
        self.share, self.values = share, values

    def pick(self, random, profile):
        return random.choice(self.values).replace("{p}", profile)


ROLE = {
    "source_profile": Setting(0.85, "default", "a", "a", "b", "b", "c"),
    "credential_source": Setting(0.15, "Environment", "EcsContainer", "Ec2InstanceMetadata"),
    "role_session_name": Setting(0.4, "session-{p}"),
    "external_id": Setting(0.3, "tenant:{p}"),
    "duration_seconds": Setting(0.3, "900", "3600", "43200"),
    "mfa_serial": Setting(0.1, "arn:aws:iam::111122223333:mfa/{p}"),
}
SSO = {
    "sso_account_id": Setting(0.9, "111122223333"),
    "sso_role_name": Setting(0.9, "role-{p}"),
    "sso_session": Setting(0.6, "one", "two"),
    "sso_start_url": Setting(0.3, "https://one.awsapps.com/start", "https://two.awsapps.com/start"),
    "sso_region": Setting(0.3, *REGIONS),
}
KEYS = {
    "aws_access_key_id": Setting(0.97, "AKID{f}{p}"),
    "aws_secret_access_key": Setting(0.97, "secret-of-{f}-{p}"),
    "aws_session_token": Setting(0.3, "token-of-{f}-{p}"),
    "aws_security_token": Setting(0.05, "old-token-of-{f}-{p}"),
}
COMMON = {
    "region": Setting(0.4, *REGIONS),
    "endpoint_url": Setting(0.08, *URLS),
    "services": Setting(0.1, "local", "local", "local", "nobody"),
    "ignore_configured_endpoint_urls": Setting(0.05, "true", "false", "True"),
    "use_fips_endpoint": Setting(0.04, "true", "false"),
    "use_dualstack_endpoint": Setting(0.04, "true", "false"),
    "sts_regional_endpoints": Setting(0.05, "legacy", "regional"),
    "ec2_metadata_service_endpoint": Setting(0.05, "http://127.0.0.1:1338", "http://[::1]:1338/"),
    "ec2_metadata_service_endpoint_mode": Setting(0.05, "IPv4", "ipv6"),
}
VARIABLES = {
    "AWS_ROLE_ARN": Setting(0.15, "arn:aws:iam::111122223333:role/environment"),
    "AWS_WEB_IDENTITY_TOKEN_FILE": Setting(0.12, TOKEN),
    "AWS_ROLE_SESSION_NAME": Setting(0.1, "session-environment"),
    "AWS_REGION": Setting(0.4, *REGIONS),
    "AWS_DEFAULT_REGION": Setting(0.2, *REGIONS),
    "AWS_EC2_METADATA_DISABLED": Setting(0.3, "true", "TRUE", "false", "1"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": Setting(0.08, "http://127.0.0.1:1339"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": Setting(0.05, "IPv6", "ipv4"),
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": Setting(0.08, "/v2/credentials/x"),
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": Setting(0.1, "http://169.254.170.23/v1/credentials", "http://192.0.2.1/x"),
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": Setting(0.1, "Basic authorization"),
    "AWS_ENDPOINT_URL": Setting(0.05, *URLS),
    "AWS_ENDPOINT_URL_STS": Setting(0.05, *URLS),
    "AWS_ENDPOINT_URL_SSO": Setting(0.05, *URLS),
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": Setting(0.05, "true", "false"),
    "AWS_USE_FIPS_ENDPOINT": Setting(0.03, "true", "false"),
    "AWS_USE_DUALSTACK_ENDPOINT": Setting(0.03, "true", "false"),
    "AWS_STS_REGIONAL_ENDPOINTS": Setting(0.04, "legacy", "regional"),
}
ENVIRONMENT_KEYS = {
    "AWS_ACCESS_KEY_ID": Setting(0.95, "AKIDENVIRONMENT1"),
    "AWS_SECRET_ACCESS_KEY": Setting(0.95, "secret-of-environment"),
    "AWS_SESSION_TOKEN": Setting(0.3, "token-of-environment"),
    "AWS_SECURITY_TOKEN": Setting(0.1, "old-token-of-environment"),
    "AWS_CREDENTIAL_EXPIRATION": Setting(0.1, EXPIRATION),
}


# Values of other forms, for settings that are there: one of them in a case.
ODD = {
    "region": ["us-east-1a", "US-EAST-1", "us_east_1", "1", "-x", "x-", "aws-global", "fips-us-east-1", "a b", "x" * 64],
    "duration_seconds": ["899", "43201", "0", "-1", "abc", "3600.5", "0900", "+900", "1_000", "3600s", "1h", "9" * 30],
    "role_session_name": ["x", "a b", "ü", "x" * 65, "a/b", "x" * 64, "=,.@-_+"],
    "external_id": ["x", "a b", "ü", "a:b/c", "x" * 1225],
    "mfa_serial": ["123", "GAHT12345678", "a b"],
    "role_arn": ["arn:aws:iam::1:role/x", "role/x", "arn:aws:iam::111122223333:user/x", "arn:aws-cn:iam::111122223333:role/x"],
    "source_profile": ["A", "a b", "'a'", "a ", "profile a"],
    "credential_source": ["environment", "ENVIRONMENT", "Ec2", "EcsContainer "],
    "sso_account_id": ["123", "1111-2222-3333", "111122223333 ", "a"],
    "sso_region": ["x y", "US-EAST-1", "nowhere"],
    "sso_start_url": ["http://x", "x", "https://x/start/#/"],
    "aws_access_key_id": ["x", "a b", "AKID'QUOTED'0001", "AKID=0000000001+"],
    "aws_secret_access_key": ["a b", "x", "a=b;c#d", "s" * 40],
    "aws_session_token": ["a b", "ü", "x" * 5000],
    "use_fips_endpoint": ["yes", "1", "TRUE", "no", "on"],
    "use_dualstack_endpoint": ["yes", "0", "False", "off"],
    "ignore_configured_endpoint_urls": ["yes", "1", "no"],
    "sts_regional_endpoints": ["Regional", "global", "LEGACY"],
    "endpoint_url": ["sts.test", "http://sts.test", "https://u:p@h", "https://h/?q", "ftp://h", "https://h:99999", "x"],
    "ec2_metadata_service_endpoint_mode": ["ipv5", "IPV6", "6"],
    "ec2_metadata_service_endpoint": ["169.254.169.254", "http://169.254.169.254/", "http://metadata.test", "x"],
    "metadata_service_timeout": ["abc", "0", "1000", "5", "1.5", "-1"],
    "metadata_service_num_attempts": ["abc", "5", "0"],
    "max_attempts": ["abc", "0", "5"],
    "AWS_PROFILE": ["A", "profile a", "a "],
    "AWS_REGION": ["us_east_1", "x", "US-EAST-1", "aws-global", "us-gov-west-1-fips"],
    "AWS_ROLE_ARN": ["x", "arn:aws:iam::111122223333:user/x"],
    "AWS_ROLE_SESSION_NAME": ["x", "a b", "x" * 65],
    "AWS_CREDENTIAL_EXPIRATION": ["2099-01-01", "2099-01-01T00:00:00+00:00", "2099-01-01T00:00:00.5Z", "soon", "4070908800",
                                  "2099-01-01 00:00:00Z", "2099-01-01T00:00:00+0000", "2099-01-01T00:00:00", "20990101T000000Z",
                                  "Thu, 01 Jan 2099 00:00:00 GMT", "2001-01-01T00:00:00Z"],
    "AWS_ACCOUNT_ID": ["1", "1111-2222-3333", "x"],
    "AWS_ACCESS_KEY_ID": ["x", "a b"],
    "AWS_SECRET_ACCESS_KEY": ["a b", "x"],
    "AWS_SESSION_TOKEN": ["a b"],
    "AWS_EC2_METADATA_DISABLED": ["yes", "True ", "0"],
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": ["x", "http://metadata.test", "169.254.169.254"],
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ["ipv5", "IPV6"],
    "AWS_METADATA_SERVICE_TIMEOUT": ["abc", "0", "5", "1.5", "1000"],
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": ["abc", "0", "5"],
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ["x", "/a b", "//x"],
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": ["http://localhost:1/x", "http://LOCALHOST/x", "https://h/x", "x", "http://[::1]/x",
                                           "http://127.1.2.3/x?y", "http://[fd00:ec2::23]/v1", "http://2130706433/", "ftp://h/"],
    "AWS_ENDPOINT_URL": ["sts.test", "http://sts.test", "https://h/?q", "https://h/"],
    "AWS_ENDPOINT_URL_STS": ["sts.test", "http://sts.test", "https://h:x"],
    "AWS_USE_FIPS_ENDPOINT": ["yes", "1", "TRUE"],
    "AWS_USE_DUALSTACK_ENDPOINT": ["yes", "0"],
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ["yes", "1"],
    "AWS_STS_REGIONAL_ENDPOINTS": ["Regional", "x"],
}  # fmt: skip


def draw(random, settings, profile=""):
    return {key: s.pick(random, profile) for key, s in settings.items() if random.random() < s.share}


def random_profile(random, name):
    """The profile's settings for the config file and for the credentials file."""
    both = {}
    if random.random() < 0.45:
        both |= {"role_arn": f"arn:aws:iam::111122223333:role/{name}"} if random.random() < 0.95 else {}
        both |= draw(random, ROLE, name)
    if random.random() < 0.12:
        both |= {"web_identity_token_file": TOKEN}
    if random.random() < 0.15:
        both |= draw(random, SSO, name)
    if random.random() < 0.15:
        both |= {"credential_process": f"/bin/echo {name}"}
    both |= draw(random, COMMON, name)
    files = [{}, {}]
    for key, value in both.items():
        files[random.random() < 0.1][key] = value
    if random.random() < 0.02 and both:
        files[0][random.choice(list(both))] = ""
    for which, share in ((0, 0.2), (1, 0.25)):
        if random.random() < share:
            keys = draw(random, KEYS, name.upper().ljust(12, "X"))
            files[which] |= {k: v.replace("{f}", "FC"[which]) for k, v in keys.items()}
    return files


def section(name, settings):
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


def random_case(random, odd=0):
    """(environment, config, credentials). `odd`: how often a value has another form than it should."""
    config, credentials = "", ""
    names = PROFILES[: random.randrange(1, 5)]
    for name in names:
        first, second = random_profile(random, name)
        if first or random.random() < 0.9:
            config += section("default" if name == "default" else f"profile {name}", first)
        if second:
            credentials += section(name, second)
    for name in ("one", "two"):
        settings = draw(random, {k: Setting(0.95, *SSO[k].values) for k in ("sso_start_url", "sso_region")})
        config += section(f"sso-session {name}", settings)
    config += "[services local]\n"
    for service in ("sts", "sso", "s3"):
        if service == "s3" or random.random() < 0.5:
            config += f"{service} =\n  endpoint_url = {random.choice(URLS)}\n"
    environment = draw(random, VARIABLES)
    if random.random() < 0.7:
        environment["AWS_PROFILE"] = random.choice(names if random.random() < 0.97 else ["nobody"])
    if random.random() < 0.05:
        environment["AWS_DEFAULT_PROFILE"] = random.choice(names)
    if random.random() < 0.2:
        environment |= draw(random, ENVIRONMENT_KEYS)
    if random.random() < 0.05 and environment:
        environment[random.choice(list(environment))] = ""
    if random.random() < odd:
        name = random.choice(list(ODD))
        value = random.choice(ODD[name])
        if name.isupper():
            environment[name] = value
        elif f"\n{name} = " in config + credentials:
            config, credentials = (re.sub(f"(?m)^{name} = .+", lambda _: f"{name} = {value}", text)
                                   for text in (config, credentials))  # fmt: skip
        else:
            config = config.replace("]\n", f"]\n{name} = {value}\n", 1)
    files = [config.encode() if random.random() < 0.95 else None, credentials.encode() if credentials else None]
    return environment, *files


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
        """An access key ID that tells that it came from a step that was recorded."""
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


# What keyfob refuses and botocore takes, by what the message says, and why.
REFUSED = {
    r"found (source_profile|credential_source), but not role_arn": "incomplete; Go refuses it, too, botocore ignores it",
    r"found (AWS_SECRET_ACCESS_KEY|aws_secret_access_key), but not": "half a pair; botocore passes a lone secret over",
    r"services: found .* expected the name of a \[services\] section": "no client of botocore can be made with it either",
    r"found a custom endpoint beside": "botocore drops the wish for FIPS or dual-stack in silence",
    r"found no credentials, expected role_arn": "a profile that is asked for by name goes on to the host's for botocore",
    r"expected at most 3600: this is role chaining": "STS refuses it",
}
# What keyfob takes and botocore refuses: it judges what it does not use. By its exception, and what must be so.
NOT_USED = {
    "InvalidIMDSEndpointError": lambda got: "imds" not in str(got),
    "InvalidIMDSEndpointModeError": lambda got: not re.search(r"169\.254\.169\.254|fd00:ec2::254", str(got)),
    "InvalidSTSRegionalEndpointsConfigError": lambda got: "//sts.amazonaws.com" not in str(got),
    "InvalidRegionError: Provided region_name '1'": lambda got: True,  # STS says whether there is such a region
    "InvalidMaxRetryAttemptsError": lambda got: True,  # of keys that keyfob does not know
    "ValueError: invalid literal for int()": lambda got: True,
    # AWS_CREDENTIAL_EXPIRATION of a time that is past: keyfob says so when it is asked for them.
    "RuntimeError: Credentials were refreshed": lambda got: got[0][0] == "static",
    # An endpoint of one's own without a region: keyfob signs for us-east-1, as for STS's global endpoint.
    "NoRegionError": lambda got: any(".test" in str(step) or "127.0.0.1" in str(step) for step in got),
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
    """Whether a setting that is used has a value of a form that it must not have; keyfob says so and names it."""
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
