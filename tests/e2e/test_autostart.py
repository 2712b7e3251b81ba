# SPDX-License-Identifier: Apache-2.0
"""keyfob credential-process --autostart, and keyfob agent: the agent of one user."""

import json
import os
import pty
import shutil
import socket
import subprocess
import sys

import pytest
from support import paths
from support.other_user import OTHER_UID, become_other_user, give_to_other_user
from support.own_agent import OwnAgent
from support.polling import until
from support.programs import AWS

DOCUMENT = json.dumps({"Version": 1, "AccessKeyId": "ASIAEXAMPLEKEYID0001", "SecretAccessKey": "s" * 40})
PROCESS = f"[profile t]\ncredential_process = echo '{DOCUMENT}'\n"
MANY = 20


@pytest.fixture
def user(folder, standin):
    users = []

    def make(**more):
        users.append(OwnAgent(folder, **more))
        return users[-1]

    yield make
    for one in users:
        one.end(standin.secrets())


# ---- exactly one ----


@pytest.mark.parametrize("before", ["nothing", "a killed agent"])
def test_many_at_once_start_one(user, standin, profiles, before):
    one = user(config={"region": "us-east-1", "profiles": {"irsa": profiles.irsa(refresh="on_demand")}})
    if before != "nothing":
        assert one.keyfob("agent", "start").returncode == 0
        one.kill()
        assert one.socket.exists()
    earlier = len(one.started())
    finished = one.at_once(MANY, "credential-process", "irsa", "--autostart")
    assert all(f.returncode == 0 for f in finished), [f.stderr for f in finished]
    assert len({json.loads(f.stdout)["AccessKeyId"] for f in finished}) == 1
    assert len(one.started()) == earlier + 1 and len(one.running()) == 1
    assert len([c for c in standin.calls() if c["action"] == "AssumeRoleWithWebIdentity"]) == 1


def test_without_the_lock_there_is_still_one(user, standin):
    """Where another process holds the lock's place, the socket's name decides."""
    one = user(aws=PROCESS)
    (one.runtime / "keyfob" / "keyfob.sock.lock").mkdir(parents=True)
    finished = one.at_once(8, "credential-process", "t", "--autostart")
    assert all(f.returncode == 0 for f in finished), [f.stderr for f in finished]
    assert len(one.running()) == 1


def test_a_killed_starter_holds_nobody_up(user):
    """A lock ends with its process, whatever that was about to do."""
    one = user(aws=PROCESS)
    one.socket.parent.mkdir(mode=0o700)
    lock = one.socket.with_name("keyfob.sock.lock")
    code = f"import fcntl, sys; f = open({str(lock)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    waiting = subprocess.Popen(
        [str(paths.KEYFOB), "credential-process", "t", "--autostart"], env=one.env, stdout=subprocess.PIPE, text=True
    )
    until(lambda: str(lock) in descriptors_of(waiting.pid), what="the one that waits for the lock")
    assert not one.running()
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    assert json.loads(waiting.communicate(timeout=60)[0])["AccessKeyId"] == "ASIAEXAMPLEKEYID0001"


def descriptors_of(pid):
    try:
        return {os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")}
    except OSError:
        return set()


# ---- unmodified clients ----


IDENTITY = """
import boto3
print(boto3.Session(profile_name="gateway").client("sts").get_caller_identity()["Arn"])
"""


def test_judges_twenty_aws_clients_over_a_rotation(user, standin, profiles):
    """The AWS CLI and boto3 from nothing but ~/.aws/config, with no agent; then with one that was renewed meanwhile."""
    lines = "[profile gateway]\nregion = us-east-1\nendpoint_url = {url}\ncredential_process = {keyfob} {words}\n"
    text = lines.format(url=standin.url, keyfob=paths.KEYFOB, words="credential-process irsa --autostart")
    one = user(config={"region": "us-east-1", "profiles": {"irsa": profiles.irsa(refresh="on_demand")}}, aws=text)
    aws = [AWS, "sts", "get-caller-identity", "--profile", "gateway", "--query", "Arn", "--output", "text"]
    commands = [list(map(str, aws)), [sys.executable, "-c", IDENTITY]] * (MANY // 2)
    for rotation in range(2):
        running = [
            subprocess.Popen(c, env=one.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for c in commands
        ]
        for process in running:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0 and ":assumed-role/gateway/" in out, err
        calls = [c for c in standin.calls() if c["action"] == "AssumeRoleWithWebIdentity"]
        assert len(calls) == rotation + 1 and len(one.started()) == 1 == len(one.running())
        if rotation == 0:
            assert one.keyfob("refresh", "irsa").returncode == 0
    identities = [c for c in standin.calls() if c["action"] == "GetCallerIdentity"]
    assert len(identities) == 2 * MANY and all(c["verified"] and not c["error"] for c in identities)


def test_the_profile_of_the_environment(user):
    one = user(aws=PROCESS)
    for words in (["credential-process", "--autostart"], ["export", "--format", "json"]):
        finished = one.keyfob(*words, env={"KEYFOB_PROFILE": "t"})
        assert finished.returncode == 0 and "ASIAEXAMPLEKEYID0001" in finished.stdout, finished
    for arguments in (["nobody"], ["--profile", "nobody"]):
        finished = one.keyfob("credential-process", *arguments, env={"KEYFOB_PROFILE": "t"})
        assert finished.returncode == 1 and "nobody" in finished.stderr, finished
    sign = ["sign", "GET", "https://sts.us-east-1.amazonaws.com/"]
    assert one.keyfob(*sign, env={"KEYFOB_PROFILE": "t"}).returncode == 0
    assert "there is no profile default" in one.keyfob(*sign, env={"KEYFOB_PROFILE": ""}).stderr


# ---- what it is ----


def test_it_shares_nothing_with_what_started_it(user):
    one = user(aws=PROCESS)
    terminal, end = pty.openpty()
    ours, inherited = os.pipe()
    os.set_inheritable(inherited, True)
    finished = one.keyfob(
        "agent", "start", stdin=end, cwd=one.home, pass_fds=[inherited], preexec_fn=os.setsid, restore_signals=False
    )
    assert finished.returncode == 0 and str(one.socket) in finished.stdout, finished
    os.close(inherited)
    assert os.read(ours, 1) == b""  # the agent has no end of this pipe
    for fd in (terminal, end, ours):
        os.close(fd)
    (pid,) = one.running()
    with open(f"/proc/{pid}/stat") as stat:
        state, parent, group, session, tty = stat.read().rpartition(")")[2].split()[:5]
    assert int(session) == int(group) != os.getsid(0) and int(session) != pid and int(tty) == 0
    assert int(parent) != os.getpid() and state in "SR"
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":\t") for line in status.read().splitlines() if ":\t" in line)
    assert int(fields["SigBlk"], 16) == 0 and int(fields["SigIgn"], 16) == 1 << 12 | 1 << 24  # SIGPIPE, SIGXFSZ: its choice
    assert one.log_path.stat().st_mode & 0o777 == 0o600 and one.socket.parent.stat().st_mode & 0o777 == 0o700
    one.runtime.joinpath("keyfob", "keyfob.sock").lstat()


def test_it_takes_over_nothing_of_one_shell(user):
    one = user(aws="[profile mine]\ncredential_process = false\n" + PROCESS)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAOFONESHELL000000", "AWS_SECRET_ACCESS_KEY": "x" * 40, "AWS_PROFILE": "mine"}
    endpoint = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}
    assert one.keyfob("credential-process", "t", "--autostart", env={**keys, **endpoint}).returncode == 0
    finished = one.keyfob("credential-process", "default", env=keys)
    assert finished.returncode == 1 and "AWS_ACCESS_KEY_ID is not set" in finished.stderr, finished
    assert "there is no profile default" in finished.stderr and "FULL}_URI are not set" in finished.stderr, finished


def test_relative_paths_mean_the_same_to_it(user, folder):
    one = user()
    (folder / "own-config").write_text(PROCESS)
    env = {"AWS_CONFIG_FILE": "own-config", "XDG_RUNTIME_DIR": "run"}
    finished = one.keyfob("credential-process", "t", "--autostart", env=env, cwd=folder)
    assert finished.returncode == 0, finished
    assert len(one.running()) == 1


def test_it_costs_nothing_when_an_agent_answers(user):
    """No other program is looked for, no lock is taken: the same system calls as without the option."""
    one = user(aws=PROCESS)
    assert one.keyfob("agent", "start").returncode == 0
    alone = one.home / "alone"
    alone.mkdir()
    copy = shutil.copy(paths.KEYFOB, alone / "keyfob")
    lock = one.socket.with_name("keyfob.sock.lock")
    lock.unlink(missing_ok=True)
    finished = subprocess.run(
        [copy, "credential-process", "t", "--autostart"], env={**one.env, "PATH": ""}, capture_output=True, check=False
    )
    assert finished.returncode == 0 and not lock.exists(), finished


# ---- starts that fail, each with the agent's own reason ----


def assert_fails(finished, *texts):
    assert finished.returncode == 3 and finished.stdout == "", finished
    for text in ("keyfob: cannot start the agent: ", *texts):
        assert text in finished.stderr, (text, finished.stderr)


@pytest.mark.parametrize("many", [1, 4])
def test_a_wrong_configuration(user, many):
    one = user(config='{"profiles": {"a": {"type": "web_identitty"}}, "regoin": "x"}')
    for finished in one.at_once(many, "credential-process", "a", "--autostart"):
        assert_fails(finished, ".config/keyfob/config.json:1:", "faults)", "keyfobd --check")
    assert not one.running() and not one.socket.exists()
    one.write_config('{"profiles": {"a": {"type": "process"}}}')
    finished = one.keyfob("credential-process", "a", "--autostart")
    assert_fails(finished, "credential_process", "hint: ")
    assert "faults)" not in finished.stderr


def test_no_agent_program(user):
    one = user(aws=PROCESS)
    alone = one.home / "alone"
    alone.mkdir()
    copy = shutil.copy(paths.KEYFOB, alone / "keyfob")

    def start(path):
        return subprocess.run(
            [copy, "credential-process", "t", "--autostart"],
            env={**one.env, "PATH": path}, capture_output=True, text=True, check=False, cwd=paths.BUILD,
        )  # fmt: skip

    for path in ("", ".", "/nonexistent:/usr"):
        assert_fails(start(path), "found no keyfobd", "hint: install keyfobd")
    broken = alone / "keyfobd"
    broken.write_text("#!/nonexistent/interpreter\n")
    broken.chmod(0o755)
    assert_fails(start(""), f"cannot run {broken}: No such file")
    broken.write_text("#!/bin/sh\nkill -9 $$\n")
    assert_fails(start(""), "ended without a message")
    broken.unlink()
    finished = start(f"/nonexistent:{paths.BUILD}:{os.environ['PATH']}")
    assert finished.returncode == 0, finished


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: path.write_text(""), "Not a directory"),
        (lambda path: None, "No such file or directory"),
        (lambda path: (path / "keyfob" / "keyfob.sock").mkdir(parents=True), "it is not a socket"),
    ],
)
def test_the_place_of_the_socket(user, folder, make, text):
    one = user(aws=PROCESS)
    make(folder / "place")
    finished = one.keyfob("credential-process", "t", "--autostart", env={"XDG_RUNTIME_DIR": str(folder / "place")})
    assert_fails(finished, text, "hint: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have another user")
def test_another_users_socket_and_directory(user, folder):
    """What another user put in the way is neither used nor removed."""
    folder.chmod(0o755)
    one = user(aws=PROCESS)
    place = folder / "open"
    place.mkdir()
    place.chmod(0o1777)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "k.sock"))
        (place / "k.sock").chmod(0o600)
        listening.listen()
        keyfob, keyfobd = (paths.copy_for_others(p, folder) for p in (paths.KEYFOB, paths.KEYFOBD))
        os.rename(keyfobd, folder / "keyfobd")
        give_to_other_user(one.home / ".aws")
        for where, text in ((place / "k.sock", "another user"), (folder / "mine" / "k.sock", "Permission denied")):
            finished = subprocess.run(
                [keyfob, "credential-process", "t", "--autostart"], preexec_fn=become_other_user, check=False,
                env={**one.env, "KEYFOB_SOCKET": str(where)}, capture_output=True, text=True, cwd="/",
            )  # fmt: skip
            assert_fails(finished, text, f"uid {OTHER_UID}")
        assert (place / "k.sock").is_socket()
        assert not list(place.glob(".keyfob*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a user without a runtime directory")
def test_neither_home_nor_runtime_directory(user, folder):
    """As from cron, or in a container: the place is one that all of the user's processes find."""
    folder.chmod(0o755)
    one = user()
    copies = [paths.copy_for_others(p, folder) for p in (paths.KEYFOB, paths.KEYFOBD)]
    os.rename(copies[1], folder / "keyfobd")
    (folder / "aws-config").write_text(PROCESS)
    give_to_other_user(folder / "aws-config")
    env = {k: v for k, v in one.env.items() if k not in ("HOME", "XDG_RUNTIME_DIR")}

    def run(*arguments, **more):
        return subprocess.run(
            [copies[0], *arguments], preexec_fn=become_other_user, capture_output=True, text=True, cwd="/", check=False,
            env={**env, "AWS_CONFIG_FILE": str(folder / "aws-config"), **more},
        )  # fmt: skip

    own = f"/tmp/keyfob-{OTHER_UID}"
    try:
        finished = run("credential-process", "t", "--autostart")
        assert finished.returncode == 0, finished
        assert os.stat(own).st_uid == OTHER_UID and os.stat(own).st_mode & 0o777 == 0o700
        assert "t " in run("status").stdout  # without the option, the same agent
        assert run("agent", "start").stdout == f"the agent answers at {own}/keyfob.sock\n"
        assert run("agent", "stop").returncode == 0
        os.chmod(own, 0o755)  # anybody could have made what is in it
        assert run("status").returncode == 3
    finally:
        run("agent", "stop")
        shutil.rmtree(own, ignore_errors=True)


# ---- its end ----


def test_it_ends_after_12_hours_without_requests(user):
    """On a clock that runs 60,000 times as fast: 12 hours in 0.72 s."""
    one = user(aws=PROCESS, KEYFOB_TEST_SPEED="60000", KEYFOB_TEST_EPOCH_MS="1788264000000")
    program = one.home / "bin"
    program.mkdir()
    (program / "keyfobd").symlink_to(paths.BUILD / "keyfobd_accelerated")
    copy = shutil.copy(paths.KEYFOB, program / "keyfob")
    command = [copy, "agent", "start"]  # no wait for credentials lasts on this clock
    for _ in range(2):
        finished = subprocess.run(command, env=one.env, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished
        until(lambda: not one.running(), what="the end of the idle agent")
        assert not one.socket.exists()
    assert one.log().count("event=stopping idle_seconds=43200") == 2
    assert len(one.started()) == 2


def test_no_request_fails_while_it_ends(user):
    one = user(aws=PROCESS)
    command = f"for i in $(seq 60); do {paths.KEYFOB} credential-process t --autostart >/dev/null || echo failed; done"
    asking = subprocess.Popen(["sh", "-c", command], env=one.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ended = 0
    while asking.poll() is None:
        if one.log().count("event=rotated") > ended:  # it has answered
            ended += one.keyfob("agent", "stop").returncode == 0
    assert asking.stdout.read() == b""
    asking.stdout.close()
    assert ended > 2


# ---- keyfob agent ----


def test_start_stop_and_reload(user):
    one = user(aws=PROCESS)
    finished = one.keyfob("agent", "stop")
    assert finished.returncode == 3 and str(one.socket) in finished.stderr, finished
    for _ in range(2):
        finished = one.keyfob("agent", "start")
        assert finished.returncode == 0 and finished.stdout == f"the agent answers at {one.socket}\n", finished
    (pid,) = one.running()
    assert one.keyfob("agent", "reload").returncode == 0
    until(lambda: "event=config_reloaded" in one.log(), what="the reload")
    finished = one.keyfob("agent", "stop")
    assert finished.returncode == 0 and finished.stdout == f"the agent has ended, pid {pid}\n", finished
    assert not one.running() and not one.socket.exists()
    assert one.keyfob("agent", "restart").returncode == 2


def test_stop_ends_keyfobd_alone(user):
    """What listens may be a service manager, or another program that the agent was given the socket by."""
    one = user()
    one.socket.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(one.socket))
        listening.listen()
        for word in ("stop", "reload"):
            finished = one.keyfob("agent", word)
            assert finished.returncode == 1 and "is not keyfobd" in finished.stderr, finished
    one.socket.unlink()
