# SPDX-License-Identifier: Apache-2.0
"""How the agent comes and goes: its socket, signals, systemd's two protocols."""

import os
import signal
import socket
import stat
import threading

from support import paths, unix_http
from support.agent import END_SECONDS, environment
from support.polling import until
from support.profiles import config

CREDENTIALS = b"GET /v1/profiles/base/credentials HTTP/1.1\r\nHost: k\r\n\r\n"


def hammer(agent, stop, whole, torn):
    """Asks without pause; counts the answers that are whole, and those that broke off in the middle."""
    sock = unix_http.connect(agent.socket)
    file = sock.makefile("rb")
    try:
        while not stop.is_set():
            sock.sendall(CREDENTIALS)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = file.readline()
                if not line:
                    if head:
                        torn.append(head)
                    return
                head += line
            length = next(int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length"))
            if len(file.read(length)) != length:
                torn.append(head)
                return
            whole.append(head[:12])
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        sock.close()


def test_sigterm_under_load(start, standin, profiles):
    """Every answer that was begun is finished, and what waits is answered."""
    standin.fault("sts", "hang")
    agent = start(config(base=profiles.static(), irsa=profiles.irsa()))
    stop, whole, torn = threading.Event(), [], []
    threads = [threading.Thread(target=hammer, args=(agent, stop, whole, torn)) for _ in range(8)]
    waiting = agent.connection()
    waiting.request("GET", "/v1/profiles/irsa/credentials?wait=60")
    for thread in threads:
        thread.start()
    until(lambda: len(whole) > 500, what="load")
    agent.process.send_signal(signal.SIGTERM)
    reply = waiting.getresponse()
    assert reply.status == 503 and b"shutting_down" in reply.read()
    assert agent.process.wait(END_SECONDS) == 0
    for thread in threads:
        thread.join()
    stop.set()
    waiting.close()
    assert not torn and set(whole) == {b"HTTP/1.1 200"}
    assert not agent.socket.exists()


def test_sigterm_with_a_client_that_never_reads(start, profiles):
    """A client that stops half way cannot hold the agent."""
    agent = start(config(base=profiles.static()))
    sock = unix_http.connect(agent.socket)
    sock.setblocking(False)
    try:
        while True:
            sock.send(CREDENTIALS * 100)
    except BlockingIOError:
        pass
    half = unix_http.connect(agent.socket)
    half.sendall(b"GET /v1/profiles/ba")
    assert agent.call("GET", "/livez").status == 200
    agent.end()
    sock.close(), half.close()


def test_openssl_configured_without_its_default_provider(start, profiles, folder):
    """A common slip beside a provider for tokens."""
    conf = folder / "openssl.cnf"
    conf.write_text("openssl_conf = init\n[init]\nproviders = all\n[all]\nlegacy = other\n[other]\nactivate = 1\n")
    env = environment(folder, OPENSSL_CONF=str(conf))
    agent = start(config(base=profiles.static()), listening=False, env=env)
    assert agent.process.wait(END_SECONDS) == 1
    assert 'it must also activate the provider \\"default\\"' in agent.stderr()


def test_sigterm_while_fetching(start, standin, profiles):
    for target in ("sts", "rolesanywhere"):
        standin.fault(target, "hang")
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem(), tenant=profiles.assume("irsa")))
    until(lambda: len(standin.calls(fault="hang")) == 2, what="both calls")
    agent.end()


def test_sigint(start, profiles):
    agent = start(config(base=profiles.static()))
    agent.process.send_signal(signal.SIGINT)
    assert agent.process.wait(END_SECONDS) == 0 and not agent.socket.exists()


def test_sigterm_at_once(start, profiles):
    """Before it listens or just after: the end is clean either way."""
    agent = start(config(irsa=profiles.irsa()), listening=False)
    until(lambda: agent.socket.exists(), what="the socket")
    agent.end()


def test_stale_socket_is_replaced(start, profiles, folder):
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(folder / "k.sock"))
    stale.close()
    agent = start(config(base=profiles.static()))
    assert agent.credentials("base")


def test_agent_that_was_killed_is_replaced(start, profiles):
    first = start(config(base=profiles.static()))
    first.process.kill()
    first.process.wait()
    assert first.socket.exists()
    second = start(config(base=profiles.static()))
    assert second.credentials("base")


def test_rejects_a_second_agent(start, profiles, folder):
    first = start(config(base=profiles.static()))
    second = start(config(base=profiles.static()), listening=False, name="second", socket=first.socket)
    assert second.process.wait(10) in (1, 78)
    assert "another agent" in second.stderr() and str(first.socket) in second.stderr()
    assert first.credentials("base")


def test_other_files_are_never_replaced(start, profiles, folder):
    (folder / "k.sock").write_text("precious")
    agent = start(config(base=profiles.static()), listening=False)
    assert agent.process.wait(10) in (1, 78)
    assert (folder / "k.sock").read_text() == "precious"
    assert str(folder / "k.sock") in agent.stderr()
    (folder / "k.sock").unlink()


def test_socket_mode_group_and_folder(start, profiles, folder):
    """As configured; a folder that is missing is made for this user alone."""
    path = folder / "made" / "k.sock"
    listener = {"unix": str(path), "mode": "0660", "group": str(os.getgid())}
    agent = start({**config(base=profiles.static()), "listeners": [listener]}, socket=path)
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode) and mode & 0o777 == 0o660 and path.stat().st_gid == os.getgid()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(path.parent)) == ["k.sock"]
    agent.end()


def test_several_listeners(start, profiles, folder):
    paths_ = [folder / "k.sock", folder / "second.sock"]
    agent = start({**config(base=profiles.static()), "listeners": [{"unix": str(p)} for p in paths_]})
    for path in paths_:
        assert unix_http.call(path, "GET", "/v1/profiles/base/credentials").status == 200
    agent.end()
    assert not paths_[1].exists()


def test_socket_option_and_relative_paths(start, profiles, folder):
    (folder / "config.json").write_text('{"profiles": {"base": ' + str(profiles.static()).replace("'", '"') + "}}")
    agent = start(None, arguments=["--config", folder / "config.json", "--socket", folder / "k.sock"])
    assert agent.credentials("base")


def test_leaves_the_socket_of_another_agent(start, profiles, folder):
    """What took the name meanwhile is not ours to remove."""
    agent = start(config(base=profiles.static()))
    agent.socket.unlink()
    agent.socket.write_text("new owner")
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(END_SECONDS) == 0
    assert agent.socket.read_text() == "new owner"
    agent.socket.unlink()


def test_systemd_activation(start, profiles, folder):
    """The socket comes from outside, already with clients in its queue, and stays when the agent ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "k.sock"))
    listener.listen(16)
    early = unix_http.UnixConnection(folder / "k.sock")
    early.request("GET", "/v1/profiles/base/credentials")

    activate = folder / "activate"
    activate.write_text(f'#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS=1 exec {paths.KEYFOBD} "$@"\n')
    activate.chmod(0o700)
    agent = start(
        config(base=profiles.static()),
        listening=False,
        binary=activate,
        preexec=lambda: os.dup2(listener.fileno(), 3),
        pass_fds=(3,),
    )
    assert early.getresponse().status == 200
    early.close()
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(END_SECONDS) == 0
    assert agent.socket.exists(), "systemd's socket is systemd's"
    listener.close()


def test_sd_notify(start, profiles, folder):
    """READY=1 once the socket answers, RELOADING and READY around a reload, STOPPING=1 at the end."""
    service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    service.bind(str(folder / "notify.sock"))
    service.settimeout(10)
    env = environment(folder, NOTIFY_SOCKET=str(folder / "notify.sock"))
    agent = start(config(base=profiles.static()), listening=False, env=env)
    assert b"READY=1" in service.recv(4096)
    assert agent.call("GET", "/livez").status == 200
    agent.process.send_signal(signal.SIGHUP)
    assert b"RELOADING=1" in service.recv(4096) and b"READY=1" in service.recv(4096)
    agent.end()
    assert b"STOPPING=1" in service.recv(4096)
    service.close()


def test_many_connections(start, profiles):
    """Hundreds of idle clients do not delay the others; those beyond the cap get an error."""
    agent = start(config(base=profiles.static()))
    idle = [unix_http.connect(agent.socket) for _ in range(600)]
    assert agent.credentials("base")
    for sock in idle:
        sock.close()
    assert agent.credentials("base")
