# SPDX-License-Identifier: Apache-2.0
"""The stand-in as a process, and its control endpoints as methods."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from support import paths


class StandIn:
    """`prefix` is a command that becomes the one that follows it."""

    def __init__(self, *arguments, prefix=()):
        self.dir = Path(tempfile.mkdtemp(prefix="standin-"))
        command = [sys.executable, str(paths.TESTS / "standin"), "serve", "--dir", str(self.dir), "--port", "0"]
        self._process = subprocess.Popen([*prefix, *command, *arguments], stdout=subprocess.PIPE)
        ready = json.loads(self._process.stdout.readline())
        self.port, self.tls_port = ready["port"], ready["tls_port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://127.0.0.1:{self.tls_port}"
        self.registry = json.loads((self.dir / "standin.json").read_text())
        self.user = self.registry["users"][0]

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(10)
        self._process.stdout.close()
        shutil.rmtree(self.dir)
        assert status == 0

    def certificate(self, name):
        return str(self.dir / "certificates" / name)

    def control(self, method, name, document=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, f"/_standin/{name}", body=json.dumps(document) if document is not None else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
            assert response.status == 200, answer
            return answer
        finally:
            connection.close()

    def fault(self, target, kind, **more):
        return self.control("POST", "faults", {"target": target, "kind": kind, **more})["id"]

    def clear_faults(self):
        self.control("DELETE", "faults")

    def reset(self):
        self.control("POST", "reset")

    def now(self):
        return self.control("GET", "time")["now"]

    def calls(self, **match):
        """The calls since the last reset whose record has these values."""
        return [c for c in self.control("GET", "log") if all(c.get(k) == v for k, v in match.items())]

    def issued(self):
        return self.control("GET", "issued")

    def token(self, **document):
        document.setdefault("sub", self.registry["token_files"][0]["subject"])
        return self.control("POST", "tokens", document).get("token")

    def secrets(self):
        """Every string that must not show up anywhere: secrets and tokens issued, keys, the web identity token."""
        found = {self.user["secret_access_key"], (self.dir / "token.jwt").read_text()}
        found.add((self.dir / "certificates" / "passphrase.txt").read_text().strip())
        for key in self.issued():
            found |= {key["secret_access_key"], key["session_token"]}
        # Keys in secrets; what is short or a name in them is none.
        found |= {v for v in self.control("GET", "secrets") if isinstance(v, str) and len(v) >= 32}
        found |= {self.control("GET", "github")["token"], *self.control("GET", "github/tokens")}
        return found.union(*(self.control("GET", name)["secrets"] for name in ("sso", "signin")))
