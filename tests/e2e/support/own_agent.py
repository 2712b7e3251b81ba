# SPDX-License-Identifier: Apache-2.0
"""A user whose agent keyfob starts: a home, a runtime directory, and what such an agent leaves there."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from support import paths
from support.agent import REPORT, environment
from support.polling import until
from support.programs import keyfob


class OwnAgent:
    def __init__(self, home, config=None, aws="", **variables):
        self.home = Path(home)
        self.runtime = self.home / "run"
        self.runtime.mkdir(exist_ok=True)
        self.socket = self.runtime / "keyfob" / "keyfob.sock"
        self.log_path = self.socket.with_name("keyfob.sock.log")
        self.reports = self.home / "sanitizer"
        self.env = environment(
            self.home, XDG_RUNTIME_DIR=str(self.runtime), AWS_EC2_METADATA_DISABLED="true", **variables
        )
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):  # the agent's standard error is nowhere
            self.env[name] += f":log_path={self.reports}"
        (self.home / ".aws").mkdir(exist_ok=True)
        (self.home / ".aws" / "config").write_text(aws)
        if config is not None:
            self.write_config(config)

    def write_config(self, config):
        place = self.home / ".config" / "keyfob"
        place.mkdir(parents=True, exist_ok=True)
        (place / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))

    def keyfob(self, *arguments, env=None, **more):
        return keyfob(*arguments, env={**self.env, **(env or {})}, **more)

    def at_once(self, count, *arguments):
        """`count` commands that start together; their finished processes with `stdout` and `stderr`."""
        command = [str(paths.KEYFOB), *arguments]
        running = [
            subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        return [
            subprocess.CompletedProcess(command, p.returncode, out, err)
            for p in running
            for out, err in [p.communicate(timeout=60)]
        ]

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def started(self):
        """The pids of all agents that have begun to serve."""
        return [int(pid) for pid in re.findall(r"event=started .*pid=(\d+)", self.log())]

    def running(self):
        """The pids of those that are there, by /proc, which no log can hide."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            if str(self.socket).encode() in words and words[0].endswith(b"keyfobd"):
                found.append(int(entry.name))
        return found

    def kill(self):
        """The running one without a chance to clean up."""
        pids = self.running()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not self.running(), what="the end of the killed agent")
        return pids

    def end(self, secrets):
        """Stops it as its user does, and checks what it left."""
        if self.running():
            finished = self.keyfob("agent", "stop")
            assert finished.returncode == 0, finished
        assert not self.running()
        for report in self.home.glob("sanitizer*"):
            assert not REPORT.search(report.read_text()), report.read_text()
        for secret in secrets:
            assert secret not in self.log(), "a secret in the log"
