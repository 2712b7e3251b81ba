# SPDX-License-Identifier: Apache-2.0
"""Programs that run to their end: ours, and the clients of users."""

import signal
import subprocess
import sys
from pathlib import Path

from support import paths
from support.agent import environment

AWS = Path(sys.executable).with_name("aws")


def take_interrupts():
    """For preexec_fn: a shell that runs these tests in the background has all that they start ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*command, env=None, timeout=60, **more):
    """The finished process: its status, and its output as text."""
    command = [str(word) for word in command]
    return subprocess.run(command, env=env, timeout=timeout, capture_output=True, text=True, check=False, **more)


def output_of(finished):
    """The standard output of a process that must have succeeded."""
    assert finished.returncode == 0, (finished.args, finished.stdout, finished.stderr)
    return finished.stdout


def keyfob(*arguments, socket=None, env=None, **more):
    """The command keyfob; with nothing in its environment unless that is given."""
    arguments = [*arguments, *(["--socket", socket] if socket else [])]
    return run(paths.KEYFOB, *arguments, env=env or environment("/nonexistent"), **more)


def keyfobd(*arguments, env=None):
    """The agent, called so that it ends by itself."""
    return run(paths.KEYFOBD, *arguments, env=env or environment("/nonexistent"))
