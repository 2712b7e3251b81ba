# SPDX-License-Identifier: Apache-2.0
"""keyfobd as a process, its API as methods, and the checks that every agent must pass when it ends."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from support import paths, unix_http
from support.polling import until

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior")
END_SECONDS = 30.0  # hanging, on the slowest of machines


def environment(home, **more):
    """Nothing of the caller's AWS or XDG settings."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **SANITIZERS, **more}


class Agent:
    """One keyfobd in `folder`, which holds its config.json, its socket and its standard error."""

    def __init__(self, folder, config, arguments=(), env=None, binary=None, socket=None, preexec=None, pass_fds=(),
                 any_time=False):
        self.folder = Path(folder)
        self.any_time = any_time
        self.config_path = self.folder / "config.json"
        self.socket = Path(socket or self.folder / "k.sock")
        self.stderr_path = self.folder / "stderr.log"
        if config is not None:
            self.write_config(config)
            arguments = ["--config", str(self.config_path), *arguments]
        with open(self.stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(
                [str(binary or paths.KEYFOBD), *map(str, arguments)],
                env=env or environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd=self.folder,
                preexec_fn=preexec,
                pass_fds=pass_fds,
            )

    # ---- life ----

    def write_config(self, config):
        listener = {"unix": str(self.socket), "mode": "0600", **({"any_time": True} if self.any_time else {})}
        config = {"listeners": [listener], **config}
        self.config_path.write_text(json.dumps(config, indent=1))

    def wait_until_listening(self, timeout=60.0):
        def answers():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.stderr()}"
            try:
                return self.call("GET", "/livez").status == 200
            except (FileNotFoundError, ConnectionRefusedError):
                return False

        until(answers, timeout, "the agent's socket")
        return self

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def reload(self, config=None):
        """SIGHUP, after writing `config`; returns once the agent has logged the outcome."""
        if config is not None:
            self.write_config(config)
        before = len(self.events("config_reloaded")) + len(self.events("config_reload_failed"))
        self.process.send_signal(signal.SIGHUP)
        until(
            lambda: len(self.events("config_reloaded")) + len(self.events("config_reload_failed")) > before,
            what="the outcome of a reload in the log",
        )

    def events(self, name):
        """Log lines of that event."""
        return [line for line in self.stderr().splitlines() if re.search(rf"\b(event=)?{name}\b", line)]

    def end(self, expected=0):
        """SIGTERM, and the outcome: its status, no socket left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end {END_SECONDS} s after SIGTERM: {self.stderr()}") from None
        assert status == expected, f"exit status {status}: {self.stderr()}"
        assert not self.socket.exists(), "the socket is still there"

    def kill(self):
        """What has not ended yet, ends now."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def check_log(self, secrets):
        text = self.stderr()
        assert not REPORT.search(text), text
        for secret in secrets:
            assert secret not in text, "a secret in the log"

    # ---- the API ----

    def call(self, method, target, document=None, headers=None, body=None, timeout=unix_http.LONGEST_SECONDS):
        return unix_http.call(self.socket, method, target, document, headers, body, timeout)

    def connection(self, timeout=unix_http.LONGEST_SECONDS):
        return unix_http.UnixConnection(self.socket, timeout)

    def profile(self, name):
        reply = self.call("GET", f"/v1/profiles/{quote(name)}")
        assert reply.status == 200, reply
        return reply.json()

    def credentials(self, name, wait=10):
        """The document; the reply must be a success."""
        reply = self.call("GET", f"/v1/profiles/{quote(name)}/credentials?wait={wait}")
        assert reply.status == 200, reply.body
        return reply.json()

    def credentials_in_time(self, name):
        """The document, once there is one: for an agent whose clock is fast, so that no ?wait= lasts."""
        path = f"/v1/profiles/{quote(name)}/credentials"
        return until(
            lambda: (r := self.call("GET", path)).status == 200 and r.json(), what=f"credentials of profile {name}"
        )

    def refusal(self, name, wait=10):
        """(status, problem) of a request for credentials that must fail."""
        reply = self.call("GET", f"/v1/profiles/{quote(name)}/credentials?wait={wait}")
        assert reply.status >= 400, reply.headers
        return reply.status, reply.problem()

    def refresh(self, name):
        return self.call("POST", f"/v1/profiles/{quote(name)}/refresh")

    def sign(self, name, document):
        return self.call("POST", f"/v1/profiles/{quote(name)}/sign", document)

    def wait_for_state(self, name, *states):
        return until(
            lambda: (p := self.profile(name))["state"] in states and p, what=f"profile {name} in state {states}"
        )
