# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of script/bench: ratios of runs side by side, instruction counts, sizes. Writes BUILD/bench.json.

Two floors make the ratios mean the same on every processor: a bare server (floor_server.c) and the bare cryptography of
a signature (bench_signer.c). A faster processor raises both, but not by the same factor."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPU = "0"
PINNED = ["taskset", "-c", CPU]


class Unix:
    """One HTTP request on a Unix socket, closed after it."""

    def __init__(self, path):
        self.path = str(path)

    def request(self, method, target, body=b""):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.path)
            head = f"{method} {target} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
            s.sendall(head.encode() + b"\r\n" + body)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body


def wait_for(what, check, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, AssertionError):
            if check():
                return
        time.sleep(0.01)
    raise SystemExit(f"bench: {what} did not happen in {seconds} s")


@contextlib.contextmanager
def running(argv, **options):
    process = subprocess.Popen([str(a) for a in argv], **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def connects(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(path))
    return True


@contextlib.contextmanager
def standin(folder):
    """The stand-in for AWS with TLS: yields its demo configuration, pointed at the TLS listener."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", "standin", "serve", "--dir", folder, "--port", "0", "--tls"]
    with running(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        ready = json.loads(process.stdout.readline())
        config = json.loads((folder / "config.json").read_text())
        for profile in config["profiles"].values():
            profile["endpoint_url"] = f"https://localhost:{ready['tls_port']}"
            profile["ca_bundle"] = str(folder / "tls-ca.pem")
        yield config


def load(build, path, request, milliseconds, connections=16):
    where = ["-t", str(path)] if isinstance(path, int) else ["-u", path]  # a port, or a socket
    run = subprocess.run([*PINNED, build / "loadgen", *where, "-r", request, "-s", str(milliseconds), "-c",
                          str(connections)], check=True, capture_output=True, text=True)
    result = json.loads(run.stdout)
    if result["errors"]:
        raise SystemExit(f"bench: {result['errors']} answers of {path} were no 200")
    return result


def request_file(folder, name, method, target, body=b"", headers=""):
    path = folder / f"{name}.request"
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1\r\nAccept: */*\r\n{headers}"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    path.write_bytes(head.encode() + b"\r\n" + body)
    return path


def sign_body():
    return json.dumps(
        {
            "method": "POST",
            "url": "https://bedrock-runtime.us-east-1.amazonaws.com"
            "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/invoke",
            "headers": {"content-type": "application/json"},
            "payload_sha256": "616eb59224eb795b641b4c541ad9ee8b939a1e8798f73b54fce66bb79ddbb992",
            "service": "bedrock",
            "region": "us-east-1",
        }
    ).encode()


def nginx_configuration(folder, document):
    """In a folder of its own: nginx gives it to the user that it serves as."""
    folder.mkdir()
    text = document.decode().strip().replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")
    path = folder / "nginx.conf"
    path.write_text(f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 100000000; geo $dollar {{ default "$"; }}
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{ listen unix:{folder}/nginx.sock; default_type application/json; location / {{ return 200 '{text}'; }} }} }}
""")
    return path


@contextlib.contextmanager
def floor_server(build, folder, name, document):
    """Answers every request with `document`; yields the socket."""
    path = folder / f"{name}.sock"
    (folder / name).write_bytes(document)
    with running([*PINNED, build / "floor_server", path, folder / name]):
        wait_for("the floor listens", lambda: connects(path))
        yield path


@contextlib.contextmanager
def tcp_floor_server(build, folder, document):
    """The same over TCP; yields the port."""
    (folder / "tcp-floor").write_bytes(document)
    argv = [*PINNED, build / "floor_server", "tcp", folder / "tcp-floor"]
    with running(argv, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())


def tcp_port(agent_socket):
    _, profiles = Unix(agent_socket).request("GET", "/v1/profiles")
    (address,) = [entry["tcp"] for entry in json.loads(profiles)["listeners"] if "tcp" in entry]
    return int(address.rpartition(":")[2])


def cryptographic_floor(build, milliseconds, token_bytes):
    run = subprocess.run([*PINNED, build / "bench_signer", str(milliseconds), str(token_bytes)], check=True,
                         capture_output=True, text=True)
    return json.loads(run.stdout)["floor_per_s"]


def combined(*rates):
    """The rate of doing all of them, one after the other, for each request."""
    return 1 / sum(1 / rate for rate in rates)


def median_ratio(above, below):
    return round(statistics.median(a / b for a, b in zip(above, below, strict=True)), 3)


def rates(build, folder, agent_socket, rounds, milliseconds):
    """Interleaved rounds of the agent, its floors and nginx on one processor. Each floor server reads the same requests
    as the agent and writes answers of the same size."""
    _, document = Unix(agent_socket).request("GET", "/v1/profiles/irsa/credentials")
    _, signature = Unix(agent_socket).request("POST", "/v1/profiles/irsa/sign", sign_body())
    token_bytes = len(json.loads(document)["SessionToken"])
    fetch = request_file(folder, "fetch", "GET", "/v1/profiles/irsa/credentials")
    sign = request_file(folder, "sign", "POST", "/v1/profiles/irsa/sign", sign_body())
    _, container_document = Unix(agent_socket).request("GET", "/v1/container/irsa")
    token = (folder / "token").read_text()
    container = request_file(folder, "container", "GET", "/", headers=f"Authorization: {token}\r\n")
    with contextlib.ExitStack() as stack:
        floor = stack.enter_context(floor_server(build, folder, "floor", document))
        sign_floor = stack.enter_context(floor_server(build, folder, "sign-floor", signature))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        stack.enter_context(running([*PINNED, nginx, "-p", folder / "nginx", "-c",
                                     nginx_configuration(folder / "nginx", document)],
                                    stderr=subprocess.DEVNULL))
        wait_for("nginx listens", lambda: connects(folder / "nginx/nginx.sock"))
        plan = {"floor": (floor, fetch), "credentials": (agent_socket, fetch), "nginx": (folder / "nginx/nginx.sock", fetch),
                "sign_floor": (sign_floor, sign), "sign": (agent_socket, sign),
                "tcp_floor": (stack.enter_context(tcp_floor_server(build, folder, container_document)), container),
                "container": (tcp_port(agent_socket), container)}
        for path, request in plan.values():
            load(build, path, request, 200)
        results = {name: [] for name in (*plan, "cryptographic_floor")}
        for _ in range(rounds):
            for name, (path, request) in plan.items():
                results[name].append(load(build, path, request, milliseconds)["rate"])
            results["cryptographic_floor"].append(cryptographic_floor(build, milliseconds // 4, token_bytes))
    results["sign_floors_combined"] = [
        combined(*both) for both in zip(results["sign_floor"], results["cryptographic_floor"], strict=True)]
    return {"rate_per_s": {name: round(statistics.median(v)) for name, v in results.items()},
            "credentials_to_floor": median_ratio(results["credentials"], results["floor"]),
            "credentials_to_nginx": median_ratio(results["credentials"], results["nginx"]),
            "container_to_tcp_floor": median_ratio(results["container"], results["tcp_floor"]),
            "sign_to_floors": median_ratio(results["sign"], results["sign_floors_combined"]),
            "rounds": rounds, "milliseconds": milliseconds, "document_bytes": len(document)}


@contextlib.contextmanager
def counted(out, *argv):
    """Runs `argv` under callgrind; afterwards counted_in(out) says how many instructions it ran."""
    argv = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *argv]
    with running(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield process
        process.wait(60)


def counted_in(out):
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M).group(1))


def instructions(build, folder):
    """Instructions by callgrind: of a request, as the difference of two runs of known length, and of the command."""
    config = folder / "static.json"
    config.write_text(json.dumps({"region": "us-east-1", "profiles": {"irsa": {
        "type": "static", "access_key_id": "ASIAEXAMPLEKEYID0001", "secret_access_key": "x" * 40,
        "session_token": "t" * 1000}}}))
    counts = {}
    for name, request in (("credentials", folder / "fetch.request"), ("sign", folder / "sign.request")):
        totals = []
        for requests in (1000, 3000):
            path = folder / f"callgrind-{name}-{requests}.sock"
            out = folder / f"callgrind-{name}-{requests}.out"
            with counted(out, build / "keyfobd", "--config", config, "--socket", path, "--log-level", "error") as agent:
                wait_for("the agent listens under callgrind", lambda p=path: connects(p), 60)
                wait_for("the profile is there",
                         lambda p=path: Unix(p).request("GET", "/v1/profiles/irsa/credentials")[0] == 200, 60)
                subprocess.run([build / "loadgen", "-u", path, "-r", request, "-n", str(requests), "-s", "120000"],
                               check=True, stdout=subprocess.DEVNULL)
                command = folder / "callgrind-command.out"
                with counted(command, build / "keyfob", "credential-process", "irsa", "--socket", path):
                    pass
                agent.terminate()
            totals.append(counted_in(out))
        counts[f"a request: {name}"] = round((totals[1] - totals[0]) / 2000)
    counts["keyfob credential-process"] = counted_in(command)
    return counts


def resident_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Rss:\s+(\d+) kB", text, re.M).group(1))


def listen(build, config, folder, runs):
    """From the start of the process to a socket that accepts."""
    path = folder / "start.sock"
    run = subprocess.run([*PINNED, build / "listen", str(runs), path, build / "keyfobd", "--config", config, "--socket",
                          path, "--log-level", "error"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def metric(text, name):
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)
    if not found:
        raise SystemExit(f"bench: no {name} in /metrics")
    return float(found.group(1))


def one_profile(config, name, path):
    """The configuration with one profile only, which has no source profile; also as a container endpoint over TCP."""
    container = {"tcp": "127.0.0.1:0", "api": ["container"], "profile": name,
                 "authorization_token_file": str(path.with_name("token"))}
    listeners = [{"unix": str(path)}, container]
    return {**config, "listeners": listeners, "profiles": {name: config["profiles"][name]}}


def processor():
    """The name of the processor, by the kernel or lscpu (which knows those of ARM)."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*: (.+)$", text, re.M)
    if not found:
        text = subprocess.run(["lscpu"], check=True, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
        found = re.search(r"^Model name: +(.+)$", text, re.M)
    return found.group(1).strip() if found else "unknown"


def measure(build, quick):
    result = {"processor": processor()}
    rounds, milliseconds = (3, 400) if quick else (9, 1000)
    with tempfile.TemporaryDirectory(prefix="keyfob-bench-") as temporary:
        folder = pathlib.Path(temporary)
        with standin(folder) as config:
            agent_socket = folder / "agent.sock"
            path = folder / "one.json"
            path.write_text(json.dumps(one_profile(config, "irsa", agent_socket)))
            with running([*PINNED, build / "keyfobd", "--config", path, "--log-level", "error"]) as agent:
                wait_for("the agent listens", lambda: connects(agent_socket))
                unix = Unix(agent_socket)
                wait_for("the profile is ready", lambda: unix.request("GET", "/readyz")[0] == 200)
                for _ in range(3):
                    status, body = unix.request("POST", "/v1/profiles/irsa/refresh")
                    if status != 200:
                        raise SystemExit(f"bench: refresh: {body.decode()}")
                result["resident_kb"] = resident_kb(agent.pid)
                stall = metric(unix.request("GET", "/metrics")[1].decode(), "keyfob_loop_stall_max_seconds")
                result["loop_stall_ms"] = round(stall * 1000, 3)
                result["http"] = rates(build, folder, agent_socket, rounds, milliseconds)
                runs = 200 if quick else 1000
                spawned = subprocess.run(
                    [*PINNED, build / "spawn", str(runs), build / "keyfob", "credential-process", "irsa", "--socket",
                     agent_socket, "--", build / "empty_musl"], check=True, capture_output=True, text=True)
                result["credential_process"] = json.loads(spawned.stdout)
                spawned = subprocess.run(
                    [*PINNED, build / "spawn", str(runs), build / "keyfob", "exec", "irsa", "--socket", agent_socket,
                     "--", build / "empty_musl", "--", build / "empty_musl"], check=True, capture_output=True, text=True)
                result["exec"] = json.loads(spawned.stdout)
            unix_only = folder / "unix.json"
            one = one_profile(config, "irsa", agent_socket)
            unix_only.write_text(json.dumps({**one, "listeners": one["listeners"][:1]}))
            result["listen"] = listen(build, unix_only, folder, 21 if quick else 101)
        signer = subprocess.run([build / "bench_signer"], check=True, capture_output=True, text=True)
        result["signer"] = json.loads(signer.stdout)
        result["instructions"] = instructions(build, folder)
    import greedy  # these import this module
    import tenants
    result["tenants"] = tenants.measure(build, quick)
    result["greedy"] = greedy.measure(build, quick)
    return result


def tenants_mb(tenants):
    eager = [rate["10000"]["eager"] for rate in tenants.values()]
    return round(max(value for e in eager for key, value in e.items() if key.startswith("resident")) / 1024, 2)


def calls_rows(tenants):
    """By when the agent sent them, if the upstream could see that."""
    for rate, by_count in tenants.items():
        eager = by_count["10000"]["eager"]
        most = eager.get("most_sent_in_a_second", eager["most_met_in_a_second"])
        yield f"calls of 10,000 tenants in a second, at {rate}", most, "<=", int(rate)


def greedy_rows(measured):
    import greedy
    yield from greedy.rows(measured)


def exec_ms(spawned):
    return round((spawned["a_us"] - spawned["b_us"]) / 1000, 2)


def rows(r):
    http = r["http"]
    return [
        ("keyfob credential-process : empty musl program", r["credential_process"]["ratio"], "<=", 1.8),
        ("keyfob exec adds to an empty program, ms", exec_ms(r["exec"]), "<=", 5),
        ("cached credential : server floor", http["credentials_to_floor"], ">=", 0.88),
        ("cached credential : nginx return 200", http["credentials_to_nginx"], ">", 1.0),
        ("cached credential over TCP : TCP server floor", http["container_to_tcp_floor"], ">=", 0.85),
        ("/sign with a given hash : both floors, one by one", http["sign_to_floors"], ">=", 0.75),
        ("signer : cryptographic floor", r["signer"]["ratio"], ">=", 0.85),
        ("resident after renewals, MB", round(r["resident_kb"] / 1024, 2), "<=", 13),
        ("exec to listening, ms", round(r["listen"]["median_us"] / 1000, 2), "<", 10),
        ("resident with 10,000 tenants, all asked for, MB", tenants_mb(r["tenants"]), "<", 64),
        *calls_rows(r["tenants"]),
        ("longest loop stall with renewals, ms", r["loop_stall_ms"], "<", 5),
        *greedy_rows(r["greedy"]),
    ]


def print_floors(result):
    """What the ratios are held against, as requests a second and the time of one."""
    print(f"processor: {result['processor']}")
    names = {"floor": "server floor, a credential", "tcp_floor": "TCP server floor, a credential", "sign_floor": "server floor, a request to sign",
             "cryptographic_floor": "cryptographic floor, a signature", "sign_floors_combined": "both floors, one by one"}
    for key, name in names.items():
        rate = result["http"]["rate_per_s"][key]
        print(f"{name:52} {rate:>9,} a second, {1e6 / rate:.2f} us each")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    result = measure(build, arguments.quick)
    holds = {"<=": lambda a, b: a <= b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, ">": lambda a, b: a > b}
    print_floors(result)
    print(f"{'what':52} {'measured':>9}  target")
    for name, value, relation, target in rows(result):
        print(f"{name:52} {value:>9}  {relation} {target}{'' if holds[relation](value, target) else '   MISSED'}")
    for name, count in result["instructions"].items():
        print(f"{'instructions, ' + name:52} {count:>9}")
    (build / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"written: {build / 'bench.json'}")


if __name__ == "__main__":
    main()
