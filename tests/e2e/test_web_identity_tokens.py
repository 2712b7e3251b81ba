# SPDX-License-Identifier: Apache-2.0
"""Tokens of STS GetWebIdentityToken: the request is boto3's, byte for byte; the token is cached, renewed, and wiped."""

import base64
import json
import random
import string
import threading
from datetime import UTC, datetime

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from standin import demo
from support.agent import environment
from support.profiles import config
from support.programs import keyfob, output_of

SEED = 20260901
REGION = demo.REGION


@pytest.fixture
def agent(start, standin, profiles, folder):
    standin.reset()
    env = {**environment(folder), "AWS_ENDPOINT_URL_STS": standin.url}
    return start(config(irsa=profiles.irsa(), tenant=profiles.assume("irsa"), keys=profiles.static()), env=env)


def ask(agent, profile="irsa", **members):
    return agent.call("POST", f"/v1/profiles/{profile}/tokens/web_identity", members)


def token_of(agent, profile="irsa", **members):
    reply = ask(agent, profile, **members)
    assert reply.status == 200, (members, reply.body)
    return reply.json()


def part(token, number):
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def calls(standin):
    return standin.calls(target="sts", action="GetWebIdentityToken")


def by_boto3(**parameters):
    """The body that boto3 sends."""
    sts = boto3.client("sts", region_name=REGION, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="s")
    sent = []

    def keep(request, **_):
        sent.append(request)
        return AWSRequest  # anything but None ends the call here

    sts.meta.events.register("before-send.sts.GetWebIdentityToken", keep)
    with pytest.raises(Exception):  # noqa: B017 - AWSRequest is no answer
        sts.get_web_identity_token(**parameters)
    body = sent[0].body
    return body.decode() if isinstance(body, bytes) else body


def text(rng, alphabet, least, most):
    return "".join(rng.choices(alphabet, k=rng.randint(least, most)))


AUDIENCE = string.ascii_letters + string.digits + " :/?#[]@!$&'()*+,;=-._~%éß語"
TAG = string.ascii_letters + string.digits + " _.:/=+-@é"


def requests(rng):
    """(members, boto3's parameters), in the order of the model"""
    audiences = [text(rng, AUDIENCE, 1, 60) for _ in range(rng.randint(1, 10))]
    members, parameters = {"audience": audiences}, {"Audience": audiences}
    if len(audiences) == 1 and rng.random() < 0.5:
        members["audience"] = audiences[0]
    if rng.random() < 0.5:
        members["duration_seconds"] = parameters["DurationSeconds"] = rng.randint(60, 3600)
    parameters["SigningAlgorithm"] = rng.choice(["RS256", "ES384"])
    if parameters["SigningAlgorithm"] == "ES384" or rng.random() < 0.5:
        members["signing_algorithm"] = parameters["SigningAlgorithm"]
    tags = {text(rng, TAG, 1, 20).strip() or "k": text(rng, TAG, 0, 30) for _ in range(rng.randint(0, 8))}
    tags = {key: tags[key] for key in {k.lower(): k for k in tags}.values()}
    if tags:
        members["tags"], parameters["Tags"] = tags, [{"Key": k, "Value": v} for k, v in tags.items()]
    return members, parameters


def test_sends_what_boto3_sends(agent, standin):
    rng = random.Random(SEED)
    for _ in range(30):
        members, parameters = requests(rng)
        answer = token_of(agent, "keys", **members)
        call = calls(standin)[-1]
        assert call["body"] == by_boto3(**parameters), members
        claims = part(answer["token"], 1)
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        assert audiences == parameters["Audience"] and part(answer["token"], 0)["alg"] == parameters["SigningAlgorithm"]
        assert claims["https://sts.amazonaws.com/"]["request_tags"] == members.get("tags", {})
        assert answer["expiration"] == datetime.fromtimestamp(claims["exp"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert claims["exp"] - claims["iat"] == parameters.get("DurationSeconds", 300) and not answer["cut"]
        assert 0 < answer["expires_in"] <= parameters.get("DurationSeconds", 300)


def test_the_identity_is_the_profiles(agent):
    for profile, role in (("irsa", demo.ROLE + "gateway"), ("tenant", demo.TENANT_ROLE + "tenant-a")):
        assert part(token_of(agent, profile, audience="a")["token"], 1)["sub"] == role


def test_caches_by_all_parameters(agent, standin):
    base = {"audience": "https://vault.example"}
    variants = [
        base,
        {"audience": ["https://vault.example", "b"]},
        {"audience": ["b", "https://vault.example"]},
        {**base, "duration_seconds": 600},
        {**base, "signing_algorithm": "ES384"},
        {**base, "tags": {"team": "a"}},
        {**base, "tags": {"team": "b"}},
        {**base, "tags": {"tea": "ma"}},
        {**base, "region": "eu-west-1"},
    ]
    first = [token_of(agent, **v)["token"] for v in variants]
    assert len(set(first)) == len(variants) == len(calls(standin))
    assert [token_of(agent, **v)["token"] for v in reversed(variants)] == first[::-1]
    assert token_of(agent, audience=["https://vault.example"], signing_algorithm="RS256")["token"] == first[0]
    assert token_of(agent, "keys", **base)["token"] not in first
    assert len(calls(standin)) == len(variants) + 1


def test_one_call_for_all_who_ask_at_once(agent, standin):
    token_of(agent, audience="warm")
    standin.fault("sts", "slow", seconds=1)
    tokens = []
    threads = [threading.Thread(target=lambda: tokens.append(token_of(agent, audience="x")["token"])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 20 and len(set(tokens)) == 1
    assert len([c for c in calls(standin) if c["audience"] == ["x"]]) == 1


def test_dropped_credentials_take_their_tokens_along(agent, standin):
    before = token_of(agent, audience="x")["token"]
    assert agent.call("DELETE", "/v1/profiles/irsa/credentials").status == 200
    reply = ask(agent, audience="x")
    assert reply.status == 503 and before.encode() not in reply.body
    assert agent.call("POST", "/v1/profiles/irsa/refresh").status == 200
    assert token_of(agent, audience="x")["token"] != before


def test_a_reload_that_changes_the_identity_forgets_the_tokens(agent, profiles):
    kept, lost = token_of(agent, "tenant", audience="x")["token"], token_of(agent, "keys", audience="x")["token"]
    changed = {**profiles.static(), **{k: v for k, v in profiles.irsa().items()}}
    changed = {k: v for k, v in changed.items() if k not in ("access_key_id", "secret_access_key")}
    agent.write_config(
        config(irsa=profiles.irsa(read_timeout_ms=5000), tenant=profiles.assume("irsa"), keys=changed)
    )
    agent.reload()
    assert token_of(agent, "tenant", audience="x")["token"] == kept
    assert token_of(agent, "keys", audience="x")["token"] != lost


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({}, '"audience" is missing'),
        ({"audience": []}, '"audience" is empty'),
        ({"audience": ""}, "1 to 1000"),
        ({"audience": "a" * 1001}, "1 to 1000"),
        ({"audience": ["a", 1]}, "a number, not a string"),
        ({"audience": {}}, "an object, not a string"),
        ({"audience": [str(i) for i in range(11)]}, "more than 10"),
        ({"audience": "a\n"}, "control"),
        ({"audience": "a", "signing_algorithm": "HS256"}, "HS256"),
        ({"audience": "a", "duration_seconds": 59}, "from 60 to 3600"),
        ({"audience": "a", "duration_seconds": 3601}, "from 60 to 3600"),
        ({"audience": "a", "duration_seconds": "60"}, "not a number"),
        ({"audience": "a", "tags": []}, "not an object"),
        ({"audience": "a", "tags": {"": "v"}}, "1 to 128"),
        ({"audience": "a", "tags": {"k" * 129: "v"}}, "1 to 128"),
        ({"audience": "a", "tags": {"k": "v" * 257}}, "at most 256"),
        ({"audience": "a", "tags": {"k": 1}}, "not a string"),
        ({"audience": "a", "tags": {"k": "1", "K": "2"}}, "twice"),
        ({"audience": "a", "tags": {f"k{i}": "" for i in range(51)}}, "more than 50"),
        ({"audience": "a", "region": "a b"}, "invalid"),
        ({"audience": "a", "region": "fips-us-east-1"}, "invalid"),
        ({"audience": "a", "time": "20260901T120000Z"}, 'unknown member "time"'),
    ],
)
def test_refuses_what_sts_would_refuse(agent, standin, members, word):
    before = len(calls(standin))
    reply = ask(agent, **members)
    assert reply.status == 400 and word in reply.problem()["detail"], reply.body
    assert len(calls(standin)) == before


def test_takes_as_much_as_sts_takes(agent):
    tags = {f"key-{i}": "é" * 10 for i in range(50)}
    claims = part(token_of(agent, audience=["é" * 500, *"abcdefghi"], tags=tags)["token"], 1)
    assert claims["https://sts.amazonaws.com/"]["request_tags"] == tags and len(claims["aud"]) == 10


def test_says_what_sts_says(agent, standin):
    token_of(agent, audience="warm")
    for kind, code, status in (("deny", "AccessDenied", 502), ("error500", None, 503)):
        fault = standin.fault("sts", kind)
        reply = ask(agent, audience=kind)
        assert reply.status == status, reply.body
        problem = reply.problem()
        if code:
            assert problem["upstream"]["code"] == code and "sts:GetWebIdentityToken" in problem["hint"]
        standin.clear_faults()
        assert fault


def test_the_policy_of_the_profile_holds(start, standin, profiles, folder):
    env = {**environment(folder), "AWS_ENDPOINT_URL_STS": standin.url}
    limits = {
        "hosts": {"hosts": ["bedrock.amazonaws.com"]},
        "services": {"services": ["s3"]},
        "methods": {"methods": ["GET"]},
        "regions": {"regions": ["eu-west-1"]},
        "short": {"max_expires_in": 59},
        "cut": {"max_expires_in": 120},
        "fine": {"services": ["sts"], "regions": [REGION], "methods": ["POST"], "max_expires_in": 300},
    }
    scopes = {"credentials": profiles.static(allow=[{"scopes": ["sign", "credentials"]}])}
    agent = start(config(**{n: profiles.static(sign=s) for n, s in limits.items()}, **scopes), env=env)
    for name in ("hosts", "services", "methods", "regions", "short", "credentials"):
        reply = ask(agent, name, audience="x")
        assert reply.status == 403, (name, reply.body)
    answer = token_of(agent, "cut", audience="x")
    assert answer["cut"] and answer["expires_in"] <= 120
    assert not token_of(agent, "fine", audience="x")["cut"]


def test_one_user_has_a_limited_number(agent, standin):
    tokens = [token_of(agent, audience=str(i))["token"] for i in range(70)]
    assert [token_of(agent, audience=str(i))["token"] for i in range(69, 5, -1)] == tokens[69:5:-1]
    made = len(calls(standin))
    assert made == 70
    assert token_of(agent, audience="0")["token"] != tokens[0]


def test_the_command(agent, standin):
    base = ["token", "web_identity", "--profile", "irsa"]
    assert keyfob(*base, socket=agent.socket).returncode == 2
    run = keyfob(*base, "--audience", "a", "--time", "20260901T120000Z", socket=agent.socket)
    assert run.returncode == 2 and "--time" in run.stderr
    run = keyfob(*base, "--audience", "a", "--tag", "novalue", socket=agent.socket)
    assert run.returncode == 2 and "KEY=VALUE" in run.stderr
    more = ["--audience", "a,b", "--audience", "c", "--signing-algorithm", "ES384", "--duration-seconds", "10m"]
    printed = output_of(keyfob(*base, *more, "--tag", "k=v=w", "--tag", "l=", socket=agent.socket)).strip()
    claims = part(printed, 1)
    assert claims["aud"] == ["a,b", "c"] and claims["exp"] - claims["iat"] == 600
    assert claims["https://sts.amazonaws.com/"]["request_tags"] == {"k": "v=w", "l": ""}
    assert part(printed, 0)["alg"] == "ES384"
    document = {"audience": ["a,b", "c"], "signing_algorithm": "ES384", "duration_seconds": 600}
    assert token_of(agent, **document, tags={"k": "v=w", "l": ""})["token"] == printed
    for i in (0, 11):
        run = keyfob(*base, *["--audience", "x"] * i, socket=agent.socket)
        assert run.returncode == 2


def test_where_sts_is(start, standin, profiles, folder):
    """The endpoint of the role's own STS; a region is needed for others; a bad endpoint is an error of the token alone."""
    keys = profiles.static()
    agent = start({"profiles": {"irsa": profiles.irsa(region=REGION), "keys": keys}}, name="a")
    assert part(token_of(agent, audience="x")["token"], 1)["aud"] == "x"
    reply = ask(agent, "keys", audience="x")
    assert reply.status == 400 and "region" in reply.problem()["detail"]
    place = folder / "b"
    place.mkdir()
    env = {**environment(place), "AWS_ENDPOINT_URL_STS": "http://sts.example"}
    agent = start({"region": REGION, "profiles": {"keys": keys}}, name="b", env=env)
    assert agent.credentials("keys")["AccessKeyId"]
    reply = ask(agent, "keys", audience="x")
    assert reply.status == 400 and "AWS_ENDPOINT_URL_STS" in reply.problem()["detail"]
