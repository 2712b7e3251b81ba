// SPDX-License-Identifier: Apache-2.0
// The file with the token that SDKs send to a container credentials endpoint. They send all of it, and refuse line
// breaks. Blocking: for threads, and for the start.
#ifndef SIDECAR_IO_AUTHORIZATION_TOKEN_H
#define SIDECAR_IO_AUTHORIZATION_TOKEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "proto/mem/secret.h"
#include "sidecar/base/error.h"

struct authorization_token_file {
        const char *path;
        bool has_gid; // a new file has mode 0640 and this group; else mode 0600
        gid_t gid;
};

// Reads the token, without white space around it; first makes the file, with a random token, if it does not exist. It
// gets its name when it is whole, and never replaces another. *ret must be empty; the caller clears it. 0, or -1 and
// *e: ERROR_CONFIG for a file that is no token (empty, over 4 KiB, bytes that no header takes), or cannot be made.
MUST_CHECK int authorization_token_load(const struct authorization_token_file *file, struct secret *ret,
                                        struct error *e);

#endif
