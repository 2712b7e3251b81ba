# SPDX-License-Identifier: Apache-2.0
"""What is only information costs no credentials, whatever it is; what is not names the member that is wrong."""

import http.server
import json
import shlex
import threading
from datetime import datetime, timedelta, timezone

import dateutil.parser
import pytest
from support import aws
from support.agent import environment
from support.polling import until
from support.profiles import config
from support.sso import ACCOUNT, sso

ENDS = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=2)
KEYS = {"AccessKeyId": "ASIAEXAMPLE0000001", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG", "Expiration": "%Y-%m-%dT%H:%M:%SZ"}
KEYS["Expiration"] = ENDS.strftime(KEYS["Expiration"])
TOKENS = {"process": "SessionToken", "container": "Token"}

ODD = [
    {"AccountId": 123456789012},
    {"AccountId": "12345"},
    {"AccountId": ["111122223333"]},
    {"AccountId": None},
    {"RoleArn": "TASK ROLE"},
    {"RoleArn": ""},
    {"RoleArn": 7},
    {"RoleArn": {"arn": "x"}},
    {"Code": 5, "Message": ["a"], "LastUpdated": False, "Type": None},
    {"CredentialScope": [1, {"a": None}], "unknown": 1e99, "": "", "a.b": -0.5},
]

WRONG = [
    ({"SecretAccessKey": 7}, "SecretAccessKey"),
    ({"SecretAccessKey": "a b"}, "SecretAccessKey"),
    ({"SecretAccessKey": None}, "SecretAccessKey"),
    ({"AccessKeyId": "x" * 200}, "AccessKeyId"),
    ({"AccessKeyId": {"a": 1}}, "AccessKeyId"),
    ({"TOKEN": "line\nline"}, "TOKEN"),
    ({"TOKEN": True}, "TOKEN"),
    ({"Expiration": 1796094668}, "Expiration"),
    ({"Expiration": "soon"}, "Expiration"),
    ({"Expiration": "2036-12-01T03:11:08"}, "Expiration"),
    ({"Expiration": "9999-12-31T23:59:59-23:59"}, "Expiration"),
    ({"Expiration": "9999-12-31T23:59:59-00:01"}, "Expiration"),
]

TIMES = [
    "%Y-%m-%dT%H:%M:%SUTC",
    "%Y-%m-%d %H:%M:%S+00:00",
    "%Y-%m-%dT%H:%M:%S.123456+0000",
    "%Y%m%dT%H%M%SZ",
    "%Y-%m-%d %H:%M:%S GMT",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S UTC %Y",
    "%m/%d/%Y %I:%M:%S %p UTC",
]


class Endpoint(http.server.BaseHTTPRequestHandler):
    document = {}

    def do_GET(self):
        body = json.dumps(self.server.document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Process:
    """A source whose answer the test sets."""

    def __init__(self, folder):
        self._answer, self._command = folder / "answer.json", folder / "print-answer"
        self._command.write_text(f"#!/bin/sh\ncat {shlex.quote(str(self._answer))}\n")
        self._command.chmod(0o755)
        self.profile = {"type": "process", "credential_process": str(self._command), "refresh": "on_demand"}

    def answer(self, document):
        new = self._answer.with_suffix(".new")
        new.write_text(json.dumps({"Version": 1, **document}))
        new.replace(self._answer)

    def stop(self):
        pass


class Container:
    def __init__(self, _):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{self._server.server_port}/credentials"
        self.profile = {"type": "container", "aws_container_credentials_full_uri": uri, "refresh": "on_demand"}

    def answer(self, document):
        self._server.document = document

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(params=["process", "container"])
def source(request, folder):
    made = {"process": Process, "container": Container}[request.param](folder)
    made.token = TOKENS[request.param]
    made.keys = {**KEYS, made.token: "token"}
    yield made
    made.stop()


def refreshed(agent, name="p"):
    """After the answer was changed: an attempt that began before, and is joined, does not count."""
    agent.refresh(name)
    return agent.refresh(name)


def test_odd_information_is_ignored(start, source):
    source.answer(source.keys)
    agent = start(config(p=source.profile))
    for odd in ODD:
        source.answer({**source.keys, **odd})
        reply = refreshed(agent)
        assert reply.status == 200, (odd, reply.body)
        given = agent.credentials("p")
        assert given["AccessKeyId"] == KEYS["AccessKeyId"] and given["Expiration"] == KEYS["Expiration"]
        assert "AccountId" not in given, given


def test_errors_name_the_member_and_replace_nothing(start, source):
    source.answer(source.keys)
    agent = start(config(p=source.profile))
    good = agent.credentials("p")
    for wrong, member in WRONG:
        wrong = {source.token if name == "TOKEN" else name: value for name, value in wrong.items()}
        member = source.token if member == "TOKEN" else member
        source.answer({**source.keys, "AccessKeyId": "ASIAOTHER", **wrong})
        reply = until(lambda: (r := agent.refresh("p")).status >= 500 and r, what=f"a refusal of {wrong}")
        detail = reply.problem()["detail"]
        names = {member, "SessionToken"} if member == "Token" else {member}
        assert any(name in detail for name in names), (wrong, detail)
        assert agent.credentials("p") == good and agent.profile("p")["state"] == "stale"
        assert "a b" not in detail and "line" not in detail, detail


def test_times_in_many_forms(start, source):
    source.answer(source.keys)
    agent = start(config(p=source.profile))
    for form in TIMES:
        ends = ENDS + timedelta(minutes=TIMES.index(form) + 1)
        text = ends.strftime(form)
        assert dateutil.parser.parse(text).replace(microsecond=0) == ends, text
        source.answer({**source.keys, "AccessKeyId": f"ASIA{TIMES.index(form)}", "Expiration": text})
        assert refreshed(agent).status == 200, text
        assert agent.credentials("p")["Expiration"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ"), text


@pytest.mark.parametrize("text", [ENDS.strftime(form) for form in TIMES] + ["2036-12-01T03:11:08", "9999-12-31T23:59:59-00:01"])
def test_the_variable_takes_what_botocore_takes(start, standin, folder, text):
    env = {
        "AWS_ACCESS_KEY_ID": standin.user["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": standin.user["secret_access_key"],
        "AWS_CREDENTIAL_EXPIRATION": text,
    }
    is_good = text.startswith("2036") is text.startswith("9999")
    agent = start(config(p={"type": "default_chain"}), env=environment(folder, **env), listening=is_good)
    if is_good:
        assert agent.credentials("p")["Expiration"] == ENDS.strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        assert agent.process.wait(10) == 78
        assert "AWS_CREDENTIAL_EXPIRATION" in agent.stderr()


@pytest.mark.parametrize(
    "odd",
    [
        {"registrationExpiresAt": ""},
        {"registrationExpiresAt": 1796094668},
        {"registrationExpiresAt": "some day"},
        {"refreshToken": None, "clientId": [], "clientSecret": {}},
        {"startUrl": 5, "region": None, "unknown": [{}]},
    ],
)
def test_a_good_token_with_an_odd_registration(start, standin, cache, odd):
    cache.log_in()
    cache.path().write_text(json.dumps({**cache.read(), **odd}))
    agent = start(config(dev=sso(standin)))
    assert aws.echo(standin, agent.credentials("dev"))["arn"] and agent.profile("dev")["account_id"] == ACCOUNT
