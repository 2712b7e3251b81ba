# SPDX-License-Identifier: Apache-2.0
"""The newest AWS SDKs, unmodified, through every way in which they get credentials from elsewhere, over a rotation. The
stand-in verifies each signature. README.md shows the outcome, and has to be what the run gave."""

import os
import subprocess

import pytest
from support import sdk_matrix, tcp_http
from support.agent import environment
from support.paths import KEYFOB
from support.sdk_matrix import RENEWED, RESTARTED, SDKS, WAYS

PROFILE = "irsa"
# So short that many SDKs ask again at each call.
LIFE_SECONDS = 240
# Some ask in the background, and use what they had meanwhile.
CALLS_MAX = 200


class Client:
    """A program that makes a call for each line. `errors` gets what it writes to standard error."""

    def __init__(self, command, env, errors):
        self._errors = errors
        with open(errors, "ab") as stderr:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, bufsize=1,
            )

    def call(self):
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has made its one call, or failed: standard output says
        answer = self._process.stdout.readline().strip()
        assert answer.startswith(("arn:aws:sts::", "true")), f"{self._errors.name}: {answer} {self._errors.read_text()}"

    def end(self):
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(60) == 0, self._errors.read_text()


@pytest.fixture
def agent(start, standin, folder, profiles):
    standin.fault("sts", "short_life", seconds=LIFE_SECONDS)
    container = {"tcp": "127.0.0.1:0", "api": ["container"], "profile": PROFILE,
                 "authorization_token_file": str(folder / "token")}
    imds = {"tcp": "127.0.0.1:0", "api": ["imds"], "profile": PROFILE}
    listeners = [{"unix": str(folder / "k.sock")}, container, imds]
    return start({"region": "us-east-1", "listeners": listeners, "profiles": {PROFILE: profiles.irsa()}})


def settings(way, agent, folder, url):
    """A home, and what a user sets to use the agent in this way: nothing that an SDK offers for tests alone."""
    home = folder / way
    (home / ".aws").mkdir(parents=True)
    more = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_STS": url}
    if way == "container":
        (at,) = tcp_http.listeners(agent, "container")
        more |= {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{at}/",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "token")}
    elif way == "imds":
        (at,) = tcp_http.listeners(agent, "imds")
        more |= {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{at}", "AWS_EC2_METADATA_V1_DISABLED": "true"}
    else:
        line = f"credential_process = {KEYFOB} credential-process {PROFILE} --socket {agent.socket}\n"
        (home / ".aws" / "config").write_text(f"[profile gateway]\n{line}")
        (home / ".aws" / "credentials").write_text(f"[gateway]\n{line}")
        more |= {"AWS_PROFILE": "gateway"}
    if way != "imds":
        more |= {"AWS_EC2_METADATA_DISABLED": "true"}
    return environment(home, **more)


def try_way(key, way, command, agent, standin, folder):
    """RENEWED or RESTARTED: how the client came to use the new credentials."""
    env = settings(way, agent, folder, standin.url)

    def start_client():
        return Client(command, env, folder / f"{way}.err")

    def key_of_last_call():
        call = standin.calls()[-1]
        assert call["verified"] and not call["error"] and call["service"] in ("sts", "s3"), call
        return call["access_key_id"]

    def rotated():
        assert agent.refresh(PROFILE).status == 200
        return agent.credentials(PROFILE)["AccessKeyId"]

    client = start_client()
    first = agent.credentials(PROFILE)["AccessKeyId"]
    client.call()
    assert key_of_last_call() == first
    second = rotated()
    assert second != first
    if not SDKS[key].is_one_call:
        for _ in range(CALLS_MAX):
            client.call()
            if key_of_last_call() == second:
                client.end()
                return RENEWED
    client.end()
    client = start_client()
    client.call()
    client.end()
    assert key_of_last_call() == second
    return RENEWED if SDKS[key].is_one_call else RESTARTED


@pytest.mark.parametrize("key", SDKS)
def test_sdk(key, agent, standin, folder):
    if SDKS[key].is_long and not os.environ.get("KEYFOB_ALL_SDKS"):
        pytest.skip("takes long to build: script/test-sdks")
    command = SDKS[key].command(standin.url)
    row = sdk_matrix.row(key, {way: try_way(key, way, command, agent, standin, folder) for way in WAYS})
    if os.environ.get("KEYFOB_WRITE_SDKS"):
        sdk_matrix.write({**sdk_matrix.read(), key: row})
    assert sdk_matrix.read().get(key) == row, "README.md differs: run script/test-sdks --write"


def test_readme_has_each_sdk_once_at_its_version():
    """Also of those that only script/test-sdks tries."""
    rows = sdk_matrix.read()
    assert list(rows) == list(SDKS)
    for key, row in rows.items():
        assert row.split(" | ")[1] == SDKS[key].version(), row
