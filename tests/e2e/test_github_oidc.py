# SPDX-License-Identifier: Apache-2.0
"""A job of GitHub Actions: its token for an OpenID Connect token, that for a role."""

import pytest
from standin import demo, github
from support.agent import environment
from support.aws import echo
from support.profiles import config

ROLE = demo.ROLE + "ci"


@pytest.fixture
def job(standin, folder):
    """What the stand-in gives a job, and a role that trusts its workflow."""
    trust = {"principal": standin.registry["issuer"], "subject": github.SUBJECT}
    china = {**trust, "audience": "sts.amazonaws.com.cn"}
    standin.control("POST", "roles", {"arn": ROLE, "trust": [trust, china], "max_session_duration": 43200})
    job = standin.control("GET", "github")
    job["env"] = environment(
        folder, ACTIONS_ID_TOKEN_REQUEST_URL=job["url"], ACTIONS_ID_TOKEN_REQUEST_TOKEN=job["token"]
    )
    return job


def ci(standin, **more):
    return {
        "type": "web_identity",
        "role_arn": ROLE,
        "web_identity_token_source": "github_actions",
        "endpoint_url": standin.url,
        **more,
    }


def test_role_of_a_workflow(start, standin, job):
    agent = start(config(ci=ci(standin)), env=job["env"])
    credentials = agent.credentials("ci")
    assert echo(standin, credentials)["role"] == ROLE
    assert agent.refresh("ci").status == 200
    assert agent.credentials("ci")["AccessKeyId"] != credentials["AccessKeyId"]
    asked, assumed = standin.calls(target="github"), standin.calls(action="AssumeRoleWithWebIdentity")
    assert [c["audience"] for c in asked] == ["sts.amazonaws.com"] * 2 and all(c["verified"] for c in asked)
    assert [c["caller"] for c in assumed] == [github.SUBJECT] * 2 and all(c["verified"] for c in assumed)


def test_another_audience(start, standin, job):
    agent = start(config(ci=ci(standin, audience="sts.amazonaws.com.cn")), env=job["env"])
    assert agent.credentials("ci")
    assert standin.calls(target="github")[0]["audience"] == "sts.amazonaws.com.cn"
    agent = start(config(ci=ci(standin, audience="a b&c=d")), name="odd", env=job["env"])
    _, problem = agent.refusal("ci")
    assert standin.calls(target="github")[-1]["audience"] == "a b&c=d"
    assert "Incorrect token audience" in problem["detail"] and "a b&c=d" in problem["hint"]


@pytest.mark.parametrize("missing", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_no_permission(start, standin, job, missing):
    del job["env"][missing]
    agent = start(config(ci=ci(standin)), listening=False, env=job["env"])
    assert agent.process.wait(10) == 78
    assert missing in agent.stderr() and "permissions: id-token: write" in agent.stderr()
    agent.check_log({job["token"]})


@pytest.mark.parametrize(
    ("answer", "detail", "hint"),
    [
        ({"status": 401, "body": '{"message": "CANARY"}'}, "HTTP 401", "permissions: id-token: write"),
        ({"status": 500, "body": "CANARY"}, "HTTP 500", "by itself"),
        ({"status": 200, "body": "CANARY"}, "invalid JSON", "NO_PROXY"),
        ({"status": 200, "body": '{"value": "CANARY"}'}, "not a JSON Web Token", "NO_PROXY"),
        ({"status": 200, "body": "{}"}, "value is missing", "NO_PROXY"),
    ],
)
def test_github_refuses(start, standin, job, answer, detail, hint):
    standin.control("POST", "github/answer", answer)
    agent = start(config(ci=ci(standin)), env=job["env"], arguments=["--log-level", "debug"])
    _, problem = agent.refusal("ci", wait=0 if answer["status"] == 500 else 10)
    problem = problem if answer["status"] != 500 else agent.wait_for_state("ci", "failed")["last_error"]
    assert detail in str(problem) and hint in str(problem), problem
    assert "CANARY" not in str(problem)
    agent.check_log({"CANARY"})


def test_keeps_credentials_when_the_token_service_fails(start, standin, job):
    agent = start(config(ci=ci(standin)), env=job["env"])
    held = agent.credentials("ci")
    for kind in ("cut", "garbage", "html", "oversize", "error500"):
        standin.fault("github", kind, count=1)
        assert agent.refresh("ci").status >= 400
        standin.clear_faults()
    assert agent.credentials("ci") == held
    assert agent.refresh("ci").status == 200


def test_shows_no_secret_of_the_job(start, standin, job):
    """Neither the job's token nor those of the workflow: the log is checked for all of them when the agent ends."""
    agent = start(config(ci=ci(standin)), env=job["env"], arguments=["--log-level", "debug"])
    agent.credentials("ci")
    standin.fault("sts", "deny", count=1)
    agent.refresh("ci")
    shown = agent.call("GET", "/v1/profiles/ci").body.decode() + agent.call("GET", "/metrics").body.decode()
    tokens = standin.control("GET", "github/tokens")
    assert {job["token"], *tokens} <= standin.secrets() and tokens
    assert not [secret for secret in standin.secrets() if secret in shown]
