# SPDX-License-Identifier: Apache-2.0
"""The setting "files": the agent keeps files with credentials current. boto3 and the AWS CLI read them; disks fill up,
directories vanish, commands hang."""

import json
import os
import resource
import stat
import subprocess
import sys
import threading
import time

import pytest
from support.agent import environment

from support.paths import BUILD
from support.polling import until
from support.profiles import config
from support.programs import AWS, keyfob, keyfobd, output_of, run

FORMATS = ["env", "fish", "powershell", "json", "credentials-file", "claude-code"]


def with_files(profiles, *files, **more):
    return {**config(irsa=profiles.irsa(**more), base=profiles.static()), "files": list(files)}


def entry(path, profile="irsa", form="json", **more):
    return {"profile": profile, "format": form, "path": str(path), **more}


def content(path):
    """A document that must be whole, or None."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


def wait_for_file(agent, path, profile="irsa"):
    return until(lambda: (c := content(path)) and c == agent.credentials(profile) and c, what=f"{path.name}")


def file_of(agent, profile="irsa"):
    (status,) = agent.profile(profile)["files"]
    return status


def metric(agent, name, **labels):
    text = agent.call("GET", "/metrics").body.decode()
    found = [line for line in text.splitlines() if line.startswith(name + "{")
             and all(f'{k}="{v}"' in line for k, v in labels.items())]
    (line,) = found
    return float(line.split()[-1])


@pytest.fixture
def place(folder):
    path = folder / "out"
    path.mkdir(mode=0o700)
    return path


def test_writes_every_format_as_the_command_prints_it(start, profiles, place):
    agent = start(with_files(profiles, *(entry(place / form, form=form) for form in FORMATS)))
    for form in FORMATS:
        expected = output_of(keyfob("export", "irsa", "--format", form, socket=agent.socket))
        until(lambda f=form, e=expected: (place / f).exists() and (place / f).read_text() == e, what=form)
    assert sorted(os.listdir(place)) == sorted(FORMATS)
    assert all(stat.S_IMODE((place / form).stat().st_mode) == 0o600 for form in FORMATS)
    # the same file, by other programs
    env = environment(place, AWS_SHARED_CREDENTIALS_FILE=str(place / "credentials-file"))
    key = agent.credentials("irsa")["SecretAccessKey"]
    assert output_of(run(AWS, "configure", "get", "aws_secret_access_key", env=env)).strip() == key
    report = "import boto3; print(boto3.Session(profile_name='irsa').get_credentials().secret_key)"
    assert output_of(run(sys.executable, "-c", report, env=env)).strip() == key


def test_mode_and_group(start, profiles, place):
    agent = start(with_files(profiles, entry(place / "a", mode="0640", group="12345"),
                             entry(place / "b", group="12345"), entry(place / "c", mode="400")))
    for name, mode, gid in [("a", 0o640, 12345), ("b", 0o640, 12345), ("c", 0o400, os.getgid())]:
        wait_for_file(agent, place / name)
        found = (place / name).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (mode, gid)


def test_rotations_are_whole_to_every_reader(start, profiles, place):
    """A reader that opens the file again and again finds a document each time, and one that has it open keeps it."""
    agent = start(with_files(profiles, entry(place / "keys")))
    first = wait_for_file(agent, place / "keys")
    held = open(place / "keys", encoding="ascii")
    ended, seen = threading.Event(), set()

    def read():
        while not ended.is_set():
            seen.add(json.loads((place / "keys").read_text())["AccessKeyId"])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(20):
            assert agent.refresh("irsa").status == 200
            wait_for_file(agent, place / "keys")
    finally:
        ended.set()
        reader.join()
    assert json.load(held) == first
    held.close()
    assert len(seen) > 1
    assert metric(agent, "keyfob_file_writes_total", profile="irsa", result="success") == 21
    assert metric(agent, "keyfob_file_current", profile="irsa", file=place / "keys") == 1
    assert file_of(agent)["current"] and file_of(agent)["error"] is None


# --- the end of credentials ---

SPEED, SESSION_S = 20, 100
ONE_SESSION = """#!/bin/sh
now=$(( ($(date +%s%N) / 1000000 - {epoch_ms}) * {speed} / 1000 + {epoch_ms} / 1000 ))
[ $now -lt {end} ] || exit 1
printf '{{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"wJalrXUtnFEMIEXAMPLE","SessionToken":"t","Expiration":"%s"}}' \\
    $(date -u -d @{end} +%Y-%m-%dT%H:%M:%SZ)
"""


def test_no_reader_finds_credentials_that_have_ended(start, folder, place):
    """On a clock that runs SPEED times as fast: a source that has no others."""
    epoch_ms = int(time.time() * 1000)
    end = epoch_ms // 1000 + SESSION_S
    command = folder / "command"
    command.write_text(ONE_SESSION.format(epoch_ms=epoch_ms, speed=SPEED, end=end))
    command.chmod(0o700)
    agent = start(
        {**config(p={"type": "process", "credential_process": str(command)}),
         "files": [entry(place / "keys", "p")]},
        binary=BUILD / "keyfobd_accelerated",
        env=environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=str(epoch_ms)),
    )
    until(lambda: content(place / "keys"), what="the file")
    last_s = 0

    def is_gone():
        nonlocal last_s
        now_s = epoch_ms / 1000 + (time.time() - epoch_ms / 1000) * SPEED
        if content(place / "keys"):
            last_s = now_s
        return not (place / "keys").exists()

    until(is_gone, what="the end of the file")
    assert end - 30 < last_s < end  # read last
    until(lambda: agent.events("file_removed"), what="the report")


def test_the_file_goes_when_its_credentials_are_dropped(start, profiles, place):
    agent = start(with_files(profiles, entry(place / "keys")))
    wait_for_file(agent, place / "keys")
    assert agent.call("DELETE", "/v1/profiles/irsa/credentials").status in (200, 204)
    until(lambda: not (place / "keys").exists(), what="the end of the file")
    until(lambda: agent.events("file_removed"), what="the report")
    assert not file_of(agent)["current"]
    assert agent.refresh("irsa").status == 200
    wait_for_file(agent, place / "keys")


def test_the_file_stays_when_the_agent_ends(start, profiles, place):
    agent = start(with_files(profiles, entry(place / "keys")))
    before = wait_for_file(agent, place / "keys")
    agent.end()
    assert content(place / "keys") == before


# --- reload ---


def test_a_reload_adds_changes_and_removes_files(start, profiles, place):
    agent = start(config(irsa=profiles.irsa(), base=profiles.static()))
    agent.reload(with_files(profiles, entry(place / "a"), entry(place / "b")))
    wait_for_file(agent, place / "a")
    wait_for_file(agent, place / "b")
    before = (place / "a").stat()
    agent.reload(with_files(profiles, entry(place / "a"), entry(place / "b", form="env", mode="0644")))
    until(lambda: (place / "b").read_text().startswith("export "), what="the other format")
    assert stat.S_IMODE((place / "b").stat().st_mode) == 0o644
    assert (place / "a").stat() == before  # the same settings and credentials: not written again
    agent.reload(with_files(profiles, entry(place / "b", form="credentials-file")))
    until(lambda: (place / "b").read_text().startswith("# written by keyfob"), what="the third format")
    until(lambda: not (place / "a").exists(), what="the end of the file that is gone")
    agent.reload(with_files(profiles, entry(place / "b", profile="base")))
    wait_for_file(agent, place / "b", "base")
    assert agent.profile("base")["files"] and "files" not in agent.profile("irsa")
    agent.reload(config(base=profiles.static()))
    until(lambda: not (place / "b").exists(), what="the end of the last file")


def test_another_identity_replaces_the_file(start, standin, profiles, place):
    agent = start(with_files(profiles, entry(place / "keys")))
    wait_for_file(agent, place / "keys")
    standin.fault("sts", "deny")
    agent.reload(with_files(profiles, entry(place / "keys"), role_session_name="other"))
    until(lambda: not (place / "keys").exists(), what="the end of the file with the credentials of before")
    standin.clear_faults()
    wait_for_file(agent, place / "keys")


def test_a_file_makes_its_profile_eager(start, profiles, place):
    agent = start(with_files(profiles, entry(place / "keys"), refresh="on_demand"))
    until(lambda: content(place / "keys"), what="the file, for which nobody has asked")


# --- faults of disks ---


def test_vanished_directory(start, profiles, place):
    agent = start(with_files(profiles, entry(place / "keys")))
    wait_for_file(agent, place / "keys")
    os.rename(place, place.with_name("away"))
    assert agent.refresh("irsa").status == 200
    until(lambda: agent.events("file_not_written"), what="the report")
    status = file_of(agent)
    assert not status["current"] and "cannot open its directory: No such file or directory" in status["error"]
    assert metric(agent, "keyfob_file_current", profile="irsa") == 0
    assert metric(agent, "keyfob_file_writes_total", profile="irsa", result="failure") >= 1
    assert "No such file or directory" in keyfob("status", "irsa", socket=agent.socket).stdout
    os.rename(place.with_name("away"), place)
    wait_for_file(agent, place / "keys")
    until(lambda: file_of(agent)["error"] is None, what="a good status")


def test_full_disk(start, profiles, place):
    """With a limit of file sizes; the old file stays."""
    agent = start(with_files(profiles, entry(place / "keys")))
    before = wait_for_file(agent, place / "keys")
    limits = resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (100, limits[1]))
    assert agent.refresh("irsa").status == 200
    until(lambda: file_of(agent)["error"], what="the fault in the status")
    assert "cannot write it: File too large" in file_of(agent)["error"]
    assert content(place / "keys") == before and os.listdir(place) == ["keys"]
    resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, limits)
    wait_for_file(agent, place / "keys")


def test_full_tmpfs(start, profiles, folder):
    """A file system with no page left."""
    small = folder / "small"
    small.mkdir(mode=0o700)
    mounted = run("mount", "-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", small)
    if mounted.returncode != 0:
        pytest.skip(f"no mounts here: {mounted.stderr}")
    try:
        agent = start(with_files(profiles, entry(small / "keys")))
        before = wait_for_file(agent, small / "keys")
        with open(small / "filler", "wb", buffering=0) as filler:
            with pytest.raises(OSError):
                while True:
                    filler.write(bytes(4096))
        assert agent.refresh("irsa").status == 200
        until(lambda: "No space left on device" in (file_of(agent)["error"] or ""), what="the fault")
        assert content(small / "keys") == before and sorted(os.listdir(small)) == ["filler", "keys"]
        (small / "filler").unlink()
        wait_for_file(agent, small / "keys")
        agent.end()
    finally:
        output_of(run("umount", "-l", small))


@pytest.mark.parametrize("kind", ["link", "directory", "fifo", "leftover link"])
def test_what_is_at_the_path_stays(start, profiles, place, kind):
    target = place / "target"
    target.write_text("untouched")
    if kind == "link":
        (place / "keys").symlink_to(target)
    elif kind == "directory":
        (place / "keys").mkdir()
    elif kind == "fifo":
        os.mkfifo(place / "keys")
    else:
        (place / ".keys.keyfob").symlink_to(target)
    before = sorted(os.listdir(place))
    agent = start(with_files(profiles, entry(place / "keys")))
    until(lambda: agent.events("file_not_written"), what="the report")
    assert target.read_text() == "untouched" and sorted(os.listdir(place)) == before
    assert agent.credentials("irsa")


def test_a_file_that_people_wrote_stays(start, profiles, place):
    own = "[work]\naws_access_key_id = AKIDEXAMPLE\n"
    (place / "credentials").write_text(own)
    (place / "credentials").chmod(0o600)
    agent = start(with_files(profiles, entry(place / "credentials", form="credentials-file")))
    until(lambda: agent.events("file_not_written"), what="the report")
    assert (place / "credentials").read_text() == own
    assert "has not written" in file_of(agent)["error"]


def test_a_directory_that_others_may_write(start, profiles, place):
    place.chmod(0o777)
    found = keyfobd("--config", write(place.parent, with_files(profiles, entry(place / "keys"))), "--check")
    assert found.returncode == 78 and "can be written by every user" in found.stderr
    place.chmod(0o700)
    agent = start(with_files(profiles, entry(place / "keys")))
    before = wait_for_file(agent, place / "keys")
    place.chmod(0o777)  # … and when it is written
    assert agent.refresh("irsa").status == 200
    until(lambda: "can be written by every user" in (file_of(agent)["error"] or ""), what="the fault")
    assert content(place / "keys") == before


def test_a_killed_agent_leaves_nothing_that_accumulates(start, profiles, place, folder):
    """However often: at most one temporary file, which the next agent writes over."""
    settings = with_files(profiles, entry(place / "keys"))
    for i in range(10):
        agent = start(settings, name=f"agent{i}")
        for _ in range(i):
            agent.call("POST", "/v1/profiles/irsa/refresh?wait=0")
        agent.process.kill()
        agent.process.wait()
        agent.socket.unlink()
        assert set(os.listdir(place)) <= {"keys", ".keys.keyfob"}
        content(place / "keys")
    (place / ".keys.keyfob").write_text("half of")
    agent = start(settings, name="last")
    wait_for_file(agent, place / "keys")
    assert os.listdir(place) == ["keys"]


def write(folder, settings):
    path = folder / "checked.json"
    path.write_text(json.dumps(settings))
    return path


# --- on_rotate ---


def script(place, text):
    path = place / "command"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def test_on_rotate_follows_each_file(start, profiles, place):
    command = script(place, f'cat "$1" >> {place}/seen; env > {place}/env; pwd >/dev/null')
    agent = start(with_files(profiles, entry(place / "keys", on_rotate=[command, str(place / "keys"), "$HOME; x"])))
    documents = [wait_for_file(agent, place / "keys")]
    for _ in range(3):
        until(lambda: seen(place) == documents, what="the command")
        assert agent.refresh("irsa").status == 200
        documents.append(wait_for_file(agent, place / "keys"))
    until(lambda: seen(place) == documents, what="the command")
    assert "KEYFOB_" not in (place / "env").read_text() and "AWS_PROFILE" not in (place / "env").read_text()
    assert not agent.events("on_rotate_failed")


def seen(place):
    try:
        return [json.loads(line) for line in (place / "seen").read_text().splitlines()]
    except FileNotFoundError:
        return []


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("echo no such service >&2; exit 3", "status 3: no such service"),
        ("kill -9 $$", "signal 9"),
        ("exec yes", "more than 65536 bytes"),
        ("yes >&2 & sleep 0.1; kill $!; exit 4", "status 4"),
    ],
)
def test_on_rotate_that_fails_is_reported(start, profiles, place, text, report):
    agent = start(with_files(profiles, entry(place / "keys", on_rotate=[script(place, text)])))
    wait_for_file(agent, place / "keys")
    (line,) = until(lambda: agent.events("on_rotate_failed"), what="the report")
    assert report in line
    assert file_of(agent)["current"]


def test_on_rotate_that_is_not_there(start, profiles, place):
    agent = start(with_files(profiles, entry(place / "keys", on_rotate=["/nonexistent/command"])))
    wait_for_file(agent, place / "keys")
    until(lambda: agent.events("on_rotate_failed"), what="the report")


def test_on_rotate_that_hangs_holds_up_nothing_and_ends_with_the_agent(start, profiles, place):
    text = f"trap '' TERM; echo run >> {place}/runs; sleep 1000 & sleep 1000"
    agent = start(with_files(profiles, entry(place / "keys", on_rotate=[script(place, text)])))
    wait_for_file(agent, place / "keys")
    until(lambda: (place / "runs").exists(), what="the command")
    for _ in range(3):
        assert agent.refresh("irsa").status == 200
        wait_for_file(agent, place / "keys")
    group = children_of(agent.process.pid)
    assert (place / "runs").read_text() == "run\n" and len(group) == 1
    agent.end()
    until(lambda: not group_members(group[0]), what="the end of its process group")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]


def group_members(group):
    found = subprocess.run(["ps", "-o", "pid=,stat=", "-g", str(group)], capture_output=True, text=True, check=False)
    return [line for line in found.stdout.splitlines() if " Z" not in line]


# --- configuration ---


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"profile": "nobody"}, 'files[0].profile: found "nobody", which is not a profile'),
        ({"format": "cmd"}, "files[0].format"),
        ({"mode": "0666"}, "files[0].mode"),
        ({"mode": "0700"}, "files[0].mode"),
        ({"mode": "0200"}, "files[0].mode"),
        ({"on_rotate": "reload"}, "files[0].on_rotate"),
        ({"on_rotate": []}, "files[0].on_rotate"),
        ({"on_rotate": [""]}, "files[0].on_rotate"),
        ({"nothing": 1}, "nothing"),
        ({"path": ""}, "files[0].path"),
        ({"path": "checked.json"}, "which is the configuration file"),
    ],
)
def test_names_what_is_wrong_in_the_configuration(profiles, folder, change, text):
    found = keyfobd("--config", write(folder, with_files(profiles, {**entry("keys"), **change})), "--check")
    assert found.returncode == 78 and text in found.stderr, found.stderr


def test_two_entries_with_one_path(profiles, folder):
    (folder / "link").symlink_to(folder)
    for other in ["keys", "./keys", "link/keys", f"{folder}//keys"]:
        found = keyfobd("--config", write(folder, with_files(profiles, entry("keys"), entry(other))), "--check")
        assert found.returncode == 78 and "which files[0] has already" in found.stderr, (other, found.stderr)
