// SPDX-License-Identifier: Apache-2.0
// Files in the folders that the AWS CLI and the SDKs share for tokens: whole files in and out, and who renews what is
// in one.
#ifndef SIDECAR_PROVIDERS_CACHE_FILE_H
#define SIDECAR_PROVIDERS_CACHE_FILE_H

#include "proto/mem/buffer.h"
#include "sidecar/base/error.h"

// "<directory>/<name>.json". 0 and *ret, which the caller frees; or -1 with *e: out of memory.
int cache_file_path(const char *directory, const char *name, char **ret, struct error *e);

// The file, whole; `what` names it in messages. 0 with an empty *ret when there is none; -1 with *e: it cannot be read.
int cache_file_read(const char *path, const char *what, struct buffer *ret, struct error *e);

// Writes it in one step (a file beside it, then a rename), mode 0600; makes the folder where there is none. 0, or -1
// with *e.
int cache_file_write(const char *path, const char *what, struct slice bytes, struct error *e);

// Makes this the only one of the agents' providers and processes that renews what is in that file. A descriptor, to be
// closed when that is over; or -EWOULDBLOCK: somebody else does it; or another -errno: it cannot be arranged.
int cache_file_lock(const char *path);

#endif
