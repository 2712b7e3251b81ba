# SPDX-License-Identifier: Apache-2.0
"""Where things are."""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
REPOSITORY = TESTS.parent
BUILD = Path(os.environ.get("KEYFOB_BUILD", REPOSITORY / "build-asan"))
RELEASE = Path(os.environ.get("KEYFOB_RELEASE", REPOSITORY / "build"))
KEYFOBD = BUILD / "keyfobd"
KEYFOB = BUILD / "keyfob"

sys.path.insert(0, str(TESTS))  # for `import standin`
