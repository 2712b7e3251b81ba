# SPDX-License-Identifier: Apache-2.0
"""What others notice of a uid that takes all it can get, and how long lists of 10,000 profiles hold the loop. The
attacks are those of the end-to-end tests; the agent has one processor, the attacker shares the other with the client
that is measured. `greedy.py BUILD [--quick]` prints the figures, script/bench writes them with the others."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import bench

ATTACKER = bench.ROOT / "tests/e2e/support/attacker.py"
OTHERS = ["taskset", "-c", "1"] if (os.cpu_count() or 1) > 1 else []
ATTACKS = ("pipelined_heads", "waiting_and_gone", "idle_connections", "half_bodies", "unread_lists")
UID = "54321"
PROFILES, STALL = 10_000, "0.005"
LISTS = ("/v1/profiles", "/metrics", "/readyz")


def static(**more):
    return {"type": "static", "access_key_id": "AKIAEXAMPLEKEYID0001", "secret_access_key": "x" * 40, **more}


def configuration(folder, count):
    many = {f"p{i:05}": static(refresh="on_demand") for i in range(count)}
    path = folder / "greedy.json"
    path.write_text(json.dumps({
        "region": "us-east-1", "listeners": [{"unix": str(folder / "greedy.sock"), "mode": "0666"}],
        "profiles": {**many, "open": static(), "mine": static(allow={"uids": [os.getuid()]}),
                     "slow": {"type": "process", "credential_process": "sleep 60", "refresh": "on_demand"}}}))
    return path


@contextlib.contextmanager
def agent(build, folder, count):
    folder.chmod(0o755)
    path = folder / "greedy.sock"
    with bench.running([*bench.PINNED, build / "keyfobd", "--config", configuration(folder, count), "--log-level",
                        "error"], stderr=subprocess.DEVNULL) as process:
        bench.wait_for("the agent listens", lambda: bench.connects(path))
        yield process.pid, path


@contextlib.contextmanager
def attack(name, path):
    argv = [*OTHERS, "nice", "-n", "10", sys.executable, ATTACKER, name, path, UID]
    with subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # it has begun
        yield
        process.stdin.close()
        process.wait(60)


def waits(build, folder, milliseconds):
    """Of one client with one connection, in ms; and the most memory that the agent took."""
    request = bench.request_file(folder, "mine", "GET", "/v1/profiles/mine/credentials")
    result, resident = {}, 0
    for name in ATTACKS:
        with agent(build, folder, 1000) as (pid, path):
            bench.wait_for("the profile is there", lambda: bench.Unix(path).request(
                "GET", "/v1/profiles/mine/credentials")[0] == 200)
            with attack(name, path):
                argv = [*OTHERS, build / "loadgen", "-u", path, "-r", request, "-s", str(milliseconds)]
                load = json.loads(subprocess.run([str(a) for a in argv], check=True, capture_output=True).stdout)
                if load["errors"]:
                    raise SystemExit(f"bench: {name}: {load['errors']} answers to others were no 200")
                result[name] = load["max_us"] / 1000
                resident = max(resident, bench.resident_kb(pid))
    return {"longest_wait_ms": result, "resident_kb": resident}


def long_turns(unix):
    """How many turns of the loop were longer than STALL seconds, so far."""
    text = unix.request("GET", "/metrics")[1].decode()
    every, short = (int(re.search(rf"^keyfob_loop_stall_seconds_{name} (\d+)$", text, re.M)[1])
                    for name in ("count", rf'bucket{{le="{STALL}"}}'))
    return every - short


def lists(build, folder, rounds):
    """The turns over 5 ms in which lists of 10,000 profiles are made."""
    with agent(build, folder, PROFILES) as (_, path):
        unix = bench.Unix(path)
        before = long_turns(unix)
        for _ in range(rounds):
            for target in LISTS:
                status, _ = unix.request("GET", target)
                if status not in (200, 503):
                    raise SystemExit(f"bench: {target}: {status}")
        return {"requests": rounds * len(LISTS), "turns_over_5_ms": long_turns(unix) - before}


def measure(build, quick):
    with tempfile.TemporaryDirectory(prefix="keyfob-bench-") as temporary:
        folder = pathlib.Path(temporary)
        result = {"lists": lists(build, folder, 5 if quick else 40)}
        if os.geteuid() == 0:  # or there is no second uid
            result.update(waits(build, folder, 1000 if quick else 4000))
        return result


def rows(result):
    yield "turns over 5 ms while 10,000 profiles are listed", result["lists"]["turns_over_5_ms"], "<=", 0
    for name, wait in result.get("longest_wait_ms", {}).items():
        yield f"longest wait beside {name.replace('_', ' ')}, ms", wait, "<=", 20
    if "resident_kb" in result:
        yield "resident at most beside all of these, MB", round(result["resident_kb"] / 1024, 1), "<", 128


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    for row in rows(measure(arguments.build.resolve(), arguments.quick)):
        print(*row)
