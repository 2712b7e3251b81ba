# SPDX-License-Identifier: Apache-2.0
"""Real clients, as their users configure them: boto3, the AWS CLI, curl."""

import json
from pathlib import Path

import boto3
import pytest
from standin import demo
from support import paths
from support.agent import environment
from support.programs import AWS, keyfob, output_of, run


@pytest.fixture
def aws_home(shared, standin, folder):
    """A home with ~/.aws/config that names keyfob as the process for credentials; its environment."""
    lines = []
    for profile in ("irsa", "onprem", "tenant-a", "base"):
        lines += [
            f"[profile {profile}]",
            "region = us-east-1",
            f"endpoint_url = {standin.url}",
            f"credential_process = {paths.KEYFOB} credential-process {profile} --socket {shared.socket}",
        ]
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text("\n".join(lines) + "\n")
    return environment(folder, AWS_EC2_METADATA_DISABLED="true")


@pytest.mark.parametrize(
    ("profile", "arn"),
    [
        ("irsa", ":assumed-role/gateway/"),
        ("onprem", ":assumed-role/onprem/"),
        ("tenant-a", ":assumed-role/tenant-a/"),
        ("base", demo.USER),
    ],
)
def test_aws_cli(aws_home, profile, arn):
    finished = run(AWS, "sts", "get-caller-identity", "--profile", profile, "--output", "json", env=aws_home)
    assert arn in json.loads(output_of(finished))["Arn"]


def test_aws_cli_bedrock(aws_home):
    messages = json.dumps([{"role": "user", "content": [{"text": "hi"}]}])
    command = [AWS, "bedrock-runtime", "converse", "--profile", "tenant-a", "--model-id", "a.b-v1:0"]
    answer = output_of(run(*command, "--messages", messages, "--output", "json", env=aws_home))
    echo = json.loads(json.loads(answer)["output"]["message"]["content"][0]["text"])
    assert echo["role"] == demo.TENANT_ROLE + "tenant-a"


def test_boto3(aws_home, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws_home.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(profile_name="onprem")
    credentials = session.get_credentials()
    assert credentials.method == "custom-process"
    assert "/onprem/" in session.client("sts").get_caller_identity()["Arn"]
    stream = session.client("bedrock-runtime").converse_stream(
        modelId="m:0", messages=[{"role": "user", "content": [{"text": "hi"}]}]
    )["stream"]
    assert any("messageStop" in event for event in stream)


def test_aws_cli_shows_the_error(aws_home):
    """The message of keyfob on standard error reaches the user of the AWS CLI."""
    config = Path(aws_home["HOME"]) / ".aws" / "config"
    config.write_text(config.read_text().replace("credential-process irsa", "credential-process nobody"))
    finished = run(AWS, "sts", "get-caller-identity", "--profile", "irsa", env=aws_home)
    assert finished.returncode != 0 and "nobody" in finished.stderr


@pytest.mark.parametrize("body", [None, '{"messages": ["it\'s"]}', "two\nlines $HOME `id` \\"])
def test_curl_from_keyfob_sign(shared, standin, body):
    """The printed command works unchanged, whatever the body contains."""
    arguments = ["sign", "POST" if body else "GET", standin.url + "/model/a.b-v1%3A0/converse?x=1&y=%20", "--curl"]
    arguments += ["--profile", "tenant-a", "--service", "bedrock", "--region", "us-east-1"]
    arguments += ["-H", "content-type: application/json", "-H", "x-amzn-bedrock-trace: ENABLED"]
    command = output_of(keyfob(*arguments, *(["-d", body] if body else []), socket=shared.socket))
    assert command.startswith("curl ")
    echo = json.loads(output_of(run("sh", "-c", command.replace("curl ", "curl -sS --fail-with-body ", 1))))
    echo = echo.get("echo", echo)
    assert echo["role"] == demo.TENANT_ROLE + "tenant-a" and "x-amzn-bedrock-trace" in echo["signed_headers"]
    assert echo["payload_length"] == len((body or "").encode())


def test_body_from_a_file(shared, standin, folder):
    (folder / "body.json").write_bytes(b"\x00\xff{}\n")
    arguments = ["sign", "POST", standin.url + "/x", "-d", f"@{folder / 'body.json'}", "--curl", "--profile", "irsa"]
    command = output_of(keyfob(*arguments, "--service", "bedrock", "--region", "us-east-1", socket=shared.socket))
    assert json.loads(output_of(run("sh", "-c", command)))["payload_length"] == 5


def test_curl_with_a_presigned_url(shared, standin):
    arguments = ["presign", "GET", standin.url + "/x?a=1", "--profile", "irsa"]
    url = output_of(keyfob(*arguments, "--service", "bedrock", "--region", "us-east-1", socket=shared.socket)).strip()
    assert json.loads(output_of(run("curl", "-sS", url)))["presigned"] is True
