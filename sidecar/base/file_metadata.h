// SPDX-License-Identifier: Apache-2.0
// What stands behind a path, without reading it: as long as two looks are equal, the file was neither replaced nor
// rewritten between them, and is as much there as it was.
#ifndef SIDECAR_BASE_FILE_METADATA_H
#define SIDECAR_BASE_FILE_METADATA_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct file_metadata {
        bool is_there; // all else is zero when it is not
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
};

// Follows links. NULL, and what cannot be looked at, is not there. May block on a slow mount.
struct file_metadata file_metadata(const char *path);

bool file_metadata_equal(const struct file_metadata *a, const struct file_metadata *b);

#endif
