# SPDX-License-Identifier: Apache-2.0
"""Commands of credential_process: split as Python's shlex splits them, run without a shell and within limits, and none of
their secrets shown."""

import json
import random
import shlex
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from standin import demo
from support import aws, paths
from support.agent import environment
from support.aws import echo
from support.polling import until
from support.profiles import config

TOOL = paths.BUILD / "command_words"
SEED = 20240229
COMMANDS = [
    "/usr/bin/helper",
    "  a\tb\nc\r ",
    "a 'b c' d",
    'a "b c" d',
    "a'b'\"c\"d e",
    "a '' \"\"",
    "a ''b",
    "a\\ b c\\\"d \\'e",
    'a "b\\"c\\\\d"',
    'a "b\\nc\\$d\\`e\\\'f"',
    "a 'b\\c' 'd\"e'",
    "a b#c #d",
    "a $HOME ${HOME} ~ *.c `id` $(id) | b > c ; d && e & ( f ) { g } !h",
    "a\\\nb",
    'a "b\\\nc"',
    "a \\\\\\\\ \\",
    "a 'b",
    'a "b',
    'a "b\\',
    'a "b\\"',
    "a 'it'\\''s'",
    "caf\u00e9 \u2003x \u00a0y \u3000z",
    "a \x0bb \x0cc \x1cd \x85e",
    "a \x01\x7f\x1b[0m",
    "''a b",
    '"/opt/My Helper/x" --profile "a b" --json=\'{"k": "v\\n"}\'',
    "C:\\tools\\x.exe /q",
]
REFUSED = ["", "   ", "''", '"" a', "'' a", '""\'\'']  # shlex makes no command of these, and a program needs a name


# ---- words ----


def split(commands):
    """What keyfob makes of each: a list of words, or None."""
    text = b"".join(c.encode() + b"\0" for c in commands)
    out = subprocess.run([TOOL], input=text, capture_output=True, timeout=60, check=True).stdout.decode()
    answers = []
    words = []
    for part in out.split("\0")[:-1]:
        if part:
            words.append(part)
        else:
            answers.append(None if words[:1] and words[0].startswith("!") else [w[1:] for w in words])
            words = []
    assert len(answers) == len(commands)
    return answers


def judged(command):
    """What botocore's split gives (on POSIX that is shlex.split), where it names a command."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    return words if words and words[0] else None


def random_command(random_):
    alphabet = "ab'\"\\ \t\n\r#$;|&~*\u00e9\u2003\x0b=-" if random_.random() < 0.5 else "a'\"\\ "
    return "".join(random_.choice(alphabet) for _ in range(random_.randrange(1, 24)))


def test_splits_words_as_botocore():
    assert [c for c in REFUSED if judged(c) is not None] == []
    for command, words in zip(COMMANDS + REFUSED, split(COMMANDS + REFUSED), strict=True):
        assert words == judged(command), command


def test_splits_random_words_as_botocore():
    random_ = random.Random(SEED)
    commands = [random_command(random_) for _ in range(20000)]
    wrong = [(c, w, judged(c)) for c, w in zip(commands, split(commands), strict=True) if w != judged(c)]
    assert wrong == []
    # Both outcomes are there, or this proves little.
    assert 2000 < sum(judged(c) is None for c in commands) < 18000


# ---- commands ----


@pytest.fixture
def program(folder):
    """program(text) is the path of a shell script."""

    def write(text, name="helper"):
        # The agent may be about to run the one before: what is open for writing cannot be.
        new = folder / f"{name}.new"
        new.write_text("#!/bin/sh\n" + text)
        new.chmod(0o755)
        return str(new.replace(folder / name))

    return write


def process(command, **more):
    return {"type": "process", "credential_process": command, "refresh": "on_demand", **more}


def session(standin, **more):
    """A document of credentials for an hour, as a command prints it."""
    document = aws.client(standin, "sts", standin.user).assume_role(RoleArn=demo.ROLE + "base", RoleSessionName="cmd")
    keys = document["Credentials"]
    return {
        "Version": 1,
        "AccessKeyId": keys["AccessKeyId"],
        "SecretAccessKey": keys["SecretAccessKey"],
        "SessionToken": keys["SessionToken"],
        "Expiration": keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        **more,
    }


def printing(document):
    text = document if isinstance(document, str) else json.dumps(document)
    return f"cat <<'END'\n{text}\nEND\n"


def failure(agent, name="p"):
    reply = agent.refresh(name)
    assert reply.status >= 500, reply.body
    problem = reply.problem()
    assert problem["hint"] and name in problem["detail"] and "credential_process" in problem["detail"], problem
    return problem


def is_gone(pid):
    """No such process, or a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def pids(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_credentials(start, standin, program):
    document = session(standin)
    agent = start(config(p=process(program(printing({**document, "AccountId": demo.ACCOUNT})))))
    assert agent.credentials("p") == {**document, "AccountId": demo.ACCOUNT}
    assert echo(standin, agent.credentials("p"))["role"] == demo.ROLE + "base"


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+02:00"])
def test_times(start, standin, program, zone):
    ends = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)
    hours = 2 if zone == "+02:00" else 0
    text = (ends + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S") + zone
    agent = start(config(p=process(program(printing(session(standin, Expiration=text))))))
    assert agent.credentials("p")["Expiration"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_without_expiration(start, standin, program):
    """Keys of a user: they never expire, so no expiration is reported, and the command runs once."""
    user = standin.user
    keys = {"Version": 1, "AccessKeyId": user["access_key_id"], "SecretAccessKey": user["secret_access_key"]}
    command = program("echo run >>\"$(dirname \"$0\")/runs\"\n" + printing(keys))
    agent = start(config(p=process(command)))
    assert agent.credentials("p") == keys == agent.credentials("p")
    assert agent.profile("p")["expiration"] is None
    assert echo(standin, agent.credentials("p"))["arn"] == demo.USER
    assert (agent.folder / "runs").read_text() == "run\n"


OUTPUTS = {
    "nothing": ("", "empty"),
    "garbage": ("Enter password:", "invalid JSON"),
    "cut": ('{"Version": 1, "AccessKeyId": "AKIA', "invalid JSON"),
    "two documents": ('{"Version": 1}{"Version": 1}', "invalid JSON"),
    "a list": ("[1]", "an array, expected a JSON object"),
    "no Version": ({"Version": None}, "Version"),
    "Version as text": ({"Version": "1"}, "Version"),
    "another Version": ({"Version": 2}, "Version"),
    "no key": ({"AccessKeyId": None}, "AccessKeyId"),
    "no secret": ({"SecretAccessKey": None}, "SecretAccessKey"),
    "a number for a secret": ({"SecretAccessKey": 7}, "SecretAccessKey is not a string"),
    "a line end in the token": ({"SessionToken": "a\r\nb"}, "contains characters that AWS does not use"),
    "expired": ({"Expiration": "2020-01-01T00:00:00Z"}, "expired at 2020-01-01T00:00:00Z"),
    "another form of time": ({"Expiration": "tomorrow"}, "RFC 3339"),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_rejects_invalid_output(start, standin, program, kind):
    given, words = OUTPUTS[kind]
    good = session(standin)
    if isinstance(given, dict):
        given = {k: v for k, v in {**good, **given}.items() if v is not None}
    agent = start(config(p=process(program(printing(given)))))
    assert words in failure(agent)["detail"]
    program(printing(good))
    until(lambda: agent.refresh("p").status == 200, what="an attempt that began after the repair")
    assert agent.credentials("p") == good
    program(printing(given))
    assert words in failure(agent)["detail"]
    assert agent.credentials("p") == good and agent.profile("p")["state"] == "stale"
    # An error contains nothing of the output.
    for value in (good["SecretAccessKey"], good["SessionToken"]):
        assert value not in json.dumps(agent.profile("p"))


def test_rejects_too_much_output(start, standin, program, folder):
    agent = start(config(p=process(program("echo $$ >>pid\nyes 0123456789abcdef\n"))))
    assert "wrote more than 65536 bytes" in failure(agent)["detail"]
    first = pids(folder / "pid")[0]
    until(lambda: is_gone(first), what="the end of the command")


def test_reports_status_and_standard_error(start, standin, program):
    command = program("echo 'cannot log in: no such realm' >&2\nexit 3\n")
    agent = start(config(p=process(command + " --password hunter2-argument")))
    problem = failure(agent)
    assert "helper ended with status 3: cannot log in: no such realm" in problem["detail"]
    assert "hunter2" not in json.dumps(problem)
    agent.check_log(["hunter2"])


def test_reports_a_signal(start, standin, program):
    agent = start(config(p=process(program("echo dying >&2\nkill -9 $$\n"))))
    assert "was ended by signal 9 (Killed): dying" in failure(agent)["detail"]


def test_reports_a_missing_program(start, standin, folder, program):
    (folder / "plain").write_text("#!/bin/sh\n")
    agent = start(config(none=process("/nowhere/helper"), plain=process(str(folder / "plain")), tilde=process("~/x")))
    assert "/nowhere/helper" in failure(agent, "none")["detail"]
    assert "allowed to execute" in failure(agent, "plain")["hint"]
    assert "no shell to replace ~ or variables" in failure(agent, "tilde")["hint"]


def test_kills_a_program_that_hangs(start, standin, program, folder):
    """The command with all that it started, even if they ignore SIGTERM."""
    text = "trap '' TERM\nsh -c 'echo $$ >>pid; exec sleep 60' &\n"
    command = program(text + "echo $$ >>pid\necho waiting for a touch >&2\nexec sleep 60\n")
    agent = start(config(p=process(command, read_timeout_ms=1000)))
    problem = failure(agent)
    assert "did not end within 1000 ms" in problem["detail"] and "waiting for a touch" in problem["detail"]
    assert "read_timeout_ms" in problem["hint"]
    found = pids(folder / "pid")
    assert len(found) >= 2  # there may be another attempt already
    found = found[:2]
    until(lambda: all(is_gone(pid) for pid in found), what="the end of the command")


def test_leaves_no_child_at_the_end(start, standin, program, folder):
    command = program("sleep 60 &\necho $! >>pid\necho $$ >>pid\nwait\n")
    agent = start(config(p={**process(command), "refresh": "eager"}))
    found = until(lambda: (p := pids(folder / "pid")) and len(p) == 2 and p, what="the command's process")
    assert not any(is_gone(pid) for pid in found)
    agent.end()
    until(lambda: all(is_gone(pid) for pid in found), what="the end of the command")


def test_runs_no_shell(start, standin, program, folder):
    document = session(standin)
    command = program('for w in "$@"; do echo "$w"; done >words\n' + printing(document))
    agent = start(config(p=process(f"{command} $HOME ; | > x && `id` ~ * 'a b' \"c d\" e\\ f")))
    assert agent.credentials("p") == document
    words = ["$HOME", ";", "|", ">", "x", "&&", "`id`", "~", "*", "a b", "c d", "e f"]
    assert (folder / "words").read_text().splitlines() == words
    assert not (folder / "x").exists()


def test_passes_the_environment(start, standin, program, folder):
    """The agent's, but for what would lead it back to the agent; no input, no descriptor of the agent's."""
    command = program("env >seen\nfds=$(ls -l /proc/$$/fd)\necho \"$fds\" >fds\n" + printing(session(standin)))
    kept = {"AWS_REGION": "us-east-1", "HELPER_OPTION": "x y"}
    withheld = {"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "p", "KEYFOB_SOCKET": "/x", "KEYFOB_PROFILE": "p"}
    agent = start(config(p=process(command)), env=environment(folder, **kept, **withheld))
    agent.credentials("p")
    seen = dict(line.partition("=")[::2] for line in (folder / "seen").read_text().splitlines())
    assert kept.items() <= seen.items() and not withheld.keys() & seen.keys()
    assert not [name for name in seen if name.startswith(("KEYFOB_", "NOTIFY_", "LISTEN_"))]
    fds = {line.split()[-3]: line.split()[-1] for line in (folder / "fds").read_text().splitlines() if "->" in line}
    assert fds["0"] == "/dev/null" and fds["1"].startswith("pipe:") and fds["2"].startswith("pipe:")
    assert not [to for to in fds.values() if to.startswith("socket:") or "k.sock" in to or "epoll" in to]


def test_shows_no_secret(start, standin, program, folder):
    """No secret of the command's output, standard error, environment or arguments is shown, whatever the outcome."""
    names = ("output", "stderr", "named", "plain", "argument", "token")
    canary = {name: f"{name}CANARY" + "0aB1" * 9 for name in names}
    # Short values are hidden where their name marks them as secrets.
    canary["password"] = "pw-canary"
    noise = (
        f'aws_secret_access_key = {canary["stderr"]}\nSECRET={canary["named"]} {{"SessionToken": "{canary["token"]}"}} '
        f'{canary["plain"]} password {canary["password"]} eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.c2lnCANARY'
    )
    bodies = {
        "fails": f"cat >&2 <<'E'\n{noise}\nE\nexit 1\n",
        "garbage": f"cat >&2 <<'E'\n{noise}\nE\necho {canary['output']}\n",
        "half": f"cat >&2 <<'E'\n{noise}\nE\n" + printing({"Version": 1, "AccessKeyId": "AKIA", "X": canary["output"]}),
        "killed": f"cat >&2 <<'E'\n{noise}\nE\nkill -9 $$\n",
        "hangs": f"cat >&2 <<'E'\n{noise}\nE\nexec sleep 60\n",
    }
    profiles = {
        name: process(f"{program(text, name)} {canary['argument']}", read_timeout_ms=1000 if name == "hangs" else 20000)
        for name, text in bodies.items()
    }
    env = environment(folder, REALM_PASSWORD=canary["password"])
    agent = start(config(**profiles), arguments=["--log-level", "debug"], env=env)
    hidden = [*canary.values(), "c2lnCANARY"]
    for name in bodies:
        problem = json.dumps(failure(agent, name))
        shown = problem + json.dumps(agent.profile(name)) + agent.call("GET", "/metrics").body.decode()
        assert [value for value in hidden if value in shown] == [], shown
        assert name in ("garbage", "half") or "***" in problem
    agent.check_log(hidden)
