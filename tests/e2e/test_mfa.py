# SPDX-License-Identifier: Apache-2.0
"""Roles that ask for the code of an MFA device: who asks for it, when, and what becomes of it."""

import fcntl
import os
import select
import subprocess
import termios

import pytest
from standin import demo
from support import paths, programs
from support.agent import environment
from support.aws import echo
from support.polling import until
from support.profiles import config
from support.sso import ACCOUNT, sso

SERIAL = f"arn:aws:iam::{demo.ACCOUNT}:mfa/alice"
ROLE = f"arn:aws:iam::{demo.ACCOUNT}:role/with-mfa"
CHAINED = f"arn:aws:iam::{demo.ACCOUNT}:role/behind-mfa"
CODE = "739146"
SSO_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev-Role_0123456789abcdef"


@pytest.fixture
def device(standin):
    """device(code): what the device shows from now on."""
    trust = [{"principal": demo.USER, "needs_mfa": True}]
    standin.control("POST", "roles", {"arn": ROLE, "trust": trust, "max_session_duration": 43200})
    standin.control("POST", "roles", {"arn": CHAINED, "trust": [{"principal": ROLE}]})

    def show(code):
        standin.control("POST", "mfa", {"serial": SERIAL, "code": code})

    show(CODE)
    return show


@pytest.fixture
def mfa(profiles):
    """An agent's profiles: keys, and a role on them that takes a code."""
    role = profiles.assume("base", role=ROLE, external_id=None, mfa_serial=SERIAL)
    return config(base=profiles.static(), admin=role, tenant=profiles.assume("admin", role=CHAINED, external_id=None))


def login(agent, name="admin", document=None):
    return agent.call("POST", f"/v1/profiles/{name}/login", {"token_code": CODE} if document is None else document)


def test_asks_for_a_code(start, standin, device, mfa):
    agent = start(mfa)
    status, problem = agent.refusal("admin")
    assert (status, problem["code"], problem["profile"]) == (503, "mfa_required", "admin")
    assert SERIAL in problem["detail"] and 'run "keyfob login admin"' in problem["hint"]
    assert "retry_after" not in problem
    reply = agent.call("GET", "/v1/profiles/admin/login")
    assert reply.json() == {"kind": "mfa", "profile": "admin", "state": "idle", "mfa_serial": SERIAL}
    assert agent.call("GET", "/v1/profiles/base/login").json() == {"kind": "none"}
    assert standin.calls(action="AssumeRole", role=ROLE) == []
    assert agent.profile("admin")["next_refresh"] is None


def test_fetches_with_a_code(start, standin, device, mfa):
    agent = start(mfa)
    reply = login(agent)
    assert reply.status == 200, reply.body
    assert reply.json()["state"] == "complete"
    credentials = agent.credentials("admin")
    assert echo(standin, credentials)["role"] == ROLE
    (call,) = standin.calls(action="AssumeRole", role=ROLE)
    assert call["verified"] and call["mfa_serial"] == SERIAL
    # The session is kept until it ends: nothing is planned ahead of that.
    profile = agent.profile("admin")
    assert profile["state"] == "fresh" and profile["next_refresh"] is None
    # A chained profile is served from it.
    assert echo(standin, agent.credentials("tenant"))["role"] == CHAINED


def test_a_chained_profile_takes_the_code(start, standin, device, mfa):
    agent = start(mfa)
    status, problem = agent.refusal("tenant")
    assert (status, problem["code"], problem["profile"]) == (503, "mfa_required", "tenant")
    assert "keyfob login admin" in problem["hint"]
    assert agent.call("GET", "/v1/profiles/tenant/login").json()["profile"] == "admin"
    assert login(agent, "tenant").status == 200
    assert until(lambda: agent.call("GET", "/v1/profiles/tenant/credentials").status == 200, what="the role")


def test_wrong_code_then_the_right_one(start, standin, device, mfa):
    agent = start(mfa)
    reply = login(agent, document={"token_code": "000000"})
    problem = reply.problem()
    assert (reply.status, problem["code"]) == (503, "mfa_required")
    assert "wrong" in problem["hint"] and problem["upstream"]["code"] == "AccessDenied"
    assert "000000" not in reply.body.decode()
    assert login(agent).status == 200


def test_a_code_is_used_once(start, standin, device, mfa):
    agent = start(mfa)
    assert login(agent).status == 200
    agent.call("DELETE", "/v1/profiles/admin/credentials")
    # No fetch that comes later has the code any more …
    assert agent.refresh("admin").problem()["code"] == "mfa_required"
    assert len(standin.calls(action="AssumeRole", role=ROLE)) == 1
    # … and AWS takes none twice.
    assert login(agent).problem()["upstream"]["code"] == "AccessDenied"
    device("112233")
    assert login(agent, document={"token_code": "112233"}).status == 200


def test_a_failed_refresh_keeps_the_session(start, standin, device, mfa):
    agent = start(mfa)
    login(agent)
    first = agent.credentials("admin")
    assert agent.refresh("admin").problem()["code"] == "mfa_required"
    assert login(agent, document={"token_code": "000000"}).status == 503
    assert agent.credentials("admin") == first
    assert agent.profile("admin")["state"] == "stale"


def test_reloads_keep_the_session(start, standin, device, mfa, profiles):
    agent = start(mfa)
    assert login(agent).status == 200
    key = agent.credentials("admin")["AccessKeyId"]
    for name in ("one", "two"):
        agent.reload({**mfa, "profiles": {**mfa["profiles"], name: profiles.static()}})
    assert agent.credentials("admin")["AccessKeyId"] == key
    device("112233")
    assert login(agent, document={"token_code": "112233"}).status == 200
    assert agent.credentials("admin")["AccessKeyId"] != key


def test_asks_again_when_the_session_ends(start, standin, device, mfa):
    """A short session: served while it lives, then a code is needed again; no call is made without one."""
    standin.fault("sts", "short_life", role=ROLE, seconds=20, count=1)
    agent = start(mfa)
    assert login(agent).status == 200
    assert agent.credentials("admin")
    until(lambda: agent.events("expired"), what="the end of the session")
    status, problem = agent.refusal("admin")
    assert (status, problem["code"]) == (503, "mfa_required")
    assert len(standin.calls(action="AssumeRole", role=ROLE)) == 1
    assert agent.call("GET", "/v1/profiles/admin/login").json()["state"] == "idle"


@pytest.mark.parametrize(
    "body",
    [
        '{"token_code": "12345"}',
        '{"token_code": "1234567"}',
        '{"token_code": "98765a"}',
        '{"token_code": 987654}',
        '{"token_code": ""}',
        '{"code": "987654"}',
        "{}",
        "[]",
        "{",
    ],
)
def test_rejects_invalid_requests(start, standin, device, mfa, body):
    agent = start(mfa)
    headers = {"content-type": "application/json"}
    reply = agent.call("POST", "/v1/profiles/admin/login", body=body.encode(), headers=headers)
    assert reply.status == 400 and reply.problem()["code"] == "invalid_request"
    assert "987654" not in reply.body.decode() and "98765a" not in reply.body.decode()
    assert standin.calls(action="AssumeRole", role=ROLE) == []


def test_rejects_a_code_for_a_profile_without_mfa(start, device, mfa):
    agent = start(mfa)
    for document in ({}, {"token_code": CODE}):
        reply = login(agent, "base", document)
        assert reply.status == 400 and reply.problem()["code"] == "invalid_request"


def test_requires_the_admin_scope(start, device, mfa):
    mfa["profiles"]["admin"]["allow"] = {"uids": [os.geteuid()], "scopes": ["sign"]}
    agent = start(mfa)
    reply = login(agent)
    assert reply.status == 403
    assert agent.call("GET", "/v1/profiles/admin/login").status == 403


def test_explains_other_refusals(start, standin, device, mfa, profiles):
    """A role that does not trust the caller: no code would help."""
    role = profiles.assume("base", role=ROLE + "-of-nobody", external_id=None, mfa_serial=SERIAL)
    mfa["profiles"]["admin"] = role
    reply = login(start(mfa))
    assert reply.status == 502 and reply.problem()["upstream"]["code"] == "AccessDenied"


def test_logs_no_code(start, standin, device, mfa):
    agent = start(mfa, arguments=["--log-level", "debug"])
    login(agent, document={"token_code": "000000"})
    login(agent)
    agent.credentials("admin")
    login(agent, document={"token_code": CODE + "1"})
    for code in (CODE, "token_code", "TokenCode"):
        assert code not in agent.stderr()


def test_on_demand_session_outlives_idleness_in_the_configuration(start, device, mfa):
    """A reload that leaves the profile as it is leaves its session too."""
    mfa["profiles"]["admin"]["refresh"] = "on_demand"
    agent = start(mfa)
    login(agent)
    first = agent.credentials("admin")
    agent.reload({**mfa, "region": demo.REGION})
    assert agent.credentials("admin") == first


# ---- the command, at a terminal and without one ----


class Terminal:
    """A command that runs at a terminal of its own; its standard output and input are not that terminal."""

    def __init__(self, folder, *arguments):
        self.master, slave = os.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [str(paths.KEYFOB), *map(str, arguments)],
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=take_terminal,
            pass_fds=[slave],
        )
        os.close(slave)
        self.shown = ""

    def answer(self, prompt, line):
        """Waits for the prompt, types the line."""

        def is_there():
            if select.select([self.master], [], [], 0)[0]:
                self.shown += os.read(self.master, 4096).decode()
            return prompt in self.shown

        until(is_there, what=f"{prompt!r} at the terminal, which shows {self.shown!r}")
        self.shown = self.shown.partition(prompt)[2]
        os.write(self.master, line.encode() + b"\n")

    def end(self):
        """(exit status, standard output, standard error)"""
        try:
            out, err = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
            os.close(self.master)
        return self.process.returncode, out.decode(), err.decode()


def keyfob(folder, *arguments, stdin=""):
    """Without any terminal."""
    return programs.keyfob(*arguments, env=environment(folder), input=stdin, start_new_session=True)


PROMPT = f"Code of {SERIAL} for admin: "


def test_login_at_a_terminal(start, device, mfa, folder):
    agent = start(mfa)
    terminal = Terminal(folder, "login", "admin", "--socket", agent.socket)
    terminal.answer(PROMPT, "12")
    terminal.answer("now", "")  # the command explains what to do, then asks again
    terminal.end()
    terminal = Terminal(folder, "login", "admin", "--socket", agent.socket)
    terminal.answer(PROMPT, "000000")
    terminal.answer(PROMPT, CODE)
    assert terminal.end() == (0, "admin: logged in\n", "")
    assert agent.credentials("admin")


def test_login_at_a_terminal_fails(start, device, mfa, folder):
    agent = start(mfa)
    terminal = Terminal(folder, "login", "admin", "--socket", agent.socket)
    for _ in range(3):
        terminal.answer(PROMPT, "000000")
    status, out, err = terminal.end()
    assert (status, out) == (1, "") and "MultiFactorAuthentication failed" in err and "000000" not in err


def test_login_by_standard_input(start, device, mfa, folder):
    agent = start(mfa)
    run = keyfob(folder, "login", "tenant", "--code-stdin", "--socket", agent.socket, stdin=f" {CODE}\r\n")
    assert (run.returncode, run.stdout, run.stderr) == (0, "admin: logged in\n", "")
    run = keyfob(folder, "login", "admin", "--code-stdin", "--socket", agent.socket)
    assert run.returncode == 1 and "no code" in run.stderr


def test_login_without_a_terminal(start, device, mfa, folder):
    agent = start(mfa)
    run = keyfob(folder, "login", "admin", "--socket", agent.socket)
    assert run.returncode == 1 and "--code-stdin" in run.stderr and "no terminal" in run.stderr
    run = keyfob(folder, "login", "base", "--socket", agent.socket)
    assert (run.returncode, run.stdout) == (0, "base: no login is needed\n")
    run = keyfob(folder, "login", "nobody", "--socket", agent.socket)
    assert run.returncode == 1 and "nobody" in run.stderr
    run = keyfob(folder, "login", "admin", "--socket", folder / "none.sock")
    assert run.returncode == 3


def test_login_in_a_browser_and_then_the_code(start, standin, device, profiles, folder):
    """A role with a code on a role of IAM Identity Center: one run of the command does both."""
    trust = [{"principal": SSO_ROLE, "needs_mfa": True}]
    standin.control("POST", "roles", {"arn": ROLE, "trust": trust, "max_session_duration": 43200})
    standin.control("POST", "sso", {"set": {"approves": True}})
    role = profiles.assume("dev", role=ROLE, external_id=None, mfa_serial=SERIAL)
    agent = start(config(dev=sso(standin), admin=role))
    assert agent.call("GET", "/v1/profiles/admin/login").json()["kind"] == "sso"
    terminal = Terminal(folder, "login", "admin", "--socket", agent.socket)
    terminal.answer(PROMPT, CODE)
    status, out, err = terminal.end()
    assert (status, err) == (0, "") and out.endswith("dev: logged in\nadmin: logged in\n"), (out, err)
    assert agent.credentials("admin")
    run = keyfob(folder, "login", "dev", "--socket", agent.socket)
    assert run.returncode == 0 and run.stdout.endswith("dev: logged in\n"), "no code for this one"


@pytest.mark.parametrize(
    "arguments",
    [
        ("credential-process", "tenant"),
        ("sign", "GET", "https://sts.us-east-1.amazonaws.com/", "--profile", "tenant"),
        ("presign", "GET", "https://b.s3.us-east-1.amazonaws.com/k", "--profile", "tenant"),
    ],
)
def test_commands_ask_where_there_is_a_terminal(start, device, mfa, folder, arguments):
    agent = start(mfa)
    run = keyfob(folder, *arguments, "--socket", agent.socket)
    assert run.returncode == 1 and "keyfob login admin" in run.stderr
    terminal = Terminal(folder, *arguments, "--socket", agent.socket)
    terminal.answer(PROMPT, CODE)
    status, out, err = terminal.end()
    assert (status, err) == (0, "") and out and PROMPT not in out
    assert keyfob(folder, *arguments, "--socket", agent.socket).returncode == 0
