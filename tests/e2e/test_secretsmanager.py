# SPDX-License-Identifier: Apache-2.0
"""Base keys out of Secrets Manager: fetched, re-read after a rotation, and never lost to a failure."""

import secrets
import time

import pytest
from botocore.exceptions import ClientError
from standin import demo
from support.agent import environment
from support.aws import client, echo
from support.paths import BUILD
from support.polling import until
from support.profiles import Profiles, config
from support.standin_process import StandIn

NAME = "prod/aws/base"
RECHECK_SECONDS = 300  # when an agent looks at a secret again by itself; up to a tenth earlier


class Keys:
    """Access keys of IAM users of a stand-in; they end with the test."""

    def __init__(self, standin):
        self.standin, self._made = standin, []

    def __call__(self, arn=demo.USER):
        key = {
            "arn": arn,
            "access_key_id": "AKIA" + secrets.token_hex(8).upper(),
            "secret_access_key": secrets.token_hex(20),
        }
        self.standin.control("POST", "users", key)
        self._made.append(key)
        return key

    def remove(self, key):
        self.standin.control("DELETE", "users", {"access_key_id": key["access_key_id"]})
        self._made.remove(key)

    def remove_all(self):
        for key in list(self._made):
            self.remove(key)


@pytest.fixture
def user(standin):
    keys = Keys(standin)
    yield keys
    keys.remove_all()


@pytest.fixture
def fast():
    """fast(speed): a stand-in of its own, whose clock runs as many times as fast."""
    standins = []

    def make(speed):
        epoch = time.time()
        standin = StandIn("--speed", str(speed), "--epoch", repr(epoch))
        standins.append(standin)
        standin.speed = {"KEYFOB_TEST_SPEED": str(speed), "KEYFOB_TEST_EPOCH_MS": str(int(epoch * 1000))}
        return standin

    yield make
    for standin in standins:
        standin.stop()


def put(standin, key, **more):
    """The key as the secret's new current version."""
    value = {"access_key_id": key["access_key_id"], "secret_access_key": key["secret_access_key"]}
    return standin.control("POST", "secrets", {"name": NAME, "value": value, **more})


def vault(standin, source="irsa", secret_id=NAME, **more):
    settings = {"secret_id": secret_id, "source_profile": source, **more}
    return {"type": "static", "endpoint_url": standin.url, "secretsmanager": settings}


def reads(standin):
    return standin.calls(action="GetSecretValue")


def test_standin_serves_boto3(standin, user):
    """The judge of the judge: AWS's own client reads the same secret, and is refused alike."""
    key = user()
    made = put(standin, key)
    rotated = put(standin, user())
    sdk = client(standin, "secretsmanager", standin.user)
    old = sdk.get_secret_value(SecretId=NAME, VersionStage="AWSPREVIOUS")
    assert key["secret_access_key"] in old["SecretString"] and old["VersionId"] == made["version_id"]
    new = sdk.get_secret_value(SecretId=made["arn"])
    assert new["VersionId"] == rotated["version_id"] and new["VersionStages"] == ["AWSCURRENT"]
    assert sdk.get_secret_value(SecretId=NAME, VersionId=made["version_id"])["VersionStages"] == ["AWSPREVIOUS"]
    for wrong in ({"SecretId": "none"}, {"SecretId": NAME, "VersionStage": "AWSPENDING"}):
        with pytest.raises(ClientError) as refusal:
            sdk.get_secret_value(**wrong)
        assert refusal.value.response["Error"]["Code"] == "ResourceNotFoundException"
    wrong = {**standin.user, "secret_access_key": "x" * 40}
    with pytest.raises(ClientError) as refusal:
        client(standin, "secretsmanager", wrong).get_secret_value(SecretId=NAME)
    assert refusal.value.response["Error"]["Code"] == "InvalidSignatureException"


def test_reads_keys_from_the_secret(start, standin, profiles, user):
    key = user()
    put(standin, key, principals=[demo.ROLE + "gateway"])
    agent = start(config(irsa=profiles.irsa(), base=vault(standin), tenant=profiles.assume("base")))
    credentials = agent.credentials("base")
    assert credentials == {
        "Version": 1,
        "AccessKeyId": key["access_key_id"],
        "SecretAccessKey": key["secret_access_key"],
    }
    assert agent.profile("base")["type"] == "static"
    assert echo(standin, agent.credentials("tenant"))["role"] == demo.TENANT_ROLE + "tenant-a"
    (call,) = reads(standin)
    assert call["verified"] and call["caller"].startswith("arn:aws:sts::111122223333:assumed-role/gateway/")
    assert call["signed_headers"] == ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"]
    assert call["secret_id"] == NAME and call["version_stage"] is None


@pytest.mark.parametrize("how", ["arn", "binary", "fields", "previous", "version", "sdk names"])
def test_forms_of_a_secret(start, standin, profiles, user, how):
    key = user()
    more, settings = {}, {}
    if how == "binary":
        text = '{"access_key_id": "%(access_key_id)s", "secret_access_key": "%(secret_access_key)s"}' % key
        standin.control("POST", "secrets", {"name": NAME, "binary": text})
    elif how == "fields":
        more["value"] = {"user": key["access_key_id"], "password": key["secret_access_key"], "port": 1}
        settings = {"access_key_id_field": "user", "secret_access_key_field": "password"}
    elif how == "sdk names":
        more["value"] = {"AccessKeyId": key["access_key_id"], "SecretAccessKey": key["secret_access_key"]}
    made = put(standin, key, **more) if how != "binary" else None
    if how == "arn":
        settings = {"secret_id": made["arn"]}
    elif how == "previous":
        put(standin, user())
        settings = {"version_stage": "AWSPREVIOUS"}
    elif how == "version":
        put(standin, user())
        settings = {"version_id": made["version_id"]}
    agent = start(config(root=profiles.static(), base=vault(standin, "root", **settings)))
    assert agent.credentials("base")["AccessKeyId"] == key["access_key_id"]
    assert all(call["verified"] for call in reads(standin))


@pytest.mark.parametrize(
    ("change", "detail", "hint"),
    [
        ({"value": {"user": "CANARY", "password": "CANARY"}}, "its members are: user, password", "_field"),
        ({"value": {"access_key_id": "CANARY", "secret_access_key": 7}}, "is a number", "correct"),
        ({"text": "CANARY"}, "invalid JSON", "store the keys"),
        ({"failure": "DecryptionFailure"}, "DecryptionFailure", "kms:Decrypt"),
        ({"failure": "InvalidRequestException"}, "InvalidRequestException", ""),
        ({"principals": []}, "AccessDeniedException", "allow secretsmanager:GetSecretValue on the secret to source profile root"),
        ({"name": "other"}, "ResourceNotFoundException", "us-east-1"),
    ],
)
def test_explains_refusals(start, standin, profiles, user, change, detail, hint):
    if "text" in change:
        standin.control("POST", "secrets", {"name": NAME, **change})
    else:
        put(standin, user(), **change)
    agent = start(config(root=profiles.static(), base=vault(standin, "root")))
    _, problem = agent.refusal("base")
    assert problem["code"] == "upstream_error"
    assert NAME in problem["detail"] and detail in problem["detail"] and hint in problem["hint"], problem
    agent.check_log({"CANARY"})
    assert "CANARY" not in str(problem)


def start_fast(start, fast, folder, **profiles):
    root = Profiles(fast).static()
    env = environment(folder, **fast.speed)
    return start(config(root=root, **profiles), binary=BUILD / "keyfobd_accelerated", env=env)


def test_notices_a_rotation(start, fast, folder):
    """The secret is looked at again and again: the same keys are no new generation, others are."""
    fast = fast(100)
    user = Keys(fast)
    first, second = user(), user()
    put(fast, first)
    agent = start_fast(start, fast, folder, base=vault(fast, "root"))
    agent.credentials_in_time("base")
    until(lambda: agent.profile("base")["refreshes"] >= 3, what="two more looks at the secret")
    assert agent.profile("base")["generation"] == 1
    put(fast, second)
    new = second["access_key_id"]
    until(lambda: agent.credentials_in_time("base")["AccessKeyId"] == new, what="the rotated keys")
    assert agent.profile("base")["generation"] == 2


def test_keeps_credentials_after_a_failure(start, standin, profiles, user):
    key = user()
    put(standin, key)
    agent = start(config(root=profiles.static(), base=vault(standin, "root")))
    held = agent.credentials("base")
    for kind in ("throttle", "deny", "error500", "cut", "garbage", "html", "oversize"):
        standin.fault("secretsmanager", kind, count=1)
        assert agent.refresh("base").status >= 400
        standin.clear_faults()
        assert agent.credentials("base") == held
    put(standin, key, value={"nothing": "here"})
    assert agent.refresh("base").status >= 400
    assert agent.credentials("base") == held and agent.profile("base")["generation"] == 1


def test_fetches_again_when_aws_rejects_the_keys(start, fast, folder):
    """A role chained on the secret: its refresh after a rotation fails, and the attempts after that get new keys,
    long before the secret is due to be looked at again."""
    fast = fast(20)
    user = Keys(fast)
    first, second = user(), user()
    put(fast, first)
    tenant = Profiles(fast).assume("base")
    agent = start_fast(start, fast, folder, base=vault(fast, "root"), tenant=tenant)
    before = agent.credentials_in_time("tenant")
    put(fast, second)
    user.remove(first)
    reply = agent.call("POST", "/v1/profiles/tenant/refresh?wait=60")
    assert reply.status == 502 and reply.problem()["upstream"]["code"] == "InvalidClientTokenId"
    assert agent.credentials_in_time("tenant") == before
    until(lambda: agent.credentials_in_time("tenant") != before, what="a session by the new keys")
    assert agent.credentials_in_time("base")["AccessKeyId"] == second["access_key_id"]
    assert fast.calls(action="AssumeRole")[-1]["verified"]
    last, new = fast.calls(action="GetSecretValue")[-2:]
    assert new["time"] - last["time"] < RECHECK_SECONDS * 0.9


def test_tolerates_a_wrong_clock(start, standin, profiles, user):
    put(standin, user())
    standin.fault("secretsmanager", "skew", seconds=1200)
    agent = start(config(root=profiles.static(), base=vault(standin, "root")))
    assert agent.credentials("base")
    assert [call["verified"] for call in reads(standin)] == [True, True] or reads(standin)[-1]["error"] is None
