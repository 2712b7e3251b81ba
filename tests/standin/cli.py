# SPDX-License-Identifier: Apache-2.0
"""Command line: `serve` (the default) and `setup`."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from standin import demo
from standin.clock import Clock
from standin.kubelet import Kubelet
from standin.registry import Registry
from standin.server import Listener, Service, tls_context


def parser():
    top = argparse.ArgumentParser(prog="standin", description=__import__("standin").__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until SIGTERM or SIGINT; prints one line of JSON when ready")
    serve.add_argument("--dir", type=Path, help="what setup wrote; made if it is missing, temporary if not given")
    serve.add_argument("--port", type=int, help="0: any free one; default: the one that setup was told, else 0")
    serve.add_argument("--tls", action="store_true", help="a second listener with TLS; its CA is in DIR/tls-ca.pem")
    serve.add_argument("--tls-port", type=int, default=0)
    serve.add_argument(
        "--listen", type=_address, action="append", default=[], metavar="ADDRESS:PORT", help="plain HTTP there as well"
    )
    setup = commands.add_parser("setup", help="write a demo directory: registry, certificates, token, config.json")
    setup.add_argument("dir", type=Path)
    setup.add_argument("--port", type=int, required=True, help="where the stand-in will listen")
    for command in (serve, setup):
        command.add_argument("--clock-offset", type=float, default=0.0, metavar="SECONDS")
        command.add_argument("--speed", type=float, default=1.0, metavar="N", help="seconds of its clock in a real one")
        command.add_argument("--epoch", type=float, metavar="UNIX", help="when its clock equals the real one; now")
    return top


def main(arguments):
    if not arguments or arguments[0].startswith("--") and arguments[0] != "--help":
        arguments = ["serve", *arguments]
    options = parser().parse_args(arguments)
    clock = Clock.started(options.clock_offset, options.speed, options.epoch)
    if options.command == "setup":
        demo.write(options.dir.resolve(), options.port, clock)
        return 0
    return serve(options, clock)


def serve(options, clock):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    directory = (options.dir or Path(tempfile.mkdtemp(prefix="standin-"))).resolve()
    try:
        plain = Listener(_port(options.port, directory / "standin.json"), None)
        if not (directory / "standin.json").exists():
            demo.write(directory, plain.port, clock)
        service = Service(Registry.load(directory / "standin.json"), clock)
        listeners = [plain]
        if options.tls:
            context = tls_context(directory / "tls-server.pem", directory / "tls-server-key.pem")
            listeners.append(Listener(options.tls_port, service, context))
        listeners += [Listener(port, service, address=address) for address, port in options.listen]
        kubelet = Kubelet(service)
        kubelet.start()
        for listener in listeners:
            listener.service = service
            listener.start()
        ready = {"port": plain.port, "tls_port": listeners[1].port if options.tls else None, "dir": str(directory)}
        print(json.dumps(ready), flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        service.faults.clear()
        for listener in listeners:
            listener.shutdown()
            listener.server_close()
        kubelet.stop()
        return 0
    except OSError as error:
        print(f"standin: {error}", file=sys.stderr)
        return 1
    finally:
        if options.dir is None:
            shutil.rmtree(directory, ignore_errors=True)


def _address(text):
    """169.254.169.254:80, [fd00:ec2::254]:80"""
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def _port(wanted, registry):
    if wanted is None and registry.exists():
        return json.loads(registry.read_text())["port"]
    return wanted or 0
