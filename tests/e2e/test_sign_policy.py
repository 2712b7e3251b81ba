# SPDX-License-Identifier: Apache-2.0
"""A peer that may sign, and wants a signature for something else than the profile allows: each request is refused. The
others show that what the profile is for still goes."""

import datetime
import os

import pytest
from support.profiles import config

S3 = "https://bkt.s3.us-east-1.amazonaws.com"


def ask(agent, profile, request, kind="sign"):
    request = {"method": "GET", **request}
    if request["method"] not in ("GET", "HEAD", "DELETE"):
        request = {"payload_text": "", **request}
    return agent.call("POST", f"/v1/profiles/{profile}/{kind}", request)


def limits(profiles, **sign):
    return profiles.static(region="us-east-1", sign=sign)


@pytest.fixture(scope="module")
def attacked(standin_process):
    """An agent with a profile for each kind of limit."""
    import shutil
    import tempfile
    from pathlib import Path

    from support.agent import Agent
    from support.profiles import Profiles

    profiles = Profiles(standin_process)
    place = Path(tempfile.mkdtemp(prefix="kf-"))
    agent = Agent(
        place,
        config(
            host=limits(profiles, hosts=["bkt.s3.us-east-1.amazonaws.com"]),
            name=limits(profiles, hosts=["*.allowed.example.com", "allowed"], service="execute-api"),
            port=limits(profiles, hosts=["h:8443"], service="execute-api"),
            path=limits(profiles, paths=["/ok"], hosts=["*.s3.us-east-1.amazonaws.com"]),
            methods=limits(profiles, methods=["GET", "HEAD"]),
            services=limits(profiles, services=["s3"], regions=["us-east-1"]),
            expiry=limits(profiles, max_expires_in=300),
            any=profiles.static(region="us-east-1"),
            token=profiles.static(
                region="us-east-1",
                allow=[{"uids": [os.geteuid()], "scopes": ["token"], "sign": {"services": ["rds-db"]}}],
            ),
            rule=profiles.static(
                region="us-east-1",
                sign={"services": ["s3", "sts"]},
                allow=[{"uids": [os.geteuid()], "sign": {"hosts": ["bkt.s3.us-east-1.amazonaws.com"]}}],
            ),
        ),
    )
    try:
        yield agent.wait_until_listening()
        agent.end()
        agent.check_log(standin_process.secrets())
    finally:
        agent.kill()
        shutil.rmtree(place)


ALLOWED = [
    ("host", {"url": S3 + "/k"}),
    ("host", {"url": S3 + "/k", "service": "s3", "region": "us-east-1"}),
    ("host", {"url": "https://10.0.0.5/k", "headers": {"Host": "bkt.s3.us-east-1.amazonaws.com"}}),
    ("name", {"url": "https://a.allowed.example.com/"}),
    ("name", {"url": "https://allowed:8443/"}),
    ("port", {"url": "https://h:8443/"}),
    ("path", {"url": S3 + "/ok/x", "method": "PUT", "headers": {"x-amz-acl": "private"}}),
    ("methods", {"url": S3 + "/k", "method": "HEAD"}),
    ("services", {"url": S3 + "/k"}),
    ("rule", {"url": S3 + "/k"}),
]


@pytest.mark.parametrize("kind", ["sign", "presign"])
def test_signs_what_is_allowed(attacked, kind):
    for profile, request in ALLOWED:
        reply = ask(attacked, profile, request, kind)
        assert reply.status == 200, (profile, request, reply.json())


DENIED = [
    # another service or region than the host's
    ("host", {"url": S3 + "/k", "service": "iam"}),
    ("host", {"url": S3 + "/k", "service": "sts"}),
    ("host", {"url": S3 + "/k", "region": "eu-west-1"}),
    ("host", {"url": "https://iam.amazonaws.com/?Action=ListUsers"}),
    ("host", {"url": S3 + "/k", "headers": {"host": "iam.amazonaws.com"}}),
    ("host", {"url": "https://bkt.s3.us-east-1.amazonaws.com.evil.example/", "service": "s3", "region": "us-east-1"}),
    ("host", {"url": "https://x.bkt.s3.us-east-1.amazonaws.com/"}),
    ("host", {"url": "https://bkt.s3.us-west-2.amazonaws.com/"}),
    ("name", {"url": "https://a.allowed.example.com/", "service": "iam"}),
    ("name", {"url": "https://allowed.example.com/"}),
    ("name", {"url": "https://evilallowed.example.com/"}),
    ("port", {"url": "https://h/"}),
    ("port", {"url": "https://h:443/"}),
    ("port", {"url": "https://h:8443/", "headers": {"host": "h"}}),
    ("port", {"url": "http://h:80/"}),
    ("services", {"url": "https://sts.us-east-1.amazonaws.com/"}),
    ("services", {"url": S3 + "/k", "service": "sts"}),
    ("services", {"url": "https://bkt.s3.eu-west-1.amazonaws.com/k"}),
    ("services", {"url": S3 + "/k", "region": "eu-west-1"}),
    # another resource
    ("path", {"url": S3 + "/okay"}),
    ("path", {"url": S3 + "/other/secret"}),
    ("path", {"url": S3 + "/ok/../other"}),
    ("path", {"url": S3 + "/ok/%2e%2e/other"}),
    ("path", {"url": S3 + "/ok/%252e%252e/other"}),
    ("path", {"url": S3 + "//ok/x"}),
    ("path", {"url": S3 + "/ok%2fother"}),
    ("path", {"url": S3 + "/ok/..%2fother"}),
    ("path", {"url": S3 + "/ok/..%5Cother"}),
    ("path", {"url": S3 + "?prefix=/ok"}),
    ("path", {"url": S3 + "/ok", "method": "PUT", "headers": {"x-amz-copy-source": "/other/secret"}}),
    ("path", {"url": S3 + "/ok", "method": "PUT", "headers": {"X-AMZ-Copy-Source": "/other/secret"}}),
    ("path", {"url": S3 + "/ok?x-amz-copy-source=/other/secret", "method": "PUT"}),
    ("path", {"url": S3 + "/ok?X-Amz-Copy%2DSource=/other/secret", "method": "PUT"}),
    ("path", {"url": S3 + "/ok", "method": "PUT", "headers": {"x-amz-rename-source": "/other/secret"}}),
    ("path", {"url": S3 + "/ok", "method": "POST", "headers": {"X-Amz-Target": "DynamoDB_20120810.Scan"}}),
    # another method
    ("methods", {"url": S3 + "/k", "method": "PUT"}),
    ("methods", {"url": S3 + "/k", "method": "DELETE"}),
    # the rule for this user is narrower than the profile
    ("rule", {"url": "https://sts.us-east-1.amazonaws.com/"}),
    ("rule", {"url": S3 + "/k", "service": "sts"}),
]
MALFORMED = [
    ("name", {"url": S3 + "/", "headers": {"host": "allowed:443.evil.s3.amazonaws.com"}}),
    ("name", {"url": S3 + "/", "headers": {"host": "evil.s3.amazonaws.com/.allowed.example.com"}}),
    ("name", {"url": S3 + "/", "headers": {"host": "evil.s3.amazonaws.com?.allowed.example.com"}}),
    ("name", {"url": S3 + "/", "headers": {"host": "evil.s3.amazonaws.com\\.allowed.example.com"}}),
    ("name", {"url": S3 + "/", "headers": {"host": "evil.s3.amazonaws.com, a.allowed.example.com"}}),
    ("name", {"url": "https://allowed/", "headers": {"host": ["allowed", "evil.s3.amazonaws.com"]}}),
    ("name", {"url": "https://allowed/", "headers": {"host": ""}}),
    ("name", {"url": "https://allowed/", "headers": {"Host": "allowed", "host": "evil.s3.amazonaws.com"}}),
]


@pytest.mark.parametrize("kind", ["sign", "presign"])
def test_refuses_what_is_not_allowed(attacked, kind):
    for profile, request in DENIED:
        reply = ask(attacked, profile, request, kind)
        assert reply.status == 403 and reply.problem()["code"] == "target_not_allowed", (profile, request, reply.body)
    for profile, request in MALFORMED:
        reply = ask(attacked, profile, request, kind)
        assert reply.status == 400 and reply.problem()["code"] == "invalid_request", (profile, request, reply.body)
    assert attacked.events("sign_denied")


def test_tokens_have_the_limits_too(attacked):
    def token(profile, kind, **members):
        return attacked.call("POST", f"/v1/profiles/{profile}/tokens/{kind}", members).status

    database = {"hostname": "db.x.us-east-1.rds.amazonaws.com", "port": 3306, "username": "u"}
    assert token("token", "rds", **database) == 200
    assert token("token", "bedrock") == 403
    assert token("path", "bedrock") == token("methods", "bedrock") == token("services", "bedrock") == 403
    assert token("host", "rds", **database) == 403
    assert ask(attacked, "token", {"url": "https://db.x.us-east-1.rds.amazonaws.com/"}).status == 403


def test_a_rule_with_limits_gives_no_credentials(attacked):
    assert attacked.call("GET", "/v1/profiles/rule/credentials").status == 403


def basic(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize("kind", ["sign", "presign"])
def test_signs_for_no_other_time(attacked, kind):
    now = datetime.datetime.now(datetime.UTC)
    for time in ("20360101T000000Z", "2036-01-01T00:00:00Z", "19700101T000000Z", basic(now + datetime.timedelta(minutes=17))):
        reply = ask(attacked, "any", {"url": S3 + "/k", "time": time}, kind)
        assert reply.status == 400 and "15 minutes" in reply.problem()["detail"], (time, reply.body)
    for minutes in (-14, 0, 14):
        time = basic(now + datetime.timedelta(minutes=minutes))
        assert ask(attacked, "any", {"url": S3 + "/k", "time": time}, kind).status == 200


def test_any_time_is_for_its_listener(start, profiles):
    request = {"url": S3 + "/k", "time": "20360101T000000Z"}
    agent = start(config(any=profiles.static(region="us-east-1")), any_time=True)
    assert ask(agent, "any", request).json()["headers"]["x-amz-date"] == "20360101T000000Z"


def test_urls_of_static_keys_end(attacked):
    answer = ask(attacked, "expiry", {"url": S3 + "/k", "expires_in": 604800}, "presign").json()
    assert answer["expires_in"] == 300 and answer["cut"] is True and "X-Amz-Expires=300&" in answer["url"]
    later = basic(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=200))
    answer = ask(attacked, "expiry", {"url": S3 + "/k", "expires_in": 604800, "time": later}, "presign").json()
    assert answer["expires_in"] <= 101
