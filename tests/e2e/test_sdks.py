# SPDX-License-Identifier: Apache-2.0
"""The newest AWS SDKs of other languages, from nothing but ~/.aws/config with credential_process. Python's is in
test_clients.py; the toolchains come from the Python packages that carry them."""


import pytest
from support.agent import environment
from support.paths import KEYFOB
from support.programs import output_of, run
from support.sdk import build_go, build_javascript


@pytest.fixture(scope="module")
def javascript():
    return build_javascript()


@pytest.fixture(scope="module")
def go():
    """[program], built from the module that go.sum names."""
    return [build_go()]


@pytest.mark.parametrize("sdk", ["javascript", "go"])
def test_credential_process(request, sdk, standin, profiles, start, folder):
    command = request.getfixturevalue(sdk)
    agent = start({"region": "us-east-1", "profiles": profiles.demo()})
    agent.credentials("tenant-a")
    config = folder / "aws-config"
    config.write_text(
        f"[profile gateway]\nregion = us-east-1\n"
        f"credential_process = {KEYFOB} credential-process tenant-a --socket {agent.socket}\n"
    )
    env = environment(
        folder,
        AWS_CONFIG_FILE=str(config),
        AWS_SHARED_CREDENTIALS_FILE=str(folder / "none"),
        AWS_ENDPOINT_URL_STS=standin.url,
        AWS_EC2_METADATA_DISABLED="true",
    )
    arn = output_of(run(*command, "gateway", env=env))
    assert arn.startswith("arn:aws:sts::444455556666:assumed-role/tenant-a/"), arn
    calls = [c for c in standin.calls() if c["action"] == "GetCallerIdentity"]
    assert len(calls) == 1 and calls[0]["verified"] and not calls[0]["error"]
