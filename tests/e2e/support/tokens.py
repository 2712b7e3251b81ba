# SPDX-License-Identifier: Apache-2.0
"""Where private keys are that are not in files: a SoftHSM token, and a TPM 2.0 that is a program (swtpm)."""

import os
import socket
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.polling import until

MODULE = next(
    (p for p in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so")) if p.exists()),
    Path("/usr/lib/softhsm/libsofthsm2.so"),
)


def run(*command, env):
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Token:
    """A token with the label `keyfob`."""

    pin = "736412"

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "tokens").mkdir(parents=True)
        conf = self.folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.folder / 'tokens'}\nobjectstore.backend = file\n")
        self.env = {"SOFTHSM2_CONF": str(conf)}
        self._util("--init-token", "--free", "--label", "keyfob", "--pin", self.pin, "--so-pin", "99887766")
        self.pin_file = self.folder / "pin"
        self.pin_file.write_text(self.pin + "\n")

    def _util(self, *arguments):
        return run("softhsm2-util", *arguments, env={**os.environ, **self.env})

    def put(self, label, number, key):
        file = self.folder / "key.pem"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._util("--import", file, "--token", "keyfob", "--label", label, "--id", f"{number:02x}", "--pin", self.pin)
        file.unlink()


class Tpm:
    """A TPM of its own on two loopback ports; end() when done."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "state").mkdir(parents=True)
        port = _two_ports()
        server = f"type=tcp,bindaddr=127.0.0.1,port={port}"
        control = f"type=tcp,bindaddr=127.0.0.1,port={port + 1}"
        state = f"dir={self.folder / 'state'}"
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server, "--ctrl", control]
            + ["--flags", "not-need-init,startup-clear"]
        )
        until(lambda: self.process.poll() is None and _answers(port + 1), what="the TPM's socket")
        tcti = f"swtpm:host=127.0.0.1,port={port}"
        self.env = {"TPM2OPENSSL_TCTI": tcti, "TPM2TOOLS_TCTI": tcti, "TSS2_LOG": "all+NONE"}
        self._env = {**os.environ, **self.env}

    def openssl(self, *arguments):
        return run("openssl", arguments[0], "-provider", "tpm2", "-provider", "default", *arguments[1:], env=self._env)

    def tool(self, *arguments):
        return run(*arguments, env=self._env)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _two_ports():
    """A free port with a free one after it."""
    while True:
        with socket.socket() as a, socket.socket() as b:
            a.bind(("127.0.0.1", 0))
            port = a.getsockname()[1]
            try:
                b.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
