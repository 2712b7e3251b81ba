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
import subprocess
import sys
import tempfile
import time

import bench

HERE = pathlib.Path(__file__).resolve().parent
SPEED = 60  # of the hour
COUNTS = (1, 100, 10000)
DEFAULT_RATE, HIGH_RATE = 100, 1000


@contextlib.contextmanager
def upstream(*arguments):
    with bench.running([sys.executable, HERE / "upstream.py", *arguments], stdout=subprocess.PIPE, text=True) as process:
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


def traffic(port):
    """The calls since the last time. The most in a second is by when the agent sent them, where that could be seen of
    each: what the upstream finds when it comes to them is that and its own delays."""
    seen = report(port)
    result = {"calls": seen["calls"], "most_met_in_a_second": seen["most_in_a_second"]}
    if seen.get("sent") == seen["calls"]:
        result["most_sent_in_a_second"] = seen["most_sent_in_a_second"]
    return result


def ask_all(unix, count):
    for i in range(count):
        status, _ = unix.request("GET", f"/v1/profiles/tenant-{i}/credentials")
        if status != 200:
            raise SystemExit(f"bench: tenant-{i}: {status}")


def is_ready(unix):
    return unix.request("GET", "/readyz")[0] == 200


def reload_seconds(process, unix):
    """From the signal to an answer that the loop gives after it."""
    begun = time.monotonic()
    process.send_signal(signal.SIGHUP)
    time.sleep(0.002)  # so that the signal is there first
    unix.request("GET", "/livez")
    return round(time.monotonic() - begun, 3)


def eager(build, folder, count, rate):
    with upstream() as port, agent(build / "keyfobd", folder, configuration(folder, count, port, rate, "eager")) as (
            process, unix, begun):
        bench.wait_for("all are ready", lambda: is_ready(unix), 60 + 2 * count / rate)
        ready = time.monotonic() - begun
        result = {"ready_s": round(ready, 2), **traffic(port), "resident_kb": bench.resident_kb(process.pid)}
        result["reload_s"] = reload_seconds(process, unix)
        result["resident_after_reload_kb"] = bench.resident_kb(process.pid)
        ask_all(unix, count)
        return {**result, "resident_all_asked_kb": bench.resident_kb(process.pid)}


def on_demand(build, folder, count, rate):
    with upstream() as port, agent(build / "keyfobd", folder, configuration(folder, count, port, rate, "on_demand")) as (
            process, unix, begun):
        ready = time.monotonic() - begun
        result = {"listening_s": round(ready, 3), "resident_kb": bench.resident_kb(process.pid),
                  "calls": report(port)["calls"]}
        begun = time.monotonic()
        status, _ = unix.request("GET", f"/v1/profiles/tenant-{count - 1}/credentials")
        if status != 200:
            raise SystemExit(f"bench: the first request of a tenant: {status}")
        return {**result, "first_request_s": round(time.monotonic() - begun, 4)}


def an_hour(build, folder, count, rate):
    """Renewals of an hour in its sixtieth part, all times those of the agent's clock."""
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
    """By calls a second, then by number of profiles."""
    rates = (HIGH_RATE,) if quick else (DEFAULT_RATE, HIGH_RATE)
    with tempfile.TemporaryDirectory(prefix="keyfob-tenants-") as temporary:
        folder = pathlib.Path(temporary)
        return {str(rate): at_rate(build, folder, rate, not quick and rate == DEFAULT_RATE) for rate in rates}


if __name__ == "__main__":
    print(json.dumps(measure(pathlib.Path(sys.argv[1]).resolve(), "--quick" in sys.argv), indent=2))
