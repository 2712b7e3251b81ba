# SPDX-License-Identifier: Apache-2.0
"""Peers that want others to fail: they use up descriptors, fill the log, look for what they may not see."""

import json
import os
import re
import resource
import subprocess
import sys

import pytest
from support import paths
from support.attacker import UID, attack, dial_many
from support.programs import keyfob, keyfobd

NOFILE = 256
CONNECTIONS = 300


def config(folder, profiles, standin):
    folder.chmod(0o755)
    return {
        "region": "us-east-1",
        "listeners": [{"unix": str(folder / "k.sock"), "mode": "0666"}],
        "profiles": {
            "irsa": profiles.irsa(),
            "mine": profiles.static(allow={"uids": [os.getuid()]}),
            "limits": {
                "type": "process",
                "credential_process": f"{sys.executable} {folder / 'limits.py'}",
                "refresh": "on_demand",
            },
        },
    }


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, NOFILE))


@pytest.mark.parametrize("uid", [os.getuid(), *([UID] if os.geteuid() == 0 else [])])
def test_refreshes_and_serves_its_operator_when_peers_hold_all_connections(start, standin, profiles, folder, uid):
    agent = start(config(folder, profiles, standin), preexec=few_descriptors)
    agent.wait_for_state("irsa", "fresh")
    before = agent.profile("irsa")["generation"]
    with attack("some_connections", agent.socket, uid) as (held, refused):
        assert held + refused == CONNECTIONS and 16 <= held < NOFILE - 64
        for command in (["refresh", "irsa"], ["status"], ["status", "irsa"], ["refresh", "irsa"]):
            run = keyfob(*command, socket=agent.socket)
            assert run.returncode == 0, run.stderr
    assert agent.profile("irsa")["generation"] == before + 2
    assert not agent.events("accept_failed")


def test_commands_get_the_limit_that_the_agent_was_started_with(start, standin, profiles, folder):
    (folder / "limits.py").write_text(
        "import json, resource\n"
        "keys = {'Version': 1, 'AccessKeyId': 'AKIA%d' % resource.getrlimit(resource.RLIMIT_NOFILE)[0], 'SecretAccessKey': 's'}\n"
        "print(json.dumps(keys))\n"
    )
    agent = start(config(folder, profiles, standin), preexec=few_descriptors)
    assert agent.call("GET", "/v1/profiles/limits/credentials").json()["AccessKeyId"] == "AKIA100"
    with open(f"/proc/{agent.process.pid}/limits", encoding="ascii") as limits:
        assert re.search(r"Max open files\s+256\s+256", limits.read())


@pytest.mark.skipif(os.geteuid() != 0, reason="a second uid needs root")
def test_logs_little_of_a_peer_that_is_denied_without_end(start, standin, profiles, folder):
    agent = start(config(folder, profiles, standin))
    before = len(agent.stderr())
    with attack("denied", agent.socket) as (denied,):
        other = subprocess.run(
            ["setpriv", "--reuid=54322", "--regid=54322", "--clear-groups", "curl", "-sS", "-o", "/dev/null", "--unix-socket"]
            + [str(agent.socket), "http://k/v1/profiles/mine/credentials"],
            check=False,
        )
        assert other.returncode == 0
    agent.end()
    log = agent.stderr()[before:]
    assert denied == 20_000 and len(log) < 8 * 1024
    lines = [line for line in agent.events("access_denied") if "event=access_denied" in line]
    assert any("uid=54322" in line for line in lines), "another peer's line was left out, too"
    counts = [line for line in agent.events("log_lines_dropped") if "of=access_denied" in line and f"uid={UID}" in line]
    dropped = sum(int(re.search(r"lines=(\d+)", line)[1]) for line in counts)
    assert dropped + sum(f"uid={UID}" in line for line in lines) == denied


def test_logs_little_of_refreshes_without_end(start, standin, profiles, folder):
    """A peer may have its profile refreshed and dropped as often as it likes."""
    agent = start(config(folder, profiles, standin))
    agent.wait_for_state("mine", "fresh")
    before = len(agent.stderr())
    connection = agent.connection()
    for _ in range(1000):
        assert connection.call("POST", "/v1/profiles/mine/refresh").status == 200
        assert connection.call("DELETE", "/v1/profiles/mine/credentials").status == 200
    agent.end()
    log = agent.stderr()[before:]
    assert len(log) < 8 * 1024
    counts = [int(re.search(r"lines=(\d+)", line)[1]) for line in agent.events("log_lines_dropped")]
    assert sum(counts) > 1900


@pytest.mark.skipif(os.geteuid() != 0, reason="a second uid needs root")
def test_tells_nothing_of_profiles_that_a_peer_may_not_see(start, standin, profiles, folder):
    """Raw answers as another uid: the same for a profile that it may not see and for one that does not exist."""
    agent = start(config(folder, profiles, standin))

    def ask(method, path, *more):
        command = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "curl", "-sS", "-i", "-X", method]
        run = subprocess.run(
            [*command, "--unix-socket", str(agent.socket), *more, f"http://k{path}"], capture_output=True, check=True
        )
        return run.stdout

    for path in ("/v1/profiles/{}", "/v1/profiles/{}/credentials?wait=5", "/readyz?profile={}", "/v1/profiles/{}/login"):
        assert ask("GET", path.format("mine")).replace(b"mine", b"nope") == ask("GET", path.format("nope"))
        assert b" 403 " in ask("GET", path.format("nope"))
    for path in ("refresh", "sign", "presign", "login"):
        seen, not_there = (ask("POST", f"/v1/profiles/{name}/{path}", "-d", "{}") for name in ("mine", "nope"))
        assert seen.replace(b"mine", b"nope") == not_there
    for path in ("/v1/profiles", "/metrics", "/readyz?min_ttl=100d", "/readyz"):
        assert b"mine" not in ask("GET", path)
    assert b'{profile="irsa"}' in ask("GET", "/metrics")


def test_ends_the_connection_after_connect(start, standin, profiles, folder):
    agent = start(config(folder, profiles, standin))
    inner = b"GET /livez HTTP/1.1\r\n\r\n"
    for head in (b"CONNECT a:1 HTTP/1.1\r\n", b"CONNECT a:1 HTTP/1.1\r\nContent-Length: %d\r\n" % len(inner)):
        (sock,), _ = dial_many(str(agent.socket), 1)
        sock.setblocking(True)
        sock.sendall(head + b"\r\n" + inner)
        got = b""
        while piece := sock.recv(4096):
            got += piece
        sock.close()
        assert got.startswith(b"HTTP/1.1 405 ") and got.count(b"HTTP/1.1 ") == 1 and b"\r\nConnection: close\r\n" in got


# ---- files that others could have written ----


def check(folder, document, *arguments):
    """keyfobd --check with that configuration."""
    path = folder / "config.json"
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o600
    path.write_text(json.dumps({"region": "us-east-1", **document}))
    path.chmod(mode)
    return keyfobd("--config", path, "--check", *arguments)


STATIC = {"type": "static", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "x" * 40}


@pytest.mark.skipif(os.geteuid() != 0, reason="another owner needs root")
def test_runs_no_command_of_another_user_and_sends_no_file_that_it_names(start, standin, profiles, folder):
    """An included folder that everybody can write: neither its command nor its token file is used after SIGHUP."""
    tenants = folder / "tenants.d"
    tenants.mkdir()
    base = {"region": "us-east-1", "include": ["tenants.d/*.json"], "profiles": {"irsa": profiles.irsa()}}
    agent = start(base)
    proof = folder / "proof"
    command = f"/bin/touch {proof}"
    evil = tenants / "evil.json"
    stolen = {**profiles.irsa(), "web_identity_token_file": "/etc/shadow"}
    documents = [
        {"profiles": {"evil": {"type": "process", "credential_process": command}}},
        {"profiles": {"evil": stolen}},
    ]
    for directory_mode, owner in ((0o777, 65534), (0o1777, 65534), (0o755, 65534), (0o777, 0), (0o755, 0)):
        for document in documents:
            evil.write_text(json.dumps(document))
            os.chown(evil, owner, owner)
            tenants.chmod(directory_mode)
            before = len(agent.events("config_reload_failed"))
            agent.reload()
            assert len(agent.events("config_reload_failed")) == before + 1
    assert not proof.exists()
    assert agent.call("GET", "/v1/profiles/evil").status == 404
    assert not any("root:" in json.dumps(record) for record in standin.calls())


@pytest.mark.parametrize("target", ["config.json", "token", "."])
def test_refuses_what_others_can_write_unless_its_directory_is_trusted(folder, target):
    (folder / "token").write_text("x")
    (folder / "token").chmod(0o600)
    role = {"type": "web_identity", "role_arn": "arn:aws:iam::111122223333:role/r", "web_identity_token_file": "token"}
    assert check(folder, {"profiles": {"p": role}}).returncode == 0
    (folder / target).chmod((folder / target).stat().st_mode | 0o002)
    run = check(folder, {"profiles": {"p": role}})
    assert run.returncode == 78 and "can be written by every user" in run.stderr and "trusted" in run.stderr
    assert check(folder, {"profiles": {"p": role}}, "--trusted-directory", folder).returncode == 0
    trusted = check(folder, {"profiles": {"p": role}, "trusted_directories": ["."]})
    assert trusted.returncode == (0 if target == "token" else 78)


def test_reports_secrets_that_everybody_may_read(start, folder):
    secret = folder / "secret"
    secret.write_text("x" * 40)
    secret.chmod(0o644)
    keys = {"type": "static", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key_file": "secret"}
    run = check(folder, {"profiles": {"p": keys}})
    assert run.returncode == 0 and f"insecure_file_mode: {secret}" in run.stdout
    agent = start({"region": "us-east-1", "profiles": {"p": keys}})
    assert str(secret) in agent.events("insecure_file_mode")[0] and "x" * 40 not in agent.stderr()
    secret.chmod(0o600)
    assert "insecure_file_mode" not in check(folder, {"profiles": {"p": keys}}).stdout


def test_takes_volumes_as_kubernetes_mounts_them(folder):
    """A projected volume: 1777, links through ..data, mode 0644."""
    volume = folder / "volume"
    (volume / "..2026_12_01").mkdir(parents=True)
    (volume / "..2026_12_01" / "token").write_text("x")
    (volume / "..2026_12_01" / "token").chmod(0o644)
    (volume / "..data").symlink_to("..2026_12_01")
    (volume / "token").symlink_to("..data/token")
    volume.chmod(0o1777)
    role = {"type": "web_identity", "role_arn": "arn:aws:iam::111122223333:role/r", "web_identity_token_file": "volume/token"}
    assert check(folder, {"profiles": {"p": role}}).returncode == 0
    quiet = check(folder, {"profiles": {"p": role}, "trusted_directories": ["volume"]})
    assert quiet.returncode == 0 and "insecure_file_mode" not in quiet.stdout


@pytest.mark.parametrize("content", ["root:$6$salt$hash:19000:0:99999:7:::\n", "a.b.c", "e30.e30", None])
def test_sends_nothing_that_is_not_a_token(start, standin, profiles, folder, content):
    """What the file holds is not sent, and not shown. A pipe, which nobody writes to, is refused at once."""
    token = folder / "token"
    if content is None:
        os.mkfifo(token, 0o600)
    else:
        token.write_text(content)
        token.chmod(0o600)
    stolen = {**profiles.irsa(), "web_identity_token_file": str(token), "refresh": "on_demand"}
    agent = start({"region": "us-east-1", "profiles": {"irsa": profiles.irsa(), "stolen": stolen}})
    agent.wait_for_state("irsa", "fresh")
    before = len(standin.calls())
    reply = agent.call("GET", "/v1/profiles/stolen/credentials?wait=5")
    assert reply.status == 502 and str(token).encode() in reply.body
    assert ("not a regular file" if content is None else "JSON Web Token") in reply.json()["detail"]
    assert len(standin.calls()) == before
    if content:
        assert content.strip() not in agent.stderr() and content.strip().encode() not in reply.body
    assert agent.call("GET", "/v1/profiles/irsa/credentials").status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="a mount needs root")
@pytest.mark.parametrize("option, status", [("ro", 0), ("rw", 78)])
def test_takes_a_directory_that_all_may_write_where_it_is_mounted_read_only(folder, option, status):
    """The volume of a ConfigMap: its directory has mode 0777."""
    volume = folder / "volume"
    volume.mkdir()
    (volume / "config.json").write_text('{"region": "us-east-1", "profiles": {"p": {"type": "imds"}}}')
    volume.chmod(0o777)
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,"$2" "$1" && exec "$3" --check --config "$1/config.json"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", volume, option, paths.KEYFOBD]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == status, run.stderr
