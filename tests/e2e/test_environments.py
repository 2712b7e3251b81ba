# SPDX-License-Identifier: Apache-2.0
"""Whose credentials a host has: keyfob in zero configuration beside boto3 and the AWS SDK for Go, each given the same
variables, files and endpoints. All three name the same identity (by GetCallerIdentity, with what they found), or the
row names the difference and its reason."""

import json
import string
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from standin import demo
from support import aws
from support.agent import Agent, environment
from support.environment_row import ACCOUNT, ERROR, INTERACTIVE, SSO_ROLE, USERS, user
from support.environment_rows import ROWS as LOCAL_ROWS
from support.environment_rows_served import SERVED_ROWS
from support.login_cache import LoginCache
from support.polling import until
from support.sdk import build_go
from support.sso_cache import Cache

ROWS = LOCAL_ROWS + SERVED_ROWS
BOTO = """
import boto3
print(boto3.client("sts", region_name="us-east-1").get_caller_identity()["Arn"])
"""
BASE = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL_STS": "$url",
    "AWS_ENDPOINT_URL_SSO": "$url",
    "AWS_MAX_ATTEMPTS": "1",
}


@pytest.fixture(scope="module")
def go_program():
    return build_go()


@pytest.fixture(scope="module")
def world(standin_process):
    """Users with keys of their own, roles that trust them, and the values that rows may name."""
    users = {name: {"arn": user(name), "access_key_id": f"AKIATEST{name.upper():X<12}"[:20],
                    "secret_access_key": f"{name}-" + "s" * 30} for name in USERS}
    for document in users.values():
        standin_process.control("POST", "users", document)
    arn = f"arn:aws:iam::{ACCOUNT}:role/"
    hosts = ("in-container", "on-instance")
    people = (*(u["arn"] for u in users.values()), INTERACTIVE)
    people = (*people, f"{arn}aws-reserved/sso.amazonaws.com/{SSO_ROLE}")
    trusted = [{"principal": p} for p in (*people, *(arn + h for h in hosts))]
    outer = [{"principal": u["arn"], "external_id": "tenant:7"} for u in users.values()]
    for name, trust in (
        *((h, []) for h in hosts),
        ("hop", trusted),
        ("external", outer),
        ("second", [{"principal": arn + "hop"}]),
        ("third", [{"principal": arn + "second"}]),
        ("after-web", [{"principal": demo.ROLE + "gateway"}]),
    ):
        standin_process.control("POST", "roles", {"arn": arn + name, "trust": trust})
    values = {}
    for name, document in users.items():
        values[f"{name}_id"], values[f"{name}_secret"] = document["access_key_id"], document["secret_access_key"]
    sts = aws.client(standin_process, "sts", standin_process.user)
    session = sts.assume_role(RoleArn=demo.ROLE + "base", RoleSessionName="lambda")["Credentials"]
    values["session_id"], values["session_secret"] = session["AccessKeyId"], session["SecretAccessKey"]
    values["session_token"] = session["SessionToken"]
    values["container_token"] = "container-token-" + "t" * 30
    return {**values, "url": standin_process.url, "token_file": str(standin_process.dir / "token.jwt")}


class Host:
    """A home folder with a row's files, and its environment."""

    def __init__(self, folder, row, world):
        self.folder, self.values = folder, {**world, "home": str(folder), "program": str(folder / "program")}
        (folder / ".aws").mkdir()
        for name, text in {".aws/config": row.config, ".aws/credentials": row.credentials, **row.files}.items():
            if text:
                (folder / name).write_text(self.fill(text))
        document = {"Version": 1, "AccessKeyId": world["process_id"], "SecretAccessKey": world["process_secret"]}
        program = folder / "program"
        program.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(document)}\nE\n")
        program.chmod(0o755)
        self.env = {k: self.fill(v) for k, v in {**BASE, **row.env}.items() if v is not None}

    def fill(self, text):
        return string.Template(text).substitute(self.values)

    def run(self, *command):
        """The ARN that a program prints, or ERROR."""
        done = subprocess.run(
            command, env=environment(self.folder, **self.env), capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip() if done.returncode == 0 else ERROR

    def keyfob(self, standin):
        agent = Agent(self.folder, None, ["--socket", self.folder / "k.sock"], environment(self.folder, **self.env))
        try:
            if agent.process.poll() is None and not self._listens(agent):
                assert agent.process.wait(10) == 78, agent.stderr()
                return ERROR, None
            # Not a long wait: it outlasts faults that may pass, as that of a command is.
            agent.call("GET", "/v1/profiles/default/credentials?wait=0")
            about = until(lambda: self._settled(agent.profile("default")), what="credentials, or an error")
            reply = agent.call("GET", "/v1/profiles/default/credentials?wait=0")
            agent.end()
            agent.check_log([v for k, v in self.values.items() if k.endswith(("_secret", "_token"))])
            if reply.status != 200:
                return ERROR, about
            identity = aws.client(standin, "sts", reply.json()).get_caller_identity()
            return identity["Arn"], about
        finally:
            if agent.process.poll() is None:
                agent.process.kill()
                agent.process.wait()

    @staticmethod
    def _settled(about):
        return about if about["state"] == "fresh" or about["last_error"] else None

    @staticmethod
    def _listens(agent):
        try:
            agent.wait_until_listening()
            return True
        except AssertionError:
            return False


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_same_identity(row, standin, world, folder, go_program):
    host = Host(folder, row, world)
    arn = f"arn:aws:iam::{ACCOUNT}:role/"
    roles = {"container_role": arn + "in-container", "instance_role": arn + "on-instance"}
    standin.control("POST", "host", {**roles, "authorization": world["container_token"]})
    if row.login:
        Cache(folder, standin).log_in(row.login)
    if row.is_logged_in:  # credentials that need no refresh: of three at once, two would come too late
        LoginCache(folder, standin).log_in(INTERACTIVE)
    with ThreadPoolExecutor() as pool:
        boto = pool.submit(host.run, sys.executable, "-c", BOTO)
        go = pool.submit(host.run, go_program)
        keyfob, about = host.keyfob(standin)
    assert keyfob == row.keyfob, about
    assert boto.result() == (row.boto or row.keyfob)
    assert go.result() == (row.go or row.keyfob)
    assert row.why or not (row.boto or row.go)
    if about and keyfob != ERROR:
        assert about["source"] == about["chain"][-1]["link"]


def test_enough_rows():
    assert len(ROWS) >= 30 and len({row.name for row in ROWS}) == len(ROWS)
