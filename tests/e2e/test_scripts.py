# SPDX-License-Identifier: Apache-2.0
"""The scripts: wrong options are refused before anything is done, and script/clean removes only what is ours."""

import os
import shutil
import subprocess
import time

import pytest
from support import paths

SCRIPT = paths.REPOSITORY / "script"
SCRIPTS = ["bench", "build", "clean", "lint", "mutate", "run", "test", "test-sdks", "test-servers"]


def run(*command, cwd=paths.REPOSITORY, **variables):
    env = {**os.environ, **variables}
    return subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def has_environment():
    return (paths.REPOSITORY / "build-asan/venv/.stamp").exists()


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(script, option):
    done = run(SCRIPT / script, option)
    assert done.returncode == 0 and f"script/{script}" in done.stdout and "==>" not in done.stderr, done


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("bench", ["--quik"]),
        ("build", ["--chek"]),
        ("build", ["all"]),
        ("clean", ["--lsit"]),
        ("lint", ["fix"]),
        ("mutate", ["--random", "3", "--sede", "x"]),
        ("run", ["--chek"]),
        ("run", ["--check", "config.json"]),
        ("run", ["--config"]),
        ("run", ["--check", "-x"]),
        ("test", ["--chek"]),
        ("test", ["-k"]),
        ("test-servers", ["--chek"]),
    ],
)
def test_refuses_wrong_options_first(script, arguments):
    if script.startswith("test") and not has_environment():
        pytest.skip("pytest, which knows its options, would be installed first")
    done = run(SCRIPT / script, *arguments)
    assert done.returncode == 2 and done.stdout == "" and f"script/{script}" in done.stderr, done
    assert "==>" not in done.stderr and "[1/" not in done.stderr, done


@pytest.fixture
def copy(folder):
    """A repository with what scripts leave, and with what only looks like it."""
    top = folder / "repository"
    shutil.copytree(SCRIPT, top / "script", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("build", "build-dev", "build-asan/venv", "build-other", "tests/e2e/__pycache__", "sidecar/__pycache__"):
        (top / name).mkdir(parents=True)
    (top / "build/CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={top}\n")
    (top / "build-dev/CMakeCache.txt").write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\n")
    (top / "build-other/CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={top}\n")
    (top / "build-asan/venv/.stamp").write_text("0\n")
    (top / "build-lint").symlink_to("build-other")
    temporary = folder / "tmp"
    old = time.time() - 7200
    for name in ("kf-abcdefg1", "keyfob-abcdefg2", "kf-short", "keyfob-notes-of-mine", "other-abcdefg3", "kf-inuse_01"):
        (temporary / name).mkdir(parents=True)
        os.utime(temporary / name, (old, old))
    (temporary / "kf-abcdefg4").mkdir()  # of a run that may be under way
    return top, temporary


def test_clean_removes_only_what_is_ours(copy):
    top, temporary = copy
    gone = {"build", "build-asan", "tests/e2e/__pycache__", str(temporary / "kf-abcdefg1"), str(temporary / "keyfob-abcdefg2")}
    with subprocess.Popen(["sleep", "60"], cwd=temporary / "kf-inuse_01") as user:
        for arguments in (["--list"], []):
            done = run(top / "script/clean", *arguments, cwd="/", TMPDIR=str(temporary))
            assert done.returncode == 0, done
            assert {line.split("\t")[1] for line in done.stdout.splitlines()} == gone, done
            assert all((top / name).exists() == (arguments == ["--list"]) for name in gone)
        user.kill()
    left = {"build-dev", "build-other", "build-lint", "sidecar/__pycache__", "script/clean"}
    assert all((top / name).exists() for name in left)
    names = {"kf-short", "keyfob-notes-of-mine", "other-abcdefg3", "kf-inuse_01", "kf-abcdefg4"}
    assert {path.name for path in temporary.iterdir()} == names
    os.utime(temporary / "kf-inuse_01")
    assert "nothing to remove" in run(top / "script/clean", TMPDIR=str(temporary)).stderr


def test_what_is_installed_can_be_uninstalled(folder):
    """And programs find the library: cmake --install runs ldconfig where it may, or says that it is to be run."""
    build = paths.RELEASE
    if not (build / "cmake_install.cmake").exists() or not list(build.glob("libkeyfob.so*")):
        pytest.skip("no release build")
    manifest = build / "install_manifest.txt"
    before = manifest.read_bytes() if manifest.exists() else None
    try:
        done = run("cmake", "--install", build, "--prefix", folder / "usr", LD_LIBRARY_PATH="")
        assert done.returncode == 0 and (folder / "usr/bin/keyfobd").exists(), done
        done = run("cmake", "--build", build, "--target", "uninstall")
        assert done.returncode == 0, done
        assert [p for p in (folder / "usr").rglob("*") if not p.is_dir()] == []
        done = run("cmake", "--build", build, "--target", "uninstall")
        assert done.returncode != 0 and "nothing was installed" in " ".join(done.stdout.split()), done
    finally:
        if before is not None:
            manifest.write_bytes(before)
