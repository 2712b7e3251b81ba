# SPDX-License-Identifier: Apache-2.0
"""keyfobd --check warns of what is not wrong enough to refuse the configuration, and will fail all the same."""

import json
import os
import pty
import subprocess

import botocore.loaders
import pytest
from support import paths
from support.agent import environment
from support.programs import keyfob, keyfobd

ROLE = "arn:aws:iam::111122223333:role/r"
KEYS = {"type": "static", "access_key_id": "AKIAKEYFOBDEMO000001", "secret_access_key": "s" * 40}


def write(path, text):
    """A file that nobody else may read: it may contain secrets."""
    path.write_text(text)
    path.chmod(0o600)


def check(folder, document, aws_config=None, **more):
    write(folder / "c.json", json.dumps(document))
    if aws_config is not None:
        (folder / ".aws").mkdir(exist_ok=True)
        write(folder / ".aws/config", aws_config)
    return keyfobd("--config", folder / "c.json", "--check", env=environment(folder, **more))


def zero(folder, aws_config, *arguments, **more):
    (folder / ".aws").mkdir(exist_ok=True)
    write(folder / ".aws/config", aws_config)
    return keyfobd("--check", *arguments, env=environment(folder, AWS_EC2_METADATA_DISABLED="true", **more))


def warnings(run):
    assert run.returncode == 0 and run.stderr == "", run
    lines = run.stdout.splitlines()
    found = [line for line in lines if line.startswith("warning: ")]
    assert lines[-1].endswith(f"{len(found)} warning{'' if len(found) == 1 else 's'}" if found else "good"), run.stdout
    assert run.stdout.count("\nhint: ") == len(found), run.stdout
    return found


def test_says_good_where_it_is(folder):
    run = check(folder, {"region": "us-east-1", "profiles": {"a": KEYS}})
    assert warnings(run) == [] and run.stdout == f"{folder}/c.json: 1 profile, 1 listener: good\n"


def process(command):
    return {"type": "process", "credential_process": command}


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"type": "web_identity", "role_arn": ROLE, "web_identity_token_file": "/nope/t"}, "/nope/t: does not exist"),
        ({"type": "web_identity", "role_arn": ROLE, "web_identity_token_file": "/etc"}, "/etc: is a directory"),
        ({"type": "web_identity", "role_arn": ROLE, "web_identity_token_file": "empty"}, "/empty: is empty"),
        (process("/nope/x"), "/nope/x: does not exist"),
        (process("no-such-program-here --flag"), "no-such-program-here: is not in PATH"),
        (process("/etc/passwd"), "/etc/passwd: may not be executed"),
        (process("/etc"), "/etc: is not a program"),
        (
            {
                "type": "container",
                "aws_container_credentials_full_uri": "http://169.254.170.23/v1/credentials",
                "aws_container_authorization_token_file": "/nope/token",
            },
            "/nope/token",
        ),
    ],
)
def test_warns_of_what_is_missing(folder, profile, words):
    write(folder / "empty", "")
    document = {"region": "us-east-1", "profiles": {"a": profile, "good": KEYS}}
    run = check(folder, document)
    (warning,) = warnings(run)
    assert warning.startswith("warning: profile a: ") and words in warning


def test_programs_are_found_as_the_agent_will(folder):
    (folder / "bin").mkdir()
    program = folder / "bin/helper"
    program.write_text("#!/bin/sh\n")
    document = {"profiles": {"a": process("helper -x")}}
    (warning,) = warnings(check(folder, document, PATH=f"/nope:{folder}/bin"))
    assert "helper: may not be executed" in warning
    program.chmod(0o755)
    assert warnings(check(folder, document, PATH=f"/nope:{folder}/bin")) == []
    assert warnings(check(folder, {"profiles": {"a": process(f"{program} x")}})) == []


def test_warns_of_profiles_that_cannot_be_used(folder):
    config = (
        "[default]\naws_access_key_id = AKIAKEYFOBDEMO000001\naws_secret_access_key = x\n"
        "[profile no-source]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = nobody\n"
        "[profile half]\naws_access_key_id = AKIAKEYFOBDEMO000001\n"
        "[profile tool]\ncredential_process = /nope/tool\n"
    )
    found = warnings(zero(folder, config))
    assert [f.split(": ")[1].split()[1] for f in found] == ["half", "no-source", "tool"], found
    assert '"nobody"' in found[1] and ".aws/config:6" in found[1]


@pytest.mark.parametrize("settings", ["region = us-east-1", "credential_process = echo", "role_arn = x"])
@pytest.mark.parametrize("header", ["[x]", "[ x ]"])
def test_warns_of_a_forgotten_profile(start, folder, settings, header):
    config = f"[default]\nregion = us-east-1\n\n{header} # mine\n{settings}\n[plugins]\nx = y\n[preview]\ncloudfront = true\n"
    found = warnings(zero(folder, config))
    ignored = f"{folder}/.aws/config:4: found [x], which AWS tools ignore, expected [profile x]"
    assert any(f == f"warning: ignored_section: {ignored}" for f in found), found
    assert sum(f.startswith("warning: profile x cannot be used: ") for f in found) == 1, found
    assert not any("plugins" in f or "preview" in f for f in found)
    agent = start(None, env=environment(folder, KEYFOB_SOCKET=str(folder / "k.sock"), AWS_EC2_METADATA_DISABLED="true"))
    assert len(agent.events("ignored_section")) == 1
    run = keyfob("credential-process", "x", socket=agent.socket)
    assert run.returncode == 1 and "expected [profile x]" in run.stderr and "[profile x]" in run.stderr.split("hint")[1]


def test_a_forgotten_profile_that_the_configuration_names(folder):
    run = check(folder, {"profiles": {"p": {"type": "shared_config", "profile": "x"}}}, "[x]\nregion = us-east-1\n")
    assert run.returncode == 78 and "config:1: found [x]" in run.stderr and "[profile x]" in run.stderr, run
    run = zero(folder, "[x]\nregion = us-east-1\n", AWS_PROFILE="x")
    assert "AWS_PROFILE: found no profile x" in run.stdout + run.stderr and "[profile x]" in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("region", "suggestion"),
    [
        ("us-esat-1", "us-east-1"),
        ("us-east1", "us-east-1"),
        ("eu-wst-1", "eu-west-1"),
        ("US-WEST-2", "us-west-2"),
        ("ap-southeast-11", "ap-southeast-1"),
        ("moon", None),
    ],
)
def test_warns_of_regions_that_look_misspelt(folder, region, suggestion):
    profiles = {"a": KEYS, "b": {**KEYS, "region": region}, "c": {**KEYS, "region": "us-east-1"}}
    (warning,) = warnings(check(folder, {"region": "us-east-1", "profiles": profiles}))
    assert f'c.json:1:' in warning and f'profiles.b.region: found region "{region}"' in warning
    assert (f'did you mean "{suggestion}"' in warning) if suggestion else ("did you mean" not in warning)
    (warning,) = warnings(check(folder, {"region": region, "profiles": {"a": KEYS, "b": KEYS}}))
    assert ": region: found region" in warning
    (warning,) = warnings(check(folder, {"profiles": {"a": KEYS}}, AWS_REGION=region))
    assert "profile a: found region" in warning
    role = {"type": "assume_role", "source_profile": "a", "role_arn": ROLE, "region": region}
    (warning,) = warnings(check(folder, {"profiles": {"a": {**KEYS, "region": "us-east-1"}, "r": role}}))
    assert "profiles.r.region" in warning


def test_regions_of_other_systems_are_not_judged(folder):
    role = {"type": "assume_role", "source_profile": "a", "role_arn": ROLE, "region": "rack-7"}
    document = {"profiles": {"a": {**KEYS, "region": "us-east-1"}, "r": {**role, "endpoint_url": "https://sts.example"}}}
    assert warnings(check(folder, document)) == []


def test_knows_all_regions(folder):
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    regions = [region for partition in partitions for region in partition["regions"]]
    profiles = {f"p{i}": {**KEYS, "region": region} for i, region in enumerate(regions)}
    assert len(regions) > 40 and warnings(check(folder, {"profiles": profiles})) == []


def test_warns_of_an_include_that_matches_nothing(folder):
    (folder / "t.d").mkdir()
    document = {"include": ["t.d/*.json"], "profiles": {"a": KEYS}}
    (warning,) = warnings(check(folder, document))
    assert 'include[0]: found no file in ' in warning and 't.d that matches "*.json"' in warning
    run = check(folder, {"include": ["t.d/*.json"]})
    assert run.returncode == 78 and "include: found no file that this matches" in run.stderr, run
    write(folder / "t.d/a.json", json.dumps({"profiles": {"b": KEYS}}))
    assert warnings(check(folder, document)) == []


def test_reports_every_certificate_that_cannot_be_loaded(folder):
    arn = "arn:aws:rolesanywhere:us-east-1:111122223333:"
    anywhere = {
        "type": "roles_anywhere",
        "trust_anchor_arn": f"{arn}trust-anchor/a",
        "profile_arn": f"{arn}profile/p",
        "role_arn": ROLE,
        "certificate": "c.pem",
        "private_key": "k.pem",
    }
    for name in ("c.pem", "k.pem"):
        (folder / name).write_text("nothing\n")
        (folder / name).chmod(0o600)
    run = check(folder, {"profiles": {"a": anywhere, "b": anywhere}})
    faults = [line for line in run.stderr.splitlines() if line.startswith("keyfobd: profile ")]
    assert run.returncode == 78 and [f.split(":")[1] for f in faults] == [" profile a", " profile b"], run


# ---- a socket that cannot be made ----


@pytest.mark.parametrize("on_a_terminal", [True, False])
def test_says_plainly_that_the_socket_cannot_be_made(folder, on_a_terminal):
    write(folder / "c.json", json.dumps({"profiles": {"a": KEYS}}))
    command = [str(paths.KEYFOBD), "--config", str(folder / "c.json"), "--socket", "/proc/nope/k.sock"]
    if not on_a_terminal:
        run = subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 78 and "event=failed" in run.stderr, run
        return
    master, slave = pty.openpty()
    run = subprocess.run(command, env=environment(folder), stderr=slave, timeout=60, check=False)
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    assert run.returncode == 78 and text.startswith("keyfobd: cannot make the socket's directory /proc/nope"), text
    assert "\nhint: " in text and "event=" not in text and "--socket" in text, text
