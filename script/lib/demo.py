# SPDX-License-Identifier: Apache-2.0
"""What script/run starts: the agent and, without a configuration, the stand-in for AWS beside it.

Everything lives in one temporary folder and ends with this program, however that ends.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from urllib.parse import quote

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KEYFOB_BUILD", ROOT / "build")).resolve()  # the tests have others


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


class Failed(Exception):
    pass


class Agent(http.client.HTTPConnection):
    """The agent's API on its Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def get(self, target):
        self.request("GET", target)
        answer = self.getresponse()
        document = json.loads(answer.read())
        if answer.status != 200:
            raise Failed(f"{target}: {document.get('detail')} ({document.get('hint')})")
        return document


@contextlib.contextmanager
def running(name, argv, **options):
    # In a session of its own: Ctrl-C reaches this program alone, which then ends the others in order.
    process = subprocess.Popen([str(a) for a in argv], start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            say(f"{name} did not stop in 5 s, killing it")
            process.kill()
            process.wait()


@contextlib.contextmanager
def standin(folder):
    """AWS on the loopback interface. Writes config.json into `folder`; yields its path and the stand-in's URL."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", "standin", "serve", "--dir", folder, "--port", "0"]
    with running("the stand-in", argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        if not line:
            raise Failed("the stand-in for AWS did not start")
        url = f"http://127.0.0.1:{json.loads(line)['port']}"
        say(f"the stand-in for AWS listens on {url}")
        yield folder / "config.json", url


def wait_until_ready(agent, path):
    waiting = subprocess.run([str(BUILD / "keyfob"), "wait", "--timeout", "30s", "--socket", str(path)], check=False,
                             capture_output=True, text=True)
    if agent.poll() is not None:
        raise Failed(f"keyfobd exited with status {agent.returncode}")
    if waiting.returncode != 0:
        raise Failed(f"not ready: {waiting.stderr.strip()}")


def masked(key, value):
    """Both ends of an access key ID, and only the length of a secret."""
    if key == "AccessKeyId":
        return f"{value[:4]}…{value[-4:]}"
    return f"({len(value)} characters)" if key in ("SecretAccessKey", "SessionToken") else value


def fetch_all(path):
    agent = Agent(path)
    for profile in agent.get("/v1/profiles")["profiles"]:
        credentials = agent.get(f"/v1/profiles/{quote(profile['name'])}/credentials")
        print(f"{profile['name']} ({profile['type']})")
        for key, value in credentials.items():
            print(f"  {key:16} {masked(key, value)}")
    agent.close()


def print_commands(path, url, profiles):
    name = "tenant-a" if "tenant-a" in profiles else profiles[0]
    build = shlex.quote(str(BUILD))
    print(f"""
Ready. In another shell:

  export PATH={build}:"$PATH" KEYFOB_SOCKET={shlex.quote(str(path))}
  export AWS_ENDPOINT_URL={url}    # aws and the AWS SDKs call the stand-in

  keyfob status
  curl --unix-socket "$KEYFOB_SOCKET" http://keyfob/v1/profiles/{name}/credentials
  keyfob sign POST https://bedrock-runtime.us-east-1.amazonaws.com/model/demo-v1%3A0/converse \\
      --profile {name} -H 'content-type: application/json' -d '{{"messages": []}}'

The commands of README.md under "Use it" work there, too. Ctrl-C here stops everything.""", flush=True)


def serve(config, url, socket_path, check, options):
    argv = [BUILD / "keyfobd", *(["--config", config] if config else []), "--socket", socket_path, *options]
    with running("keyfobd", argv) as agent:
        wait_until_ready(agent, socket_path)
        if check:
            fetch_all(socket_path)
            return
        api = Agent(socket_path)
        print_commands(socket_path, url, [p["name"] for p in api.get("/v1/profiles")["profiles"]])
        api.close()
        agent.wait()
        raise Failed(f"keyfobd exited with status {agent.returncode}")


def on_signal(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--check-own", action="store_true", help="check with your own configuration")
    parser.add_argument("options", nargs="*", help="for keyfobd")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        with tempfile.TemporaryDirectory(prefix="keyfob-") as temporary:
            folder = pathlib.Path(temporary)
            socket_path = folder / "keyfob.sock"
            if arguments.check_own:
                serve(None, None, socket_path, True, arguments.options)
            else:
                say("no configuration: starting a demo with a local stand-in for AWS")
                with standin(folder / "demo") as (config, url):
                    serve(config, url, socket_path, arguments.check, arguments.options)
    except KeyboardInterrupt:
        say("stopping")
    except Failed as failure:
        say(str(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
