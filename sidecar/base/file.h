// SPDX-License-Identifier: Apache-2.0
// Reading small files whole, with a cap and an error that says what is wrong with which path.
#ifndef SIDECAR_BASE_FILE_H
#define SIDECAR_BASE_FILE_H

#include <stdbool.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

// Reads the regular file `path` into *ret (which the caller has initialised with its limit and frees; it may hold
// secrets). A missing file, a directory, a file over the limit, an unreadable one: -1 and *e with kind ERROR_CONFIG,
// `what` ("web identity token file") named in the message, and a hint (permissions: the running uid and the file's
// owner and mode).
MUST_CHECK int file_read(const char *path, const char *what, struct buffer *ret, struct error *e);

// The same, without white space at both ends; an empty rest is an error.
MUST_CHECK int file_read_trimmed(const char *path, const char *what, struct buffer *ret, struct error *e);

// Whether `path` is a device that has nothing to read, such as /dev/null, which people name for "no file". Never waits.
bool file_is_empty_device(const char *path);

#endif
