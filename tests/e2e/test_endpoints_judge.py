# SPDX-License-Identifier: Apache-2.0
"""Endpoints held against botocore: its rule engine for every region it knows, and the requests of its clients, caught
before they are sent, for what configuration and environment make of them. Nothing is sent anywhere.

Where keyfob differs, and why:
- The pseudo regions of partitions (aws-cn-global) become the region that they stand for; botocore makes host names of
  them which are not in DNS. aws-global without a variant is STS's global endpoint in both.
- fips-us-east-1 is refused, with a hint that names use_fips_endpoint; botocore takes it, with a warning.
- A custom endpoint beside FIPS or dual-stack is refused, as the rule sets and other SDKs do; botocore's clients call
  the custom endpoint and drop the wish.
- Dual-stack in the isolated partitions follows the rule sets, which know it; botocore's clients also ask an older table
  (endpoints.json), which does not, and raise EndpointVariantError.
- A switch that is neither true nor false is refused; botocore takes it for false.
"""

import itertools
import json
import os
import re
import subprocess

import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from standin import demo
from support import paths

TOOL = paths.BUILD / "endpoint_judge"
# By their numbers in enum endpoints_service.
SERVICES = ["sts", "rolesanywhere", "secretsmanager", "sso", "sso-oidc", "signin"]
PARTITIONS = Loader().load_data("partitions")
REGIONS = sorted(name for p in PARTITIONS["partitions"] for name in p["regions"] if not name.endswith("-global"))
NEW = ["us-north-9", "cn-south-12", "us-gov-north-3", "eu-isoe-east-9", "eusc-de-north-2", "eusc-fr-west-1", "xx-new-1"]
ODD = ["us-gov-x", "us-east", "us-east-1-extra", "cn-north-x", "1", "us-isob"]
VARIANTS = list(itertools.product([False, True], repeat=2))  # FIPS, dual-stack
CALLS = {
    "sts": ("get_caller_identity", {}),
    "rolesanywhere": ("list_trust_anchors", {}),
    "secretsmanager": ("get_secret_value", {"SecretId": "x"}),
    "sso": ("get_role_credentials", {"roleName": "r", "accountId": "111122223333", "accessToken": "t"}),
    "sso-oidc": ("register_client", {"clientName": "c", "clientType": "public"}),
    "signin": ("create_o_auth2_token", {"tokenInput": {"clientId": "c", "grantType": "refresh_token"}}),
}


class Caught(Exception):
    pass



@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No AWS settings in this process's environment but those of a test."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return monkeypatch


def resolve(rows):
    """The answer of keyfob's rules for (service, region, fips, dualstack)."""
    lines = "".join(f"{SERVICES.index(s)} {r} {f:d} {d:d}\n" for s, r, f, d in rows)
    run = subprocess.run([TOOL], input=lines, capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.split()


def derive(folder, profiles, **more):
    """{profile: (signing region, URL)} of a configuration under the environment of this process."""
    path = folder / "judged.json"
    path.write_text(json.dumps({"profiles": profiles, **more}))
    run = subprocess.run([TOOL, path], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    return {name: (region, url) for name, region, url in map(str.split, run.stdout.splitlines())}


def refusal(folder, profiles):
    path = folder / "judged.json"
    path.write_text(json.dumps({"profiles": profiles}))
    run = subprocess.run([TOOL, path], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 1, run.stdout
    return run.stderr


def caught(session, service, region, config=None):
    """(signing region, base URL) of a request that a client of botocore would send now."""
    requests = []

    def catch(request, **_):
        requests.append(request)
        raise Caught

    client = session.create_client(
        service, region_name=region, config=config, aws_access_key_id="AKIDEXAMPLE00001", aws_secret_access_key="s"
    )
    client.meta.events.register_first("before-send", catch)
    name, arguments = CALLS[service]
    with pytest.raises(Caught):
        getattr(client, name)(**arguments)
    (request,) = requests
    authorization = request.headers.get("Authorization", b"")
    authorization = authorization.decode() if isinstance(authorization, bytes) else authorization
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", authorization)
    return scope[1] if scope else None, re.match(r"https?://[^/]+", request.url)[0]


def rules(service):
    """rule(region, FIPS, dual-stack): the URL by botocore's rule engine."""
    provider = EndpointProvider(Loader().load_service_model(service, "endpoint-rule-set-1"), PARTITIONS)
    return lambda r, f, d: provider.resolve_endpoint(Region=r, UseFIPS=f, UseDualStack=d).url


@pytest.mark.parametrize("service", SERVICES)
def test_rules_give_botocores_endpoints(service):
    """Every region that botocore knows, some to come, and some odd ones, in all variants."""
    rule = rules(service)
    rows = [(service, region, f, d) for region in REGIONS + NEW + ODD for f, d in VARIANTS]
    expected = [rule(*row[1:]) for row in rows]
    assert len(REGIONS) > 40 and dict(zip(rows, resolve(rows), strict=True)) == dict(zip(rows, expected, strict=True))


def profile(service, folder, **more):
    if service == "sts":
        return {
            "type": "web_identity",
            "role_arn": demo.ROLE + "gateway",
            "web_identity_token_file": "/token",
            **more,
        }
    if service == "secretsmanager":
        return {"type": "static", "secretsmanager": {"secret_id": "x", "source_profile": "keys"}, **more}
    (folder / "c.pem").touch()
    return {
        "type": "roles_anywhere",
        "role_arn": demo.ROLE + "onprem",
        "trust_anchor_arn": demo.TRUST_ANCHOR,
        "profile_arn": demo.PROFILE,
        "certificate": "c.pem",
        **more,
    }


KEYS = {"type": "static", "access_key_id": "AKIDEXAMPLE00001", "secret_access_key": "wJalrXUtnFEMIxK7MDENG"}
DERIVED = ["sts", "rolesanywhere", "secretsmanager"]


def test_clients_call_botocores_endpoints(clean, folder):
    """The whole way from a configuration to a request, as botocore's clients go it."""
    session = botocore.session.Session()
    profiles, expected = {"keys": KEYS}, {}
    regions = ["us-east-1", "eu-south-2", "us-gov-east-1", "cn-northwest-1", "us-isof-south-1", "eusc-de-east-1"]
    for service, region, (fips, dualstack) in itertools.product(DERIVED, regions, VARIANTS):
        name = f"{service}.{region}.{fips:d}{dualstack:d}"
        switches = {"use_fips_endpoint": fips, "use_dualstack_endpoint": dualstack}
        profiles[name] = profile(service, folder, sts_region=region, **switches)
        try:
            expected[name] = caught(session, service, region, Config(**switches))
        except botocore.exceptions.EndpointVariantError:
            assert dualstack and "-iso" in region
            expected[name] = (region, rules(service)(region, fips, dualstack))
    got = derive(folder, profiles)
    assert {name: got[name] for name in expected} == expected


@pytest.mark.parametrize("mode", ["legacy", "regional", None])
def test_regional_endpoints_of_sts(clean, folder, mode):
    if mode:
        clean.setenv("AWS_STS_REGIONAL_ENDPOINTS", mode)
    session = botocore.session.Session()
    regions = [*REGIONS, "aws-global"]
    got = derive(folder, {region: profile("sts", folder, region=region) for region in regions})
    assert got == {region: caught(session, "sts", region) for region in regions}
    assert len([1 for _, url in got.values() if url == "https://sts.amazonaws.com"]) == (16 if mode == "legacy" else 1)


ENVIRONMENTS = [
    {"AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_USE_FIPS_ENDPOINT": "FALSE", "AWS_USE_DUALSTACK_ENDPOINT": "True"},
    {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_ENDPOINT_URL_STS": "https://sts.test:8443"},
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_ENDPOINT_URL_ROLESANYWHERE": "https://ra.test"},
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://sm.test"},
    {"AWS_ENDPOINT_URL_SSO": "https://sso.test", "AWS_ENDPOINT_URL_SSO_OIDC": "https://oidc.test"},
    {"AWS_ENDPOINT_URL_STS": "", "AWS_ENDPOINT_URL": "https://all.test"},
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    {
        "AWS_ENDPOINT_URL": "https://all.test",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE",
        "AWS_USE_FIPS_ENDPOINT": "true",
    },
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=" ".join)
def test_environments(clean, folder, environment):
    for name, value in environment.items():
        clean.setenv(name, value)
    session = botocore.session.Session()
    profiles = {service: profile(service, folder, sts_region="us-west-2") for service in DERIVED}
    got = derive(folder, {"keys": KEYS, **profiles})
    assert {s: got[s] for s in DERIVED} == {s: caught(session, s, "us-west-2") for s in DERIVED}


SIGNIN_ENVIRONMENTS = [
    {},
    {"AWS_ENDPOINT_URL_SIGNIN": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL": "https://all.test"},
    {"AWS_ENDPOINT_URL": "https://all.test"},
    {"AWS_ENDPOINT_URL": "https://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    {"AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
]


@pytest.mark.parametrize("environment", SIGNIN_ENVIRONMENTS, ids=" ".join)
def test_signin(clean, folder, environment):
    """The endpoint that a session of `aws login` is refreshed at, as the operation itself is sent."""
    for name, value in environment.items():
        clean.setenv(name, value)
    session = botocore.session.Session()
    regions = ["us-east-1", "eu-south-2", "us-gov-west-1", "us-gov-east-1", "cn-northwest-1", "eusc-de-east-1"]
    got = derive(folder, {r: {"type": "login", "login_session": "arn", "region": r} for r in regions})
    assert {r: got[r][1] for r in regions} == {r: caught(session, "signin", r)[1] for r in regions}


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"AWS_STS_REGIONAL_ENDPOINTS": "Regional"}, botocore.exceptions.InvalidSTSRegionalEndpointsConfigError),
        ({"AWS_STS_REGIONAL_ENDPOINTS": "global"}, botocore.exceptions.InvalidSTSRegionalEndpointsConfigError),
        ({"AWS_ENDPOINT_URL_STS": "sts.test"}, ValueError),
    ],
)
def test_rejects_what_botocore_rejects(clean, folder, environment, error):
    for name, value in environment.items():
        clean.setenv(name, value)
    session = botocore.session.Session()
    with pytest.raises(error):
        caught(session, "sts", "us-west-2")
    assert next(iter(environment)) in refusal(folder, {"p": profile("sts", folder, region="us-west-2")})
