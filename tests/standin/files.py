# SPDX-License-Identifier: Apache-2.0
"""Files that others read while we write them, or that nobody else may read."""

import os


def write_private(path, data):
    """For the owner's eyes only, from the first instant."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def write_atomically(path, text):
    """Readers see the old text or the new, whole."""
    temporary = path.with_name(f".{path.name}.new")
    write_private(temporary, text)
    temporary.rename(path)
