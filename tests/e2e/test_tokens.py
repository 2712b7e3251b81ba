# SPDX-License-Identifier: Apache-2.0
"""Tokens: byte for byte what AWS's own libraries make of the same credentials at the same time."""

import json
import os
import random
import string
import time

import pytest
from standin.clock import rfc3339
from support.agent import environment
from support.profiles import config
from support.programs import keyfob, output_of
from support.token_judges import Judge, msk_user_agent

SEED = 20260901
KEYS = {
    "temporary": {
        "access_key_id": "ASIAEXAMPLEKEYID0001",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "session_token": "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars==",
    },
    "long": {"access_key_id": "AKIDEXAMPLEKEYFOB0001", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
}
REGIONS = ["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1", "ap-southeast-4"]


@pytest.fixture
def agent(start):
    return start(config(**{name: {"type": "static", **keys} for name, keys in KEYS.items()}))


def ask(agent, profile, kind, **members):
    reply = agent.call("POST", f"/v1/profiles/{profile}/tokens/{kind}", members)
    assert reply.status == 200, (kind, members, reply.body)
    return reply.json()


def word(rng, alphabet=string.ascii_letters + string.digits + "-", longest=30):
    return rng.choice(string.ascii_lowercase) + "".join(rng.choices(alphabet, k=rng.randint(0, longest)))


def requests(rng, judge, region):
    """(kind, members, the judge's token)"""
    cluster, cache = word(rng), word(rng, string.ascii_lowercase + string.digits + "-")
    user = word(rng, string.ascii_letters + string.digits + " @:/+%&=?#é~._-")
    port = rng.choice([443, 80, 3306, 5432, rng.randint(1, 65535)])
    database = f"{word(rng, string.ascii_letters)}.Cluster-abc.{region}.rds.amazonaws.com"
    dsql = f"{word(rng, string.ascii_lowercase)}.dsql.{region}.on.aws"
    seconds = rng.randint(1, 43200)
    yield "bedrock", {"region": region}, judge.bedrock(region)
    yield "bedrock", {"region": region, "expires_in": seconds}, judge.bedrock(region, seconds)
    named = {"hostname": database, "port": port, "username": user}
    yield "rds", {**named, "region": region}, judge.rds(region, database, port, user)
    group = {"region": region, "user_id": user, "replication_group_id": cache}
    yield "elasticache", group, judge.elasticache(region, cache, user)
    group = {"region": region, "user_id": user, "serverless_cache_name": cache}
    yield "elasticache", group, judge.elasticache(region, cache, user, serverless=True)
    yield "memorydb", {"region": region, "user_name": user, "cluster_name": cache}, judge.memorydb(region, cache, user)
    yield "dsql", {"hostname": dsql, "region": region}, judge.dsql(region, dsql)
    more = {"action": "DbConnectAdmin", "expires_in": seconds * 14}
    yield "dsql", {"hostname": dsql, "region": region, **more}, judge.dsql(region, dsql, "DbConnectAdmin", seconds * 14)
    yield "msk", {"region": region, "user_agent": msk_user_agent()}, judge.msk(region)[0]
    if rng.random() < 0.3:  # a process for each
        yield "eks", {"region": region, "cluster_name": cluster}, judge.eks(region, cluster)


@pytest.mark.parametrize("profile", KEYS)
def test_random_tokens(agent, profile):
    rng = random.Random(SEED)
    keys = KEYS[profile]
    document = {"AccessKeyId": keys["access_key_id"], "SecretAccessKey": keys["secret_access_key"]}
    if "session_token" in keys:
        document["SessionToken"] = keys["session_token"]
    for _ in range(8):
        seconds = int(time.time()) + rng.randint(-600, 600)
        judge = Judge(document, seconds)
        for kind, members, expected in requests(rng, judge, rng.choice(REGIONS)):
            answer = ask(agent, profile, kind, time=rfc3339(seconds), **members)
            assert answer["token"] == expected, (kind, members)
            life = members.get("expires_in", {"bedrock": 43200, "eks": 840}.get(kind, 900))
            assert (answer["expires_in"], answer["cut"]) == (life, False)
            assert answer["expiration"] == rfc3339(seconds + life)


def test_region_comes_from_host_or_profile(start):
    agent = start(config(keys={"type": "static", **KEYS["long"], "region": "eu-west-1"}))
    for kind, members, region in (
        ("rds", {"hostname": "a.b.us-west-2.rds.amazonaws.com", "port": 5432, "username": "u"}, "us-west-2"),
        ("rds", {"hostname": "a.b.rds.cn-north-1.amazonaws.com.cn", "port": 5432, "username": "u"}, "cn-north-1"),
        ("rds", {"hostname": "db.internal", "port": 5432, "username": "u"}, "eu-west-1"),
        ("dsql", {"hostname": "abc.dsql.us-east-2.on.aws"}, "us-east-2"),
        ("memorydb", {"cluster_name": "c", "user_name": "u"}, "eu-west-1"),
    ):
        assert f"%2F{region}%2F" in ask(agent, "keys", kind, **members)["token"], (kind, members)


@pytest.mark.parametrize("version", [None, "v1", "v1beta1", "v2", "none"])
def test_exec_credential(agent, version):
    """What kubectl runs: the same document as that of `aws eks get-token`."""
    seconds = int(time.time())
    info = json.dumps({"kind": "ExecCredential", "apiVersion": f"client.authentication.k8s.io/{version}"})
    info = {None: None, "none": "{"}.get(version, info)
    run = keyfob(
        *("token", "eks", "--cluster-name", "prod", "--region", "eu-west-1", "--exec-credential", "--profile", "temporary"),
        *("--time", rfc3339(seconds)),
        socket=agent.socket,
        env=environment("/nonexistent", **({"KUBERNETES_EXEC_INFO": info} if info else {})),
    )
    keys = dict(zip(("AccessKeyId", "SecretAccessKey", "SessionToken"), KEYS["temporary"].values(), strict=True))
    expected = Judge(keys, seconds).exec_credential("eu-west-1", "--cluster-name", "prod", exec_info=info)
    assert json.loads(output_of(run)) == expected


def test_the_command(agent):
    """Each kind with all of its options: the token of the API."""
    now = rfc3339(int(time.time()))
    for kind, members in (
        ("bedrock", {"region": "us-east-1", "expires_in": 3600}),
        ("eks", {"region": "us-east-1", "cluster_id": "c"}),
        ("rds", {"region": "us-east-1", "hostname": "h.example", "port": 5432, "username": "u v"}),
        ("elasticache", {"region": "us-east-1", "replication_group_id": "g", "user_id": "u"}),
        ("elasticache", {"region": "us-east-1", "serverless_cache_name": "g", "user_id": "u"}),
        ("memorydb", {"region": "us-east-1", "cluster_name": "g", "user_name": "u"}),
        ("dsql", {"region": "us-east-1", "hostname": "h.example", "action": "DbConnectAdmin", "expires_in": 60}),
        ("msk", {"region": "us-east-1"}),
    ):
        options = [w for k, v in members.items() for w in ("--" + k.replace("_", "-"), str(v))]
        run = keyfob("token", kind, *options, "--time", now, "--profile", "long", socket=agent.socket)
        assert output_of(run) == ask(agent, "long", kind, time=now, **members)["token"] + "\n" and run.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "too few arguments"),
        ("ftp", "no such kind of token: ftp"),
        ("rds --hostname h --port 1", "needs --username"),
        ("rds --hostname h --port x --username u", "invalid --port: x"),
        ("eks", "needs --cluster-name or --cluster-id"),
        ("eks --cluster-name a --cluster-id b", "exclude each other: --cluster-name or --cluster-id"),
        ("bedrock --port 1", "does not take the option --port"),
        ("bedrock --expires-in x", "--expires-in"),
        ("bedrock --curl", "--curl"),
    ],
)
def test_the_command_refuses(arguments, words):
    run = keyfob("token", *arguments.split())
    assert run.returncode == 2 and words in run.stderr and run.stdout == ""


def test_tokens_end_with_their_credentials(start, standin, profiles):
    """Half a day is asked of a session of an hour: cut, and said so; on standard error, too."""
    agent = start(config(irsa=profiles.irsa()))
    held = agent.credentials("irsa")
    answer = ask(agent, "irsa", "bedrock", region="us-east-1")
    assert answer["cut"] is True and 0 < answer["expires_in"] <= 3600
    assert answer["expiration"] == held["Expiration"]
    run = keyfob("token", "bedrock", "--profile", "irsa", socket=agent.socket)
    assert output_of(run).startswith("bedrock-api-key-") and "this token expires in" in run.stderr
    run = keyfob("token", "bedrock", "--profile", "irsa", "--expires-in", "5m", socket=agent.socket)
    assert run.stderr == ""


@pytest.mark.parametrize(("scopes", "status"), [(["sign"], 403), (["token"], 200), (["credentials", "status"], 403)])
def test_scope(start, profiles, scopes, status):
    agent = start(config(irsa=profiles.irsa(allow={"uids": [os.getuid()], "scopes": scopes})))
    reply = agent.call("POST", "/v1/profiles/irsa/tokens/bedrock", {"region": "us-east-1"})
    assert reply.status == status
    assert status == 200 or reply.problem()["code"] == "scope_denied"


def test_limits_of_signing_count_for_tokens(start):
    """A token is a signed URL: what a profile does not sign for, it makes no token for."""
    sign = {"hosts": ["*.rds.amazonaws.com"], "service": "rds-db"}
    agent = start(config(keys={"type": "static", **KEYS["long"], "sign": sign}))
    members = {"port": 5432, "username": "u", "region": "us-west-2"}
    ask(agent, "keys", "rds", hostname="a.b.us-west-2.rds.amazonaws.com", **members)
    for kind, more in (("rds", {"hostname": "db.internal", **members}), ("bedrock", {"region": "us-west-2"})):
        reply = agent.call("POST", f"/v1/profiles/keys/tokens/{kind}", more)
        assert reply.status == 403 and reply.problem()["code"] == "target_not_allowed", kind
