// SPDX-License-Identifier: Apache-2.0
// What became of a file that the agent keeps current: written by app, shown by server.
#ifndef SIDECAR_BASE_FILE_STATUS_H
#define SIDECAR_BASE_FILE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "sidecar/base/error.h"

struct file_status {
        const char *path, *format;
        bool is_current;   // it holds what the profile holds
        int64_t written_s; // by this host's clock; 0: not yet, or removed since
        uint64_t writes, failures;
        struct error error;             // since the last success; kind ERROR_NONE: none
        const struct file_status *next; // of the same profile; NULL: the last
};

#endif
