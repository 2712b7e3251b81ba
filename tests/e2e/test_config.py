# SPDX-License-Identifier: Apache-2.0
"""keyfobd --check, its errors, and reloads by SIGHUP."""

import json

import pytest
from jsonschema import Draft202012Validator
from standin import demo
from support import paths
from support.agent import environment
from support.aws import echo
from support.profiles import config
from support.programs import keyfobd, output_of


def check(folder, text, *arguments):
    (folder / "c.json").write_text(text if isinstance(text, str) else json.dumps(text, indent=1))
    return keyfobd("--config", folder / "c.json", "--check", *arguments, env=environment(folder))


def test_accepts_the_demo_configuration(standin):
    answer = output_of(keyfobd("--check", "--config", standin.dir / "config.json"))
    assert "3 profiles" in answer and not standin.calls()
    document = json.loads((standin.dir / "config.json").read_text())
    schema(document)


def schema(document):
    text = (paths.REPOSITORY / "proto" / "config.schema.json").read_text()
    Draft202012Validator(json.loads(text)).validate(document)


STATIC = {"type": "static", "access_key_id": "AKIAKEYFOBDEMO000001", "secret_access_key": "s" * 40}
WEB = {"type": "web_identity", "role_arn": demo.ROLE + "gateway", "web_identity_token_file": "/t"}
ASSUME = {"type": "assume_role", "source_profile": "a", "role_arn": demo.ROLE + "gateway"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", ["c.json"]),
        ("{", ["c.json", "1"]),
        ('{"profiles": {"a": {}}, "profiles": {}}', ["duplicate key", "1:25"]),
        ('{"profiles": {"a": {"type": "static"}}} x', ["c.json"]),
        ({"profiles": {"a": {**STATIC, "nonsense": 1}}}, ["profiles.a", "nonsense"]),
        ({"profiles": {"a": {**STATIC, "acces_key_id": "x"}}}, ["acces_key_id", "access_key_id"]),
        ({"profiles": {"a": {**STATIC, "type": "statik"}}}, ["profiles.a.type", "statik", "static"]),
        ({"profiles": {"a": {**STATIC, "region": 1}}}, ["profiles.a.region", "1"]),
        ({"profiles": {"a": {"type": "web_identity", "role_arn": demo.ROLE + "x"}}}, ["web_identity_token_file"]),
        ({"profiles": {"a": {**WEB, "role_arn": "arn:aws:iam::1:user/x"}}}, ["role_arn", "role ARN"]),
        ({"profiles": {"a": {**WEB, "duration_seconds": 899}}}, ["duration_seconds", "899", "900"]),
        ({"profiles": {"a": {**WEB, "role_session_name": "a b"}}}, ["role_session_name", "a b"]),
        ({"profiles": {"a": {**WEB, "external_id": "xx"}}}, ["external_id", "web_identity"]),
        ({"profiles": {"a": {**WEB, "endpoint_url": "http://sts.example"}}}, ["endpoint_url", "https"]),
        ({"profiles": {"b": ASSUME}}, ["profiles.b.source_profile", '"a"']),
        ({"profiles": {"a": {**ASSUME, "source_profile": "b"}, "b": ASSUME}}, ["circle", "a", "b"]),
        ({"profiles": {"a": ASSUME}}, ["circle"]),
        (
            {"region": "us-east-1", "profiles": {"a": WEB, "b": {**ASSUME, "duration_seconds": 3601}}},
            ["duration_seconds", "3601", "one hour"],
        ),
        ({"profiles": {"a": {**STATIC, "ca_bundle": "/none.pem"}}}, ["ca_bundle", "/none.pem"]),
        ({"profiles": {"a": STATIC}, "listeners": []}, ["listeners"]),
        ({"profiles": {"a": STATIC}, "listeners": [{"unix": "/" + "x" * 120}]}, ["listeners", "107"]),
        ({"profiles": {"a": {**STATIC, "allow": {"uids": ["nobody-of-that-name"]}}}}, ["allow", "nobody-of-that-name"]),
        ({"profiles": {"a": STATIC}, "nonsense": 1}, ["nonsense"]),
    ],
)
def test_rejects_invalid_configurations(folder, document, words):
    """Exit status 78, and one message with the file, the path, what was found and what is expected."""
    run = check(folder, document)
    assert run.returncode == 78, run
    assert run.stdout == "" and "c.json" in run.stderr
    for word in words:
        assert word in run.stderr, run.stderr
    assert "s" * 40 not in run.stderr


def test_reports_all_faults(folder):
    """Each with its place; a file that is included has its own."""
    (folder / "more.json").write_text('{"profiles": {"c": {"type": "logn"}}}')
    text = """{"regionn": "us-east-1", "include": ["more.json", "gone.json"],
 "profiles": {"a": {"type": "static", "access_key_id": "AKIAKEYFOBDEMO000001", "secret_access_key": 5},
 "b": {}, "b": {}}}"""
    run = check(folder, text)
    faults = [line for line in run.stderr.splitlines() if line.startswith("keyfobd: ")]
    assert run.returncode == 78 and run.stdout == "" and len(faults) == 6, run.stderr
    for words in ("c.json:1:2: regionn: ", ":3:11: profiles.b: found a duplicate key", ":2:101: profiles.a.secret_access_key",
                  ":3:7: profiles.b: found no", "more.json:1:29: profiles.c.type: ", "gone.json: does not exist"):
        assert sum(words in fault for fault in faults) == 1, (words, run.stderr)
    assert "login" in run.stderr.split('"logn"')[1].splitlines()[0]
    text = json.dumps({"profiles": {f"p{i}": {} for i in range(30)}})
    run = check(folder, text)
    assert run.stderr.count("found no") == 20 and run.stderr.endswith("keyfobd: and 10 more\n"), run.stderr


def test_missing_file(folder):
    run = keyfobd("--check", "--config", folder / "none.json", env=environment(folder))
    assert run.returncode == 78 and "none.json" in run.stderr


def test_schema_and_agent_reject_the_same(folder):
    """The agent rejects what the schema rejects, and for these cases the schema what the agent rejects."""
    good = {"region": "us-east-1", "profiles": {"a": STATIC, "b": {**ASSUME, "external_id": "x:1"}}}
    schema(good)
    assert check(folder, good).returncode == 0
    bad = [
        {**good, "regoin": "x"},
        {"profiles": {"a": {**STATIC, "refresh": "sometimes"}}},
        {"profiles": {"a": {**STATIC, "role_arn": demo.ROLE + "x"}}},
        {"profiles": {"a": STATIC, "b": {**ASSUME, "duration_seconds": "3600"}}},
        {"profiles": {"a": STATIC, "b": {**ASSUME, "external_id": "a b"}}},
        {"profiles": {"a": STATIC}, "listeners": [{"unix": "/x", "mode": "abc"}]},
    ]
    text = (paths.REPOSITORY / "proto" / "config.schema.json").read_text()
    validator = Draft202012Validator(json.loads(text))
    for document in bad:
        assert not validator.is_valid(document), document
        assert check(folder, document).returncode == 78, document


def test_usage(folder):
    for arguments in (["--nonsense"], ["extra"], ["--log-level", "loud"], ["--log-format", "xml"]):
        run = keyfobd(*arguments, env=environment(folder))
        assert run.returncode == 2 and run.stdout == "", arguments


def test_does_not_start_with_an_invalid_file(start, folder):
    agent = start({"profiles": {"a": {**STATIC, "nonsense": 1}}}, listening=False)
    assert agent.process.wait(10) == 78 and "nonsense" in agent.stderr()
    assert not agent.socket.exists()


def test_environment_without_a_file(start, standin, folder):
    """AWS's own variables are enough."""
    env = environment(
        folder,
        AWS_ACCESS_KEY_ID=standin.user["access_key_id"],
        AWS_SECRET_ACCESS_KEY=standin.user["secret_access_key"],
        AWS_REGION="us-east-1",
        KEYFOB_SOCKET=str(folder / "k.sock"),
    )
    agent = start(None, env=env)
    assert echo(standin, agent.credentials("default"))["arn"] == demo.USER


def test_reports_an_empty_environment(start, folder):
    env = environment(folder, KEYFOB_SOCKET=str(folder / "k.sock"), AWS_EC2_METADATA_DISABLED="true")
    agent = start(None, listening=False, env=env)
    assert agent.process.wait(10) == 78
    assert "AWS_ROLE_ARN" in agent.stderr() and "AWS_ACCESS_KEY_ID" in agent.stderr()


# ---- reload ----


def test_reload_keeps_what_is_unchanged(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem(), tenant=profiles.assume("irsa")))
    before = {name: agent.credentials(name) for name in ("irsa", "onprem", "tenant")}
    changed = config(
        irsa=profiles.irsa(refresh_before_seconds=300),  # not a matter of identity
        onprem=profiles.onprem(duration_seconds=900),
        tenant=profiles.assume("irsa"),
        fresh=profiles.static(),
    )
    agent.reload(changed)
    assert agent.credentials("irsa") == before["irsa"] and agent.credentials("tenant") == before["tenant"]
    assert agent.credentials("onprem") != before["onprem"]
    assert echo(standin, agent.credentials("fresh"))["arn"] == demo.USER
    assert len(standin.calls(action="AssumeRoleWithWebIdentity")) == 1
    assert [c["duration"] for c in standin.calls(action="CreateSession")] == [None, 900]


def test_reload_of_timeouts_keeps_credentials(start, standin, profiles):
    """They are raised when AWS is slow or away, and then what is held is all there is."""
    agent = start(config(irsa=profiles.irsa(), tenant=profiles.assume("irsa")))
    before = {name: agent.credentials(name) for name in ("irsa", "tenant")}
    standin.fault("sts", "refuse")
    changed = profiles.irsa(connect_timeout_ms=5000, read_timeout_ms=9000)
    agent.reload(config(irsa=changed, tenant=profiles.assume("irsa")))
    assert {name: agent.credentials(name, wait=0) for name in before} == before
    assert agent.refresh("irsa").status == 503  # by the new settings, and what is held stays
    assert agent.credentials("irsa", wait=0) == before["irsa"]


def test_reload_removes_profiles(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), base=profiles.static()))
    agent.credentials("irsa")
    agent.reload(config(base=profiles.static()))
    assert agent.call("GET", "/v1/profiles/irsa").status == 404
    assert agent.credentials("base")


def test_a_changed_source_replaces_its_dependants(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), tenant=profiles.assume("irsa")))
    before = agent.credentials("tenant")
    agent.reload(config(irsa=profiles.irsa(role_session_name="other"), tenant=profiles.assume("irsa")))
    after = agent.credentials("tenant")
    assert before != after and standin.calls(action="AssumeRole")[-1]["caller"].endswith("/other")


@pytest.mark.parametrize("text", ["{", '{"profiles": {"irsa": {"type": "nonsense"}}}', ""])
def test_an_invalid_file_changes_nothing(start, standin, profiles, text):
    agent = start(config(irsa=profiles.irsa()))
    before = agent.credentials("irsa")
    agent.config_path.write_text(text)
    agent.reload()
    (line,) = agent.events("config_reload_failed")
    assert "config.json" in line
    assert agent.credentials("irsa") == before and len(standin.calls()) == 1
    agent.reload(config(irsa=profiles.irsa(), base=profiles.static()))
    assert agent.credentials("irsa") == before and agent.credentials("base")


def test_reload_while_clients_wait(start, standin, profiles):
    """A wait on a profile that goes ends with an answer; one on a profile that stays goes on."""
    standin.fault("sts", "slow", seconds=60)
    agent = start(config(irsa=profiles.irsa(), gone=profiles.irsa(role_session_name="gone")))
    gone, stays = agent.connection(30), agent.connection(30)
    gone.request("GET", "/v1/profiles/gone/credentials?wait=30")
    stays.request("GET", "/v1/profiles/irsa/credentials?wait=30")
    assert agent.call("GET", "/livez").status == 200
    agent.reload(config(irsa=profiles.irsa()))
    assert gone.getresponse().status in (404, 503)
    standin.clear_faults()
    assert stays.getresponse().status == 200
    gone.close(), stays.close()


def test_many_reloads(start, standin, profiles):
    """Nothing leaks and nothing is fetched twice, however often (the sanitizer looks at the end)."""
    agent = start(config(irsa=profiles.irsa(), base=profiles.static()))
    before = agent.credentials("irsa")
    for number in range(12):
        extra = {f"p{number}": profiles.static()} if number % 2 else {}
        agent.reload({"region": "us-east-1", "profiles": {"irsa": profiles.irsa(), **extra}})
    assert agent.credentials("irsa") == before and len(standin.calls()) == 1


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [("ec.pem", "rsa-key.pem", "key"), ("expired.pem", "expired-key.pem", "expired")],
)
def test_check_looks_at_certificates(standin, profiles, folder, certificate, key, words):
    """--check reports what a running agent would report for that profile alone."""
    good = {"region": "us-east-1", "profiles": {"irsa": profiles.irsa(), "onprem": profiles.onprem()}}
    assert check(folder, good).returncode == 0
    good["profiles"]["onprem"] = profiles.onprem(certificate, key)
    run = check(folder, good)
    assert run.returncode == 78
    assert "profile onprem" in run.stderr and words in run.stderr and "hint: " in run.stderr
