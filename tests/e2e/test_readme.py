# SPDX-License-Identifier: Apache-2.0
"""README.md typed literally: its commands need nothing that it does not say. "Use it" is for the demo of script/run."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import paths

README = (paths.REPOSITORY / "README.md").read_text()
USE = README.partition("## Use it")[2].partition("## Install it")[0]
WITHOUT, _, WITH = README.partition("### Without a configuration")[2].partition("### With a configuration")
ROLE = "assumed-role/tenant-a/"


def blocks(language, text=USE):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def home(folder):
    (folder / ".aws").mkdir()
    (folder / ".aws/config").write_text("".join(blocks("ini")))
    return folder


@pytest.fixture
def exports(home):
    """What the demo prints for another shell."""
    variables = {**os.environ, "HOME": str(home), "KEYFOB_BUILD": str(paths.BUILD)}
    demo = [sys.executable, str(paths.REPOSITORY / "script/lib/demo.py")]
    with subprocess.Popen(demo, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if "Ctrl-C" in line:
                    break
            yield [line for line in lines if line.startswith("export ")]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


def type_in(home, lines):
    """In a shell of a user who has the AWS CLI, whose calls to AWS itself end at a proxy that is not there."""
    variables = {
        "PATH": f"/usr/local/bin:/usr/bin:/bin:{Path(sys.executable).parent}",
        "HOME": str(home),
        "https_proxy": "http://127.0.0.1:9",
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(home / "run"),
    }
    shell = ["bash", "--norc", "-u", "-c", "\n".join(lines)]
    return subprocess.run(shell, env=variables, capture_output=True, text=True, timeout=120, check=False)


def test_the_demo_is_used(home, exports):
    assert [line.split()[1].partition("=")[0] for line in exports] == ["PATH", "AWS_ENDPOINT_URL"]
    socket, command_line, one_command, shell = blocks("sh")

    done = type_in(home, [*exports, socket])
    assert '"SessionToken":' in done.stdout and '"authorization":"AWS4-HMAC-SHA256 ' in done.stdout, done

    done = type_in(home, [*exports, command_line])
    assert ROLE in done.stdout and done.stderr == "", done

    done = type_in(home, [*exports, one_command])
    assert ROLE in done.stdout and re.search("^ASIA[A-Z0-9]+$", done.stdout, re.MULTILINE), done
    assert re.fullmatch(r"keyfob: the credentials in the environment are valid until .*\n", done.stderr), done

    done = type_in(home, [*exports, shell, 'echo "$AWS_BEARER_TOKEN_BEDROCK $AWS_ACCESS_KEY_ID"'])
    assert "X-Amz-Signature=" in done.stdout and re.search("^bedrock-api-key-.* ASIA", done.stdout, re.MULTILINE), done
    assert "keyfob:" not in done.stderr and "curl: (" in done.stderr, done


def test_an_agent_of_ones_own(home):
    (home / "run").mkdir(mode=0o700)
    (home / ".aws/config").write_text("".join(blocks("ini", WITHOUT)))
    installed = f'PATH="{paths.BUILD}:$PATH"'
    try:
        done = type_in(home, [installed, *blocks("sh", WITHOUT)])
        answers = f"the agent answers at {home}/run/keyfob/keyfob.sock\n"
        assert done.stdout.startswith(answers) and "the agent has ended" in done.stdout, done
        assert "skipped: environment (AWS_ACCESS_KEY_ID is not set)" in done.stdout, done
        assert done.stderr.splitlines()[0] == 'keyfob: no profile "dev" is configured', done

        (home / ".config/keyfob").mkdir(parents=True)
        (home / ".config/keyfob/config.json").write_text(blocks("json", WITH)[0])
        done = type_in(home, [installed, *blocks("sh", WITH)])
        assert f"2 profiles, 1 listener: 1 warning\n{answers}" in done.stdout and "\nfresh" not in done.stdout, done
        token = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token: does not exist"
        assert done.stderr.count(token) == 2 and f"{token}\nhint: create it" in done.stdout, done
        assert re.search(r"^tenant-a +assume_role +failed ", done.stdout, re.MULTILINE), done
    finally:
        type_in(home, [installed, "keyfob agent stop"])
