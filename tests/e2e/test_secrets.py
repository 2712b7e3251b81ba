# SPDX-License-Identifier: Apache-2.0
"""Secrets are where they belong, and nowhere else."""

import os
import resource
import signal

import pytest
from support import paths
from support.agent import environment
from support.other_user import become_other_user, give_to_other_user
from support.profiles import config

CANARY_SECRET = "CanarySecret+0123456789/ABCDEFGHIJKLMNOP"
CANARY_TOKEN = "CanaryToken//" + "q" * 400 + "=="


def everything(start, standin, profiles, folder, arguments):
    """An agent that has been through success, failure, signing and a reload, at its most talkative."""
    secret_file = folder / "secret.txt"
    secret_file.write_text(CANARY_SECRET)
    canary = {"type": "static", "access_key_id": "AKIACANARY0000000001", "secret_access_key_file": str(secret_file)}
    inline = {**canary, "secret_access_key": CANARY_SECRET, "session_token": CANARY_TOKEN}
    del inline["secret_access_key_file"]
    encrypted = profiles.onprem("rsa.pem", "rsa-key-encrypted.pem")
    encrypted["private_key_passphrase_file"] = standin.certificate("passphrase.txt")
    settings = config(
        irsa=profiles.irsa(),
        encrypted=encrypted,
        tenant=profiles.assume("irsa"),
        wrong=profiles.assume("irsa", external_id="wrong"),
        canary=canary,
        inline=inline,
        on_canary=profiles.assume("canary"),
    )
    agent = start(settings, arguments=["--log-level", "debug", *arguments])
    for name in ("irsa", "encrypted", "tenant", "canary", "inline"):
        agent.credentials(name)
    for name in ("wrong", "on-canary"):
        agent.refusal(name)
    for kind in ("cut", "garbage", "html", "oversize", "error500"):
        standin.fault("sts", kind, count=1)
        agent.refresh("irsa")
        standin.clear_faults()
    request = {
        "method": "POST",
        "url": "https://bedrock-runtime.us-east-1.amazonaws.com/x",
        "payload_text": "CanaryBody",
    }
    agent.sign("irsa", request)
    agent.sign("irsa", {**request, "unknown": CANARY_SECRET})
    agent.call("POST", "/v1/profiles/irsa/presign", {"method": "GET", "url": request["url"], "expires_in": 60})
    agent.call("GET", f"/v1/profiles/{CANARY_SECRET.replace('/', '%2F')}")
    agent.reload(settings)
    return agent


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_logs_no_secret(start, standin, profiles, folder, log_format):
    agent = everything(start, standin, profiles, folder, ["--log-format", log_format])
    answers = [
        agent.call("GET", target).body.decode() for target in ("/v1/profiles", "/metrics", "/readyz", "/version")
    ]
    answers += [agent.call("GET", "/v1/profiles/" + name).body.decode() for name in ("irsa", "wrong", "inline")]
    answers.append(agent.refresh("wrong").body.decode())
    log = agent.stderr()
    secrets = {CANARY_SECRET, CANARY_TOKEN, "CanaryBody", *standin.secrets()}
    for secret in secrets:
        for text in [log, *answers]:
            assert secret not in text
            assert secret[:24] not in text or len(secret) < 24
    assert "Signature=" not in log and "X-Amz-Signature" not in log
    # What is in the log is there to be read by machines.
    if log_format == "json":
        import json

        assert all(json.loads(line)["event"] for line in log.splitlines() if line.startswith("{"))


def test_shows_no_secret_in_proc(start, standin, profiles, folder):
    agent = everything(start, standin, profiles, folder, [])
    secrets = {CANARY_SECRET, CANARY_TOKEN, *standin.secrets()}
    for name in ("cmdline", "environ"):
        with open(f"/proc/{agent.process.pid}/{name}", "rb") as file:
            text = file.read().decode(errors="replace")
        assert not any(secret in text for secret in secrets), name


def test_files_are_private(start, profiles, folder):
    """Nothing but the socket appears beside the configuration."""
    agent = start(config(base=profiles.static()))
    agent.credentials("base")
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "k.sock", "stderr.log"]


def test_release_build_forbids_core_dumps_and_tracing(start, standin, profiles, folder):
    """The files of a process that is not dumpable belong to root."""

    def prepare():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2 if os.geteuid() == 0 else (0, 0))
        become_other_user()

    give_to_other_user(folder)
    binary = paths.copy_for_others(paths.RELEASE / "keyfobd", folder)
    agent = start(config(base=profiles.static()), binary=binary, preexec=prepare)
    pid = agent.process.pid
    assert agent.credentials("base")
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0
    with open(f"/proc/{pid}/limits") as file:
        limits = file.read()
    core = next(line.split() for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core[4:6] == ["0", "0"]
    with open(f"/proc/{pid}/status") as file:
        assert "NoNewPrivs:\t1" in file.read()


def test_crash_leaves_no_core(start, profiles, folder):
    agent = start(config(base=profiles.static()), binary=paths.RELEASE / "keyfobd", env=environment(folder))
    agent.credentials("base")
    agent.process.send_signal(signal.SIGABRT)
    assert agent.process.wait(10) == -signal.SIGABRT
    assert not [p for p in folder.iterdir() if "core" in p.name]
    agent.socket.unlink()
