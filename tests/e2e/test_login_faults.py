# SPDX-License-Identifier: Apache-2.0
"""The session of `aws login`: cache files that are broken, logins that have ended, and faults of the service."""

import json

import pytest
from support.login_cache import ACCOUNT, LoginCache, login, refreshes
from support.polling import until
from support.profiles import config

DENIED = "AccessDeniedException"


@pytest.fixture
def cache(folder, standin):
    return LoginCache(folder, standin)


GOOD = {
    "accessToken": {
        "accessKeyId": "ASIAX",
        "secretAccessKey": "s",
        "sessionToken": "t",
        "expiresAt": "2026-01-01T00:00:00Z",
    },
    "refreshToken": "r",
    "clientId": "c",
    "dpopKey": "k",
}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "cannot be used"),
        ("[]", "an array, expected a JSON object"),
        ("{", "cannot be used"),
        ("\0", "cannot be used"),
        (json.dumps(GOOD)[:-20], "cannot be used"),
        (json.dumps({**GOOD, "accessToken": "a"}), "accessToken.accessKeyId is missing"),
        (json.dumps({**GOOD, "accessToken": {}}), "accessKeyId is missing"),
        (json.dumps({**GOOD, "accessToken": {**GOOD["accessToken"], "expiresAt": "soon"}}), "expiresAt"),
        (json.dumps({**GOOD, "refreshToken": 1}), "refreshToken is not a string"),
        (json.dumps({**GOOD, "clientId": ""}), "clientId is missing"),
        (json.dumps({**GOOD, "signInRegion": "evil.test/"}), "signInRegion"),
        (json.dumps(GOOD), "not a private key"),
    ],
)
def test_broken_cache_file(start, standin, cache, content, what):
    cache.folder.mkdir(parents=True)
    cache.path().write_text(content)
    status, problem = start(config(dev=login(standin))).refusal("dev")
    assert (status, problem["code"]) == (503, "login_required")
    if content:
        assert what in problem["detail"]
    assert standin.calls() == []


@pytest.mark.parametrize("name", ["accessToken", "refreshToken", "clientId", "dpopKey"])
def test_rejects_a_cache_file_without_a_member(start, standin, cache, name):
    document = cache.log_in()
    del document[name]
    cache.write(document)
    status, problem = start(config(dev=login(standin))).refusal("dev")
    assert (status, problem["code"]) == (503, "login_required") and name in problem["detail"] and "is missing" in problem["detail"]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, DENIED, "TOKEN_EXPIRED"),
        (401, DENIED, "AUTHCODE_EXPIRED"),
        (403, DENIED, "USER_CREDENTIALS_CHANGED"),
        (400, "ValidationException", "invalid_grant"),
        (403, DENIED, "something_new"),
    ],
)
def test_reports_a_login_that_has_ended(start, standin, cache, status, code, reason):
    error = {"status": status, "code": code, "reason": reason, "message": "by order of the test"}
    standin.control("POST", "signin", {"set": {"error": error}})
    cache.log_in(seconds=-1)
    agent = start(config(dev=login(standin)))
    got, problem = agent.refusal("dev")
    assert (got, problem["code"]) == (503, "login_required")
    assert 'run "aws login"' in problem["hint"]
    until(lambda: refreshes(standin), what="the refusal")
    # A refresh token that was refused is not tried again.
    for _ in range(3):
        assert agent.refusal("dev")[1]["code"] == "login_required"
    assert len(refreshes(standin)) == 1
    # Another one is.
    standin.control("POST", "signin", {"set": {"error": None}})
    cache.log_in(seconds=-1)
    assert agent.credentials("dev")["AccountId"] == ACCOUNT


def test_reports_the_error_of_aws(start, standin, cache):
    standin.control("POST", "signin", {"revoke": True})
    cache.log_in(seconds=-1)
    standin.control("POST", "signin", {"revoke": True})
    agent = start(config(dev=login(standin)))
    upstream = until(lambda: (agent.profile("dev")["last_error"] or {}).get("upstream"), what="the refusal")
    assert upstream["service"] == "signin" and upstream["code"] == DENIED and upstream["status"] == 401
    assert upstream["message"] == "TOKEN_EXPIRED: The refresh token has expired"


def test_reports_a_missing_permission(start, standin, cache):
    standin.fault("signin", "deny")
    cache.log_in(seconds=-1)
    status, problem = start(config(dev=login(standin))).refusal("dev")
    assert (status, problem["code"]) == (502, "upstream_error")
    assert problem["upstream"]["code"] == DENIED and "signin:CreateOAuth2Token" in problem["hint"]


@pytest.mark.parametrize("kind", ["error500", "throttle", "refuse", "garbage", "html", "cut"])
def test_recovers_from_faults(start, standin, cache, kind):
    is_spent = kind in ("garbage", "html", "cut")  # the refresh token is, and the next one not heard of
    cache.log_in(seconds=-1)
    standin.fault("signin", kind, count=None if is_spent else 1)
    agent = start(config(dev=login(standin)))
    if is_spent:
        until(lambda: agent.profile("dev")["last_error"], what="the fault")
        standin.clear_faults()
        cache.log_in(seconds=-1)
    assert agent.credentials("dev", wait=30)["AccountId"] == ACCOUNT


@pytest.mark.parametrize("kind", ["error500", "throttle", "refuse", "garbage", "html", "deny"])
def test_keeps_valid_credentials_after_a_fault(start, standin, cache, kind):
    """Served at once, since there is nothing else; then the failure shows, and what is held goes on being served."""
    before = cache.log_in(seconds=280)
    standin.fault("signin", kind)
    agent = start(config(dev=login(standin)))
    assert agent.credentials("dev")["AccessKeyId"] == before["accessToken"]["accessKeyId"]
    assert agent.refresh("dev").status >= 400
    about = agent.wait_for_state("dev", "stale")
    assert about["last_error"]["detail"].startswith("profile dev: CreateOAuth2Token")
    assert agent.credentials("dev")["AccessKeyId"] == before["accessToken"]["accessKeyId"]
    standin.clear_faults()
    if kind in ("garbage", "html"):  # then the refresh token is spent
        cache.log_in()
    assert agent.refresh("dev").status == 200
    assert agent.credentials("dev")["AccessKeyId"] == cache.read()["accessToken"]["accessKeyId"]


def test_serves_nothing_that_is_about_to_end(start, standin, cache):
    cache.log_in(seconds=50)
    standin.fault("signin", "error500")
    status, _ = start(config(dev=login(standin))).refusal("dev", wait=0)
    assert status in (502, 503)


@pytest.mark.parametrize("name", ["accessToken", "refreshToken", "expiresIn"])
def test_rejects_an_incomplete_answer(start, standin, cache, name):
    standin.control("POST", "signin", {"set": {"drop": [name]}})
    before = cache.log_in(seconds=-1)
    status, problem = start(config(dev=login(standin))).refusal("dev", wait=0)
    assert status in (502, 503), problem
    assert cache.read() == before
