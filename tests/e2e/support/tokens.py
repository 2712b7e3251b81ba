# SPDX-License-Identifier: Apache-2.0
"""Where private keys are that are not in files: a SoftHSM token, and a TPM 2.0 that is a program (swtpm)."""

import glob
import os
import signal
import socket
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from support import paths
from support.polling import until

SUPPRESSIONS = Path(__file__).parent / "lsan.suppressions"  # what the spy itself never frees


def library(name):
    """Where Debian has a module of PKCS#11, whatever the architecture."""
    found = glob.glob(f"/usr/lib/{name}") + glob.glob(f"/usr/lib/*/{name}")
    assert found, f"{name} is not installed"
    return found[0]


def run(*command, env):
    env = {**os.environ, **env}
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


class Token:
    """A token with the label `keyfob`. What it is asked passes a module that writes everything down."""

    pin = "736412059"

    def __init__(self, folder):
        self.folder, self.objects, self.spied = Path(folder), Path(folder) / "tokens", Path(folder) / "spied"
        self.objects.mkdir(parents=True)
        self.module, self._softhsm = library("pkcs11-spy.so"), library("softhsm/libsofthsm2.so")
        conf = self.folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.objects}\nobjectstore.backend = file\n")
        self.env = {
            "SOFTHSM2_CONF": str(conf),
            "PKCS11SPY": self._softhsm,
            "PKCS11SPY_OUTPUT": str(self.spied),
            "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0",
        }
        self._util("--init-token", "--free", "--label", "keyfob", "--pin", self.pin, "--so-pin", "99887766")
        self.pin_file = self.folder / "pin"
        self.pin_file.write_text(self.pin + "\n")

    def put(self, label, number, key, certificate):
        """The key, and its certificate under the same label; both are files with PEM."""
        identity = ("--label", label, "--id", f"{number:02x}", "--pin", self.pin)
        pkcs8, der = self.folder / "key.pem", self.folder / "certificate.der"
        run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-out", pkcs8, env={})
        self._util("--import", pkcs8, "--token", "keyfob", *identity)
        der.write_bytes(x509.load_pem_x509_certificate(Path(certificate).read_bytes()).public_bytes(Encoding.DER))
        self._tool(*identity, "--write-object", der, "--type", "cert")
        pkcs8.unlink()

    def remove(self, label, number):
        for kind in ("privkey", "pubkey", "cert"):
            identity = ("--label", label, "--id", f"{number:02x}", "--pin", self.pin)
            self._tool(*identity, "--delete-object", "--type", kind)

    def uri(self, label, **query):
        """`pin_source` and `module_path` as keywords."""
        rest = "&".join(f"{name.replace('_', '-')}={value}" for name, value in query.items())
        return f"pkcs11:token=keyfob;object={label}?{rest}"

    def logins(self):
        """How often the token was given a PIN."""
        return self.spied.read_text(errors="replace").count(": C_Login\n") if self.spied.exists() else 0

    def stalling(self):
        """(module, environment, file): a module whose C_Sign hangs while the file exists."""
        file = self.folder / "hang"
        env = {**self.env, "STALLING_TOKEN_MODULE": self._softhsm, "STALLING_TOKEN_FILE": str(file)}
        return paths.BUILD / "stalling_token.so", env, file

    def _tool(self, *arguments):
        run("pkcs11-tool", "--module", self._softhsm, "--token-label", "keyfob", "--login", *arguments, env=self.env)

    def _util(self, *arguments):
        run("softhsm2-util", *arguments, env=self.env)


class Tpm:
    """A TPM of its own on two loopback ports; end() when done. It serves one client at a time, as there is no resource
    manager before it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "state").mkdir(parents=True)
        self._port = _two_ports()
        tcti = f"swtpm:host=127.0.0.1,port={self._port}"
        self.env = {"TPM2OPENSSL_TCTI": tcti, "TPM2TOOLS_TCTI": tcti, "TSS2_LOG": "all+NONE"}
        self.start()

    def start(self):
        """Again, after end()."""
        server = f"type=tcp,bindaddr=127.0.0.1,port={self._port}"
        control = f"type=tcp,bindaddr=127.0.0.1,port={self._port + 1}"
        state = f"dir={self.folder / 'state'}"
        self._process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server, "--ctrl", control]
            + ["--flags", "not-need-init,startup-clear"]
        )
        until(lambda: self._process.poll() is None and _answers(self._port + 1), what="the TPM's socket")

    def put(self, key, handle, passphrase=None):
        """The EC key of a PEM file, under a handle that stays. Returns the file that has it sealed for this TPM."""
        auth = ("-p", passphrase) if passphrase else ()
        primary, public, private, loaded, sealed = (
            self.folder / n for n in ("primary", "public", "private", "loaded", "sealed.pem")
        )
        parent = f"0x{int(handle, 16) + 1:x}"  # a sealed key names its parent by a handle
        sealed_parts = ("-u", public, "-r", private)
        self._tool("tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", primary)
        self._tool("tpm2_evictcontrol", "-C", "o", "-c", primary, parent)
        self._tool("tpm2_flushcontext", "--transient-object")
        self._tool("tpm2_import", "-C", parent, "-G", "ecc", "-i", key, *sealed_parts, *auth)
        self._tool("tpm2_load", "-C", parent, *sealed_parts, "-c", loaded)
        self._tool("tpm2_evictcontrol", "-C", "o", "-c", loaded, handle)
        self._tool("tpm2_flushcontext", "--transient-object")
        no_auth = () if passphrase else ("-p",)  # against the tool's manual
        self._tool("tpm2_encodeobject", *no_auth, "-C", parent, *sealed_parts, "-o", sealed)
        self._tool("tpm2_flushcontext", "--transient-object")
        sealed.chmod(0o600)  # the tools write 0660
        return sealed

    def _tool(self, *arguments):
        run(*arguments, env=self.env)

    def hang(self):
        """It takes commands and answers none, until go_on()."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def end(self):
        self.go_on()
        self._process.terminate()
        self._process.wait(10)


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
