# SPDX-License-Identifier: Apache-2.0
"""Environments with ~/.aws files by chance: two to five things that credentials may come from at once, of which parts
may be missing."""

import re

EXPIRATION = "2099-01-01T00:00:00Z"
TOKEN = "/token"

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
    "AWS_ACCESS_KEY_ID": Setting(0.95, "AKIDENVIRONMENT1", "test"),
    "AWS_SECRET_ACCESS_KEY": Setting(0.95, "secret-of-environment"),
    "AWS_SESSION_TOKEN": Setting(0.3, "token-of-environment"),
    "AWS_SECURITY_TOKEN": Setting(0.1, "old-token-of-environment"),
    "AWS_CREDENTIAL_EXPIRATION": Setting(0.1, EXPIRATION),
}


# Values of other forms, for settings that are there: one of them in a case.
ODD = {
    "region": [
        "us-east-1a",
        "US-EAST-1",
        "us_east_1",
        "1",
        "-x",
        "x-",
        "aws-global",
        "fips-us-east-1",
        "a b",
        "x" * 64,
    ],
    "duration_seconds": ["899", "43201", "0", "-1", "abc", "3600.5", "0900", "+900", "1_000", "3600s", "1h", "9" * 30],
    "role_session_name": ["x", "a b", "ü", "x" * 65, "a/b", "x" * 64, "=,.@-_+"],
    "external_id": ["x", "a b", "ü", "a:b/c", "x" * 1225],
    "mfa_serial": ["123", "GAHT12345678", "a b"],
    "role_arn": [
        "arn:aws:iam::1:role/x",
        "role/x",
        "arn:aws:iam::111122223333:user/x",
        "arn:aws-cn:iam::111122223333:role/x",
    ],
    "source_profile": ["A", "a b", "'a'", "a ", "profile a"],
    "credential_source": ["environment", "ENVIRONMENT", "Ec2", "EcsContainer "],
    "sso_account_id": ["123", "1111-2222-3333", "111122223333 ", "a"],
    "sso_region": ["x y", "US-EAST-1", "nowhere"],
    "sso_start_url": ["http://x", "x", "https://x/start/#/"],
    "aws_access_key_id": ["a b", "AKID'QUOTED'0001", "AKID=0000000001+"],
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
    "AWS_CREDENTIAL_EXPIRATION": [
        "2099-01-01",
        "2099-01-01T00:00:00+00:00",
        "2099-01-01T00:00:00.5Z",
        "soon",
        "4070908800",
        "2099-01-01 00:00:00Z",
        "2099-01-01T00:00:00+0000",
        "2099-01-01T00:00:00",
        "20990101T000000Z",
        "Thu, 01 Jan 2099 00:00:00 GMT",
        "2001-01-01T00:00:00Z",
    ],
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
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": [
        "http://localhost:1/x",
        "http://LOCALHOST/x",
        "https://h/x",
        "x",
        "http://[::1]/x",
        "http://127.1.2.3/x?y",
        "http://[fd00:ec2::23]/v1",
        "http://2130706433/",
        "ftp://h/",
    ],
    "AWS_ENDPOINT_URL": ["sts.test", "http://sts.test", "https://h/?q", "https://h/"],
    "AWS_ENDPOINT_URL_STS": ["sts.test", "http://sts.test", "https://h:x"],
    "AWS_USE_FIPS_ENDPOINT": ["yes", "1", "TRUE"],
    "AWS_USE_DUALSTACK_ENDPOINT": ["yes", "0"],
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ["yes", "1"],
    "AWS_STS_REGIONAL_ENDPOINTS": ["Regional", "x"],
}


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
            keys = draw(random, KEYS, name.upper())
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
