# SPDX-License-Identifier: Apache-2.0
"""keyfob exec: unmodified SDKs in the command, who else gets nothing, and a command that notices nothing of keyfob."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import paths, tcp_http
from support.agent import environment
from support.other_user import become_other_user
from support.own_agent import OwnAgent
from support.polling import until
from support.programs import AWS, output_of, run
from support.sdk import build_go, build_javascript

TENANT = ":assumed-role/tenant-a/"
URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see or to be others")


@pytest.fixture
def agent(start, profiles):
    demo = profiles.demo()
    demo["tenant-a"]["duration_seconds"] = 900  # so little that SDKs ask again for each call
    agent = start({"region": "us-east-1", "profiles": {**demo, "base": profiles.static(), "a b+c": profiles.static()}})
    agent.credentials("tenant-a")
    return agent


def words(agent, *arguments, profile="tenant-a"):
    """keyfob exec PROFILE --socket … ARGUMENTS."""
    return [str(paths.KEYFOB), "exec", profile, "--socket", str(agent.socket), *map(str, arguments)]


def execute(agent, *command, options=(), env=None, profile="tenant-a", **more):
    return run(*words(agent, *options, "--", *command, profile=profile), env=env or environment(agent.folder), **more)


def seen(agent, *options, env=None, profile="tenant-a"):
    """The environment of the command."""
    text = output_of(execute(agent, "env", "-0", options=options, env=env, profile=profile))
    return dict(entry.split("=", 1) for entry in text.split("\0") if entry)


class Running:
    """A command that runs until it is told to end; where its endpoint is."""

    def __init__(self, agent, script="read line; true", **more):
        script = f'echo "${URI} ${TOKEN} $$"; {script}'
        self.process = subprocess.Popen(words(agent, "--", "sh", "-c", script), env=environment(agent.folder),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)
        self.uri, self.token, self.pid = self.process.stdout.readline().split()
        self.at, _, path = self.uri.removeprefix("http://").partition("/")
        self.target = "/" + path

    def get(self, headers=None, method="GET", target=None):
        return tcp_http.call(self.at, method, target or self.target,
                             {"Authorization": self.token} if headers is None else headers)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(30) == 0
        self.check_nothing_is_left()

    def check_nothing_is_left(self):
        until(lambda: not tcp_http.connects(self.at), what="the end of the endpoint")


@pytest.fixture
def running(agent):
    started = []

    def begin(*arguments, **more):
        started.append(Running(agent, *arguments, **more))
        return started[-1]

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.end()
        each.process.stdin.close()
        each.process.stdout.close()


# ---- SDKs ----


def sdk_environment(agent, standin, **more):
    return environment(agent.folder, AWS_ENDPOINT_URL_STS=standin.url, AWS_EC2_METADATA_DISABLED="true", **more)


BOTO3 = """
import sys, boto3
sts = boto3.client("sts")
for line in sys.stdin:
    print(sts._request_signer._credentials.method, sts._request_signer._credentials.access_key,
          sts.get_caller_identity()["Arn"], flush=True)
"""


def test_boto3_over_rotations(agent, standin):
    """One client of one process has each generation that the agent has."""
    command = words(agent, "--", sys.executable, "-c", BOTO3)
    with subprocess.Popen(command, env=sdk_environment(agent, standin), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as child:
        keys = set()
        for _ in range(3):
            assert agent.refresh("tenant-a").status == 200
            child.stdin.write("\n")
            child.stdin.flush()
            method, key, arn = child.stdout.readline().split()
            assert method == "container-role" and TENANT in arn
            assert key == agent.credentials("tenant-a")["AccessKeyId"]
            keys.add(key)
        child.stdin.close()
        assert child.wait(30) == 0
    assert len(keys) == 3
    assert all(c["verified"] and not c["error"] for c in standin.calls(action="GetCallerIdentity"))


@pytest.fixture(scope="module")
def javascript():
    return build_javascript()


@pytest.fixture(scope="module")
def go():
    return [build_go()]


@pytest.fixture(scope="module")
def cli():
    return [AWS, "sts", "get-caller-identity", "--output", "text", "--query", "Arn"]


OTHERS = {  # each leads an SDK elsewhere
    "AWS_ACCESS_KEY_ID": "AKIAOTHER",
    "AWS_SECRET_ACCESS_KEY": "other",
    "AWS_SESSION_TOKEN": "other",
    "AWS_PROFILE": "other",
    "AWS_DEFAULT_PROFILE": "other",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/other",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/other",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nonexistent",
    "AWS_BEARER_TOKEN_BEDROCK": "other",
    "AWS_CREDENTIAL_FILE": "/nonexistent",
}
FILES = {  # a profile "default" with credentials of its own, which every SDK asks before the container endpoint
    "credentials": "[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n",
    "config": "[default]\nregion = eu-west-3\ncredential_process = /bin/false\n",
}


@pytest.mark.parametrize("sdk", ["cli", "go", "javascript"])
def test_sdks_over_a_rotation(request, sdk, agent, standin):
    """Against all that is inherited, and against the files in the home folder."""
    home = agent.folder / ".aws"
    home.mkdir()
    for name, text in FILES.items():
        (home / name).write_text(text)
    command = request.getfixturevalue(sdk)
    env = sdk_environment(agent, standin, **OTHERS)
    keys = []
    for _ in range(2):
        assert TENANT in output_of(execute(agent, *command, env=env))
        keys.append(standin.calls(action="GetCallerIdentity")[-1]["access_key_id"])
        assert keys[-1] == agent.credentials("tenant-a")["AccessKeyId"]
        assert agent.refresh("tenant-a").status == 200
    assert keys[0] != keys[1]


@pytest.mark.parametrize("name", FILES)
def test_boto3_takes_no_default_profile(agent, standin, name):
    home = agent.folder / ".aws"
    home.mkdir()
    (home / name).write_text(FILES[name])
    script = "import botocore.session as s; print(s.Session().get_credentials().method)"
    assert output_of(execute(agent, sys.executable, "-c", script)) == "container-role\n"


def test_files_without_credentials_stay(agent):
    home = agent.folder / ".aws"
    home.mkdir()
    (home / "config").write_text("[default]\nregion = eu-west-3\noutput = text\n[profile other]\nrole_arn = x\n")
    got = seen(agent)
    assert "AWS_CONFIG_FILE" not in got and "AWS_SHARED_CREDENTIALS_FILE" not in got and "BOTO_CONFIG" not in got


# ---- the environment ----


def test_environment(agent):
    kept = {"AWS_CA_BUNDLE": "/x", "AWS_MAX_ATTEMPTS": "2", "AWS_ENDPOINT_URL": "http://x", "MINE": "a=b\nc", "EMPTY": ""}
    got = seen(agent, env=environment(agent.folder, AWS_REGION="eu-west-1", **OTHERS, **kept))
    assert {k: got[k] for k in kept} == kept
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\S*", got[URI]) and re.fullmatch(r"[0-9a-f]{64}", got[TOKEN])
    assert got["AWS_REGION"] == got["AWS_DEFAULT_REGION"] == "us-east-1"
    assert got["KEYFOB_EXEC"] == "tenant-a"
    assert not (set(OTHERS) - {URI}) & set(got)
    assert got["PATH"] == os.environ["PATH"]
    assert seen(agent, "--region", "ap-south-1")["AWS_REGION"] == "ap-south-1"


def test_each_command_has_a_token_of_its_own(agent, running):
    first, second = running(), running()
    assert first.token != second.token and first.at != second.at
    assert first.get().status == 200
    assert first.get({"Authorization": second.token}).status == 403


def test_profile_with_blanks(agent):
    script = f'curl -sS -H "Authorization: ${TOKEN}" "${URI}"'
    document = json.loads(output_of(execute(agent, "sh", "-c", script, profile="a b+c")))
    assert document["AccessKeyId"] == agent.credentials("a b+c")["AccessKeyId"]


def test_plain_variables(agent):
    finished = execute(agent, "env", options=["--env"], env=environment(agent.folder, **OTHERS))
    got = dict(line.split("=", 1) for line in output_of(finished).splitlines())
    held = agent.credentials("tenant-a")
    assert (got["AWS_ACCESS_KEY_ID"], got["AWS_SECRET_ACCESS_KEY"], got["AWS_SESSION_TOKEN"]) == (
        held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
    assert got["AWS_CREDENTIAL_EXPIRATION"] == held["Expiration"] and held["Expiration"] in finished.stderr
    assert URI not in got and TOKEN not in got and "AWS_PROFILE" not in got
    assert held["SecretAccessKey"] not in finished.stderr
    finished = execute(agent, "env", options=["--env"], profile="base")
    assert "AWS_SESSION_TOKEN" not in output_of(finished) and finished.stderr == ""  # they do not expire


def test_plain_variables_for_boto3(agent, standin):
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    env = sdk_environment(agent, standin, **OTHERS)
    assert TENANT in output_of(execute(agent, sys.executable, "-c", script, options=["--env"], env=env))


def test_nesting(agent):
    inner = words(agent, "--", "env", profile="base")
    refused = execute(agent, *inner)
    assert refused.returncode == 1 and "tenant-a" in refused.stderr and "--nested" in refused.stderr
    inner = words(agent, "--nested", "--", "env", profile="base")
    assert "KEYFOB_EXEC=base\n" in output_of(execute(agent, *inner))


# ---- who gets nothing ----


def test_every_cell(agent, running):
    """Method × proof × header × path: credentials in one cell, no byte of them in any other."""
    command = running()
    held = agent.credentials("tenant-a")
    secrets = [held[k].encode() for k in ("SecretAccessKey", "SessionToken", "AccessKeyId")]
    port = command.at.rpartition(":")[2]
    proofs = {
        "none": {}, "good": {"Authorization": command.token}, "wrong": {"Authorization": command.token[:-1] + "x"},
        "empty": {"Authorization": ""}, "longer": {"Authorization": command.token + "0"},
        "scheme": {"Authorization": f"Bearer {command.token}"},
    }
    headers = {
        "none": {}, "no port": {"Host": "127.0.0.1"}, "origin": {"Origin": "null"}, "referer": {"Referer": "http://x/"},
        "sec-fetch": {"Sec-Fetch-Site": "none"}, "x-forwarded-for": {"X-Forwarded-For": "127.0.0.1"},
        "host": {"Host": "evil.example"}, "name": {"Host": f"localhost.evil.example:{port}"}, "no host": {"Host": None},
        "port": {"Host": "127.0.0.1:1"},
    }
    targets = (command.target, "/", command.target + "/", command.target + "?x", "/v1/profiles/tenant-a/credentials")
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        for proof, proof_headers in proofs.items():
            for name, more in headers.items():
                for target in targets:
                    reply = command.get({**proof_headers, **more}, method, target)
                    text = reply.body + json.dumps(reply.headers).encode()
                    may = (method, proof, target) == ("GET", "good", command.target) and name in ("none", "no port")
                    cell = (method, proof, name, target, reply)
                    assert any(secret in text for secret in secrets) == may, cell
                    assert reply.status == 200 if may else reply.status in (403, 404, 405, 421), cell
    reply = command.get({})
    assert reply.headers["content-type"] == "application/json" and set(reply.json()) == {
        "code", "message", "Code", "Message"}


@NEEDS_ROOT
def test_another_user_gets_nothing(running):
    """Neither the token out of /proc, nor an answer; and cannot keep the command from one."""
    command = running()
    script = f"cat /proc/{command.pid}/environ; curl -sS -i {command.uri}"
    finished = subprocess.run(["sh", "-c", script], preexec_fn=become_other_user, capture_output=True, text=True)
    assert "Permission denied" in finished.stderr and " 403 " in finished.stdout
    assert "ASIA" not in finished.stdout and command.token not in finished.stdout


def test_silent_connections_do_not_keep_others_out(running):
    command = running()
    host, port = command.at.split(":")
    script = ("import socket, sys\n"
              f"held = [socket.create_connection(({host!r}, {port})) for _ in range(200)]\n"
              "print('held', flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as attacker:
        assert attacker.stdout.readline() == b"held\n"
        assert command.get().status == 200
        attacker.stdin.close()


# ---- the agent ends ----


def test_agent_restarts_in_the_middle(agent, running):
    command = running()
    assert command.get().status == 200
    agent.kill()
    reply = command.get()
    assert reply.status == 503 and "keyfobd" in reply.json()["message"]  # which SDKs try again
    agent.socket.unlink(missing_ok=True)
    agent.__init__(agent.folder, None, ["--config", agent.config_path])
    agent.wait_until_listening()
    agent.credentials("tenant-a")
    assert command.get().json()["AccessKeyId"] == agent.credentials("tenant-a")["AccessKeyId"]


@pytest.fixture
def user(folder, standin):
    """One whom keyfob starts an agent for."""
    made = []

    def make(**more):
        made.append(OwnAgent(folder, **more))
        return made[-1]

    yield make
    for one in made:
        one.end(standin.secrets())


PROCESS = """[profile p]
region = eu-west-3
credential_process = echo '{"Version": 1, "AccessKeyId": "ASIAEXAMPLEKEYID0001", "SecretAccessKey": "x"}'
"""


def test_starts_an_agent(user):
    """Twenty at once start one; so does another later, which is then the one that commands use."""
    one = user(aws=PROCESS)
    script = f'curl -sS -H "Authorization: ${TOKEN}" "${URI}"; echo $AWS_REGION'
    finished = one.at_once(20, "exec", "p", "--", "sh", "-c", script)
    assert all(f.returncode == 0 and "ASIAEXAMPLE" in f.stdout and "eu-west-3" in f.stdout for f in finished), finished
    assert len(one.running()) == 1
    one.kill()
    assert "ASIAEXAMPLE" in output_of(one.keyfob("exec", "p", "--env", "--", "env"))
    assert len(one.running()) == 1


def test_an_agent_that_starts_inside(user):
    """It serves other shells, too: what exec set is not for it."""
    one = user(aws="[default]\nrole_arn = x\n" + PROCESS)
    inner = 'test $AWS_CONFIG_FILE = /dev/null && $0 agent stop && $0 agent start && $0 status p --json'
    finished = one.keyfob("exec", "p", "--", "sh", "-c", inner, str(paths.KEYFOB))
    assert json.loads(output_of(finished).splitlines()[-1])["region"] == "eu-west-3"


def test_without_an_agent(folder):
    """Where none can be started."""
    (folder / "bin").mkdir()
    lone = folder / "bin" / "keyfob"
    shutil.copy(paths.KEYFOB, lone)
    env = environment(folder, PATH="/bin")
    finished = run(lone, "exec", "p", "--socket", folder / "none", "--", "touch", folder / "ran", env=env)
    assert finished.returncode == 3 and "keyfobd" in finished.stderr and not (folder / "ran").exists()


def test_without_credentials(agent, standin, folder):
    """The command is not started, and the agent's reason is shown."""
    finished = execute(agent, "touch", folder / "ran", profile="none")
    assert finished.returncode == 1 and "none" in finished.stderr and not (folder / "ran").exists()


# ---- the command as if it ran alone ----


@pytest.mark.parametrize(("command", "status"), [
    (["true"], 0),
    (["sh", "-c", "exit 42"], 42),
    (["sh", "-c", "kill -TERM $$"], -signal.SIGTERM),
    (["sh", "-c", "kill -KILL $$"], -signal.SIGKILL),
    (["/nonexistent"], 127),
    (["nonexistent-command"], 127),
    ([""], 2),
    (["/"], 126),
    (["/dev/null"], 126),
])
def test_exit_status(agent, command, status):
    """That of env(1), too."""
    finished = execute(agent, *command)
    assert finished.returncode == status, finished.stderr
    if status not in (2, 126, 127):
        assert finished.stderr == ""
        assert run("env", *command).returncode == status
    script = 'set -m; "$@"; echo $?'
    shown = run("sh", "-c", script, "sh", *words(agent, "--", *command), env=environment(agent.folder))
    assert int(shown.stdout.split()[-1]) == (status if status >= 0 else 128 - status)


def test_script_without_an_interpreter(agent, folder):
    script = folder / "script"
    script.write_text("echo ran with $1\n")
    script.chmod(0o755)
    assert output_of(execute(agent, script, "x")) == "ran with x\n"
    env = environment(folder, PATH=f"/nonexistent:{folder}:{os.environ['PATH']}")
    assert output_of(execute(agent, "script", "y", env=env)) == "ran with y\n"


@pytest.mark.parametrize("arguments", [[], ["--"], ["p"], ["p", "--"], ["p", "q", "--", "true"], ["p", "true"],
                                       ["p", "--profile", "q", "--", "true"], ["p", "--json", "--", "true"]])
def test_wrong_usage(agent, arguments):
    finished = run(paths.KEYFOB, "exec", *arguments, env=environment(agent.folder))
    assert finished.returncode == 2 and "hint: " in finished.stderr


def test_arguments_are_not_read(agent):
    finished = execute(agent, "printf", "%s,", "--help", "--", "-x", "", "a b")
    assert output_of(finished) == "--help,--,-x,,a b,"


def test_is_the_process_that_was_started(running):
    command = running()
    assert int(command.pid) == command.process.pid


def test_signals_reach_it(running):
    command = running('trap "echo got; exit 5" TERM; echo ready; read line')
    assert command.process.stdout.readline() == "ready\n"
    command.process.send_signal(signal.SIGTERM)
    assert command.process.stdout.readline() == "got\n" and command.process.wait(30) == 5
    command.check_nothing_is_left()


@NEEDS_ROOT
def test_credentials_while_it_ignores_signals(running):
    """A supervisor sends SIGTERM to the whole group; a terminal SIGINT."""
    command = running('trap "" TERM INT; echo ready; read line; true', start_new_session=True)
    assert command.process.stdout.readline() == "ready\n"
    for number in (signal.SIGTERM, signal.SIGINT):
        os.killpg(command.process.pid, number)
        for pid in servers_of(command):
            os.kill(pid, number)
    assert command.get().status == 200
    command.end()


def servers_of(command):
    """The processes that listen on the command's port."""
    port = f":{int(command.at.rpartition(':')[2]):04X}"
    inodes = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
              if line.split()[1].endswith(port) and line.split()[3] == "0A"}
    found = []
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if path.readlink().name.startswith("socket:") and str(path.readlink())[8:-1] in inodes:
                found.append(int(path.parts[2]))
        except OSError:
            continue
    return found


@NEEDS_ROOT
def test_nothing_is_left_of_a_killed_command(running):
    command = running()
    (server,) = servers_of(command)
    command.process.kill()
    command.process.wait()
    command.check_nothing_is_left()
    until(lambda: not Path(f"/proc/{server}").exists(), what="the end of the process that serves")


@NEEDS_ROOT
def test_what_serves(running):
    """It is no child of the command, shows none of its arguments, holds none of its files, and cannot be dumped."""
    command = running()
    (server,) = servers_of(command)
    place = Path(f"/proc/{server}")
    assert f"PPid:\t{command.pid}\n" not in (place / "status").read_text()
    assert "read line" not in (place / "cmdline").read_text()
    targets = {int(p.name): str(p.readlink()) for p in (place / "fd").iterdir()}
    assert {n: t for n, t in targets.items() if n <= 2} == dict.fromkeys(range(3), "/dev/null") and len(targets) == 5
    assert (place / "cwd").readlink() == Path("/")
    assert os.getsid(server) != os.getsid(command.process.pid)


def test_output_ends_with_the_command(agent):
    """Nobody else holds the pipe."""
    with subprocess.Popen(words(agent, "--", "sh", "-c", "exec >&-; read line"), env=environment(agent.folder),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.read() == b"" and child.poll() is None
        child.stdin.close()
        assert child.wait(30) == 1


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]])
def test_closed_streams(agent, folder, closed):
    closing = " ".join(f"{n}{'<' if n == 0 else '>'}&-" for n in closed)
    script = f'ls -l /proc/self/fd > {folder}/fds; curl -sS -o {folder}/got -H "Authorization: ${TOKEN}" ${URI}'
    finished = run("sh", "-c", f'"$@" {closing}', "sh", *words(agent, "--", "sh", "-c", script),
                   env=environment(folder))
    assert finished.returncode == 0, finished.stderr
    assert "AccessKeyId" in (folder / "got").read_text()
    assert "socket" not in (folder / "fds").read_text() and "pidfd" not in (folder / "fds").read_text()


def test_few_descriptors(agent):
    """Serving needs a few more than the command itself."""
    script = 'ulimit -n 16; exec "$@"'
    served = f'curl -sS -H "Authorization: ${TOKEN}" "${URI}"'
    finished = run("sh", "-c", script, "sh", *words(agent, "--", "sh", "-c", served), env=environment(agent.folder))
    assert "AccessKeyId" in output_of(finished)


def test_large_environment(agent, folder):
    env = environment(folder, **{f"LARGE_{i}": "x" * 100_000 for i in range(15)})
    assert output_of(execute(agent, "sh", "-c", "echo ${#LARGE_14}", env=env)) == "100000\n"


def test_ignored_sigchld(agent):
    """Its disposition is inherited, and takes the status of the process that starts what serves."""
    def ignore():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    script = "import signal; print(int(signal.getsignal(signal.SIGCHLD)))"
    finished = execute(agent, sys.executable, "-c", script, preexec_fn=ignore)
    assert int(output_of(finished)) == signal.SIG_IGN


def test_config_from_a_pipe_is_not_read(agent):
    script = 'AWS_CONFIG_FILE=<(printf "[default]\\nrole_arn = x\\n") "$@"'
    finished = run("bash", "-c", script, "bash", *words(agent, "--", "sh", "-c", "cat $AWS_CONFIG_FILE"),
                   env=environment(agent.folder))
    assert "role_arn = x" in output_of(finished)
