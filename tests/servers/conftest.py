# SPDX-License-Identifier: Apache-2.0
"""The helpers of the end-to-end tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
