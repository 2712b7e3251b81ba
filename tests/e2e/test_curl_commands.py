# SPDX-License-Identifier: Apache-2.0
"""`keyfob sign --curl`: curl sends what was signed, whatever the URL, the method and the shell; a service that verifies
judges what arrives. No secret is an argument of a process."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.agent import environment
from support.paths import KEYFOB
from support.profiles import config

SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh", "ksh", "busybox") if shutil.which(shell)]


def keyfob(agent, *arguments):
    return subprocess.run(
        [KEYFOB, *arguments, "--socket", agent.socket],
        env=environment("/nonexistent"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def command_of(agent, *arguments, profile="irsa", service="es"):
    run = keyfob(agent, "sign", *arguments, "--curl", "--profile", profile, "--service", service, "--region", "us-east-1")
    assert run.returncode == 0 and run.stderr == "", run.stderr
    return run.stdout


def send(standin, command, shell=("sh", "-c")):
    """Runs the command as it was printed; only where curl connects to is another place."""
    command = command.replace("curl ", f"curl -sS --connect-to ::127.0.0.1:{standin.port} ", 1)
    run = subprocess.run([*shell, command], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0 and run.stderr == "", run.stderr
    return run.stdout


def accepted(standin, output):
    """The stand-in echoes what it accepted; its refusals have no such member."""
    answer = json.loads(output)
    return answer.get("echo", answer).get("role") is not None, answer


URLS = [
    "http://es.us-east-1.amazonaws.com/x?k=a,b",
    "http://es.us-east-1.amazonaws.com/é",
    "http://es.us-east-1.amazonaws.com/%c3%a9/日本/%2f%7E",
    "http://es.us-east-1.amazonaws.com/x?q=é&&k[]=1&a=b+c&d=%7e%zz&=v",
    "http://ES.us-East-1.amazonaws.com/x",
    "http://ES.us-east-1.amazonaws.com:80/X",
    "http://es.us-east-1.amazonaws.com:/x",
    "http://es.us-east-1.amazonaws.com:8443/x",
    "HTTP://es.us-east-1.amazonaws.com?x",
    "http://es.us-east-1.amazonaws.com",
    "http://es.us-east-1.amazonaws.com./x",
    "http://[0:0:0:0:0:0:0:1]/x",
    "http://[2001:DB8::7]:8443/x?y",
    "http://[::FFFF:7F00:1]/",
    "http://0x7f.1/x",
    "http://127.1:8443/x",
    "http://2130706433/x",
    "http://0177.0.0.01/x",
    "http://1a.example/x",
    "http://es.us-east-1.amazonaws.com/a//b/./c/../d/%2e%2E/",
    "http://es.us-east-1.amazonaws.com/{a,b}[1-3]\"<>|^`\\'$(id)`id`!",
    "http://es.us-east-1.amazonaws.com/100%",
]


@pytest.mark.parametrize("service", ["es", "s3"])
@pytest.mark.parametrize("url", URLS)
def test_urls(shared, standin, url, service):
    good, answer = accepted(standin, send(standin, command_of(shared, "GET", url, service=service)))
    assert good, answer


@pytest.mark.parametrize("key", ["dt=1", "f(1).txt", "a+b", "a%2Bb", "~%7E", ":@,;!$&*", "é", "a%2fb", "x//y/../z"])
def test_keys_of_s3(shared, standin, key):
    url = f"http://bkt.s3.us-west-2.amazonaws.com/{key}"
    good, answer = accepted(standin, send(standin, command_of(shared, "GET", url, service="s3")))
    assert good, answer


@pytest.mark.parametrize(
    ("method", "more", "printed"),
    [
        ("GET", [], "-X 'GET'"),
        ("get", [], "-X 'GET'"),
        ("Patch", ["-d", "x"], "-X 'PATCH'"),
        ("get", ["-d", "x"], "-X 'GET'"),
        ("DELETE", [], "-X 'DELETE'"),
        ("OPTIONS", [], "-X 'OPTIONS'"),
        ("POST", ["-d", ""], "-X 'POST'"),
        ("POST", ["-d", "@/dev/null"], "-X 'POST'"),
        ("PUT", ["-d", "it's\n$(id)", "-H", "content-type: text/plain"], "-X 'PUT'"),
        ("PUT", ["-d", "x", "-H", "content-length: 1", "-H", "x-empty:", "-H", "Host: es.example:8443"], "-X 'PUT'"),
    ],
)
def test_methods_and_bodies(shared, standin, method, more, printed):
    command = command_of(shared, method, "http://es.us-east-1.amazonaws.com/x", *more)
    assert command.startswith(f"curl --path-as-is --globoff {printed} ")
    good, answer = accepted(standin, send(standin, command))
    assert good, answer


@pytest.mark.parametrize("more", [[], ["-d", ""]])
@pytest.mark.parametrize("method", ["HEAD", "head"])
def test_head(shared, standin, method, more):
    command = command_of(shared, method, "http://es.us-east-1.amazonaws.com/x", *more)
    assert send(standin, command).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("form", ["-c", "eval"])
def test_shells(shared, standin, shell, form, folder):
    """Pasted, and as the README has it: the command substitution takes the last line's end away."""
    text = command_of(shared, "POST", "http://es.us-east-1.amazonaws.com/x", "-d", "it's {}")
    (folder / "command").write_text(text)
    run = [shell, *(["sh"] if shell == "busybox" else []), "-c"]
    if form == "eval":
        run = [*run, f'eval "$(sed "1s/curl /curl -sS --connect-to ::127.0.0.1:{standin.port} /" "$0")"', folder / "command"]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        output = done.stdout
    else:
        output = send(standin, text, run)
    good, answer = accepted(standin, output)
    assert good, answer


def test_no_secret_is_an_argument(shared, standin, folder):
    """What other users see of curl: its arguments."""
    spy = folder / "curl"
    spy.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$0.arguments"; cat >"$0.input"\n')
    spy.chmod(0o755)
    token = shared.credentials("irsa")["SessionToken"]
    command = command_of(shared, "POST", "http://es.us-east-1.amazonaws.com/x", "-d", "{}", "-H", "x-a: 1")
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", command], check=True, timeout=60, env=environment)
    arguments, stdin = (Path(f"{spy}.{name}").read_text() for name in ("arguments", "input"))
    assert token in stdin and "authorization: AWS4-HMAC-SHA256 " in stdin
    assert token not in arguments and "Signature=" not in arguments and "x-a: 1" in arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["HEAD", "http://es.example/x", "-d", "x"], "curl sends no body with HEAD"),
        (["GET", "wss://x.iot.us-east-1.amazonaws.com/mqtt"], "curl does not send requests to wss://"),
        (["PUT", "http://es.example/x", "-d", "@-"], "standard input again"),
        (["PUT", "http://es.example/x", "-d", "@/dev/stdin"], "not a regular file"),
        (["PUT", "http://es.example/x", "-d", "@/proc/self/fd/0"], "not a regular file"),
    ],
)
def test_refuses_what_curl_does_not_send(shared, arguments, words):
    run = keyfob(shared, "sign", *arguments, "--curl", "--service", "es", "--region", "us-east-1")
    assert run.returncode == 2 and run.stdout == "" and words in run.stderr


def test_says_which_url_to_send(shared):
    """Without --curl the headers are all of standard output."""
    arguments = ["--profile", "irsa", "--service", "es", "--region", "us-east-1"]
    run = keyfob(shared, "sign", "GET", "http://ES.example:80/é", *arguments)
    assert run.returncode == 0 and run.stderr == "keyfob: send the request to http://es.example/%C3%A9\n"
    assert all(": " in line for line in run.stdout.splitlines())


def test_services_without_signed_payloads(start, profiles, standin):
    agent = start(config(irsa=profiles.irsa()))
    for service, more in (("vpc-lattice-svcs", []), ("vpc-lattice-svcs", ["-d", "x"]), ("s3", ["--unsigned-payload"])):
        run = keyfob(agent, "sign", "PUT", "https://h.example/", *more, "--profile", "irsa", "--service", service)
        assert "x-amz-content-sha256: UNSIGNED-PAYLOAD\n" in run.stdout, run.stderr
    run = keyfob(agent, "sign", "PUT", "https://h.example/", "--unsigned-payload", "--profile", "irsa", "--service", "es")
    assert run.returncode == 1 and "es does not accept unsigned payloads" in run.stderr
