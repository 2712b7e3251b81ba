# SPDX-License-Identifier: Apache-2.0
"""AWS's own client of IAM Roles Anywhere, aws_signing_helper, against the stand-in: it judges the stand-in, and keyfob
gets the same from the same files."""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest
from standin import demo
from support.agent import environment
from support.aws import client, echo
from support.paths import BUILD, TESTS
from support.profiles import config

MODULE = "github.com/aws/rolesanywhere-credential-helper"


@pytest.fixture(scope="module")
def helper():
    """The program, built from the module that go.sum names."""
    tools = Path(importlib.util.find_spec("go").origin).parent / "bin"
    program = BUILD / "sdk" / "aws_signing_helper"
    program.parent.mkdir(exist_ok=True)
    command = [tools / "go", "build", "-buildvcs=false", "-o", program, MODULE]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "KEYFOB_"))}
    env = {**kept, "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(command, cwd=TESTS / "sdk" / "go-rolesanywhere", check=True, env=env)
    return program


@pytest.fixture
def ask(helper, standin, folder):
    """ask(certificate, key, *options): the finished process of credential-process."""

    def run(certificate, key, *options, endpoint=None):
        command = [helper, "credential-process", "--region", demo.REGION, "--endpoint", endpoint or standin.url]
        command += ["--certificate", standin.certificate(certificate), "--private-key", standin.certificate(key)]
        command += ["--trust-anchor-arn", demo.TRUST_ANCHOR, "--profile-arn", demo.PROFILE]
        command += ["--role-arn", demo.ROLE + "onprem", *options]
        return subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=60)

    return run


def who(standin, credentials):
    return client(standin, "sts", credentials).get_caller_identity()["Arn"]


@pytest.mark.parametrize(
    ("certificate", "key", "chain"),
    [
        ("rsa.pem", "rsa-key.pem", None),
        ("ec.pem", "ec-key.pem", None),
        ("p384.pem", "p384-key.pem", None),
        ("chained.pem", "chained-key.pem", "intermediate.pem"),
    ],
)
def test_issues_the_same_session_as_the_helper(ask, start, standin, profiles, certificate, key, chain):
    chain = standin.certificate(chain) if chain else None
    run = ask(certificate, key, *(["--intermediates", chain] if chain else []))
    assert run.returncode == 0, run.stderr
    theirs = json.loads(run.stdout)
    assert echo(standin, theirs)["role"] == demo.ROLE + "onprem"
    agent = start(config(onprem=profiles.onprem(certificate, key, **({"certificate_chain": chain} if chain else {}))))
    ours = agent.credentials("onprem")
    assert who(standin, ours) == who(standin, theirs)
    first, second = standin.calls(action="CreateSession")
    for name in ("verified", "caller", "serial", "algorithm", "region", "role", "chain_length", "signed_headers"):
        assert first[name] == second[name], name
    assert first["verified"]


def test_works_over_tls(ask, standin):
    run = ask("ec.pem", "ec-key.pem", "--no-verify-ssl", endpoint=standin.tls_url)
    assert run.returncode == 0, run.stderr
    (call,) = standin.calls(action="CreateSession")
    assert call["verified"]


@pytest.mark.parametrize("name", ["untrusted", "expired", "not-yet"])
def test_reports_refusals(ask, standin, name):
    run = ask(f"{name}.pem", f"{name}-key.pem")
    assert run.returncode != 0 and not run.stdout
    assert {c["error"]["code"] for c in standin.calls(action="CreateSession")} == {"AccessDenied"}
