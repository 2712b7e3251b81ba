// SPDX-License-Identifier: Apache-2.0
// What stat(2) says of a path. While it is equal, the file was neither replaced nor rewritten.
#ifndef SIDECAR_BASE_FILE_METADATA_H
#define SIDECAR_BASE_FILE_METADATA_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct file_metadata {
        bool is_there; // false: all else is zero
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
};

// Follows links. NULL, and a path that stat(2) fails for, is not there. May block on a slow mount.
struct file_metadata file_metadata(const char *path);

bool file_metadata_equal(const struct file_metadata *a, const struct file_metadata *b);

#endif
