// SPDX-License-Identifier: Apache-2.0
// Files in the folders that the AWS CLI and the SDKs share for tokens: whole files in and out, and who renews what is
// in one.
#ifndef SIDECAR_PROVIDERS_CACHE_FILE_H
#define SIDECAR_PROVIDERS_CACHE_FILE_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

// "<directory>/<name>.json". 0 and *ret, which the caller frees; or -1 with *e: out of memory.
MUST_CHECK int cache_file_path(const char *directory, const char *name, char **ret, struct error *e);

// Reads the whole file; `what` names it in messages. 0, with *ret empty when there is no file; -1 with *e: it cannot be
// read.
MUST_CHECK int cache_file_read(const char *path, const char *what, struct buffer *ret, struct error *e);

// Writes the file in one step (a temporary file, then a rename), mode 0600, and creates the folders on its path. 0, or
// -1 with *e.
MUST_CHECK int cache_file_write(const char *path, const char *what, struct slice bytes, struct error *e);

// Makes the caller the only provider and process that renews what is in the file. A descriptor, which the caller closes
// to unlock; -EWOULDBLOCK: another one renews it; another -errno: the file cannot be locked.
MUST_CHECK int cache_file_lock(const char *path);

#endif
