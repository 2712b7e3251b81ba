# SPDX-License-Identifier: Apache-2.0
"""MFA devices: what each of them shows, and that a code is good for one call."""

import hmac
import threading


class Devices:
    def __init__(self):
        self._lock = threading.Lock()
        self._codes = {}

    def show(self, serial, code):
        """The device shows this code from now on."""
        with self._lock:
            self._codes[serial] = code
        return {}

    def take(self, serial, code):
        """Whether it is the device's code, which is then used up."""
        with self._lock:
            shown = self._codes.get(serial)
            if not shown or not code or not hmac.compare_digest(shown, code):
                return False
            del self._codes[serial]
            return True
