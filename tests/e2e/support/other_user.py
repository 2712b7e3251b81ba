# SPDX-License-Identifier: Apache-2.0
"""Another user, for tests that run as root and need a process that may not do everything."""

import os

OTHER_UID = 54321


def give_to_other_user(*paths):
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, OTHER_UID, OTHER_UID)


def become_other_user():
    """For preexec."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(OTHER_UID)
        os.setuid(OTHER_UID)
