# SPDX-License-Identifier: Apache-2.0
"""What many assume_role profiles cost, each with its own role and external ID: start-up, pace, memory, reload, and the
calls of an hour. The upstream is upstream.py, which verifies nothing. `tenants.py BUILD [--quick]` prints the figures,
script/bench writes them with the others. --quick: only at the higher of the two rates, and no hour."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import bench

HERE = pathlib.Path(__file__).resolve().parent
SPEED = 60  # of the hour of renewals
COUNTS = (1, 100, 10000)
DEFAULT_RATE, HIGH_RATE = 100, 1000
RELOADS = 5


@contextlib.contextmanager
def upstream(*arguments):
    with bench.running(
        [sys.executable, HERE / "upstream.py", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        yield int(process.stdout.readline())


def report(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/")
    return json.loads(connection.getresponse().read())


def configuration(folder, count, port, rate, refresh):
    profiles = {"base": {"type": "static", "access_key_id": "AKIAEXAMPLEKEYID0001", "secret_access_key": "x" * 40}}
    for i in range(count):
        profiles[f"tenant-{i}"] = {
            "type": "assume_role", "source_profile": "base", "role_arn": f"arn:aws:iam::111122223333:role/tenant-{i}",
            "external_id": f"tenant:{i}", "endpoint_url": f"http://127.0.0.1:{port}", "refresh": refresh}
    path = folder / "tenants.json"
    path.write_text(json.dumps({"region": "us-east-1", "upstream": {"calls_per_second": rate}, "profiles": profiles}))
    return path


@contextlib.contextmanager
def agent(binary, folder, config, **environment):
    path = folder / "tenants.sock"
    begun = time.monotonic()
    with bench.running([binary, "--config", config, "--socket", path, "--log-level", "error"],
                       env={**os.environ, **environment}) as process:
        bench.wait_for("the agent listens", lambda: bench.connects(path))
        yield process, bench.Unix(path), begun


@contextlib.contextmanager
def manager(folder):
    """The service manager's socket, to which the agent reports the end of each reload."""
    path = folder / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(60)
        try:
            yield path, listener
        finally:
            path.unlink()


def traffic(port):
    """The calls since the last report. `most_sent_in_a_second` goes by when the agent sent them, if the upstream saw
    that of each; `most_met_in_a_second` by when the upstream read them, which adds its own delays."""
    seen = report(port)
    result = {"calls": seen["calls"], "most_met_in_a_second": seen["most_in_a_second"]}
    if seen.get("sent") == seen["calls"]:
        result["most_sent_in_a_second"] = seen["most_sent_in_a_second"]
    return result


def request_all(unix, count):
    for i in range(count):
        status, _ = unix.request("GET", f"/v1/profiles/tenant-{i}/credentials")
        if status != 200:
            raise SystemExit(f"bench: tenant-{i}: {status}")


def is_ready(unix):
    return unix.request("GET", "/readyz")[0] == 200


def longest_turn(unix):
    """Of the event loop, since its start: no client was answered for so long."""
    _, text = unix.request("GET", "/metrics")
    name = "keyfob_loop_stall_max_seconds "
    return next(float(line[len(name):]) for line in text.decode().splitlines() if line.startswith(name))


def wait_for_state(listener, state):
    while listener.recv(4096).split(b"\n")[0] != state:
        pass


def reload_figures(process, unix, listener):
    """Of RELOADS in a row: the longest time from the signal to the end, the longest wait for an answer meanwhile, and the
    longest turn of the loop, beside the longest one before the first reload."""
    took, answered = [], []
    before = longest_turn(unix)
    for _ in range(RELOADS):
        begun = time.monotonic()
        process.send_signal(signal.SIGHUP)
        wait_for_state(listener, b"RELOADING=1")
        asked = time.monotonic()
        unix.request("GET", "/livez")
        answered.append(time.monotonic() - asked)
        wait_for_state(listener, b"READY=1")
        took.append(time.monotonic() - begun)
    return {"reload_s": round(max(took), 3), "reload_answer_s": round(max(answered), 4),
            "longest_turn_s": round(longest_turn(unix), 4), "longest_turn_before_s": round(before, 4)}


def eager(build, folder, count, rate):
    with upstream() as port, manager(folder) as (notify, listener), agent(
            build / "keyfobd", folder, configuration(folder, count, port, rate, "eager"),
            NOTIFY_SOCKET=str(notify)) as (process, unix, begun):
        wait_for_state(listener, b"READY=1")
        bench.wait_for("all are ready", lambda: is_ready(unix), 60 + 2 * count / rate)
        ready = time.monotonic() - begun
        result = {"ready_s": round(ready, 2), **traffic(port), "resident_kb": bench.resident_kb(process.pid)}
        result.update(reload_figures(process, unix, listener))
        result["resident_after_reload_kb"] = bench.resident_kb(process.pid)
        request_all(unix, count)
        return {**result, "resident_all_asked_kb": bench.resident_kb(process.pid)}


def on_demand(build, folder, count, rate):
    with upstream() as port, manager(folder) as (notify, listener), agent(
            build / "keyfobd", folder, configuration(folder, count, port, rate, "on_demand"),
            NOTIFY_SOCKET=str(notify)) as (process, unix, begun):
        ready = time.monotonic() - begun
        wait_for_state(listener, b"READY=1")
        result = {"listening_s": round(ready, 3), "resident_kb": bench.resident_kb(process.pid),
                  "calls": report(port)["calls"]}
        begun = time.monotonic()
        status, _ = unix.request("GET", f"/v1/profiles/tenant-{count - 1}/credentials")
        if status != 200:
            raise SystemExit(f"bench: the first request of a tenant: {status}")
        result["first_request_s"] = round(time.monotonic() - begun, 4)
        return {**result, **reload_figures(process, unix, listener)}


def an_hour(build, folder, count, rate):
    """The renewals of an hour within a minute; all times are those of the agent's clock."""
    epoch_ms = int(time.time() * 1000)
    with upstream(str(SPEED), str(epoch_ms)) as port, agent(
            build / "keyfobd_accelerated", folder, configuration(folder, count, port, rate, "eager"),
            KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=str(epoch_ms)) as (_, unix, _):
        bench.wait_for("all are ready", lambda: is_ready(unix), 60)
        report(port)
        time.sleep(3600 / SPEED)
        seen = traffic(port)
        return {**seen, "mean_in_a_second": round(seen["calls"] / 3600, 3)}


def at_rate(build, folder, rate, with_hour):
    result = {}
    for count in COUNTS:
        figures = {"eager": eager(build, folder, count, rate), "on_demand": on_demand(build, folder, count, rate)}
        if with_hour:
            figures["hour"] = an_hour(build, folder, count, rate)
        result[str(count)] = figures
    one, many = (result[str(n)]["eager"]["resident_kb"] for n in (COUNTS[0], COUNTS[-1]))
    result["kb_per_profile"] = round((many - one) / (COUNTS[-1] - COUNTS[0]), 2)
    return result


def measure(build, quick):
    """Results by calls per second, then by number of profiles."""
    rates = (HIGH_RATE,) if quick else (DEFAULT_RATE, HIGH_RATE)
    with tempfile.TemporaryDirectory(prefix="keyfob-tenants-") as temporary:
        folder = pathlib.Path(temporary)
        return {str(rate): at_rate(build, folder, rate, not quick and rate == DEFAULT_RATE) for rate in rates}


if __name__ == "__main__":
    print(json.dumps(measure(pathlib.Path(sys.argv[1]).resolve(), "--quick" in sys.argv), indent=2))
