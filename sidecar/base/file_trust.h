// SPDX-License-Identifier: Apache-2.0
// Whether another user could have written a file, or could replace it: what sshd asks of authorized_keys.
#ifndef SIDECAR_BASE_FILE_TRUST_H
#define SIDECAR_BASE_FILE_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

enum { FILE_TRUST_PATH_SIZE = 4096 };

// Directories (absolute) that the operator vouches for: nothing in or below them is judged.
struct file_trust {
        const char *const *directories;
        size_t count;
};

// Judges the file `path` (absolute) and all that leads to it, links included: each must belong to root or to the user
// that this process runs as, and nobody else may write it. Of directories in which users may only remove their own
// files (the sticky bit), as /tmp, the latter is not asked, nor of what is mounted read-only, nor of a group that has
// no member but the owner, unless that is root. Devices and pipes pass: the reader of the file refuses them or takes
// them as empty. What does not exist yet, or lies in a directory that may not be searched, passes, too, and is judged
// when the file is opened. 0, or -1 with *e (ERROR_CONFIG), where `what` names the file. `trust` NULL: 0.
MUST_CHECK int file_trust_check(const struct file_trust *trust, const char *path, const char *what, struct error *e);

// Whether every user may read the file, and it is in none of the directories.
bool file_trust_is_open(const struct file_trust *trust, const char *path);

// Whether `path` is in or below the directory, with links followed in both. What does not exist yet counts as a name.
bool file_trust_is_below(const char *path, const char *directory);

#endif
