# SPDX-License-Identifier: Apache-2.0
"""TCP listeners: where they are, that they end with the agent, socket activation, health and nothing else on them."""

import json
import os
import re
import socket
import subprocess

import pytest
from support import paths, tcp_http
from support.agent import environment


def with_listeners(agent_folder, *more):
    return [{"unix": str(agent_folder / "k.sock")}, *more]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_port_0_is_reported(start, folder, profiles, host):
    more = {"tcp": f"{host}:0", "api": ["health"]}
    agent = start({"listeners": with_listeners(folder, more), "profiles": {"base": profiles.static()}})
    (at,) = tcp_http.listeners(agent, "health")
    assert re.fullmatch(re.escape(host) + r":[1-9]\d*", at)
    assert any(at in line for line in agent.events("listening"))
    shown = subprocess.run(
        [paths.KEYFOB, "status", "--json", "--socket", agent.socket], capture_output=True, text=True, check=True
    )
    assert {"tcp": at, "api": ["health"]} in json.loads(shown.stdout)["listeners"]
    assert tcp_http.call(at, "GET", "/livez").status == 200
    assert tcp_http.call(at, "GET", "/readyz").status in (200, 503)
    assert b"keyfob_build_info" in tcp_http.call(at, "GET", "/metrics").body
    assert tcp_http.call(at, "GET", "/livez", {"Host": "evil.example"}).status == 421
    for target in ("/", "/version", "/v1/profiles", "/v1/profiles/base", "/v1/profiles/base/credentials"):
        assert tcp_http.call(at, "GET", target).status == 404
    agent.end()
    assert not tcp_http.connects(at)


def test_a_port_that_is_taken_is_named(start, folder, profiles):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        more = {"tcp": at, "api": ["health"]}
        config = {"listeners": with_listeners(folder, more), "profiles": {"base": profiles.static()}}
        agent = start(config, listening=False)
        assert agent.process.wait(30) == 78
        assert f"listen on {at}" in agent.stderr()
    assert not agent.socket.exists()


def test_systemd_activation(standin, folder, profiles):
    """The descriptor from the service manager is the listener, whatever its address in the configuration."""
    config = {
        "listeners": with_listeners(folder, {"tcp": "127.0.0.1:1", "api": ["health"]}),
        "profiles": {"base": profiles.static()},
    }
    (folder / "config.json").write_text(json.dumps(config))
    with socket.create_server(("127.0.0.1", 0)) as given:
        at = f"127.0.0.1:{given.getsockname()[1]}"
        high = os.dup(given.fileno())
        command = f'exec 3<&{high} {high}<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
        process = subprocess.Popen(
            ["bash", "-c", command, "sh", paths.KEYFOBD, "--config", folder / "config.json"],
            env=environment(folder),
            pass_fds=(high,),
            stderr=subprocess.DEVNULL,
        )
        os.close(high)
        try:
            assert tcp_http.call(at, "GET", "/livez").status == 200
        finally:
            process.terminate()
            assert process.wait(30) == 0
