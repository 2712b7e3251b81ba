# SPDX-License-Identifier: Apache-2.0
"""`python -m standin` with tests/ on PYTHONPATH, or `python tests/standin`."""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from standin.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
