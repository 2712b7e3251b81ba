# SPDX-License-Identifier: Apache-2.0
"""Renews the projected token files as a kubelet does: each is replaced when 80 % of its life is over."""

import base64
import json
import threading
from pathlib import Path

from standin.files import write_atomically


class Kubelet:
    def __init__(self, service):
        self._service = service
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._pause = self._renew()
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(self._service.clock.real_seconds(self._pause)):
            self._pause = self._renew()

    def _renew(self):
        """Replaces what is due; returns the seconds until the next is."""
        now = self._service.clock.now()
        pause = 3600.0
        for entry in self._service.registry.token_files:
            path, lifetime = Path(entry["path"]), entry["lifetime"]
            due = _expiry(path) - 0.2 * lifetime
            if now >= due:
                document = {"sub": entry["subject"], "aud": entry["audience"], "lifetime": lifetime}
                write_atomically(path, self._service.mint(document))
                due = now + 0.8 * lifetime
            pause = min(pause, due - now)
        return max(pause, 1.0)


def _expiry(path):
    """When the token in the file ends; 0 for one that cannot be read."""
    try:
        body = path.read_text().split(".")[1]
        return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"]
    except (OSError, ValueError, LookupError):
        return 0
