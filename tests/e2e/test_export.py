# SPDX-License-Identifier: Apache-2.0
"""`keyfob export`: the shells and tools that read each format are the judges."""

import json
import os
import random
import shutil
import signal
import string
import subprocess
import sys

import boto3
import pytest
from support import paths
from support.agent import environment
from support.polling import until
from support.profiles import config
from support.programs import AWS, keyfob, output_of, run, take_interrupts

SEED = 20261201
# All that a key may contain: everything printable but blanks, quotation marks and backslashes.
ODD = "".join(c for c in string.punctuation if c not in '"\\')
KEYS = {
    "odd": {
        "access_key_id": "ASIAEXAMPLEKEYID0001",
        "secret_access_key": f"wJalrXUtnFEMI$(false)`false`{ODD}''$HOME;exit",
        "session_token": f"{ODD}IQoJb3JpZ2luX2VjEXAMPLE{ODD}",
    },
    "lasting": {
        "access_key_id": "AKIDEXAMPLEKEYFOB0001",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    },
}
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_ACCOUNT_ID": "account_id",
}
POSIX = [shell for shell in ["sh", "dash", "bash", "zsh", "busybox"] if shutil.which(shell)]


@pytest.fixture
def agent(start):
    return start(config(**{name: {"type": "static", **keys} for name, keys in KEYS.items()}))


def export(agent, profile, form, *more):
    return output_of(keyfob("export", profile, "--format", form, *more, socket=agent.socket))


def variables_after(command, text, env):
    """The variables that a shell passes on once it has read `text`."""
    dump = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    return json.loads(output_of(run(*command, f"{text}\n{dump}", env=env)))


SHELLS = [("env", [shell, *(["sh"] if shell == "busybox" else []), "-euc"]) for shell in POSIX]
SHELLS += [("fish", ["fish", "--no-config", "-c"])]


@pytest.mark.parametrize(("form", "command"), SHELLS, ids=[command[0] for _, command in SHELLS])
def test_shells_take_every_key_as_it_is(agent, folder, form, command):
    clean = environment(folder)
    earlier = {**clean, **dict.fromkeys([*VARIABLES, "AWS_CREDENTIAL_EXPIRATION"], "EARLIER")}
    for profile, keys in KEYS.items():
        for env in [clean, earlier]:
            found = variables_after(command, export(agent, profile, form), env)
            assert {v: found.get(v) for v in VARIABLES} == {v: keys.get(k) for v, k in VARIABLES.items()}
            assert "AWS_CREDENTIAL_EXPIRATION" not in found  # keys of this kind never expire


def powershell_texts(script):
    """The texts in single quotes, by the rules of PowerShell's manual (about_Quoting_Rules): a quotation mark that is
    doubled stands for itself, also the four of Unicode that it takes for one."""
    quotes, texts, i = "'\u2018\u2019\u201a\u201b", [], 0
    while i < len(script):
        assert script[i] in quotes
        i += 1
        text = ""
        while script[i] not in quotes or script[i + 1 : i + 2] in list(quotes):
            i += 2 if script[i] in quotes else 1
            text += script[i - 1]
        texts.append(text)
        i += 2  # the quotation mark and the NUL that separates texts here
    return texts


@pytest.mark.parametrize("form", ["env", "fish", "powershell"])
def test_quotes_any_text(form):
    rng = random.Random(SEED)
    odd = "'\"\\$`!*?[]{}()<>|&;#~%^=, \t\n\r\u2018\u2019\u201a\u201b\u201c\u2013é😀ab"
    texts = ["".join(rng.choices(odd, k=rng.randint(0, 30))) for _ in range(500)] + list(odd)
    quoted = subprocess.run(
        [paths.BUILD / "export_quotes", form], input="".join(f"{t}\0" for t in texts).encode(), capture_output=True,
        check=True,
    ).stdout.decode()
    assert quoted.count("\0") == len(texts)
    if form == "powershell":
        assert powershell_texts(quoted) == texts
        return
    script = "printf '%s\\0' " + quoted.replace("\0", " ")
    for shell in POSIX if form == "env" else ["fish"]:
        command = [shell, *(["sh"] if shell == "busybox" else []), "-c", script]
        found = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        assert found.split("\0")[:-1] == texts, shell


def test_powershell_sets_and_removes_variables(agent):
    """By the same rules, as PowerShell is not in Debian."""
    for profile, keys in KEYS.items():
        lines = dict(line.split(" = ", 1) for line in export(agent, profile, "powershell").splitlines())
        assert set(lines) == {f"$Env:{v}" for v in [*VARIABLES, "AWS_CREDENTIAL_EXPIRATION"]}
        for variable, key in VARIABLES.items():
            value = lines[f"$Env:{variable}"]
            assert value == "$null" if key not in keys else powershell_texts(value) == [keys[key]]


def test_json_is_what_credential_process_prints(agent, folder):
    text = export(agent, "odd", "json")
    assert text == output_of(keyfob("export", "odd", socket=agent.socket))  # the default, as the AWS CLI's
    assert text == output_of(keyfob("credential-process", "odd", socket=agent.socket))
    command = f"{paths.KEYFOB} export odd --format json --socket {agent.socket}"
    (folder / "config").write_text(f"[profile p]\ncredential_process = {command}\n")
    env = environment(folder, AWS_CONFIG_FILE=str(folder / "config"), AWS_PROFILE="p")
    report = "import boto3; print(boto3.Session().get_credentials().get_frozen_credentials().secret_key)"
    assert output_of(run(sys.executable, "-c", report, env=env)).strip() == KEYS["odd"]["secret_access_key"]


@pytest.mark.parametrize("profile", KEYS)
def test_credentials_file_is_read_by_boto3_and_the_aws_cli(agent, folder, profile, monkeypatch):
    path = folder / "credentials"
    keys = KEYS[profile]
    assert keyfob("export", profile, "--format", "credentials-file", "--file", path, socket=agent.socket).stdout == ""
    assert path.stat().st_mode & 0o777 == 0o600
    for name in [None, "default", profile]:
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        found = boto3.Session(profile_name=name).get_credentials()
        assert (found.access_key, found.secret_key, found.token) == (
            keys["access_key_id"], keys["secret_access_key"], keys.get("session_token"))
        assert found.account_id == keys.get("account_id")
        env = environment(folder, AWS_SHARED_CREDENTIALS_FILE=str(path), **({"AWS_PROFILE": name} if name else {}))
        value = output_of(run(AWS, "configure", "get", "aws_secret_access_key", env=env)).strip()
        assert value == keys["secret_access_key"]


def test_claude_code_gets_what_sts_answers(start, profiles):
    agent = start(config(irsa=profiles.irsa()))
    document = agent.credentials("irsa")
    found = json.loads(export(agent, "irsa", "claude-code"))
    assert found == {
        "Credentials": {k: document[k] for k in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]}
    }


def test_names_what_is_wrong(agent, folder):
    for arguments, code, text in [
        (["odd", "--format", "cmd"], 2, "no such format: cmd"),
        (["odd", "--watch"], 2, "--watch keeps a file current"),
        (["nobody"], 1, "nobody"),
        (["odd", "--file", folder / "none" / "x"], 1, "cannot open its directory: No such file or directory"),
        (["odd", "--file", folder], 1, "cannot replace what is not a regular file: Is a directory"),
    ]:
        result = keyfob("export", *arguments, socket=agent.socket)
        assert (result.returncode, result.stdout) == (code, "") and text in result.stderr, result.stderr
    assert keyfob("export", "odd", socket=folder / "no.sock").returncode == 3


# --- --watch ---


@pytest.fixture
def watch(folder):
    started = []

    def begin(agent, profile, path, form="json"):
        command = [paths.KEYFOB, "export", profile, "--format", form, "--watch", "--file", path, "--socket",
                   agent.socket]
        with open(folder / "watch.log", "ab") as log:
            started.append(subprocess.Popen(list(map(str, command)), env=environment(folder), stderr=log,
                                            preexec_fn=take_interrupts))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def content(path):
    try:
        return json.loads(path.read_text())  # never half a document
    except FileNotFoundError:
        return None


def test_watch_writes_each_rotation(start, profiles, folder, watch):
    agent = start(config(irsa=profiles.irsa()))
    path = folder / "keys.json"
    process = watch(agent, "irsa", path)
    until(lambda: content(path) == agent.credentials("irsa"), what="the file")
    for _ in range(3):
        assert agent.refresh("irsa").status == 200
        until(lambda: content(path) == agent.credentials("irsa"), what="the file after a rotation")
    assert sorted(os.listdir(folder)) == ["config.json", "k.sock", "keys.json", "stderr.log", "watch.log"]
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == -signal.SIGINT
    assert content(path) == agent.credentials("irsa")


def test_watch_outlives_a_restart_and_ends_without_the_profile(start, profiles, folder, watch):
    agent = start(config(irsa=profiles.irsa(), base=profiles.static()))
    path = folder / "keys.json"
    process = watch(agent, "irsa", path)
    before = until(lambda: content(path), what="the file")
    agent.end()
    assert content(path) == before  # these are valid, whether there is an agent or not
    agent = start(config(irsa=profiles.irsa(), base=profiles.static()))
    until(lambda: content(path) == agent.credentials("irsa") != before, what="the new agent's credentials")
    agent.reload(config(irsa=profiles.irsa(role_session_name="other"), base=profiles.static()))
    until(lambda: content(path) == agent.credentials("irsa"), what="the credentials of the changed profile")
    agent.reload(config(base=profiles.static()))
    assert process.wait(60) == 1  # after it has asked once more
    assert not path.exists()
    assert "irsa" in (folder / "watch.log").read_text()
