# SPDX-License-Identifier: Apache-2.0
"""The command `keyfob` under adverse conditions: agents that hang, end or give wrong answers; odd arguments and
streams."""

import json
import os
import pty
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata

import pytest
from support import paths
from support.agent import environment
from support.profiles import config
from support.programs import take_interrupts

COMMANDS = ["credential-process", "status", "sign", "presign", "events", "wait", "refresh"]
URL = "https://my-bucket.s3.us-west-2.amazonaws.com/x"


def keyfob(*arguments, socket=None, timeout=60, binary=paths.KEYFOB, **more):
    """Arguments may be bytes."""
    arguments = [*arguments, *(["--socket", str(socket)] if socket else [])]
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [str(binary), *arguments],
        env=environment("/nonexistent"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout,
        check=False,
        **more,
    )


# ---- what an agent may send ----


class Impostor:
    """Listens as an agent does; sends each request the next of `answers`, and for None no answer."""

    def __init__(self, path, answers):
        self.path, self._answers, self._kept = path, answers, []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        for answer in self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.recv(65536)
            if answer is None:
                self._kept.append(connection)
                continue
            connection.sendall(answer)
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for connection in self._kept:
            connection.close()


def answer(document, status="200 OK"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        [],
        {"authorization": 1},
        {"authorization": "x\r\nEvil: y"},
        {"a b": "x"},
        {"a": "\x1b[2J"},
        {"a": "\u009b2J"},
        {"a": "gpj\u202eexe"},
        {"a": "x\u2028y"},
        {"a": "\u200b"},
        {f"x-{i}": "v" for i in range(65)},
    ],
)
@pytest.mark.parametrize("more", [[], ["--curl"]])
def test_refuses_invalid_headers_in_an_answer(folder, headers, more):
    """No text of an answer becomes another header, or a command to the terminal."""
    with Impostor(folder / "k.sock", [answer({"headers": headers})]) as agent:
        run = keyfob("sign", "GET", URL, *more, socket=agent.path)
    assert run.returncode == 1 and run.stdout == b"" and b"no signed headers" in run.stderr


@pytest.mark.parametrize("url", [None, 7, "", "https://x/\nrm -rf /", "\x1b]0;x\x07", "https://x/\u202e", "\u009b2J"])
def test_refuses_an_invalid_url_in_an_answer(folder, url):
    with Impostor(folder / "k.sock", [answer({"url": url})]) as agent:
        run = keyfob("presign", "GET", URL, socket=agent.path)
    assert run.returncode == 1 and run.stdout == b"" and b"no URL" in run.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["credential-process"],
        ["status"],
        ["status", "--json"],
        ["sign", "GET", URL],
        ["presign", "GET", URL],
        ["refresh"],
        ["login"],
        ["wait", "--timeout", "0"],
    ],
)
def test_replaces_control_characters_in_errors(folder, command):
    problem = {"detail": "a\x1b[2J\u009b31m\nb\u202e\u2066\u2028", "hint": "c\x07\u200f", "code": "x"}
    with Impostor(folder / "k.sock", [answer(problem, "403 No")] * 2) as agent:
        run = keyfob(*command, socket=agent.path)
    assert run.returncode == 1
    assert run.stderr.startswith(b"keyfob: a?[2J??31m?b?????????\nhint: c????\n")


# What terminals obey, what changes the direction of the text around it, what is not visible, what ends lines.
UNSHOWN = [chr(c) for c in (0x7F, 0x80, 0x9B, 0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029)]
UNSHOWN += [chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xE0041)]


def shows_nothing_else(output):
    """Nothing of UNSHOWN, nor of the categories of control and format characters and separators of Unicode."""
    text = output.decode()
    return not any(c in UNSHOWN or (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c != "\n") for c in text)


def test_json_for_a_terminal_means_the_same_without_what_terminals_obey(folder):
    state = {"profiles": [{"name": "a", "last_error": {"detail": "".join(UNSHOWN) + "ä€😀"}}]}
    raw = json.dumps(state, ensure_ascii=False).encode()
    with Impostor(folder / "k.sock", [answer(raw)] * 2) as agent:
        run = keyfob("status", "--json", socket=agent.path)
        table = keyfob("status", socket=agent.path)
    assert run.returncode == 0 and shows_nothing_else(run.stdout) and "ä€😀" in run.stdout.decode()
    assert json.loads(run.stdout) == state
    assert shows_nothing_else(table.stdout)
    document = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "More": "".join(UNSHOWN)}
    with Impostor(folder / "l.sock", [answer(json.dumps(document, ensure_ascii=False).encode())]) as agent:
        run = keyfob("credential-process", socket=agent.path)
    assert run.returncode == 0 and shows_nothing_else(run.stdout)
    assert json.loads(run.stdout) == document


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://v/\u202etxt.exe", "https://device.sso.amazonaws.com@v/", "https://v/ x", 1]
)
def test_login_shows_no_address_that_is_not_what_it_looks_like(folder, address):
    login = {"kind": "sso", "state": "pending", "user_code": "AB-CD", "verification_uri": address, "interval": 1}
    login["verification_uri_complete"] = address
    with Impostor(folder / "k.sock", [answer(login)] * 2) as agent:
        run = keyfob("login", socket=agent.path)
    assert run.returncode == 1 and run.stdout == b"" and b"no web address" in run.stderr


def test_texts_of_an_upstream_reach_no_terminal_as_they_are(start, standin, profiles):
    """From the service through the agent's errors, log and API to what commands print."""
    text = "".join(UNSHOWN)
    script = f"import sys; sys.stderr.write('no' + {text!r} + 'key'); sys.exit(1)"
    failing = {"type": "process", "credential_process": shlex.join([sys.executable, "-c", script])}
    agent = start(config(bad={**failing, "refresh": "on_demand"}), arguments=["--log-format", "json"])
    for command in (["credential-process", "bad"], ["status", "bad"], ["status", "--json"], ["wait", "bad", "--timeout", "0"]):
        run = keyfob(*command, socket=agent.socket)
        assert b"key" in run.stdout + run.stderr and shows_nothing_else(run.stdout) and shows_nothing_else(run.stderr)
    raw = agent.call("GET", "/v1/profiles/bad").body
    assert b"key" in raw and shows_nothing_else(raw)
    assert shows_nothing_else(agent.stderr().encode())


@pytest.mark.parametrize(
    "document",
    [
        {"Version": 1, "AccessKeyId": "A\r\nX: y", "SecretAccessKey": "s"},
        {"Version": 1, "AccessKeyId": "A"},
        {"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "s"},
        b'{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s"',
    ],
)
def test_refuses_invalid_credentials_in_an_answer(folder, document):
    with Impostor(folder / "k.sock", [answer(document)]) as agent:
        run = keyfob("credential-process", socket=agent.path)
    assert run.returncode == 1 and run.stdout == b"" and b"not a credentials document" in run.stderr


@pytest.mark.parametrize("cut", [0, 10, 60, -1])
def test_refuses_an_incomplete_answer(folder, cut):
    whole = answer({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s"})
    with Impostor(folder / "k.sock", [whole[:cut]]) as agent:
        run = keyfob("credential-process", socket=agent.path)
    assert run.returncode == 1 and run.stdout == b"" and b"hint: " in run.stderr


def test_wait_reports_the_last_refusal_when_the_agent_hangs(folder):
    refusal = answer({"code": "credentials_unavailable", "detail": "not ready: irsa (fetching)"}, "503 No")
    with Impostor(folder / "k.sock", [refusal, None]) as agent:
        run = keyfob("wait", "--timeout", "1s", socket=agent.path)
    assert run.returncode == 1 and b"not ready: irsa (fetching)\n" in run.stderr
    assert b"did not answer" in run.stderr


def test_explains_that_the_socket_denies_access(folder):
    """Exit code 3, and a hint about the socket's mode."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "k.sock"))
    listener.listen()
    (folder / "k.sock").chmod(0)
    more = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    folder.chmod(0o755)
    binary = paths.copy_for_others(paths.KEYFOB, folder)
    run = keyfob("credential-process", socket=folder / "k.sock", binary=binary, **more)
    listener.close()
    assert run.returncode == 3 and b"permission denied" in run.stderr and b"`mode`" in run.stderr


# ---- waiting, with the real agent ----


def test_wait_prints_the_last_error_of_each_profile(start, standin, profiles):
    standin.fault("rolesanywhere", "deny")
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem(), **{"ends-in-z": profiles.static()}))
    agent.wait_for_state("onprem", "failed")
    run = keyfob("wait", "--timeout", "0", socket=agent.socket)
    first, *rest = run.stderr.decode().splitlines()
    assert run.returncode == 1 and first == "keyfob: not ready: onprem (failed)"
    assert any(line.startswith("keyfob: profile onprem: ") and "AccessDenied" in line for line in rest)
    assert "/v1/" not in run.stderr.decode()
    run = keyfob("wait", "ends-in-z", "irsa", "--min-ttl", "1m", "--timeout", "20s", socket=agent.socket)
    assert run.returncode == 0, run.stderr
    run = keyfob("wait", "irsa", "nobody", socket=agent.socket)
    assert run.returncode == 1 and b"run `keyfob status` to list the profiles" in run.stderr


# ---- odd arguments ----


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["credential-process", "a\x1b[31mb"], 2, "invalid profile name: a?[31mb"),
        (["credential-process", b"\xff\xfe"], 2, "invalid profile name: ??"),
        (["wait", b"\xff"], 2, "invalid profile name: ?"),
        (["\x1b[2J"], 2, "no such command: ?[2J"),
        (["status", "irsa", "--profile", "onprem"], 2, "the profile is given twice: onprem"),
        (["wait", "--live", "irsa"], 2, "--live checks the agent alone"),
        (["wait", "--live", "--min-ttl", "1m"], 2, "--live checks the agent alone"),
        (["sign", "GET", b"https://x/\xff"], 2, "not valid UTF-8: https://x/?"),
        (["sign", "GET", URL, "-H", b"a: \xff"], 2, "invalid value of header a: ?"),
        (["sign", "GET", URL, "-H", "a: b\r\nc: d"], 2, "invalid value of header a: b??c: d"),
        (["sign", "GET", URL, "-H", "a" * 5000], 2, "invalid header: " + "a" * 2028 + "...\n"),
        (["sign", "GET", URL, "-d", "@-", "--curl"], 2, "standard input again"),
        (["sign", "GET", URL, "-d", "@/nonexistent/x"], 1, "cannot open /nonexistent/x: No such file"),
        (["sign", "GET", URL, "-d", "@/"], 1, "cannot read /: "),
        (["presign", "GET", URL, "--expires-in", "8d"], 2, "a URL cannot be signed for this long: 8d"),
        (["presign", "GET", URL, "--expires-in", "0"], 2, "a URL cannot be signed for this long: 0"),
    ],
)
def test_refuses_invalid_arguments(arguments, status, words):
    run = keyfob(*arguments)
    assert run.returncode == status and run.stdout == b""
    assert words in run.stderr.decode(), run.stderr


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_fits_a_terminal(command):
    run = keyfob(*([command] if command else []), "--help")
    assert run.returncode == 0 and max(map(len, run.stdout.decode().splitlines())) <= 80


def test_refuses_a_payload_that_is_too_large(shared, folder):
    (folder / "large").write_bytes(bytes(1024 * 1024))
    run = keyfob("sign", "PUT", URL, "-d", f"@{folder / 'large'}", "--profile", "irsa", socket=shared.socket)
    assert run.returncode == 1 and b"too large" in run.stderr and b"payload_sha256" in run.stderr


# ---- streams ----


def test_payload_from_standard_input(shared, folder):
    (folder / "body").write_bytes(b"\x00a\xff\n")
    arguments = ["--profile", "irsa", "--time", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())]
    by_name = keyfob("sign", "PUT", URL, "-d", f"@{folder / 'body'}", *arguments, socket=shared.socket)
    with open(folder / "body", "rb") as body:
        by_input = keyfob("sign", "PUT", URL, "-d", "@-", *arguments, socket=shared.socket, stdin=body)
    assert by_name.returncode == 0 and by_input.stdout == by_name.stdout


def test_fails_when_standard_output_is_closed(shared):
    """The socket must not take its place: the command would succeed, and send the credentials back to the agent."""
    run = subprocess.run(
        ["sh", "-c", f"exec '{paths.KEYFOB}' credential-process irsa --socket '{shared.socket}' >&-"],
        env=environment("/nonexistent"),
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1 and b"standard output" in run.stderr


def test_writes_to_a_non_blocking_standard_output(shared):
    """As a parent process may leave it, and full at first."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    filled = 0
    while select.select([], [writer], [], 0)[1]:
        filled += os.write(writer, b"x" * 4096)
    command = [str(paths.KEYFOB), "credential-process", "irsa", "--socket", str(shared.socket)]
    with subprocess.Popen(command, env=environment("/nonexistent"), stdout=writer) as process:
        os.close(writer)
        with open(reader, "rb") as file:
            text = file.read()
        assert process.wait(20) == 0
    assert json.loads(text[filled:]) == shared.credentials("irsa")


# ---- status --watch ----


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *arguments):
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [str(paths.KEYFOB), *map(str, arguments)],
            env=environment("/nonexistent"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=take_interrupts,
        )
        os.close(slave)
        self.text = ""

    def read_until(self, condition, timeout=60):
        deadline = time.monotonic() + timeout
        while not condition(self.text):
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self._master], [], [], left)[0], self.text
            self.text += os.read(self._master, 4096).decode()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(10)
        os.close(self._master)
        return status


def test_watch_replaces_the_table_on_a_terminal(start, profiles):
    """Each table replaces the last, an agent that restarts comes back, Ctrl-C ends it."""
    agent = start(config(irsa=profiles.irsa()), name="a")
    agent.credentials("irsa")
    terminal = Terminal("status", "--watch", "--socket", agent.socket)
    try:
        terminal.read_until(lambda text: text.count("irsa ") >= 2)
        assert all(table.startswith("PROFILE") for table in terminal.text.split("\x1b[H\x1b[J")[1:])
        agent.end()
        terminal.read_until(lambda text: "no agent at" in text)
        before = len(terminal.text)
        start(config(irsa=profiles.irsa()), name="a")
        terminal.read_until(lambda text: "PROFILE" in text[before:])
    finally:
        assert terminal.end() == -signal.SIGINT


def test_watch_ends_for_an_unknown_profile(shared):
    terminal = Terminal("status", "nobody", "--watch", "--socket", shared.socket)
    terminal.read_until(lambda text: "to list the profiles" in text)
    assert terminal.process.wait(10) == 1
    terminal.end()


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_watch_without_a_terminal(shared, form):
    command = [str(paths.KEYFOB), "status", "irsa", "--watch", *form, "--socket", str(shared.socket)]
    more = {"stdout": subprocess.PIPE, "text": True, "preexec_fn": take_interrupts}
    with subprocess.Popen(command, env=environment("/nonexistent"), **more) as process:
        lines = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT
    assert not any("\x1b" in line for line in lines)
    if form:
        assert all(json.loads(line)["name"] == "irsa" for line in lines)
    else:
        assert lines[0].startswith("PROFILE ") and lines[3].startswith("PROFILE "), lines
        assert lines[1].startswith("irsa ") and lines[2] == "\n" and lines[4].startswith("irsa "), lines
