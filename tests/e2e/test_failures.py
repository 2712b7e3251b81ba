# SPDX-License-Identifier: Apache-2.0
"""Failures: the error of the profile that fails names its cause, and other profiles are served."""

import pytest
from standin import demo
from support.aws import echo
from support.profiles import config

TARGETS = {"irsa": "sts", "tenant": "sts", "onprem": "rolesanywhere"}


def refused(agent, profile):
    """The problem of a profile that cannot get credentials, with what every such problem has."""
    status, problem = agent.refusal(profile)
    assert status in (502, 503, 504)
    assert problem["profile"] == profile and profile in problem["detail"]
    assert problem["hint"]
    assert agent.profile(profile)["last_error"]
    return problem


def check_upstream(problem, service, code, message):
    assert problem["code"] == "upstream_error" and problem["status"] == 502
    upstream = problem["upstream"]
    assert upstream["service"] == service and upstream["code"] == code
    assert message in upstream["message"] and upstream["request_id"]
    assert code in problem["detail"]


def test_wrong_external_id(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), tenant=profiles.assume("irsa", external_id="tenant-b")))
    problem = refused(agent, "tenant")
    check_upstream(problem, "sts", "AccessDenied", "is not authorized to perform: sts:AssumeRole")
    assert "external ID" in problem["hint"] and "trust policy" in problem["hint"]
    assert "tenant-b" not in agent.stderr()
    echo(standin, agent.credentials("irsa"))


def test_unknown_role(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), lost=profiles.irsa(role_arn=demo.ROLE + "nobody")))
    problem = refused(agent, "lost")
    check_upstream(problem, "sts", "AccessDenied", "sts:AssumeRoleWithWebIdentity")
    assert demo.SUBJECT in problem["hint"]
    echo(standin, agent.credentials("irsa"))


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("expired.pem", "expired-key.pem", ["expired", "CN=expired-client", "expired.pem"]),
        ("not-yet.pem", "not-yet-key.pem", ["not", "CN=not-yet-client", "not-yet.pem"]),
        ("ec.pem", "other-key.pem", ["key", "other-key.pem", "ec.pem"]),
        ("rsa.pem", "ec-key.pem", ["key", "ec-key.pem", "rsa.pem"]),
        ("rsa.pem", "rsa-key-encrypted.pem", ["rsa-key-encrypted.pem", "passphrase"]),
    ],
)
def test_reports_unusable_certificates_without_asking_aws(start, standin, profiles, certificate, key, words):
    """Found at load: AWS is not asked."""
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem(certificate, key)))
    problem = refused(agent, "onprem")
    for word in words:
        assert word in problem["detail"] + problem["hint"], problem
    assert "upstream" not in problem and not standin.calls(target="rolesanywhere")
    echo(standin, agent.credentials("irsa"))


def test_wrong_passphrase(start, standin, profiles):
    profile = profiles.onprem("rsa.pem", "rsa-key-encrypted.pem")
    profile["private_key_passphrase_file"] = standin.certificate("wrong-passphrase.txt")
    agent = start(config(irsa=profiles.irsa(), onprem=profile))
    assert "passphrase" in refused(agent, "onprem")["detail"]
    assert "not the passphrase" not in agent.stderr()
    echo(standin, agent.credentials("irsa"))


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [("untrusted.pem", "untrusted-key.pem", "Untrusted"), ("chained.pem", "chained-key.pem", "Untrusted")],
)
def test_reports_a_certificate_without_a_path_to_the_trust_anchor(start, standin, profiles, certificate, key, message):
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem(certificate, key)))
    problem = refused(agent, "onprem")
    check_upstream(problem, "rolesanywhere", "AccessDeniedException", message)
    assert "chain" in problem["hint"]
    echo(standin, agent.credentials("irsa"))


def test_explains_refusals_of_roles_anywhere(start, standin, profiles):
    agent = start(
        config(
            named=profiles.onprem(role_session_name="named"),
            not_listed=profiles.onprem(role_arn=demo.ROLE + "gateway"),
            gone=profiles.onprem(trust_anchor_arn=demo.TRUST_ANCHOR[:-1] + "0"),
            long=profiles.onprem(role_arn=demo.ROLE + "short", duration_seconds=7200),
        )
    )
    assert "acceptRoleSessionName" in refused(agent, "named")["hint"]
    assert refused(agent, "not-listed")["upstream"]["code"] == "AccessDeniedException"
    assert refused(agent, "gone")["upstream"]["code"] == "ResourceNotFoundException"
    problem = refused(agent, "long")
    assert problem["upstream"]["code"] == "ValidationException" and "duration_seconds" in problem["hint"]


def break_token(path, kind):
    if kind == "missing":
        path.unlink(missing_ok=True)
    elif kind == "empty":
        path.write_text("")
    elif kind == "blank":
        path.write_text(" \n")
    elif kind == "directory":
        path.unlink(missing_ok=True)
        path.mkdir()


@pytest.mark.parametrize("kind", ["missing", "empty", "blank", "directory"])
def test_token_file(start, standin, profiles, folder, kind):
    """Said with the path; picked up as soon as it is there again."""
    path = folder / "t.jwt"
    break_token(path, kind)
    agent = start(config(irsa=profiles.irsa(web_identity_token_file=str(path)), onprem=profiles.onprem()))
    problem = refused(agent, "irsa")
    assert str(path) in problem["detail"] and not standin.calls(target="sts")
    echo(standin, agent.credentials("onprem"))
    if kind == "directory":
        path.rmdir()
    path.write_text(standin.token())
    assert agent.refresh("irsa").status == 200
    echo(standin, agent.credentials("irsa"))


@pytest.mark.parametrize(
    ("token", "code", "words"),
    [
        ({"lifetime": -60}, "ExpiredTokenException", ["t.jwt", "expired"]),
        ({"aud": "pods.eks.amazonaws.com"}, "InvalidIdentityToken", ["pods.eks.amazonaws.com"]),
        ({"issuer": "https://elsewhere.example"}, "InvalidIdentityToken", ["https://elsewhere.example"]),
        ({"sub": "system:serviceaccount:a:b"}, "AccessDenied", ["system:serviceaccount:a:b"]),
    ],
)
def test_token_refused(start, standin, profiles, folder, token, code, words):
    (folder / "t.jwt").write_text(standin.token(**token))
    agent = start(config(irsa=profiles.irsa(web_identity_token_file=str(folder / "t.jwt"))))
    problem = refused(agent, "irsa")
    assert problem["upstream"]["code"] == code
    for word in words:
        assert word in problem["hint"], problem
    assert (folder / "t.jwt").read_text() not in agent.stderr()


def test_wrong_base_keys(start, standin, profiles):
    agent = start(
        config(
            stranger=profiles.static(access_key_id="AKIANOBODY0000000000"),
            on_stranger=profiles.assume("stranger"),
            typo=profiles.static(secret_access_key="x" * 40),
            on_typo=profiles.assume("typo"),
        )
    )
    assert refused(agent, "on-stranger")["upstream"]["code"] == "InvalidClientTokenId"
    problem = refused(agent, "on-typo")
    assert problem["upstream"]["code"] == "SignatureDoesNotMatch" and "secret access key" in problem["hint"]


def test_names_the_source_that_fails(start, standin, profiles, folder):
    """The error of a chained profile names the source that failed, and the cause."""
    irsa = profiles.irsa(web_identity_token_file=str(folder / "none"))
    agent = start(config(irsa=irsa, tenant=profiles.assume("irsa"), onprem=profiles.onprem()))
    problem = refused(agent, "tenant")
    assert "irsa" in problem["detail"] and str(folder / "none") in problem["detail"]
    echo(standin, agent.credentials("onprem"))


@pytest.mark.parametrize(
    "kind", ["refuse", "cut", "throttle", "error500", "garbage", "html", "oversize", "hang", "deny"]
)
@pytest.mark.parametrize("profile", ["irsa", "onprem"])
def test_serves_the_last_credentials_until_the_source_recovers(start, standin, profiles, profile, kind):
    """A source that fails does not affect valid credentials; when it recovers, so does the profile."""
    settings = {"irsa": profiles.irsa, "onprem": profiles.onprem}
    other = "onprem" if profile == "irsa" else "irsa"
    agent = start(config(**{profile: settings[profile](read_timeout_ms=400), other: settings[other]()}))
    good = agent.credentials(profile)
    standin.fault(TARGETS[profile], kind)
    reply = agent.refresh(profile)
    problem = reply.problem()
    assert problem["profile"] == profile and problem["hint"]
    assert reply.status == (504 if kind == "hang" else reply.status)
    if kind in ("throttle", "error500", "deny"):
        assert problem["upstream"]["code"] and problem["upstream"]["request_id"]
    assert agent.credentials(profile) == good
    shown = agent.profile(profile)
    assert shown["state"] == "stale" and shown["failures"] >= 1 and shown["last_error"]
    echo(standin, agent.credentials(other))
    standin.clear_faults()
    assert agent.refresh(profile).status == 200
    again = agent.credentials(profile)
    assert again["AccessKeyId"] != good["AccessKeyId"]
    assert agent.profile(profile)["state"] == "fresh" and agent.profile(profile)["last_error"] is None
    echo(standin, again)


@pytest.mark.parametrize("kind", ["refuse", "cut", "error500", "garbage", "html"])
def test_recovers_by_itself_at_start_up(start, standin, profiles, kind):
    """A source that fails twice at the start: the agent tries again by itself."""
    standin.fault("sts", kind, count=2)
    agent = start(config(irsa=profiles.irsa()))
    agent.wait_for_state("irsa", "fresh")
    echo(standin, agent.credentials("irsa", wait=0))
    assert [c["fault"] for c in standin.calls(target="sts")] == [kind, kind, None]


def test_answers_within_the_wait_when_there_are_no_credentials(start, standin, profiles):
    """?wait=0 answers at once, and a source that hangs is a time-out, not a refusal."""
    standin.fault("sts", "hang")
    agent = start(config(irsa=profiles.irsa(read_timeout_ms=300)))
    reply = agent.call("GET", "/v1/profiles/irsa/credentials?wait=0")
    assert reply.status == 503 and reply.problem()["code"] == "credentials_unavailable"
    assert int(reply.headers["retry-after"]) >= 1
    reply = agent.refresh("irsa")
    assert reply.status == 504 and reply.problem()["code"] == "upstream_timeout"


def test_expired_credentials_are_never_served(start, standin, profiles):
    """The last five seconds count as expired."""
    standin.fault("sts", "short_life", seconds=5)
    agent = start(config(irsa=profiles.irsa()))
    reply = agent.call("GET", "/v1/profiles/irsa/credentials?wait=1")
    assert reply.status == 503, reply
    assert "keyfob_served_expired_total 0" in agent.call("GET", "/metrics").body.decode()


def test_reports_an_endpoint_that_is_not_there(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(endpoint_url="http://127.0.0.1:1"), onprem=profiles.onprem()))
    reply = agent.refresh("irsa")
    problem = reply.problem()
    assert reply.status in (502, 503) and "127.0.0.1" in problem["detail"] and "refused" in problem["detail"].lower()
    echo(standin, agent.credentials("onprem"))
