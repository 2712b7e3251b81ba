# SPDX-License-Identifier: Apache-2.0
"""Where things are."""

import os
import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
REPOSITORY = TESTS.parent
BUILD = Path(os.environ.get("KEYFOB_BUILD", REPOSITORY / "build-asan"))
RELEASE = Path(os.environ.get("KEYFOB_RELEASE", REPOSITORY / "build"))
KEYFOBD = BUILD / "keyfobd"
KEYFOB = BUILD / "keyfob"

sys.path.insert(0, str(TESTS))  # for `import standin`


def copy_for_others(binary, folder):
    """A copy of a program in a test's folder: other users may not reach the build folder."""
    return shutil.copy(binary, folder / f"{binary.name}-copy")
