# SPDX-License-Identifier: Apache-2.0
"""The command `keyfob` as a newcomer meets it: what it says when something is missing, and that it says so at once."""

import ast
import http.server
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from fcntl import ioctl
from pathlib import Path

import pytest
from support import paths
from support.agent import environment
from support.profiles import config
from support.programs import keyfob

SOURCES = Path(__file__).resolve().parents[2]
AT_ONCE_S = 20.0  # far less than the 60 s that `keyfob wait` would wait, on the slowest of machines
STRANGER = 12345  # a uid that nobody here has


def at_once(*arguments, **more):
    """The finished command, which did not wait for what cannot come."""
    before = time.monotonic()
    run = keyfob(*arguments, **more)
    assert time.monotonic() - before < AT_ONCE_S, run
    return run


@pytest.fixture
def zero(start, folder):
    """zero(config) runs an agent without a configuration, whose ~/.aws/config this is."""

    def start_agent(text, **more):
        (folder / ".aws").mkdir()
        (folder / ".aws" / "config").write_text(text)
        variables = {"KEYFOB_SOCKET": str(folder / "k.sock"), "AWS_EC2_METADATA_DISABLED": "true", **more}
        return start(None, env=environment(folder, **variables))

    return start_agent


# ---- keyfob wait ----


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({"type": "process", "credential_process": "/nope/x"}, "/nope/x"),
        ({"type": "process", "credential_process": "no-such-program-here"}, "no-such-program-here"),
        (
            {
                "type": "web_identity",
                "role_arn": "arn:aws:iam::111122223333:role/r",
                "web_identity_token_file": "/nope/token",
            },
            "/nope/token",
        ),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_wait_ends_at_once_where_only_a_user_can_help(start, profiles, profile, reason, named):
    agent = start(config(wrong=profile, good=profiles.static()))
    run = at_once("wait", *(["wrong"] if named else []), socket=agent.socket)
    assert run.returncode == 1 and reason in run.stderr and "\nhint: " in run.stderr, run
    assert keyfob("wait", "good", socket=agent.socket).returncode == 0


def test_wait_ends_at_once_where_a_login_is_needed(start, standin, profiles, cache, folder):
    agent = start(config(dev=standin_sso(standin)), env=environment(folder, HOME=str(folder)))
    run = at_once("wait", "dev", socket=agent.socket)
    assert run.returncode == 1 and "keyfob login dev" in run.stderr, run


def standin_sso(standin):
    return {
        "type": "sso",
        "sso_start_url": "https://keyfob.awsapps.com/start",
        "sso_region": "us-east-1",
        "sso_account_id": "111122223333",
        "sso_role_name": "dev",
        "endpoint_url": standin.url,
    }


def test_wait_ends_at_once_where_it_is_not_allowed(start, profiles):
    hidden = {**profiles.static(), "allow": {"uids": [STRANGER]}}
    agent = start(config(hidden=hidden, good=profiles.static()))
    for names in (["hidden"], ["good", "hidden"], ["--profile", "hidden"]):
        run = at_once("wait", *names, socket=agent.socket)
        assert run.returncode == 1 and "hint: " in run.stderr, run
    run = at_once("wait", "good", "nobody", socket=agent.socket)
    assert run.returncode == 1 and '"nobody"' in run.stderr, run


def test_wait_with_nothing_configured_is_an_error(zero):
    agent = zero("[profile other]\nregion = us-east-1\n")
    run = at_once("wait", socket=agent.socket)
    assert run.returncode == 1 and "found no AWS credentials" in run.stderr, run


@pytest.mark.parametrize("status", [403, 500])
def test_wait_with_nothing_but_a_useless_metadata_service(start, folder, status):
    """On a machine that is no instance; on one that starts, the service may be late, and is asked again first."""

    class Useless(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            self.send_error(status)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Useless) as service:
        threading.Thread(target=service.serve_forever).start()
        try:
            endpoint = f"http://127.0.0.1:{service.server_port}"
            variables = {"KEYFOB_SOCKET": str(folder / "k.sock"), "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}
            agent = start(None, env=environment(folder, **variables))
            run = at_once("wait", socket=agent.socket)
            assert run.returncode == 1 and "nothing else is configured" in run.stderr, run
            assert agent.profile("default")["failures"] >= 2
            run = keyfob("login", socket=agent.socket)
            assert run.returncode == 1 and "no login is needed" not in run.stdout, run
        finally:
            service.shutdown()


def test_login_of_a_profile_that_was_never_used_and_fails(start, folder):
    """Fetched on demand, it has not failed yet."""
    broken = {"type": "process", "credential_process": "/nope/x", "refresh": "on_demand"}
    agent = start(config(broken=broken))
    run = keyfob("login", "broken", socket=agent.socket)
    assert run.returncode == 1 and run.stdout == "" and "/nope/x" in run.stderr, run


def test_wait_says_what_it_waited_for(start, standin, profiles):
    standin.fault("rolesanywhere", "hang")
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem()))
    run = keyfob("wait", "--timeout", "2s", socket=agent.socket)
    assert run.returncode == 1 and run.stderr.startswith("keyfob: waited 2 s: not ready: onprem ("), run


def test_wait_says_that_no_agent_came(folder):
    run = keyfob("wait", "--timeout", "1s", socket=folder / "none.sock")
    assert run.returncode == 3 and run.stderr.startswith("keyfob: waited 1 s: no agent at "), run


# ---- keyfob status ----


def test_status_for_a_program_has_one_line_for_each_profile(start, profiles):
    role = "arn:aws:iam::111122223333:role/" + "a-rather-long-name" * 3
    wrong = {"type": "web_identity", "role_arn": role, "web_identity_token_file": "/nope/" + "long/" * 30}
    agent = start(config(wrong=wrong, good=profiles.static()))
    agent.wait_for_state("wrong", "failed")
    lines = keyfob("status", socket=agent.socket).stdout.splitlines()
    assert len(lines) == 3 and "does not exist" in lines[2], lines


@pytest.mark.parametrize("columns", [80, 150])
def test_status_fills_a_terminal(start, columns):
    path = "/nope/" + "long/" * 30
    agent = start(config(wrong={"type": "process", "credential_process": f"{path}x"}))
    agent.wait_for_state("wrong", "failed")
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [str(paths.KEYFOB), "status", "--socket", str(agent.socket)]
    subprocess.run(command, env=environment("/nonexistent"), stdout=slave, check=True, timeout=60)
    os.close(slave)
    lines = os.read(master, 65536).decode().splitlines()
    os.close(master)
    assert max(map(len, lines)) <= columns and max(map(len, lines)) > columns - 40, lines


def test_status_checks(start, profiles):
    agent = start(config(wrong={"type": "process", "credential_process": "/nope/x"}, good=profiles.static()))
    agent.wait_for_state("wrong", "failed")
    agent.credentials("good")
    for arguments, status in {
        ("status",): 0,
        ("status", "--check"): 1,
        ("status", "--check", "--json"): 1,
        ("status", "wrong", "--check"): 1,
        ("status", "good", "--check"): 0,
        ("status", "--check", "--watch"): 2,
    }.items():
        run = keyfob(*arguments, socket=agent.socket)
        assert run.returncode == status, run
        assert (run.stdout == "") == (status == 2), run


def test_says_that_allow_hides_all(start, profiles):
    agent = start(config(hidden={**profiles.static(), "allow": {"uids": [STRANGER]}}))
    run = keyfob("status", socket=agent.socket)
    assert run.returncode == 1 and run.stdout == "" and "allow" in run.stderr and str(os.getuid()) in run.stderr, run
    run = at_once("wait", socket=agent.socket)
    assert run.returncode == 1, run


# ---- keyfob login, presign, sign ----


def test_login_reports_that_the_profile_has_failed(zero):
    agent = zero("[profile other]\nregion = us-east-1\n")
    run = keyfob("login", "default", socket=agent.socket)
    assert run.returncode == 1 and run.stdout == "" and "found no AWS credentials" in run.stderr, run


def test_login_of_a_good_profile(start, profiles):
    agent = start(config(good=profiles.static()))
    run = keyfob("login", "good", socket=agent.socket)
    assert run.returncode == 0 and "no login is needed" in run.stdout, run


def test_presign_says_that_the_url_expires_sooner(shared):
    url = "https://my-bucket.s3.us-west-2.amazonaws.com/x"
    run = keyfob("presign", "GET", url, "--expires-in", "12h", "--profile", "irsa", socket=shared.socket)
    seconds = int(re.search(r"X-Amz-Expires=(\d+)", run.stdout)[1])
    assert run.returncode == 0 and seconds < 12 * 3600 and run.stdout.startswith("https://"), run
    assert run.stderr.startswith("keyfob: this URL expires in ") and "not in 12 h 00 min" in run.stderr, run
    run = keyfob("presign", "GET", url, "--expires-in", "10m", "--profile", "irsa", socket=shared.socket)
    assert run.returncode == 0 and run.stderr == "", run


@pytest.mark.parametrize("command", ["sign", "presign"])
def test_hints_name_options(shared, command):
    run = keyfob(command, "GET", "https://example.com/", "--profile", "irsa", socket=shared.socket)
    assert run.returncode == 1 and "--service" in run.stderr and "--region" in run.stderr, run
    assert '"service"' not in run.stderr and "in the request" not in run.stderr, run


def test_errors_name_options(shared):
    url = "https://my-bucket.s3.us-west-2.amazonaws.com/x"
    run = keyfob("sign", "GET", url, "--time", "noon", "--profile", "irsa", socket=shared.socket)
    assert run.returncode == 1 and "--time" in run.stderr, run


def test_the_table_of_hints_has_what_the_agent_says():
    """A text of the agent that has changed must change there, too."""
    table = (SOURCES / "clients/cli/hints.c").read_text()
    rows = re.findall(r'\{("(?:[^"\\]|\\.)*"),\s*"', table)
    assert len(rows) > 10
    texts = ""
    for source in (SOURCES / "sidecar/server").glob("*.c"):
        joined = re.sub(r'"\s*\n\s*"', "", source.read_text())
        texts += "\n".join(ast.literal_eval(s) for s in re.findall(r'"(?:[^"\\\n]|\\["\\nrt])*"', joined))
    # Names of members stand in tables there, without their quotes.
    assert [row for row in rows if ast.literal_eval(row).strip('"') not in texts] == []
