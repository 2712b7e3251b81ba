// SPDX-License-Identifier: Apache-2.0
// A log file of bounded size: when it is full it becomes FILE.1, in place of the one before, and a new one begins.
#ifndef SIDECAR_BASE_LOG_FILE_H
#define SIDECAR_BASE_LOG_FILE_H

#include <stddef.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

#define LIMIT_LOG_FILE ((size_t)1024 * 1024) // of each of the two

struct log_file {
        const char *path; // borrowed
        int fd;           // the same number for each file
        size_t size;      // as far as this process knows
};

// Opens `path` for appending, or makes it with mode 0600. A symbolic link, or a file of another user, is refused. 0, or
// -1 with *e.
MUST_CHECK int log_file_open(const char *path, struct log_file *ret, struct error *e);

// To be called with the size of each line after it was written. Where the next file cannot be made, the old one is
// emptied, so that the bound holds.
void log_file_wrote(struct log_file *file, size_t size);

void log_file_close(struct log_file *file);

#endif
