# SPDX-License-Identifier: Apache-2.0
"""Servers in AWS's place that nobody here wrote, with a user and a role that may do everything: they verify signatures
and session tokens by code of their own. tests/servers/requirements.txt names them."""

import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import boto3
from support.agent import environment
from support.paths import BUILD

PROGRAMS = Path(os.environ.get("KEYFOB_SERVERS", BUILD / "servers")) / "bin"
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
READY_SECONDS = 120.0  # hanging, on the slowest of machines


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class JudgeServer:
    """One server; `keys` are a user's, `role` may be assumed with them."""

    def __init__(self, folder, program, arguments, variables, root):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        if not Path(program).exists():
            raise FileNotFoundError(f"{program}: script/test installs it, from tests/servers/requirements.txt")
        with open(folder / "server.log", "wb") as log:
            self._process = subprocess.Popen(
                [program, *(str(a).format(port=self.port) for a in arguments)],
                env=environment(folder, **{k: v.format(port=self.port) for k, v in variables.items()}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        self._root = {"aws_access_key_id": root[0], "aws_secret_access_key": root[1]}

    def wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise AssertionError(f"no server on port {self.port}")

    def as_root(self, service):
        """A client of boto3 with keys that the server does not check, or that it was started with."""
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **self._root)

    def add_user_and_role(self, account):
        iam = self.as_root("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:user/u"}, "Action": "sts:AssumeRole"}
        iam.create_user(UserName="u")
        iam.put_user_policy(UserName="u", PolicyName="all", PolicyDocument=ANYTHING)
        keys = iam.create_access_key(UserName="u")["AccessKey"]
        iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        iam.put_role_policy(RoleName="role", PolicyName="all", PolicyDocument=ANYTHING)
        self.keys = {"access_key_id": keys["AccessKeyId"], "secret_access_key": keys["SecretAccessKey"]}
        self.role = f"arn:aws:iam::{account}:role/role"

    def profiles(self, role=None):
        """Profiles of the user, of its role, and of a user who has the wrong secret."""
        assumed = {"type": "assume_role", "source_profile": "user", "endpoint_url": self.url}
        wrong = self.keys["secret_access_key"][::-1]
        return {
            "user": {"type": "static", **self.keys},
            "role": {**assumed, "role_arn": role or self.role, "role_session_name": "session"},
            "wrong": {"type": "static", **self.keys, "secret_access_key": wrong},
        }

    def send(self, method, url, headers, body=b""):
        """(status, body); the target goes out as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        host, slash, target = url.partition("://")[2].partition("/")
        try:
            connection.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
            connection._buffer[0] = f"{method} {slash}{target} HTTP/1.1".encode()
            for name, value in {"Host": host, "Content-Length": str(len(body)), **headers}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def send_signed(self, agent, profile, service, method, target, headers=None, body=b"", **members):
        """(status, body) of the request as /sign has it signed. `members` replace those of the document."""
        headers = headers or {}
        document = {"method": method, "url": self.url + target, "headers": headers, "service": service,
                    "region": "us-east-1", "payload_text": body.decode(), **members}  # fmt: skip
        reply = agent.sign(profile, {name: value for name, value in document.items() if value is not None})
        assert reply.status == 200, reply.body
        answer = reply.json()
        return self.send(method, answer.get("url", document["url"]), {**headers, **answer["headers"]}, body)

    def send_presigned(self, agent, profile, service, method, target, body=b""):
        document = {"method": method, "url": self.url + target, "service": service, "region": "us-east-1"}
        reply = agent.call("POST", f"/v1/profiles/{profile}/presign", document)
        assert reply.status == 200, reply.body
        return self.send(method, reply.json()["url"], {}, body)

    def end(self):
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_moto(folder):
    """moto checks nothing until it has seen as many requests as there are to set it up."""
    arguments, setup = ["-H", "127.0.0.1", "-p", "{port}"], {"INITIAL_NO_AUTH_ACTION_COUNT": "6"}
    server = JudgeServer(folder, PROGRAMS / "moto_server", arguments, setup, ("AKIAROOT", "root"))
    server.wait_until_ready().add_user_and_role("123456789012")
    server.as_root("s3").create_bucket(Bucket="bucket")
    return server


def start_ministack(folder):
    variables = {"AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "{port}"}
    server = JudgeServer(folder, PROGRAMS / "ministack", [], variables, ("test", "test"))
    server.wait_until_ready().add_user_and_role("000000000000")
    server.as_root("s3").create_bucket(Bucket="bucket")
    return server
